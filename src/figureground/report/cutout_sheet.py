"""The contact sheet of a folder's cut-outs: each photo beside what was cut out of it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.nouns import Picture
from figureground.report.sheet import contact_sheet, fit

SHOWN = 120  # photos on a sheet, at most
SIDE, BETWEEN = 200, 4  # px of a picture, and between a photo and its cut-out
_WIDE, _LINES = 62, 2  # letters in a line below a tile, and lines for what is doubtful


@dataclass(frozen=True, eq=False)
class Shown:
    """A photo's name, what is said of its cut-out, whether it is set aside, why it is doubtful or so; and its pictures,
    None where they cannot be read: uint8 (h, w, 3), and (h, w, 4), or (h, w) for a matte."""

    name: str
    says: str
    set_aside: bool
    doubt: str
    photo: NDArray[np.uint8] | None
    cutout: NDArray[np.uint8] | None


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture with or without alpha, or a matte, at most SIDE px large."""
    image = Image.fromarray(pixels)
    scale = min(1.0, SIDE / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def cutout_sheet(shown: Sequence[Shown], says: str) -> Picture:
    """Return the sheet of some photos in their order, those with a doubt framed; `says`: of how many."""
    columns = min(6, max(2, math.ceil(math.sqrt(len(shown) / 2))))
    tiles = [_tile(one) for one in shown]
    marked = [k for k, one in enumerate(shown) if one.doubt]
    tile = SIDE, 2 * SIDE + BETWEEN
    return contact_sheet(tiles, [_caption(one) for one in shown], columns, tile, "Cut-outs", says, marked)


def _tile(one: Shown) -> Picture:
    """Return the photo, and beside it its cut-out; an empty place for what is not there."""
    empty = np.full((1, 1, 3), 234, np.uint8)
    made = np.full((SIDE, 2 * SIDE + BETWEEN, 3), 250, np.uint8)
    made[:, :SIDE] = fit(empty if one.photo is None else one.photo, (SIDE, SIDE))
    made[:, SIDE + BETWEEN :] = fit(empty if one.cutout is None else one.cutout, (SIDE, SIDE))
    return made


def _caption(one: Shown) -> str:
    reason = f"set aside: {one.doubt}" if one.set_aside else f"doubtful: {one.doubt}" if one.doubt else ""
    lines = textwrap.wrap(reason, _WIDE, max_lines=_LINES, placeholder=" ...")
    return "\n".join([one.name.replace("\n", " "), *([one.says] if one.says else []), *lines])
