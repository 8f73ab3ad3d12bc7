"""Datasets of very many parts: the manifest names lists of them.  Here a list has two, so that few are very many."""

import dataclasses
import json
import pickle
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import FigureGroundError, build, open_dataset
from figureground.core.engines import Serial
from figureground.core.folder_store import FolderStore
from figureground.dataset import part_table, parts
from figureground.dataset.manifest import read_whole_manifest
from figureground.dataset.part_table import PartTable, check_heads, list_count
from figureground.make.build import build_shard
from figureground.make.manifest_files import manifest_files
from figureground.make.merge import merge
from figureground.make.repair import repair
from figureground.make.shard import Shard
from figureground.make.verify import verify
from figureground.report import facts
from tests.builders import small_recipe, write_photos

FILES = ["list-00000.json", "list-00001.json", "list-00002.json"]


@pytest.fixture(autouse=True)
def of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_table, "A_LIST", 2)


@pytest.fixture
def recipe(tmp_path: Path) -> Any:
    write_photos(tmp_path, 2, 2)
    return small_recipe(tmp_path, placement={"samples": 9}, parts={"size": 2}, depth={"source": "none"})


def tree(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def lists(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "state").glob("list-*"))


def test_the_manifest_names_lists_and_the_samples_are_the_same(
    recipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = build(recipe, tmp_path / "listed", engine=Serial())
    monkeypatch.setattr(part_table, "A_LIST", 4096)
    plain = build(recipe, tmp_path / "plain", engine=Serial())
    assert lists(listed) == FILES
    assert lists(plain) == []
    manifest = json.loads((listed / "manifest.json").read_text())
    assert [head["parts"] for head in manifest["parts"]["lists"]] == [2, 2, 1]
    assert [head["samples"] for head in manifest["parts"]["lists"]] == [4, 4, 1]
    assert not [name for name in manifest["files"] if name.startswith("state/")]
    monkeypatch.setattr(part_table, "A_LIST", 2)
    one, other = open_dataset(listed), open_dataset(plain)
    assert (len(one), one.parts) == (len(other), other.parts) == (9, 5)
    for i in (8, 0, 3, -1, 4):
        assert one.record(i) == other.record(i)
        np.testing.assert_array_equal(one[i].image, other[i].image)
    assert [len(one.part(k)) for k in range(5)] == [2, 2, 2, 2, 1]
    assert one.part(-1).record(0).index == 8
    assert list(one.manifest["parts"]) == other.manifest["parts"]
    again = pickle.loads(pickle.dumps(one))  # noqa: S301
    assert again.record(5) == other.record(5)


def rows_of(out: Path) -> list[bytes]:
    tables = [path.read_bytes().splitlines() for path in sorted((out / "labels").iterdir())]
    assert len({table[0] for table in tables}) == 1
    return [tables[0][0], *(row for table in tables for row in table[1:])]


def test_labels_are_a_table_a_part(recipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = build(recipe, tmp_path / "out", engine=Serial())
    assert sorted(path.name for path in (out / "labels").iterdir()) == [f"part-{k:05d}.csv" for k in range(5)]
    assert not (out / "labels.csv").exists()
    listed = json.loads((out / "state/list-00001.json").read_text())["files"]
    assert list(listed) == [f"{name}-0000{k}{end}" for name, end in BESIDE for k in (2, 3)]
    rows = rows_of(out)
    monkeypatch.setattr(part_table, "A_LIST", 4096)
    plain = build(recipe, tmp_path / "plain", engine=Serial())
    assert (plain / "labels.csv").read_bytes().splitlines() == rows
    assert not (plain / "labels").exists()


def test_the_report_lists_some_parts_and_says_so(recipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = build(recipe, tmp_path / "out", engine=Serial())
    page = (out / "report.html").read_text()
    assert "All 5 parts" in page
    assert "They are of a few of" not in page
    monkeypatch.setattr(facts, "PARTS", 2)
    some = build(recipe, tmp_path / "some", engine=Serial())
    page = (some / "report.html").read_text()
    assert "The first 2 of 5 parts; manifest.json tells of all" in page
    assert "They are of a few of the\n5 parts; the statistics are of all." in page
    assert [f"part-0000{k}.zip" in page.partition("The first 2")[2] for k in range(5)] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_what_is_said_of_files_beside_parts_is_not_held(recipe: Any, tmp_path: Path) -> None:
    out = build(recipe, tmp_path / "out", engine=Serial())
    manifest = read_whole_manifest(FolderStore(out))
    asked: list[str] = []

    def told(names: Sequence[str]) -> list[Any]:
        assert len(asked) < 4 or given, "a list is given before more is asked for"
        asked.extend(names)
        return [manifest["files"][name] for name in names]

    given: list[str] = []
    own = {name: one for name, one in manifest["files"].items() if not name.startswith(("state/", "labels/"))}
    for name, data in manifest_files({**manifest, "files": own}, told):
        assert (out / name).read_bytes() == data
        given.append(name)
    assert given == ["state/list-00000.json", "state/list-00001.json", "state/list-00002.json", "manifest.json"]
    assert len(asked) == 10


BESIDE = (("state/part", ".json"), ("labels/part", ".csv"))


@pytest.mark.parametrize("change", ["a flip", "missing", "a stray", "a row gone", "the whole table"])
def test_damaged_labels_are_found_and_mended(recipe: Any, tmp_path: Path, change: str) -> None:
    out = build(recipe, tmp_path / "out", engine=Serial())
    before, table = tree(out), out / "labels/part-00003.csv"
    if change == "a flip":
        table.write_bytes(table.read_bytes().replace(b"bg001", b"bg009"))
    elif change == "missing":
        table.unlink()
    elif change == "a row gone":
        table.write_bytes(b"".join(table.read_bytes().splitlines(keepends=True)[:-1]))
    elif change == "a stray":
        table = out / "labels/part-00005.csv"
        table.write_bytes(b"index\n")
    else:
        table = out / "labels.csv"
        table.write_bytes(b"".join(row + b"\n" for row in rows_of(out)))
    damage = verify(out).damage
    if change == "the whole table":
        assert damage == ()  # a guest in the folder, which does no harm
        return
    assert {one.part for one in damage} == {f"labels/{table.name}"}
    assert change != "a flip" or {one.sample for one in damage} >= {6}
    assert repair(out).left.sound
    assert tree(out) == before


def test_it_is_verified_and_mended(recipe: Any, tmp_path: Path) -> None:
    out = build(recipe, tmp_path / "out", engine=Serial())
    assert verify(out, deep=True).damage == ()
    before = tree(out)
    (out / "state/list-00001.json").write_bytes(b"{}")
    with pytest.raises(FigureGroundError, match="a list of parts cannot be read"):
        open_dataset(out).record(5)
    assert open_dataset(out).record(0).index == 0  # of another list
    assert {damage.part for damage in verify(out).damage} >= {"state/list-00001.json"}
    assert repair(out).left.sound
    assert tree(out) == before
    (out / "state/list-00007.json").write_bytes(b"{}")
    assert [damage.part for damage in verify(out).damage] == ["state/list-00007.json"]
    assert repair(out).left.sound
    assert tree(out) == before


def test_a_part_of_another_size_is_told_when_it_is_read(recipe: Any, tmp_path: Path) -> None:
    out = build(recipe, tmp_path / "out", engine=Serial())
    (out / parts.part_file(4)).write_bytes(b"PK")
    data = open_dataset(out)
    with pytest.raises(FigureGroundError, match="has 2 bytes"):
        data.record(8)
    assert next(damage.part for damage in verify(out).damage) == parts.part_file(4)


def test_it_grows_and_shards_are_merged(recipe: Any, tmp_path: Path) -> None:
    fewer = dataclasses.replace(recipe, placement=dataclasses.replace(recipe.placement, samples=3))
    grown = build(fewer, tmp_path / "grown", engine=Serial())
    assert lists(grown) == []
    build(recipe, grown, engine=Serial())
    whole = build(recipe, tmp_path / "whole", engine=Serial())
    assert {**tree(grown), "report.html": b""} == {**tree(whole), "report.html": b""}  # which names the folder
    shards = [build_shard(recipe, tmp_path / f"shard{k}", Shard(k, 2), engine=Serial()) for k in (1, 2)]
    merged = merge(shards, tmp_path / "merged")
    assert lists(merged) == FILES
    assert {**tree(merged), "report.html": b""} == {**tree(whole), "report.html": b""}
    assert {**tree(grown), "report.html": b""} == {**tree(whole), "report.html": b""}


def test_croissant_names_all_parts_at_once(recipe: Any, tmp_path: Path) -> None:
    mlc = pytest.importorskip("mlcroissant")
    out = build(recipe, tmp_path / "out", engine=Serial())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        about = mlc.Dataset(jsonld=str(out / "croissant.json")).metadata
        rows = list(mlc.Dataset(jsonld=str(out / "croissant.json")).records("samples"))
    assert about.ctx.issues.errors == set()
    assert len(rows) == 9


HEAD = {"file": "state/list-00000.json", "parts": 2, "samples": 4, "bytes": 9, "sha256": "0" * 64}


@pytest.mark.parametrize(
    "wrong",
    [
        {"file": "../list-00000.json"},
        {"file": "state/list-00001.json"},
        {"parts": 3},
        {"parts": -1},
        {"samples": 2**62},
        {"sha256": "x"},
        {"more": 1},
    ],
)
def test_heads_that_no_dataset_has_are_refused(wrong: dict[str, Any]) -> None:
    check_heads({"lists": [HEAD]})
    with pytest.raises(ValueError, match=r"list|between"):
        check_heads({"lists": [HEAD | wrong]})


def test_a_table_finds_what_a_walk_finds() -> None:
    sizes = [3, 1, 1, 2, 5]
    table = PartTable.of([{"file": str(k), "samples": size} for k, size in enumerate(sizes)])
    walked = [(k, row) for k, size in enumerate(sizes) for row in range(size)]
    assert [table.find(i) for i in range(sum(sizes))] == walked
    assert [table.start(k) for k in range(6)] == [0, 3, 4, 5, 7, 12]
    assert [row["file"] for row in table[1:3]] == ["1", "2"]
    assert table[-1]["samples"] == 5
    with pytest.raises(IndexError):
        table[5]
    assert [list_count(n) for n in (0, 2, 3, 5)] == [0, 0, 2, 3]
