from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.nouns import DepthMap, DepthUnit, Direction
from figureground.geometry.codes import DepthCode, background_code, dequantise, quantise
from figureground.geometry.layering import Sheet, layered


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
    metres = quantise(depth, "png16")
    found = layered(metres, [Sheet(mask, None)])
    assert np.array_equal(found.codes[~mask], metres.codes[~mask])
    assert np.all(dequantise(found).values[mask] == np.nanmin(dequantise(metres).values[mask]))
    inverse = quantise(DepthMap((depth.values / 10).astype(np.float32), "1/m", "larger is nearer"), "png16")
    found = layered(inverse, [Sheet(mask, None)])
    assert np.all(dequantise(found).values[mask] == np.nanmax(dequantise(inverse).values[mask]))
    unknown = quantise(DepthMap(np.full((20, 30), np.nan, np.float32), "m", "larger is farther"), "png16")
    assert not layered(unknown, [Sheet(mask, None)]).codes.any()


def slow_layered(background: DepthCode, sheets: list[Sheet]) -> np.ndarray[Any, Any]:
    """The rule, pixel by pixel: each figure seen replaces the code, its front nearer than its contact."""
    codes = background.codes.astype(np.int64)
    farther = background.direction == "larger is farther"
    for sheet in sheets:
        pixels = list(zip(*np.nonzero(sheet.seen), strict=True))
        behind = [int(codes[p]) for p in pixels if codes[p]]
        for y, x in pixels:
            if sheet.code is None:
                codes[y, x] = 0 if not behind else min(behind) if farther else max(behind)
                continue
            out = 0.0
            if sheet.relief is not None:
                out = float(sheet.relief[y - sheet.place[0].start, x - sheet.place[1].start])
            factor = 1 - sheet.bulge * out
            codes[y, x] = min(max(round(sheet.code * factor if farther else sheet.code / factor), 1), 65535)
    return codes


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**31), st.sampled_from(["m", "1/m", "relative"]), st.integers(1, 4))
def test_layered_depth_equals_a_loop_over_pixels(seed: int, unit: Any, figures: int) -> None:
    """Cards, flat figures with a place and figures with relief, from far to near; the rest keeps exactly its code."""
    rng = np.random.default_rng(seed)
    depth = random_depth(seed, unit)
    if unit == "relative":
        depth = DepthMap(np.abs(depth.values) + 1, depth.unit, depth.direction)
    background = background_code(depth)
    owner = rng.integers(0, figures + 1, depth.values.shape)
    owner[:, :5] = 0
    sheets = []
    for k in range(figures):
        seen = owner == k + 1
        if rng.random() < 0.3:
            sheets.append(Sheet(seen, None))
            continue
        place = slice(0, 20), slice(5, 30)  # all that is seen lies within it
        relief = rng.random((20, 25)).astype(np.float32) if rng.random() < 0.7 else None
        sheets.append(Sheet(seen, float(rng.uniform(1, 70000)), float(rng.uniform(0, 0.5)), relief, place))
    found = layered(background, sheets)
    assert (found.scale, found.offset, found.invalid) == (background.scale, background.offset, 0)
    assert (found.unit, found.direction) == (background.unit, background.direction)
    assert np.array_equal(found.codes[owner == 0], background.codes[owner == 0])
    assert np.abs(found.codes - slow_layered(background, sheets)).max() <= 1  # a half falls either way
    given_codes = np.array(background.codes)
    layered(background, sheets)
    assert np.array_equal(background.codes, given_codes)


@pytest.mark.parametrize("unit", ["m", "1/m"])
def test_relief_brings_a_figures_front_nearer_never_farther(unit: Any) -> None:
    depth = quantise(random_depth(4, unit, holes=False), "png16")
    seen = np.zeros((20, 30), bool)
    seen[4:16, 9:21] = True
    relief = np.linspace(0, 1, 12 * 12, dtype=np.float32).reshape(12, 12)
    found = layered(depth, [Sheet(seen, 3000.0, 0.2, relief, (slice(4, 16), slice(9, 21)))]).codes[4:16, 9:21]
    metres = found / 1000 if unit == "m" else 10000 / found
    assert metres[0, 0] == pytest.approx(3000 / 1000 if unit == "m" else 10000 / 3000)
    assert metres[-1, -1] == pytest.approx(0.8 * metres[0, 0], rel=1e-3)
    assert (np.diff(metres.ravel()) <= 0).all()


def test_backgrounds_codes_leave_room_before_them() -> None:
    """Relative inverse depth takes half of the codes, so that a figure nearer than everything has one, too."""
    depth = DepthMap(np.array([[0.2, 1.0, 4.0, np.nan]], np.float32), "relative", "larger is nearer")
    code = background_code(depth)
    assert code.codes.tolist() == [[round(0.2 / 4 * 32767), round(32767 / 4), 32767, 0]]
    assert code.offset == 0
    assert np.allclose(dequantise(code).values, depth.values, rtol=1e-3, equal_nan=True)
    nearer = layered(code, [Sheet(np.array([[True, False, False, False]]), 2 * 4.0 / code.scale)])
    assert dequantise(nearer).values[0, 0] == pytest.approx(8.0, rel=1e-4)
    metres = random_depth(1)
    assert np.array_equal(background_code(metres).codes, quantise(metres, "png16").codes)
    with pytest.raises(ValueError, match="no place for a figure"):
        background_code(DepthMap(depth.values, "relative", "larger is farther"))
    for values in (np.full((2, 2), np.nan, np.float32), np.full((2, 2), -1, np.float32)):
        with pytest.raises(ValueError, match="positive"):
            background_code(DepthMap(values, "relative", "larger is nearer"))
