"""Pictures opened by the few formats that are meant, and by no other; those of a dataset decoded within their limits.

Pillow tries every format that it knows unless it is told which, and some of those start other programs (EPS:
Ghostscript) or read what a stranger's header points to.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from figureground.core.errors import printable

STORED = ("PNG", "JPEG", "WEBP")  # what this package writes
MOST_STORED = 40_000_000  # px of a picture that this package writes: a cut-out five times as high as the largest canvas
# what Pillow's decoders raise for files that are not what they seem, and what a damaged EXIF block makes it raise
DAMAGED = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, ArithmeticError, RuntimeError, struct.error, zlib.error),
    *(TypeError, AttributeError, AssertionError, MemoryError),
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def opened(data: bytes, formats: tuple[str, ...] = STORED) -> ImageFile.ImageFile:
    """Return a picture of one of these formats, not yet decoded.  Raises what Pillow raises."""
    return Image.open(io.BytesIO(data), formats=formats)


def stored_pixels(data: bytes, shape: tuple[int, int] | None = None) -> NDArray[Any]:
    """Return the values of a picture that this package wrote: uint8 (h, w, 3 or 4), uint8 (h, w), 1-bit ones as 0 and
    255, or uint16 (h, w).

    `shape`: the (height, width) that it has to have, which is held to before anything is decoded.  Raises ValueError,
    and nothing else, for whatever is no such picture.
    """
    try:
        with opened(data) as picture:
            width, height = picture.size
            if shape is not None and (height, width) != tuple(shape):
                raise ValueError(f"a picture of {width} x {height} px, not {shape[1]} x {shape[0]}")
            if width * height > MOST_STORED:
                raise ValueError(f"a picture of {width} x {height} px, more than any dataset has")
            picture.load()
            return _values(picture)
    except (*DAMAGED, *_BOMBS) as error:
        raise ValueError(printable(str(error))[:200] or f"a damaged picture ({type(error).__name__})") from None


def _values(picture: Image.Image) -> NDArray[Any]:
    if picture.mode == "1":
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode not in ("L", "RGB", "RGBA"):
        raise ValueError(f"a picture of mode {picture.mode}, which no dataset has")
    return np.asarray(picture)
