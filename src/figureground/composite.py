"""(scene, pixels) -> image and alpha: all the blending, exact to the rounding of (a*f + (255 - a)*b) / 255."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from figureground.sample import Alpha, Cutout, Figure, Picture, Scene

_OPAQUE = np.array([255], np.uint8)


def blend(front: NDArray[np.uint8], back: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return round((alpha*front + (255 - alpha)*back) / 255), halves up, for uint8 arrays that broadcast.

    No product of this sum is an exact half, so the rounding rule does not matter.  With t = value + 128,
    (t + (t >> 8)) >> 8 is that quotient for every value up to 255*255 (Blinn 1994), and fits into 16 bits.
    """
    a = alpha.astype(np.uint16)
    t = a * front + (255 - a) * back + np.uint16(128)
    return ((t + (t >> np.uint16(8))) >> np.uint16(8)).astype(np.uint8)


def overlap(figure: Figure, height: int, width: int, size: int) -> tuple[slice, slice, slice, slice]:
    """Return (canvas rows, canvas columns, cut-out rows, cut-out columns) where a figure meets the canvas.

    The slices are empty when the figure lies wholly outside.
    """
    top, left = max(figure.y, 0), max(figure.x, 0)
    bottom = max(min(figure.y + height, size), top)
    right = max(min(figure.x + width, size), left)
    return (
        slice(top, bottom),
        slice(left, right),
        slice(top - figure.y, bottom - figure.y),
        slice(left - figure.x, right - figure.x),
    )


def render(scene: Scene, background: Picture, cutouts: Mapping[int, Cutout]) -> tuple[Picture, Alpha]:
    """Return the composite, uint8 (size, size, 3), and the figures' joint alpha, uint8 (size, size).

    Figures are pasted in the order of `scene.figures`, the last on top.  `cutouts` maps a foreground's index to its
    unmirrored RGBA.
    """
    image = background.copy()
    alpha = np.zeros(background.shape[:2], np.uint8)
    for figure in scene.figures:
        cutout = cutouts[figure.foreground]
        if figure.flip:
            cutout = cutout[:, ::-1]
        height, width = cutout.shape[:2]
        rows, columns, from_rows, from_columns = overlap(figure, height, width, background.shape[0])
        piece = cutout[from_rows, from_columns]
        image[rows, columns] = blend(piece[..., :3], image[rows, columns], piece[..., 3:])
        alpha[rows, columns] = blend(_OPAQUE, alpha[rows, columns], piece[..., 3])
    return image, alpha
