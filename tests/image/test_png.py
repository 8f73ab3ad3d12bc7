"""The PNG writer against the readers of others; depth whole and as a change of another."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from figureground.image import png, png16

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def read(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return np.asarray(picture)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16])
def test_every_kind_reads_back(dtype: type) -> None:
    values: np.ndarray = np.random.default_rng(1).integers(0, 2 if dtype is np.bool_ else 256, (37, 21)).astype(dtype)
    assert np.array_equal(read(png.encode(values)).astype(dtype), values)


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30), st.just(3))))
def test_colours_read_back(values: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(read(png.encode(values)), values)


@pytest.mark.parametrize("library", ["cv2", "imageio.v3"])
@pytest.mark.parametrize("kind", ["mask", "depth", "depth of a base"])
def test_others_read_the_same_values(library: str, kind: str) -> None:
    reader: Any = pytest.importorskip(library)
    values = np.random.default_rng(8).integers(0, 65536, (57, 43)).astype(np.uint16)
    if kind == "mask":
        data = png.encode(values > 30000, 1)
        expected: np.ndarray[Any, Any] = (values > 30000) * np.uint8(255)
    else:
        base = png16.kept(np.where(np.arange(57)[:, None] < 20, values, np.uint16(9)))
        box = slice(20, 57), slice(0, 43)
        data = png.encode(values) if kind == "depth" else png16.encode_changed(values, base, box)
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
