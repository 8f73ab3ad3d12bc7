"""The dataset that tensors are tried on: as the layouts' own, its images as PNG so that rendered ones equal them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from figureground import Dataset, VirtualDataset, build, open_dataset
from tests.builders import figure_cutout, small_recipe, write_photos


def write_tensors(folder: Path) -> Path:
    """Write and build the dataset: 96 x 64 px, up to three figures, two classes, four splits, all layers."""
    write_photos(folder, 3, 3)
    (folder / "things").mkdir()
    for i in range(2):
        Image.fromarray(figure_cutout(10 + i, 70, 70)).save(folder / f"things/thing{i}.png")
    recipe = small_recipe(
        folder,
        size=[96, 64],
        image={"format": "png"},
        backgrounds={"depth": "depth"},
        foregrounds=[{"path": "people", "class": "person"}, {"path": "things", "class": "thing"}],
        placement={"figures": [1, 3], "per_pair": 2},
        split={"backgrounds": 0.34, "foregrounds": 0.34},
        depth={"source": "layered"},
        layers={"semantic": True, "alpha": True},
    )
    return build(recipe, folder / "out")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """A dataset keeps its parts open until it is collected, which is within the test."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tensors(tmp_path_factory.mktemp("tensors"))


@pytest.fixture(scope="session")
def data(folder: Path) -> Dataset:
    found = open_dataset(folder)
    records = [found.record(i) for i in range(len(found))]
    assert {record.split for record in records} == {"train", "new_background", "new_foreground", "new_both"}
    assert max(len(record.figures) for record in records) == 3
    return found


@pytest.fixture(scope="session")
def virtual(folder: Path) -> VirtualDataset:
    return open_dataset(folder, virtual=True)
