import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from figureground.core.nouns import DepthMap
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import from_mapping
from figureground.geometry.codes import dequantise, quantise
from figureground.image import png
from figureground.samples import codec
from tests.geometry.test_codes import random_depth

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@settings(deadline=None)
@given(st.one_of(arrays(bool, shapes), arrays(np.uint8, shapes), arrays(np.uint16, shapes)))
def test_png_is_read_back_by_pillow(values: np.ndarray[Any, Any]) -> None:
    data = png.encode(values)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.mode == {"bool": "1", "uint8": "L", "uint16": "I;16"}[values.dtype.name]
        assert np.array_equal(np.asarray(picture), values)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from(["m", "1/m", "relative"]), st.sampled_from(["png16", "png8"]))
def test_decode_of_encode_is_the_sample(seed: int, unit: Any, encoding: str) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((20, 30)) < 0.5
    image = rng.integers(0, 256, (20, 30, 3), np.uint8)
    code = quantise(random_depth(seed, unit), encoding)
    recipe = from_mapping({"depth": {"encoding": encoding}})
    network = quantise(random_depth(seed + 1, "m"), encoding)
    instances = rng.integers(0, 4, (20, 30), np.uint8)
    encoded = codec.encode(image, mask, instances, {"depth": code, "depth_network": network}, recipe)
    record = codec.depth_fields(code) | codec.depth_fields(network, "depth_network")
    members = {layer: data for layer, (_, data) in encoded.items()}
    sample = codec.decode(members, record)
    assert sample.mask is not None
    assert np.array_equal(sample.mask, mask)
    assert sample.instances is not None
    assert np.array_equal(sample.instances, instances)
    for layer, found, put in (("depth", sample.depth, code), ("depth_network", sample.depth_network, network)):
        assert np.array_equal(codec.pixels(members[layer]), put.codes)
        assert found is not None
        assert (found.unit, found.direction) == (put.unit, put.direction)
        assert np.array_equal(found.values, dequantise(put).values, equal_nan=True)
    assert sample.image.shape == image.shape
    assert {layer: suffix for layer, (suffix, _) in encoded.items()} == {
        "image": "jpg",
        "mask": "png",
        "instances": "png",
        "depth": "png",
        "depth_network": "png",
    }


def test_jpeg_forms_of_2020() -> None:
    recipe = from_mapping({"mask": {"format": "jpeg"}, "depth": {"encoding": "jpeg8"}, "image": {"quality": 90}})
    v, u = np.mgrid[0:64, 0:64]
    mask = np.hypot(u - 32, v - 32) < 20
    depth = DepthMap((2 + u / 16).astype(np.float32), "m", "larger is farther")
    code = quantise(depth, "jpeg8")
    encoded = codec.encode(np.zeros((64, 64, 3), np.uint8), mask, None, {"depth": code}, recipe)
    assert {suffix for suffix, _ in encoded.values()} == {"jpg"}
    sample = codec.decode({layer: data for layer, (_, data) in encoded.items()}, codec.depth_fields(code))
    assert sample.mask is not None
    assert (sample.mask == mask).mean() > 0.99
    assert sample.depth is not None
    assert np.abs(sample.depth.values - depth.values).max() < 0.15  # metres come back even from 8-bit JPEG


def test_a_sample_without_depth() -> None:
    encoded = codec.encode(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool), None, {}, Recipe())
    assert list(encoded) == ["image", "mask"]
    sample = codec.decode({layer: data for layer, (_, data) in encoded.items()}, {})
    assert sample.depth is None
    assert sample.instances is None
    assert sample.depth_network is None


@pytest.mark.parametrize(("subsampling", "layers"), [("4:4:4", (1, 1)), ("4:2:0", (2, 2)), ("4:2:2", (2, 1))])
def test_the_recipe_sets_chroma_subsampling(subsampling: str, layers: tuple[int, int]) -> None:
    data = codec.jpeg(np.zeros((16, 16, 3), np.uint8), from_mapping({"image": {"subsampling": subsampling}}).image)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.layer[0][1:3] == layers  # type: ignore[attr-defined]
