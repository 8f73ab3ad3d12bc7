import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from figureground.core.job import Formats
from figureground.core.nouns import DepthMap
from figureground.core.recipe_toml import from_mapping
from figureground.geometry.codes import dequantise, quantise
from figureground.resolve import resolve
from figureground.samples import codec
from figureground.samples.records import meaning_of
from tests.builders import random_depth

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def formats_of(**sections: Any) -> Formats:
    """Return how a recipe's layers become bytes."""
    return resolve(from_mapping({"depth": {"source": "none"}} | sections)).formats


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from(["m", "1/m", "relative"]), st.sampled_from(["png16", "png8"]))
def test_decode_of_encode_is_the_sample(seed: int, unit: Any, encoding: str) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((20, 30)) < 0.5
    image = rng.integers(0, 256, (20, 30, 3), np.uint8)
    code = quantise(random_depth(seed, unit), encoding)
    network = quantise(random_depth(seed + 1, "m"), encoding)
    instances = rng.integers(0, 4, (20, 30), np.uint8)
    formats = formats_of(depth={"encoding": encoding, "source": "none"})
    layers = {"image": image, "mask": mask, "instances": instances, "depth": code.codes, "depth_network": network.codes}
    encoded = {layer: codec.encode(layer, values, formats) for layer, values in layers.items()}
    for layer, values in (("mask", mask), ("instances", instances)):
        assert np.array_equal(np.asarray(codec.decode(layer, encoded[layer][1])), values)
    for layer, put in (("depth", code), ("depth_network", network)):
        assert np.array_equal(codec.pixels(encoded[layer][1]), put.codes)
        found = codec.decode(layer, encoded[layer][1], meaning_of(put))
        assert isinstance(found, DepthMap)
        assert (found.unit, found.direction) == (put.unit, put.direction)
        assert np.array_equal(found.values, dequantise(put).values, equal_nan=True)
    assert np.asarray(codec.decode("image", encoded["image"][1])).shape == image.shape
    assert {layer: suffix for layer, (suffix, _) in encoded.items()} == {
        "image": "jpg",
        "mask": "png",
        "instances": "png",
        "depth": "png",
        "depth_network": "png",
    }


def test_jpeg_forms_of_2020() -> None:
    formats = formats_of(mask={"format": "jpeg"}, depth={"encoding": "jpeg8", "source": "none"}, image={"quality": 90})
    v, u = np.mgrid[0:64, 0:64]
    mask = np.hypot(u - 32, v - 32) < 20
    depth = DepthMap((2 + u / 16).astype(np.float32), "m", "larger is farther")
    code = quantise(depth, "jpeg8")
    layers = {"image": np.zeros((64, 64, 3), np.uint8), "mask": mask, "depth": code.codes}
    encoded = {layer: codec.encode(layer, values, formats) for layer, values in layers.items()}
    assert {suffix for suffix, _ in encoded.values()} == {"jpg"}
    assert (codec.decode("mask", encoded["mask"][1]) == mask).mean() > 0.99
    found = codec.decode("depth", encoded["depth"][1], meaning_of(code))
    assert isinstance(found, DepthMap)
    assert np.abs(found.values - depth.values).max() < 0.15  # metres come back even from 8-bit JPEG


def test_depth_is_not_read_without_its_meaning() -> None:
    _, data = codec.encode("depth", np.ones((8, 8), np.uint16), formats_of())
    with pytest.raises(ValueError, match="does not say what depth means"):
        codec.decode("depth", data)


@pytest.mark.parametrize(("subsampling", "layers"), [("4:4:4", (1, 1)), ("4:2:0", (2, 2)), ("4:2:2", (2, 1))])
def test_the_recipe_sets_chroma_subsampling(subsampling: str, layers: tuple[int, int]) -> None:
    data = codec.jpeg(np.zeros((16, 16, 3), np.uint8), from_mapping({"image": {"subsampling": subsampling}}).image)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.layer[0][1:3] == layers  # type: ignore[attr-defined]
