"""The dataset that every layout is tried on: not square, several figures, two classes, four splits, depth in metres."""

from __future__ import annotations

import pytest

from figureground import build, open_dataset
from figureground.dataset.stored import Dataset
from tests.builders import small_recipe, varied_recipe, write_photos


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("varied")
    data = open_dataset(build(varied_recipe(folder), folder / "out"))
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
