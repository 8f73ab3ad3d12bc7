"""Which photos the user leaves out: by a source's `exclude`, or by a mark in the recipe's review.csv.

A pattern without a slash is a file's name; one with a slash is a path from the source's folder, or as `check` shows it,
and leaves out whole folders too.  `*` and `?` stand for anything but a slash, `**` for any number of folders; a name
that holds such signs is also itself.  Case counts as it is written.
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256
from figureground.core.nouns import SetAside
from figureground.ingest.review import Review, plain

LEFT_OUT = "left out by"  # how every reason given here begins
_NAMED = 5  # photos, in a line that says of how many something holds


class Vetoes:
    """What a job leaves out, asked photo by photo; it remembers what it left out, and what it was never asked about."""

    def __init__(self, review: Review | None) -> None:
        self.left_out: list[SetAside] = []
        self._warnings: list[SetAside] = []
        self._review = review
        self._new: dict[str, list[str]] = {}
        self._reviewed: set[tuple[str, str]] = set()
        self._met: set[tuple[str, str]] = set()  # patterns that a photo fits, with the kind
        self._names: dict[str, set[str]] = {}

    def leaves_out(self, kind: str, patterns: Sequence[str], path: Path, shown: str, inside: Iterable[str]) -> bool:
        """Tell whether a photo is left out.  `shown`: its name for people; `inside`: its paths from the folders of its
        source."""
        names = {plain(name) for name in (shown, *inside)}
        self._names.setdefault(kind, set()).update(names)
        fitting = [pattern for pattern in patterns if any(fits(pattern, name) for name in names)]
        self._met.update((kind, pattern) for pattern in fitting)
        if self._review is not None and self._review.of(kind, shown):
            self._reviewed.add((kind, plain(shown)))
        reason = f'{LEFT_OUT} exclude = "{fitting[0]}"' if fitting else self._marked(kind, path, shown)
        if reason:
            self.left_out.append(SetAside(kind, shown, reason))
        return bool(reason)

    def _marked(self, kind: str, path: Path, shown: str) -> str:
        """Return why the review leaves a photo out, or ""; remember photos that it does not know, or has not seen as
        they are."""
        if self._review is None:
            return ""
        rows = self._review.of(kind, shown)
        if not rows:
            self._new.setdefault(kind, []).append(shown)
            return ""
        sha256 = _sha256(path)
        changed = any(row.sha256 for row in rows) and all(row.sha256 != sha256 for row in rows)
        if veto := self._review.veto(kind, shown, sha256):
            return f"{LEFT_OUT} {self._review.name}: {veto}" + (", though it has changed since" if changed else "")
        if changed:
            said = f"has changed since {self._review.name} was written: look at it again"
            self._warnings.append(SetAside(kind, shown, said))
        return ""

    def require_met(self, kind: str, patterns: Iterable[str]) -> None:
        """Raise FigureGroundError for a pattern that no photo of its kind fits."""
        names = sorted(self._names.get(kind, ()))
        for pattern in dict.fromkeys(patterns):
            if (kind, pattern) not in self._met:
                near = nearest(pattern, names)
                raise FigureGroundError(
                    f'exclude = "{pattern}" leaves no photo out',
                    f"recipe: {kind}s.exclude",
                    (f"did you mean {near!r}? " if near else "")
                    + "A pattern is a file's name, or with / its path from the source's folder; case counts",
                )

    def warnings(self) -> list[SetAside]:
        """Return what is to be said of the review: photos that it does not know, that changed, and that are gone.

        Raises FigureGroundError where it knows none of the photos, so is another folder's.
        """
        review = self._review
        if review is None:
            return []
        if not self._reviewed:
            raise FigureGroundError(
                "the review names none of the photos",
                review.name,
                "it is of other folders: write a new one with `figureground check RECIPE --out FOLDER`",
            )
        said = list(self._warnings)
        for kind in ("background", "foreground"):
            gone = [name for of, name in review.rows if of == kind and (kind, name) not in self._reviewed]
            for names, what in ((gone, "names photos that are not there any more"), (self._new.get(kind, []), "")):
                if names:
                    what = what or "does not name photos that are new since"
                    said.append(SetAside(kind, review.name, f"{what}: {listed(names)}"))
        return said


def listed(names: Sequence[str]) -> str:
    """Return some names and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def fits(pattern: str, path: str) -> bool:
    """Tell whether a pattern is that of a path: POSIX, relative, NFC."""
    wanted, parts = plain(pattern), path.split("/")
    if "/" not in wanted:
        return bool(wanted) and _fit_one(wanted, parts[-1])
    pieces = wanted.removeprefix("./").strip("/").split("/")
    return _walk(pieces, parts) or _walk([*pieces, "**"], parts)


def _walk(pieces: Sequence[str], parts: Sequence[str]) -> bool:
    if not pieces:
        return not parts
    if pieces[0] == "**":
        return _walk(pieces[1:], parts) or (bool(parts) and _walk(pieces, parts[1:]))
    return bool(parts) and _fit_one(pieces[0], parts[0]) and _walk(pieces[1:], parts[1:])


def _fit_one(pattern: str, name: str) -> bool:
    return pattern == name or fnmatch.fnmatchcase(name, pattern)


def nearest(pattern: str, names: Sequence[str]) -> str:
    """Return what a pattern may have meant, as it would have to be written; "" where nothing is like it."""
    wanted = plain(pattern)
    folders = {f"{part}/" for name in names for part in _folders(name)}
    known = {name if "/" in wanted else name.rsplit("/", 1)[-1] for name in names} | folders
    spelt: Callable[[str], str] = lambda text: text.replace("\\", "/").casefold()  # noqa: E731
    alike = {spelt(name): name for name in sorted(known)}
    near = difflib.get_close_matches(spelt(wanted), alike, n=1, cutoff=0.6)
    return alike[near[0]] if near else ""


def _folders(name: str) -> list[str]:
    """Return the folders above a path: "a/b/c.png" has a and a/b."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return ""
