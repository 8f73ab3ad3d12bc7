"""Files that are cut off or damaged, and that their decoders give a picture of all the same.  JPEG: `jpeg.py`."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from PIL import Image, TiffImagePlugin

from figureground.core.errors import SetAsideError

_SIGNATURE = 8  # bytes before the first chunk of a PNG
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"IDAT")  # what others get wrong, decoders pass over
_ZEROS = 4096  # bytes in a row, a block of a disk: no compressed data holds as many zeros
_ZERO_RUN = re.compile(rb"\0{%d}" % _ZEROS)
_ZEROED = "damaged or cut off: a part of it is filled with zeros"
_BLACK_SHARE = 0.1  # of a file without compression
_PLAIN = frozenset({"BMP", "DIB", "PPM", "TGA"})
_DEFLATED = (8, 32946)  # TIFF's numbers for zlib's compression
_COMPRESSION, _FILL_ORDER, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 259, 266, 273, 279, 324, 325


def require_whole(picture: Image.Image, data: bytes) -> None:
    """Raise SetAsideError where the file of an opened picture is not whole, as far as its format lets it be seen."""
    form = picture.format
    if form == "PNG":
        _require_whole_png(data)
    elif form == "WEBP":
        _require_whole_webp(data)
    elif isinstance(picture, TiffImagePlugin.TiffImageFile):
        _require_whole_tiff(picture, data)
    elif form in ("AVIF", "HEIF"):
        _require_whole_boxes(data)
    elif form in _PLAIN:
        _refuse_black_end(picture, data)


def _require_whole_png(data: bytes) -> None:
    at = _SIGNATURE
    while (head := data[at : at + 8])[4:] != b"IEND":
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        end = at + 8 + length
        if len(head) < 8 or end + 4 > len(data):
            raise SetAsideError("damaged or cut off: the PNG's end is missing")
        if name in _PIXEL_CHUNKS:
            crc = zlib.crc32(memoryview(data)[at + 4 : end])
            if crc != int.from_bytes(data[end : end + 4], "big"):
                raise SetAsideError(f"damaged or cut off: the checksum of the PNG's {name.decode()} data is wrong")
        at = end + 4


def _require_whole_webp(data: bytes) -> None:
    if int.from_bytes(data[4:8], "little") + 8 > len(data) + 1:  # some lack the byte that makes it even
        raise SetAsideError("damaged or cut off: the WebP's end is missing")
    for name, start, end in _riff_chunks(data, 12):
        if name in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF") and _ZERO_RUN.search(data, start, end):
            raise SetAsideError(_ZEROED)


def _riff_chunks(data: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start, end) of the chunks of a RIFF file from `at` on."""
    while len(head := data[at : at + 8]) == 8:
        end = at + 8 + int.from_bytes(head[4:], "little")
        yield head[:4], at + 8, end
        at = end + (end & 1)


def _require_whole_boxes(data: bytes) -> None:
    """Look at the end of the coded data (mdat) of an AVIF or HEIC file; what lies before may be notes of the camera."""
    at = 0
    while len(head := data[at : at + 16]) >= 8:
        size, name = int.from_bytes(head[:4], "big"), head[4:8]
        size = int.from_bytes(head[8:], "big") if size == 1 else size or len(data) - at
        if at + size > len(data):
            raise SetAsideError("damaged or cut off: the last parts of it are missing")
        if name == b"mdat" and size > _ZEROS and _ZERO_RUN.fullmatch(data, at + size - _ZEROS, at + size):
            raise SetAsideError(_ZEROED)
        if size < 8 or not name.strip(b"\0"):
            return  # bytes after the end
        at += size


def _require_whole_tiff(picture: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    tags = picture.tag_v2
    compression = tags.get(_COMPRESSION, 1)
    if compression == 1:
        _refuse_black_end(picture, data)
        return
    offsets = tags.get(_STRIPS) or tags.get(_TILES) or ()
    sizes = tags.get(_STRIP_SIZES) or tags.get(_TILE_SIZES) or ()
    for start, size in zip(offsets, sizes, strict=False):
        if start + size > len(data):
            raise SetAsideError("damaged or cut off: the last parts of the TIFF are missing")
        if compression in _DEFLATED and tags.get(_FILL_ORDER, 1) == 1:
            _require_whole_stream(memoryview(data)[start : start + size])


def _require_whole_stream(data: memoryview) -> None:
    """Raise SetAsideError where zlib's own checksum does not hold; libtiff stops before it."""
    stream = zlib.decompressobj()
    rest: bytes | memoryview = data
    try:
        while not stream.eof:
            out = stream.decompress(rest, 1 << 20)  # not kept
            rest = stream.unconsumed_tail
            if not out and not rest:
                break
    except zlib.error:
        raise SetAsideError("damaged or cut off: the checksum of the TIFF's data is wrong") from None


def _refuse_black_end(picture: Image.Image, data: bytes) -> None:
    """Raise SetAsideError where a picture without compression ends in zeros, but does not begin with them.

    Transparent parts are zeros too, so what has alpha is not looked at.
    """
    zeros = len(data) - len(data.rstrip(b"\0"))
    if picture.mode in ("RGB", "L") and zeros > max(_ZEROS, _BLACK_SHARE * len(data)):
        head = data[256 : 256 + _ZEROS]
        if head.count(0) < len(head) // 2:
            share = f"{zeros / len(data):.0%}"
            raise SetAsideError(f"damaged or cut off: the last {share} of it are zeros, pure black")
