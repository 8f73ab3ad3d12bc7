"""Poses by rules, with what the head says given; and by the head that ships, on drawn people."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from figureground.core.nouns import POSES, Alpha, Foreground, Mask
from figureground.drawn import render_person
from figureground.ingest.bodies import LowerSide
from figureground.ingest.edges import Edge
from figureground.ingest.matting import trim
from figureground.ingest.pose import LEVEL, Posed, is_person, judged, left_out, posed
from figureground.networks import pose as head
from tests.plan.sights import PLAIN

ENTRY = Foreground("a", "", "", "", "", "", 9, 9, 1, 1.0, "alpha", PLAIN)
NONE = {side: Edge() for side in ("top", "right", "bottom", "left")}


def says(**shares: float) -> dict[str, float]:
    """What the head says, a little of everything else."""
    named = {name.replace("_", "-"): share for name, share in shares.items()}
    return {**dict.fromkeys(head.POSES, 0.0), **named}


@pytest.mark.parametrize(
    ("edges", "shares", "pose", "cut"),
    [
        ({}, says(standing=0.97), "standing", ()),
        ({}, says(seated=0.8), "seated", ()),
        ({}, says(airborne=0.8), "airborne", ()),
        ({}, says(group=0.8), "group", ()),
        ({}, says(headless=0.8, half_length=0.1), "standing", ()),  # a snowman
        # flat shoes, and feet on the frame: somebody stands
        ({"bottom": Edge(0.0, 0.33)}, says(standing=0.8), "standing", ()),
        ({"bottom": Edge(0.3, 0.0)}, says(standing=0.8), "standing", ()),
        ({"bottom": Edge(0.0, 0.5)}, says(standing=0.95), "standing", ()),
        ({}, says(standing=0.31, seated=0.22, airborne=0.2, headless=0.16), "seated", ()),
        # a cut: the wider, the less the outline has to say
        ({"bottom": Edge(0.0, 0.2)}, says(half_length=0.6), "half-length", ("bottom",)),
        ({"bottom": Edge(0.0, 0.29)}, says(standing=0.39, half_length=0.4), "half-length", ("bottom",)),
        ({"bottom": Edge(0.0, 0.15)}, says(standing=0.39, half_length=0.4), "standing", ()),
        ({"bottom": Edge(0.0, 0.4)}, says(standing=0.38, half_length=0.33), "standing", ()),  # trousers like pillars
        ({"bottom": Edge(0.0, 0.4)}, says(standing=0.4, half_length=0.41), "half-length", ("bottom",)),
        ({"bottom": Edge(0.4, 0.4)}, says(standing=0.6), "half-length", ("bottom",)),
        ({"bottom": Edge(0.4, 0.4)}, says(standing=0.95), "standing", ()),
        ({"left": Edge(0.0, 0.5), "right": Edge(0.0, 0.5)}, says(standing=0.4), "standing", ()),  # and arms
        ({"bottom": Edge(0.7, 0.7)}, says(standing=0.99), "half-length", ("bottom",)),
        ({}, says(half_length=0.9), "half-length", ("bottom",)),
        ({"bottom": Edge(0.5, 0.5), "left": Edge(0.4, 0.4)}, says(half_length=0.9), "half-length", ("bottom", "left")),
        # hair at the frame is no cut, half a face is one, and no head another thing
        ({"top": Edge(0.14, 0.14)}, says(standing=0.95), "standing", ()),
        ({"top": Edge(0.24, 0.24), "bottom": Edge(0.6, 0.6)}, says(half_length=0.9), "half-length", ("top", "bottom")),
        ({"top": Edge(0.0, 0.26)}, says(headless=0.7), "cropped", ("top",)),
        ({"top": Edge(0.9, 0.9)}, says(headless=0.2, standing=0.7), "cropped", ("top",)),
        ({"top": Edge(0.0, 0.3)}, says(standing=0.9), "standing", ()),
        # of a part of a picture less is needed to be several, and who sits in it is none that rises from the frame
        ({}, says(half_length=0.2, group=0.4, standing=0.45), "standing", ()),
        ({"bottom": Edge(0.7, 0.7)}, says(half_length=0.5, group=0.4), "group", ("bottom",)),
        ({"bottom": Edge(0.7, 0.7)}, says(half_length=0.7, group=0.2), "half-length", ("bottom",)),
        ({"bottom": Edge(0.0, 0.37)}, says(half_length=0.2, seated=0.4, airborne=0.1), "seated", ("bottom",)),
        ({"bottom": Edge(0.4, 0.4)}, says(half_length=0.2, seated=0.4, airborne=0.1), "half-length", ("bottom",)),
        # a side alone
        ({"left": Edge(0.3, 0.3)}, says(standing=0.9), "cropped", ("left",)),
        ({"left": Edge(0.0, 0.33)}, says(standing=0.9), "standing", ()),
    ],
)
def test_edges_and_outline_together_tell_the_pose(
    edges: dict[str, Edge], shares: dict[str, float], pose: str, cut: tuple[str, ...]
) -> None:
    found = judged({**NONE, **edges}, 1, shares, LowerSide(0.0, 0.9))
    assert (found.pose, found.cut) == (pose, cut)
    assert 0 <= found.confidence <= 1
    assert round(found.confidence, 2) == found.confidence


def test_two_bodies_are_a_group_whatever_the_head_says() -> None:
    assert judged(NONE, 2, says(standing=0.9), LowerSide(0.0, 0.4)) == Posed("group", 0.95)


@pytest.mark.parametrize(
    ("edge", "lower", "pose", "cut"),
    [
        (Edge(), LowerSide(0.0, 0.4), "group", ()),
        (Edge(), LowerSide(LEVEL, 0.4), "group", ()),
        (Edge(), LowerSide(LEVEL + 0.001, 0.4), "scattered", ()),
        # legs that are cut one by one fill little of the side, soles less of what ends there
        (Edge(0.0, 0.33), LowerSide(0.0, 0.38), "group", ("bottom",)),
        (Edge(0.0, 0.18), LowerSide(0.0, 0.44), "group", ()),
        (Edge(0.0, 0.0), LowerSide(0.0, 0.0), "group", ()),
        (Edge(0.7, 0.7), LowerSide(0.0, 0.9), "group", ("bottom",)),
        (Edge(0.7, 0.7), LowerSide(0.2, 0.9), "scattered", ("bottom",)),
    ],
)
def test_several_people_are_a_group_where_all_end_in_one_row(
    edge: Edge, lower: LowerSide, pose: str, cut: tuple[str, ...]
) -> None:
    assert judged({**NONE, "bottom": edge}, 1, says(group=0.8, standing=0.1), lower) == Posed(pose, 0.8, cut)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("alone", "pose"),
    [
        (says(standing=0.6, seated=0.3), "group"),
        (says(standing=0.3, seated=0.5), "seated"),
        (says(airborne=0.5), "airborne"),
    ],
)
def test_a_whole_group_does_what_its_tallest_does(alone: dict[str, float], pose: str) -> None:
    """The head, of which several people are one kind, is asked again of one alone."""
    asked: list[Mask] = []

    def answers(mask: Mask) -> dict[str, float]:
        asked.append(mask)
        return says(group=0.9) if len(asked) == 1 else alone

    pair = np.zeros((120, 140), np.uint8)
    for left, top in ((10, 20), (80, 10)):  # legs in pointed shoes, a body and a head each
        for foot in (left, left + 28):
            pair[top + 60 : 100, foot : foot + 12] = pair[100:110, foot + 5 : foot + 7] = 255
        pair[top + 20 : top + 60, left : left + 40] = pair[top : top + 20, left + 13 : left + 27] = 255
    assert posed(pair, framed=False, person=True, shares_of=answers).pose == pose
    assert [mask.shape for mask in asked] == [(100, 110), (100, 40)]


def test_half_a_face_at_the_frame_of_a_photo_is_no_half_length() -> None:
    picture = np.zeros((200, 160), np.uint8)
    picture[50:, 20:140], picture[:50, 60:100] = 255, 255  # shoulders, and a face that the frame cuts
    part = functools.partial(posed, person=True, shares_of=lambda _: says(half_length=0.9))
    assert part(picture, framed=True).pose == "cropped"
    assert part(picture, framed=False).pose == "half-length"
    picture[:10] = 0  # the head is below the upper edge
    for row in range(10):
        picture[10 + row, : 80 - 2 * row] = picture[10 + row, 80 + 2 * row :] = 0  # and round
    assert part(picture, framed=True).pose == "half-length"


def test_an_object_has_a_straight_lower_edge_and_is_whole() -> None:
    """The head, which knows people alone, is not asked."""

    def never(mask: Mask) -> dict[str, float]:
        raise AssertionError("asked")

    box = np.zeros((100, 200), np.uint8)
    box[10:90, 10:190] = 255
    assert posed(box, framed=True, person=False, shares_of=never) == Posed("object", 1.0)
    assert posed(box[10:90, 10:190], framed=False, person=False, shares_of=never) == Posed("object", 1.0)
    assert posed(box[:90], framed=True, person=False, shares_of=never).cut == ("bottom",)
    assert posed(box[:90], framed=True, person=False, shares_of=never).pose == "cropped"


def test_classes_of_people_are_told_from_others() -> None:
    assert all(is_person(name) for name in ("person", "Woman ", "children", "pedestrians"))
    assert not is_person("sofa")


@functools.cache
def person(seed: int) -> Alpha:
    return np.ascontiguousarray(trim(render_person(seed, 260))[..., 3])


def of(alpha: Alpha) -> Posed:
    return posed(alpha, framed=False, person=True, shares_of=head.shares)


@pytest.mark.parametrize("seed", [1, 4, 7])
def test_drawn_people_are_known_whole_cut_and_together(seed: int) -> None:
    alpha = person(seed)
    height, width = alpha.shape
    assert of(alpha).pose == "standing"
    for share in (0.3, 0.5, 0.75):
        found = of(alpha[: round(height * share)])
        assert found.pose == "half-length"
        assert "bottom" in found.cut
    assert of(alpha[round(height * 0.25) :]).pose == "cropped"
    beside = np.zeros((height, 2 * width + 20), np.uint8)
    beside[:, :width], beside[:, width + 20 :] = alpha, alpha[:, ::-1]
    assert (of(beside).pose, of(beside).cut) == ("group", ())
    assert (of(beside[: height // 2]).pose, of(beside[: height // 2]).cut) == ("group", ("bottom",))
    beside[:, width + 20 :] = np.roll(beside[:, width + 20 :], -round(0.15 * height), 0)
    beside[-round(0.15 * height) :, width + 20 :] = beside[: round(0.15 * height), width + 20 :] = 0
    assert of(beside).pose == "scattered"
    assert of(alpha[:, ::-1]).pose == "standing"


def test_what_is_left_out_is_said_with_the_way_to_use_it() -> None:
    entry = replace(ENTRY, pose="half-length", pose_confidence=0.93, cut=("bottom",))
    assert left_out(entry, ("half-length",)) == ""
    assert left_out(entry, POSES) == ""
    reason = left_out(entry, ("standing", "object"))
    assert reason == (
        "pose: half-length (93% sure, cut off at bottom); "
        'foregrounds.poses = ["standing", "object", "half-length"] uses it'
    )
    apart = left_out(replace(ENTRY, pose="scattered", pose_confidence=0.95), ("standing", "group"))
    assert apart == (
        "pose: scattered (95% sure): several people who do not end in one row, so they stand at different depths, or "
        'do not stand; foregrounds.poses = ["standing", "group", "scattered"] uses it'
    )
