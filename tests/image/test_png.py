"""The PNG writer against Pillow's reader, whole and in bands."""

import io
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from figureground.image import png

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def read(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return np.asarray(picture)


@settings(max_examples=60)
@given(st.integers(1, 70), st.integers(1, 50), st.integers(0, 2**32 - 1), st.data())
def test_a_changed_picture_reads_back_wherever_it_was_changed(
    height: int, width: int, seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 65536, (height, width)).astype(np.uint16)
    top = data.draw(st.integers(0, height))
    bottom = data.draw(st.integers(top, height))
    values = base.copy()
    values[top:bottom] = rng.integers(0, 65536, (bottom - top, width))
    found = read(png.encode_changed(values, png.bands(base), slice(top, bottom)))
    assert np.array_equal(found.astype(np.uint16), values)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16])
def test_every_kind_reads_back(dtype: type) -> None:
    values: np.ndarray = np.random.default_rng(1).integers(0, 2 if dtype is np.bool_ else 256, (37, 21)).astype(dtype)
    assert np.array_equal(read(png.encode(values)).astype(dtype), values)


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30), st.just(3))))
def test_colours_read_back(values: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(read(png.encode(values)), values)


def test_bands_cost_little_and_a_change_outside_the_named_rows_is_not_seen() -> None:
    v, u = np.mgrid[0:224, 0:224]
    smooth = (2000 + 9 * v + 3 * u).astype(np.uint16)
    shared = png.bands(smooth)
    whole, pieces = png.encode(smooth), png.encode_changed(smooth, shared, slice(0, 0))
    assert len(pieces) < 1.5 * len(whole)
    assert np.array_equal(read(pieces).astype(np.uint16), smooth)
    wrong = smooth.copy()
    wrong[200] += 1
    # the rows are taken at their word: this is what makes it cheap
    assert np.array_equal(read(png.encode_changed(wrong, shared, slice(0, 16))).astype(np.uint16), smooth)


@pytest.mark.parametrize("stop", [15, 16, 17, 32, 47, 48])
def test_the_row_below_a_change_is_another_difference(stop: int) -> None:
    base = np.random.default_rng(stop).integers(0, 65536, (48, 9)).astype(np.uint16)
    values = base.copy()
    values[stop - 1] += 7
    found = read(png.encode_changed(values, png.bands(base), slice(stop - 1, stop)))
    assert np.array_equal(found.astype(np.uint16), values)


def stream_of(data: bytes) -> bytes:
    """Return what a PNG of one IDAT chunk holds; zlib refuses a wrong checksum."""
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    assert data[start + length : start + length + 4] == zlib.crc32(data[start - 4 : start + length]).to_bytes(4, "big")
    return zlib.decompress(data[start : start + length])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 30), st.integers(0, 2**32 - 1), st.data())
def test_the_checksum_is_that_of_the_whole_stream(height: int, width: int, seed: int, data: st.DataObject) -> None:
    """It is put together from those of the pieces."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 65536, (height, width)).astype(np.uint16)
    top = data.draw(st.integers(0, height))
    bottom = data.draw(st.integers(top, height))
    values = base.copy()
    values[top:bottom] = 7
    stream = stream_of(png.encode_changed(values, png.bands(base), slice(top, bottom)))
    assert stream == stream_of(png.encode(values))


def test_the_checksum_of_a_large_picture_is_right() -> None:
    """Sums that go over the checksum's modulus many times."""
    base = np.full((900, 700), 0xFFFF, np.uint16)
    base[::2] = 1
    values = base.copy()
    values[400:500, 100:300] = 0xFE01
    assert stream_of(png.encode_changed(values, png.bands(base), slice(400, 500))) == stream_of(png.encode(values))


def test_rows_that_stay_as_they_were_are_not_packed_again() -> None:
    """A box may name more rows than differ, as a shadow's: the bytes hang on the values alone."""
    base = np.random.default_rng(3).integers(0, 65536, (90, 40)).astype(np.uint16)
    values, shared = base.copy(), png.bands(base)
    values[33:37, 4:9] = 5
    exact = png.encode_changed(values, shared, slice(33, 37))
    for named in (slice(0, 90), slice(30, 90), slice(0, 40), slice(32, 38)):
        assert png.encode_changed(values, shared, named) == exact
    assert png.encode_changed(base, shared, slice(10, 80)) == png.encode_changed(base, shared, slice(0, 0))
    last = np.where(np.arange(90)[:, None] == 89, np.uint16(3), base)
    assert np.array_equal(read(png.encode_changed(last, shared, slice(80, 90))).astype(np.uint16), last)


def test_no_row_is_packed_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first picture of a base costs what it costs alone, and others what they change."""
    base = np.random.default_rng(3).integers(0, 65536, (90, 40)).astype(np.uint16)
    values, shared = base.copy(), png.bands(base)
    values[33:37] = 5
    pack, packed = png._pack, list[int]()

    def counted(lines: np.ndarray[Any, Any]) -> bytes:
        packed.append(len(lines))
        return pack(lines)

    monkeypatch.setattr(png, "_pack", counted)
    for rows in (90, 8, 8):  # rows 33 to 37, those below one that changed, lie in one band
        packed.clear()
        first = png.encode_changed(values, shared, slice(33, 37))
        assert sum(packed) == rows
    assert first == png.encode_changed(values, png.bands(base), slice(33, 37))


@pytest.mark.parametrize("library", ["cv2", "imageio.v3"])
@pytest.mark.parametrize("kind", ["mask", "depth", "depth in bands"])
def test_others_read_the_same_values(library: str, kind: str) -> None:
    reader: Any = pytest.importorskip(library)
    values = np.random.default_rng(8).integers(0, 65536, (57, 43)).astype(np.uint16)
    if kind == "mask":
        data = png.encode(values > 30000, 1)
        expected: np.ndarray[Any, Any] = (values > 30000) * np.uint8(255)
    else:
        shared = png.bands(np.where(np.arange(57)[:, None] < 20, values, np.uint16(9)))
        data = png.encode(values) if kind == "depth" else png.encode_changed(values, shared, slice(20, 57))
        expected = values
    if library == "cv2":
        found = reader.imdecode(np.frombuffer(data, np.uint8), reader.IMREAD_UNCHANGED)
    else:
        found = np.asarray(reader.imread(data, extension=".png"))
    assert np.array_equal(found * np.uint8(255) if found.dtype == bool else found, expected)


@given(st.one_of(arrays(bool, shapes), arrays(np.uint8, shapes), arrays(np.uint16, shapes)))
def test_png_is_read_back_by_pillow(values: np.ndarray[Any, Any]) -> None:
    data = png.encode(values)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.mode == {"bool": "1", "uint8": "L", "uint16": "I;16"}[values.dtype.name]
        assert np.array_equal(np.asarray(picture), values)
