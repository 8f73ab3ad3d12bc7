"""The error measures against slow loops, and what alignment promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from figureground.core.nouns import DepthMap, DepthUnit, Direction
from figureground.evaluate import metrics
from figureground.evaluate.metrics import MIN_M, align_scale, align_scale_shift, aligned, errors

MAX_M = 10.0
SEEDS = st.integers(0, 2**31)


def random_pair(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return an estimate and a truth, (12, 15) metres: holes, zeros and infinities in both."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.5, 9, (12, 15)).astype(np.float32)
    estimate = (truth * rng.lognormal(0, 0.3, truth.shape)).astype(np.float32)
    for values in (truth, estimate):
        for bad in (0, np.nan, np.inf, -1):
            values[rng.random(truth.shape) < 0.03] = bad
    return estimate, truth


def slow_errors(estimate: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float, float, float, int]:
    relative, square, logs, good, n = 0.0, 0.0, 0.0, 0, 0
    for e, t in zip(estimate.ravel().tolist(), truth.ravel().tolist(), strict=True):
        if not (math.isfinite(t) and t > 0):
            continue
        e = e if math.isfinite(e) and e > 0.001 else 0.001
        n += 1
        relative += abs(e - t) / t
        square += (e - t) ** 2
        logs += abs(math.log10(e / t))
        good += max(e / t, t / e) < 1.25
    return relative / n, math.sqrt(square / n), logs / n, good / n, n


def as_tuple(found: metrics.DepthErrors) -> tuple[float, float, float, float, int]:
    return found.abs_rel, found.rmse_m, found.log10_, found.delta1, found.pixels


@given(SEEDS)
def test_errors_are_those_of_a_slow_loop(seed: int) -> None:
    estimate, truth = random_pair(seed)
    assert as_tuple(errors(estimate, truth)) == pytest.approx(slow_errors(estimate, truth), rel=1e-9)


@given(SEEDS)
def test_the_order_of_pixels_does_not_matter(seed: int) -> None:
    estimate, truth = random_pair(seed)
    order = np.random.default_rng(seed).permutation(truth.size)
    shuffled = errors(estimate.ravel()[order], truth.ravel()[order])
    assert as_tuple(shuffled) == pytest.approx(as_tuple(errors(estimate, truth)), rel=1e-9)


def test_errors_worked_by_hand() -> None:
    found = errors(np.array([1.0, 2.0, 4.0, 7.0]), np.array([1.0, 4.0, 2.0, np.nan]))
    assert found.abs_rel == pytest.approx((0 + 0.5 + 1) / 3)
    assert found.rmse_m == pytest.approx(math.sqrt(8 / 3))
    assert found.log10_ == pytest.approx(2 * math.log10(2) / 3)
    assert found.delta1 == pytest.approx(1 / 3)
    assert found.pixels == 3
    edge = errors(np.array([1.25, 1.0, 1.2499, 1.0]), np.array([1.0, 1.25, 1.0, 1.2499]))
    assert edge.delta1 == 0.5  # exactly 1.25 is outside, on both sides


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -3.0])
def test_a_bad_estimate_is_punished_and_not_dropped(bad: float) -> None:
    truth = np.full((4, 5), 2.0)
    estimate = truth.copy()
    estimate[1, 2] = bad
    found = errors(estimate, truth)
    assert (found.pixels, found.delta1) == (20, 0.95)
    assert found.abs_rel == pytest.approx((2 - MIN_M) / 2 / 20)
    assert found.log10_ == pytest.approx(math.log10(2 / MIN_M) / 20)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="no pixel has a true depth"):
        errors(np.ones((2, 2)), np.array([[0, np.nan], [-1, np.inf]]))
    with pytest.raises(ValueError, match="differ in shape"):
        errors(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="no pictures"):
        metrics.mean([])


def test_each_picture_counts_alike_in_the_mean() -> None:
    small, large = errors(np.array([3.0]), np.array([2.0])), errors(np.full(99, 2.0), np.full(99, 2.0))
    both = metrics.mean([small, large])
    assert (both.abs_rel, both.rmse_m, both.delta1, both.pixels) == (0.25, 0.5, 0.5, 100)
    assert math.isnan(both.boundary_f1)  # neither is a map
    step = np.array([[2.0, 3.0], [2.0, 3.0]])
    sharp, flat, edgeless = errors(step, step), errors(np.ones((2, 2)), step), errors(step, np.ones((2, 2)))
    assert metrics.mean([sharp, flat, edgeless, small]).boundary_f1 == 0.5


@given(SEEDS, st.floats(0.05, 20))
def test_scale_is_forgotten_by_alignment(seed: int, scale: float) -> None:
    estimate, truth = random_pair(seed)
    estimate = np.where(np.isfinite(estimate) & (estimate > 0), estimate, 1.0).astype(np.float32)
    first, second = align_scale(estimate, truth), align_scale(estimate.astype(np.float64) * scale, truth)
    np.testing.assert_allclose(first, second, rtol=1e-9)
    valid = metrics.known(truth)
    assert np.median(first[valid]) == pytest.approx(np.median(truth[valid]))


@given(SEEDS, st.floats(1e-3, 1e5), st.floats(-1e5, 1e5))
def test_affine_inverse_depth_is_recovered(seed: int, scale: float, shift: float) -> None:
    truth = np.random.default_rng(seed).uniform(0.5, 9, (12, 15))
    holed = np.where(np.random.default_rng(seed + 1).random(truth.shape) < 0.3, np.nan, truth)
    shift = shift * scale / 1e3  # so that float64 can tell the values apart
    found = align_scale_shift(scale / truth + shift, holed, MAX_M)
    np.testing.assert_allclose(found, truth, rtol=1e-6)
    found = align_scale_shift(scale * truth + shift, holed, MAX_M, inverse=False)
    np.testing.assert_allclose(found, truth, rtol=1e-6)


@given(SEEDS)
def test_scale_and_shift_is_the_least_squares_of_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(1, 9, 200)
    estimate = 3 / truth + rng.normal(0, 0.1, 200) + 1
    matrix = np.stack([estimate, np.ones_like(estimate)], 1)
    a, b = np.linalg.lstsq(matrix, 1 / truth, rcond=None)[0]
    expected = 1 / np.maximum(a * estimate + b, 1 / MAX_M)
    np.testing.assert_allclose(align_scale_shift(estimate, truth, MAX_M), expected, rtol=1e-8)


@given(SEEDS, st.sampled_from([0.0, 1.0, -7.0, 1e-30, 1e30]))
def test_a_constant_becomes_the_best_constant(seed: int, value: float) -> None:
    truth = np.random.default_rng(seed).uniform(1, 9, (6, 7))
    flat = np.full(truth.shape, value)
    np.testing.assert_allclose(align_scale_shift(flat, truth, MAX_M), 1 / np.mean(1 / truth))
    np.testing.assert_allclose(align_scale_shift(flat, truth, MAX_M, inverse=False), truth.mean())


def test_near_for_far_is_not_turned_round() -> None:
    truth = np.linspace(1, 5, 50)
    wrong_way = align_scale_shift(truth, truth, MAX_M)  # larger is farther, given as inverse depth
    np.testing.assert_allclose(wrong_way, 1 / np.mean(1 / truth))
    wrong_way = align_scale_shift(1 / truth, truth, MAX_M, inverse=False)
    np.testing.assert_allclose(wrong_way, truth.mean())


def test_pixels_without_an_estimate_leave_the_fit_alone_and_stay_unknown() -> None:
    truth = np.linspace(1, 5, 50)
    estimate = 2 / truth + 1
    estimate[[3, 30]] = np.nan, np.inf
    found = align_scale_shift(estimate, truth, MAX_M)
    assert np.flatnonzero(np.isnan(found)).tolist() == [3, 30]
    np.testing.assert_allclose(np.delete(found, [3, 30]), np.delete(truth, [3, 30]))
    assert np.isnan(align_scale_shift(np.full(50, np.nan), truth, MAX_M)).all()


def test_fitted_depth_is_positive_and_at_most_the_limit() -> None:
    truth = np.array([1.0, 1.1, 8.0, np.nan, np.nan])
    estimate = np.array([1.0, 0.9, 0.1, -50.0, 1e9])
    found = align_scale_shift(estimate, truth, MAX_M)
    assert found[3] == MAX_M
    assert (found > 0).all()
    found = align_scale_shift(-estimate, truth, MAX_M, inverse=False)
    assert (found[3], found[4]) == (MAX_M, MIN_M)


def test_which_alignments_a_unit_allows() -> None:
    truth = np.random.default_rng(1).uniform(1, 9, (8, 9))
    cases: list[tuple[NDArray[np.float64], DepthUnit, Direction, list[str]]] = [
        (truth, "m", "larger is farther", ["metric", "scaled", "scale and shift"]),
        (1 / truth, "1/m", "larger is nearer", ["metric", "scaled", "scale and shift"]),
        (40 / truth + 3, "relative", "larger is nearer", ["scale and shift"]),
        (40 * truth - 9, "relative", "larger is farther", ["scale and shift"]),
    ]
    for values, unit, direction, allowed in cases:
        found = aligned(DepthMap(values.astype(np.float32), unit, direction), truth, MAX_M)
        assert list(found) == allowed
        for metres in found.values():
            np.testing.assert_allclose(metres, truth, rtol=1e-5)


def test_metric_estimates_are_held_to_the_limit() -> None:
    truth = np.array([[2.0, 4.0, 8.0, 9.0]])
    metres = DepthMap(np.array([[2, 40, np.inf, np.nan]], np.float32), "m", "larger is farther")
    np.testing.assert_array_equal(aligned(metres, truth, MAX_M)["metric"], [[2, 10, 10, np.nan]])
    inverse = DepthMap(np.array([[0.5, 0.01, 0, -3]], np.float32), "1/m", "larger is nearer")
    np.testing.assert_array_equal(aligned(inverse, truth, MAX_M)["metric"], [[2, 10, 10, 10]])
    close = DepthMap(np.array([[1, 1, 1, 9]], np.float32), "m", "larger is farther")
    np.testing.assert_allclose(aligned(close, truth, MAX_M)["scaled"], [[6, 6, 6, 10]])
