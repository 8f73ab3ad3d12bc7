import functools
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from figureground.samples import stats
from tests.samples.counting import add_all, one


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(0, 100))
def test_sums_do_not_depend_on_order_or_grouping(seeds: list[int], shuffle: int) -> None:
    singles = [one(seed, checked=seed % 2 == 0)[0] for seed in seeds]
    whole = add_all(singles)
    mixed = singles[:]
    random.Random(shuffle).shuffle(mixed)  # noqa: S311
    cut = shuffle % (len(mixed) + 1)
    assert add_all(mixed[:cut]) + add_all(mixed[cut:]) == whole
    assert stats.from_json(stats.to_json(whole)) == whole


def added(a: Any, b: Any) -> Any:
    """Return the sum of two statistics as JSON has them, number by number."""
    if isinstance(a, dict):
        return {
            name: added(a[name], b[name]) if name in a and name in b else a.get(name, b.get(name)) for name in a | b
        }
    if isinstance(a, list):
        return [added(x, y) for x, y in zip(a, b, strict=True)] if a and b else a or b
    return a + b


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6))
def test_a_total_adds_number_by_number(seeds: list[int]) -> None:
    singles = [one(seed, checked=seed % 3 == 0)[0] for seed in seeds]
    expected = functools.reduce(added, map(stats.to_json, singles))
    assert stats.to_json(stats.total(singles)) == expected


def test_a_total_is_the_sum() -> None:
    singles = [one(seed, checked=seed % 2 == 0)[0] for seed in range(5)]
    assert stats.total(singles) == add_all(singles)
    assert stats.total([]) == stats.Statistics()
    assert stats.total([stats.total(singles[:2]), stats.Statistics(), *singles[2:]]) == add_all(singles)
