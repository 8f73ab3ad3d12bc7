from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.depth import dequantise, layer_flat, quantise
from figureground.sample import DepthMap, DepthUnit, Direction


def random_depth(seed: int, unit: DepthUnit = "m", holes: bool = True) -> DepthMap:
    rng = np.random.default_rng(seed)
    low, high = {"m": (0.3, 60.0), "1/m": (0.02, 6.0), "relative": (-3.0, 900.0)}[unit]
    values = rng.uniform(low, high, (20, 30)).astype(np.float32)
    if holes:
        values[rng.random(values.shape) < 0.1] = np.nan
    direction: Direction = "larger is farther" if unit == "m" else "larger is nearer"
    return DepthMap(values, unit, direction)


@given(st.integers(0, 2**31), st.sampled_from(["m", "1/m", "relative"]), st.sampled_from(["png16", "png8"]))
def test_quantisation_is_within_half_a_step_and_keeps_holes(seed: int, unit: Any, encoding: str) -> None:
    depth = random_depth(seed, unit)
    code = quantise(depth, encoding)
    back = dequantise(code)
    assert np.array_equal(np.isnan(back.values), np.isnan(depth.values))
    valid = ~np.isnan(depth.values)
    error = np.abs(back.values[valid].astype(float) - depth.values[valid])
    assert error.max() <= 0.5 * code.scale * 1.0001 + 1e-6 * np.abs(depth.values[valid]).max()
    assert (back.unit, back.direction) == (depth.unit, depth.direction)


@given(st.integers(0, 2**31), st.sampled_from(["m", "1/m"]))
def test_codes_survive_a_round_trip(seed: int, unit: Any) -> None:
    code = quantise(random_depth(seed, unit), "png16")
    again = quantise(dequantise(code), "png16")
    assert np.array_equal(code.codes, again.codes)


def test_metres_are_millimetres_in_every_image() -> None:
    for low, high in ((1, 2), (1, 60)):
        code = quantise(DepthMap(np.array([[low, high]], np.float32), "m", "larger is farther"), "png16")
        assert code.codes.tolist() == [[1000 * low, 1000 * high]]
        assert (code.scale, code.offset, code.invalid) == (0.001, 0.0, 0)


def test_what_does_not_fit_the_codes_becomes_invalid_not_wrong() -> None:
    depth = DepthMap(np.array([[0.0, 0.0002, 65.5, 70.0, np.inf]], np.float32), "m", "larger is farther")
    assert np.isnan(dequantise(quantise(depth, "png16")).values).tolist() == [[True, True, False, True, True]]


def test_the_stretch_of_2020() -> None:
    code = quantise(DepthMap(np.array([[2.0, 3.0, 4.0]], np.float32), "m", "larger is farther"), "jpeg8")
    assert code.codes.tolist() == [[0, 128, 255]]
    assert code.invalid is None
    assert dequantise(code).values[0, 2] == pytest.approx(4.0)
    with pytest.raises(ValueError, match="no code"):
        quantise(DepthMap(np.array([[2.0, np.nan]], np.float32), "m", "larger is farther"), "jpeg8")


@pytest.mark.parametrize("encoding", ["png16", "png8", "jpeg8"])
def test_a_flat_map_comes_back(encoding: str) -> None:
    flat = DepthMap(np.full((4, 4), 2.5, np.float32), "relative", "larger is nearer")
    assert np.allclose(dequantise(quantise(flat, encoding)).values, 2.5)


def test_a_flat_figure_stands_before_all_it_covers_and_nothing_else_moves() -> None:
    depth = random_depth(3)
    mask = np.zeros(depth.values.shape, bool)
    mask[5:15, 8:14] = True
    layered = layer_flat(depth, mask)
    assert np.array_equal(layered.values[~mask], depth.values[~mask], equal_nan=True)
    assert np.all(layered.values[mask] == np.nanmin(depth.values[mask]))
    inverse = DepthMap(depth.values, "1/m", "larger is nearer")
    assert np.all(layer_flat(inverse, mask).values[mask] == np.nanmax(depth.values[mask]))
    unknown = DepthMap(np.full((20, 30), np.nan, np.float32), "m", "larger is farther")
    assert np.isnan(layer_flat(unknown, mask).values).all()
