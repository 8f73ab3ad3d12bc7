"""What a room's lines say of the camera, against cameras that are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.room import Edgels
from figureground.drawn import Effort, furnish, render_stage, room_glow
from figureground.geometry.vanishing import FEWEST, Lines, Usual, lines_in
from figureground.image.edgels import edgels_of

USUAL = Usual(math.radians(8), math.radians(6), math.log(0.9), 0.4, math.radians(3))


def seen(pitch: float, roll: float, focal: float, compass: float, count: int = 600, stray: float = 0.3) -> Edgels:
    """Return edgels of lines along a room's three directions, by projecting two points of each; some of nothing."""
    random = np.random.default_rng(5)
    up = np.array([-math.sin(roll) * math.cos(pitch), math.cos(roll) * math.cos(pitch), math.sin(pitch)])
    level = np.cross(up, [0.3, 0.1, 1.0])
    level /= np.linalg.norm(level)
    # the direction whose horizontal part makes the compass angle with straight ahead
    ahead = np.array([0, 0, 1.0]) - up[2] * up
    ahead /= np.linalg.norm(ahead)
    aside = np.cross(up, ahead)
    along = math.cos(compass) * ahead + math.sin(compass) * aside
    axes = np.stack([up, along, np.cross(up, along)])
    at = random.uniform(-0.5, 0.5, (2, count))
    points = np.stack([at[0] / focal, at[1] / focal, np.ones(count)], -1) * random.uniform(1, 5, (count, 1))
    there = points + 1e-3 * axes[random.integers(3, size=count)]
    moved = focal * there[:, :2] / there[:, 2:] - focal * points[:, :2] / points[:, 2:]
    normal = np.stack([-moved[:, 1], moved[:, 0]]) / np.linalg.norm(moved, axis=1)
    turn = random.normal(0, math.radians(1.5), count)
    turn[: round(stray * count)] = random.uniform(0, math.pi, round(stray * count))
    c, s = np.cos(turn), np.sin(turn)
    normal = np.stack([c * normal[0] - s * normal[1], s * normal[0] + c * normal[1]])
    return Edgels(at.astype(np.float32), normal.astype(np.float32))


def with_usual(lines: Lines, usual: Usual = USUAL) -> tuple[float, float, float]:
    """Return the most probable pitch, roll (degrees) and focal length by lines and what is usual."""
    precise = np.diag([1 / usual.pitch_sd, 1 / usual.roll_sd, 1 / usual.focal_sd])
    asked = np.concatenate([precise, lines.weights])
    values = np.concatenate([precise @ [usual.pitch, 0, usual.log_focal], lines.values])
    pitch, roll, log_focal = np.linalg.lstsq(asked, values, rcond=None)[0]
    return math.degrees(pitch), math.degrees(roll), math.exp(log_focal)


@settings(max_examples=25)
@given(st.floats(12, 22), st.floats(-5, 5), st.floats(0.65, 1.3), st.floats(0.5, 1.07))
def test_lines_tell_pitch_roll_and_focal_length(pitch: float, roll: float, focal: float, compass: float) -> None:
    lines = lines_in(seen(math.radians(pitch), math.radians(roll), focal, compass), USUAL)
    assert lines is not None
    found = with_usual(lines)
    assert found[:2] == pytest.approx((pitch, roll), abs=1.2)
    assert found[2] == pytest.approx(focal, rel=0.16)


@settings(max_examples=15)
@given(st.floats(-1, 1), st.floats(-5, 5), st.floats(-0.3, 0.3))
def test_parallel_uprights_tell_the_roll_alone(pitch: float, roll: float, shift: float) -> None:
    """Of a level camera, or of a picture with its uprights made parallel and cropped: its horizon is elsewhere."""
    edgels = seen(math.radians(pitch), math.radians(roll), 0.9, 0.7)
    moved = Edgels(edgels.place + np.array([[0], [shift]], np.float32), edgels.normal)
    lines = lines_in(moved, USUAL)
    assert lines is not None
    assert (lines.weights[:, [0, 2]] == 0).all()
    pitched, rolled, focal = with_usual(lines)
    assert (pitched, focal) == pytest.approx((8, 0.9))
    assert rolled == pytest.approx(roll, abs=1)


def test_lines_of_one_direction_leave_the_rest_open() -> None:
    """Of uprights alone in the middle of a level picture the roll is told, the focal length is not."""
    random = np.random.default_rng(1)
    place = np.stack([random.uniform(-0.05, 0.05, 300), random.uniform(-0.5, 0.5, 300)]).astype(np.float32)
    angle = random.normal(math.radians(2), math.radians(1), 300)
    lines = lines_in(Edgels(place, np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)), USUAL)
    assert lines is not None
    assert (lines.weights[:, [0, 2]] == 0).all()
    assert abs(math.degrees(float(lines.values[0] / lines.weights[0, 1]))) == pytest.approx(2, abs=0.5)


def test_edgels_of_nothing_say_next_to_nothing() -> None:
    random = np.random.default_rng(2)
    place = random.uniform(-0.5, 0.5, (2, 800)).astype(np.float32)
    turn = random.uniform(0, math.pi, 800)
    noise = lines_in(Edgels(place, np.stack([np.cos(turn), np.sin(turn)]).astype(np.float32)), USUAL)
    of_room = lines_in(seen(0.14, 0.02, 0.9, 0.6), USUAL)
    assert noise is not None
    assert of_room is not None
    assert np.sum(noise.weights**2) < 0.25 * np.sum(of_room.weights**2)
    few = Edgels(place[:, : FEWEST - 1], place[:, : FEWEST - 1])
    assert lines_in(few, USUAL) is None


def test_drawn_rooms_are_seen_as_they_were_drawn() -> None:
    """From a start that is 5 degrees off; the median of five rooms, looked down into."""
    off = []
    quick = Effort(to_window=1, gathered=1, parts=4, near=False, mirrors=False)
    for seed in range(5):
        stage, usual = furnish(seed)
        camera = replace(usual, pitch_deg=16.0, roll_deg=2.0)
        rgb = render_stage(stage, camera, 320, seed, 0.2, room_glow(stage), quick).rgb
        start = Usual(math.radians(21), math.radians(6), math.log(camera.focal), 0.2, 0.05)
        lines = lines_in(edgels_of(rgb), start)
        assert lines is not None
        pitch, roll, _ = with_usual(lines, start)
        off.append([abs(pitch - 16), abs(roll + 2)])
    assert (np.median(off, 0) < [2, 1]).all()
