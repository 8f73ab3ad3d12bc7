"""The layer pair of what figures hide."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.dataset.stored import Dataset
from figureground.image import rle
from figureground.samples.amodal import amodal
from tests.builders import small_recipe, write_photos


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("amodal")
    write_photos(folder, 2, 3)
    recipe = small_recipe(
        folder,
        size=[96, 64],
        backgrounds={"depth": "depth"},
        placement={"figures": [1, 3], "per_pair": 2},
        depth={"source": "layered"},
    )
    return open_dataset(build(recipe, folder / "out"))


def test_it_holds_all_that_is_seen_and_what_is_hidden(data: Dataset) -> None:
    for sample in data:
        assert sample.mask is not None
        assert np.array_equal(amodal(sample)[0], sample.mask)  # nothing but other figures hides them here
    sample = data[3]
    seen = amodal(sample)[0]
    beyond = np.zeros((64, 96), np.bool_)
    beyond[5:9, 3:70] = True  # as where furniture stands before a figure
    figures = sample.record.figures
    hidden = dataclasses.replace(figures[-1], whole=rle.encode(sample.figure_mask(-1) | beyond))
    record = dataclasses.replace(sample.record, figures=(*figures[:-1], hidden))
    assert np.array_equal(amodal(dataclasses.replace(sample, record=record))[0], seen | beyond)
    nobody = dataclasses.replace(sample, record=dataclasses.replace(sample.record, figures=()))
    assert not amodal(nobody)[0].any()


def test_the_depth_behind_is_the_samples_own_around_the_figures_and_farther_under_them(data: Dataset) -> None:
    for sample in data:
        _, behind = amodal(sample)
        assert sample.mask is not None
        assert sample.depth is not None
        assert (behind.unit, behind.direction) == ("m", "larger is farther")
        assert np.array_equal(behind.values[~sample.mask], sample.depth.values[~sample.mask])
        assert (behind.values[sample.mask] >= sample.depth.values[sample.mask]).all()
        assert behind.values[sample.mask].size > 0


def test_where_no_depth_is_known_it_says_so(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="depth behind its figures is not known"):
        amodal(dataclasses.replace(data[0], scenery=None))
    write_photos(tmp_path, 1, 1)
    with pytest.raises(FigureGroundError, match="depth behind its figures is not known"):
        amodal(open_dataset(build(small_recipe(tmp_path), tmp_path / "out"))[0])
