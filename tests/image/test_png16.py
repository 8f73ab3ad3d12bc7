"""Depth's own PNG: what readers find, that its stream is whole, and that a change costs what it changes."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from figureground import native
from figureground.image import deflate, png16, png_file
from figureground.image.png16 import Box, Codes

KINDS = 8


def codes(seed: int, height: int, width: int) -> Codes:
    """Noise, one value, slopes, steps, a surface with a little noise, no reading in places, and the two ends."""
    drawn, kind = np.random.default_rng(seed), seed % KINDS
    v, u = np.mgrid[0:height, 0:width]
    if kind == 0:
        values = drawn.integers(0, 65536, (height, width))
    elif kind == 1:
        values = np.full((height, width), drawn.choice([0, 1, 255, 256, 65535]))
    elif kind == 2:
        values = (v * drawn.integers(0, 300) + u * drawn.integers(0, 300)) % 65536
    elif kind == 3:
        values = np.repeat(drawn.integers(0, 3, (height, width)), 1 + seed % 40, axis=1)[:, :width] * 257
    elif kind == 7:
        values = (drawn.random((height, width)) < 0.5) * 65535
    else:
        values = 3000 + 5 * v + 2 * u + drawn.integers(-2, 3, (height, width))
        if kind > 4:
            values[drawn.random((height, width)) < 0.2 * (kind - 4)] = 0
    return values.astype(np.uint16)


def read(data: bytes) -> Codes:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.mode == "I;16"
        return np.asarray(picture).astype(np.uint16)


def stream_of(data: bytes) -> bytes:
    """Return what a PNG of one IDAT chunk holds; zlib refuses a wrong checksum."""
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    assert data[start + length : start + length + 4] == zlib.crc32(data[start - 4 : start + length]).to_bytes(4, "big")
    assert data[start + length + 4 :] == png_file.END
    return zlib.decompress(data[start : start + length])


@pytest.fixture(params=["numpy", "compiled"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "numpy":
        monkeypatch.setattr(native, "kernel", None)
    elif native.kernel is None:
        pytest.skip("the compiled kernel was not built here")


def shape_of(drawn: np.random.Generator) -> tuple[int, int]:
    height, width = (int(side) for side in drawn.integers(1, 100, 2))
    return height, width


def box_of(drawn: np.random.Generator, height: int, width: int) -> tuple[slice, slice]:
    (top, bottom), (left, right) = (np.sort(drawn.integers(0, side + 1, 2)).tolist() for side in (height, width))
    return slice(top, bottom), slice(left, right)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_pictures_and_their_changes_read_back(seed: int) -> None:
    for number in range(seed, seed + 20):
        drawn = np.random.default_rng([number, 1])
        shape = shape_of(drawn)
        values = codes(number, *shape)
        whole = png16.encode(values)
        assert np.array_equal(read(whole), values)
        assert stream_of(whole)[:: 2 * shape[1] + 1] == bytes([png_file.PAETH]) * shape[0]
        changed, box = values.copy(), box_of(drawn, *shape)
        changed[box] = codes(number + 1 + number % 3, *shape)[box]
        data = png16.encode_changed(changed, png16.kept(values), box)
        assert np.array_equal(read(data), changed)
        assert stream_of(data) == stream_of(png16.encode(changed))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 33), (33, 1), (1, 3000), (3000, 1), (2, 64), (3, 65)])
def test_odd_shapes(shape: tuple[int, int]) -> None:
    for seed in range(KINDS):
        values = codes(seed, *shape)
        assert np.array_equal(read(png16.encode(values)), values)
        changed = values.copy()
        changed[-1, -1] ^= 0x1234
        box = slice(shape[0] - 1, shape[0]), slice(shape[1] - 1, shape[1])
        assert np.array_equal(read(png16.encode_changed(changed, png16.kept(values), box)), changed)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("seed", range(40))
def test_bytes_hang_on_the_values_and_the_bases_code_alone(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    shape = shape_of(drawn)
    values, box = codes(seed, *shape), box_of(drawn, *shape)
    base, changed = png16.kept(values), values.copy()
    changed[box] = codes(seed + 3, *shape)[box]
    everywhere = slice(0, shape[0]), slice(0, shape[1])
    pieces = png16._pieces(changed, base.code, Box.of(shape))
    expected = png16._file(changed, png16.Kept(changed, base.code, pieces))
    for named in (box, everywhere, (everywhere[0], box[1]), (slice(None), slice(None))):
        assert png16.encode_changed(changed, base, named) == expected
    assert png16.encode_changed(values, base, (slice(0, 0), slice(0, 0))) == png16.encode(values)
    assert png16.encode_changed(values, base, everywhere) == png16.encode(values)


def test_what_is_outside_of_the_box_is_not_looked_at() -> None:
    values = codes(4, 60, 90)
    wrong = values.copy()
    wrong[50] += 1
    assert png16.encode_changed(wrong, png16.kept(values), (slice(0, 40), slice(0, 90))) == png16.encode(values)


def test_no_piece_is_coded_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    values = codes(0, 90, 200)
    changed, base = values.copy(), png16.kept(values)
    changed[33:37, 66:70] += 1
    pieces, asked = png16._pieces, list[Box]()

    def counted(values: Codes, code: deflate.Code, box: Box) -> png16.Pieces:
        asked.append(box)
        return pieces(values, code, box)

    monkeypatch.setattr(png16, "_pieces", counted)
    png16.encode_changed(changed, base, (slice(0, 90), slice(0, 200)))
    assert asked == [Box(33, 38, 2, 3)]  # with the row below; columns 64 to 95


@pytest.mark.parametrize("last", [60, 61, 62, 63])
def test_a_changed_pixel_changes_up_to_two_to_its_right(last: int) -> None:
    """Two further lies the first that may cease to be like the one before."""
    values = np.full((9, 100), 700, np.uint16)
    changed = values.copy()
    changed[4, last] += 9
    base = png16.kept(values)
    data = png16.encode_changed(changed, base, (slice(4, 5), slice(last, last + 1)))
    whole = png16._pieces(changed, base.code, Box.of(changed.shape))
    assert data == png16._file(changed, png16.Kept(changed, base.code, whole))


@pytest.mark.usefixtures("engine")
def test_the_checksum_of_a_large_picture_is_right() -> None:
    """Sums that go over the checksum's modulus many times."""
    values = np.full((900, 700), 0xFFFF, np.uint16)
    values[::2] = 1
    changed = values.copy()
    changed[400:500, 100:300] = 0xFE01
    box = slice(400, 500), slice(100, 300)
    assert stream_of(png16.encode_changed(changed, png16.kept(values), box)) == stream_of(png16.encode(changed))


def test_no_larger_than_zlib_where_depth_is_measured() -> None:
    """A surface whose readings are off by some steps, as a sensor's."""
    drawn = np.random.default_rng(2)
    v, u = np.mgrid[0:224, 0:224]
    values = (1800 + 6 * v + u + drawn.normal(0, 3, (224, 224))).astype(np.uint16)
    values[90:130, 40:80] = 0
    data = png16.encode(values)
    assert len(data) < 1.02 * len(zlib.compress(stream_of(data), 1))
    flat = np.full((224, 224), 1200, np.uint16)
    assert len(png16.encode(flat)) < 2200


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("growth", [1, 2, 3])
def test_codes_of_at_most_15_bits_that_zlib_takes(growth: int) -> None:
    """Counts that grow like this would have codes of a bit more each."""
    counts = np.array([min(growth ** (k % 60), 2**50) for k in range(deflate.SYMBOLS)], np.int64)
    counts[deflate.END] = 1
    code = deflate.code_of(counts)
    sizes = code.tokens[:256] & 31
    assert sizes.max() <= 15
    tokens = np.concatenate([np.arange(256), [deflate.END]])
    bits = np.concatenate([code.header, code.tokens[tokens].astype(np.uint64) >> 5])
    header_bits = np.full(code.header.size, 64)
    header_bits[-1] = code.header_bits - 64 * (code.header.size - 1)
    many = np.concatenate([header_bits, (code.tokens[tokens] & 31).astype(np.int64)])
    stream = deflate.strung(bits, many).astype("<u8").tobytes()
    assert zlib.decompressobj(-15).decompress(stream[2:]) == bytes(range(256))


def test_strung_bits_are_those_of_one_long_number() -> None:
    drawn = np.random.default_rng(5)
    for _ in range(200):
        sizes = drawn.integers(0, 65, int(drawn.integers(1, 60)))
        numbers = drawn.integers(0, 2**64, sizes.size, np.uint64).tolist()
        values = [number >> (64 - size) for number, size in zip(numbers, sizes.tolist(), strict=True)]
        expected, at = 0, 0
        for value, size in zip(values, sizes.tolist(), strict=True):
            expected |= value << at
            at += size
        if at:
            found = deflate.strung(np.array(values, np.uint64), sizes)
            assert int.from_bytes(found.astype("<u8").tobytes(), "little") == expected
