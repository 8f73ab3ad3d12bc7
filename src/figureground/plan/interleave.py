"""Sources of different weight, interleaved: whose turn is step k, and how often it had its turn before.

A source's share of the steps is its weight x its photos.  After any number of steps each source has had its share to
within one turn: jobs with windows, of which the most urgent is taken, keep to that (Tijdeman 1980, "The chairman
assignment problem"; the rule is that of Steiner and Yeomans 1993).  The order repeats after a period, so that step k
costs no more than a look into a table, and does not hang on how many steps there are.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from figureground.core.arrays import Ints
from figureground.core.errors import FigureGroundError
from figureground.core.job import Placing
from figureground.core.nouns import Catalog

LONGEST = 1 << 20  # steps of a period; shares that need a longer one are rounded to it


@dataclass(frozen=True, eq=False)
class Turns:
    """One period: `source` whose turn each step is, `before` how many turns it had until then, `shares` turns a period
    of each source."""

    source: Ints
    before: Ints
    shares: tuple[int, ...]

    @property
    def period(self) -> int:
        return self.source.size

    def at(self, step: Ints) -> tuple[Ints, Ints]:
        """Return (source, its earlier turns) of steps of any number."""
        lap, place = step // self.period, step % self.period
        source = self.source[place]
        shares: Ints = np.array(self.shares, np.int64)
        return source, self.before[place] + lap * shares[source]

    def steps(self, turns: Sequence[int]) -> int:
        """Return a number of steps in which no source has more than so many turns; one more may be too many."""
        return min(most * self.period // share for most, share in zip(turns, self.shares, strict=True) if share)


def shares_of(weights: Sequence[float], photos: Sequence[int]) -> tuple[int, ...]:
    """Return the turns a period of each source, in lowest terms: weight x photos, rounded where the period would be
    longer than LONGEST; 0 where either is 0."""
    exact = [Fraction(repr(float(weight))) * count for weight, count in zip(weights, photos, strict=True)]
    scale = math.lcm(*(share.denominator for share in exact))
    whole = [int(share * scale) for share in exact]
    period = sum(whole)
    if period // max(1, math.gcd(*whole)) > LONGEST:
        whole = [max(1, round(Fraction(share * LONGEST, period))) if share else 0 for share in whole]
    common = max(1, math.gcd(*whole))
    return tuple(share // common for share in whole)


@functools.lru_cache(maxsize=8)
def turns_of(shares: tuple[int, ...]) -> Turns:
    """Return the turns of a period.

    Turn j of a source, j from 0, may be taken from step floor(j * period / share) on, and must be by step
    ceil((j + 1) * period / share) - 1.  Of those that may, the one that must be soonest is; ties go to the exact time,
    then to the first source.
    """
    period = sum(shares)
    had = [0] * len(shares)
    active = [n for n, share in enumerate(shares) if share]
    source: Ints = np.zeros(period, np.int64)
    before: Ints = np.zeros(period, np.int64)
    for step in range(period):
        open_ = [n for n in active if had[n] * period < (step + 1) * shares[n]]
        turn = min(open_, key=lambda n: (-((had[n] + 1) * -period // shares[n]), (had[n] + 1) / shares[n], n))
        source[step], before[step] = turn, had[turn]
        had[turn] += 1
    return Turns(source, before, shares)


def sources_of(placing: Placing, catalog: Catalog) -> tuple[Turns, list[Ints]]:
    """Return the turns of the sources, and the numbers of each one's foregrounds.

    Raises FigureGroundError where no usable foreground has a weight.
    """
    numbers = np.array([f.source_number for f in catalog.foregrounds], np.int64)
    members = [np.flatnonzero(numbers == n + 1) for n in range(len(placing.weights))]
    shares = shares_of(placing.weights, [own.size for own in members])
    if not any(shares):
        raise FigureGroundError(
            "every usable foreground has a weight of zero",
            f"foregrounds.weight = {', '.join(f'{weight:g}' for weight in placing.weights)}",
            "give their source a weight, or see with `figureground check` why the others are set aside",
        )
    return turns_of(shares), members
