import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Look
from figureground.core.recipe_toml import from_mapping
from figureground.plan import plan
from figureground.plan.heights import resized
from figureground.resolve import placing_of
from tests.builders import NO_LOOK
from tests.plan.sights import catalog_of, rules

INSIDE = {"mode": "uniform", "min_visible": 1.0, "per_pair": 40}
shapes = st.lists(st.tuples(st.integers(8, 120), st.integers(4, 120)), min_size=1, max_size=5)


@settings(max_examples=60)
@given(
    st.integers(1, 6),
    shapes,
    st.integers(1, 6),
    st.sampled_from(["none", "same", "own"]),
    st.sampled_from(["uniform", "grid"]),
    st.integers(0, 2**40),
)
def test_scene_k_does_not_depend_on_what_is_asked_beside_it(
    backgrounds: int, sizes: list[tuple[int, int]], per_pair: int, mirror: str, mode: str, seed: int
) -> None:
    catalog = catalog_of(backgrounds, sizes)
    placing = placing_of(
        from_mapping(
            {"seed": seed, "placement": {"per_pair": per_pair, "mirror": mirror, "mode": mode, "min_visible": 1}}
        )
    )
    n = plan.count(placing, catalog)
    assert n == backgrounds * len(sizes) * per_pair * (1 if mirror == "none" else 2)
    together = plan.scenes(placing, catalog, range(n))
    alone = [plan.scenes(placing, catalog, [k])[0] for k in range(n)]
    assert together == alone
    assert plan.scenes(placing, catalog, range(n)[::-1]) == together[::-1]
    for scene in together:
        (figure,) = scene.figures
        height, _ = sizes[figure.foreground]
        assert 0 <= figure.x <= 224 - figure.width
        assert 0 <= figure.y <= 224 - figure.height
        assert (figure.width, figure.height) == resized(catalog.foregrounds[figure.foreground], figure.height)
        assert figure.height <= 2 * height
        assert not figure.stands
        assert figure.inverse_depth == 0
        assert figure.look.shadow == 0  # a figure that stands nowhere throws none


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 3), st.sampled_from(["none", "same", "own"]))
def test_every_combination_is_made_once(backgrounds: int, foregrounds: int, per_pair: int, mirror: str) -> None:
    catalog = catalog_of(backgrounds, [(20, 10)] * foregrounds)
    everything = plan.total(rules(per_pair=per_pair, mirror=mirror), catalog)
    for samples in ("all", everything):
        placing = rules(per_pair=per_pair, mirror=mirror, samples=samples)
        which = plan.combinations(placing, catalog, range(everything))
        found = set(
            zip(
                which.background.tolist(),
                which.foreground.tolist(),
                which.position.tolist(),
                which.mirrored.tolist(),
                strict=True,
            )
        )
        assert len(found) == everything


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 200))
def test_any_number_of_samples_is_spread_evenly(backgrounds: int, foregrounds: int, wanted: int) -> None:
    catalog = catalog_of(backgrounds, [(20, 10)] * foregrounds)
    placing = rules(per_pair=3, samples=min(wanted, backgrounds * foregrounds * 6))
    which = plan.combinations(placing, catalog, range(plan.count(placing, catalog)))
    for chosen, n in ((which.background, backgrounds), (which.foreground, foregrounds)):
        counts = np.bincount(chosen, minlength=n)
        assert counts.max() - counts.min() <= 1
    pairs = np.bincount(which.background * foregrounds + which.foreground, minlength=backgrounds * foregrounds)
    assert pairs.max() - pairs.min() <= 1


def test_a_subset_holds_the_scenes_of_the_whole() -> None:
    catalog = catalog_of(4, [(50, 20), (60, 30), (40, 40)])
    whole = {
        (s.background, s.position, s.mirrored, s.figures) for s in plan.scenes(rules(), catalog, range(4 * 3 * 40))
    }
    few = rules(samples=100)
    assert {(s.background, s.position, s.mirrored, s.figures) for s in plan.scenes(few, catalog, range(100))} <= whole


def test_too_many_samples_are_refused() -> None:
    with pytest.raises(FigureGroundError, match="only 80 combinations"):
        plan.count(rules(samples=81), catalog_of(2, [(20, 10)]))
    with pytest.raises(IndexError):
        plan.scenes(rules(samples=8), catalog_of(2, [(20, 10)]), [8])


def test_the_mirrored_twin_shares_its_position_or_has_its_own() -> None:
    catalog = catalog_of(3, [(50, 20)])
    for mirror, shared in (("same", True), ("own", False)):
        scenes = plan.scenes(rules(mirror=mirror), catalog, range(120))
        same = [
            a.figures[0].x == b.figures[0].x and a.figures[0].y == b.figures[0].y
            for a, b in zip(scenes[::2], scenes[1::2], strict=True)
        ]
        assert all(same) is shared
        assert [s.figures[0].flip for s in scenes[:4]] == [False, True, False, True]


def test_scenes_that_need_pixels_say_so() -> None:
    catalog = catalog_of(1, [(20, 10)])
    with pytest.raises(ValueError, match="sight"):
        plan.scenes(rules(64, min_visible=0.5), catalog, [0])


def test_looks_are_drawn_within_their_ranges_and_hang_on_the_position_alone() -> None:
    ranges = {"shadow": [0.1, 0.2], "colour": [0.25, 0.75], "sharpness": [0, 0], "noise": [0, 0], "feather": [1, 2]}
    placing = placing_of(from_mapping({"placement": INSIDE, "look": ranges}))
    catalog = catalog_of(2, [(50, 20), (60, 30)])
    scenes = plan.scenes(placing, catalog, range(plan.count(placing, catalog)))
    looks = [s.figures[0].look for s in scenes]
    colours = [look.colour for look in looks]
    assert 0.25 <= min(colours) < 0.3
    assert 0.7 < max(colours) <= 0.75
    assert all(1 <= look.blur <= 2 for look in looks)
    assert {(look.shadow, look.noise) for look in looks} == {(0.0, 0.0)}
    assert looks[::2] == looks[1::2]  # twins look the same
    plain = placing_of(from_mapping({"placement": INSIDE, "look": NO_LOOK}))
    bare = plan.scenes(plain, catalog, range(plan.count(plain, catalog)))
    assert {s.figures[0].look for s in bare} == {Look()}
    assert [(s.figures[0].x, s.figures[0].y) for s in bare] == [(s.figures[0].x, s.figures[0].y) for s in scenes]
