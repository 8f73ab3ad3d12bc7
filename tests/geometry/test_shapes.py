"""Floors, horizons and heights on pictures that are not square, or whose pixels are not: the cameras are known."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bools, Floats
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.occlusion import hidden, nearness
from figureground.geometry.perspective import figure_heights, horizon_y
from figureground.geometry.plane import ESTIMATED, KNOWN
from tests.builders import View, floor_scene
from tests.geometry.cameras import views

SHAPES = [(96, 128), (128, 72), (72, 160)]


def metres(depth: Floats) -> DepthMap:
    return DepthMap(depth.astype(np.float32), "m", "larger is farther")


def exact(view: View, height: int, width: int, stretch: float = 1.0) -> Ground:
    """Return the floor of a view as its camera says it; `stretch` below 1 is a picture pressed down to `height`."""
    _, down, _ = view.axes()
    fy = view.focal * height
    fx = fy / stretch
    a, b = down[0] / fx, down[1] / fy
    c = down[2] - a * width / 2 - b * height / 2
    a, b, c = (float(v) / view.camera_height for v in (a, b, c))
    horizon = -(a * width / 2 + c) / b
    roll = float(-np.degrees(np.arctan2(a, b)))
    return Ground(a, b, c, horizon, roll, 0.5, fx / width, view.camera_height, stretch)


def projected(
    view: View, real: float, x: Floats, y: Floats, f: tuple[float, float], middle: Floats
) -> tuple[Floats, Bools]:
    """Return how tall a figure looks whose foot is seen at x, y: its head is projected straight above it."""
    _, down, _ = view.axes()
    rays = np.stack([(x - middle[0]) / f[0], (y - middle[1]) / f[1], np.ones_like(x)], -1)
    heads = rays * (view.camera_height / (rays @ down))[:, None] - real * down
    good = (rays @ down > 1e-3) & (heads[:, 2] > 0.05)
    top = heads[:, :2] * np.array(f) / heads[:, 2:] + middle
    return np.hypot(top[:, 0] - x, top[:, 1] - y), good


@settings(max_examples=30)
@given(views(), st.sampled_from(SHAPES))
def test_the_floor_of_a_known_camera_is_found(view: View, shape: tuple[int, int]) -> None:
    height, width = shape
    depth, seen = view.cast(height, width)
    low = seen[int(0.42 * height) :]
    assume((low == 0).mean() > 0.15)
    assume((seen == 0).sum() > 1.5 * (seen > 1).sum())
    found = fit_floor(metres(depth), np.full((*shape, 3), 128, np.uint8), KNOWN, Told(view.focal * height / width, 1.4))
    assert not isinstance(found, str), found
    ground, mask = found
    assert mask.shape == shape
    assert abs(ground.horizon_y - view.horizon(height)) < 0.012 * height
    assert abs(ground.roll_deg - view.roll_deg) < 0.6
    assert ground.camera_height == pytest.approx(view.camera_height, rel=0.02)
    y, x = np.nonzero(mask)
    true_floor = seen[mask] == 0
    # where a figure stands, its depth is the floor's
    contact = 1 / (ground.a * (x + 0.5) + ground.b * (y + 0.5) + ground.c)
    assert np.abs(contact / depth[mask] - 1)[true_floor].mean() < 0.01
    assert true_floor.mean() > 0.92
    assert (mask & (seen == 0))[int(0.42 * height) :].sum() > 0.75 * (low == 0).sum()


@settings(max_examples=60)
@given(views(things=False), st.floats(0.2, 2.2), st.sampled_from(SHAPES), st.floats(0.4, 2.5))
def test_heights_are_those_of_projected_feet_and_heads(
    view: View, real: float, shape: tuple[int, int], stretch: float
) -> None:
    height, width = shape
    ground = exact(view, height, width, stretch)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-20, width + 20, 40), rng.uniform(0, height, 40)
    f = (view.focal * height / stretch, view.focal * height)
    expected, good = projected(view, real, x, y, f, np.array([width / 2, height / 2]))
    assume(good.any())
    found = figure_heights(ground, real, x[good], y[good], Canvas(height, width))
    assert np.allclose(found, expected[good], rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_horizon_is_where_the_plane_ends(shape: tuple[int, int]) -> None:
    view = View(1.5, 10.0, 2.0)
    ground, canvas = exact(view, *shape), Canvas(*shape)
    x = np.linspace(0, canvas.width, 7)
    line = horizon_y(ground, x, canvas)
    assert np.allclose(ground.a * x + ground.b * line + ground.c, 0, atol=1e-9)
    assert ground.horizon_y == pytest.approx(view.horizon(canvas.height))
    # a figure as tall as the camera is high ends on it, by the rule that needs no focal length
    rule = Ground(ground.a, ground.b, ground.c, ground.horizon_y, ground.roll_deg, 0.5, 0.0, 1.5)
    assert np.allclose(0.9 * canvas.height - figure_heights(rule, 1.5, x, 0.9 * canvas.height, canvas), line)


def test_a_stretched_picture_shows_the_same_camera() -> None:
    """Rows pressed to half: the floor, the camera's height and the figures' heights follow, once `stretch` is told."""
    view = View(1.5, 12.0, 0.0, 0.6, 6.0)
    depth = view.cast(192, 96)[0]
    pressed = 2 / (1 / depth[::2] + 1 / depth[1::2])  # inverse depth is linear on planes
    focal = view.focal * 192 / 96
    whole = fit_floor(metres(depth), np.full((192, 96, 3), 128, np.uint8), KNOWN, Told(focal, 1.4))
    half = fit_floor(metres(pressed), np.full((96, 96, 3), 128, np.uint8), KNOWN, Told(focal, 1.4, stretch=0.5))
    assert not isinstance(whole, str)
    assert not isinstance(half, str)
    assert half[0].stretch == 0.5
    assert half[0].camera_height == pytest.approx(1.5, rel=0.01)
    assert whole[0].camera_height == pytest.approx(1.5, rel=0.01)
    tall = figure_heights(whole[0], 1.7, 48.0, np.array([150.0, 180.0]), Canvas(192, 96))
    short = figure_heights(half[0], 1.7, 48.0, np.array([75.0, 90.0]), Canvas(96, 96))
    assert np.allclose(short, tall / 2, rtol=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_estimated_floor_keeps_plane_and_horizon_together(shape: tuple[int, int]) -> None:
    picture, depth, _ = floor_scene(0, View(1.5, 12.0, 2.0, 1.0, 6.0), *shape)
    found = fit_floor(metres(depth), picture, ESTIMATED, Told(0.0, 1.4))
    assert not isinstance(found, str)
    ground, _ = found
    height, width = shape
    assert -(ground.a * width / 2 + ground.c) / ground.b == pytest.approx(ground.horizon_y, abs=0.01)
    assert float(-np.degrees(np.arctan2(ground.a, ground.b))) == pytest.approx(ground.roll_deg, abs=0.01)
    assert 0.2 < ground.horizon_y / height < 0.5


@pytest.mark.parametrize("shape", SHAPES)
def test_what_stands_nearer_hides(shape: tuple[int, int]) -> None:
    view = View(1.4, 6.0, wall=6.0, boxes=((-0.6, 0.6, 2.4, 3.0, 0.8),))
    depth, seen = view.cast(*shape)
    near = nearness(metres(depth), np.zeros((*shape, 3), np.uint8), estimated=False)
    box = (slice(0, shape[0]), slice(0, shape[1]))
    found = hidden(near, seen == 0, 1 / 4.0, box, estimated=False)
    assert found is not None
    assert found.shape == shape
    assert np.abs((found >= 128) ^ (seen == 2)).mean() < 0.03
    assert hidden(near, seen == 0, 1 / 2.0, box, estimated=False) is None
