"""Masks and depth are read as Pillow reads them, and whatever is none of ours is left to it."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from figureground import native
from figureground.image import png, png16, quick_png
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
    found = quick_png.mask(data, (height, width))
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
    assert quick_png.mask(file_of(LINES, 4, 3)) is not None
    assert quick_png.mask(data) is None


def test_one_of_another_size_is_refused() -> None:
    data = png.encode(mask_of(4, 3, 0), 1)
    assert quick_png.mask(data, (3, 4)) is None
    with pytest.raises(ValueError, match="3 x 4 px, not 4 x 3"):
        codec.decode("mask", data, shape=(3, 4))


def test_every_byte_counts() -> None:
    """Whatever byte is another one, it is noticed, or Pillow is asked."""
    mask = mask_of(20, 13, 5)
    whole = png.encode(mask, 1)
    for at in range(len(whole)):
        data = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        assert quick_png.mask(data) is None


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 80))
def test_noise_raises_nothing(noise: bytes, kept: int) -> None:
    whole = file_of(LINES, 4, 3)
    assert quick_png.mask(whole[:kept] + noise) is None or whole[:kept] + noise == whole
    quick_png.mask(whole[:33] + noise + whole[-12:])
    assert np.array_equal(np.asarray(codec.decode("mask", by_pillow(mask_of(9, 9, 1)))), mask_of(9, 9, 1))


compiled = pytest.mark.skipif(native.kernel is None, reason="the compiled kernel was not built here")


def filtered(values: np.ndarray, kinds: np.ndarray) -> bytes:
    """Return the lines of a PNG of 16 bits with a filter each, as its specification says, in plain Python."""
    lines, above = bytearray(), bytes(2 * values.shape[1])
    for row, kind in zip(values.astype(">u2"), kinds.tolist(), strict=True):
        line = row.tobytes()
        lines.append(kind)
        for i, byte in enumerate(line):
            left, corner = (line[i - 2], above[i - 2]) if i > 1 else (0, 0)
            distance = [abs(left + above[i] - corner - one) for one in (left, above[i], corner)]
            paeth = (left, above[i], corner)[distance.index(min(distance))]
            lines.append((byte - (0, left, above[i], (left + above[i]) // 2, paeth)[kind]) % 256)
        above = line
    return bytes(lines)


@compiled
@settings(max_examples=100)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 300, 65535]))
def test_codes_are_read_as_pillow_reads_them(height: int, width: int, seed: int, spread: int) -> None:
    """With each of the five filters, smooth and not."""
    drawn = np.random.default_rng(seed)
    values = (drawn.integers(0, spread + 1, (height, width)).cumsum(1) % 65536).astype(np.uint16)
    for data in (
        png16.encode(values),
        file_of(filtered(values, drawn.integers(0, 5, height)), height, width, 16),
        file_of(filtered(values, np.full(height, 4)), height, width, 16),
    ):
        found = quick_png.codes(data, (height, width))
        assert found is not None
        assert found.dtype == np.uint16
        assert np.array_equal(found, values)
        assert np.array_equal(stored_pixels(data), values)


FEW = np.arange(12, dtype=np.uint16).reshape(4, 3) * 5000


@compiled
@pytest.mark.parametrize(
    "data",
    [
        png.encode(np.zeros((4, 3), np.bool_), 1),
        png.encode(np.zeros((4, 3), np.uint8)),
        file_of(b"".join(b"\5" + bytes(6) for _ in range(4)), 4, 3, 16),  # a filter that there is not
        file_of(filtered(FEW, np.zeros(4, int))[:-1], 4, 3, 16),
        file_of(filtered(FEW, np.zeros(4, int)) + b"\0", 4, 3, 16),
        file_of(bytes(10_000_000), 4, 3, 16),
        file_of(bytes(28), 2**31, 2**31, 16),
        file_of(filtered(FEW, np.zeros(4, int)), 4, 3, 16, between=chunk(b"gAMA", bytes(4))),
        b"",
    ],
)
def test_codes_of_no_picture_of_ours_are_left_to_pillow(data: bytes) -> None:
    assert quick_png.codes(png16.encode(FEW), (4, 3)) is not None
    assert quick_png.codes(png16.encode(FEW), (3, 4)) is None
    assert quick_png.codes(data) is None


@compiled
def test_every_byte_of_codes_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = png16.encode(FEW)
    for at in range(len(whole)):
        assert quick_png.codes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]) is None
    monkeypatch.setattr(native, "kernel", None)
    assert quick_png.codes(whole) is None
    assert np.array_equal(codec.pixels(whole), FEW)


@compiled
def test_filters_are_undone_within_arrays_that_fit() -> None:
    assert native.kernel is not None
    for lines, values in (((2, 7), (3, 3)), ((3, 7), (2, 3)), ((2, 6), (2, 3)), ((2, 8), (2, 3)), ((0, 0), (0, 0))):
        with pytest.raises(ValueError, match="do not fit"):
            native.kernel.png_unfiltered(np.zeros(lines, np.uint8), np.zeros(values, np.uint16))
    assert native.kernel.png_unfiltered(np.zeros((0, 7), np.uint8), np.zeros((0, 3), np.uint16))
    assert native.kernel.png_unfiltered(np.zeros((2, 1), np.uint8), np.zeros((2, 0), np.uint16))
