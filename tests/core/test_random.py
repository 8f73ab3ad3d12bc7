import numpy as np
import pytest

from figureground.core import random


def test_a_draw_does_not_depend_on_the_others() -> None:
    many = random.bits(7, np.arange(1000), "x")
    assert [int(random.bits(7, k, "x")) for k in (0, 1, 999)] == [int(many[k]) for k in (0, 1, 999)]


@pytest.mark.parametrize("index", [0, 5, 2**40, 2**63, 2**64 - 1])
def test_one_index_draws_what_it_draws_in_an_array(index: int) -> None:
    for seed, purpose in ((0, "x"), (2**40, "x"), (-3, "another")):
        one, many = random.bits(seed, index, purpose), random.bits(seed, np.array([7, index], np.uint64), purpose)
        assert (one.dtype, one.shape) == (many.dtype, ())
        assert one == many[1]
        assert random.uniform(seed, index, purpose) == random.uniform(seed, np.array([index], np.uint64), purpose)[0]
        assert random.integers(seed, index, purpose, 3, 900) == random.integers(seed, [index], purpose, 3, 900)[0]


def test_drawing_leaves_the_indices_as_they_are() -> None:
    indices = np.arange(5, dtype=np.uint64)
    random.bits(0, indices, "x")
    assert indices.tolist() == [0, 1, 2, 3, 4]


def test_draws_are_fixed_for_ever() -> None:
    """A golden: datasets already made must come out the same with the next version."""
    assert [int(b) for b in random.bits(2020, [0, 1, 2**40], "golden")] == GOLDEN


GOLDEN = [1770752844099615909, 6283187782296037323, 10942816747356923431]


def test_seed_and_purpose_both_count() -> None:
    k = np.arange(200)
    streams = [random.uniform(seed, k, purpose) for seed in (0, 1) for purpose in ("a", "b")]
    for i, one in enumerate(streams):
        for other in streams[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 0.25


def test_integers_are_uniform_over_the_closed_range() -> None:
    n = 120_000
    counts = np.bincount(random.integers(3, np.arange(n), "dice", 1, 6))[1:]
    chi_squared = float(((counts - n / 6) ** 2 / (n / 6)).sum())
    assert counts.size == 6
    assert chi_squared < 20.5  # 0.999 quantile for 5 degrees of freedom


def test_neighbouring_counters_are_uncorrelated() -> None:
    u = random.uniform(0, np.arange(100_000), "walk")
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.015
    assert abs(u.mean() - 0.5) < 0.005


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="empty range"):
        random.integers(0, [1, 2], "x", 5, [9, 4])
