from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.nouns import DepthMap
from figureground.geometry.codes import background_code, dequantise, quantise
from figureground.geometry.layering import Surface, layered
from tests.builders import random_depth


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


def test_backgrounds_codes_leave_room_before_them() -> None:
    """Relative inverse depth takes half of the codes, so that a figure nearer than everything has one, too."""
    depth = DepthMap(np.array([[0.2, 1.0, 4.0, np.nan]], np.float32), "relative", "larger is nearer")
    code = background_code(depth)
    assert code.codes.tolist() == [[round(0.2 / 4 * 32767), round(32767 / 4), 32767, 0]]
    assert code.offset == 0
    assert np.allclose(dequantise(code).values, depth.values, rtol=1e-3, equal_nan=True)
    nearer = layered(
        code, [Surface(np.array([[True, False, False, False]]), (slice(0, 1), slice(0, 1)), 2 * 4.0 / code.scale)]
    )
    assert dequantise(nearer).values[0, 0] == pytest.approx(8.0, rel=1e-4)
    metres = random_depth(1)
    assert np.array_equal(background_code(metres).codes, quantise(metres, "png16").codes)
    with pytest.raises(ValueError, match="no place for a figure"):
        background_code(DepthMap(depth.values, "relative", "larger is farther"))
    for values in (np.full((2, 2), np.nan, np.float32), np.full((2, 2), -1, np.float32)):
        with pytest.raises(ValueError, match="positive"):
            background_code(DepthMap(values, "relative", "larger is nearer"))
