"""How sure a mean over pictures is: 95 % bootstrap intervals, of means and of paired differences.

Percentile bootstrap (Efron 1979): pictures are drawn anew with replacement DRAWS times, and the middle 95 % of the
means are the interval.  It tells how far the mean would move with other pictures of the same kind, no more: pictures
that are nearly alike make it too narrow, and so do few (with ten it holds about nine times in ten).

Where a training was repeated from several seeds, seeds are drawn anew as well: every draw is the mean over its seeds
and its pictures (the pigeonhole bootstrap, Owen 2007; why seeds count: Bouthillier et al. 2021).  Few seeds make that
too narrow, too: the variance between three comes out at two thirds of what it is.

Every draw is a pure function of its number, so the same values give the same interval, and two methods are drawn
alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core import random
from figureground.core.arrays import Floats

DRAWS = 4000
SEED = 0
_AT_ONCE = 1_000_000  # values drawn at once, so that memory stays flat


@dataclass(frozen=True)
class Interval:
    """A mean over `pictures`, and between what its 95 % interval lies; NaN where there are too few for that."""

    mean: float
    low: float
    high: float
    pictures: int

    def to_json(self) -> dict[str, float | int | None]:
        """Return its numbers, None for those that are not known."""
        named = {"mean": self.mean, "low": self.low, "high": self.high}
        return {**{key: known(value) for key, value in named.items()}, "pictures": self.pictures}


def known(value: float) -> float | None:
    """Return a number as JSON has it: None for NaN."""
    return value if np.isfinite(value) else None


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean of a value a picture; pictures where it is NaN are left out."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if numbers.size == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    mean = float(numbers.mean())
    if numbers.size == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    low, high = np.percentile(_means(numbers), (2.5, 97.5))
    return Interval(mean, float(low), float(high), numbers.size)


def paired_interval(values: Sequence[float], first: Sequence[float]) -> Interval:
    """Return the mean of value - first, picture by picture; pictures where either is NaN are left out.

    Raises ValueError where they are not of the same pictures.
    """
    if len(values) != len(first):
        raise ValueError(f"{len(values)} values, but {len(first)} to compare them with")
    return mean_interval((np.asarray(values, np.float64) - np.asarray(first, np.float64)).tolist())


def crossed_interval(rows: Sequence[Sequence[float]], first: Sequence[Sequence[float]] | None = None) -> Interval:
    """Return the mean of rows, a row a seed and a value a picture, over both; or its difference to that of `first`.

    `first` is of the same pictures, from as many seeds as it likes: pictures are paired, seeds are not.  Pictures where
    any value is NaN are left out.  Raises ValueError where there is no row, or rows differ in length.
    """
    tables = [np.asarray(table, np.float64) for table in (rows, first) if table is not None]
    if any(table.ndim != 2 or table.shape[1] != tables[0].shape[1] or not len(table) for table in tables):
        raise ValueError("rows are of the same pictures, one a seed at least")
    known = np.all([np.isfinite(table).all(0) for table in tables], 0)
    tables = [table[:, known] for table in tables]
    if not known.any():
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    signs = (1, -1)[: len(tables)]
    mean = float(sum(sign * table.mean() for sign, table in zip(signs, tables, strict=True)))
    if np.count_nonzero(known) == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    names = ("bootstrap seeds", "bootstrap seeds of the first")[: len(tables)]
    moved = sum(sign * _crossed(table, name) for sign, table, name in zip(signs, tables, names, strict=True))
    low, high = np.percentile(moved, (2.5, 97.5))
    return Interval(mean, float(low), float(high), int(np.count_nonzero(known)))


def _crossed(table: Floats, name: str) -> Floats:
    """Return DRAWS means of a table (seeds, pictures), both drawn with replacement."""
    seeds = len(table)
    means = np.stack([_means(row) for row in table])  # every row draws the same pictures
    chosen = random.integers(SEED, np.arange(DRAWS * seeds), name, 0, seeds - 1).reshape(DRAWS, seeds)
    return np.asarray(np.take_along_axis(means.T, chosen, 1).mean(1))


def _means(numbers: Floats) -> Floats:
    """Return the means of DRAWS samples with replacement."""
    size = numbers.size
    step = max(1, _AT_ONCE // size)
    means = np.empty(DRAWS)
    for start in range(0, DRAWS, step):
        stop = min(start + step, DRAWS)
        drawn = random.integers(SEED, np.arange(start * size, stop * size), "bootstrap", 0, size - 1)
        means[start:stop] = numbers[drawn].reshape(-1, size).mean(1)
    return means


def span(interval: Interval, signed: bool = False, digits: int = 3) -> str:
    """Return the interval as text, "0.886–0.934" or, signed, "-0.071 to +0.012"; "-" where it is not known."""
    if not np.isfinite(interval.low):
        return "-"
    return (" to " if signed else "–").join(shown(end, signed, digits) for end in (interval.low, interval.high))


def shown(value: float, signed: bool = False, digits: int = 3) -> str:
    """Return a number with that many digits after the point, "-" for NaN."""
    return format(value, f"{'+' if signed else ''}.{digits}f") if np.isfinite(value) else "-"
