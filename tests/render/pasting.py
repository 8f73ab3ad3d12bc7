"""A figure ready to be pasted, of its cut-out alone."""

from __future__ import annotations

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Alpha, Cutout, Figure
from figureground.render.composite import Sprite, seen_of, sprite


def sprite_of(
    figure: Figure,
    cutout: Cutout,
    margin: int,
    canvas: Canvas,
    hidden: Alpha | None = None,
    relief: Bytes | None = None,
) -> Sprite:
    """Return what `sprite` does; arguments are as for `seen_of` and `sprite`."""
    return sprite(figure, seen_of(figure, cutout[..., 3], margin, canvas, hidden), cutout, margin, canvas, relief)
