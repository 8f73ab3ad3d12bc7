"""The measures of edges against slow ones, pixel by pixel, and against maps whose score is known."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from figureground.evaluate.boundaries import THRESHOLDS, boundary_f1, boundary_recall, thinned
from figureground.image.filters import box_blur

Map = NDArray[np.float64]
Pixel = tuple[int, int]
SEEDS = st.integers(0, 2**31)
TURNS = ((0, 1), (0, -1), (1, 0), (-1, 0))  # from a pixel that is nearer to its neighbour


def scene(height: int = 24, width: int = 30) -> Map:
    """A box at 2 m before a wall at 4 m."""
    depth = np.full((height, width), 4.0)
    depth[8:18, 10:22] = 2
    return depth


def everywhere(depth: Map) -> NDArray[np.bool_]:
    return np.ones(depth.shape, np.bool_)


def rough(seed: int, shape: tuple[int, int] = (7, 9)) -> Map:
    """Depth with steps of all sizes, some of them equal."""
    rng = np.random.default_rng(seed)
    return np.asarray(np.exp(np.round(rng.normal(0, 0.12, shape), 2)))


def neighbours(shape: tuple[int, ...], turn: Pixel) -> Iterator[tuple[Pixel, Pixel]]:
    for v in range(shape[0]):
        for u in range(shape[1]):
            other = v + turn[0], u + turn[1]
            if 0 <= other[0] < shape[0] and 0 <= other[1] < shape[1]:
                yield (v, u), other


def slow_f1(estimate: Map, truth: Map, valid: NDArray[np.bool_]) -> float:
    total = weights = 0.0
    some = False
    for t in THRESHOLDS:
        precisions, recalls = [], []
        for turn in TURNS:
            pairs = [(p, q) for p, q in neighbours(truth.shape, turn) if valid[p] and valid[q]]
            ours = {(p, q) for p, q in pairs if estimate[q] / estimate[p] > t}
            theirs = {(p, q) for p, q in pairs if truth[q] / truth[p] > t}
            some |= bool(theirs)
            if ours or theirs:
                precisions.append(len(ours & theirs) / len(ours) if ours else 0.0)
                recalls.append(len(ours & theirs) / len(theirs) if theirs else 0.0)
        if precisions:
            p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
            total += t * (2 * p * r / (p + r) if p + r else 0.0)
            weights += t
    return total / weights if some else math.nan


def slow_recall(estimate: Map, figure: NDArray[np.bool_]) -> float:
    total = 0.0
    for t in THRESHOLDS:
        shares = []
        for turn in TURNS:
            wanted = {(p, q) for p, q in neighbours(figure.shape, turn) if figure[p] and not figure[q]}
            if wanted:
                kept = slow_thinned(estimate, turn, t)
                shares.append(len(wanted & kept) / len(wanted))
        if not shares:
            return math.nan
        total += t * sum(shares) / len(shares)
    return total / float(THRESHOLDS.sum())


def slow_thinned(estimate: Map, turn: Pixel, t: float) -> set[tuple[Pixel, Pixel]]:
    """Walk each row, or column, and keep the first largest of every run of steps above t."""
    kept = set()
    along = abs(turn[1])
    for line in range(estimate.shape[1 - along]):
        run: list[tuple[float, tuple[Pixel, Pixel]]] = []
        for place in range(estimate.shape[along]):
            here = (line, place) if along else (place, line)
            after = here[0] + abs(turn[0]), here[1] + abs(turn[1])
            inside = after[0] < estimate.shape[0] and after[1] < estimate.shape[1]
            p, q = (here, after) if sum(turn) > 0 else (after, here)
            if inside and estimate[q] / estimate[p] > t:
                run.append((float(estimate[q] / estimate[p]), (p, q)))
            elif run:
                kept.add(max(run, key=lambda one: one[0])[1])
                run = []
    return kept


@settings(max_examples=40)
@given(SEEDS, st.floats(0, 0.2), st.floats(0, 0.5))
def test_boundary_f1_is_the_slow_one(seed: int, noise: float, unknown: float) -> None:
    rng = np.random.default_rng(seed)
    truth = rough(seed)
    estimate = truth * np.exp(rng.normal(0, noise, truth.shape))
    valid = rng.random(truth.shape) >= unknown
    assert boundary_f1(estimate, truth, valid) == pytest.approx(slow_f1(estimate, truth, valid), nan_ok=True)


@settings(max_examples=40)
@given(SEEDS, st.floats(0.05, 0.95))
def test_boundary_recall_is_the_slow_one(seed: int, share: float) -> None:
    estimate = rough(seed)
    figure = np.random.default_rng(seed).random(estimate.shape) < share
    assert boundary_recall(estimate, figure) == pytest.approx(slow_recall(estimate, figure), nan_ok=True)


@given(SEEDS)
def test_a_map_equals_itself_in_any_scale(seed: int) -> None:
    truth, valid = rough(seed), everywhere(rough(seed))
    assert boundary_f1(truth, truth, valid) == 1
    other = rough(seed + 1)
    assert boundary_f1(4 * other, truth, valid) == boundary_f1(other, truth, valid)
    figure = truth < np.median(truth)
    assert boundary_recall(other / 8, figure) == boundary_recall(other, figure)


def test_a_step_in_one_direction_alone_equals_itself() -> None:
    wall = np.where(np.arange(12) < 5, 2.0, 3.0)[None].repeat(6, 0)
    assert boundary_f1(wall, wall, everywhere(wall)) == 1
    assert boundary_recall(wall, wall == 2) == 1


def test_blur_and_being_beside_it_cost() -> None:
    truth = scene()
    blurred = box_blur(truth.astype(np.float32)[..., None], 2)[..., 0].astype(np.float64)
    valid, figure = everywhere(truth), truth == 2
    assert 0 < boundary_f1(blurred, truth, valid) < 0.6
    assert boundary_recall(blurred, figure) < 0.1 < boundary_recall(truth, figure) == 1
    beside = np.roll(truth, 1, (0, 1))
    assert boundary_f1(beside, truth, valid) == boundary_recall(beside, figure) == 0


def test_a_constant_sees_no_edge_and_an_edgeless_truth_measures_nobody() -> None:
    truth = scene()
    flat, valid = np.full(truth.shape, 3.0), everywhere(truth)
    assert boundary_f1(flat, truth, valid) == 0
    assert boundary_recall(flat, truth == 2) == 0
    assert math.isnan(boundary_f1(truth, flat, valid))
    for nothing in (np.zeros(truth.shape, np.bool_), np.ones(truth.shape, np.bool_)):
        assert math.isnan(boundary_recall(truth, nothing))


@pytest.mark.parametrize("unknown", [0.0, np.nan, -1.0])
def test_what_the_truth_does_not_know_takes_no_part(unknown: float) -> None:
    truth = scene()
    estimate = truth.copy()
    estimate[2:6, 3:9] = 1.0  # an edge that is not there, where nobody knows
    holed = truth.copy()
    holed[1:7, 2:10] = unknown
    valid = np.isfinite(holed) & (holed > 0)
    assert boundary_f1(estimate, holed, valid) == 1
    assert boundary_f1(estimate, truth, everywhere(truth)) < 1


def test_steps_of_each_size_count_at_the_thresholds_below_them() -> None:
    """A step of 1.15 stands out at the first five of the ten, where the truth's of 2 does at all."""
    truth, small = scene(), np.where(scene() == 2, 2.0, 2.3)
    expected = THRESHOLDS[THRESHOLDS < 1.15].sum() / THRESHOLDS.sum()
    assert boundary_f1(small, truth, everywhere(truth)) == pytest.approx(expected)
    assert boundary_recall(small, truth == 2) == pytest.approx(expected)


def test_a_step_of_just_a_threshold_is_not_above_it() -> None:
    truth, just = scene(), np.where(scene() == 2, 1.0, THRESHOLDS[-1])
    assert boundary_f1(just, truth, everywhere(truth)) == pytest.approx(THRESHOLDS[:-1].sum() / THRESHOLDS.sum())
    assert boundary_recall(just, truth == 2) == pytest.approx(THRESHOLDS[:-1].sum() / THRESHOLDS.sum())


def test_of_a_slope_one_step_counts() -> None:
    ratio = np.array([[1.1, 1.3, 1.3, 1.0, 1.2], [1.1, 1.0, 1.0, 1.0, 1.06]])
    assert np.argwhere(thinned(ratio, 1.05)).tolist() == [[0, 1], [0, 4], [1, 0], [1, 4]]
    slope = 8 / 1.3 ** np.arange(12.0)[None].repeat(5, 0)
    figure = np.broadcast_to(np.arange(12) >= 6, slope.shape)
    assert boundary_recall(slope, figure) in (0, 1)  # in one place of the slope, not in all


def test_nearer_and_farther_are_not_confused() -> None:
    truth = scene()
    hole = 8 / truth
    assert boundary_f1(hole, truth, everywhere(truth)) == 0
    assert boundary_recall(hole, truth == 2) == 0


def test_maps_of_other_shapes_are_refused() -> None:
    a, b = np.ones((3, 4)), np.ones((4, 3))
    with pytest.raises(ValueError, match="no three maps"):
        boundary_f1(a, b, everywhere(a))
    with pytest.raises(ValueError, match="no two maps"):
        boundary_recall(a, everywhere(b))
