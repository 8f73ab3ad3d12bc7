"""Normals of planes, spheres and steps, whose normals are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.camera import Camera
from figureground.geometry.intrinsics import unprojected
from figureground.geometry.normals import coloured, normals

CAMERA = Camera(fx=90.0, fy=80.0, cx=45.0, cy=33.0)
HEIGHT, WIDTH = 64, 96
RAYS = unprojected(np.ones((HEIGHT, WIDTH)), CAMERA.matrix)


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), distance=st.floats(0.5, 30))
def test_of_a_plane_they_are_the_planes_own_up_to_the_frame(x: float, y: float, distance: float) -> None:
    towards = np.array([x, y, -2.5])  # steep enough to be seen throughout
    towards /= np.linalg.norm(towards)
    z = -distance / (RAYS @ towards)
    found = normals(z, CAMERA.matrix)
    np.testing.assert_allclose(found, np.broadcast_to(towards, found.shape), atol=1e-5)


def test_of_a_ball_they_point_away_from_its_middle() -> None:
    middle, radius = np.array([0.1, -0.05, 4.0]), 1.0
    b = RAYS @ middle
    square = (RAYS**2).sum(-1)
    root = b**2 - square * (middle @ middle - radius**2)
    z = np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / square, np.nan)
    away = (RAYS * z[..., None] - middle) / radius
    found = normals(z, CAMERA.matrix)
    facing = (away * RAYS).sum(-1) / np.sqrt(square) < -0.7  # not along the rim, where it turns away
    assert facing.sum() > 500
    assert ((found * away).sum(-1)[facing] > np.cos(np.radians(5))).all()
    np.testing.assert_allclose(np.linalg.norm(found[facing], axis=-1), 1, atol=1e-6)


def test_at_a_step_both_sides_keep_their_own() -> None:
    z = np.full((HEIGHT, WIDTH), 5.0)
    z[20:50, 30:60] = 2.0  # a card before a wall, both seen straight on
    found = normals(z, CAMERA.matrix)
    np.testing.assert_allclose(found, np.broadcast_to([0, 0, -1], found.shape), atol=1e-6)


def test_millimetres_move_them_by_little_over_a_degree_at_most() -> None:
    towards = np.array([0.2, -1.0, -0.6])
    towards /= np.linalg.norm(towards)
    z = np.round(-1.4 / (RAYS @ towards), 3)
    found = normals(np.where((z > 0) & (z < 4), z, np.nan), CAMERA.matrix)
    known = np.asarray(np.isfinite(found).all(-1))
    assert known.sum() > 800
    assert np.degrees(np.arccos(np.clip((found @ towards)[known], -1, 1))).max() < 1.6


def test_what_is_unknown_is_unknown_and_nothing_else() -> None:
    z = np.full((HEIGHT, WIDTH), 3.0)
    z[10, 10] = np.nan
    known = np.asarray(np.isfinite(normals(z, CAMERA.matrix)).all(-1))
    assert not known[10, 10]
    assert known.sum() == known.size - 1
    assert not np.isfinite(normals(np.full((4, 4), np.nan), CAMERA.matrix)).any()
    z[:, 40] = 1.0  # a wire: neither side goes on
    assert not np.isfinite(normals(z, CAMERA.matrix)[:, 40]).any()


def test_whatever_the_depth_they_face_the_camera() -> None:
    z = np.random.default_rng(3).uniform(1, 9, (HEIGHT, WIDTH))
    found = normals(z, CAMERA.matrix)
    known = np.asarray(np.isfinite(found).all(-1))
    assert known.any()
    assert ((found * RAYS).sum(-1)[known] < 0).all()


@pytest.mark.parametrize(
    ("direction", "colour"),
    [
        ((0, 0, -1), (128, 128, 255)),
        ((1, 0, 0), (255, 128, 128)),
        ((0, -1, 0), (128, 255, 128)),
        ((np.nan,) * 3, (0, 0, 0)),
    ],
)
def test_colours_are_red_right_green_up_blue_towards_us(direction: tuple[float, ...], colour: tuple[int, ...]) -> None:
    assert tuple(coloured(np.array([[direction]], np.float32))[0, 0]) == colour
