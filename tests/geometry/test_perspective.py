"""Heights and horizons against cameras that project."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from figureground.core.canvas import Canvas
from figureground.geometry.perspective import figure_heights, horizon_y
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
