"""The one error that a user meets: what is wrong, where, and what to do about it."""

from __future__ import annotations


class FigureGroundError(Exception):
    """A problem that the user can mend.  The command line prints its three lines and no traceback.

    Attributes are plain one-line texts: `what` is wrong, `where` (a file, a recipe key, a folder; may be empty) and
    `remedy`, the next thing to try.
    """

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.remedy:
            lines.append(f"  to do: {self.remedy}")
        return "\n".join(lines)


class NoDepthError(FigureGroundError):
    """What a depth network gave for one picture is no depth: NaN, constant, without any value, or of a wrong shape.

    It is that picture's affair alone, unless it happens to too many.  `what` names no place of this machine.
    """


class SetAsideError(Exception):
    """A photo that cannot be used.  Carries the reason that goes into the catalog; the run goes on without it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def without_paths(error: BaseException) -> str:
    """Return what went wrong without naming places of this machine, which would end up in the dataset."""
    return getattr(error, "strerror", None) or type(error).__name__
