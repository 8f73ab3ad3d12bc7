"""Outlines become the masks that pycocotools makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.nouns import Mask
from figureground.imports.outlines import Polygons, Runs
from tests.imports.labelled import SHAPE, SQUARE, STAR, disc

coco_mask = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools 2.0


def of_pycocotools(rings: list[list[float]], shape: tuple[int, int]) -> Mask:
    found: Mask = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(rings, *shape))).astype(bool)
    return found


def test_run_lengths_of_both_kinds_are_read_exactly() -> None:
    mask = disc(200, 90, 60) | disc(20, 230, 40) & ~disc(200, 90, 30)
    text = coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    assert np.array_equal(Runs(text, SHAPE).mask(SHAPE), mask)
    flat = mask.T.ravel()
    bounds = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], bounds, [flat.size]])).tolist()
    lengths = [0, *lengths] if flat[0] else lengths
    again = coco_mask.decode(coco_mask.frPyObjects({"size": list(SHAPE), "counts": lengths}, *SHAPE)).astype(bool)
    assert np.array_equal(again, mask)
    assert np.array_equal(Runs(tuple(lengths), SHAPE).mask(SHAPE), mask)


def test_a_rectangle_holds_the_pixels_between_its_corners_as_with_pycocotools() -> None:
    mask = Polygons((tuple(SQUARE),)).mask(SHAPE)
    assert np.array_equal(mask, of_pycocotools([SQUARE], SHAPE))
    assert mask.sum() == 100 * 180


def test_polygons_are_nearly_those_of_pycocotools_and_the_rings_are_one() -> None:
    rings = [STAR, [10.0, 10.0, 60.0, 12.0, 30.0, 70.0], [-20.0, 200.0, 30.0, 260.0, 30.0, 150.0]]
    mask, theirs = Polygons(tuple(map(tuple, rings))).mask(SHAPE), of_pycocotools(rings, SHAPE)
    assert (mask & theirs).sum() / (mask | theirs).sum() > 0.97
    assert mask[20:40, 20:40].any()
    assert mask[200, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-30, 90), st.floats(-30, 70)), min_size=3, max_size=9))
def test_a_pixel_is_inside_where_a_ray_from_its_centre_meets_the_ring_an_odd_number_of_times(
    points: list[tuple[float, float]],
) -> None:
    height, width = 40, 60
    mask = Polygons((tuple(v for point in points for v in point),)).mask((height, width))
    slow = np.zeros((height, width), bool)
    for row in range(height):
        y = row + 0.5
        met = []
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            (x0, y0), (x1, y1) = sorted([(x0, y0), (x1, y1)], key=lambda p: p[1])
            if y0 <= y < y1:
                met.append(x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        for column in range(width):
            slow[row, column] = sum(x <= column + 0.5 for x in met) % 2 == 1
    assert (mask != slow).sum() <= 2, "but for what lies on the ring to the last digit"


def test_shares_of_the_sides_are_the_same_as_pixels() -> None:
    sizes = [SHAPE[1], SHAPE[0]] * (len(STAR) // 2)
    shares = tuple(v / size for v, size in zip(STAR, sizes, strict=True))
    assert np.array_equal(Polygons((shares,), relative=True).mask(SHAPE), Polygons((tuple(STAR),)).mask(SHAPE))


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        (Polygons(((1.0, 2.0, 3.0, 4.0),)), "4 numbers"),
        (Polygons(((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),)), "7 numbers"),
        (Polygons(((1.0, 2.0, 3.0, 1e9, 5.0, 6.0),)), "leaves"),
        (Polygons(((1.0, 2.0, 3.0, float("nan"), 5.0, 6.0),)), "leaves"),
        (Polygons(((0.0, 0.0, 0.0, 240.0, 300.0, 120.0) * 400_000,)), "more and longer edges"),
        (Runs((1, 2, 3), SHAPE), "add up"),
        (Runs((SHAPE[0] * SHAPE[1] + 5, -5), SHAPE), "add up"),
        (Runs("not run lengths", SHAPE), "no part"),
        (Runs((4,), (2, 2)), "2 x 2 px"),
    ],
)
def test_what_is_no_outline_is_refused_and_why(outline: Polygons | Runs, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        outline.mask(SHAPE)
