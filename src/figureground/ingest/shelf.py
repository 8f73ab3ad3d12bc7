"""Where prepared photos are saved as they come, and numbered without gaps once it is known which are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from figureground.core.nouns import Background, Foreground, SetAside
from figureground.core.store import Store
from figureground.ingest import photos
from figureground.ingest.inputs import Photo
from figureground.ingest.outcome import Outcome

_PREFIXES = {"background": "bg", "foreground": "fg"}
_FOLDERS = {
    "background": {"picture": "Background/.jpg", "depth": "Depth/.png", "floor": "Floor/.png", "people": "People/.png"},
    "foreground": {"picture": "Foreground/.png", "mask": "Mask/.png", "relief": "Relief/.png"},
}
_FIELDS = ("file", "mask_file", "depth_file", "floor_file", "people_file", "relief_file")


@dataclass(frozen=True)
class _Saved:
    """A saved photo: its number among all photos, its entry under its name so far, its notes and warnings."""

    number: int
    entry: Background | Foreground
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


class Shelf:
    """The prepared photos in a store.  `digits`: of the numbers in their names."""

    def __init__(self, store: Store, digits: int) -> None:
        self.store = store
        self.digits = digits
        self._saved: dict[str, list[_Saved]] = {"background": [], "foreground": []}

    @property
    def backgrounds(self) -> list[Background]:
        return [one.entry for one in self._saved["background"] if isinstance(one.entry, Background)]

    @property
    def foregrounds(self) -> list[Foreground]:
        return [one.entry for one in self._saved["foreground"] if isinstance(one.entry, Foreground)]

    def save(self, number: int, entry: Background | Foreground, outcome: Outcome) -> None:
        """Save a photo's files under the next name and keep its entry."""
        kind = "background" if isinstance(entry, Background) else "foreground"
        name = self._name(kind, len(self._saved[kind]))
        files, changes = {}, {"id": name}
        for role, data in outcome.files.items():
            place = _renamed(_FOLDERS[kind][role], name)
            files[place] = data
            stem = "" if role == "picture" else f"{role}_"
            changes[f"{stem}file"] = place
            changes[f"{stem}sha256"] = photos.sha256(data)
        self._saved[kind].append(_Saved(number, _with(entry, changes), outcome.notes, outcome.warnings))
        for place, data in files.items():
            self.store.write(place, data)

    def keep(self, numbers: Collection[int], twins: Mapping[int, str]) -> None:
        """Keep these photos alone, numbered without gaps, and note the name that each of them shares with its twins."""
        for kind, saved in self._saved.items():
            for one in saved:
                if one.number not in numbers:
                    for place in _files(one.entry):
                        self.store.delete(place)
            kept = [one for one in saved if one.number in numbers]
            self._saved[kind] = [self._moved(one, self._name(kind, n), twins) for n, one in enumerate(kept)]

    def told(self, what: Literal["notes", "warnings"], todo: Sequence[Photo]) -> Iterator[SetAside]:
        """Yield the notes or warnings of the photos, `todo`, that are kept."""
        for saved in self._saved.values():
            for one in saved:
                photo = todo[one.number]
                yield from (SetAside(photo.kind, photo.name, text) for text in getattr(one, what))

    def _name(self, kind: str, n: int) -> str:
        return f"{_PREFIXES[kind]}{n + 1:0{self.digits}d}"

    def _moved(self, one: _Saved, name: str, twins: Mapping[int, str]) -> _Saved:
        changes = {"twins": twins.get(one.number, "")}
        if one.entry.id != name:
            changes["id"] = name
            for field in _FIELDS:
                if place := getattr(one.entry, field, ""):
                    changes[field] = _renamed(place, name)
                    self.store.write(changes[field], self.store.read(place))
                    self.store.delete(place)
        return replace(one, entry=_with(one.entry, changes))


def _with(entry: Background | Foreground, changes: Mapping[str, str]) -> Background | Foreground:
    values: dict[str, Any] = dict(changes)
    return replace(entry, **values)


def _files(entry: Background | Foreground) -> list[str]:
    return [place for field in _FIELDS if (place := getattr(entry, field, ""))]


def _renamed(place: str, name: str) -> str:
    """Return a file's place under another name: Depth/bg002.png of Depth/bg001.png, or of Depth/.png."""
    folder, _, last = place.rpartition("/")
    return f"{folder}/{name}{PurePosixPath('x' + last).suffix}"
