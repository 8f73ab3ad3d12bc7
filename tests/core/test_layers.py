"""The table of layers, and that what reads it knows everything in it."""

import dataclasses
import typing
from typing import Any

import numpy as np
import pytest

from figureground.core.job import Formats
from figureground.core.layers import DEPTHS, LAYERS, Coder, member_name
from figureground.core.nouns import DepthMap
from figureground.core.recipe import ImageOptions
from figureground.geometry.codes import dequantise, quantise
from figureground.samples import codec
from figureground.samples.records import meaning_of
from figureground.samples.sample import Sample
from tests.builders import random_depth

DEFAULTS = Formats(ImageOptions(), jpeg_masks=False, jpeg_depth=False)


def test_every_layer_has_a_name_a_folder_and_a_meaning_of_its_own() -> None:
    folders = [layer.folder for layer in LAYERS.values()]
    assert len(set(folders)) == len(folders)
    for name, layer in LAYERS.items():
        assert layer.name == name
        assert len(layer.meaning) > 10
        assert member_name(name, 7, "png") == f"{layer.folder}/000000007.png"
    assert {LAYERS[name].coder for name in DEPTHS} == {"depth"}
    assert all(layer.coder != "depth" for name, layer in LAYERS.items() if name not in DEPTHS)


def test_every_layer_is_an_attribute_of_a_sample() -> None:
    names = [field.name for field in dataclasses.fields(Sample)]
    assert set(LAYERS) <= set(names)
    assert set(names) - set(LAYERS) == {"record", "scenery"}


def values_of(name: str) -> tuple[np.ndarray[Any, Any], Any, np.ndarray[Any, Any]]:
    """Return a layer's random values as they are encoded, their meaning, and what decoding should give."""
    rng = np.random.default_rng(3)
    layer = LAYERS[name]
    if layer.coder == "depth":
        code = quantise(random_depth(3), "png16")
        return code.codes, meaning_of(code), dequantise(code).values
    shape = (20, 30, 3) if layer.coder == "photo" else (20, 30)
    values = rng.integers(0, 2 if layer.dtype == "bool" else 256, shape).astype(layer.dtype)
    return values, None, values


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_read_back_in_its_dtype_and_lossless_ones_exactly(name: str) -> None:
    layer = LAYERS[name]
    values, meaning, expected = values_of(name)
    suffix, data = codec.encode(name, values, DEFAULTS)
    found = codec.decode(name, data, meaning)
    array = found.values if isinstance(found, DepthMap) else found
    assert isinstance(found, DepthMap) == (layer.coder == "depth")
    assert array.dtype == layer.dtype
    assert array.shape == expected.shape
    assert array.flags.writeable
    assert np.array_equal(array, expected, equal_nan=layer.coder == "depth") == layer.lossless
    assert suffix == ("png" if layer.lossless else "jpg")


def test_every_coder_is_some_layers() -> None:
    assert {layer.coder for layer in LAYERS.values()} == set(typing.get_args(Coder))
