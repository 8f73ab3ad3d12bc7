"""Figures without geometry: drawn, spread, or cut off by the frame."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.canvas import Canvas
from figureground.core.nouns import SIDES, Figure
from figureground.core.recipe_toml import from_mapping
from figureground.image.masks import area_table
from figureground.plan import plan
from figureground.plan.flat import fits, grid
from figureground.resolve import placing_of
from tests.plan.sights import Masks, catalog_of, rules


def test_positions_are_uniform() -> None:
    catalog = catalog_of(50, [(100, 80)])
    placing = rules(per_pair=200, height_for="photo")
    xs = np.array([s.figures[0].x for s in plan.scenes(placing, catalog, range(0, 20_000, 2))])
    counts = np.bincount(xs, minlength=145)
    chi_squared = float(((counts - 10_000 / 145) ** 2 / (10_000 / 145)).sum())
    assert (xs.min(), xs.max()) == (0, 144)
    assert chi_squared < 204  # 0.999 quantile for 144 degrees of freedom


def test_the_clip_of_2020_draws_1_to_120_and_crops_18_percent() -> None:
    catalog = catalog_of(50, [(120, 110)])
    placing = rules(clip="2020", per_pair=100, height_for="photo")
    corners = np.array([(s.figures[0].x, s.figures[0].y) for s in plan.scenes(placing, catalog, range(0, 10_000, 2))])
    assert corners.min() == 1
    assert corners.max() == 120
    cropped = ((corners[:, 0] + 110 > 224) | (corners[:, 1] + 120 > 224)).mean()
    assert cropped == pytest.approx(0.177, abs=0.02)


def test_a_grid_is_even_and_inside() -> None:
    catalog = catalog_of(1, [(100, 80)])
    placing = rules(mode="grid", per_pair=9, mirror="none", height_for="photo")
    scenes = plan.scenes(placing, catalog, range(9))
    xs = sorted({s.figures[0].x for s in scenes})
    ys = sorted({s.figures[0].y for s in scenes})
    assert xs == [24, 72, 120]
    assert ys == [20, 62, 104]


@pytest.mark.parametrize("cells", [1, 2, 5, 12, 20, 100])
def test_a_grid_has_more_cells_along_the_longer_side(cells: int) -> None:
    square = grid(cells, Canvas(96, 96))
    assert square == (math.ceil(math.sqrt(cells)), math.ceil(cells / math.ceil(math.sqrt(cells))))
    columns, rows = grid(cells, Canvas(96, 192))
    assert columns * rows >= cells
    assert columns >= rows
    assert grid(cells, Canvas(192, 96)) == (rows, columns)


def test_every_sample_draws_its_own_height() -> None:
    """Over the whole range, of one photo as of all; as much as its cut-out and the frame allow."""
    scenes = plan.scenes(rules(per_pair=300, mirror="none"), catalog_of(1, [(224, 80)]), range(300))
    heights = np.array([s.figures[0].height for s in scenes])
    assert heights.min() < 0.17 * 224
    assert 0.9 * 224 < heights.max() <= 224  # all of it inside the frame
    assert abs(np.median(heights) - np.sqrt(0.15) * 224) < 20


def share_of(mask: Any, figure: Figure, size: int) -> float:
    """Return the part of the mask's px, each a square of the pasted cut-out, whose middle is on the canvas."""
    y, x = np.nonzero(mask[:, ::-1] if figure.flip else mask)
    columns = figure.x + (x + 0.5) * figure.width / mask.shape[1]
    rows = figure.y + (y + 0.5) * figure.height / mask.shape[0]
    return float(((columns > 0) & (columns < size) & (rows > 0) & (rows < size)).mean())


@settings(max_examples=25)
@given(
    st.integers(0, 2**31),
    st.integers(5, 60),
    st.integers(5, 60),
    st.sampled_from([0.3, 0.6, 0.95]),
    st.sampled_from(["same", "own", "none"]),
    st.sampled_from(["uniform", "grid"]),
)
def test_the_visible_fraction_is_never_below_its_limit(
    seed: int, height: int, width: int, visible: float, mirror: str, mode: str
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < 0.5
    mask[0, 0] = True
    placing = rules(64, min_visible=visible, per_pair=10, mirror=mirror, mode=mode)
    catalog = catalog_of(2, [mask.shape])
    if not fits(placing, catalog.foregrounds[0], area_table(mask)):
        return
    scenes = plan.scenes(placing, catalog, range(20), Masks(mask))
    for scene in scenes:
        assert share_of(mask, scene.figures[0], 64) >= visible - 0.02  # of px that are squares here, and resized there


def test_figures_are_cut_off_at_all_sides_and_heads_least() -> None:
    mask = np.ones((80, 30), bool)
    placing = rules(64, min_visible=0.5, per_pair=300)
    figures = [s.figures[0] for s in plan.scenes(placing, catalog_of(1, [mask.shape]), range(600), Masks(mask))]
    cut_off = {
        "top": np.mean([f.y < 0 for f in figures]),
        "left": np.mean([f.x < 0 for f in figures]),
        "right": np.mean([f.x + f.width > 64 for f in figures]),
        "bottom": np.mean([f.y + f.height > 64 for f in figures]),
    }
    assert min(cut_off.values()) > 0.05
    assert 0.25 < cut_off["bottom"] < 0.65
    assert cut_off["top"] < 0.6 * cut_off["bottom"]
    assert max(f.height for f in figures) > 1.2 * 64


def test_hardly_fitting_figures_find_their_few_places() -> None:
    wide = np.ones((64, 80), bool)
    tight = rules(64, min_visible=0.8, per_pair=20, height_for="photo")
    (cutout,) = (catalog := catalog_of(1, [wide.shape])).foregrounds
    assert fits(tight, cutout, area_table(wide))
    figures = [s.figures[0] for s in plan.scenes(tight, catalog, range(40), Masks(wide))]
    assert all(share_of(wide, figure, 64) >= 0.8 for figure in figures)
    assert not fits(rules(64, min_visible=0.81, height_for="photo"), cutout, area_table(wide))


@settings(max_examples=40)
@given(
    st.sets(st.sampled_from(SIDES), min_size=1, max_size=2),
    st.sampled_from(["uniform", "grid"]),
    st.sampled_from([0.4, 0.7, 1.0]),
    st.sampled_from(["same", "own", "none"]),
    st.integers(0, 2**31),
)
def test_cuts_lie_on_the_frame_or_beyond(cut: set[str], mode: str, least: float, mirror: str, seed: int) -> None:
    """The cut side of a mirrored figure is the other one."""
    mask = np.ones((90, 60), bool)
    catalog = catalog_of(2, [mask.shape])
    half = dataclasses.replace(catalog.foregrounds[0], cut=tuple(side for side in SIDES if side in cut))
    catalog = dataclasses.replace(catalog, foregrounds=(half,))
    recipe = {"size": 64, "seed": seed, "foregrounds": {"height": [0.15, 1.9]}}
    placement = {"mode": mode, "min_visible": least, "per_pair": 9, "mirror": mirror}
    placing = placing_of(from_mapping({**recipe, "placement": placement}))
    if not fits(placing, half, area_table(mask)):
        assert len(cut) == 2
        return
    for scene in plan.scenes(placing, catalog, range(18), Masks(mask)):
        (figure,) = scene.figures
        edges = {
            "top": figure.y <= 0,
            "bottom": figure.y + figure.height >= 64,
            "left": figure.x <= 0,
            "right": figure.x + figure.width >= 64,
        }
        turned = {"left": "right", "right": "left"} if figure.flip else {}
        assert all(edges[turned.get(side, side)] for side in cut)
        assert share_of(mask, figure, 64) >= least - 0.02


def test_half_lengths_rise_from_the_lower_edge() -> None:
    catalog = catalog_of(1, [(60, 60)])
    half = dataclasses.replace(catalog.foregrounds[0], pose="half-length")
    catalog = dataclasses.replace(catalog, foregrounds=(half,))
    scenes = plan.scenes(rules(64, min_visible=0.5, per_pair=30), catalog, range(60), Masks(np.ones((60, 60), bool)))
    assert {s.figures[0].y + s.figures[0].height >= 64 for s in scenes} == {True}
    assert len({s.figures[0].height for s in scenes}) > 10
