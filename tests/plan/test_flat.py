"""Figures without geometry: drawn, spread, or cut off by the frame."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.canvas import Canvas
from figureground.plan import plan
from figureground.plan.flat import fits, grid
from tests.image.slow import slow_visible
from tests.plan.sights import Masks, catalog_of, rules


def test_positions_are_uniform() -> None:
    catalog = catalog_of(50, [(100, 80)])
    xs = np.array([s.figures[0].x for s in plan.scenes(rules(per_pair=200), catalog, range(0, 20_000, 2))])
    counts = np.bincount(xs, minlength=145)
    chi_squared = float(((counts - 10_000 / 145) ** 2 / (10_000 / 145)).sum())
    assert (xs.min(), xs.max()) == (0, 144)
    assert chi_squared < 204  # 0.999 quantile for 144 degrees of freedom


def test_the_clip_of_2020_draws_1_to_120_and_crops_18_percent() -> None:
    catalog = catalog_of(50, [(120, 110)])
    placing = rules(clip="2020", per_pair=100)
    corners = np.array([(s.figures[0].x, s.figures[0].y) for s in plan.scenes(placing, catalog, range(0, 10_000, 2))])
    assert corners.min() == 1
    assert corners.max() == 120
    cropped = ((corners[:, 0] + 110 > 224) | (corners[:, 1] + 120 > 224)).mean()
    assert cropped == pytest.approx(0.177, abs=0.02)


def test_a_grid_is_even_and_inside() -> None:
    catalog = catalog_of(1, [(100, 80)])
    scenes = plan.scenes(rules(mode="grid", per_pair=9, mirror="none"), catalog, range(9))
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


@settings(max_examples=40)
@given(
    st.integers(0, 2**31),
    st.integers(5, 60),
    st.integers(5, 60),
    st.sampled_from([0.3, 0.6, 0.95]),
    st.sampled_from(["same", "own", "none"]),
)
def test_the_visible_fraction_is_never_below_its_limit(
    seed: int, height: int, width: int, visible: float, mirror: str
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < 0.5
    mask[0, 0] = True
    placing = rules(64, min_visible=visible, per_pair=10, mirror=mirror)
    if not fits(placing, mask):
        return
    scenes = plan.scenes(placing, catalog_of(2, [mask.shape]), range(20), Masks(mask))
    for scene in scenes:
        figure = scene.figures[0]
        assert slow_visible(mask, figure.x, figure.y, figure.flip, 64) >= visible * mask.sum()


def test_truncation_happens_and_hardly_fitting_figures_find_their_few_places() -> None:
    mask = np.ones((60, 60), bool)
    placing = rules(64, min_visible=0.5, per_pair=200)
    figures = [s.figures[0] for s in plan.scenes(placing, catalog_of(1, [(60, 60)]), range(400), Masks(mask))]
    assert any(f.x < 0 for f in figures)
    assert any(f.x + 60 > 64 for f in figures)
    wide = np.ones((64, 80), bool)
    tight = rules(64, min_visible=0.8, per_pair=20)
    assert fits(tight, wide)
    places = {
        (s.figures[0].x, s.figures[0].y)
        for s in plan.scenes(tight, catalog_of(1, [wide.shape]), range(40), Masks(wide))
    }
    assert places <= {(x, 0) for x in range(-16, 1)}
    assert len(places) > 5
    assert not fits(rules(64, min_visible=0.81), wide)
