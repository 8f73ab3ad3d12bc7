"""The most probable camera, against cameras that are known."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.room import SeenCamera
from figureground.geometry.vanishing import Lines
from figureground.geometry.viewpoint import NOTHING_SAID, Doubts, Said, Slope, viewpoint

SURE = Doubts(rate=0.001, roll=0.001, level=0.001)
UNSURE = Doubts(rate=100.0, roll=100.0, level=100.0)
USUAL = (1.0, 0.25), (1.4, 0.35)


def slope_of(pitch_deg: float, roll_deg: float, focal: float, height: float, canonical: bool = True) -> Slope:
    """Return what the floor of a camera says a third of a picture height below its middle."""
    pitch, roll, middle = math.radians(pitch_deg), math.radians(roll_deg), (0.1, 0.33)
    down = -math.sin(roll) * math.cos(pitch), math.cos(roll) * math.cos(pitch), math.sin(pitch)
    ahead = down[0] * middle[0] / focal + down[1] * middle[1] / focal + down[2]
    level = math.log(ahead / height * (focal if canonical else 1.0))
    return Slope(middle, down[1] / focal / ahead, roll, level, canonical)


@settings(max_examples=60)
@given(st.floats(-10, 40), st.floats(-6, 6), st.floats(0.6, 2.0), st.floats(0.4, 2.2), st.booleans())
def test_sure_sources_give_the_camera_itself(
    pitch: float, roll: float, focal: float, height: float, canonical: bool
) -> None:
    slope = slope_of(pitch, roll, focal, height, canonical)
    fov = math.degrees(2 * math.atan(0.5 / focal))
    found = viewpoint(slope, SURE, Said(SeenCamera(pitch, 0.01, fov, 0.01)), *USUAL)
    assert math.degrees(found.pitch) == pytest.approx(pitch, abs=0.1)
    assert math.degrees(found.roll) == pytest.approx(roll, abs=0.1)
    assert (found.focal, found.height) == pytest.approx((focal, height), rel=0.01)
    true = 0.5 - focal * math.tan(math.radians(pitch)) / math.cos(math.radians(roll))
    assert found.horizon == pytest.approx(true, abs=0.01)
    assert max(found.horizon_sd, found.focal_sd, found.height_sd) < 0.02


def test_where_nothing_speaks_the_camera_is_usual_and_uncertain() -> None:
    found = viewpoint(slope_of(30, 5, 1.8, 0.5), UNSURE, NOTHING_SAID, *USUAL)
    assert math.degrees(found.pitch) == pytest.approx(6, abs=0.2)
    assert (found.focal, found.height) == pytest.approx((1.0, 1.4), rel=0.02)
    assert (found.focal_sd, found.height_sd) == pytest.approx((0.25, 0.35), rel=0.02)
    assert found.horizon_sd > 0.2


def test_a_source_draws_by_its_precision() -> None:
    """The surer the network is of its pitch, the nearer the camera is to it, and the less uncertain the horizon."""
    pitches, sds = [], []
    for sd in (20.0, 8.0, 3.0, 1.0):
        found = viewpoint(slope_of(0, 0, 1.0, 1.4), UNSURE, Said(SeenCamera(25.0, sd, 53.0, 5.0)), *USUAL)
        pitches.append(math.degrees(found.pitch))
        sds.append(found.horizon_sd)
    assert pitches == sorted(pitches)
    assert pitches[0] < 15 < 24 < pitches[-1] < 25
    assert sds == sorted(sds, reverse=True)


def test_a_network_that_calls_low_cameras_less_low_is_seen_through() -> None:
    """Of a camera at 0.7 m, half the usual height, such a network shows 0.7 of that step."""
    slope = slope_of(12, 0, 1.0, 0.7)
    assert slope.level is not None
    shown = dataclasses.replace(slope, level=slope.level + 0.3 * math.log(0.7 / 1.4))
    seen = SeenCamera(12, 0.5, 53.13, 1.0)
    plain, through = (viewpoint(shown, Doubts(0.25, 0.07, 0.02, gain), Said(seen), *USUAL) for gain in (1.0, 0.7))
    assert plain.height > 0.8
    assert through.height == pytest.approx(0.7, rel=0.04)


def test_sources_that_disagree_are_told() -> None:
    slope = slope_of(12, 0, 1.0, 1.4)
    agreed, off = (
        viewpoint(slope, Doubts(0.25, 0.07, 0.15), Said(SeenCamera(pitch, 3.0, 53.13, 5.0)), *USUAL)
        for pitch in (12, 45)
    )
    assert agreed.misfit < 1
    assert off.misfit > 10
    tilted = viewpoint(dataclasses.replace(slope, roll=0.5), Doubts(0.25, 0.07, 0.15), NOTHING_SAID, *USUAL)
    assert tilted.misfit > 10


def lines_of(pitch_deg: float, roll_deg: float, focal: float, sure: float) -> Lines:
    weights = np.diag([1 / math.radians(sure), 1 / math.radians(sure), 1 / (sure / 20)])
    return Lines(weights, weights @ [math.radians(pitch_deg), math.radians(roll_deg), math.log(focal)])


def test_lines_draw_the_camera_by_how_sure_they_are() -> None:
    slope, seen = slope_of(14, 0, 1.0, 1.4), SeenCamera(10.0, 4.0, 53.13, 5.0)
    doubts = Doubts(0.5, 0.1, 0.15)
    plain = viewpoint(slope, doubts, Said(seen), *USUAL)
    far = [viewpoint(slope, doubts, Said(seen, lines_of(18, 3, 1.2, sure)), *USUAL) for sure in (9.0, 3.0, 1.0)]
    pitches = [math.degrees(each.pitch) for each in (plain, *far)]
    assert pitches == sorted(pitches)
    assert pitches[-1] == pytest.approx(18, abs=1.5)
    assert math.degrees(far[-1].roll) == pytest.approx(3, abs=0.7)
    sds = [each.horizon_sd for each in far]
    assert sds[2] < sds[1]
    assert sds[2] < 0.85 * plain.horizon_sd
    assert {each.misfit for each in far} == {plain.misfit}  # whether it is a floor, lines do not tell


def test_lines_that_nothing_bears_out_hardly_count() -> None:
    """Lines that are sure of a camera 40 degrees off everything else, a vault's, say, pull it no farther than lines
    that are 8 degrees off."""
    slope, seen = slope_of(10, 0, 1.0, 1.4), SeenCamera(10.0, 2.0, 53.13, 5.0)
    doubts = Doubts(0.1, 0.05, 0.1)
    near, odd = (viewpoint(slope, doubts, Said(seen, lines_of(at, 0, 1.0, 2.0)), *USUAL) for at in (18, 50))
    assert math.degrees(odd.pitch) < math.degrees(near.pitch) + 1
    assert math.degrees(odd.pitch) < 15
