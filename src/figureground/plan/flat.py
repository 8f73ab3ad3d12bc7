"""Figures without geometry: corners drawn, evenly spread, or wherever enough of the figure stays in the frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from figureground.core import random
from figureground.core.arrays import Ints
from figureground.core.random import content_index
from figureground.core.recipe import Recipe
from figureground.core.sample import Background, Catalog, Figure, Foreground, Mask
from figureground.image.masks import AreaTable, area_table, visible_area
from figureground.plan.ground import TRIES, Sight, enough, looked, needed, resized

_TRIES = 64  # rejection draws before all positions are listed; reached only by figures that hardly fit


def figure_height(recipe: Recipe, source_sha256: str) -> int:
    """Return the height in px to which a foreground is scaled; it hangs on the photo's content, not on its name."""
    low, high = (max(1, round(h * recipe.size / 224)) for h in recipe.foregrounds.height)
    return int(random.integers(recipe.seed, content_index(source_sha256), "figure height", low, high))


def flat_size(recipe: Recipe, cutout: Foreground) -> tuple[int, int]:
    """Return (width, height) of a figure that finds no place on the floor: its height in px, within the canvas."""
    height = min(figure_height(recipe, cutout.source_sha256), int(recipe.size * cutout.height / cutout.width))
    return resized(cutout, max(1, height))


def corners(
    recipe: Recipe, catalog: Catalog, foreground: Ints, position: Ints, counter: Ints, sight: Sight | None
) -> tuple[Ints, Ints]:
    """Return corners (n, 2) and sizes (n, 2), x first, of figures that are placed without geometry.

    `foreground` and `position` of each, and the number that its draws count with.
    """
    ground = recipe.placement.mode == "ground"
    mode = recipe.placement.no_floor if ground else recipe.placement.mode
    shapes = [flat_size(recipe, f) if ground else (f.width, f.height) for f in catalog.foregrounds]
    sizes = np.array(shapes, np.int64).reshape(-1, 2)[foreground]
    width, height = sizes.T
    if mode == "grid":
        x, y = _grid(recipe, position, width, height)
    elif not ground and recipe.placement.clip == "inside" and recipe.placement.min_visible < 1:
        x, y = _truncated(recipe, foreground, counter, needed(sight))
    else:
        low, high_x, high_y = _corner_range(recipe, width, height)
        x = random.integers(recipe.seed, counter, "x", low, high_x)
        y = random.integers(recipe.seed, counter, "y", low, high_y)
    return np.stack([x, y], -1), sizes


def _corner_range(recipe: Recipe, width: Ints, height: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (lowest, highest x, highest y) of the figure's top left corner."""
    if recipe.placement.clip == "2020":
        low, high = max(1, round(recipe.size / 224)), round(120 * recipe.size / 224)
        return np.int64(low) + 0 * width, high + 0 * width, high + 0 * height
    return 0 * width, recipe.size - width, recipe.size - height


def _grid(recipe: Recipe, position: Ints, width: Ints, height: Ints) -> tuple[Ints, Ints]:
    """Return the centres of the cells of the squarest grid with at least `per_pair` cells, row by row."""
    columns = math.ceil(math.sqrt(recipe.placement.per_pair))
    rows = math.ceil(recipe.placement.per_pair / columns)
    low, high_x, high_y = _corner_range(recipe, width, height)
    x = low + (2 * (position % columns) + 1) * (high_x - low + 1) // (2 * columns)
    y = low + (2 * (position // columns) + 1) * (high_y - low + 1) // (2 * rows)
    return x, y


def fits(recipe: Recipe, mask: Mask) -> bool:
    """Tell whether a cut-out with this mask has a place on the canvas that the recipe allows."""
    if recipe.placement.clip == "2020" or recipe.placement.mode == "ground":
        return True
    if recipe.placement.min_visible >= 1 or recipe.placement.mode == "grid":
        return bool(max(mask.shape) <= recipe.size)
    return _allowed_corners(recipe, area_table(mask)).size > 0


def twins(recipe: Recipe) -> int:
    """Return how many samples share a position: 2 with a mirrored twin, else 1."""
    return 1 if recipe.placement.mirror == "none" else 2


def _allowed_corners(recipe: Recipe, table: AreaTable) -> Ints:
    """Return every allowed corner as (2, n): x and y."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    y, x = np.mgrid[1 - height : recipe.size, 1 - width : recipe.size].reshape(2, -1)
    keep = np.ones(x.shape, bool)
    for flip in (False, True)[: twins(recipe)]:
        seen = visible_area(table, x, y, np.full(x.shape, flip), recipe.size)
        keep &= seen >= recipe.placement.min_visible * table[-1, -1]
    return np.stack([x[keep], y[keep]])


def _truncated(recipe: Recipe, foreground: Ints, counter: Ints, sight: Sight) -> tuple[Ints, Ints]:
    """Draw corners uniformly among those that leave `min_visible` of the mask on the canvas, for both twins."""
    x, y = np.zeros((2, foreground.size), np.int64)
    for number in np.unique(foreground).tolist():
        table = sight.table(number)
        height, width = table.shape[0] - 1, table.shape[1] - 1
        open_ = np.flatnonzero(foreground == number)
        for attempt in range(_TRIES):
            drawn_x = random.integers(recipe.seed, counter[open_], f"x try {attempt}", 1 - width, recipe.size - 1)
            drawn_y = random.integers(recipe.seed, counter[open_], f"y try {attempt}", 1 - height, recipe.size - 1)
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
            pick = random.integers(recipe.seed, counter[open_], "corner", 0, corners.shape[1] - 1)
            x[open_], y[open_] = corners[:, pick]
    return x, y


def beside(
    recipe: Recipe,
    background: tuple[int, Background],
    foreground: tuple[int, Foreground],
    counter: int,
    turn: int,
    flips: Sequence[bool],
    strengths: Sequence[float],
    before: Sequence[Sequence[Figure]],
    sight: Sight,
) -> tuple[Figure, ...] | None:
    """Return another figure without geometry, inside the frame, or None where it would hide too much."""
    (b, room), (f, cutout) = background, foreground
    width, height = flat_size(recipe, cutout)
    for attempt in range(TRIES):
        x = int(random.integers(recipe.seed, counter * TRIES + attempt, f"x {turn}", 0, recipe.size - width))
        y = int(random.integers(recipe.seed, counter * TRIES + attempt, f"y {turn}", 0, recipe.size - height))
        found = tuple(
            looked(Figure(f, x, y, width, height, flip), room, cutout, strengths, recipe.size) for flip in flips
        )
        if all(enough(recipe, b, (*own, figure), sight) for own, figure in zip(before, found, strict=True)):
            return found
    return None
