"""The dataset that tensors are tried on: as the layouts' own, its images as PNG so that rendered ones equal them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from figureground import Dataset, VirtualDataset, build, open_dataset
from tests.builders import varied_recipe


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """A dataset keeps its parts open until it is collected, which is within the test."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tensors")
    return build(varied_recipe(folder, image={"format": "png"}), folder / "out")


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
