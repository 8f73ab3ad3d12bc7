"""(recipe, catalog, index) -> scene: every random decision about a sample, and none of its pixels.

Scene k is a pure function of its index, so any sample can be planned on its own, in any order, on any machine.

The full product is numbered background-major: for each background, each foreground, each position, the plain figure and
then its mirrored twin.  With `placement.samples = N`, sample k < N walks the (background, foreground) pairs along
diagonals, so every prefix uses each background, and each foreground, equally often (to within one), and comes back to a
pair with another position only when all pairs have been used.  Its pixels are those of the same combination in the full
product.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from figureground import draws
from figureground.errors import FigureGroundError
from figureground.recipe import Recipe
from figureground.sample import Catalog, Figure, Mask, Scene

AreaTable = NDArray[np.int64]
Ints = NDArray[np.int64]

_TRIES = 64  # rejection draws before all positions are listed; reached only by figures that hardly fit


@dataclass(frozen=True)
class Combination:
    """Arrays of one length: which background, foreground, position and twin each sample is."""

    background: Ints
    foreground: Ints
    position: Ints
    mirrored: Ints


def figure_height(recipe: Recipe, source_sha256: str) -> int:
    """Return the height in px to which a foreground is scaled; it hangs on the photo's content, not on its name."""
    low, high = (max(1, round(h * recipe.size / 224)) for h in recipe.foregrounds.height)
    return int(draws.integers(recipe.seed, _content_index(source_sha256), "figure height", low, high))


def held_out(seed: int, kind: str, sources: Sequence[str], fraction: float) -> frozenset[int]:
    """Return the indices of the photos (given by their sha256) that are kept out of training.

    Exactly round(fraction * n) of them, but never all; a photo's rank depends on its content alone.
    """
    ranks = [int(draws.bits(seed, _content_index(sha), f"split {kind}")) for sha in sources]
    wanted = min(round(fraction * len(sources)), len(sources) - 1)
    return frozenset(sorted(range(len(sources)), key=lambda i: (ranks[i], sources[i]))[: max(wanted, 0)])


def _content_index(sha256: str) -> int:
    return int(sha256[:16], 16)


def twins(recipe: Recipe) -> int:
    """Return how many samples share a position: 2 with a mirrored twin, else 1."""
    return 1 if recipe.placement.mirror == "none" else 2


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
        first = draws.integers(recipe.seed, background * n_fg + foreground, "first variant", 0, variants - 1)
        variant = (first + lap) % variants
    return Combination(background, foreground, variant // twins(recipe), variant % twins(recipe))


def scenes(
    recipe: Recipe, catalog: Catalog, indices: ArrayLike, tables: Mapping[int, AreaTable] | None = None
) -> list[Scene]:
    """Return the scene of each index.

    `tables` maps a foreground's index to `area_table(mask)`; it is needed where figures may be cut off
    (`min_visible` < 1), since the visible fraction is counted on the mask.
    """
    which = combinations(recipe, catalog, indices)
    sizes = np.array([(f.width, f.height) for f in catalog.foregrounds], np.int64).reshape(-1, 2)
    width, height = sizes[which.foreground].T
    if recipe.placement.mode == "grid":
        x, y = _grid(recipe, which, width, height)
    elif recipe.placement.clip == "inside" and recipe.placement.min_visible < 1:
        if tables is None:
            raise ValueError("min_visible < 1 needs the foregrounds' area tables")
        x, y = _truncated(recipe, catalog, which, tables)
    else:
        counter = _counter(recipe, catalog, which)
        low, high_x, high_y = _corner_range(recipe, width, height)
        x = draws.integers(recipe.seed, counter, "x", low, high_x)
        y = draws.integers(recipe.seed, counter, "y", low, high_y)
    rows = zip(
        np.asarray(indices).reshape(-1).tolist(),
        which.background.tolist(),
        which.foreground.tolist(),
        which.position.tolist(),
        which.mirrored.tolist(),
        x.tolist(),
        y.tolist(),
        strict=True,
    )
    return [Scene(k, b, p, bool(m), (Figure(f, fx, fy, bool(m)),)) for k, b, f, p, m, fx, fy in rows]


def _counter(recipe: Recipe, catalog: Catalog, which: Combination) -> Ints:
    """Number the draws: one a position, or one a twin where the mirrored figure has its own position."""
    pair = which.background * len(catalog.foregrounds) + which.foreground
    own = which.mirrored if recipe.placement.mirror == "own" else 0
    return (pair * recipe.placement.per_pair + which.position) * 2 + own


def _corner_range(recipe: Recipe, width: Ints, height: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (lowest, highest x, highest y) of the figure's top left corner."""
    if recipe.placement.clip == "2020":
        low, high = max(1, round(recipe.size / 224)), round(120 * recipe.size / 224)
        return np.int64(low) + 0 * width, high + 0 * width, high + 0 * height
    return 0 * width, recipe.size - width, recipe.size - height


def _grid(recipe: Recipe, which: Combination, width: Ints, height: Ints) -> tuple[Ints, Ints]:
    """Return the centres of the cells of the squarest grid with at least `per_pair` cells, row by row."""
    columns = math.ceil(math.sqrt(recipe.placement.per_pair))
    rows = math.ceil(recipe.placement.per_pair / columns)
    low, high_x, high_y = _corner_range(recipe, width, height)
    x = low + (2 * (which.position % columns) + 1) * (high_x - low + 1) // (2 * columns)
    y = low + (2 * (which.position // columns) + 1) * (high_y - low + 1) // (2 * rows)
    return x, y


def area_table(mask: Mask) -> AreaTable:
    """Return the summed-area table of a mask: int64 (height + 1, width + 1), entry [i, j] = mask[:i, :j].sum()."""
    table = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    table[1:, 1:] = mask.cumsum(0).cumsum(1)
    return table


def visible_area(table: AreaTable, x: Ints, y: Ints, flip: NDArray[np.bool_], size: int) -> Ints:
    """Return how many mask pixels lie on the canvas when the cut-out's corner is at (x, y), mirrored where `flip`."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    left, right = np.clip(-x, 0, width), np.clip(size - x, 0, width)
    left, right = np.where(flip, width - right, left), np.where(flip, width - left, right)
    top, bottom = np.clip(-y, 0, height), np.clip(size - y, 0, height)
    return table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]


def fits(recipe: Recipe, mask: Mask) -> bool:
    """Tell whether a cut-out with this mask has a place on the canvas that the recipe allows."""
    if recipe.placement.clip == "2020":
        return True
    if recipe.placement.min_visible >= 1 or recipe.placement.mode == "grid":
        return bool(max(mask.shape) <= recipe.size)
    return _allowed_corners(recipe, area_table(mask)).size > 0


def _allowed_corners(recipe: Recipe, table: AreaTable) -> Ints:
    """Return every allowed corner as (2, n): x and y."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    y, x = np.mgrid[1 - height : recipe.size, 1 - width : recipe.size].reshape(2, -1)
    keep = np.ones(x.shape, bool)
    for flip in (False, True)[: twins(recipe)]:
        seen = visible_area(table, x, y, np.full(x.shape, flip), recipe.size)
        keep &= seen >= recipe.placement.min_visible * table[-1, -1]
    return np.stack([x[keep], y[keep]])


def _truncated(
    recipe: Recipe, catalog: Catalog, which: Combination, tables: Mapping[int, AreaTable]
) -> tuple[Ints, Ints]:
    """Draw corners uniformly among those that leave `min_visible` of the mask on the canvas, for both twins."""
    x, y = np.zeros((2, which.position.size), np.int64)
    counter = _counter(recipe, catalog, which)
    for foreground in np.unique(which.foreground).tolist():
        table = tables[foreground]
        height, width = table.shape[0] - 1, table.shape[1] - 1
        open_ = np.flatnonzero(which.foreground == foreground)
        for attempt in range(_TRIES):
            drawn_x = draws.integers(recipe.seed, counter[open_], f"x try {attempt}", 1 - width, recipe.size - 1)
            drawn_y = draws.integers(recipe.seed, counter[open_], f"y try {attempt}", 1 - height, recipe.size - 1)
            good = np.ones(open_.size, bool)
            for flip in (False, True)[: twins(recipe)]:
                seen = visible_area(table, drawn_x, drawn_y, np.full(open_.size, flip), recipe.size)
                good &= seen >= recipe.placement.min_visible * table[-1, -1]
            x[open_[good]], y[open_[good]] = drawn_x[good], drawn_y[good]
            open_ = open_[~good]
            if not open_.size:
                break
        if open_.size:
            corners = _allowed_corners(recipe, table)
            pick = draws.integers(recipe.seed, counter[open_], "corner", 0, corners.shape[1] - 1)
            x[open_], y[open_] = corners[:, pick]
    return x, y
