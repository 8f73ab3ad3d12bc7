"""Where and how large a figure is: drawn on the floor with the height that perspective gives it, or without geometry.

The figures of a scene come one after the other; a draw is rejected where too little of it, or of an earlier figure,
would be seen.  Every draw is a pure function of its counter, so a scene does not depend on any other.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from figureground.core import random
from figureground.core.arrays import Ints
from figureground.core.recipe import Recipe
from figureground.core.sample import Background, Figure, Foreground, Look
from figureground.geometry.perspective import figure_heights
from figureground.image.masks import mask_of
from figureground.render.composite import Layer, seen

TRIES = 24
_SPREAD_TRIES = 96  # places looked at, evenly over the floor, when all draws have failed


class Sight(Protocol):
    """What placing needs to know of pixels.  The same arguments give the same answer."""

    def table(self, foreground: int) -> NDArray[np.int64]:
        """Return `frame.area_table` of the cut-out's mask."""
        ...

    def floor(self, background: int) -> Ints:
        """Return the (x, y) pixels that show floor of known depth, int64 (n, 2), row by row."""
        ...

    def inverse_depth(self, background: int, x: int, y: int) -> float:
        """Return the background's inverse depth at a pixel."""
        ...

    def layer(self, background: int, figure: Figure) -> Layer:
        """Return the figure as it would be pasted there."""
        ...


def needed(sight: Sight | None) -> Sight:
    if sight is None:
        raise ValueError("these scenes need the photos' pixels: give `sight`")
    return sight


def resized(cutout: Foreground, height: int) -> tuple[int, int]:
    """Return (width, height) of a cut-out at a height."""
    return max(1, round(cutout.width * height / cutout.height)), height


def figure_at(cutout: Foreground, number: int, contact: tuple[int, int], height: int, flip: bool, q: float) -> Figure:
    """Return the figure of a height whose foot is on the pixel `contact`, at inverse depth q."""
    width, height = resized(cutout, height)
    column = min(int(cutout.foot[0] * width), width - 1)
    row = min(int(cutout.foot[1] * height), height - 1)
    x = contact[0] - (width - 1 - column if flip else column)
    return Figure(number, x, contact[1] - row, width, height, flip, q, contact)


def looked(figure: Figure, background: Background, cutout: Foreground, strengths: Sequence[float], size: int) -> Figure:
    """Return the figure with its look; `strengths`: shadow, colour, sharpness, noise and feather as drawn."""
    shadow, colour, sharpness, noise, feather = strengths
    ratio = min(1.0, figure.height / cutout.height)
    own, other = cutout.look, background.look
    missing = max(0.0, other.blur**2 - (own.blur * ratio) ** 2)
    blur = math.sqrt(sharpness**2 * missing + (feather * size / 224) ** 2)
    grain = noise * math.sqrt(max(0.0, other.noise**2 - (own.noise * ratio) ** 2))
    look = Look(
        round(shadow, 3) if figure.stands else 0.0,
        round(colour, 3),
        round(blur, 2) if blur >= 0.2 else 0.0,  # less changes no pixel that an eye could tell
        round(grain, 2) if grain >= 0.3 else 0.0,
    )
    return dataclasses.replace(figure, look=look)


def limits(recipe: Recipe, cutout: Foreground) -> tuple[float, float]:
    """Return the least and greatest height in px of a standing figure; no cut-out is enlarged more than twice."""
    low, high = (h * recipe.size / 224 for h in recipe.placement.size)
    return low, min(high, 2 * cutout.height)


def stand(
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
    """Return a figure on the floor, once for each flip, or None where the floor has no place for it.

    `turn`: its number in the scene.  `before`: the scene's earlier figures for each flip.
    """
    number_b, room = background
    number_f, cutout = foreground
    floor = sight.floor(number_b)
    if room.ground is None or not floor.size:
        return None
    low, high = limits(recipe, cutout)
    drawn = random.integers(recipe.seed, counter * TRIES + np.arange(TRIES), f"stand {turn}", 0, floor.shape[0] - 1)
    for places in (floor[drawn], None):
        if places is None:  # all draws have failed
            spread = np.linspace(0, floor.shape[0] - 1, min(_SPREAD_TRIES, floor.shape[0]))
            places = floor[spread.round().astype(np.int64)]
        heights = figure_heights(room.ground, cutout.real_height, places[:, 0] + 0.5, places[:, 1] + 1.0, recipe.size)
        for k in np.flatnonzero((heights >= low) & (heights <= high)).tolist():
            contact = int(places[k, 0]), int(places[k, 1])
            q = float(f"{sight.inverse_depth(number_b, *contact):.6g}")
            if not q > 0:
                continue
            found = tuple(
                looked(
                    figure_at(cutout, number_f, contact, round(float(heights[k])), flip, q),
                    room,
                    cutout,
                    strengths,
                    recipe.size,
                )
                for flip in flips
            )
            if _in_frame(recipe, found) and all(
                enough(recipe, number_b, (*earlier, figure), sight)
                for figure, earlier in zip(found, before, strict=True)
            ):
                return found
    return None


def _in_frame(recipe: Recipe, figures: Sequence[Figure]) -> bool:
    """Tell, before anything is rendered, whether the figures' boxes lie within the frame as far as they must."""
    least = recipe.placement.min_visible
    for f in figures:
        inside_y = min(f.y + f.height, recipe.size) - max(f.y, 0)
        inside_x = min(f.x + f.width, recipe.size) - max(f.x, 0)
        if inside_y <= 0 or inside_x <= 0 or (least >= 1 and (inside_y < f.height or inside_x < f.width)):
            return False
    return True


def enough(recipe: Recipe, background: int, figures: Sequence[Figure], sight: Sight) -> bool:
    """Tell whether of every figure of a scene enough is seen, and not too much is hidden by other figures."""
    layers = [sight.layer(background, figure) for figure in figures]
    least, most = recipe.placement.min_visible, recipe.placement.overlap
    if any(mask_area(one) < least * one.area for one in layers):
        return False
    if len(layers) == 1:
        return True
    order = in_order(figures)
    for k, mask in zip(order, seen([layers[k] for k in order], recipe.size), strict=True):
        area, alone = int(mask.sum()), mask_area(layers[k])
        if area < least * layers[k].area or area < (1 - most) * alone:
            return False
    return True


def in_order(figures: Sequence[Figure]) -> tuple[int, ...]:
    """Return the figures' numbers from far to near: by inverse depth, without geometry by how far down they reach."""
    return tuple(
        sorted(range(len(figures)), key=lambda i: (figures[i].inverse_depth, figures[i].y + figures[i].height, i))
    )


def mask_area(one: Layer) -> int:
    """Return the mask pixels of a layer that nothing of the background hides."""
    return int(np.count_nonzero(mask_of(one.visible)))
