"""Laws of the drawn scenes: their depth, masks and alpha are exact, and a seed always draws the same."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from figureground import drawn
from figureground.drawn import (
    FIGURE,
    LABELS,
    Camera,
    Effort,
    PersonAt,
    Rendering,
    furnish,
    render_person,
    render_room,
    render_stage,
    room_glow,
    trace,
    with_person,
)
from figureground.drawn.cloth import Cloth
from figureground.drawn.figure import Figure, Part
from figureground.drawn.people import figure_of
from figureground.drawn.portrait import SIDE, cover, framing
from figureground.drawn.raycast import surface
from figureground.drawn.solids import Solid, entry, normals, span
from figureground.drawn.textures import plain

SIZE = 64
PERSON = PersonAt(seed=4, x=0.1, z=2.2, heading_deg=15.0, height_m=1.7)


@pytest.fixture(scope="module")
def rooms() -> dict[int, Rendering]:
    return {seed: render_room(seed, SIZE) for seed in range(5)}


@pytest.fixture(scope="module")
def peopled() -> dict[int, Rendering]:
    return {seed: render_room(seed, SIZE, PERSON) for seed in range(2)}


def pixels() -> tuple[np.ndarray, np.ndarray]:
    centre = np.arange(SIZE) + 0.5
    x, y = np.meshgrid(centre, centre)
    return x, y


def test_a_rendering_has_the_stated_shapes_and_types(rooms: dict[int, Rendering]) -> None:
    for r in rooms.values():
        assert r.rgb.shape == (SIZE, SIZE, 3)
        assert r.rgb.dtype == np.uint8
        assert r.depth_m.shape == (SIZE, SIZE)
        assert r.depth_m.dtype == np.float32
        assert r.labels.shape == (SIZE, SIZE)
        assert r.labels.dtype == np.uint8
        assert r.person_mask.shape == (SIZE, SIZE)
        assert r.person_mask.dtype == np.bool_


def test_depth_is_positive_finite_and_room_sized(rooms: dict[int, Rendering]) -> None:
    for r in rooms.values():
        assert np.isfinite(r.depth_m).all()
        assert 0.05 < r.depth_m.min() < r.depth_m.max() < 12


def test_floor_depth_is_the_plane_and_its_horizon_is_the_cameras(rooms: dict[int, Rendering]) -> None:
    x, y = pixels()
    for r in rooms.values():
        floor = r.labels == LABELS["floor"]
        assert floor.sum() > SIZE * SIZE * 0.04
        # By elementary geometry: the ray of the pixel, built here from the angles, meets y = 0.
        pitch, roll = np.radians([r.camera.pitch_deg, r.camera.roll_deg])  # turning about y does not matter
        u, v = (x - SIZE / 2) / (r.camera.focal * SIZE), (SIZE / 2 - y) / (r.camera.focal * SIZE)
        rise = (v * np.cos(roll) - u * np.sin(roll)) * np.cos(pitch) - np.sin(pitch)
        expected = r.camera.eye[1] / -rise[floor]
        np.testing.assert_allclose(r.depth_m[floor], expected, rtol=1e-4)
        # A plane is linear in 1 / Z; where the fitted 1 / Z is 0 lies the horizon.
        design = np.stack([x[floor], y[floor], np.ones(floor.sum())], -1)
        a, b, c = np.linalg.lstsq(design, 1 / r.depth_m[floor].astype(np.float64), rcond=None)[0]
        np.testing.assert_allclose([a, b, c], r.camera.floor_plane(SIZE), atol=2e-6)
        for column in (0.0, SIZE / 2, SIZE):
            horizon = r.camera.horizon_y(column, SIZE)
            assert -(a * column + c) / b == pytest.approx(float(horizon), abs=0.02)
            far = r.camera.rays(column, horizon, SIZE)
            assert far[1] == pytest.approx(0.0, abs=1e-12)


def test_projection_undoes_the_rays() -> None:
    camera = Camera((0.3, 1.5, -0.4), 7.0, -13.0, 1.5, 0.9)
    x, y, z = np.array([3.0, 100.5, 190.0]), np.array([9.0, 44.0, 200.5]), np.array([0.7, 2.0, 5.0])
    points = np.array(camera.eye) + z[:, None] * camera.rays(x, y, 224)
    for got, expected in zip(camera.project(points, 224), (x, y, z), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    right, up, forward = camera.basis
    np.testing.assert_allclose(camera.basis @ camera.basis.T, np.eye(3), atol=1e-12)
    assert up[1] > 0.9
    assert right[0] > 0.9
    assert forward[1] < 0  # a positive pitch looks down


def test_every_pixel_lies_on_the_thing_that_its_label_names(rooms: dict[int, Rendering]) -> None:
    for seed in (0, 1):
        stage, camera = furnish(seed)
        depth, what = trace(stage, camera, SIZE)
        assert np.array_equal(depth.astype(np.float32), rooms[seed].depth_m)
        x, y = pixels()
        points = np.array(camera.eye) + depth[..., None] * camera.rays(x, y, SIZE)
        assert (points >= stage.low - 1e-6).all()
        assert (points <= stage.high + 1e-6).all()
        look = surface(stage, what.reshape(-1), points.reshape(-1, 3))
        assert np.array_equal(look.label.reshape(SIZE, SIZE), rooms[seed].labels)
        for number in np.unique(what[what >= 0]):
            solid = stage.solids[number]
            local = (points[what == number] - solid.centre) @ solid.axes.T
            assert (np.abs(local) <= solid.extent + 1e-5).all()
            assert (rooms[seed].labels[what == number] == solid.label).all()


def test_no_solid_stands_between_the_eye_and_the_stated_depth() -> None:
    stage, camera = furnish(2)
    depth, _ = trace(stage, camera, SIZE)
    x, y = pixels()
    rays = camera.rays(x, y, SIZE)
    for solid in stage.solids:  # without the screen rectangles that `trace` uses to save time
        assert (entry(solid, np.array(camera.eye), rays) >= depth - 1e-9).all()


@pytest.mark.parametrize(
    ("kind", "half", "inside"),
    [
        ("box", (0.3, 0.5, 0.2), lambda p: (np.abs(p) <= [0.3, 0.5, 0.2]).all(-1)),
        ("ellipsoid", (0.3, 0.5, 0.2), lambda p: ((p / [0.3, 0.5, 0.2]) ** 2).sum(-1) <= 1),
        (
            "frustum",
            (0.3, 0.5, 0.1),
            lambda p: (np.hypot(p[..., 0], p[..., 2]) <= 0.2 - 0.2 * p[..., 1]) & (np.abs(p[..., 1]) <= 0.5),
        ),
        (
            "super",
            (0.3, 0.5, 0.2),
            lambda p: np.sqrt((p[..., 0] / 0.3) ** 8 + (p[..., 2] / 0.2) ** 8) + (p[..., 1] / 0.5) ** 4 <= 1,
        ),
    ],
)
def test_a_ray_enters_a_solid_where_a_slow_march_does(kind: str, half: tuple[float, ...], inside: object) -> None:
    solid = Solid(kind, np.array([0.1, 0.2, 2.0]), np.eye(3), np.array(half), plain("ffffff"), 1)
    u, v = np.meshgrid(np.linspace(-0.35, 0.4, 17), np.linspace(-0.3, 0.45, 17))
    rays = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3)
    t = entry(solid, np.zeros(3), rays)
    steps = np.linspace(1.0, 3.0, 20001)
    for ray, got in zip(rays, t, strict=True):
        hits = inside(steps[:, None] * ray - solid.centre)  # type: ignore[operator]
        expected = steps[hits.argmax()] if hits.any() else np.inf
        if np.isinf(expected):  # a march of 0.1 mm steps can jump over a corner, never over more than that
            assert np.isinf(got) or not hits.any()
        else:
            assert got == pytest.approx(expected, abs=2e-4)
    hit = np.isfinite(t)
    n = normals(solid, t[hit, None] * rays[hit] - solid.centre)
    np.testing.assert_allclose(np.linalg.norm(n, axis=-1), 1, atol=1e-9)
    assert ((n * rays[hit]).sum(-1) < 1e-6).all()  # what one sees faces one
    if kind in ("box", "ellipsoid"):
        single = rays.astype(np.float32)
        near, far = span(solid, tuple(np.zeros(1, np.float32) for _ in range(3)), tuple(single.T))
        assert np.array_equal(near < far, hit)
        np.testing.assert_allclose(near[hit], t[hit], rtol=1e-3)


def test_the_same_seed_draws_the_same_bytes_and_another_seed_another_room(rooms: dict[int, Rendering]) -> None:
    again = render_room(1, SIZE)
    for name in ("rgb", "depth_m", "labels", "person_mask"):
        assert getattr(again, name).tobytes() == getattr(rooms[1], name).tobytes()
    assert len({r.rgb.tobytes() for r in rooms.values()}) == len(rooms)
    assert len({r.depth_m.tobytes() for r in rooms.values()}) == len(rooms)
    people = [render_person(seed, 48) for seed in (0, 1, 0)]
    assert people[0].tobytes() == people[2].tobytes() != people[1].tobytes()


def test_pictures_are_well_exposed(rooms: dict[int, Rendering]) -> None:
    for r in rooms.values():
        assert 60 < r.rgb.mean() < 205
        assert r.rgb.std() > 25


def test_a_person_changes_only_the_depth_of_its_own_pixels(
    rooms: dict[int, Rendering], peopled: dict[int, Rendering]
) -> None:
    for seed, r in peopled.items():
        mask, bare = r.person_mask, rooms[seed]
        assert mask.sum() > 40
        assert not bare.person_mask.any()
        assert np.array_equal(mask, r.labels == LABELS["person"])
        assert np.array_equal(r.depth_m[~mask], bare.depth_m[~mask])
        assert np.array_equal(r.labels[~mask], bare.labels[~mask])
        assert (r.depth_m[mask] < bare.depth_m[mask]).all()
        assert r.camera == bare.camera


def test_a_person_stands_where_it_was_put(peopled: dict[int, Rendering]) -> None:
    for r in peopled.values():
        row, column = np.nonzero(r.person_mask)
        rays = r.camera.rays(column + 0.5, row + 0.5, SIZE)
        points = np.array(r.camera.eye) + r.depth_m[r.person_mask][:, None] * rays
        assert points[:, 1].min() > -0.02
        assert points[:, 1].max() < PERSON.height_m * 1.3  # arms may be raised
        assert np.abs(points[:, [0, 2]] - [PERSON.x, PERSON.z]).max() < 0.8


def ball(radius: float) -> Figure:
    part = Part(
        np.array([0.0, 0.5, 0.0]), np.eye(3) / radius, 0.0, 1.0, 1.0, radius, 0, Cloth("plain", (0.5, 0.5, 0.5))
    )
    axes = np.eye(3)
    return Figure((part,), (0.01,), np.zeros(3), axes, 2.0, np.array([0.0, 0.9, 0.0]), axes)


def test_a_figure_that_is_a_ball_has_a_balls_depth_and_coverage() -> None:
    radius, side = 0.2, 40
    body, camera = ball(radius), Camera((0.0, 1.1, -3.0), 3.0, 0.0, 0.0, 1.8)
    step = (np.arange(side * SIDE) + 0.5) / SIDE
    rays = camera.rays(step[None, :], step[:, None], side)
    o = np.array(camera.eye) - np.array([0.0, 1.0, 0.0])
    a, b, c = (rays**2).sum(-1), rays @ o, o @ o - (2 * radius) ** 2
    inside = b * b > a * c
    expected = inside.reshape(side, SIDE, side, SIDE).sum((1, 3))
    got, _ = cover(body, camera, side, np.array([0.0, 0.6, -0.8]), 0.0)
    # A point nearer to the outline than 0.2 mm (points are 5 mm apart) may fall either way, never farther.
    assert np.abs(got - expected).max() <= 2
    assert got.sum() == pytest.approx(expected.sum(), rel=2e-3)
    t = body.trace(camera, rays[inside], np.full(int(inside.sum()), 50.0))
    exact = (-b - np.sqrt(np.maximum(b * b - a * c, 0)))[inside] / a[inside]
    deep = (b * b - a * c)[inside] > 0.02 * a[inside]
    assert np.abs(t - exact)[deep].max() < 1e-3
    assert np.median(np.abs(t - exact)) < 1e-4


def test_alpha_is_the_count_of_points_that_see_the_figure() -> None:
    body, camera, side = framing(3, 56)
    got, colour = cover(body, camera, side, np.array([0.0, 0.6, -0.8]), 0.0)
    step = (np.arange(side * SIDE) + 0.5) / SIDE
    rays = camera.rays(step[None, :], step[:, None], side).reshape(-1, 3)
    every = np.isfinite(body.trace(camera, rays, np.full(len(rays), 50.0)))
    expected = every.reshape(side, SIDE, side, SIDE).sum((1, 3))
    # Only a gap or a limb thinner than a pixel, seen by no centre, may differ; count them.
    assert (np.abs(got - expected) > 1).mean() < 0.002
    assert got.sum() == pytest.approx(expected.sum(), rel=2e-3)
    assert (colour[got > 0].sum(-1) > 0).all()


def test_a_cut_out_is_tight_soft_and_clean() -> None:
    for seed in (0, 5):
        rgba = render_person(seed, 96)
        alpha = rgba[..., 3]
        assert 90 <= rgba.shape[0] <= 100
        assert alpha[0].any()
        assert alpha[-1].any()
        assert alpha[:, 0].any()
        assert alpha[:, -1].any()
        levels = np.rint(np.arange(65) / 64 * 255).astype(np.uint8)
        assert np.isin(alpha, levels).all()
        soft = (alpha > 0) & (alpha < 255)
        assert len(np.unique(alpha[soft])) > 30
        assert 0.3 * (alpha == 255).sum() > soft.sum() > 60
        assert (rgba[alpha == 0] == 0).all()
        # Edge colours are the figure's own: no black has crept in from outside.
        assert rgba[soft][:, :3].mean() > 0.5 * rgba[alpha == 255][:, :3].mean()


def test_a_figure_grows_with_its_height_and_turns_with_its_heading() -> None:
    small, tall = figure_of(replace(PERSON, height_m=1.0)), figure_of(replace(PERSON, height_m=2.0))
    point = np.array([[0.1, 0.5, -0.05]])
    base = np.array([PERSON.x, 0.0, PERSON.z])
    np.testing.assert_allclose(tall.to_world(point) - base, 2 * (small.to_world(point) - base))
    nose = np.array([0.0, 0.0, -1.0])
    facing = figure_of(replace(PERSON, heading_deg=0.0)).to_world(nose) - base
    np.testing.assert_allclose(facing / PERSON.height_m, [0, 0, -1], atol=1e-12)
    turned = figure_of(replace(PERSON, heading_deg=90.0)).to_world(nose) - base
    assert turned[0] / PERSON.height_m == pytest.approx(1.0)


def test_a_size_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="size is 4"):
        render_room(0, 4)


def test_a_room_is_its_stage_with_the_person_in_it_seen_by_its_camera(peopled: dict[int, Rendering]) -> None:
    stage, camera = furnish(1)
    here = with_person(stage, PERSON)
    made = render_stage(here, camera, SIZE, 1)
    assert made.rgb.tobytes() == peopled[1].rgb.tobytes()
    depth, what = trace(here, camera, SIZE)
    assert np.array_equal(depth.astype(np.float32), made.depth_m)
    assert np.array_equal(what == FIGURE, made.person_mask)
    assert stage.figure is None


def test_outside_the_folder_only_its_public_names_are_used() -> None:
    root = Path(__file__).parents[2]
    for path in [*(root / "training").rglob("*.py"), *(root / "bench").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("figureground.drawn"):
                assert node.module == "figureground.drawn", path
                assert {alias.name for alias in node.names} <= set(drawn.__all__), path


def test_a_glow_made_beforehand_changes_nothing_and_less_effort_only_the_light() -> None:
    stage, camera = furnish(4)
    whole = render_stage(stage, camera, 64, 1)
    again = render_stage(stage, camera, 64, 1, glow=room_glow(stage))
    assert np.array_equal(whole.rgb, again.rgb)
    quick = render_stage(stage, camera, 64, 1, effort=Effort(1, 1, 4, near=False, mirrors=False))
    assert not np.array_equal(quick.rgb, whole.rgb)
    assert np.abs(quick.rgb.astype(int) - whole.rgb).mean() < 16
    for name in ("depth_m", "labels", "things", "person_mask"):
        assert np.array_equal(getattr(quick, name), getattr(whole, name))


def test_things_are_numbered_as_trace_numbers_them() -> None:
    stage, camera = furnish(4)
    made = render_stage(with_person(stage, PersonAt(1)), camera, 64, 1)
    assert np.array_equal(made.things == FIGURE, made.person_mask)
    assert np.array_equal(render_stage(stage, camera, 64, 1).things, trace(stage, camera, 64)[1])
