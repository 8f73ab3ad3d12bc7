import dataclasses

import numpy as np
import pytest

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.recipe_toml import from_mapping
from figureground.plan.heights import drawn, limits, photo_height, real_height, resized, sizes_of
from figureground.resolve import heights_of
from tests.plan.sights import catalog_of


def test_real_heights_are_drawn_in_the_range_of_the_source() -> None:
    recipe = from_mapping({"foregrounds": [{"real_height": [0.8, 1.0]}, {"real_height": [0.3, 0.3]}, {}]})
    shas = [f"{i * 7919:064x}"[::-1] for i in range(200)]
    for heights, low, high in zip(heights_of(recipe), (0.8, 0.3, 1.5), (1.0, 0.3, 1.9), strict=True):
        drawn = [real_height(heights, sha) for sha in shas]
        assert min(drawn) >= low
        assert max(drawn) <= high
        assert max(drawn) - min(drawn) >= 0.95 * (high - low)


def test_one_range_a_source_holds_in_every_mode() -> None:
    given, auto = heights_of(from_mapping({"size": 100, "foregrounds": [{"height": [0.3, 0.5]}, {}]}))
    assert (given.least, given.most, given.of_photo) == (30, 50, False)
    assert (auto.least, auto.most) == (15, 130)
    photo = {"mode": "uniform", "height_for": "photo"}
    (of_photo,) = heights_of(from_mapping({"placement": photo}))
    assert (of_photo.least, of_photo.most, of_photo.of_photo) == (100, 120, True)


def test_what_stands_cannot_have_one_height_a_photo() -> None:
    with pytest.raises(FigureGroundError, match="height_for"):
        heights_of(from_mapping({"placement": {"mode": "ground", "height_for": "photo"}}))


def test_cutouts_limit_their_heights() -> None:
    both = heights_of(from_mapping({"size": 100, "foregrounds": [{"height": [0.3, 0.5]}, {}]}))
    canvas = Canvas(100, 100)
    tall, small, wide = catalog_of(1, [(80, 40), (20, 10), (80, 320)]).foregrounds
    assert limits(both, canvas, tall) == (30, 50)
    assert limits(both, canvas, dataclasses.replace(tall, source_number=2)) == (15, 130)
    assert limits(both, canvas, dataclasses.replace(small, source_number=2)) == (15, 40)  # enlarged twice at most
    assert limits(both, canvas, dataclasses.replace(wide, source_number=2)) == (15, 32.5)  # 130 px wide at most
    across = dataclasses.replace(tall, source_number=2, cut=("right", "left"))
    assert limits(both, canvas, across) == (200, 130)  # 100 px wide at least, so it has no place
    assert limits(both, canvas, dataclasses.replace(tall, source_number=2, cut=("top", "bottom"))) == (100, 130)


def test_heights_are_drawn_evenly_in_their_logarithm() -> None:
    found = drawn(3, np.arange(4000), "height", (20.0, 180.0))
    assert found.min() >= 20
    assert found.max() <= 180
    counts, _ = np.histogram(np.log(found), 6, (np.log(20), np.log(180)))
    assert counts.max() - counts.min() < 150
    assert drawn(3, np.arange(10), "height", (20.0, 180.0)).tolist() == found[:10].tolist()


def test_one_height_a_photo_scales_with_the_canvas() -> None:
    for size in (64, 224, 1024):
        recipe = {"size": size, "placement": {"mode": "uniform", "height_for": "photo"}}
        (own,) = heights_of(from_mapping(recipe))
        heights = [photo_height(own, f"{i * 31:064x}"[::-1]) for i in range(300)]
        assert min(heights) >= round(100 * size / 224)
        assert max(heights) <= round(120 * size / 224)
        assert len(set(heights)) > 3


def test_sizes_are_those_of_single_figures() -> None:
    (cutout,) = catalog_of(1, [(77, 31)]).foregrounds
    found = sizes_of(cutout, np.array([0.2, 10.0, 40.4, 77.0, 200.0]))
    assert [tuple(size) for size in found.tolist()] == [resized(cutout, h) for h in (1, 10, 40, 77, 200)]
