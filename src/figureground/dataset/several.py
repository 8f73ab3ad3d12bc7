"""Several datasets read as one, their splits made anew so that a photo never stands on both sides."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from figureground.core.arrays import Bytes
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import MOST_CLASSES, Background, Catalog, Foreground
from figureground.core.record import Record, split_of
from figureground.dataset.names import CATALOG
from figureground.dataset.select import Samples
from figureground.dataset.stored import Dataset
from figureground.ingest.duplicates import NEAR_ACROSS, Seen
from figureground.ingest.photos import thumbprint
from figureground.ingest.pixels import Pixels
from figureground.plan.split import split
from figureground.resolve import placing_of
from figureground.samples.sample import Sample


class Several(Samples):
    """Finished datasets one after the other, as one sequence.

    A photo that is kept out of training in one of them is kept out in all, and so are photos of its group, and those
    that show nearly the same: a sample's split may be stricter here than in its own dataset, never laxer.  Classes are
    told by their names and numbered anew, in records and in semantic maps.  `record.index` counts in its own dataset.
    """

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        self.datasets = tuple(datasets)
        self._ends = list(itertools.accumulate(len(data) for data in self.datasets))
        self._photos = _keys_of(self.datasets)
        held = [_held_out(data, keys) for data, keys in zip(self.datasets, self._photos, strict=True)]
        self._backgrounds = frozenset().union(*(backgrounds for backgrounds, _ in held))
        self._foregrounds = frozenset().union(*(foregrounds for _, foregrounds in held))
        names = dict.fromkeys(name for data in self.datasets for name in data.classes.values())
        self._class_ids = {name: number for number, name in enumerate(names, 1)}
        if len(names) > MOST_CLASSES and any("semantic" in data.manifest.get("layers", ()) for data in self.datasets):
            raise FigureGroundError(
                f"together {len(names)} classes, and semantic maps have {MOST_CLASSES} at most",
                repr(self),
                "read fewer of them together",
            )
        self._renumbered = [_renumbering(data.classes, self._class_ids) for data in self.datasets]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def sample(self, i: int) -> Sample:
        k, own = self._place(i)
        sample = self.datasets[k].sample(own)
        semantic = None if sample.semantic is None else self._renumbered[k][sample.semantic]
        return dataclasses.replace(sample, record=self._resplit(k, sample.record), semantic=semantic)

    def record(self, i: int) -> Record:
        k, own = self._place(i)
        return self._resplit(k, self.datasets[k].record(own))

    def split(self, i: int) -> str:
        return self.record(i).split

    @property
    def classes(self) -> dict[int, str]:
        return {number: name for name, number in self._class_ids.items()}

    def class_names(self, i: int) -> frozenset[str]:
        k, own = self._place(i)
        return self.datasets[k].class_names(own)

    def _place(self, i: int) -> tuple[int, int]:
        """Return which dataset sample i lies in, and its number there."""
        k = bisect.bisect_right(self._ends, i)
        return k, i - (self._ends[k - 1] if k else 0)

    def _resplit(self, k: int, record: Record) -> Record:
        photos = self._photos[k]
        new_background = photos[record.background] in self._backgrounds
        shown = [figure.foreground for figure in record.figures] or [record.turn_foreground]
        new_foreground = any(photos.get(foreground) in self._foregrounds for foreground in shown)
        figures = tuple(
            dataclasses.replace(figure, class_id=self._class_ids[figure.class_name]) for figure in record.figures
        )
        return dataclasses.replace(record, split=split_of(new_background, new_foreground), figures=figures)

    def __repr__(self) -> str:
        return f"Several({len(self):,} samples of {len(self.datasets)} datasets: {', '.join(map(repr, self.datasets))})"


def _renumbering(classes: Mapping[int, str], class_ids: Mapping[str, int]) -> Bytes:
    """Return the table, uint8 (256,), from a dataset's class ids to those of all."""
    table = np.arange(256, dtype=np.uint8)
    for number, name in classes.items():
        if number < table.size:
            table[number] = class_ids[name]
    return table


def _keys_of(datasets: Sequence[Dataset]) -> list[dict[str, str]]:
    """Return, for each dataset, what its photos are told by, by their ids: photos of one file, of one group, or that
    show nearly the same, have one key."""
    joined, seen = _Joined(), Seen(NEAR_ACROSS)
    met: set[str] = set()
    for data in datasets:
        pixels = Pixels(data.catalog, data.store.below(CATALOG))
        for i, photo in _photos(data.catalog):
            own, kind = photo.source_sha256, type(photo).__name__.lower()
            if photo.group:
                joined.join(own, f"group {photo.group}")
            if photo.twins:
                joined.join(own, f"twins {photo.twins}")
            if own in met:
                continue
            met.add(own)
            picture = pixels.background(i) if kind == "background" else pixels.cutout(i)
            joined.join(own, seen.twin(kind, own, thumbprint(picture)) or own)
    return [{photo.id: joined.of(photo.source_sha256) for _, photo in _photos(data.catalog)} for data in datasets]


def _photos(catalog: Catalog) -> Iterator[tuple[int, Background | Foreground]]:
    yield from enumerate(catalog.backgrounds)
    yield from enumerate(catalog.foregrounds)


class _Joined:
    """Names that are joined to one another, directly or by others."""

    def __init__(self) -> None:
        self._next: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the one name that stands for all that are joined to this one."""
        while name in self._next:
            name = self._next[name]
        return name

    def join(self, one: str, other: str) -> None:
        first, second = self.of(one), self.of(other)
        if first != second:
            self._next[first] = second


def _held_out(data: Dataset, keys: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the photos that a dataset keeps out of training."""
    catalog = data.catalog
    kept = split(placing_of(data.recipe), catalog)
    return (
        frozenset(keys[catalog.backgrounds[i].id] for i in kept.backgrounds),
        frozenset(keys[catalog.foregrounds[i].id] for i in kept.foregrounds),
    )
