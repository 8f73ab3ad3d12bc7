"""Pixels to points and back, and cameras over the floors of exact views."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.camera import Camera
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground
from figureground.geometry.intrinsics import over_floor, planar_metres, projected, unprojected, without_floor
from tests.builders import View
from tests.geometry.cameras import SIZE, exact_ground, views

CANVAS = Canvas(SIZE, SIZE)
lengths = st.floats(20, 2000)


def camera_of(view: View, **more: Any) -> Camera:
    """Return a view's focal length and principal point, with a usual height."""
    f = view.focal * SIZE
    lens = Camera(fx=f, fy=f, cx=SIZE / 2, cy=SIZE / 2, focal_from="exif", centre_from="assumed")
    return without_floor(dataclasses.replace(lens, **more), CANVAS, 1.4, "assumed")


@given(lengths, lengths, st.floats(-50, 200), st.floats(-50, 200), st.integers(0, 2**32 - 1))
def test_projecting_points_gives_their_pixels_back(fx: float, fy: float, cx: float, cy: float, seed: int) -> None:
    z = np.random.default_rng(seed).uniform(0.1, 50, (7, 11))
    matrix = Camera(fx=fx, fy=fy, cx=cx, cy=cy).matrix
    points = unprojected(z, matrix)
    assert points.dtype == np.float64
    assert np.array_equal(points[..., 2], z)
    y, x = np.mgrid[0:7, 0:11] + 0.5
    found = projected(points.reshape(-1, 3), matrix)
    np.testing.assert_allclose(found, np.stack([x.ravel(), y.ravel()], -1), atol=1e-9)


def test_axes_run_right_down_and_forward() -> None:
    points = unprojected(np.full((4, 6), 2.0), Camera(fx=10.0, fy=10.0, cx=3.0, cy=2.0).matrix)
    assert (np.diff(points[..., 0], axis=1) > 0).all()
    assert (np.diff(points[..., 1], axis=0) > 0).all()
    np.testing.assert_allclose(points[1, 5], [(5.5 - 3) / 10 * 2, (1.5 - 2) / 10 * 2, 2])


@given(views(things=False))
def test_a_floor_says_how_the_camera_stands(view: View) -> None:
    found = over_floor(camera_of(view), exact_ground(view), CANVAS, "given", True)
    assert found.height_m == pytest.approx(view.camera_height, abs=1e-3)
    assert found.pitch_deg == pytest.approx(view.pitch_deg, abs=2e-3)
    assert found.roll_deg == pytest.approx(view.roll_deg, abs=2e-3)
    assert found.horizon_y == pytest.approx(view.horizon(SIZE), abs=2e-3)
    assert (found.height_from, found.pitch_from) == ("exif", "exif")
    assert (found.roll_from, found.horizon_from) == ("given", "given")


@given(views(things=False))
def test_a_stretched_picture_has_the_same_camera(view: View) -> None:
    """Twice as wide with the same rows: a halves, fx and cx double, and the floor lies where it lay."""
    ground, plain = exact_ground(view), camera_of(view)
    wide = dataclasses.replace(plain, fx=2 * plain.fx, cx=2 * plain.cx)
    found = over_floor(wide, dataclasses.replace(ground, a=ground.a / 2), Canvas(SIZE, 2 * SIZE), "given", True)
    before = over_floor(plain, ground, CANVAS, "given", True)
    for name in ("height_m", "pitch_deg", "roll_deg", "horizon_y"):
        assert getattr(found, name) == pytest.approx(getattr(before, name), abs=2e-3), name


def test_what_nothing_measures_stays_as_it_is_usually() -> None:
    view = View(2.0, 8.0)
    usual = camera_of(view)
    assert (usual.height_m, usual.height_from, usual.roll_deg) == (1.4, "assumed", 0.0)
    assert usual.horizon_y == pytest.approx(0.44 * SIZE)
    assert usual.pitch_deg == pytest.approx(np.degrees(np.arctan2(0.06, view.focal)), abs=1e-3)
    assert {usual.pitch_from, usual.roll_from, usual.horizon_from} == {"assumed"}
    for ground, metric in ((exact_ground(view), False), (exact_ground(view, focal=False), True)):
        found = over_floor(usual, ground, CANVAS, "estimated", metric)
        assert (found.height_m, found.height_from) == (1.4, "assumed")
        assert found.pitch_deg == pytest.approx(8.0, abs=2e-3)
        assert (found.pitch_from, found.horizon_from) == ("estimated", "estimated")


def test_a_cut_of_a_picture_has_the_same_camera() -> None:
    """The principal point moves with the cut, and so does the plane's constant."""
    view = View(1.6, 10.0, 2.0)
    ground, camera = exact_ground(view), camera_of(view)
    dx, dy = 20, 7
    moved = dataclasses.replace(ground, c=ground.c + ground.a * dx + ground.b * dy)
    cut = dataclasses.replace(camera, cx=camera.cx - dx, cy=camera.cy - dy)
    found = over_floor(cut, moved, Canvas(SIZE - dy, SIZE - dx), "given", True)
    assert (found.height_m, found.pitch_deg) == pytest.approx((1.6, 10.0), abs=2e-3)
    assert found.roll_deg == pytest.approx(2.0, abs=2e-3)


def test_metres_of_every_unit() -> None:
    values = np.array([[2.0, 0.0, np.nan, -1.0, np.inf, 0.5]], np.float32)
    metres = planar_metres(DepthMap(values, "m", "larger is farther"))
    assert metres.dtype == np.float64
    np.testing.assert_array_equal(metres, [[2.0, np.nan, np.nan, np.nan, np.nan, 0.5]])
    inverse = planar_metres(DepthMap(values, "1/m", "larger is nearer"))
    np.testing.assert_array_equal(inverse, [[0.5, np.nan, np.nan, np.nan, np.nan, 2.0]])
    with pytest.raises(ValueError, match="relative"):
        planar_metres(DepthMap(values, "relative", "larger is nearer"))


def test_a_ground_of_a_level_camera_has_no_negative_zero() -> None:
    ground = Ground(0.0, 0.01, -0.48, 48.0, 0.0, 0.5, 1.0, 1.0)
    assert str(over_floor(camera_of(View()), ground, CANVAS, "given", True).pitch_deg) == "0.0"
