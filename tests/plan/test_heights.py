import dataclasses
import math

from figureground.core.canvas import Canvas
from figureground.core.recipe_toml import from_mapping
from figureground.plan.heights import drawn_height, flat_size, limits, real_height
from figureground.resolve import heights_of
from tests.plan.sights import catalog_of, rules


def test_real_heights_are_drawn_in_the_range_of_the_source() -> None:
    recipe = from_mapping({"foregrounds": [{"real_height": [0.8, 1.0]}, {"real_height": [0.3, 0.3]}, {}]})
    shas = [f"{i * 7919:064x}"[::-1] for i in range(200)]
    for heights, low, high in zip(heights_of(recipe), (0.8, 0.3, 1.5), (1.0, 0.3, 1.9), strict=True):
        drawn = [real_height(heights, sha) for sha in shas]
        assert min(drawn) >= low
        assert max(drawn) <= high
        assert max(drawn) - min(drawn) >= 0.95 * (high - low)


def test_one_height_a_source_is_drawn_from_and_limits_what_stands() -> None:
    recipe = from_mapping({"size": 100, "foregrounds": [{"height": [0.3, 0.5]}, {}]})
    given, auto = heights_of(recipe)
    assert (given.drawn, given.least, given.most) == ((30, 50), 30.0, 50.0)
    assert (auto.drawn, auto.least, auto.most) == ((45, 54), 30 * 100 / 224, 210 * 100 / 224)
    tall = catalog_of(1, [(80, 40)] * 2).foregrounds
    second = dataclasses.replace(tall[1], source_number=2)
    assert limits((given, auto), tall[0]) == (30, 50)
    assert limits((given, auto), second) == (auto.least, auto.most)
    assert 30 <= flat_size((given, auto), Canvas(100, 100), tall[0])[1] <= 50
    assert 45 <= flat_size((given, auto), Canvas(100, 100), second)[1] <= 54


def test_figure_heights_scale_with_the_canvas() -> None:
    for size in (64, 224, 1024):
        heights = [drawn_height(rules(size).heights[0], f"{i * 31:064x}"[::-1]) for i in range(300)]
        assert min(heights) >= math.floor(100 * size / 224)
        assert max(heights) <= math.ceil(120 * size / 224)
        assert len(set(heights)) > 3
