"""(recipe, catalog, index) -> scene: every random decision about a sample, and none of its pixels.

Scene k is a pure function of its index, so any sample can be planned on its own, in any order, on any machine.

The full product is numbered background-major: for each background, each foreground, each position, the plain figure and
then its mirrored twin.  With `placement.samples = N`, sample k < N walks the (background, foreground) pairs along
diagonals, so every prefix uses each background, and each foreground, equally often (to within one), and comes back to a
pair with another position only when all pairs have been used.  Its pixels are those of the same combination in the full
product.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from figureground.core import random
from figureground.core.arrays import Ints
from figureground.core.errors import FigureGroundError
from figureground.core.random import content_index
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import real_heights
from figureground.core.sample import Catalog, Figure, Scene
from figureground.plan import flat
from figureground.plan.flat import twins
from figureground.plan.ground import Sight, looked, needed, stand


@dataclass(frozen=True)
class Combination:
    """Arrays of one length: which background, foreground, position and twin each sample is."""

    background: Ints
    foreground: Ints
    position: Ints
    mirrored: Ints


def real_height(recipe: Recipe, source: str, source_sha256: str) -> float:
    """Return a foreground's height in metres: drawn in its range, which the first pattern that fits its name gives."""
    low, high = recipe.foregrounds.real_height
    parts = source.split("/")
    for pattern, least, most in real_heights(recipe):
        if any(fnmatch.fnmatchcase("/".join(parts[i:]), pattern) for i in range(len(parts))):
            low, high = least, most
            break
    return round(
        low + (high - low) * float(random.uniform(recipe.seed, content_index(source_sha256), "real height")), 4
    )


def held_out(seed: int, kind: str, sources: Sequence[str], fraction: float) -> frozenset[int]:
    """Return the indices of the photos (given by their sha256) that are kept out of training.

    Exactly round(fraction * n) of them, but never all; a photo's rank depends on its content alone.
    """
    ranks = [int(random.bits(seed, content_index(sha), f"split {kind}")) for sha in sources]
    wanted = min(round(fraction * len(sources)), len(sources) - 1)
    return frozenset(sorted(range(len(sources)), key=lambda i: (ranks[i], sources[i]))[: max(wanted, 0)])


def total(recipe: Recipe, catalog: Catalog) -> int:
    """Return the size of the full product: backgrounds x foregrounds x positions x twins."""
    return len(catalog.backgrounds) * len(catalog.foregrounds) * recipe.placement.per_pair * twins(recipe)


def count(recipe: Recipe, catalog: Catalog) -> int:
    """Return the number of samples.  Raises FigureGroundError when the recipe asks for more than there are."""
    everything = total(recipe, catalog)
    wanted = recipe.placement.samples
    if isinstance(wanted, str):
        return everything
    if wanted > everything:
        raise FigureGroundError(
            f"placement.samples = {wanted:,}, but there are only {everything:,} combinations",
            f"{len(catalog.backgrounds)} backgrounds x {len(catalog.foregrounds)} foregrounds x "
            f"{recipe.placement.per_pair} positions x {twins(recipe)}",
            'lower placement.samples, raise placement.per_pair, or write samples = "all"',
        )
    return wanted


def combinations(recipe: Recipe, catalog: Catalog, indices: ArrayLike) -> Combination:
    """Return what each sample index combines.  Raises IndexError outside 0..count-1."""
    k = np.asarray(indices, np.int64).reshape(-1)
    samples = count(recipe, catalog)
    if k.size and (k.min() < 0 or k.max() >= samples):
        raise IndexError(f"sample index outside 0..{samples - 1}")
    n_bg, n_fg = len(catalog.backgrounds), len(catalog.foregrounds)
    variants = recipe.placement.per_pair * twins(recipe)
    if recipe.placement.samples == "all":
        pair, variant = k // variants, k % variants
        background, foreground = pair // n_fg, pair % n_fg
    else:
        step, lap = k % (n_bg * n_fg), k // (n_bg * n_fg)
        background = step % n_bg
        foreground = (step + step // math.lcm(n_bg, n_fg)) % n_fg
        first = random.integers(recipe.seed, background * n_fg + foreground, "first variant", 0, variants - 1)
        variant = (first + lap) % variants
    return Combination(background, foreground, variant // twins(recipe), variant % twins(recipe))


def scenes(recipe: Recipe, catalog: Catalog, indices: ArrayLike, sight: Sight | None = None) -> list[Scene]:
    """Return the scene of each index.

    `sight` answers what must be known of pixels.  It is needed where figures may be cut off or hidden
    (`min_visible` < 1), stand on the floor, or are several.
    """
    k = np.asarray(indices, np.int64).reshape(-1)
    which = combinations(recipe, catalog, k)
    counter = _counter(recipe, catalog, which)
    corners, sizes = flat.corners(recipe, catalog, which.foreground, which.position, counter, sight)
    looks = _strengths(recipe, counter, 0)
    found = []
    held = held_out(recipe.seed, "foreground", [f.source_sha256 for f in catalog.foregrounds], recipe.split.foregrounds)
    for n, (index, b, f, position, mirrored) in enumerate(
        zip(k.tolist(), *(getattr(which, name).tolist() for name in _NAMES), strict=True)
    ):
        room, cutout = catalog.backgrounds[b], catalog.foregrounds[f]
        flip = bool(mirrored)
        # where the twin stands in the same place, the place must suit both
        flips = (False, True) if recipe.placement.mirror == "same" else (flip,)
        first: tuple[Figure, ...] | None = None
        if recipe.placement.mode == "ground" and room.ground is not None:
            first = stand(
                recipe, (b, room), (f, cutout), int(counter[n]), 0, flips, looks[n], [()] * len(flips), needed(sight)
            )
        if first is None:
            (x, y), (width, height) = corners[n].tolist(), sizes[n].tolist()
            first = tuple(
                looked(Figure(f, x, y, width, height, way), room, cutout, looks[n], recipe.size) for way in flips
            )
        figures = [[figure] for figure in first]
        if recipe.placement.figures[1] > 1:
            _others(recipe, catalog, which, n, int(counter[n]), flips, figures, held, needed(sight))
        own = figures[flips.index(flip)]
        found.append(Scene(index, b, position, flip, tuple(own)))
    return found


_NAMES = ("background", "foreground", "position", "mirrored")
_LOOKS = ("shadow", "colour", "sharpness", "noise", "feather")


def _strengths(recipe: Recipe, counter: Ints, turn: int) -> list[list[float]]:
    """Return the look's strengths, drawn within the recipe's ranges, for each counter."""
    columns = []
    for name in _LOOKS:
        low, high = getattr(recipe.look, name)
        columns.append(low + (high - low) * random.uniform(recipe.seed, counter, f"look {name} {turn}"))
    rows: list[list[float]] = np.stack(columns, -1).tolist()
    return rows


def _others(
    recipe: Recipe,
    catalog: Catalog,
    which: Combination,
    n: int,
    counter: int,
    flips: Sequence[bool],
    figures: list[list[Figure]],
    held: frozenset[int],
    sight: Sight,
) -> None:
    """Add the scene's other figures, for each flip, to `figures`; one that finds no place is left out.

    How many, and which, hangs on background and position alone: the others are those that follow the first one after
    some steps, among the foregrounds of its split, so that all are used equally often and no split leaks.
    """
    b, f = int(which.background[n]), int(which.foreground[n])
    spot = b * recipe.placement.per_pair + int(which.position[n])
    wanted = int(random.integers(recipe.seed, spot, "figures", *recipe.placement.figures))
    group = [i for i in range(len(catalog.foregrounds)) if (i in held) == (f in held)]
    wanted = min(wanted, len(group))
    if wanted < 2:
        return
    step = int(random.integers(recipe.seed, spot, "others", 1, len(group) - 1))
    room = catalog.backgrounds[b]
    for turn in range(1, wanted):
        # steps run over 1..len(group)-1, so no foreground comes twice
        other = group[(group.index(f) + 1 + (step - 1 + turn - 1) % (len(group) - 1)) % len(group)]
        cutout = catalog.foregrounds[other]
        strengths = _strengths(recipe, np.array([counter]), turn)[0]
        found = None
        if recipe.placement.mode == "ground" and room.ground is not None:
            found = stand(recipe, (b, room), (other, cutout), counter, turn, flips, strengths, figures, sight)
        if found is None and not (recipe.placement.mode == "ground" and figures[0][0].stands):
            found = flat.beside(recipe, (b, room), (other, cutout), counter, turn, flips, strengths, figures, sight)
        if found is not None:
            for own, figure in zip(figures, found, strict=True):
                own.append(figure)


def _counter(recipe: Recipe, catalog: Catalog, which: Combination) -> Ints:
    """Number the draws: one a position, or one a twin where the mirrored figure has its own position."""
    pair = which.background * len(catalog.foregrounds) + which.foreground
    own = which.mirrored if recipe.placement.mirror == "own" else 0
    return (pair * recipe.placement.per_pair + which.position) * 2 + own
