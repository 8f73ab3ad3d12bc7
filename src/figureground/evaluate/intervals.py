"""How sure a mean over pictures is: 95 % bootstrap intervals, of means and of paired differences.

Percentile bootstrap (Efron 1979): pictures are drawn anew with replacement DRAWS times, and the middle 95 % of the
means are the interval.  It tells how far the mean would move with other pictures of the same kind, no more: pictures
that are nearly alike make it too narrow, and so do few (with ten it holds about nine times in ten).

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
