"""Masks are read as Pillow reads them, and whatever is no mask of ours is left to it."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from figureground.image import mask_png, png
from figureground.image.opened import stored_pixels
from figureground.samples import codec


def mask_of(height: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((height, width)) < rng.random()


@settings(max_examples=100)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1), st.integers(0, 9))
def test_what_is_written_is_read_as_pillow_reads_it(height: int, width: int, seed: int, level: int) -> None:
    mask = mask_of(height, width, seed)
    data = png.encode(mask, level)
    found = mask_png.decoded(data, (height, width))
    assert found is not None
    assert found.dtype == np.bool_
    assert np.array_equal(found, mask)
    assert np.array_equal(found, stored_pixels(data) == 255)
    found[:] = True  # its own
    assert np.array_equal(np.asarray(codec.decode("mask", data)), mask)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def file_of(lines: bytes, height: int, width: int, bits: int = 1, between: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    pieces = chunk(b"IHDR", head), between, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


LINES = bytes([0, 0b10100000] * 4)  # of 4 x 3 px


def by_pillow(mask: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG", optimize=True)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        png.encode(np.zeros((4, 3), np.uint8)),
        png.encode(np.zeros((4, 3), np.uint16)),
        file_of(bytes([2, 0b10100000] * 4), 4, 3),  # filtered
        file_of(LINES, 4, 3, between=chunk(b"tEXt", b"a\0b")),
        file_of(LINES[:-1], 4, 3),
        file_of(LINES + b"\0", 4, 3),
        file_of(LINES * 1000, 4, 3),
        file_of(LINES, 4, 3)[:-1],
        file_of(LINES, 4, 3) + b"\0",
        file_of(LINES, 0, 3),
        file_of(b"", 2**31, 2**31),
        b"",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_everything_else_is_left_to_pillow(data: bytes) -> None:
    assert mask_png.decoded(file_of(LINES, 4, 3)) is not None
    assert mask_png.decoded(data) is None


def test_one_of_another_size_is_refused() -> None:
    data = png.encode(mask_of(4, 3, 0), 1)
    assert mask_png.decoded(data, (3, 4)) is None
    with pytest.raises(ValueError, match="3 x 4 px, not 4 x 3"):
        codec.decode("mask", data, shape=(3, 4))


def test_every_byte_counts() -> None:
    """Whatever byte is another one, it is noticed, or Pillow is asked."""
    mask = mask_of(20, 13, 5)
    whole = png.encode(mask, 1)
    for at in range(len(whole)):
        data = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        assert mask_png.decoded(data) is None


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 80))
def test_noise_raises_nothing(noise: bytes, kept: int) -> None:
    whole = file_of(LINES, 4, 3)
    assert mask_png.decoded(whole[:kept] + noise) is None or whole[:kept] + noise == whole
    mask_png.decoded(whole[:33] + noise + whole[-12:])
    assert np.array_equal(np.asarray(codec.decode("mask", by_pillow(mask_of(9, 9, 1)))), mask_of(9, 9, 1))
