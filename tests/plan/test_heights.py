import math

from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import from_mapping
from figureground.plan.heights import drawn_height, real_height
from figureground.resolve import heights_of
from tests.plan.sights import rules


def test_real_heights_are_drawn_in_the_first_range_whose_pattern_fits() -> None:
    ranges = {"real_height": [1.5, 1.9], "real_heights": ["chairs/* 0.8 1.0", "*.png 0.3 0.3", "* 4.0 5.0"]}
    heights = heights_of(from_mapping({"foregrounds": ranges}))
    shas = [f"{i * 7919:064x}"[::-1] for i in range(200)]
    for source, low, high in (
        ("people/chairs/red.png", 0.8, 1.0),
        ("chairs/red.png", 0.8, 1.0),
        ("people/red.png", 0.3, 0.3),
        ("people/red.jpg", 4.0, 5.0),
    ):
        drawn = [real_height(heights, source, sha) for sha in shas]
        assert min(drawn) >= low
        assert max(drawn) <= high
        assert max(drawn) - min(drawn) >= 0.95 * (high - low)
    assert all(1.5 <= real_height(heights_of(Recipe()), "chairs/red.png", sha) <= 1.9 for sha in shas)


def test_figure_heights_scale_with_the_canvas() -> None:
    for size in (64, 224, 1024):
        heights = [drawn_height(rules(size).heights, f"{i * 31:064x}"[::-1]) for i in range(300)]
        assert min(heights) >= math.floor(100 * size / 224)
        assert max(heights) <= math.ceil(120 * size / 224)
        assert len(set(heights)) > 3
