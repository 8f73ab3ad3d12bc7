from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.nouns import (
    DepthMap,
)
from figureground.geometry.codes import DepthCode, background_code, dequantise, quantise
from figureground.geometry.layering import Surface, edge_of, layered
from figureground.image.filters import box_blur
from tests.builders import random_depth

WHOLE = slice(0, 20), slice(0, 30)


def test_a_flat_figure_stands_before_all_it_covers_and_nothing_else_moves() -> None:
    depth = random_depth(3)
    mask = np.zeros(depth.values.shape, bool)
    mask[5:15, 8:14] = True
    metres = quantise(depth, "png16")
    found = layered(metres, [Surface(mask, WHOLE, None)])
    assert np.array_equal(found.codes[~mask], metres.codes[~mask])
    assert np.all(dequantise(found).values[mask] == np.nanmin(dequantise(metres).values[mask]))
    inverse = quantise(DepthMap((depth.values / 10).astype(np.float32), "1/m", "larger is nearer"), "png16")
    found = layered(inverse, [Surface(mask, WHOLE, None)])
    assert np.all(dequantise(found).values[mask] == np.nanmax(dequantise(inverse).values[mask]))
    unknown = quantise(DepthMap(np.full((20, 30), np.nan, np.float32), "m", "larger is farther"), "png16")
    assert not layered(unknown, [Surface(mask, WHOLE, None)]).codes.any()


def slow_layered(background: DepthCode, surfaces: list[Surface]) -> np.ndarray[Any, Any]:
    """The rule, pixel by pixel: each figure seen replaces the code, its front nearer than its contact."""
    codes = background.codes.astype(np.int64)
    farther = background.direction == "larger is farther"
    for one in surfaces:
        pixels = list(zip(*np.nonzero(one.seen), strict=True))
        behind = [int(codes[p]) for p in pixels if codes[p]]
        for y, x in pixels:
            if one.code is None:
                codes[y, x] = 0 if not behind else min(behind) if farther else max(behind)
                continue
            out = 0.0
            if one.relief is not None:
                out = float(one.relief[y - one.place[0].start, x - one.place[1].start]) / 255 + one.deeper
            factor = 1 - one.bulge * out
            codes[y, x] = min(max(round(one.code * factor if farther else one.code / factor), 1), 65535)
    return codes


@settings(max_examples=60)
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
    surfaces = []
    for k in range(figures):
        seen = owner == k + 1
        if rng.random() < 0.3:
            surfaces.append(Surface(seen, WHOLE, None))
            continue
        place = slice(0, 20), slice(5, 30)  # all that is seen lies within it
        relief = rng.integers(0, 256, (20, 25), np.uint8) if rng.random() < 0.7 else None
        deeper = float(rng.choice([0.0, -0.4, 0.3]))
        code, bulge = float(rng.uniform(1, 70000)), float(rng.uniform(0, 0.5))
        surfaces.append(Surface(seen, place, code, bulge, relief, deeper))
    found = layered(background, surfaces)
    assert (found.scale, found.offset, found.invalid) == (background.scale, background.offset, 0)
    assert (found.unit, found.direction) == (background.unit, background.direction)
    assert np.array_equal(found.codes[owner == 0], background.codes[owner == 0])
    assert np.abs(found.codes - slow_layered(background, surfaces)).max() <= 1  # a half falls either way
    given_codes = np.array(background.codes)
    layered(background, surfaces)
    assert np.array_equal(background.codes, given_codes)


@pytest.mark.parametrize("unit", ["m", "1/m"])
def test_relief_brings_a_figures_front_nearer_never_farther(unit: Any) -> None:
    depth = quantise(random_depth(4, unit, holes=False), "png16")
    seen = np.zeros((20, 30), bool)
    seen[4:16, 9:21] = True
    relief = np.linspace(0, 255, 12 * 12).astype(np.uint8).reshape(12, 12)
    found = layered(depth, [Surface(seen, (slice(4, 16), slice(9, 21)), 3000.0, 0.2, relief)]).codes[4:16, 9:21]
    metres = found / 1000 if unit == "m" else 10000 / found
    assert metres[0, 0] == pytest.approx(3000 / 1000 if unit == "m" else 10000 / 3000)
    assert metres[-1, -1] == pytest.approx(0.8 * metres[0, 0], rel=1e-3)
    assert (np.diff(metres.ravel()) <= 0).all()


def blurred_step(reach: int, scale: float = 0.001) -> DepthCode:
    """Return depth of a wall at 4 m with a box at 2 m in it, whose edges go over in 2 * reach + 1 px."""
    values = np.full((90, 120, 1), 4.0, np.float32)
    values[20:70, 30:90] = 2.0
    return DepthCode(
        np.rint(box_blur(values, reach)[..., 0] / scale).astype(np.uint16), scale, 0.0, 0, "m", "larger is farther"
    )


def test_edges_of_a_background_tell_how_far_they_go_over() -> None:
    for reach in (0, 2, 4):
        assert abs(edge_of(blurred_step(reach)) - reach) <= 1, reach
    flat = DepthCode(np.full((60, 60), 3000, np.uint16), 0.001, 0.0, 0, "m", "larger is farther")
    assert edge_of(flat) == 0


def test_a_soft_edge_goes_over_inwards_and_leaves_the_background_alone() -> None:
    background = DepthCode(np.full((40, 50), 4000, np.uint16), 0.001, 0.0, 0, "m", "larger is farther")
    seen = np.zeros((40, 50), bool)
    seen[5:35, 10:40] = True
    sharp, soft = (
        layered(background, [Surface(seen, (slice(5, 35), slice(10, 40)), 2000.0, edge=edge)]).codes.astype(int)
        for edge in (0, 3)
    )
    assert (soft[~seen] == 4000).all()
    assert (sharp[seen] == 2000).all()
    assert (soft[8:32, 13:37] == 2000).all()  # 3 px and more inside
    row = soft[20, 10:14]
    assert row.tolist() == [round(4000 - 2000 * k / 7) for k in (4, 5, 6, 7)]
    assert (np.diff(row) < 0).all()
    unknown = DepthCode(np.zeros((40, 50), np.uint16), 0.001, 0.0, 0, "m", "larger is farther")
    assert (layered(unknown, [Surface(seen, (slice(5, 35), slice(10, 40)), 2000.0, edge=3)]).codes[seen] == 2000).all()


def width_of_edges(codes: np.ndarray[Any, np.dtype[np.uint16]]) -> int:
    """What `edge_of` asks, step by step: of each that is the steepest of 15, and of a fifth of the distance or more."""
    widths = []
    for lines in (codes.astype(int), codes.T.astype(int)):
        for line in lines:
            steps = abs(np.diff(line))
            for k in range(7, steps.size - 7):
                low, high = sorted((line[k - 7], line[k + 8]))
                if steps[k] and steps[k] == max(steps[k - 7 : k + 8]) and low > 0 and 5 * (high - low) > low:
                    widths.append((high - low) / steps[k])
    return min(int(np.median(widths) / 2 + 0.5), 7) if len(widths) >= 30 else 0


def test_edges_are_measured_where_they_are_steepest() -> None:
    found = set()
    for seed in range(14):
        drawn = np.random.default_rng(seed)
        rows, columns = drawn.integers(60, 90, 2)
        blocks = np.kron(drawn.integers(500, 9000, (9, 9)), np.ones((17, 17), int))[:rows, :columns]
        soft = box_blur(blocks[..., None].astype(np.float32), seed // 2)[..., 0] + drawn.integers(0, 3, blocks.shape)
        codes = np.where(drawn.random(blocks.shape) < 0.02, 0, soft).astype(np.uint16)
        measured = edge_of(DepthCode(codes, 0.001, 0.0, 0, "m", "larger is farther"))
        assert measured == width_of_edges(codes), seed
        found.add(measured)
    assert len(found) > 3
