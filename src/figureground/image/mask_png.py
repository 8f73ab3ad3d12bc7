"""Masks read off the PNGs that `png.py` writes of them, without Pillow, in a fraction of its time."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from figureground.core.nouns import Mask
from figureground.image.opened import MOST_STORED

_START = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
_ONE_BIT_GREY = b"\x01\x00\x00\x00\x00"  # and deflated, with filters, not interlaced
_END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
_IDAT_AT = len(_START) + 17  # after width, height, what it is, and a checksum
_SMALLEST = _IDAT_AT + 12 + len(_END)


def decoded(data: bytes, shape: tuple[int, int] | None = None) -> Mask | None:
    """Return a mask, bool (height, width), of a PNG of 1 bit as this package writes it.

    None for whatever else, which has to be left to Pillow: other PNGs, one that is damaged, not of the (height, width)
    that is wanted, or larger than any dataset has.  No more is unpacked than the header's size takes.
    """
    if len(data) < _SMALLEST or not data.startswith(_START) or not data.endswith(_END):
        return None
    width, height, kind, head_sum = struct.unpack_from(">II5sI", data, len(_START))
    length, name = struct.unpack_from(">I4s", data, _IDAT_AT)
    first, last = _IDAT_AT + 8, len(data) - len(_END) - 4
    if kind != _ONE_BIT_GREY or name != b"IDAT" or length != last - first or not 0 < width * height <= MOST_STORED:
        return None
    if shape is not None and (height, width) != tuple(shape):
        return None
    view = memoryview(data)
    (body_sum,) = struct.unpack_from(">I", data, last)
    if zlib.crc32(view[len(_START) - 4 : _IDAT_AT - 4]) != head_sum or zlib.crc32(view[first - 4 : last]) != body_sum:
        return None
    rows = _unpacked(view[first:last], height, 1 + (width + 7) // 8)
    if rows is None or rows[:, 0].any():  # a line with a filter, which nobody here writes
        return None
    return np.unpackbits(rows[:, 1:], axis=1, count=width).view(np.bool_)


def _unpacked(stream: memoryview, height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]] | None:
    """Return a deflated stream's bytes, uint8 (height, width); None where it has not exactly so many."""
    unpacker = zlib.decompressobj()
    try:
        lines = unpacker.decompress(stream, height * width + 1)
    except zlib.error:
        return None
    if len(lines) != height * width or not unpacker.eof or unpacker.unused_data:
        return None
    return np.frombuffer(lines, np.uint8).reshape(height, width)
