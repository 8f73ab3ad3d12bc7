"""Poisson blending: a figure's colours are moved so that no step is left at its outline (Perez, Gangnet, Blake 2003).

Inside the mask the gradients stay the figure's own.  What is added to its colours, the membrane, is as smooth as can
be, and goes over into the difference to what is behind at the outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Bools, Singles
from figureground.core.nouns import Alpha, Mask, Picture
from figureground.image.masks import mask_of
from figureground.image.membrane import membrane, spread

_NEIGHBOURS = ((0, 1), (1, 0), (1, 2), (2, 1))


@dataclass(frozen=True, eq=False)
class Behind:
    """What is behind a part of the canvas of (h, w) px and a ring of one more.

    `colour`: uint8 (h + 2, w + 2, 3).  `open`: bool (h + 2, w + 2), where that is on the canvas and not hidden.
    """

    colour: Picture
    open: Bools


def behind(image: Picture, before: Mask | None, rows: slice, columns: slice) -> Behind:
    """Return what is behind a part of the canvas; `before`: where it is hidden, bool of the canvas, None: nowhere."""
    height, width = rows.stop - rows.start + 2, columns.stop - columns.start + 2
    colour, is_open = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.bool_)
    top, left = rows.start - 1, columns.start - 1
    here = slice(max(top, 0), top + height), slice(max(left, 0), left + width)
    shown = image[here]
    y, x = here[0].start - top, here[1].start - left
    there = slice(y, y + shown.shape[0]), slice(x, x + shown.shape[1])
    colour[there] = shown
    is_open[there] = True if before is None else ~before[here]
    return Behind(colour, is_open)


def seamless(colour: Picture, whole: Alpha, visible: Alpha, around: Behind, strength: float) -> Picture:
    """Return a figure's colours, uint8 (h, w, 3), with the membrane times `strength` added, kept within 0..255.

    `whole`, `visible`: its alpha with nothing before it, and what the background's nearer things leave of it; `around`:
    of its part of the canvas.  The outline is free, and ties nothing, by the edge of the canvas, where something hides
    it, and beside what hides the background; where it is free everywhere, colours stay as they are.  Px outside the
    mask, soft ones too, take what is added to the mask beside them.
    """
    inside = mask_of(whole)
    links, given = _ties(colour, inside, inside & mask_of(visible), around)
    if not links.any():
        return colour
    added = spread(membrane(inside, links, given), inside)
    added *= np.float32(strength)
    added += colour.transpose(2, 0, 1)
    np.rint(np.minimum(np.maximum(added, 0, out=added), 255, out=added), out=added)
    return np.ascontiguousarray(added.transpose(1, 2, 0), np.uint8)


def _ties(colour: Picture, inside: Mask, seen: Mask, around: Behind) -> tuple[Singles, Singles]:
    """Return how many px beyond the outline each px of a mask is tied to, (h, w), and the sum of what these have more
    than it, (3, h, w)."""
    height, width = inside.shape
    seen = seen & around.open[1:-1, 1:-1]
    beyond = around.open.copy()
    beyond[1:-1, 1:-1] &= ~inside
    links, given = np.zeros((height, width), np.float32), np.zeros((3, height, width), np.float32)
    for dy, dx in _NEIGHBOURS:
        rows, columns = np.nonzero(seen & beyond[dy : dy + height, dx : dx + width])
        links[rows, columns] += 1
        more = around.colour[rows + dy, columns + dx].astype(np.float32) - colour[rows, columns]
        given[:, rows, columns] += more.T
    return links, given
