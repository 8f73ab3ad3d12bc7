"""Floors from depth: planes cast here ray by ray, and drawn rooms, whose cameras are known."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground, Mask, Picture
from figureground.core.room import SeenCamera, SeenRoom
from figureground.drawn import LABELS, Rendering, render_room
from figureground.geometry import plane
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.perspective import figure_heights, horizon_y, inverse
from figureground.geometry.plane import ESTIMATED, KNOWN
from tests.builders import View, floor_scene
from tests.geometry.cameras import SIZE, exact_ground, views

GREY: Picture = np.full((SIZE, SIZE, 3), 128, np.uint8)
PLAIN_VIEW = View(1.5, 10.0, 0.0, 1.0, 6.0)


def metres(values: NDArray[np.floating[Any]]) -> DepthMap:
    return DepthMap(values.astype(np.float32), "m", "larger is farther")


def relative(values: NDArray[np.floating[Any]]) -> DepthMap:
    return DepthMap(values.astype(np.float32), "relative", "larger is nearer")


def known(view: View, focal: bool = True, size: int = SIZE) -> tuple[Ground, Mask]:
    """Return the floor that is found in a view's exact depth."""
    found = fit_floor(metres(view.cast(size, size)[0]), GREY, KNOWN, Told(view.focal if focal else 0.0, 1.4))
    assert not isinstance(found, str), found
    return found


@settings(max_examples=40)
@given(views())
def test_the_floor_of_a_known_camera_is_found(view: View) -> None:
    """Horizon within 1 % of the height, depth on the floor within 1 %, roll, camera height, and where floor is."""
    depth, seen = view.cast(SIZE, SIZE)
    low = seen[int(0.42 * SIZE) :]  # floor is looked for below
    assume((low == 0).mean() > 0.15)
    assume((seen == 0).sum() > 1.5 * (seen > 1).sum())
    ground, mask = known(view)
    assert abs(ground.horizon_y - view.horizon(SIZE)) < 0.01 * SIZE
    assert abs(ground.roll_deg - view.roll_deg) < 0.6
    assert ground.camera_height == pytest.approx(view.camera_height, rel=0.02)
    assert ground.focal == view.focal
    y, x = np.nonzero(mask)
    plane = ground.a * (x + 0.5) + ground.b * (y + 0.5) + ground.c
    true_floor = seen[mask] == 0
    error = np.abs(depth[mask] * plane - 1)[true_floor]
    assert error.mean() < 0.01
    assert error.max() < 0.02  # the foot of a wall is nearly on the floor, and draws the plane a little
    assert ground.share == pytest.approx(mask.mean(), abs=1e-4)
    assert true_floor.mean() > 0.93
    assert (mask & (seen == 0))[int(0.42 * SIZE) :].sum() > 0.8 * (low == 0).sum()


@settings(max_examples=15)
@given(views(), st.floats(1e-3, 1e3), st.integers(-12, 12))
def test_inverse_depth_of_unknown_scale_shows_the_same_floor(view: View, factor: float, power: int) -> None:
    depth, seen = view.cast(SIZE, SIZE)
    assume((seen[int(0.42 * SIZE) :] == 0).mean() > 0.15)
    one, other, exact = (fit_floor(relative(f / depth), GREY, KNOWN, Told(0.0, 1.4)) for f in (1.0, factor, 2.0**power))
    if isinstance(one, str):
        assert other == one == exact
        return
    assert not isinstance(other, str)
    assert not isinstance(exact, str)
    assert (exact[0].horizon_y, exact[0].roll_deg, exact[0].share) == (one[0].horizon_y, one[0].roll_deg, one[0].share)
    assert np.array_equal(exact[1], one[1])
    assert other[0].horizon_y == pytest.approx(one[0].horizon_y, abs=0.05)  # float32 rounds other numbers
    assert other[0].roll_deg == pytest.approx(one[0].roll_deg, abs=0.05)
    assert (other[1] != one[1]).mean() < 0.002
    assert exact[0].b == pytest.approx(2.0**power * one[0].b, rel=1e-5)
    in_metres = fit_floor(metres(depth), GREY, KNOWN, Told(0.0, 1.4))
    assert not isinstance(in_metres, str)
    assert in_metres[0].horizon_y == pytest.approx(one[0].horizon_y, abs=0.05)
    assert (in_metres[1] != one[1]).mean() < 0.002


def test_a_horizon_that_falls_to_the_right_has_a_positive_roll() -> None:
    for roll in (-3.0, 3.0):
        view = View(1.5, 10.0, roll)
        ground, _ = known(view)
        left, right = horizon_y(ground, [0, SIZE], Canvas(SIZE, SIZE))
        assert (right > left) == (roll > 0)
        assert ground.roll_deg == pytest.approx(roll, abs=0.3)


@pytest.mark.parametrize("unit", ["m", "1/m"])
def test_metric_depth_and_a_focal_length_measure_the_camera(unit: Any) -> None:
    for camera in (0.8, 1.5, 2.3):
        view = View(camera, 12.0, 1.0, 1.1, 4 * camera)
        depth = view.cast(SIZE, SIZE)[0]
        map_ = metres(depth) if unit == "m" else DepthMap((1 / depth).astype(np.float32), unit, "larger is nearer")
        found = fit_floor(map_, GREY, KNOWN, Told(1.1, 1.4))
        assert not isinstance(found, str)
        assert found[0].focal == 1.1
        assert found[0].camera_height == pytest.approx(camera, rel=0.01)
        for other in (
            fit_floor(map_, GREY, KNOWN, Told(0.0, 1.4)),
            fit_floor(relative(1 / depth), GREY, KNOWN, Told(1.1, 1.4)),
        ):
            assert not isinstance(other, str)
            assert other[0].camera_height == 1.4  # not known: the recipe's


def seen_room(view: View, sure: float = 0.95, pitch_off: float = 0.0) -> SeenRoom:
    """Return what a good room network would see of a view."""
    seen = view.cast(SIZE, SIZE)[1]
    floor = np.where(seen == 0, sure, 0.02).astype(np.float32)
    fov = math.degrees(2 * math.atan(0.5 / view.focal))
    return SeenRoom(floor, SeenCamera(view.pitch_deg + pitch_off, 3.0, fov, 5.0))


def canonical(view: View, scale: float = 1.0) -> DepthMap:
    """Return a view's depth as networks give it, which are not told the focal length."""
    return metres(scale * view.cast(SIZE, SIZE)[0] / view.focal)


@pytest.mark.parametrize("focal", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("camera", [0.7, 1.5, 2.0])
def test_with_a_room_network_figures_come_out_at_their_size(focal: float, camera: float) -> None:
    """Whatever the camera: the usual one has little say where the picture speaks."""
    view = View(camera, 12.0, 1.0, focal, 4 * camera)
    found = fit_floor(canonical(view), GREY, ESTIMATED, Told(0.0, 1.4), seen_room(view))
    assert not isinstance(found, str), found
    ground, mask = found
    y, x = np.nonzero(mask & (view.cast(SIZE, SIZE)[1] == 0))
    true, seen = (figure_heights(g, 1.7, x + 0.5, y + 0.5, Canvas(SIZE, SIZE)) for g in (exact_ground(view), ground))
    assert abs(np.median(seen / true) - 1) < 0.2
    assert abs(ground.horizon_y - view.horizon(SIZE)) < 0.1 * SIZE
    assert ground.confidence > (0.7 if camera > 1 else 0.6)  # unusual heights are doubted a little
    assert 0 < ground.horizon_sd < 0.2 * SIZE
    assert 0 < ground.focal_sd < 0.3 * ground.focal
    assert 0 < ground.camera_height_sd < 0.35 * ground.camera_height
    # plane, horizon and camera are one
    assert -(ground.a * SIZE / 2 + ground.c) / ground.b == pytest.approx(ground.horizon_y, abs=0.01)


def test_a_told_focal_length_is_taken_and_depth_with_it_in_its_metres_is_not_canonical() -> None:
    view = View(1.5, 12.0, 0.0, 1.5, 6.0)
    trust = dataclasses.replace(ESTIMATED, canonical=False)
    heights = []
    for one, map_ in ((ESTIMATED, canonical(view)), (trust, metres(view.cast(SIZE, SIZE)[0]))):
        found = fit_floor(map_, GREY, one, Told(1.5, 1.4), seen_room(view))
        assert not isinstance(found, str)
        assert (found[0].focal, found[0].focal_sd) == (1.5, 0.0)
        heights.append(found[0].camera_height)
    assert heights[0] == pytest.approx(heights[1], rel=1e-3)


def test_a_table_top_is_no_floor_where_depth_and_room_do_not_agree() -> None:
    """It is a level plane like any, and depth alone has it for a floor; and what looks like floor and is a wall is
    none either."""
    view = View(0.7, 15.0, 0.0, 0.9, 6.0)
    nothing = SeenRoom(np.full((SIZE, SIZE), 0.05, np.float32), seen_room(view).camera)
    for trust in (KNOWN, ESTIMATED):
        assert not isinstance(fit_floor(canonical(view), GREY, trust, Told(0.9, 1.4), seen_room(view)), str)
        assert not isinstance(fit_floor(canonical(view), GREY, trust, Told(0.9, 1.4)), str)
        assert isinstance(fit_floor(canonical(view), GREY, trust, Told(0.9, 1.4), nothing), str)
    front = View(1.5, -15.0, wall=1.0)
    fooled = SeenRoom(np.full((SIZE, SIZE), 0.9, np.float32), SeenCamera(20.0, 5.0, 53.0, 8.0))
    assert isinstance(fit_floor(canonical(front), GREY, ESTIMATED, Told(0.0, 1.4), fooled), str)


def test_what_only_networks_call_a_floor_has_to_be_surer_than_known_depth() -> None:
    """A room network that is three quarters sure is enough where depth is known, and not where depth is a guess, too;
    nine tenths are enough for both."""
    view = View(1.5, 12.0, 0.0, 0.9, 6.0)
    for sure, taken in ((0.77, False), (0.95, True)):
        found = {
            trust: fit_floor(canonical(view), GREY, trust, Told(0.0, 1.4), seen_room(view, sure))
            for trust in (KNOWN, ESTIMATED)
        }
        assert not isinstance(found[KNOWN], str)
        assert isinstance(found[ESTIMATED], str) is not taken
        if not taken:
            assert 0.5 <= float(str(found[ESTIMATED]).rsplit(" ", 1)[1].rstrip(")")) < 0.66


def test_slightly_other_pictures_have_one_floor() -> None:
    """Depth and probability that differ by noise, as those of a picture's encodings do, give nearly the same floor."""
    view = View(1.4, 14.0, -1.0, 0.9, 5.0)
    depth, room, rng = canonical(view), seen_room(view, 0.85), np.random.default_rng(5)
    grounds = []
    for _ in range(4):
        noisy = metres(depth.values * rng.normal(1, 0.01, depth.values.shape))
        floor = np.clip(room.floor + rng.normal(0, 0.04, room.floor.shape), 0, 1).astype(np.float32)
        found = fit_floor(noisy, GREY, ESTIMATED, Told(0.0, 1.4), SeenRoom(floor, room.camera))
        assert not isinstance(found, str)
        grounds.append(found[0])
    for name, most in (("horizon_y", 0.01 * SIZE), ("camera_height", 0.02), ("confidence", 0.03), ("share", 0.02)):
        assert np.ptp([getattr(one, name) for one in grounds]) < most, name


def test_known_depth_of_unknown_focal_length_keeps_its_plane_and_takes_the_networks_lens() -> None:
    view = View(1.8, 12.0, 0.0, 0.7, 6.0)
    map_ = metres(view.cast(SIZE, SIZE)[0])
    plain, found = (fit_floor(map_, GREY, KNOWN, Told(0.0, 1.4), room) for room in (None, seen_room(view)))
    assert not isinstance(plain, str)
    assert not isinstance(found, str)
    assert (found[0].a, found[0].b, found[0].c) == (plain[0].a, plain[0].b, plain[0].c)
    assert found[0].horizon_sd == 0
    assert found[0].focal == pytest.approx(0.7, rel=0.1)
    assert found[0].camera_height == pytest.approx(1.8, rel=0.1)


def flipped(view: View) -> NDArray[np.float64]:
    return view.cast(SIZE, SIZE)[0][::-1]


@pytest.mark.parametrize(
    "values",
    [
        np.full((SIZE, SIZE), 3.0),
        np.full((SIZE, SIZE), np.nan),
        np.zeros((SIZE, SIZE)),
        np.full((SIZE, SIZE), np.inf),
        View(1.5, 0.0, wall=1.0).cast(SIZE, SIZE)[0],  # a wall so near that no floor is seen
        View(1.5, -15.0, wall=1.0).cast(SIZE, SIZE)[0],  # the same, looked up at
        flipped(PLAIN_VIEW),  # a ceiling above a wall
        PLAIN_VIEW.cast(SIZE, SIZE)[0].T,  # a floor on its side
        1 / (0.2 + 0.004 * np.arange(SIZE) * np.ones((SIZE, 1))),  # a wall that runs away to the left
        np.random.default_rng(0).uniform(1, 9, (SIZE, SIZE)),
        np.where(np.arange(SIZE * SIZE).reshape(SIZE, SIZE) == 5000, 2.0, np.nan),
    ],
    ids=["constant", "nan", "zero", "infinite", "wall", "up", "ceiling", "sideways", "slanted", "noise", "pixel"],
)
@pytest.mark.parametrize("trust", [KNOWN, ESTIMATED], ids=["known", "estimated"])
def test_where_there_is_no_floor_there_is_a_reason(values: NDArray[np.float64], trust: Any) -> None:
    for map_ in (metres(values), relative(1 / np.where(values > 0, values, np.nan))):
        found = fit_floor(map_, GREY, trust, Told(0.0, 1.4))
        assert isinstance(found, str)
        assert len(found) > 10


def test_relative_depth_that_is_not_inverse_shows_no_plane() -> None:
    depth = PLAIN_VIEW.cast(SIZE, SIZE)[0].astype(np.float32)
    map_ = DepthMap(depth, "relative", "larger is farther")
    assert inverse(map_) is None
    found = fit_floor(map_, GREY, KNOWN, Told(0.0, 1.4))
    assert isinstance(found, str)
    assert "not inverse" in found


def test_inverse_depth_of_every_unit() -> None:
    values = np.array([[0.5, 4.0, np.nan, 0.0, -1.0, np.inf]], np.float32)
    for map_, expected in (
        (metres(values), [2.0, 0.25, np.nan, np.nan, np.nan, 0.0]),
        (relative(values[:, :5]), [0.5, 4.0, np.nan, np.nan, np.nan]),
        (DepthMap(values[:, :5], "1/m", "larger is nearer"), [0.5, 4.0, np.nan, np.nan, np.nan]),
    ):
        found = inverse(map_)
        assert found is not None
        assert np.array_equal(found, [expected], equal_nan=True)


@pytest.mark.parametrize("trust", [KNOWN, ESTIMATED], ids=["known", "estimated"])
def test_the_same_depth_gives_the_same_floor(trust: Any) -> None:
    picture, depth, _ = floor_scene(1, PLAIN_VIEW, SIZE, SIZE)
    depth *= np.random.default_rng(0).normal(1, 0.01, depth.shape)
    before = depth.copy()
    one, two = (fit_floor(metres(depth), picture, trust, Told(1.0, 1.4)) for _ in range(2))
    assert not isinstance(one, str)
    assert not isinstance(two, str)
    assert one[0] == two[0]
    assert np.array_equal(one[1], two[1])
    assert np.array_equal(depth, before)


def test_noise_and_holes_leave_the_floor_where_it_is() -> None:
    rng = np.random.default_rng(3)
    for view in (PLAIN_VIEW, View(1.1, 20.0, -2.0, 0.8, 4.0), View(1.8, 3.0, 1.0, 1.3, 9.0)):
        depth = view.cast(SIZE, SIZE)[0] * rng.normal(1, 0.008, (SIZE, SIZE))
        depth[rng.random(depth.shape) < 0.2] = np.nan
        found = fit_floor(metres(depth), GREY, KNOWN, Told(view.focal, 1.4))
        assert not isinstance(found, str)
        assert abs(found[0].horizon_y - view.horizon(SIZE)) < 0.03 * SIZE
        assert found[0].camera_height == pytest.approx(view.camera_height, rel=0.05)


def test_the_floor_is_below_the_table() -> None:
    """A table top is level, too, and may show more of itself than the floor does; the floor is the lowest of them."""
    view = View(1.5, 15.0, 0.0, 0.8, 6.0, ((-3.0, 0.5, 0.8, 4.0, 0.8, 0.76),))
    _, seen = view.cast(SIZE, SIZE)
    assert (seen == 2).sum() > 2 * (seen == 0).sum()
    ground, mask = known(view)
    assert ground.camera_height == pytest.approx(1.5, rel=0.01)
    assert (seen[mask] == 0).mean() > 0.95


@pytest.fixture(scope="module")
def rooms() -> list[Rendering]:
    return [render_room(seed, 128) for seed in (0, 1, 2)]


def test_floors_of_drawn_rooms(rooms: list[Rendering]) -> None:
    """Furnished rooms, drawn with rounded edges and rugs: horizon within 2 %, depth at true floor within 3 %."""
    for room in rooms:
        found = fit_floor(metres(room.depth_m), room.rgb, KNOWN, Told(room.camera.focal, 1.4))
        assert not isinstance(found, str), found
        ground, mask = found
        assert abs(ground.horizon_y - float(room.camera.horizon_y(64, 128))) < 0.02 * 128
        floor = room.labels == LABELS["floor"]
        y, x = np.nonzero(floor)
        plane = ground.a * (x + 0.5) + ground.b * (y + 0.5) + ground.c
        assert np.median(np.abs(1 / plane / room.depth_m[floor] - 1)) < 0.03
        assert ground.camera_height == pytest.approx(room.camera.eye[1], rel=0.03)
        assert (mask & floor).sum() > 0.6 * floor[int(0.42 * 128) :].sum()
        flat = floor | (room.labels == LABELS["rug"])
        assert (mask & flat).sum() > 0.85 * mask.sum()


def test_planes_are_held_against_the_points_alike_however_many_there_are() -> None:
    """Each plane's support is what the formula says of it alone, also where points lie behind the camera's horizon."""
    draws = np.random.default_rng(3)
    points = np.stack([draws.uniform(0, 160, 300), draws.uniform(50, 120, 300), draws.uniform(0.05, 0.6, 300)], -1)
    planes = np.stack([draws.normal(0, 5e-4, 100), draws.normal(4e-3, 2e-3, 100), draws.normal(-0.1, 0.1, 100)], -1)
    planes[7] = 0
    found = plane._support(points, planes, 120, 0.2)
    for (a, b, c), support in zip(planes, found, strict=True):
        expected = 0.0
        for x, y, q in points:
            there = a * x + b * y + c
            if there > 0.02 * points[:, 2].max():
                weight = min(max((y / 120 - 0.4) / 0.3, 0.2), 1.5)
                off = q / there - 1
                expected += weight * (1.0 if abs(off) < 0.2 else -1.0 if off < -0.34 else 0.0)
        assert support == pytest.approx(expected, abs=1e-9)
    assert (found > 1).any()
    assert (found < -1).any()
