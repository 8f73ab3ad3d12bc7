"""Layers <-> bytes, as the table of layers says.

decode(encode(x)) is x for all but JPEG members, which are lossy by their nature.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.job import Formats
from figureground.core.layers import LAYERS, Coder
from figureground.core.nouns import HALF, DepthMap
from figureground.core.recipe import ImageFormat, ImageOptions
from figureground.core.record import DepthMeaning
from figureground.geometry.codes import DepthCode, dequantise
from figureground.image import png, quick_jpeg, quick_png
from figureground.image.opened import stored_pixels

WHITE = np.uint8(255)  # the value of a mask pixel where masks are stored in 8 bits
Encoded = tuple[str, bytes]  # file suffix, content


def jpeg(values: Bytes, options: ImageOptions) -> bytes:
    """Return a JPEG of RGB (height, width, 3) or grey (height, width) pixels."""
    out = io.BytesIO()
    chroma = {} if values.ndim == 2 else {"subsampling": options.subsampling}
    Image.fromarray(values).save(out, "JPEG", quality=options.quality, optimize=options.optimize, **chroma)
    return out.getvalue()


def _webp(values: Bytes) -> bytes:
    """Return a lossless WebP of RGB pixels; slower methods save 5 % of its bytes in eight times its time."""
    out = io.BytesIO()
    Image.fromarray(values).save(out, "WEBP", lossless=True, exact=True, method=0, quality=20)
    return out.getvalue()


_PHOTOS: dict[ImageFormat, Callable[[NDArray[Any], Formats], Encoded]] = {
    "jpeg": lambda values, formats: ("jpg", jpeg(values, formats.jpeg)),
    "png": lambda values, _: ("png", png.encode(values)),
    "webp": lambda values, _: ("webp", _webp(values)),
}


def _photo(values: NDArray[Any], formats: Formats) -> Encoded:
    return _PHOTOS[formats.image](values, formats)


def _mask(values: NDArray[Any], formats: Formats) -> Encoded:
    # level 6 would save 100 of some 460 B at 224 px, at three times the time
    return ("jpg", jpeg(values * WHITE, formats.jpeg)) if formats.jpeg_masks else ("png", png.encode(values, 1))


def _grey(values: NDArray[Any], formats: Formats) -> Encoded:
    return "png", png.encode(values)


def _depth(values: NDArray[Any], formats: Formats) -> Encoded:
    if formats.jpeg_depth:
        return "jpg", jpeg(values.astype(np.uint8), formats.jpeg)
    return "png", png.encode(values)


_ENCODERS: dict[Coder, Callable[[NDArray[Any], Formats], Encoded]] = {
    "photo": _photo,
    "mask": _mask,
    "grey": _grey,
    "depth": _depth,
}


def encode(layer: str, values: NDArray[Any], formats: Formats) -> Encoded:
    """Return a layer's (file suffix, bytes).  `values`: as in a Sample, but depth as codes."""
    return _ENCODERS[LAYERS[layer].coder](values, formats)


# kind of array -> its dimensions, and the types that its stored values may have
_STORED: dict[Coder, tuple[int, tuple[type[np.generic], ...]]] = {
    "photo": (3, (np.uint8,)),
    "mask": (2, (np.uint8,)),
    "grey": (2, (np.uint8,)),
    "depth": (2, (np.uint8, np.uint16)),
}


# kind of array -> what reads some of its files sooner than Pillow, to the same values
_QUICK: dict[Coder, Callable[[bytes, tuple[int, int] | None], NDArray[Any] | None]] = {
    "photo": quick_jpeg.decoded,
    "depth": quick_png.codes,
}


def decode(
    layer: str, data: bytes, meaning: DepthMeaning | None = None, shape: tuple[int, int] | None = None
) -> NDArray[Any] | DepthMap:
    """Return a layer as a Sample has it; `meaning` is needed for depth.  Arrays are writable and shared with nobody.

    JPEGs by simplejpeg where it is installed, and depth of 16 bits by the kernel: their values are Pillow's.

    `shape`: the (height, width) that it has to have.  Raises ValueError, and nothing else, for what is no such layer.
    """
    coder = LAYERS[layer].coder
    if coder == "mask" and (mask := quick_png.mask(data, shape)) is not None:
        return mask
    quick = _QUICK.get(coder)
    values = None if quick is None else quick(data, shape)
    if values is None:
        values = pixels(data, shape)
    dimensions, kinds = _STORED[coder]
    if values.ndim != dimensions or values.shape[2:] not in ((), (3,)) or values.dtype not in kinds:
        raise ValueError(f"{layer} is a picture of {values.dtype} {values.shape}")
    if coder == "depth":
        if meaning is None:
            raise ValueError(f"the record does not say what {layer} means")
        return dequantise(depth_code(values, meaning))
    if coder == "mask":
        return values >= HALF
    return values if values.flags.writeable else values.copy()


def pixels(data: bytes, shape: tuple[int, int] | None = None) -> NDArray[Any]:
    """Return a member's stored values: uint8 (h, w, 3), uint8 (h, w) (1-bit masks as 0 and 255) or uint16 (h, w).

    What datasets are made of and held to: by Pillow alone, whatever else is installed to read them faster.  Raises
    ValueError for what is no picture of ours, or not of the (height, width) that is wanted.
    """
    return stored_pixels(data, shape)


def depth_code(codes: NDArray[Any], meaning: DepthMeaning) -> DepthCode:
    """Return stored codes with their meaning."""
    return DepthCode(codes, meaning.scale, meaning.offset, meaning.invalid, meaning.unit, meaning.direction)
