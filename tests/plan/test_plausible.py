"""The score of a figure: what speaks against it lowers it and is named, and placing goes by it."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.camera import Camera
from figureground.core.canvas import Canvas
from figureground.core.nouns import Catalog, Figure, SetAside
from figureground.plan import ground
from figureground.plan.place import Setting, Slot
from figureground.plan.plausible import (
    CANNOT,
    COARSE,
    DOUBTED,
    FEET_HIDDEN,
    FLOOR,
    HIDDEN,
    IN_SIGHT,
    NO_FLOOR,
    SIZE,
    TWO_SIZES,
    WEIGHTS,
    Pasted,
    Score,
    View,
    doubted_sources,
    plausibility,
    strengths,
    together,
)
from tests.plan.sights import Cards, card, flat_room, rules

CANVAS = Canvas(64, 64)
ALL = View(400, 400, 40, 40)


def standing(**changes: Any) -> Pasted:
    """Return a figure of 40 px that stands as tall as depth in metres says, on a floor of known depth."""
    room, cutout = flat_room()
    cutout = dataclasses.replace(cutout, scale=0.2)
    return dataclasses.replace(Pasted(card(20, 16, 13, 40, 0.4), room, cutout, ALL), **changes)


@pytest.mark.parametrize(
    ("doubt", "view"),
    [(FEET_HIDDEN, View(400, 400, 40, 0)), (HIDDEN, View(400, 100, 40, 40))],
)
def test_what_is_not_seen_speaks_against_a_figure(doubt: str, view: View) -> None:
    score = plausibility(standing(view=view), CANVAS)
    assert score.doubts == (IN_SIGHT, doubt)
    assert score.value < plausibility(standing(), CANVAS).value
    assert plausibility(standing(), CANVAS).doubts == (IN_SIGHT,)


def test_who_stands_below_the_frame_stands_in_nothing_that_is_seen() -> None:
    below = plausibility(standing(figure=card(20, 30, 13, 40, 0.4)), CANVAS)
    assert below.doubts == ()
    assert below.value > plausibility(standing(), CANVAS).value


def test_what_is_known_of_a_cutout_speaks_against_it() -> None:
    one = standing()
    seated = dataclasses.replace(one.foreground, pose="seated", pose_confidence=0.9)
    coarse = dataclasses.replace(one.foreground, scale=3.0)
    found = {
        name: plausibility(dataclasses.replace(one, **changes), CANVAS)
        for name, changes in (
            (CANNOT, {"foreground": seated}),
            (COARSE, {"foreground": coarse}),
            (DOUBTED, {"doubted": True}),
        )
    }
    assert all(score.doubts[0] == name for name, score in found.items())
    assert max(score.value for score in found.values()) < plausibility(one, CANVAS).value
    assert found[CANNOT].value < 0.1
    unsure = dataclasses.replace(seated, pose_confidence=0.2)
    assert plausibility(dataclasses.replace(one, foreground=unsure), CANVAS).value > 5 * found[CANNOT].value


def test_who_is_cut_off_below_stands_where_the_frame_cuts_him_off_too() -> None:
    half = dataclasses.replace(standing().foreground, cut=("bottom",), pose="half-length")
    inside = plausibility(standing(foreground=half), CANVAS)
    below = plausibility(standing(foreground=half, figure=card(20, 30, 13, 40, 0.4)), CANVAS)
    assert inside.doubts == (CANNOT, IN_SIGHT)
    assert CANNOT not in below.doubts
    assert below.value > 5 * inside.value


def test_without_a_floor_a_figure_is_seldom_believed() -> None:
    score = plausibility(standing(figure=Figure(0, 20, 16, 13, 40, False)), CANVAS)
    assert score.doubts == (NO_FLOOR,)
    assert score.value < 0.2


def test_a_floor_and_a_camera_that_are_unsure_are_doubted_as_much_as_they_are() -> None:
    one = standing()
    ground = one.background.ground
    assert ground is not None

    def doubts(**changes: float) -> dict[str, float]:
        room = dataclasses.replace(one.background, ground=dataclasses.replace(ground, **changes))
        return strengths(standing(background=room), CANVAS)

    assert not {SIZE, FLOOR} & doubts(confidence=0.8).keys()
    floors = [doubts(confidence=sure)[FLOOR] for sure in (0.7, 0.6, 0.5)]
    assert floors == sorted(floors)
    sizes = [doubts(camera_height_sd=share * ground.camera_height)[SIZE] for share in (0.05, 0.1, 0.2)]
    assert sizes == pytest.approx([0.1, 0.2, 0.4], rel=0.1)  # of a size that is off by half
    # horizon and camera height explain each other: both together are no worse than either by much
    both = doubts(camera_height_sd=0.1 * ground.camera_height, horizon_sd=2.0)[SIZE]
    assert both < doubts(horizon_sd=2.0)[SIZE] + 0.21


@pytest.mark.parametrize(("nearer", "told"), [(1.0, False), (1.15, False), (2.0, True), (0.5, True)])
def test_a_floor_that_the_networks_depth_contradicts_is_doubted(nearer: float, told: bool) -> None:
    """40 px at 0.4 / m, of 1.4 m, are 71 px of focal length."""
    room = dataclasses.replace(standing().background, depth_from="network", camera=Camera(fx=71.0, fy=71.0))
    figure = dataclasses.replace(standing().figure, inverse_depth=0.4 * nearer)
    assert (TWO_SIZES in plausibility(standing(background=room, figure=figure), CANVAS).doubts) == told
    known = dataclasses.replace(room, depth_from="file")
    assert TWO_SIZES not in plausibility(standing(background=known, figure=figure), CANVAS).doubts
    relative = dataclasses.replace(room, depth_unit="relative")
    assert TWO_SIZES not in plausibility(standing(background=relative, figure=figure), CANVAS).doubts


@given(st.tuples(*[st.integers(0, 400)] * 4), st.floats(0.01, 5), st.floats(0, 1), st.booleans())
def test_strengths_are_those_of_known_doubts_and_scores_lie_between_0_and_1(
    px: tuple[int, ...], scale: float, sure: float, doubted: bool
) -> None:
    inside, seen, feet, feet_seen = sorted(px, reverse=True)
    cutout = dataclasses.replace(standing().foreground, scale=scale, pose_confidence=sure)
    one = standing(foreground=cutout, view=View(inside, seen, feet, feet_seen), doubted=doubted)
    found = strengths(one, CANVAS)
    assert found.keys() <= WEIGHTS.keys()
    assert all(0 < strength <= 1 for strength in found.values())
    assert 0 < plausibility(one, CANVAS).value < 1


def test_all_figures_of_a_picture_have_to_be_believed() -> None:
    good, bad = Score(0.8, ("a",)), Score(0.5, ("b", "a"))
    assert together([good, bad]) == together([bad, good]) == Score(0.4, ("b", "a"))
    assert together([]) == Score(1.0)


def test_photos_with_a_warning_are_doubted() -> None:
    room, cutout = flat_room()
    warnings = (SetAside("foreground", "anna.png", "soft"), SetAside("background", "room.png", "depth"))
    assert doubted_sources(Catalog((room,), (cutout,), warnings=warnings)) == {"anna.png"}


def test_a_place_that_scores_less_than_the_rules_want_is_not_taken() -> None:
    """The right half of the floor is of a network whose depth contradicts it: figures there would be doubted."""

    class Halves(Cards):
        def inverse_depths(self) -> Any:
            return np.tile(0.4 * (1 + 3.0 * (np.arange(64) >= 32)), (64, 1))

    room, cutout = flat_room()
    room = dataclasses.replace(room, depth_from="network", camera=Camera(fx=71.0, fy=71.0))
    cutout = dataclasses.replace(cutout, scale=0.2)
    sight = Halves(CANVAS, [(x, 55) for x in range(14, 50)])

    def columns(least: float) -> list[int]:
        placing = dataclasses.replace(rules(64, mode="ground", min_visible=0.5), min_plausibility=least)
        setting = Setting(placing, Catalog((room,), (cutout,)), sight)
        found = []
        for counter in range(12):
            placed = ground.stand(setting, Slot(0, 0, counter, 0, (False, True), (0.0,) * 8), [(), ()])
            assert placed is not None
            assert placed[0].contact == placed[1].contact  # twins share their place
            found.append(placed[0].contact[0] if placed[0].contact else -1)
        return found

    assert max(columns(0.0)) >= 32
    assert max(columns(0.87)) < 32
