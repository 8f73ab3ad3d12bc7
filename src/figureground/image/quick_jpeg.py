"""JPEGs decoded by simplejpeg, where it is installed: the pixels that Pillow gives, in about half its time.

Both have libjpeg-turbo inside.  With its exact DCT and its smooth upsampling of chroma, which are the defaults of both,
they give equal pixels; `tests/image/test_quick_jpeg.py` holds that over sizes, qualities and subsamplings.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

from figureground.core.arrays import Bytes
from figureground.image.opened import DAMAGED, MOST_STORED

_SPACES = {"YCbCr": "RGB", "Gray": "GRAY"}  # of the file -> of the pixels; Pillow has other ways with all others


@functools.cache
def simplejpeg() -> ModuleType | None:
    """Return the library, or None where it is not installed."""
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None


def decoded(data: bytes, shape: tuple[int, int] | None = None) -> Bytes | None:
    """Return the pixels of a JPEG, uint8 (height, width, 3) or (height, width), writable and shared with nobody.

    None for all that has to be left to Pillow: what is no JPEG of ours, not of the (height, width) that is wanted,
    larger than any dataset has, damaged in any way; and where the library is missing.  Sizes are read off the header,
    before there is memory for the pixels.
    """
    library = simplejpeg()
    if library is None or not data.startswith(b"\xff\xd8\xff"):
        return None
    try:
        height, width, space, _ = library.decode_jpeg_header(data)
        if space not in _SPACES or height * width > MOST_STORED or (shape is not None and (height, width) != shape):
            return None
        pixels: Bytes = library.decode_jpeg(data, _SPACES[space])
    except DAMAGED:
        return None
    return pixels if space == "YCbCr" else pixels[..., 0]
