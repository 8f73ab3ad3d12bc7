"""Edgels: the pixels on the outlines and lines of a picture, each with the direction across its line."""

from __future__ import annotations

import numpy as np
from PIL import Image

from figureground.core.arrays import Singles
from figureground.core.nouns import Mask, Picture
from figureground.core.room import Edgels
from figureground.image.filters import box_blur

MOST = 1000  # edgels of a picture: more say the same
_STRAIGHT = 0.85  # coherence of the structure tensor, 0..1: below it, it is a corner or a texture
_FAINT = 2.0  # grey levels a pixel: less is noise
_RIM = 4  # px along the picture's edge, where filters see half


def edgels_of(picture: Picture, stretch: float = 1.0) -> Edgels:
    """Return the edgels of a picture, at most MOST, evenly over those of the stronger half.

    Directions are the structure tensor's (Foerstner and Guelch 1987), over about nine pixels, and an edgel is where
    the slope is steepest across its line (Canny 1986).  `stretch`: by how much columns are farther apart than rows are.
    """
    height, width = picture.shape[:2]
    if min(height, width) <= 2 * _RIM:  # a sliver, as a long panorama is on a canvas that contains it
        return Edgels(np.empty((2, 0), np.float32), np.empty((2, 0), np.float32))
    grey = np.asarray(Image.fromarray(picture).convert("L"), np.float32)[..., None]
    down, across = np.gradient(_smooth(grey, 1)[..., 0])
    steep = np.hypot(across, down)
    xx, yy, xy = np.moveaxis(_smooth(np.stack([across * across, down * down, across * down], -1), 2), -1, 0)
    lean = np.arctan2(2 * xy, xx - yy) / 2
    straight = np.hypot(xx - yy, 2 * xy) > _STRAIGHT * (xx + yy)
    nx, ny = np.cos(lean), np.sin(lean)
    on = straight & (steep > _FAINT) & _is_peak(steep, nx, ny)
    on[:_RIM] = on[-_RIM:] = False
    on[:, :_RIM] = on[:, -_RIM:] = False
    rows, columns = np.nonzero(on)
    strong = steep[rows, columns]
    if len(strong):
        kept = np.flatnonzero(strong >= np.median(strong))
        kept = kept[:: -(-len(kept) // MOST)]
        rows, columns = rows[kept], columns[kept]
    normal = np.stack([nx[rows, columns] / stretch, ny[rows, columns]])
    normal /= np.hypot(*normal)
    place = np.stack([stretch * (columns + 0.5 - width / 2), rows + 0.5 - height / 2]) / height
    return Edgels(place.astype(np.float32), normal.astype(np.float32))


def _smooth(values: Singles, radius: int) -> Singles:
    return box_blur(box_blur(values, radius), radius)


def _is_peak(steep: Singles, nx: Singles, ny: Singles) -> Mask:
    """Tell where the slope is no steeper one pixel on to either side."""
    height, width = steep.shape
    rows, columns = np.indices(steep.shape)

    def beside(sign: int) -> Singles:
        row, column = np.rint(rows + sign * ny).astype(np.intp), np.rint(columns + sign * nx).astype(np.intp)
        return np.asarray(steep[row.clip(0, height - 1), column.clip(0, width - 1)], np.float32)

    return (steep >= beside(1)) & (steep > beside(-1))
