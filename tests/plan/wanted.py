"""Figures as rules want them, drawn."""

from __future__ import annotations

import numpy as np

from figureground.core.canvas import Canvas
from figureground.core.job import Heights, Placing
from figureground.core.nouns import SIDES, Appearance, Foreground
from figureground.core.recipe import LookOptions
from figureground.plan import places

GREY = Appearance((40.0, 2.0, 3.0), (15.0, 5.0, 5.0), 0.0, 0.0)


def wanted_of(drawn: np.random.Generator, shape: tuple[int, int]) -> places.Wanted:
    """Return somebody who is cut off at some sides, or at none, and how he is wanted."""
    sides = tuple(side for side in SIDES if drawn.random() < 0.3) if drawn.random() < 0.6 else ()
    height, width = (int(n) for n in drawn.integers(4, 90, 2))
    cutout = Foreground(
        "fg", "", "", "", "", "", height, width, height * width // 2, 1.0, "alpha", GREY,
        (float(drawn.random()), float(drawn.choice([0.6, 0.99, 1.0, 1.2]))), float(drawn.uniform(0.5, 2.5)), cut=sides,
    )  # fmt: skip
    placing = Placing(
        seed=0, canvas=Canvas(*shape), heights=(Heights(0, 2.0, float(drawn.integers(20, 120)), (1.5, 1.9)),),
        weights=(), standing=True, spread=False, as_2020=False, truncated=True,
        min_visible=float(drawn.choice([0.3, 0.5, 0.9, 1.0])), overlap=0.5, per_pair=1, twins=1, own_places=False,
        figures=(1, 1), samples=None, look=LookOptions(), held_out=(0.0, 0.0),
    )  # fmt: skip
    flips = ((False,), (True,), (False, True))[int(drawn.integers(3))]
    return places.Wanted.of(placing, cutout, flips)
