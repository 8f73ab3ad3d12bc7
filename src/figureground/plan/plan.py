"""(rules, catalog, index) -> scene: every random decision about a sample, and none of its pixels.

Scene k is a pure function of its index, so any sample can be planned on its own, in any order, on any machine.

The full product is numbered background-major: for each background, each foreground, each position, the plain figure and
then its mirrored twin.  With `samples` = N, sample k < N walks the (background, foreground) pairs along diagonals, so
every prefix uses each background, and each foreground, equally often (to within one), and comes back to a pair with
another position only when all pairs have been used.  Its pixels are those of the same combination in the full product.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from figureground.core import random
from figureground.core.arrays import Ints
from figureground.core.errors import FigureGroundError
from figureground.core.job import Placing
from figureground.core.nouns import Catalog, Figure, Scene
from figureground.plan import flat, ground
from figureground.plan.place import Placed, Setting, Slot, with_look
from figureground.plan.sight import Sight
from figureground.plan.split import split

VERSION = 2  # raise it when a scene becomes another for the same rules, catalog and number
_LOOKS = ("shadow", "colour", "sharpness", "noise", "feather")


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
    if wanted > everything:
        raise FigureGroundError(
            f"placement.samples = {wanted:,}, but there are only {everything:,} combinations",
            f"{len(catalog.backgrounds)} backgrounds x {len(catalog.foregrounds)} foregrounds x "
            f"{placing.per_pair} positions x {placing.twins}",
            'lower placement.samples, raise placement.per_pair, or write samples = "all"',
        )
    return wanted


def combinations(placing: Placing, catalog: Catalog, indices: ArrayLike) -> Combination:
    """Return what each sample index combines.  Raises IndexError outside 0..count-1."""
    k = np.asarray(indices, np.int64).reshape(-1)
    samples = count(placing, catalog)
    if k.size and (k.min() < 0 or k.max() >= samples):
        raise IndexError(f"sample index outside 0..{samples - 1}")
    n_bg, n_fg = len(catalog.backgrounds), len(catalog.foregrounds)
    variants = placing.per_pair * placing.twins
    if placing.samples is None:
        pair, variant = k // variants, k % variants
        background, foreground = pair // n_fg, pair % n_fg
    else:
        step, lap = k % (n_bg * n_fg), k // (n_bg * n_fg)
        background = step % n_bg
        foreground = (step + step // math.lcm(n_bg, n_fg)) % n_fg
        first = random.integers(placing.seed, background * n_fg + foreground, "first variant", 0, variants - 1)
        variant = (first + lap) % variants
    return Combination(background, foreground, variant // placing.twins, variant % placing.twins)


def scenes(placing: Placing, catalog: Catalog, indices: ArrayLike, sight: Sight | None = None) -> list[Scene]:
    """Return the scene of each index.

    `sight` answers what must be known of pixels.  It is needed where figures may be cut off or hidden
    (`min_visible` < 1), stand on the floor, or are several.
    """
    k = np.asarray(indices, np.int64).reshape(-1)
    which = combinations(placing, catalog, k)
    counter = _counter(placing, catalog, which)
    setting = Setting(placing, catalog, sight)
    corners, sizes = flat.corners(setting, which.foreground, which.position, counter)
    strengths = _strengths(placing, counter, 0)
    kept_out = split(placing, catalog).foregrounds
    found = []
    for n, index in enumerate(k.tolist()):
        flip = bool(which.mirrored[n])
        # where the twin stands in the same place, the place must suit both
        flips = (flip,) if placing.own_places or placing.twins == 1 else (False, True)
        b, f = int(which.background[n]), int(which.foreground[n])
        slot = Slot(b, f, int(counter[n]), 0, flips, strengths[n])
        first = _standing(setting, slot, [()] * len(flips))
        if first is None:
            (x, y), (width, height) = corners[n].tolist(), sizes[n].tolist()
            first = with_look(setting, slot, [Figure(f, x, y, width, height, way) for way in flips])
        figures: list[tuple[Figure, ...]] = [(figure,) for figure in first]
        position = int(which.position[n])
        if placing.several:
            figures = _others(setting, slot, position, figures, kept_out)
        found.append(Scene(index, b, position, flip, figures[flips.index(flip)]))
    return found


def _standing(setting: Setting, slot: Slot, before: list[tuple[Figure, ...]]) -> Placed | None:
    """Return the slot's figure on the floor; None where figures do not stand, or it finds no place."""
    return ground.stand(setting, slot, before) if _has_floor(setting, slot.background) else None


def _has_floor(setting: Setting, background: int) -> bool:
    return setting.placing.standing and setting.catalog.backgrounds[background].ground is not None


def _strengths(placing: Placing, counter: Ints, turn: int) -> list[tuple[float, ...]]:
    """Return the look's strengths, drawn within their ranges, for each counter."""
    columns = []
    for name in _LOOKS:
        low, high = getattr(placing.look, name)
        columns.append(low + (high - low) * random.uniform(placing.seed, counter, f"look {name} {turn}"))
    return [tuple(row) for row in np.stack(columns, -1).tolist()]


def _others(
    setting: Setting, first: Slot, position: int, figures: list[tuple[Figure, ...]], kept_out: frozenset[int]
) -> list[tuple[Figure, ...]]:
    """Return the scene's figures, for each flip, with the others beside the first; one without a place is left out.

    How many, and which, hangs on background and position alone: the others are those that follow the first one after
    some steps, among the foregrounds of its split, so that all are used equally often and no split leaks.
    """
    placing = setting.placing
    spot = first.background * placing.per_pair + position
    wanted = int(random.integers(placing.seed, spot, "figures", *placing.figures))
    inside = first.foreground in kept_out
    group = [i for i in range(len(setting.catalog.foregrounds)) if (i in kept_out) == inside]
    wanted = min(wanted, len(group))
    if wanted < 2:
        return figures
    step = int(random.integers(placing.seed, spot, "others", 1, len(group) - 1))
    # a scene whose first figure stands has no floating ones
    must_stand = setting.placing.standing and figures[0][0].stands
    for turn in range(1, wanted):
        # steps run over 1..len(group)-1, so no foreground comes twice
        other = group[(group.index(first.foreground) + 1 + (step - 1 + turn - 1) % (len(group) - 1)) % len(group)]
        (strengths,) = _strengths(placing, np.array([first.counter]), turn)
        slot = dataclasses.replace(first, foreground=other, turn=turn, strengths=strengths)
        found = _standing(setting, slot, figures)
        if found is None and not must_stand:
            found = flat.beside(setting, slot, figures)
        if found is not None:
            figures = [(*own, figure) for own, figure in zip(figures, found, strict=True)]
    return figures


def _counter(placing: Placing, catalog: Catalog, which: Combination) -> Ints:
    """Number the draws: one a position, or one a twin where the mirrored figure has its own position."""
    pair = which.background * len(catalog.foregrounds) + which.foreground
    own = which.mirrored if placing.own_places else 0
    return np.asarray((pair * placing.per_pair + which.position) * 2 + own, np.int64)
