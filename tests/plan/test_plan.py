import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Appearance, Background, Catalog, Figure, Foreground, Look
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import from_mapping
from figureground.image.masks import area_table, visible_area
from figureground.plan import plan
from figureground.plan.flat import figure_height, fits
from figureground.render.composite import Layer
from tests.builders import NO_LOOK

PLAIN = Appearance((50.0, 0.0, 0.0), (10.0, 5.0, 5.0), 0.0, 0.0)


class Masks:
    """A `Sight` of masks alone: what placing without geometry may ask."""

    def __init__(self, *masks: np.ndarray[Any, Any]) -> None:
        self.tables = [area_table(mask) for mask in masks]

    def table(self, foreground: int) -> np.ndarray[Any, Any]:
        return self.tables[foreground]

    def floor(self, background: int) -> np.ndarray[Any, Any]:
        raise AssertionError

    def inverse_depth(self, background: int, x: int, y: int) -> float:
        raise AssertionError

    def layer(self, background: int, figure: Figure) -> Layer:
        raise AssertionError


def catalog_of(backgrounds: int, sizes: list[tuple[int, int]]) -> Catalog:
    """Return a catalog without files; sizes are (height, width)."""
    bgs = tuple(Background(f"bg{i}", "", "", "", f"{i:064x}", PLAIN) for i in range(backgrounds))
    fgs = tuple(
        Foreground(f"fg{i}", "", "", "", "", f"{i:064x}", h, w, h * w // 2, 1.0, "alpha", PLAIN)
        for i, (h, w) in enumerate(sizes)
    )
    return Catalog(bgs, fgs)


def recipe_of(size: int = 224, **placement: Any) -> Recipe:
    return from_mapping({"size": size, "placement": placement})


shapes = st.lists(st.tuples(st.integers(8, 120), st.integers(4, 120)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
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
    recipe = from_mapping({"seed": seed, "placement": {"per_pair": per_pair, "mirror": mirror, "mode": mode}})
    n = plan.count(recipe, catalog)
    assert n == backgrounds * len(sizes) * per_pair * (1 if mirror == "none" else 2)
    together = plan.scenes(recipe, catalog, range(n))
    alone = [plan.scenes(recipe, catalog, [k])[0] for k in range(n)]
    assert together == alone
    assert plan.scenes(recipe, catalog, range(n)[::-1]) == together[::-1]
    for scene in together:
        (figure,) = scene.figures
        height, width = sizes[figure.foreground]
        assert 0 <= figure.x <= 224 - width
        assert 0 <= figure.y <= 224 - height
        assert (figure.width, figure.height) == (width, height)
        assert not figure.stands
        assert figure.inverse_depth == 0
        assert figure.look.shadow == 0  # a figure that stands nowhere throws none


@settings(deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 3), st.sampled_from(["none", "same", "own"]))
def test_every_combination_is_made_once(backgrounds: int, foregrounds: int, per_pair: int, mirror: str) -> None:
    catalog = catalog_of(backgrounds, [(20, 10)] * foregrounds)
    everything = plan.total(recipe_of(per_pair=per_pair, mirror=mirror), catalog)
    for samples in ("all", everything):
        recipe = recipe_of(per_pair=per_pair, mirror=mirror, samples=samples)
        which = plan.combinations(recipe, catalog, range(everything))
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


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 200))
def test_any_number_of_samples_is_spread_evenly(backgrounds: int, foregrounds: int, wanted: int) -> None:
    catalog = catalog_of(backgrounds, [(20, 10)] * foregrounds)
    recipe = recipe_of(per_pair=3, samples=min(wanted, backgrounds * foregrounds * 6))
    which = plan.combinations(recipe, catalog, range(plan.count(recipe, catalog)))
    for chosen, n in ((which.background, backgrounds), (which.foreground, foregrounds)):
        counts = np.bincount(chosen, minlength=n)
        assert counts.max() - counts.min() <= 1
    pairs = np.bincount(which.background * foregrounds + which.foreground, minlength=backgrounds * foregrounds)
    assert pairs.max() - pairs.min() <= 1


def test_a_subset_holds_the_scenes_of_the_whole() -> None:
    catalog = catalog_of(4, [(50, 20), (60, 30), (40, 40)])
    whole = {
        (s.background, s.position, s.mirrored, s.figures) for s in plan.scenes(recipe_of(), catalog, range(4 * 3 * 40))
    }
    few = recipe_of(samples=100)
    assert {(s.background, s.position, s.mirrored, s.figures) for s in plan.scenes(few, catalog, range(100))} <= whole


def test_too_many_samples_are_refused() -> None:
    with pytest.raises(FigureGroundError, match="only 80 combinations"):
        plan.count(recipe_of(samples=81), catalog_of(2, [(20, 10)]))
    with pytest.raises(IndexError):
        plan.scenes(recipe_of(samples=8), catalog_of(2, [(20, 10)]), [8])


def test_the_mirrored_twin_shares_its_position_or_has_its_own() -> None:
    catalog = catalog_of(3, [(50, 20)])
    for mirror, shared in (("same", True), ("own", False)):
        scenes = plan.scenes(recipe_of(mirror=mirror), catalog, range(120))
        same = [
            a.figures[0].x == b.figures[0].x and a.figures[0].y == b.figures[0].y
            for a, b in zip(scenes[::2], scenes[1::2], strict=True)
        ]
        assert all(same) is shared
        assert [s.figures[0].flip for s in scenes[:4]] == [False, True, False, True]


def test_positions_are_uniform() -> None:
    catalog = catalog_of(50, [(100, 80)])
    xs = np.array([s.figures[0].x for s in plan.scenes(recipe_of(per_pair=200), catalog, range(0, 20_000, 2))])
    counts = np.bincount(xs, minlength=145)
    chi_squared = float(((counts - 10_000 / 145) ** 2 / (10_000 / 145)).sum())
    assert (xs.min(), xs.max()) == (0, 144)
    assert chi_squared < 204  # 0.999 quantile for 144 degrees of freedom


def test_the_clip_of_2020_draws_1_to_120_and_crops_18_percent() -> None:
    catalog = catalog_of(50, [(120, 110)])
    recipe = recipe_of(clip="2020", per_pair=100)
    corners = np.array([(s.figures[0].x, s.figures[0].y) for s in plan.scenes(recipe, catalog, range(0, 10_000, 2))])
    assert corners.min() == 1
    assert corners.max() == 120
    cropped = ((corners[:, 0] + 110 > 224) | (corners[:, 1] + 120 > 224)).mean()
    assert cropped == pytest.approx(0.177, abs=0.02)


def test_a_grid_is_even_and_inside() -> None:
    catalog = catalog_of(1, [(100, 80)])
    scenes = plan.scenes(recipe_of(mode="grid", per_pair=9, mirror="none"), catalog, range(9))
    xs = sorted({s.figures[0].x for s in scenes})
    ys = sorted({s.figures[0].y for s in scenes})
    assert xs == [24, 72, 120]
    assert ys == [20, 62, 104]


def slow_visible(mask: np.ndarray[Any, Any], x: int, y: int, flip: bool, size: int) -> int:
    canvas = np.zeros((size + 400, size + 400), bool)
    canvas[200 + y : 200 + y + mask.shape[0], 200 + x : 200 + x + mask.shape[1]] = mask[:, ::-1] if flip else mask
    return int(canvas[200 : 200 + size, 200 : 200 + size].sum())


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**31),
    st.integers(5, 60),
    st.integers(5, 60),
    st.sampled_from([0.3, 0.6, 0.95]),
    st.sampled_from(["same", "own", "none"]),
)
def test_the_visible_fraction_is_never_below_its_limit(
    seed: int, height: int, width: int, visible: float, mirror: str
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < 0.5
    mask[0, 0] = True
    recipe = recipe_of(64, min_visible=visible, per_pair=10, mirror=mirror)
    if not fits(recipe, mask):
        return
    scenes = plan.scenes(recipe, catalog_of(2, [mask.shape]), range(20), Masks(mask))
    for scene in scenes:
        figure = scene.figures[0]
        assert slow_visible(mask, figure.x, figure.y, figure.flip, 64) >= visible * mask.sum()


def test_truncation_happens_and_hardly_fitting_figures_find_their_few_places() -> None:
    mask = np.ones((60, 60), bool)
    recipe = recipe_of(64, min_visible=0.5, per_pair=200)
    figures = [s.figures[0] for s in plan.scenes(recipe, catalog_of(1, [(60, 60)]), range(400), Masks(mask))]
    assert any(f.x < 0 for f in figures)
    assert any(f.x + 60 > 64 for f in figures)
    wide = np.ones((64, 80), bool)
    tight = recipe_of(64, min_visible=0.8, per_pair=20)
    assert fits(tight, wide)
    places = {
        (s.figures[0].x, s.figures[0].y)
        for s in plan.scenes(tight, catalog_of(1, [wide.shape]), range(40), Masks(wide))
    }
    assert places <= {(x, 0) for x in range(-16, 1)}
    assert len(places) > 5
    assert not fits(recipe_of(64, min_visible=0.81), wide)


def test_scenes_that_need_pixels_say_so() -> None:
    catalog = catalog_of(1, [(20, 10)])
    with pytest.raises(ValueError, match="sight"):
        plan.scenes(recipe_of(64, min_visible=0.5), catalog, [0])


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 12))
def test_area_tables_count_what_is_on_the_canvas(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < 0.5
    table = area_table(mask)
    x, y = rng.integers(-14, 14, (2, 8))
    flip = rng.random(8) < 0.5
    found = visible_area(table, x, y, flip, 9)
    assert found.tolist() == [
        slow_visible(mask, int(a), int(b), bool(f), 9) for a, b, f in zip(x, y, flip, strict=True)
    ]


def test_looks_are_drawn_within_their_ranges_and_hang_on_the_position_alone() -> None:
    ranges = {"shadow": [0.1, 0.2], "colour": [0.25, 0.75], "sharpness": [0, 0], "noise": [0, 0], "feather": [1, 2]}
    recipe = from_mapping({"placement": {"per_pair": 40}, "look": ranges})
    catalog = catalog_of(2, [(50, 20), (60, 30)])
    scenes = plan.scenes(recipe, catalog, range(plan.count(recipe, catalog)))
    looks = [s.figures[0].look for s in scenes]
    colours = [look.colour for look in looks]
    assert 0.25 <= min(colours) < 0.3
    assert 0.7 < max(colours) <= 0.75
    assert all(1 <= look.blur <= 2 for look in looks)
    assert {(look.shadow, look.noise) for look in looks} == {(0.0, 0.0)}
    assert looks[::2] == looks[1::2]  # twins look the same
    plain = from_mapping({"placement": {"per_pair": 40}, "look": NO_LOOK})
    bare = plan.scenes(plain, catalog, range(plan.count(plain, catalog)))
    assert {s.figures[0].look for s in bare} == {Look()}
    assert [(s.figures[0].x, s.figures[0].y) for s in bare] == [(s.figures[0].x, s.figures[0].y) for s in scenes]


def test_real_heights_are_drawn_in_the_first_range_whose_pattern_fits() -> None:
    recipe = from_mapping(
        {"foregrounds": {"real_height": [1.5, 1.9], "real_heights": ["chairs/* 0.8 1.0", "*.png 0.3 0.3", "* 4.0 5.0"]}}
    )
    shas = [f"{i * 7919:064x}"[::-1] for i in range(200)]
    for source, low, high in (
        ("people/chairs/red.png", 0.8, 1.0),
        ("chairs/red.png", 0.8, 1.0),
        ("people/red.png", 0.3, 0.3),
        ("people/red.jpg", 4.0, 5.0),
    ):
        heights = [plan.real_height(recipe, source, sha) for sha in shas]
        assert min(heights) >= low
        assert max(heights) <= high
        assert max(heights) - min(heights) >= 0.95 * (high - low)
    assert all(1.5 <= plan.real_height(Recipe(), "chairs/red.png", sha) <= 1.9 for sha in shas)


def test_held_out_photos_are_as_many_as_asked_and_hang_on_content() -> None:
    shas = [f"{i * 7919:064x}" for i in range(40)]
    held = plan.held_out(1, "background", shas, 0.25)
    assert len(held) == 10
    shuffled = shas[::-1]
    assert {shuffled[i] for i in plan.held_out(1, "background", shuffled, 0.25)} == {shas[i] for i in held}
    assert len(plan.held_out(1, "background", shas[:1], 0.9)) == 0  # something is left to train on


def test_figure_heights_scale_with_the_canvas() -> None:
    for size in (64, 224, 1024):
        heights = [figure_height(recipe_of(size), f"{i * 31:064x}"[::-1]) for i in range(300)]
        assert min(heights) >= math.floor(100 * size / 224)
        assert max(heights) <= math.ceil(120 * size / 224)
        assert len(set(heights)) > 3
