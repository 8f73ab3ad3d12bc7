"""The values of a mask's picture -> alpha: soft or two-level, in colours, ids, a palette, 1, 8 or 16 bits, inverted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.errors import SetAsideError
from figureground.core.nouns import Alpha
from figureground.image.masks import mask_of

_MOST_ID = 64  # whole numbers up to it are ids of classes or objects where a mask has no larger one
_VOID = 255  # what VOC and its kin call "not labelled"
_SPREAD = 24  # from black and white: how far JPEG leads the values of a two-level mask astray


def alpha_of(picture: Image.Image) -> tuple[Alpha, tuple[str, ...]]:
    """Return the alpha, uint8 (height, width), that a decoded mask of any kind means, and notes.

    Raises SetAsideError for pictures that are no masks.
    """
    values, notes = _values(picture)
    alpha, more = _scaled(values)
    if picture.format == "JPEG":
        alpha = _without_ringing(alpha)
    return alpha, (*notes, *more)


def straightened(alpha: Alpha) -> tuple[Alpha, tuple[str, ...]]:
    """Return a mask with the figure white, and a note where it had a white ground.

    White along the top and both sides and black within is a ground; a figure seldom fills the border, and never has
    its hole there.
    """
    mask = mask_of(alpha)
    border = np.concatenate([mask[0], mask[:, 0], mask[:, -1]])
    corners = np.array([mask[0, 0], mask[0, -1]])
    if border.mean() > 0.9 and corners.all() and 0.02 < (~mask).mean() < 0.98:
        return np.asarray(255 - alpha, np.uint8), ("its mask is white around the figure: taken the other way round",)
    return alpha, ()


def _values(picture: Image.Image) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return the one channel that says something: whole numbers (height, width)."""
    if picture.mode == "P":
        return _of_palette(picture)
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.int64), ()
    if picture.mode == "1":
        return np.asarray(picture.convert("L")), ()
    if picture.mode in ("L", "F"):
        if picture.mode == "F":
            return np.rint(255 * np.clip(np.asarray(picture), 0, 1)).astype(np.uint8), ()
        return np.asarray(picture), ()
    pixels = np.asarray(picture.convert("RGBA"))
    alpha = pixels[..., 3]
    if alpha.min() < 255 and (alpha >= 128).any():
        return alpha, ("its mask is the alpha channel of a picture",)
    return _of_colours(pixels[..., :3])


def _of_palette(picture: Image.Image) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return the greys of a palette picture, or its indices where the palette has colours or says nothing."""
    indices = np.asarray(picture)
    flat = picture.getpalette() or []
    table = np.array(flat, np.uint8).reshape(-1, 3)
    used = np.unique(indices)
    colours = table[used[used < len(table)]].astype(np.int16)
    if len(colours) and int(np.ptp(colours, axis=1).max()) == 0 and int(np.ptp(colours[:, 0])) > 0:
        return np.asarray(picture.convert("L")), ()
    return indices.astype(np.int64) % 256, ()


def _of_colours(rgb: Bytes) -> tuple[NDArray[Any], tuple[str, ...]]:
    spread = np.ptp(rgb.astype(np.int16), axis=2)
    if int(spread.max()) <= _SPREAD:
        return rgb[..., 1], ()
    step = max(1, rgb.shape[0] // 256)
    codes = rgb[::step].astype(np.int64) @ np.array([65536, 256, 1])
    values, counts = np.unique(codes, return_counts=True)
    if (np.sort(counts)[::-1][:64].sum() < 0.98 * codes.size) or not (codes == 0).any():
        raise SetAsideError(f"its mask is a colour picture of {values.size} colours, not a mask")
    lit = np.where(rgb.max(-1) > _SPREAD, np.uint8(255), np.uint8(0))
    return lit, (f"its mask has {values.size} colours: all but black is figure",)


def _scaled(values: NDArray[Any]) -> tuple[Alpha, tuple[str, ...]]:
    """Return whole numbers as alpha: 0..255 or 0..65535 as they are, small ids as figure."""
    if int(values.min()) < 0:
        raise SetAsideError("its mask has negative values")
    known = values[values != _VOID]
    top = int(known.max()) if known.size else _VOID
    if 0 < top <= _MOST_ID and np.unique(known).size <= _MOST_ID:
        alpha = np.where((values > 0) & (values != _VOID), np.uint8(255), np.uint8(0))
        void = "; 255 counts as not labelled" if int(values.max()) == _VOID else ""
        return alpha, (f"its mask has values up to {top}: every one above 0 is figure{void}",)
    if int(values.max()) > 65535:
        raise SetAsideError("its mask has values above 65535")
    if int(values.max()) > 255:
        wide: Alpha = ((values.astype(np.int64) + 128) // 257).astype(np.uint8)
        return wide, ()
    return values.astype(np.uint8), ()


def _without_ringing(alpha: Alpha) -> Alpha:
    """Return a JPEG's alpha with what lies near black or white made so: its coding leaves veils around edges."""
    wide = (alpha.astype(np.float32) - _SPREAD) * np.float32(255 / (255 - 2 * _SPREAD))
    found: Alpha = np.rint(np.clip(wide, 0, 255)).astype(np.uint8)
    return found
