"""Masks against slow floods, loops and paintings."""

from collections import deque
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from figureground.core.arrays import Bools
from figureground.image import masks
from figureground.image.masks import area_table, visible_share, without_crumbs
from tests.image.slow import slow_visible


def slow_pieces(mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Label 8-connected pieces by flooding from each first pixel."""
    labels = np.zeros(mask.shape, np.int32)
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        name = labels.max() + 1
        queue = deque([start])
        labels[start] = name
        while queue:
            y, x = queue.popleft()
            for near in ((y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)):
                inside = 0 <= near[0] < mask.shape[0] and 0 <= near[1] < mask.shape[1]
                if inside and mask[near] and not labels[near]:
                    labels[near] = name
                    queue.append(near)
    return labels


@settings(max_examples=200)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_pieces_equal_flooding(mask: np.ndarray[Any, Any]) -> None:
    labels, areas = masks.pieces(mask)
    assert np.array_equal(labels, slow_pieces(mask))
    assert np.array_equal(areas, np.bincount(labels.ravel(), minlength=1))


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_the_tight_box_is_tight(mask: np.ndarray[Any, Any]) -> None:
    box = masks.tight_box(mask)
    if not mask.any():
        assert box is None
        return
    assert box is not None
    x0, y0, x1, y1 = box
    assert mask[y0:y1, x0:x1].sum() == mask.sum()
    for side in (mask[y0], mask[y1 - 1], mask[:, x0], mask[:, x1 - 1]):
        assert side.any()


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))), *(st.integers(0, 5) for _ in range(4)))
def test_the_tight_box_is_the_same_wherever_it_is_looked_for(
    mask: np.ndarray[Any, Any], top: int, left: int, below: int, right: int
) -> None:
    height, width = mask.shape
    frame = np.pad(mask, ((top, below), (left, right)))
    place = slice(top, top + height), slice(left, left + width)
    assert masks.tight_box(frame, place) == masks.tight_box(frame)


def test_half_is_figure() -> None:
    assert masks.mask_of(np.array([[0, 127, 128, 255]], np.uint8)).tolist() == [[False, False, True, True]]


def flooded(mask: Bools) -> list[set[tuple[int, int]]]:
    """Return the 8-connected pieces of the true pixels, by flood fill."""
    open_ = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    found = []
    while open_:
        piece, edge = set(), [open_.pop()]
        while edge:
            y, x = edge.pop()
            piece.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & open_
            open_ -= near
            edge += near
        found.append(piece)
    return found


@settings(max_examples=80)
@given(st.integers(0, 2**31), st.integers(1, 24), st.integers(1, 24), st.floats(0.05, 0.95), st.integers(1, 20))
def test_without_crumbs_equals_a_flood_fill(seed: int, height: int, width: int, share: float, least: int) -> None:
    """Small pieces go first; then small holes, among which those that the pieces left."""
    mask = np.random.default_rng(seed).random((height, width)) < share
    expected = mask.copy()
    for value in (True, False):
        for piece in flooded(expected == value):
            if len(piece) < least:
                for y, x in piece:
                    expected[y, x] = not value
    found = without_crumbs(mask, least)
    assert found.dtype == bool
    assert np.array_equal(found, expected)
    assert not any(len(piece) < least for piece in flooded(~found))


@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 12), st.integers(1, 3))
def test_area_tables_count_what_is_on_the_canvas(seed: int, height: int, width: int, times: int) -> None:
    """In its own size, and in a larger one, where a pixel of the mask is a square of several."""
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < 0.5
    mask[0, 0] = True
    at = rng.integers(-14, 14, (8, 2))
    flip = rng.random(8) < 0.5
    large = mask.repeat(times, 0).repeat(times, 1)
    sizes = np.tile([width * times, height * times], (8, 1))
    found = visible_share(area_table(mask), at, sizes, flip, (9, 9))
    exact = (
        np.array([slow_visible(large, int(x), int(y), bool(f), 9) for (x, y), f in zip(at, flip, strict=True)])
        / large.sum()
    )
    if times == 1:
        assert found.tolist() == exact.tolist()
    # only squares that the frame cuts are left out
    assert (found <= exact + 1e-9).all()
    assert (exact - found <= (times > 1) * 2 * (width + height) / mask.sum() + 1e-9).all()
