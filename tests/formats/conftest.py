"""The dataset that every layout is tried on: not square, several figures, two classes, four splits, depth in metres."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from figureground import build, open_dataset
from figureground.dataset.stored import Dataset
from tests.builders import figure_cutout, small_recipe, write_photos


def write_varied(folder: Path) -> Path:
    """Write and build the dataset; return its folder."""
    write_photos(folder, 3, 3)
    (folder / "things").mkdir()
    for i in range(2):
        Image.fromarray(figure_cutout(10 + i, 70, 70)).save(folder / f"things/thing{i}.png")
    recipe = small_recipe(
        folder,
        size=[96, 64],
        backgrounds={"depth": "depth"},
        foregrounds=[{"path": "people", "class": "person"}, {"path": "things", "class": "thing"}],
        placement={"figures": [1, 3], "per_pair": 2},
        split={"backgrounds": 0.34, "foregrounds": 0.34},
        depth={"source": "layered"},
        layers={"semantic": True, "alpha": True},
    )
    return build(recipe, folder / "out")


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    data = open_dataset(write_varied(tmp_path_factory.mktemp("varied")))
    records = [data.record(i) for i in range(len(data))]
    assert {record.split for record in records} == {"train", "new_background", "new_foreground", "new_both"}
    assert {figure.class_name for record in records for figure in record.figures} == {"person", "thing"}
    assert max(len(record.figures) for record in records) > 1
    return data


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One figure a sample, which every layout can hold."""
    folder = tmp_path_factory.mktemp("single")
    write_photos(folder, 2, 2)
    recipe = small_recipe(folder, backgrounds={"depth": "depth"}, depth={"source": "layered"})
    return open_dataset(build(recipe, folder / "out"))
