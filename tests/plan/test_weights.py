"""Sources of different weight: how often their photos are drawn, beside which backgrounds, and beside each other."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.errors import FigureGroundError
from figureground.core.job import Placing
from figureground.core.nouns import Catalog, Figure
from figureground.core.recipe_toml import from_mapping
from figureground.plan import plan
from figureground.plan.plan import combinations, count, spread_of_backgrounds
from figureground.plan.split import split
from figureground.resolve import placing_of
from tests.plan.sights import Masks, catalog_of

weighted = st.lists(st.tuples(st.sampled_from([0.25, 0.5, 1, 1.5, 2, 3]), st.integers(1, 5)), min_size=2, max_size=4)


def rules_of(weights: list[float], **placement: Any) -> Placing:
    sources = [{"path": f"{n}", "weight": weight} for n, weight in enumerate(weights)]
    return placing_of(from_mapping({"foregrounds": sources, "placement": {"per_pair": 3, **placement}}))


def catalog_with(backgrounds: int, photos: list[int]) -> Catalog:
    numbers = [n for n, own in enumerate(photos, 1) for _ in range(own)]
    plain = catalog_of(backgrounds, [(20, 10)] * len(numbers))
    entries = zip(plain.foregrounds, numbers, strict=True)
    return dataclasses.replace(
        plain, foregrounds=tuple(dataclasses.replace(entry, source_number=n) for entry, n in entries)
    )


class Open(Masks):
    """A `Sight` that sees all of every figure."""

    def areas(self, background: int, figure: Figure) -> tuple[int, int]:
        return 200, 200

    def shares(self, background: int, figures: Sequence[Figure]) -> list[int]:
        return [200] * len(figures)


def most(placing: Placing, catalog: Catalog) -> int:
    """Return the greatest number of samples that the rules allow."""
    low, high = 1, plan.total(placing, catalog)
    while low < high:
        middle = (low + high + 1) // 2
        try:
            count(dataclasses.replace(placing, samples=middle), catalog)
            low = middle
        except FigureGroundError:
            high = middle - 1
    return low


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), weighted)
def test_every_prefix_is_even(backgrounds: int, sources: list[tuple[float, int]]) -> None:
    weights, photos = [float(weight) for weight, _ in sources], [own for _, own in sources]
    catalog = catalog_with(backgrounds, photos)
    placing = rules_of(weights, samples=1)
    if not placing.weights:
        return
    n = most(placing, catalog)
    which = combinations(dataclasses.replace(placing, samples=n), catalog, range(n))
    share = np.repeat(weights, photos) / np.dot(weights, photos)
    steps = np.arange(1, n + 1)
    for photo in range(sum(photos)):
        assert np.abs(np.cumsum(which.foreground == photo) - steps * share[photo]).max() < 1
    at_most = -(-len(sources) // 2)  # one for two sources
    for background in range(backgrounds):
        assert np.abs(np.cumsum(which.background == background) - steps / backgrounds).max() < at_most
        assert np.ptp(np.bincount(which.background, minlength=backgrounds)) <= spread_of_backgrounds(placing)
    numbers = np.repeat(np.arange(len(photos)), photos)
    for source, own in enumerate(photos):
        pairs = (which.background * sum(photos) + which.foreground)[numbers[which.foreground] == source]
        counts = np.bincount(pairs, minlength=backgrounds * sum(photos))
        counts = counts.reshape(backgrounds, -1)[:, numbers == source]
        assert counts.max() - counts.min() <= 1
        assert counts.size == backgrounds * own


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), weighted)
def test_every_pair_is_reached_and_no_combination_comes_twice(
    backgrounds: int, sources: list[tuple[float, int]]
) -> None:
    weights, photos = [float(weight) for weight, _ in sources], [own for _, own in sources]
    catalog = catalog_with(backgrounds, photos)
    placing = rules_of(weights, samples=1, per_pair=20)
    n = most(placing, catalog)
    which = combinations(dataclasses.replace(placing, samples=n), catalog, range(n))
    pairs = set(zip(which.background.tolist(), which.foreground.tolist(), strict=True))
    assert len(pairs) == backgrounds * sum(photos)
    rows = np.stack([which.background, which.foreground, which.position, which.mirrored])
    assert np.unique(rows, axis=1).shape[1] == n


def test_a_prefix_stays_when_more_samples_are_asked_for() -> None:
    catalog = catalog_with(5, [4, 3, 2])
    few, many = (rules_of([1, 2.5, 0.5], samples=n) for n in (30, 60))
    a, b = combinations(few, catalog, range(30)), combinations(many, catalog, range(60))
    assert all(np.array_equal(vars(a)[name], vars(b)[name][:30]) for name in vars(a))
    (alone,) = (combinations(many, catalog, [47]) for _ in range(1))
    assert all(vars(alone)[name][0] == vars(b)[name][47] for name in vars(b))


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.sampled_from([0.5, 1.0, 7.0]))
def test_equal_weights_are_no_weights(backgrounds: int, one: int, other: int, weight: float) -> None:
    """In today's order, to the bit."""
    catalog = catalog_with(backgrounds, [one, other])
    n = plan.total(rules_of([1, 1]), catalog)
    placing = rules_of([weight, weight], samples=n)
    assert placing.weights == ()
    plain = placing_of(from_mapping({"placement": {"per_pair": 3, "samples": n}}))
    a, b = (combinations(rules, catalog, range(n)) for rules in (placing, plain))
    assert all(np.array_equal(vars(a)[name], vars(b)[name]) for name in vars(a))


def test_twice_the_weight_is_drawn_twice_as_often() -> None:
    catalog = catalog_with(4, [5, 5])
    which = combinations(rules_of([1, 2], samples=90), catalog, range(90))
    assert np.bincount(which.foreground).tolist() == [6] * 5 + [12] * 5


def test_a_source_without_weight_is_not_drawn() -> None:
    catalog = catalog_with(3, [2, 3])
    placing = rules_of([0, 1], samples=50, figures=[3, 3], per_pair=9)
    which = combinations(placing, catalog, range(50))
    assert set(which.foreground.tolist()) == {2, 3, 4}
    sight = Open(*[np.ones((20, 10), np.bool_)] * 5)
    for scene in plan.scenes(placing, catalog, range(50), sight):
        found = [figure.foreground for figure in scene.figures]
        assert len(found) == len(set(found)) >= 1
        assert set(found) <= {2, 3, 4}


def test_several_figures_mix_sources_by_weight_and_splits_do_not_leak() -> None:
    catalog = catalog_with(6, [10, 10])
    placing = rules_of([1, 3], samples=600, figures=[2, 2], per_pair=9)
    sight = Open(*[np.ones((20, 10), np.bool_)] * 20)
    scenes = plan.scenes(placing, catalog, range(600), sight)
    kept = split(placing, catalog).foregrounds
    seconds = [scene.figures[1].foreground for scene in scenes if len(scene.figures) > 1]
    assert len(seconds) > 500
    assert np.mean([n >= 10 for n in seconds]) == pytest.approx(0.75, abs=0.08)
    for scene in scenes:
        assert len({figure.foreground in kept for figure in scene.figures}) == 1


def test_too_many_samples_for_the_weights_are_refused() -> None:
    catalog = catalog_with(2, [2, 2])
    assert count(rules_of([1, 3], samples=32), catalog) == 32
    with pytest.raises(FigureGroundError) as caught:
        count(rules_of([1, 3], samples=33), catalog)
    assert caught.value.what == "placement.samples = 33, but with these weights combinations come again after 32"
    assert "1, 3" in caught.value.where
    assert "per_pair" in caught.value.remedy


@pytest.mark.parametrize(
    ("weights", "samples", "what"),
    [
        ([0, 0], 10, "every source of foregrounds has a weight of zero"),
        ([0], "all", "every source of foregrounds has a weight of zero"),
        ([1, 2], "all", 'weights say nothing where samples = "all"'),
    ],
)
def test_weights_that_cannot_be_are_refused(weights: list[float], samples: Any, what: str) -> None:
    with pytest.raises(FigureGroundError, match=what) as caught:
        rules_of(weights, samples=samples)
    assert "foregrounds.weight" in caught.value.where
    assert caught.value.remedy


def test_a_weight_on_photos_that_are_all_set_aside_is_an_error() -> None:
    with pytest.raises(FigureGroundError, match="every usable foreground has a weight of zero"):
        count(rules_of([1, 0], samples=3), catalog_with(2, [0, 3]))
