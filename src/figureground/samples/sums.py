"""Exact sums of whole numbers: count, sum and sum of squares a channel, and a layer's before and after coding."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground import native
from figureground.core.arrays import Bytes, Ints

_EXACT = 2**21  # numbers of 16 bits whose squares float64 adds without rounding
_ROWS = 256  # rows of bytes whose squares float32 adds without rounding
_LEVELS = np.arange(256, dtype=np.int64)
_WHITE = 255


@dataclass(frozen=True)
class Sums:
    """Count, sum and sum of squares of whole numbers, a channel each."""

    count: int = 0
    total: tuple[int, ...] = ()
    square: tuple[int, ...] = ()

    @staticmethod
    def of(values: NDArray[Any]) -> Sums:
        """Sum uint8 or uint16 values shaped (pixels, channels), exactly; of bool, one channel: true counts as 255."""
        if values.dtype == np.bool_:
            white = int(np.count_nonzero(values))
            return Sums(len(values), (_WHITE * white,), (_WHITE**2 * white,))
        if values.dtype == np.uint8 and values.size:
            # Pillow counts bytes without large temporaries, which cost more here than the arithmetic
            shape = (1, -1) if values.shape[1] == 1 else (1, -1, values.shape[1])
            counts = np.array(Image.fromarray(values.reshape(shape)).histogram(), np.int64).reshape(-1, 256)
            return Sums(len(values), tuple((counts @ _LEVELS).tolist()), tuple((counts @ _LEVELS**2).tolist()))
        if len(values) > _EXACT:
            return Sums.of(values[:_EXACT]) + Sums.of(values[_EXACT:])
        # float64 holds sums of squares of so many pixels exactly; einsum, not @, whose BLAS threads would spin
        columns = [values[:, c].astype(np.float64) for c in range(values.shape[1])]
        return Sums(
            len(values), tuple(int(x.sum()) for x in columns), tuple(int(np.einsum("i,i", x, x)) for x in columns)
        )

    def __add__(self, other: Sums) -> Sums:
        return Sums.all_of([self, other])

    @staticmethod
    def all_of(found: Iterable[Sums]) -> Sums:
        """Return the sums of all that was summed in parts."""
        some = [one for one in found if one.total]  # others have no channels yet
        total, square = (
            tuple(map(sum, zip(*(getattr(one, name) for one in some), strict=True))) for name in ("total", "square")
        )
        return Sums(sum(one.count for one in some), total, square)

    def mean(self) -> tuple[float, ...]:
        return tuple(t / self.count for t in self.total) if self.count else ()

    def variance(self) -> tuple[float, ...]:
        # whole numbers until the division: no cancellation however many samples there are
        return tuple((self.count * s - t * t) / self.count**2 for t, s in zip(self.total, self.square, strict=True))


def _add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(operator.add, a, b))


@dataclass(frozen=True)
class LayerSums:
    """Sums of one layer as written (`all`), and of the checked samples before and after coding."""

    all: Sums = Sums()
    before: Sums = Sums()
    after: Sums = Sums()

    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return (mean, standard deviation) a channel of what a reader decodes."""
        means = self.all.mean()
        variances = self.all.variance()
        if self.after.count:
            means = tuple(m + b - a for m, a, b in zip(means, self.before.mean(), self.after.mean(), strict=True))
            variances = tuple(
                v + b - a for v, a, b in zip(variances, self.before.variance(), self.after.variance(), strict=True)
            )
        return means, tuple(math.sqrt(max(v, 0.0)) for v in variances)


def changed_sums(sums: Sums, old: Bytes, new: Bytes) -> Sums:
    """Return the sums of a layer of bytes in which `old` became `new`: uint8 (rows, columns) or (rows, columns, 3)."""
    channels = len(sums.total) or 1
    if native.kernel is not None:
        shape = *old.shape[:2], channels
        more = native.kernel.changed_sums(old.reshape(shape), new.reshape(shape))
        return Sums(sums.count, _add(sums.total, more[:channels]), _add(sums.square, more[channels:]))
    found = np.zeros((2, channels))
    for top in range(0, old.shape[0], _ROWS):
        # float32, the fastest here, holds sums of so many squares exactly; down the columns first: three are slow
        before, after = old[top : top + _ROWS].astype(np.float32), new[top : top + _ROWS].astype(np.float32)
        difference = after - before
        after += before
        after *= difference  # the difference of the squares
        columns = np.concatenate([np.add.reduce(difference), np.add.reduce(after)])
        found += columns.reshape(2, old.shape[1], channels).sum(1, np.float64)
    total, square = (tuple(map(int, values)) for values in found.tolist())
    return Sums(sums.count, _add(sums.total, total), _add(sums.square, square))


def changed_codes(sums: Sums, histogram: Ints, old: NDArray[np.uint16], new: NDArray[np.uint16]) -> tuple[Sums, Ints]:
    """Return the sums and the histogram of depth codes of which `old`, uint16 (rows, columns), became `new`.

    `histogram`: 1024 bins over all codes.  Codes of 0, no value, do not count in either.
    """
    if native.kernel is not None:
        histogram = histogram.copy()
        count, total, square = native.kernel.changed_codes(old, new, histogram)
        return Sums(sums.count + count, _add(sums.total, (total,)), _add(sums.square, (square,))), histogram
    differ = old != new  # half of the box lies beside the figures
    before, after = old[differ].astype(np.int64), new[differ].astype(np.int64)
    difference = after - before
    square = int(np.dot(difference, after + before))  # of whole numbers, so no BLAS and no rounding
    more = int(np.count_nonzero(after)) - int(np.count_nonzero(before))
    bins = [np.bincount(codes >> 6, minlength=histogram.size) for codes in (after, before)]
    histogram = histogram + bins[0] - bins[1]
    histogram[0] += more  # codes 0 went from its count or came into it
    found = Sums(sums.count + more, _add(sums.total, (int(difference.sum()),)), _add(sums.square, (square,)))
    return found, histogram
