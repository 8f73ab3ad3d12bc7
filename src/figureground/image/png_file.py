"""What every PNG of ours has: signature, chunks, and Paeth's filter (PNG specification, sections 5, 9 and 11)."""

from __future__ import annotations

import functools
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes

PAETH = 4  # of the scan line filters, section 9
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = len(_SIGNATURE) + 25  # bytes before whatever follows the chunk IHDR
_GREY, _COLOUR = 0, 2  # colour types, section 11.2.2
END = b"\0\0\0\0IEND\xaeB`\x82"


def begun(values: NDArray[Any]) -> bytes:
    """Return the signature and IHDR of a file of (height, width) or (height, width, 3) values, bool as 1 bit."""
    depth = 1 if values.dtype == np.bool_ else 8 * values.dtype.itemsize
    return _begun(values.shape[0], values.shape[1], depth, _COLOUR if values.ndim == 3 else _GREY)


@functools.lru_cache(maxsize=64)
def _begun(height: int, width: int, depth: int, colours: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return _SIGNATURE + chunk(b"IHDR", header)


def file(values: NDArray[Any], stream: bytes) -> bytes:
    """Return the file of values whose filtered lines are packed in a zlib stream."""
    return b"".join([begun(values), chunk(b"IDAT", stream), END])


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of four letters."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


def predicted(values: Bytes) -> Bytes:
    """Return the scan lines of (height, width, bytes a pixel), uint8 (height, 1 + bytes a row): each byte as the
    difference to the neighbour that Paeth's rule picks."""
    height, width, channels = values.shape
    framed = np.zeros((height + 1, width + 1, channels), np.int16)
    framed[1:, 1:] = values
    left, above, corner = framed[1:, :-1], framed[:-1, 1:], framed[:-1, :-1]
    # how far left + above - corner lies from each of the three
    to_left, to_above = above - corner, left - corner
    to_corner = np.abs(to_left + to_above)
    np.abs(to_left, out=to_left)
    np.abs(to_above, out=to_above)
    best = np.where(to_above <= to_corner, above, corner)
    best = np.where((to_left <= to_above) & (to_left <= to_corner), left, best)
    lines = np.empty((height, 1 + width * channels), np.uint8)
    lines[:, 0] = PAETH
    np.subtract(values, best.astype(np.uint8), out=lines[:, 1:].reshape(values.shape))
    return lines
