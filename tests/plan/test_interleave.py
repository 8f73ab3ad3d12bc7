from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.plan.interleave import LONGEST, shares_of, turns_of

some_shares = st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any).map(tuple)


@settings(max_examples=100)
@given(some_shares)
def test_after_any_number_of_steps_each_source_had_its_share_to_within_one(shares: tuple[int, ...]) -> None:
    period = sum(shares)
    source, _ = turns_of(shares).at(np.arange(2 * period + 7))
    for number, share in enumerate(shares):
        had = np.concatenate([[0], np.cumsum(source == number)])
        due = np.arange(had.size) * share / period
        assert np.abs(had - due).max() < 1
        assert had[period] == share


@given(some_shares, st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_a_step_alone_is_the_step_among_others(shares: tuple[int, ...], steps: list[int]) -> None:
    turns = turns_of(shares)
    source, before = turns.at(np.array(steps))
    for k, step in enumerate(steps):
        one, had = turns.at(np.array([step]))
        assert (one[0], had[0]) == (source[k], before[k])
        lap, place = divmod(step, turns.period)
        walked = turns.at(np.arange(place))[0]
        assert had[0] == lap * shares[one[0]] + np.count_nonzero(walked == one[0])


@given(
    st.lists(st.tuples(st.integers(0, 400).map(lambda n: n / 100), st.integers(0, 9)), min_size=1, max_size=5).filter(
        lambda sources: any(weight * photos for weight, photos in sources)
    )
)
def test_shares_are_weight_times_photos(sources: list[tuple[float, int]]) -> None:
    weights, photos = [weight for weight, _ in sources], [count for _, count in sources]
    shares = shares_of(weights, photos)
    exact = [Fraction(repr(weight)) * count for weight, count in sources]
    assert [Fraction(share, sum(shares)) for share in shares] == [share / sum(exact) for share in exact]
    assert np.gcd.reduce(shares) == 1


def test_a_period_stays_within_bounds() -> None:
    shares = shares_of([1.0001, 0.9997, 1e-9], [99991, 99989, 1])
    assert sum(shares) <= LONGEST + 3
    assert min(shares) >= 1
    assert shares[0] / shares[1] == pytest.approx(1.0001 * 99991 / (0.9997 * 99989), rel=1e-5)


@given(some_shares, st.integers(1, 50))
def test_so_many_steps_give_no_source_more_than_its_turns(shares: tuple[int, ...], most: int) -> None:
    turns = turns_of(shares)
    steps = turns.steps([most] * len(shares))
    had = np.bincount(turns.at(np.arange(steps))[0], minlength=len(shares))
    assert had.max() <= most
    more = np.bincount(turns.at(np.arange(steps + 2 + turns.period // max(shares)))[0])
    assert more.max() > most or had.max() == most
