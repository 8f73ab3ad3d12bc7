"""Masks and 16-bit depth read off the PNGs that this package writes, without Pillow, in a fraction of its time."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core.arrays import Bytes
from figureground.core.nouns import Mask
from figureground.image.opened import MOST_STORED

_START = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
_GREY = b"\x00\x00\x00\x00"  # and deflated, with filters, not interlaced; behind the number of bits
_END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
_IDAT_AT = len(_START) + 17  # after width, height, what it is, and a checksum
_SMALLEST = _IDAT_AT + 12 + len(_END)


def mask(data: bytes, shape: tuple[int, int] | None = None) -> Mask | None:
    """Return a mask, bool (height, width), of a PNG of 1 bit as this package writes it.

    None for whatever else, which has to be left to Pillow: other PNGs, one that is damaged, not of the (height, width)
    that is wanted, or larger than any dataset has.  No more is unpacked than the header's size takes.
    """
    found = _lines(data, 1, shape)
    if found is None or found[0][:, 0].any():  # a line with a filter, which nobody here writes
        return None
    lines, width = found
    return np.unpackbits(lines[:, 1:], axis=1, count=width).view(np.bool_)


def codes(data: bytes, shape: tuple[int, int] | None = None) -> NDArray[np.uint16] | None:
    """Return the values of a grey PNG of 16 bits with one chunk of data, uint16 (height, width).

    None for whatever else, as `mask` does, and where there is no compiled kernel.
    """
    found = None if native.kernel is None else _lines(data, 16, shape)
    if native.kernel is None or found is None:
        return None
    lines, width = found
    values = np.empty((len(lines), width), np.uint16)
    return values if native.kernel.png_unfiltered(lines, values) else None


def _lines(data: bytes, bits: int, shape: tuple[int, int] | None) -> tuple[Bytes, int] | None:
    """Return the lines of a grey PNG with so many bits a pixel, each behind its filter, and its width; None where it is
    anything else."""
    if len(data) < _SMALLEST or not data.startswith(_START) or not data.endswith(_END):
        return None
    width, height, its_bits, kind, head_sum = struct.unpack_from(">IIB4sI", data, len(_START))
    length, name = struct.unpack_from(">I4s", data, _IDAT_AT)
    first, last = _IDAT_AT + 8, len(data) - len(_END) - 4
    if (its_bits, kind, name, length) != (bits, _GREY, b"IDAT", last - first):
        return None
    if not 0 < width * height <= MOST_STORED or (shape is not None and (height, width) != tuple(shape)):
        return None
    view = memoryview(data)
    (body_sum,) = struct.unpack_from(">I", data, last)
    head, body = view[len(_START) - 4 : _IDAT_AT - 4], view[first - 4 : last]
    if native.crc32(head) != head_sum or native.crc32(body) != body_sum:
        return None
    lines = _unpacked(view[first:last], height, 1 + (width * bits + 7) // 8)
    return None if lines is None else (lines, width)


def _unpacked(stream: memoryview, height: int, width: int) -> Bytes | None:
    """Return a deflated stream's bytes, uint8 (height, width); None where it has not exactly so many."""
    unpacker = zlib.decompressobj()
    try:
        lines = unpacker.decompress(stream, height * width + 1)
    except zlib.error:
        return None
    if len(lines) != height * width or not unpacker.eof or unpacker.unused_data:
        return None
    return np.frombuffer(lines, np.uint8).reshape(height, width)
