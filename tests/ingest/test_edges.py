"""Edges of figures, on drawn people who are cropped where we know it."""

import functools

import numpy as np
import pytest
from PIL import Image, ImageFilter

from figureground.core.nouns import SIDES, Alpha
from figureground.drawn import render_person
from figureground.ingest.edges import edges_of
from figureground.ingest.matting import trim
from figureground.ingest.pose import LITTLE, SURE


@functools.cache
def person() -> Alpha:
    """A whole person, 300 px tall, trimmed."""
    return np.ascontiguousarray(trim(render_person(3, 300))[..., 3])


def cropped(side: str, share: float) -> Alpha:
    """The person without this share of the box at a side."""
    alpha = person()
    height, width = alpha.shape
    rows, columns = round(height * share), round(width * share)
    return {
        "top": alpha[rows:],
        "right": alpha[:, : width - columns],
        "bottom": alpha[: height - rows],
        "left": alpha[:, columns:],
    }[side]


def soft(alpha: Alpha, radius: float = 1.2) -> Alpha:
    """The matte as blurred as an upscaled one, its straight edges too."""
    return np.asarray(Image.fromarray(np.pad(alpha, 8)).filter(ImageFilter.GaussianBlur(radius)))


def turned(alpha: Alpha, degrees: float) -> Alpha:
    return np.asarray(Image.fromarray(np.pad(alpha, 20)).rotate(degrees, Image.Resampling.BILINEAR))


def crumbled(alpha: Alpha) -> Alpha:
    """The matte with bits missing and added along its edges, as JPEG leaves them."""
    noise = np.random.default_rng(0).random((alpha.shape[0] + 8, alpha.shape[1] + 8))
    padded = np.pad(alpha, 4)
    around = np.asarray(Image.fromarray(padded).filter(ImageFilter.MaxFilter(3)))
    return np.where(noise < 0.04, around, padded).astype(np.uint8)


def test_a_whole_person_has_no_long_straight_edge() -> None:
    edges = edges_of(person(), framed=False)
    assert list(edges) == list(SIDES)
    assert edges["bottom"].straight < LITTLE
    assert all(edge.straight < SURE / 2 and edge.touched == 0 for edge in edges.values()), edges


@pytest.mark.parametrize(
    "change", [lambda a: a, soft, lambda a: turned(a, 2), crumbled], ids=["as is", "soft", "turned", "crumbs"]
)
@pytest.mark.parametrize(("side", "share"), [("top", 0.3), ("right", 0.55), ("bottom", 0.35), ("left", 0.55)])
def test_a_straight_cut_is_found_on_every_side_of_a_trimmed_file(change, side: str, share: float) -> None:  # type: ignore[no-untyped-def]
    edges = edges_of(change(cropped(side, share)), framed=False)
    assert edges[side].straight >= SURE, edges


@pytest.mark.parametrize("share", [0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
def test_cuts_below_are_found_at_every_height(share: float) -> None:
    """From the shins to the chest."""
    assert edges_of(cropped("bottom", share), framed=False)["bottom"].straight >= 0.25


def test_where_the_frame_is_known_what_touches_it_is_cut() -> None:
    """A photo's border is its frame; a file's is only where the figure keeps away from another side of it."""
    below = cropped("bottom", 0.4)
    photo = np.pad(below, ((30, 0), (40, 40)))
    for framed in (True, False):
        edges = edges_of(photo, framed)
        assert edges["bottom"].touched >= SURE
        assert edges["top"].touched == edges["left"].touched == edges["right"].touched == 0
    assert edges_of(below, framed=False)["bottom"].touched == 0
    assert edges_of(below, framed=True)["bottom"].touched >= SURE
    assert edges_of(np.pad(photo, ((0, 20), (0, 0))), framed=True)["bottom"].touched == 0


@pytest.mark.parametrize("mirrored", [False, True])
def test_edges_turn_with_the_picture(mirrored: bool) -> None:
    below = cropped("bottom", 0.4)
    straight = edges_of(below, framed=False)["bottom"].straight
    for turns, side in ((1, "right"), (2, "top"), (3, "left")):
        there = np.rot90(below, turns)
        side = {"right": "left", "left": "right"}.get(side, side) if mirrored else side
        edges = edges_of(there[:, ::-1] if mirrored else there, framed=False)
        assert edges[side].straight == pytest.approx(straight, abs=0.02)


def test_what_is_round_or_narrow_has_no_straight_edge() -> None:
    v, u = np.mgrid[0:200, 0:200]
    disc = np.where(np.hypot(u - 100, v - 100) < 90, 255, 0).astype(np.uint8)
    assert all(edge.straight == 0 for edge in edges_of(disc, framed=False).values())
    shoes = np.zeros((200, 80), np.uint8)
    shoes[:190, 20:60] = 255
    shoes[120:, 36:44] = 0  # two legs, and shoes longer than they are wide
    shoes[190:, 8:36] = shoes[190:, 44:72] = 255
    assert edges_of(shoes, framed=False)["bottom"].straight == 0


def test_an_empty_matte_has_no_edges() -> None:
    assert all(edge.touched == edge.straight == 0 for edge in edges_of(np.zeros((9, 9), np.uint8), True).values())
