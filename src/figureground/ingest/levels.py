"""What the values of a picture's file mean as brightness: 8 bits of 16, 14, 12, 10 or 8; and pictures of nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.errors import SetAsideError

FAINT = 64  # of 256 steps of the upper byte: above it, 16-bit values are what they seem
_DEPTHS = (8, 10, 12, 14)
_BLACK = 16  # steps of 255 from black or white that something in a picture is; the darkest real photo has 117
_WHITE = 255 - _BLACK
_SHOWN = 1e-3  # of the pixels


def bits_of(bands: Iterable[NDArray[np.integer]]) -> int:
    """Return of how many bits the values of a 16-bit picture are, which comes as bands of rows.

    Sensors give 10, 12 or 14 bits, and many programs write them into 16 as they are: where none needs more, the
    greatest of so many bits is white.  8 bits that were spread over 16 are told by their equal or empty bytes.
    """
    greatest, equal, empty = 0, True, True
    for band in bands:
        low, high = band & 255, band >> 8
        greatest = max(greatest, int(band.max()))
        equal, empty = equal and bool((low == high).all()), empty and not low.any()
    bits = next((n for n in _DEPTHS if greatest < 1 << n), 16)
    return 16 if greatest == 0 or (bits > 8 and (equal or empty)) else bits


def eight_bits(values: NDArray[np.integer], bits: int) -> Bytes:
    """Return values of so many bits as 8 bits, rounded to the nearest."""
    wide = values.astype(np.uint32)
    greatest = (1 << bits) - 1
    return ((wide + 128) // 257 if bits == 16 else (wide * 510 + greatest) // (2 * greatest)).astype(np.uint8)


def note(bits: int) -> tuple[str, ...]:
    """Return what is told of values of so many bits in 16."""
    return () if bits == 16 else (f"16-bit file without a value above {(1 << bits) - 1}: read as {bits} bits",)


def refuse_blank(pixels: Bytes) -> None:
    """Raise SetAsideError for an opaque picture that is all but black or all but white.

    A night photo has lights, and a white wall has edges: the picture is blank where not one pixel in a thousand is
    something else.
    """
    if pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return
    if _seen(pixels[::8, ::8]) == (True, True):  # as all but a few are, which saves looking at every pixel
        return
    not_black, not_white = _seen(pixels)
    if not not_black:
        raise SetAsideError("all but black: nothing can be seen in it")
    if not not_white:
        raise SetAsideError("all but white: nothing can be seen in it")


def _seen(pixels: Bytes) -> tuple[bool, bool]:
    """Say whether some pixels are not black, and whether some are not white."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    brightest, darkest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return bool((brightest >= _BLACK).mean() >= _SHOWN), bool((darkest <= _WHITE).mean() >= _SHOWN)
