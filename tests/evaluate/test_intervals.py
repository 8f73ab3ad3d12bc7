"""Intervals: of known means, drawn alike, honest about how often they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core import random
from figureground.evaluate.intervals import (
    DRAWS,
    SEED,
    Interval,
    crossed_interval,
    mean_interval,
    paired_interval,
    shown,
    span,
)

VALUES = st.lists(st.floats(-10, 10), min_size=2, max_size=40)


@settings(max_examples=25)
@given(VALUES)
def test_an_interval_holds_its_mean_and_is_the_same_again(values: list[float]) -> None:
    found = mean_interval(values)
    assert found == mean_interval(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.pictures == len(values)


@settings(max_examples=25)
@given(VALUES, st.floats(-5, 5))
def test_what_is_added_to_every_picture_is_a_sure_difference(values: list[float], more: float) -> None:
    moved = [value + more for value in values]
    paired = paired_interval(moved, values)
    assert (paired.mean, paired.low, paired.high) == pytest.approx((more, more, more), abs=1e-9)
    found, before = mean_interval(moved), mean_interval(values)
    assert (found.low - more, found.high - more) == pytest.approx((before.low, before.high), abs=1e-9)


def test_it_holds_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    found = [mean_interval(rng.normal(1, 2, 50).tolist()) for _ in range(200)]
    assert 0.88 < np.mean([one.low <= 1 <= one.high for one in found]) < 0.99
    widths = [one.high - one.low for one in found]
    assert np.mean(widths) == pytest.approx(2 * 1.96 * 2 / math.sqrt(50), rel=0.1)


def test_pictures_that_have_no_value_take_no_part() -> None:
    nan = math.nan
    assert mean_interval([1.0, nan, 2.0]) == mean_interval([1.0, 2.0])
    assert paired_interval([1.0, nan, 4.0], [nan, 1.0, 3.0]).pictures == 1
    alone, nobody = mean_interval([3.0]), mean_interval([nan])
    assert (alone.mean, alone.pictures, span(alone)) == (3.0, 1, "-")
    assert (nobody.pictures, shown(nobody.mean)) == (0, "-")
    assert nobody.to_json() == {"mean": None, "low": None, "high": None, "pictures": 0}
    with pytest.raises(ValueError, match="2 values, but 1"):
        paired_interval([1.0, 2.0], [1.0])


def test_many_pictures_are_drawn_in_pieces_to_the_same_means(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random(30).tolist()
    whole = mean_interval(values)
    monkeypatch.setattr("figureground.evaluate.intervals._AT_ONCE", 100)
    assert mean_interval(values) == whole


def test_intervals_are_told_with_their_signs() -> None:
    found = Interval(-0.02, -0.0712, 0.0119, 9)
    assert span(found, signed=True) == "-0.071 to +0.012"
    assert span(Interval(0.9, 0.8, 0.95, 9), digits=2) == "0.80–0.95"


def slow(rows: list[list[float]], first: list[list[float]] | None = None) -> tuple[float, float]:
    """Return the interval over seeds and pictures, draw by draw."""
    means = []
    for draw in range(DRAWS):
        total = 0.0
        for sign, table, name in ((1, rows, "bootstrap seeds"), (-1, first, "bootstrap seeds of the first")):
            if table is None:
                continue
            pictures, seeds = len(table[0]), len(table)
            at = random.integers(SEED, np.arange(draw * pictures, (draw + 1) * pictures), "bootstrap", 0, pictures - 1)
            of = random.integers(SEED, np.arange(draw * seeds, (draw + 1) * seeds), name, 0, seeds - 1)
            total += sign * sum(table[s][p] for s in of for p in at) / (pictures * seeds)
        means.append(total)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def test_seeds_and_pictures_are_drawn_together_as_the_slow_way_draws_them() -> None:
    rng = np.random.default_rng(3)
    rows, first = rng.normal(0, 1, (3, 5)).tolist(), rng.normal(0, 1, (2, 5)).tolist()
    found, paired = crossed_interval(rows), crossed_interval(rows, first)
    assert (found.low, found.high) == pytest.approx(slow(rows))
    assert (paired.low, paired.high) == pytest.approx(slow(rows, first))
    assert paired.mean == pytest.approx(np.mean(rows) - np.mean(first))


def test_one_seed_is_as_pictures_alone_and_seeds_that_differ_make_it_wider() -> None:
    values = np.random.default_rng(4).normal(0, 1, 30)
    assert crossed_interval([values.tolist()]) == mean_interval(values.tolist())
    one, three = mean_interval(values.tolist()), crossed_interval([(values + k).tolist() for k in (-1, 0, 1)])
    assert three.high - three.low > 1.5 * (one.high - one.low)
    same = crossed_interval([values.tolist()] * 3, [values.tolist()] * 2)
    assert (same.mean, same.low, same.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_a_picture_that_one_seed_says_nothing_of_takes_no_part_and_rows_are_alike() -> None:
    nan = math.nan
    assert crossed_interval([[1.0, nan, 2.0, 4.0], [3.0, 1.0, 0.0, nan]]) == crossed_interval([[1.0, 2.0], [3.0, 0.0]])
    assert crossed_interval([[nan, 1.0]], [[1.0, nan]]).pictures == 0
    assert span(crossed_interval([[1.0], [2.0]])) == "-"
    for rows, first in (([[1.0, 2.0]], [[1.0]]), ([], None)):
        with pytest.raises(ValueError, match="of the same pictures"):
            crossed_interval(rows, first)
