"""Outlines, held to what they enclose by a slow rule, and to Pillow, which rounds points down and fills up to them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from figureground.core.arrays import Floats
from figureground.image.masks import pieces
from figureground.image.outlines import inset, joined, outlines
from tests.image.slow import filled

BY = 0.02


def speckled(seed: int) -> NDArray[np.bool_]:
    """Return a small mask of pixels by chance, some more than others: pieces, holes and corners that touch."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 13, 2)
    mask = np.asarray(rng.random((height, width)) < rng.uniform(0.1, 1), np.bool_)
    mask[rng.integers(height), rng.integers(width)] = True
    return mask


def blob(seed: int) -> NDArray[np.bool_]:
    """Return a mask of one piece without holes, with a ragged edge."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 15, (20, 1)), rng.integers(16, 41, (20, 1))
    column = np.arange(40)
    return np.asarray((column >= left) & (column < right), np.bool_)


def area(points: Floats) -> float:
    """Return what a polygon encloses, positive where who walks along it has it at the right."""
    x, y = points.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


@pytest.mark.parametrize("seed", range(40))
def test_outlines_enclose_the_mask_and_nothing_else(seed: int) -> None:
    mask = speckled(seed)
    found = outlines(mask)
    assert sum(area(one.astype(float)) for one in found) == mask.sum()
    inside = np.zeros(mask.shape, np.bool_)
    for one in found:
        assert len(one) >= 4
        steps = np.roll(one, -1, 0) - one
        assert ((steps != 0).sum(1) == 1).all(), "along the edges of pixels"
        assert ((steps[1:] != 0) != (steps[:-1] != 0)).all(), "with a corner at each point"
        inside ^= filled(one.astype(float), mask.shape)
    assert (inside == mask).all()


@pytest.mark.parametrize("seed", range(40))
def test_all_parts_in_one_polygon_fill_the_same_pixels(seed: int) -> None:
    mask = speckled(seed)
    parts = [inset(one, BY) for one in outlines(mask)]
    polygon = joined(parts)
    assert len(polygon) == sum(map(len, parts)) + 2 * (len(parts) - 1)
    assert (filled(polygon, mask.shape) == mask).all()
    assert area(polygon) == pytest.approx(sum(map(area, parts)))


def test_an_outline_is_that_of_a_piece_or_a_hole() -> None:
    mask = np.zeros((9, 12), np.bool_)
    mask[1:8, 1:8] = True
    mask[3:5, 3:6] = False
    mask[8, 8] = True  # touches the large one with a corner
    assert [one.tolist() for one in outlines(mask)] == [
        [[1, 1], [8, 1], [8, 8], [1, 8]],
        [[3, 3], [3, 5], [6, 5], [6, 3]],
        [[8, 8], [9, 8], [9, 9], [8, 9]],
    ]
    assert outlines(np.zeros((3, 4), np.bool_)) == []


@pytest.mark.parametrize("seed", range(10))
def test_corners_that_touch_are_apart_either_way(seed: int) -> None:
    mask = speckled(seed)
    assert len(outlines(np.eye(4, dtype=np.bool_))) == len(outlines(np.eye(4, dtype=np.bool_)[::-1])) == 4
    assert len(outlines(mask)) == len(outlines(mask[::-1]))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("by", [0.0, BY])
def test_who_rounds_down_and_fills_up_to_the_points_fills_the_mask(seed: int, by: float) -> None:
    """Without the inset a column and a row too many."""
    mask = blob(seed)
    assert pieces(mask)[1].size == 2
    (outline,) = outlines(mask)
    corners = np.floor(inset(outline, by)).astype(int)
    picture = Image.new("L", mask.shape[::-1])
    ImageDraw.Draw(picture).polygon([(x, y) for x, y in corners.tolist()], fill=1, outline=1)
    assert (np.asarray(picture) == mask).all() == (by > 0)


def test_parts_are_joined_where_they_are_nearest() -> None:
    """Not to the first one, but to whichever of those that are in is nearest."""
    squares = [np.array([[x, 0], [x + 2, 0], [x + 2, 2], [x, 2]], float) for x in (-20, 0, 20, 10)]
    steps = np.abs(np.diff(joined([*squares, np.array([[0, 9], [1, 9], [2, 9], [2, 10], [0, 10]], float)]), axis=0))
    assert sorted(steps[steps.sum(1) > 2].sum(1).tolist()) == [7, 7, 8, 8, 8, 8, 18, 18]
