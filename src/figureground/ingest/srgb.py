"""A decoded picture of whatever kind -> 8-bit sRGB, with alpha where it has any."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from figureground.core.arrays import Bytes
from figureground.core.errors import SetAsideError
from figureground.image.opened import opened
from figureground.ingest import labels, levels

# how Pillow unpacks 16 bits into 8, by the upper byte; and the way that gives the lower one of the same file
_LOWER = {f"{mode};16{order}": f"{mode};16{other}" for mode in ("RGB", "RGBA") for order, other in ("BL", "LB")}
_LOWER |= {f"{mode};16N": f"{mode};16{'B' if sys.byteorder == 'little' else 'L'}" for mode in ("RGB", "RGBA")}
_BAND = 64  # rows: a large picture is not copied as a whole
_PALETTES = ("1", "P", "PA")
_OTHERS = (*_PALETTES, "YCbCr", "RGBX", "HSV")


def raw_mode(picture: Image.Image) -> str:
    """Return how the values stand in the file of a picture that is not loaded yet, as Pillow calls it; "" unknown."""
    tiles = getattr(picture, "tile", None)
    how = tiles[0][3] if tiles else ""
    found = how[0] if isinstance(how, tuple) and how else how
    return found if isinstance(found, str) else ""


def with_all_bits(picture: Image.Image, data: bytes, raw: str, notes: list[str]) -> Image.Image:
    """Return a loaded picture with 8 bits a value that mean the same brightness; not one of floats.

    `data`: its file.  `raw`: its raw mode.  Raises SetAsideError for values of which nobody says what is white.
    """
    if picture.mode == "F":
        raise SetAsideError("floating-point picture: its white is not defined; save it as 8 or 16 bit")
    if picture.mode.startswith("I"):  # 16-bit grey; mode "I" holds 16-bit PNGs in 32 bits
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 65535:
            raise SetAsideError("32-bit integer picture: its white is not defined; save it as 8 or 16 bit")
        if looks := labels.deep_looks_like(values):
            raise SetAsideError(f"no photo: it looks like {looks}")
        bits = levels.bits_of(values[row : row + _BAND] for row in range(0, len(values), _BAND))
        grey = np.empty(values.shape, np.uint8)
        for row in range(0, len(values), _BAND):
            grey[row : row + _BAND] = levels.eight_bits(values[row : row + _BAND], bits)
        notes += levels.note(bits)
        return Image.fromarray(grey)
    if ";16" in raw and _greatest(picture) < levels.FAINT:
        return _brightened(picture, data, raw, notes)
    return picture


def _greatest(picture: Image.Image) -> int:
    """Return the greatest value of the colours."""
    bands = picture.getextrema()
    if not isinstance(bands[0], tuple):
        return int(bands[1])
    return max(int(band[1]) for band in bands[:3] if isinstance(band, tuple))


def _brightened(picture: Image.Image, data: bytes, raw: str, notes: list[str]) -> Image.Image:
    """Return a picture of 16 bits that needs fewer, read anew with its lower bytes."""
    if raw not in _LOWER or picture.format is None:
        raise SetAsideError("too dark: no 16-bit value is above a quarter of white; save it as 8 bit")
    with opened(data, (picture.format,)) as again:
        again.tile = [tile._replace(args=_lower(tile.args, raw)) for tile in again.tile]
        again.load()

        def bands() -> Iterator[NDArray[np.uint16]]:
            for top in range(0, picture.height, _BAND):
                box = (0, top, picture.width, min(top + _BAND, picture.height))
                yield np.asarray(picture.crop(box)).astype(np.uint16) * 256 + np.asarray(again.crop(box))

        bits = levels.bits_of(band[..., :3] for band in bands())
        if bits == 16:
            return picture
        of_alpha = levels.bits_of(band[..., 3:] for band in bands()) if picture.mode == "RGBA" else 16
        for n, band in enumerate(bands()):  # in its own place: a large picture is not held once more
            even = [levels.eight_bits(band[..., :3], bits), levels.eight_bits(band[..., 3:], of_alpha)]
            picture.paste(Image.fromarray(np.dstack(even)), (0, n * _BAND))
    notes += levels.note(bits)
    return picture


def _lower(how: tuple[Any, ...] | str | None, raw: str) -> tuple[Any, ...] | str:
    return (_LOWER[raw], *how[1:]) if isinstance(how, tuple) else _LOWER[raw]


def reduced(picture: Image.Image, factor: int) -> Image.Image:
    """Return a picture of 8 bits with its sides divided by a whole number, each pixel the mean of those it covers."""
    if picture.mode in _PALETTES:
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "PA" else "RGB")
    small = picture.reduce(factor)
    small.info = dict(picture.info)
    return small


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Return what turns pictures of a colour profile into sRGB; the photos of one camera have one profile."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def to_srgb(picture: Image.Image, notes: list[str]) -> Bytes:
    """Return a picture of 8 bits as uint8 (height, width, 3) in sRGB, or (height, width, 4) where it has alpha."""
    mode, profile = picture.mode, picture.info.get("icc_profile")
    if mode == "RGBA" and not profile:
        return np.asarray(picture)
    alpha: Image.Image | None = None
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        alpha = rgba.getchannel("A")
        picture = rgba.convert("RGB") if mode != "LA" else picture.convert("L")
    if picture.mode in _OTHERS:
        picture = picture.convert("RGB")
    if profile:
        try:
            picture = ImageCms.applyTransform(picture, _transform(profile, picture.mode)) or picture
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            notes.append("colour profile unreadable or of another colour space: taken as sRGB")
    rgb = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))
    return rgb if alpha is None else np.dstack([rgb, np.asarray(alpha)])
