"""What is seen of figures, counted: what the frame leaves of them, what nothing hides, and of the part that stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from figureground import native
from figureground.core.nouns import Figure, Mask
from figureground.image.masks import mask_of
from figureground.plan.plausible import View
from figureground.render.composite import Seen

FEET = 0.1  # of a figure's height, from below: what it stands on


def views_of(figures: Sequence[Figure], sprites: Sequence[Seen], masks: Sequence[Mask]) -> list[View]:
    """Return the view of each figure of a scene; `masks`: what is seen of each, bool (height, width)."""
    return [
        view_of(figure, one, mask[one.rows, one.columns])
        for figure, one, mask in zip(figures, sprites, masks, strict=True)
    ]


def view_of(figure: Figure, one: Seen, mask: Mask) -> View:
    """Return the view of a figure; `mask`: what is seen of it in its part of the canvas."""
    low = max(0, figure.y + figure.height - max(1, round(FEET * figure.height)) - one.rows.start)
    if native.kernel is not None:
        return View(*native.kernel.view(one.whole, mask, low))
    whole = mask_of(one.whole)
    seen = mask & whole  # where the soft edges of two figures meet, a pixel may be figure only by both of them
    return View(
        int(np.count_nonzero(whole)),
        int(np.count_nonzero(seen)),
        int(np.count_nonzero(whole[low:])),
        int(np.count_nonzero(seen[low:])),
    )
