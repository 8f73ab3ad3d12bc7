"""The one error that a user meets: what is wrong, where, and what to do about it."""

from __future__ import annotations

import unicodedata

# what turns the direction of the text after it, joins it to other lines, or marks a stream: not what a name needs
_TRICKY = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufff9\ufffa\ufffb")
_ESCAPED = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, halves of a character, line breaks


def printable(text: str, keep: str = "") -> str:
    """Return a text as one line that a terminal shows and does not obey: \\x1b for an escape, \\u202e, \\n.

    Letters of every script, emoji and spaces stay, and so does what `keep` holds.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if _obeyed(c) and c not in keep else c for c in text)


def _obeyed(character: str) -> bool:
    return character in _TRICKY or unicodedata.category(character) in _ESCAPED


def _escape(character: str) -> str:
    return ascii(character)[1:-1]


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
        lines = [printable(self.what)]
        if self.where:
            lines.append(f"  where: {printable(self.where)}")
        if self.remedy:
            lines.append(f"  to do: {printable(self.remedy)}")
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


FREE_SOME = "free some memory, or try --workers 1 (workers=1); the same call again then goes on"
_SHORT = ("bad_alloc", "bad allocation", "allocate memory", "out of memory", "failed to map segment")


def is_short_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that there is not enough memory: of libraries many have no class for that."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SHORT)
