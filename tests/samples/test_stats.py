import random

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


def test_a_total_is_the_sum() -> None:
    singles = [one(seed, checked=seed % 2 == 0)[0] for seed in range(5)]
    assert stats.total(singles) == add_all(singles)
    assert stats.total([]) == stats.Statistics()
    assert stats.total([stats.total(singles[:2]), stats.Statistics(), *singles[2:]]) == add_all(singles)
