"""A dataset, and its exports in the 2020 layout: as of now, and as of then, with JPEG masks and depth of no unit."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from figureground import build, open_dataset
from figureground.dataset.stored import Dataset
from figureground.formats import export
from tests.builders import small_recipe, write_photos


@dataclass(frozen=True)
class Layouts:
    """`data`: the dataset.  `zips`: its export.  `unpacked`: the same, its zips unpacked.  `then`: as in 2020."""

    data: Dataset
    zips: Path
    unpacked: Path
    then: Path


@pytest.fixture(scope="session")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Layouts:
    folder = tmp_path_factory.mktemp("layouts")
    write_photos(folder, 2, 2)
    recipe = small_recipe(folder, backgrounds={"depth": "depth"}, depth={"source": "layered"})
    data = open_dataset(build(recipe, folder / "out"))
    export(data, "2020", folder / "zips/mine")
    export(data, "2020", folder / "unpacked/mine")
    for path in sorted((folder / "unpacked/mine").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder / "unpacked/mine")
        path.unlink()
    export(data, "2020", folder / "then", mask="jpeg", depth="jpeg8")
    (folder / "then/depth.csv").unlink()
    return Layouts(data, folder / "zips/mine", folder / "unpacked/mine", folder / "then")
