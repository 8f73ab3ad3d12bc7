"""Sequences of samples: what every dataset can do, and selections of some of its samples."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import overload

from figureground.core.errors import FigureGroundError
from figureground.core.record import SPLITS, Record
from figureground.samples.sample import Sample

_SHOWN = 3  # samples in a notebook


class Samples(ABC):
    """A sequence of samples that can be indexed, sliced, walked through and selected from.

    What `sample`, `record` and `split` are asked for lies in 0..len - 1.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def sample(self, i: int) -> Sample:
        """Return sample i."""

    @abstractmethod
    def record(self, i: int) -> Record:
        """Return the metadata of sample i."""

    @abstractmethod
    def split(self, i: int) -> str:
        """Return the split of sample i."""

    def of_split(self, split: str) -> Sequence[int]:
        """Return the numbers of the samples of a split, in their order."""
        return [i for i in range(len(self)) if self.split(i) == split]

    @property
    @abstractmethod
    def classes(self) -> dict[int, str]:
        """The classes of figures by their number, from 1; 0 is the background."""

    @abstractmethod
    def class_names(self, i: int) -> frozenset[str]:
        """Return the classes of the figures of sample i."""

    def key(self, i: int) -> str:
        """Return the key of sample i."""
        return self.record(i).key

    def called(self, name: str) -> Sample:
        """Return the sample of a number or a key, as people write it.  Raises FigureGroundError where there is none.

        A key is looked for from the first sample on.
        """
        n = len(self)
        try:
            i = int(name)
        except ValueError:
            found = next((i for i in range(n) if self.key(i) == name), None)
            if found is None:
                raise FigureGroundError(f"no sample is called {name!r}", repr(self), "labels.csv lists keys") from None
            return self.sample(found)
        if not -n <= i < n:
            raise FigureGroundError(f"no sample {i} of {n}", repr(self), f"numbers run from 0 to {n - 1}")
        return self.sample(i % n)

    @overload
    def __getitem__(self, i: int) -> Sample: ...
    @overload
    def __getitem__(self, i: slice) -> Selection: ...
    def __getitem__(self, i: int | slice) -> Sample | Selection:
        """Return sample i (negative counts from the end; IndexError outside), or a slice as a selection."""
        n = len(self)
        if isinstance(i, slice):
            return Selection(self, range(n)[i])
        if not -n <= i < n:
            raise IndexError(f"sample {i} of {n}")
        return self.sample(i % n)

    def batch(self, indices: Iterable[int]) -> list[Sample]:
        """Return some samples, in the order asked for (negative ones count from the end); together they may
        cost less than one by one.  Raises IndexError outside."""
        return [self.sample(i) for i in self._numbers_of(indices)]

    def __getitems__(self, indices: Iterable[int]) -> list[Sample]:
        """Return a batch, as PyTorch's loaders ask for one.

        Samples do not collate, for they hold records, and layers that may be None: `figureground.torch` has tensors.
        """
        return self.batch(indices)

    def _numbers_of(self, indices: Iterable[int]) -> list[int]:
        n = len(self)
        wanted = [int(i) for i in indices]
        for i in wanted:
            if not -n <= i < n:
                raise IndexError(f"sample {i} of {n}")
        return [i % n for i in wanted]

    def __iter__(self) -> Iterator[Sample]:
        return (self.sample(i) for i in range(len(self)))

    def select(
        self,
        *,
        split: str | None = None,
        class_: str | None = None,
        where: Callable[[Record], bool] | None = None,
    ) -> Selection:
        """Return the samples of a split, those with a figure of a class, and those whose record `where` says yes to;
        of several, the samples that all of them choose.

        Raises FigureGroundError for a split or a class that is not known.
        """
        indices: Sequence[int] = range(len(self))
        if split is not None:
            if split not in SPLITS:
                raise FigureGroundError(f"unknown split {split!r}", "select", f"one of {', '.join(SPLITS)}")
            indices = self.of_split(split)
        if class_ is not None:
            if class_ not in self.classes.values():
                known = ", ".join(self.classes.values())
                raise FigureGroundError(f"unknown class {class_!r}", "select", f"one of {known}")
            indices = [i for i in indices if class_ in self.class_names(i)]
        if where is not None:
            indices = [i for i in indices if where(self.record(i))]
        return Selection(self, indices)

    def _repr_html_(self) -> str:
        """What a notebook shows: a line, and a few samples spread over the sequence."""
        n = len(self)
        shown = sorted({round(k * (n - 1) / (_SHOWN - 1)) for k in range(_SHOWN)}) if n else []
        return f"<p><code>{html.escape(repr(self))}</code></p>" + "".join(self.sample(i)._repr_html_() for i in shown)


class Selection(Samples):
    """Samples of a dataset, chosen by their numbers."""

    def __init__(self, source: Samples, indices: Sequence[int]) -> None:
        inner = source if isinstance(source, Selection) else None
        self.source: Samples = inner.source if inner else source
        self.indices: Sequence[int] = [inner.indices[i] for i in indices] if inner else indices

    def __len__(self) -> int:
        return len(self.indices)

    def sample(self, i: int) -> Sample:
        return self.source.sample(self.indices[i])

    def batch(self, indices: Iterable[int]) -> list[Sample]:
        return self.source.batch([self.indices[i] for i in self._numbers_of(indices)])

    def record(self, i: int) -> Record:
        return self.source.record(self.indices[i])

    def split(self, i: int) -> str:
        return self.source.split(self.indices[i])

    @property
    def classes(self) -> dict[int, str]:
        return self.source.classes

    def class_names(self, i: int) -> frozenset[str]:
        return self.source.class_names(self.indices[i])

    def key(self, i: int) -> str:
        return self.source.key(self.indices[i])

    def __repr__(self) -> str:
        return f"Selection({len(self):,} of {self.source!r})"
