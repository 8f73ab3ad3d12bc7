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


def test_the_checksum_is_that_of_the_whole_stream() -> None:
    base = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    values = base.copy()
    values[20:30] = 7
    data = png.encode_changed(values, png.bands(base), slice(20, 30))
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    assert len(zlib.decompress(data[start : start + length])) == 64 * (1 + 2 * 64)


@given(st.one_of(arrays(bool, shapes), arrays(np.uint8, shapes), arrays(np.uint16, shapes)))
def test_png_is_read_back_by_pillow(values: np.ndarray[Any, Any]) -> None:
    data = png.encode(values)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.mode == {"bool": "1", "uint8": "L", "uint16": "I;16"}[values.dtype.name]
        assert np.array_equal(np.asarray(picture), values)
