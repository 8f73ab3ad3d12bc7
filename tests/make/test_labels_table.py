"""Labels come with the parts, are taken where their sidecars vouch for them, and else are made of the rows."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from figureground import build
from figureground.core.folder_store import FolderStore
from figureground.dataset import parts
from figureground.dataset.labels import labels_file
from figureground.make import labels_table
from figureground.make.build import build_shard
from figureground.make.labels_table import part_labels
from figureground.make.merge import merge
from figureground.make.shard import Shard
from tests.builders import small_recipe, write_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a dataset of 8 samples in 4 parts, and the same as a shard, with labels beside."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, 2, 2)
    recipe = small_recipe(folder, placement={"per_pair": 1}, parts={"size": 2})
    build(recipe, folder / "whole/out")
    build_shard(recipe, folder / "shard", Shard(1, 1))
    return folder


@pytest.fixture
def shard(photos: Path, tmp_path: Path) -> FolderStore:
    shutil.copytree(photos / "shard", tmp_path / "shard")
    return FolderStore(tmp_path / "shard")


def info_of(store: FolderStore, number: int) -> parts.PartInfo:
    identity = json.loads((store.folder / "build.json").read_text())["build_id"]
    info = parts.read_info(store, number, identity)
    assert info is not None
    return info


def lines_of(photos: Path, first: int, stop: int) -> bytes:
    lines = (photos / "whole/out/labels.csv").read_bytes().splitlines(keepends=True)
    return b"".join([lines[0], *lines[1 + first : 1 + stop]])


def test_a_part_comes_with_its_labels(photos: Path, shard: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels_table, "PartReader", None)  # no row is read
    for number in range(4):
        assert shard.read(labels_file(number)) == lines_of(photos, 2 * number, 2 * number + 2)
        assert part_labels(shard, info_of(shard, number)) == shard.read(labels_file(number))


CHANGES: dict[str, Callable[[FolderStore], Any]] = {
    "missing": lambda store: store.delete(labels_file(1)),
    "empty": lambda store: store.write(labels_file(1), b""),
    "a flip": lambda store: store.write(labels_file(1), store.read(labels_file(1)).replace(b"bg001", b"bg009")),
    "another part's": lambda store: store.write(labels_file(1), store.read(labels_file(0))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_labels_that_nobody_vouches_for_are_made_of_the_rows(photos: Path, shard: FolderStore, change: str) -> None:
    CHANGES[change](shard)
    assert part_labels(shard, info_of(shard, 1)) == lines_of(photos, 2, 4)
    out = merge([shard.folder], shard.folder.parent / "out")
    assert (out / "labels.csv").read_bytes() == (photos / "whole/out/labels.csv").read_bytes()


@pytest.mark.parametrize("said", [{"code": "0" * 64}, {"labels": ""}, {"code": ""}])
def test_labels_of_other_code_are_made_of_the_rows(photos: Path, shard: FolderStore, said: dict[str, str]) -> None:
    about = json.loads(shard.read(parts.sidecar(1)))
    table = b"index,other columns\n2,\n3,\n"
    digest = hashlib.sha256(table).hexdigest()
    shard.write(labels_file(1), table)
    shard.write(parts.sidecar(1), json.dumps({**about, "labels": digest, **said}).encode())
    assert part_labels(shard, info_of(shard, 1)) == lines_of(photos, 2, 4)


def test_a_finished_dataset_has_one_table(photos: Path, shard: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not (photos / "whole/out/labels").exists()
    monkeypatch.setattr(labels_table, "PartReader", None)
    out = merge([shard.folder], shard.folder.parent / "out")
    assert not (out / "labels").exists()
    assert (shard.folder / labels_file(0)).exists()
    assert (out / "labels.csv").read_bytes() == (photos / "whole/out/labels.csv").read_bytes()
