"""croissant.json: that MLCommons' own reader finds it valid, and reads the samples by it."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from figureground import build, open_dataset
from tests.builders import small_recipe, write_photos


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("croissant")
    write_photos(folder, 2, 2)
    (folder / "rooms/credits.csv").write_text("file,licence,credit\nroom0.png,CC0,Ann\nroom1.png,CC BY 4.0,Bob\n")
    (folder / "people/credits.csv").write_text("file,licence,credit\nperson0.png,CC0,Cy\nperson1.png,CC0,Cy\n")
    recipe = small_recipe(
        folder,
        name='rooms: "a" <b>\n---',
        seed=7,
        placement={"figures": [0, 1], "samples": 12},
        backgrounds={"depth": "depth"},
        depth={"source": "layered"},
    )
    return build(recipe, folder / "out")


def read(out: Path) -> Any:
    mlc = pytest.importorskip("mlcroissant")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlc.Dataset(jsonld=str(out / "croissant.json"))


def test_it_is_valid(out: Path) -> None:
    about = read(out).metadata
    assert about.ctx.issues.errors == set()
    # what a dataset that names no time and no paper cannot say
    assert all("datePublished" in one or "citeAs" in one for one in about.ctx.issues.warnings)
    assert about.name == 'rooms: "a" <b> ---'


def test_its_records_are_the_samples(out: Path) -> None:
    data = open_dataset(out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = list(read(out).records("samples"))
    assert len(rows) == len(data)
    assert {row["samples/figures"] for row in rows} == {0, 1}
    for row in rows:
        record = data.record(row["samples/index"])
        assert row["samples/key"].decode() == record.key
        assert row["samples/split"].decode() == record.split
        assert row["samples/mirrored"] is record.mirrored
        assert row["samples/figures"] == len(record.figures)
        if record.figures:
            assert row["samples/area"] == record.figures[0].area


def test_it_names_parts_layers_and_licences(out: Path) -> None:
    plain = json.loads((out / "croissant.json").read_text())
    manifest = open_dataset(out).manifest
    files = {one["@id"]: one for one in plain["distribution"] if one["@type"] == "cr:FileObject"}
    assert {name: one["sha256"] for name, one in files.items()} == {p["file"]: p["sha256"] for p in manifest["parts"]}
    sets = {one["@id"] for one in plain["distribution"] if one["@type"] == "cr:FileSet"}
    assert sets == {"labels.csv", "images", "masks", "instances", "depth"}
    assert plain["license"] == ["CC BY 4.0", "CC0"]
    assert all(one["description"] for one in plain["recordSet"][0]["field"])
    assert manifest["files"]["croissant.json"]["bytes"] == (out / "croissant.json").stat().st_size


def test_no_licence_is_told_where_that_of_one_photo_is_unknown(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    (tmp_path / "rooms/credits.csv").write_text("file,licence\nroom0.png,CC0\n")
    out = build(small_recipe(tmp_path), tmp_path / "out")
    assert "license" not in json.loads((out / "croissant.json").read_text())
