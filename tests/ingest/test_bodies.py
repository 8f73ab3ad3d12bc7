"""Several people in one mask: whether they end in one row, and which is the tallest, whatever the size or side."""

import functools

import numpy as np
import pytest

from figureground.core.nouns import Mask
from figureground.drawn import render_person
from figureground.image.masks import mask_of, tight_box
from figureground.ingest.bodies import LowerSide, bodies, lower_side, tallest
from figureground.ingest.matting import trim
from figureground.ingest.shown import body_shown

TALL = 150


@functools.cache
def person(seed: int) -> Mask:
    """Drawn once: a ray caster takes its time."""
    mask = mask_of(np.ascontiguousarray(trim(render_person(seed, TALL))[..., 3]))
    return mask[:, mask.any(0)][mask.any(1)]


def child(seed: int) -> Mask:
    """Somebody four fifths as tall."""
    mask = person(seed)
    rows, columns = (np.arange(0, side, 1.25).astype(int) for side in mask.shape)
    return mask[rows][:, columns]


def together(*members: tuple[Mask, int, int]) -> Mask:
    """Return the mask of people, each with the column of its left side and how many px its feet are above the rest."""
    page = np.zeros((3 * TALL, 6 * TALL), np.bool_)
    for mask, left, raised in members:
        bottom, (height, width) = len(page) - raised, mask.shape
        page[bottom - height : bottom, left : left + width] |= mask
    x0, y0, x1, y1 = tight_box(page) or (0, 0, 0, 0)
    return page[y0:y1, x0:x1]


@pytest.mark.parametrize("apart", [40, 60, 90])
@pytest.mark.parametrize("raised", [0, 6, 15, 40])
def test_the_rise_is_how_much_higher_the_highest_member_ends(apart: int, raised: int) -> None:
    mask = together((person(6), 0, 0), (person(2), apart, raised))
    assert lower_side(mask).rise == pytest.approx(raised / mask.shape[0], abs=0.02)


def test_one_of_three_who_is_higher_is_enough() -> None:
    for raised in np.eye(3, dtype=int) * 30:
        members = [(person(4 + 2 * k), 60 * k, int(raised[k])) for k in range(3)]
        assert lower_side(together(*members)).rise == pytest.approx(30 / (TALL + 30), abs=0.02)
    assert lower_side(together(*((person(4 + 2 * k), 60 * k, 0) for k in range(3)))).rise <= 0.02


@pytest.mark.parametrize("seed", range(8))
def test_neither_the_mirror_nor_the_size_changes_the_lower_side(seed: int) -> None:
    dice = np.random.default_rng(seed)
    members = [(person(int(dice.integers(1, 9))), 50 * k, int(dice.integers(40))) for k in range(3)]
    mask = together(*members)
    assert lower_side(np.ascontiguousarray(mask[:, ::-1])) == lower_side(mask)
    larger = lower_side(np.kron(mask, np.ones((3, 3), np.bool_)))
    assert larger.rise == pytest.approx(lower_side(mask).rise, abs=0.01)
    assert larger.near == pytest.approx(lower_side(mask).near, abs=0.03)


def test_a_leg_in_the_air_is_no_second_body() -> None:
    walking = np.zeros((100, 24), np.bool_)
    walking[:50] = walking[50:, :10] = walking[50:80, 14:] = True
    assert lower_side(walking).rise == 0
    assert lower_side(together((walking, 0, 0), (walking[:, ::-1], 40, 0))).rise == 0
    walking[80:, :10] = False
    assert lower_side(together((walking, 0, 20), (walking, 40, 0))).rise == 0.2


def test_a_raised_arm_is_no_body() -> None:
    bust = np.zeros((100, 100), np.bool_)
    bust[:60, 4:14] = bust[50:60, 4:50] = bust[10:, 50:] = True  # hand, elbow, body
    assert lower_side(bust).rise == 0
    bust[:60, 4:30] = True
    assert lower_side(bust).rise == 0.4


def test_all_of_a_cut_ends_near_the_lowest_row() -> None:
    pair = together((person(1), 0, 0), (person(2), 60, 0))
    cut = pair[: TALL // 3]
    found = lower_side(cut[:, cut.any(0)])
    assert found.rise == 0
    assert found.near > 0.8
    assert lower_side(pair).near < 0.7
    assert lower_side(np.ones((1, 1), np.bool_)) == LowerSide(0.0, 1.0)


def test_bodies_are_pieces_as_tall_as_people() -> None:
    assert bodies(together((person(1), 0, 0), (person(2), 90, 0))) == 2
    assert bodies(together((person(1), 0, 0), (person(2), 90, 0), (person(3), 180, 0))) == 3
    assert bodies(together((person(1), 0, 0), (np.ones((20, 30), np.bool_), 90, 0))) == 1  # a bag


@pytest.mark.parametrize("left", [False, True])
def test_the_tallest_is_taken_from_beside_the_others(left: bool) -> None:
    small, tall = child(1), person(2)
    members = ((tall, 0, 0), (small, 55, 0)) if left else ((small, 0, 0), (tall, 55, 0))
    found = tallest(together(*members))
    assert found.shape[0] == tall.shape[0]
    assert found.shape[1] == pytest.approx(tall.shape[1], abs=8)
    assert np.count_nonzero(found) == pytest.approx(np.count_nonzero(tall), rel=0.15)


def test_who_is_alone_is_the_tallest() -> None:
    assert np.array_equal(tallest(person(3)), person(3))


@pytest.mark.parametrize("share", [0.3, 0.45, 0.6, 0.75])
def test_how_much_shows_of_a_group_is_told_by_its_tallest(share: float) -> None:
    """By the whole outline two people who are cut at the hips would be two heads: half as slender."""
    errors, whole = [], []
    for seed in range(1, 9):
        one, other = person(seed), person(seed + 1)
        pair = together((one, 0, 0), (other, round(0.9 * one.shape[1]), 0))
        part = pair[: round(len(pair) * share)]
        part = part[:, part.any(0)]
        errors.append(abs(np.log(body_shown(tallest(part)) / share)))
        whole.append(abs(np.log(body_shown(part) / share)))
    assert np.median(errors) < 0.2
    assert np.median(whole) > 2 * np.median(errors)
