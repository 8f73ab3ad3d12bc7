"""Heights and horizons against cameras that project."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from figureground.core.canvas import Canvas
from figureground.geometry.perspective import figure_heights, height_at, height_rule, horizon_y, within
from tests.builders import View
from tests.geometry.cameras import SIZE, exact_ground, views

CANVAS = Canvas(SIZE, SIZE)


@settings(max_examples=60)
@given(views(things=False), st.floats(0.2, 2.2), st.integers(0, 2**31))
def test_heights_are_those_of_projected_feet_and_heads(view: View, real: float, seed: int) -> None:
    """Through the pinhole: the foot is where the pixel's ray meets the floor, the head straight above it."""
    _, down, _ = view.axes()
    f = view.focal * SIZE
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-20, SIZE + 20, 40), rng.uniform(0, SIZE, 40)
    rays = np.stack([(x - SIZE / 2) / f, (y - SIZE / 2) / f, np.ones_like(x)], -1)
    heads = rays * (view.camera_height / (rays @ down))[:, None] - real * down
    good = (rays @ down > 1e-3) & (heads[:, 2] > 0.05)
    assume(good.any())
    x, y, heads = x[good], y[good], heads[good]
    top_x, top_y = f * heads[:, 0] / heads[:, 2] + SIZE / 2, f * heads[:, 1] / heads[:, 2] + SIZE / 2
    expected = np.hypot(top_x - x, top_y - y)
    assert np.allclose(figure_heights(exact_ground(view), real, x, y, CANVAS), expected, rtol=1e-6)


@settings(max_examples=60)
@given(views(things=False), st.booleans(), st.integers(0, 2**31))
def test_one_height_is_that_of_many_to_the_last_bit(view: View, focal: bool, seed: int) -> None:
    """Behind the camera and above the horizon, too."""
    ground, rng = exact_ground(view, focal), np.random.default_rng(seed)
    x, y = rng.uniform(-SIZE, 2 * SIZE, (2, 40))
    rule = height_rule(ground, CANVAS)
    found = np.array([height_at(rule, 1.7, *place) for place in zip(x.tolist(), y.tolist(), strict=True)])
    assert np.array_equal(found, figure_heights(ground, 1.7, x, y, CANVAS), equal_nan=True)


def test_where_the_floor_is_never_met_nobody_is_tall() -> None:
    assert math.isnan(height_at((100.0, 100.0, 50.0, 50.0, 0.0, 1.0, 0.0, 1.5), 1.7, 50.0, 50.0))


@settings(max_examples=60)
@given(views(things=False), st.floats(0.2, 2.2))
def test_without_a_focal_length_the_horizon_rule_holds(view: View, real: float) -> None:
    """The same as the pinhole for a level camera; and a figure as tall as the camera ends on the horizon."""
    x, y = np.linspace(0, SIZE, 9), np.full(9, SIZE - 1.0)
    ground = exact_ground(view, focal=False)
    line = horizon_y(ground, x, CANVAS)
    assert np.allclose(line, view.horizon(SIZE) + math.tan(math.radians(view.roll_deg)) * (x - SIZE / 2))
    assert np.allclose(ground.a * x + ground.b * line + ground.c, 0, atol=1e-9)  # it is where the plane is endless
    heights = figure_heights(ground, real, x, y, CANVAS)
    assert np.allclose(heights / (y - line), real / view.camera_height)
    level = View(view.camera_height, 0.0, 0.0, view.focal)
    rule, pinhole = (figure_heights(exact_ground(level, focal), real, x, y, CANVAS) for focal in (False, True))
    assert np.allclose(rule, pinhole)


@settings(max_examples=60)
@given(views(things=False), st.floats(-3, 3), st.floats(-3, 3))
def test_a_floor_within_its_uncertainty(view: View, up: float, more: float) -> None:
    """Sizes in the middle of the floor change with the second draw alone, and monotonously; the plane keeps its tilt
    and its horizon; without uncertainty nothing changes."""
    ground = exact_ground(view)
    assume(ground.horizon_y < 0.6 * SIZE)
    assert within(ground, CANVAS, up, more) is ground
    unsure = dataclasses.replace(ground, focal=0.0, horizon_sd=0.04 * SIZE, camera_height_sd=0.2 * ground.camera_height)
    assert within(unsure, CANVAS, 0.0, 0.0).camera_height == pytest.approx(ground.camera_height)
    found = within(unsure, CANVAS, up, more)
    assert -(found.a * SIZE / 2 + found.c) / found.b == pytest.approx(found.horizon_y, abs=1e-6)
    assert found.a / found.b == pytest.approx(ground.a / ground.b)
    assert abs(found.horizon_y - ground.horizon_y) <= 2 * 0.04 * SIZE + 1e-6
    middle = (max(ground.horizon_y, 0) + 2 * SIZE) / 3
    tall = [float(figure_heights(g, 1.7, SIZE / 2, middle, CANVAS)) for g in (unsure, found)]
    change = tall[1] / tall[0]
    assert 1 / 1.41 < change < 1.41
    assert (change > 1) == (more > 0) or abs(change - 1) < 1e-6


def test_what_the_horizon_explains_of_the_height_is_not_drawn_twice() -> None:
    ground = dataclasses.replace(exact_ground(View(1.5, 10.0)), focal=0.0, horizon_sd=0.1 * SIZE)
    middle = (max(ground.horizon_y, 0) + 2 * SIZE) / 3
    explained = ground.horizon_sd / (middle - ground.horizon_y) * ground.camera_height
    same = within(dataclasses.replace(ground, camera_height_sd=0.9 * explained), CANVAS, 0.0, 1.5)
    assert same.camera_height == pytest.approx(ground.camera_height)
    other = within(dataclasses.replace(ground, camera_height_sd=2 * explained), CANVAS, 0.0, 1.5)
    assert other.camera_height < 0.9 * ground.camera_height
