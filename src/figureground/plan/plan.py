"""(rules, catalog, index) -> scene: every random decision about a sample, and none of its pixels.

Scene k is a pure function of its index, so any sample can be planned on its own, in any order, on any machine.

The full product is numbered background-major: for each background, each foreground, each position, the plain figure and
then its mirrored twin.  With `samples` = N, sample k < N walks the (background, foreground) pairs along diagonals, so
every prefix uses each background, and each foreground, equally often (to within one), and comes back to a pair with
another position only when all pairs have been used.  Its pixels are those of the same combination in the full product.

Where sources have weights, they take turns (`interleave.py`), each walking its own pairs.  Every second source walks
the backgrounds backwards, so that two sources together still use each equally often (to within one).
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from figureground.core import random
from figureground.core.arrays import Ints
from figureground.core.errors import FigureGroundError
from figureground.core.job import Placing
from figureground.core.nouns import Catalog, Scene
from figureground.core.record import SPLITS
from figureground.plan import crowd, flat
from figureground.plan.interleave import sources_of
from figureground.plan.place import Setting, Slot, strengths
from figureground.plan.sight import Sight

VERSION = 8  # raise it when a scene becomes another for the same rules, catalog and number
_LOOKED_AT = 2**20  # samples whose split is looked for at a time


@dataclass(frozen=True)
class Combination:
    """Arrays of one length: which background, foreground, position and twin each sample is."""

    background: Ints
    foreground: Ints
    position: Ints
    mirrored: Ints


def total(placing: Placing, catalog: Catalog) -> int:
    """Return the size of the full product: backgrounds x foregrounds x positions x twins."""
    return len(catalog.backgrounds) * len(catalog.foregrounds) * placing.per_pair * placing.twins


def count(placing: Placing, catalog: Catalog) -> int:
    """Return the number of samples.  Raises FigureGroundError when more are asked for than there are."""
    everything = total(placing, catalog)
    wanted = placing.samples
    if wanted is None:
        return everything
    if placing.weights:
        _require_pairs(placing, catalog, wanted)
    if wanted > everything:
        raise FigureGroundError(
            f"placement.samples = {wanted:,}, but there are only {everything:,} combinations",
            f"{len(catalog.backgrounds)} backgrounds x {len(catalog.foregrounds)} foregrounds x "
            f"{placing.per_pair} positions x {placing.twins}",
            'lower placement.samples, raise placement.per_pair, or write samples = "all"',
        )
    return wanted


def _require_pairs(placing: Placing, catalog: Catalog, wanted: int) -> None:
    """Raise FigureGroundError where the weights would bring a combination a second time."""
    turns, members = sources_of(placing, catalog)
    variants = placing.per_pair * placing.twins
    there = turns.steps([len(catalog.backgrounds) * own.size * variants for own in members])
    if wanted > there:
        raise FigureGroundError(
            f"placement.samples = {wanted:,}, but with these weights combinations come again after {there:,}",
            f"foregrounds.weight = {', '.join(f'{weight:g}' for weight in placing.weights)}",
            "lower placement.samples, raise placement.per_pair, or bring the weights nearer to each other",
        )


def _pairs(setting: Setting, k: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (background, foreground, how often the pair came before) of each sample, where `samples` = N."""
    n_bg, n_fg = len(setting.catalog.backgrounds), len(setting.catalog.foregrounds)
    if not setting.placing.weights:
        return _diagonal(k, n_bg, n_fg)
    turns, members = setting.sources
    source, turn = turns.at(k)
    background, foreground, lap = np.zeros((3, k.size), np.int64)
    drawn = [n for n, share in enumerate(turns.shares) if share]
    for number, n in enumerate(drawn):
        here = source == n
        b, f, lap[here] = _diagonal(turn[here], n_bg, members[n].size)
        background[here], foreground[here] = n_bg - 1 - b if number % 2 else b, members[n][f]
    return background, foreground, lap


def spread_of_backgrounds(placing: Placing) -> int:
    """Return by how much the samples of two backgrounds may differ: 1, with more than two sources of weight more."""
    pairs = -(-sum(weight > 0 for weight in placing.weights) // 2)
    return max(1, 2 * pairs - 1)


def _diagonal(k: Ints, n_bg: int, n_fg: int) -> tuple[Ints, Ints, Ints]:
    """Return (background, foreground, lap) of each step on the walk along the diagonals of all pairs."""
    lap, step = k // (n_bg * n_fg), k % (n_bg * n_fg)
    return step % n_bg, (step + step // math.lcm(n_bg, n_fg)) % n_fg, lap


def combinations(placing: Placing, catalog: Catalog, indices: ArrayLike) -> Combination:
    """Return what each sample index combines.  Raises IndexError outside 0..count-1."""
    count(placing, catalog)
    return combined(Setting(placing, catalog, None), indices)


def combined(setting: Setting, indices: ArrayLike) -> Combination:
    """`combinations` for those who ask again and again, and have asked for the `count`."""
    placing = setting.placing
    k = np.asarray(indices, np.int64).reshape(-1)
    samples = total(placing, setting.catalog) if placing.samples is None else placing.samples
    if k.size and (k.min() < 0 or k.max() >= samples):
        raise IndexError(f"sample index outside 0..{samples - 1}")
    n_fg = len(setting.catalog.foregrounds)
    variants = placing.per_pair * placing.twins
    if placing.samples is None:
        pair, variant = k // variants, k % variants
        background, foreground = pair // n_fg, pair % n_fg
    else:
        background, foreground, lap = _pairs(setting, k)
        first = random.integers(placing.seed, background * n_fg + foreground, "first variant", 0, variants - 1)
        variant = (first + lap) % variants
    return Combination(background, foreground, variant // placing.twins, variant % placing.twins)


def of_split(setting: Setting, name: str) -> array[int]:
    """Return the numbers of the samples of a split, in their order; nothing is planned for it."""
    samples = count(setting.placing, setting.catalog)
    found = array("I" if samples <= 2**32 else "Q")  # there may be a hundred million
    for start in range(0, samples, _LOOKED_AT):
        numbers = np.arange(start, min(start + _LOOKED_AT, samples))
        own = numbers[splits(setting, numbers) == SPLITS.index(name)]
        found.frombytes(own.astype(found.typecode).tobytes())
    return found


def splits(setting: Setting, indices: ArrayLike) -> Ints:
    """Return the place in SPLITS of each sample's split, which hangs on whose turn it is; int64 (n,)."""
    which, kept_out = combined(setting, indices), setting.split
    new_background = _marked(kept_out.backgrounds, len(setting.catalog.backgrounds))[which.background]
    return new_background + 2 * _marked(kept_out.foregrounds, len(setting.catalog.foregrounds))[which.foreground]


def _marked(numbers: frozenset[int], size: int) -> Ints:
    """Return 1 at these numbers, and 0 elsewhere, int64 (size,)."""
    marked = np.zeros(size, np.int64)
    marked[list(numbers)] = 1
    return marked


def scenes(placing: Placing, catalog: Catalog, indices: ArrayLike, sight: Sight | None = None) -> list[Scene]:
    """Return the scene of each index.

    `sight` answers what must be known of pixels.  It is needed where figures may be cut off or hidden
    (`min_visible` < 1), stand on the floor, or are several.
    """
    count(placing, catalog)
    return planned(Setting(placing, catalog, sight), indices)


def planned(setting: Setting, indices: ArrayLike) -> list[Scene]:
    """`scenes` for those who ask again and again: what hangs on the setting alone is worked out once."""
    placing = setting.placing
    k = np.asarray(indices, np.int64).reshape(-1)
    which = combined(setting, k)
    counter = _counter(setting, which)
    floating = _floating(setting, which, counter)
    looks = strengths(placing, counter, 0)
    found: list[Scene] = []
    placed: dict[int, list[Scene]] = {}  # twins that stand in the same place share its number
    for n, index in enumerate(k.tolist()):
        flip, position = bool(which.mirrored[n]), int(which.position[n])
        background, foreground = int(which.background[n]), int(which.foreground[n])
        # where the twin stands in the same place, the place must suit both
        flips = (flip,) if placing.twins == 1 or setting.own_places[foreground] else (False, True)
        slot = Slot(background, foreground, int(counter[n]), 0, flips, looks[n])
        if slot.counter not in placed:
            placed[slot.counter] = crowd.scenes_at(setting, slot, position, floating.get(n))
        one = placed[slot.counter][flips.index(flip)]
        found.append(Scene(index, one.background, one.position, flip, one.figures, one.turn, one.fewer))
    return found


def _floating(setting: Setting, which: Combination, counter: Ints) -> dict[int, tuple[int, int, int, int]]:
    """Return (x, y, width, height) of the first figures that are placed without geometry, by their row."""
    afloat = [n for n, background in enumerate(which.background.tolist()) if not setting.has_floor(background)]
    if not afloat:
        return {}
    at, sizes = flat.corners(
        setting, which.foreground[afloat], which.position[afloat], counter[afloat], which.mirrored[afloat] == 1
    )
    return {n: (*corner, *size) for n, corner, size in zip(afloat, at.tolist(), sizes.tolist(), strict=True)}


def shared_order(setting: Setting, indices: ArrayLike) -> Ints:
    """Return the places of some indices in the order in which their scenes share most: by background, figure, position.

    int64, as `numpy.argsort` gives it.
    """
    which = combined(setting, indices)
    return np.lexsort((which.mirrored, which.position, which.foreground, which.background))


def _counter(setting: Setting, which: Combination) -> Ints:
    """Number the draws: one a position, or one a twin where the mirrored figure has its own position."""
    pair = which.background * len(setting.catalog.foregrounds) + which.foreground
    own = which.mirrored * setting.own_places[which.foreground]
    return np.asarray((pair * setting.placing.per_pair + which.position) * 2 + own, np.int64)
