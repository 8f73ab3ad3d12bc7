"""A cut-out at its photo's own size: the figure is found on a reduced copy, its edge drawn by the photo itself.

Alpha is enlarged as a fast guided filter does it (`image/guided.py`).  Edge colours are told from the ground's by what
the copy shows around them.  Work goes tile by tile: beside the photo and the cut-out it takes the same memory for
every size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from figureground.core.arrays import Bytes, Singles
from figureground.core.nouns import Alpha, Box, Cutout, Picture
from figureground.image import guided
from figureground.image.filters import box_blur
from figureground.ingest.cutout import ALONE, Ways, cut_out, working
from figureground.ingest.matting import NARROW, WIDE, blurred, unmixed
from figureground.ingest.straight import straightened

TILE = 512  # px
VEIL = np.float32(0.03)  # this little alpha is none, and this little less than all is all
WINDOWS = 192  # radii in the copy's longer side


def cut_at_own_size(pixels: Bytes, method: str, ways: Ways = ALONE) -> tuple[Cutout, str, Alpha, tuple[str, ...]]:
    """Return RGBA of the photo's size with clean edge colours, the method that made it, alpha as it was judged, doubts.

    Photos that are no larger than what ingest works on, and those with alpha, come out as ingest cuts them.  Colours
    far from the figure are 0.  Raises SetAsideError as `cut_out` does.
    """
    if pixels.shape[2] == 4:
        pixels, _ = straightened(pixels)
    copy = working(pixels)
    cut = cut_out(copy, method, ways)
    small, how = cut.pixels, cut.method
    made = small
    if copy.shape[:2] != pixels.shape[:2]:
        if how == "alpha":
            made = cut_out(pixels, method, ways).pixels
        else:
            made = enlarged(pixels[..., :3], copy[..., :3], small[..., 3])
    return made, how, small[..., 3], cut.doubts


def enlarged(picture: Picture, copy: Picture, alpha: Alpha) -> Cutout:
    """Return the RGBA cut-out of a picture, of whose reduced copy the alpha is known."""
    made: Cutout = np.zeros((*picture.shape[:2], 4), np.uint8)
    lines = _bands(guided.lines(copy, alpha.astype(np.float32) / np.float32(255), _radius(alpha)))
    around = _bands(_around(copy, alpha))
    for y in range(0, picture.shape[0], TILE):
        for x in range(0, picture.shape[1], TILE):
            tile = picture[y : y + TILE, x : x + TILE]
            box = x, y, x + tile.shape[1], y + tile.shape[0]
            near = _part(around[-1:], box, picture.shape)[..., 0] > 0
            if near.any():
                made[y : box[3], x : box[2], 3] = matte = _alpha(tile, _part(lines, box, picture.shape))
                made[y : box[3], x : box[2], :3] = _colours(tile, matte, _part(around[:-1], box, picture.shape))
    return made


def _radius(alpha: Alpha) -> int:
    """Return the radius of the windows, px of the copy: 4 where it has 768."""
    longer: int = max(alpha.shape)
    return max(2, round(longer / WINDOWS))


def _around(copy: Picture, alpha: Alpha) -> Singles:
    """Return the colours of figure and ground around each pixel, 0..1, and whether any figure is near: (h, w, 7)."""
    image, a = copy.astype(np.float32) / np.float32(255), alpha[..., None].astype(np.float32) / np.float32(255)
    front, back = blurred(a, image, image, WIDE)
    front, back = blurred(a, unmixed(image, a, front, back), back, NARROW)
    near = box_blur(a, max(NARROW, 2 * _radius(alpha))) > 0  # no farther do the linear functions reach
    return np.concatenate([front, back, near.astype(np.float32)], -1)


def _bands(values: Singles) -> list[Image.Image]:
    """Return values (h, w, n) as n pictures, which Pillow enlarges."""
    return [Image.fromarray(np.ascontiguousarray(values[..., k])) for k in range(values.shape[-1])]


def _part(bands: Sequence[Image.Image], box: Box, shape: tuple[int, ...]) -> Singles:
    """Return what a box of the picture shows of some bands of its copy, enlarged to the box: (h, w, n), bilinear."""
    size = box[2] - box[0], box[3] - box[1]
    across, down = bands[0].width / shape[1], bands[0].height / shape[0]
    seen = box[0] * across, box[1] * down, box[2] * across, box[3] * down
    return np.stack([np.asarray(band.resize(size, Image.Resampling.BILINEAR, seen)) for band in bands], -1)


def _alpha(tile: Picture, lines: Singles) -> Alpha:
    """Return the alpha of a tile of the picture, of what the linear functions say of its colours."""
    values = (guided.asked(tile, lines) - VEIL) / (1 - 2 * VEIL)
    found: Alpha = np.rint(255 * values.clip(0, 1)).astype(np.uint8)
    return found


def _colours(tile: Picture, alpha: Alpha, around: Singles) -> Picture:
    """Return the colours of a tile of the cut-out; 0 where no figure is around, so that no hidden ground is kept."""
    if (alpha == 255).all():
        return tile
    image, a = tile.astype(np.float32) / np.float32(255), alpha[..., None].astype(np.float32) / np.float32(255)
    colours = unmixed(image, a, around[..., :3], around[..., 3:])
    found: Picture = np.rint(np.float32(255) * colours).astype(np.uint8)
    return found
