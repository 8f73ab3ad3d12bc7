"""Some samples of a dataset, as a dataset: slices and choices by split or by record."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, overload

from figureground.core.errors import FigureGroundError
from figureground.core.record import SPLITS, Record
from figureground.samples.sample import Sample

_SHOWN = 3  # samples in a notebook


class Readable(Protocol):
    """What a selection needs of the dataset below it; indices are not negative."""

    def __len__(self) -> int: ...
    def sample(self, i: int) -> Sample: ...
    def record(self, i: int) -> Record: ...
    def split(self, i: int) -> str: ...


class Selection:
    """Samples of a dataset, chosen by their numbers; itself a sequence, to be indexed, sliced and selected from."""

    def __init__(self, source: Readable, indices: Sequence[int]) -> None:
        self.source = source
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, i: int) -> Sample: ...
    @overload
    def __getitem__(self, i: slice) -> Selection: ...
    def __getitem__(self, i: int | slice) -> Sample | Selection:
        """Return sample i of the selection (negative counts from the end), or a selection of a slice."""
        return picked(self, self.source, self.indices, i)

    def __iter__(self) -> Iterator[Sample]:
        return (self.source.sample(i) for i in self.indices)

    def record(self, i: int) -> Record:
        """Return the metadata of sample i of the selection."""
        return self.source.record(self.indices[i])

    def select(self, *, split: str | None = None, where: Callable[[Record], bool] | None = None) -> Selection:
        """Return the samples of a split, or those whose record `where` says yes to, or both."""
        return selected(self.source, self.indices, split, where)

    def _repr_html_(self) -> str:
        return as_html(self)

    def __repr__(self) -> str:
        return f"Selection({len(self):,} of {self.source!r})"


def picked(owner: object, source: Readable, indices: Sequence[int], i: int | slice) -> Sample | Selection:
    """Return what `owner[i]` is, where `indices` are the owner's samples in `source`."""
    if isinstance(i, slice):
        return Selection(source, indices[i])
    if not -len(indices) <= i < len(indices):
        raise IndexError(f"sample {i} of {len(indices)}")
    return source.sample(indices[i])


def selected(
    source: Readable, indices: Sequence[int], split: str | None, where: Callable[[Record], bool] | None
) -> Selection:
    """Return the samples among `indices` that are of a split and that `where` says yes to."""
    if split is not None:
        if split not in SPLITS:
            raise FigureGroundError(f"unknown split {split!r}", "select", f"one of {', '.join(SPLITS)}")
        indices = [i for i in indices if source.split(i) == split]
    if where is not None:
        indices = [i for i in indices if where(source.record(i))]
    return Selection(source, indices)


def as_html(data: Selection | Readable) -> str:
    """Return what a notebook shows of a dataset: its line, and a few samples spread over it."""
    shown = sorted({round(k * (len(data) - 1) / max(1, _SHOWN - 1)) for k in range(_SHOWN)}) if len(data) else []
    samples = [data[i] if isinstance(data, Selection) else data.sample(i) for i in shown]
    return f"<p><code>{html.escape(repr(data))}</code></p>" + "".join(sample._repr_html_() for sample in samples)
