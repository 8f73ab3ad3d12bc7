"""A dataset says which libraries made it, and is gone on with by those that give the same bytes."""

import dataclasses
import json
import shutil
import zlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import PIL
import pytest
from PIL import features

from figureground import build, open_dataset
from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.progress import silent
from figureground.core.recipe import DepthOptions, Recipe
from figureground.dataset import parts
from figureground.ingest import photos as decoding
from figureground.make import redepth
from figureground.make.finish import note_files
from figureground.make.made_with import joined, versions
from tests.builders import job_of, small_recipe, write_depth_network, write_photos
from tests.make.test_build import files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_photos(tmp_path)
    write_depth_network(tmp_path / "grey.onnx")
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return what makes the dataset "out" in a `root`: built once for each recipe, and copied there."""
    there: dict[str, Path] = {}

    def copied(root: Path, **sections: Any) -> Path:
        key = json.dumps(sections, sort_keys=True)
        if key not in there:
            folder = tmp_path_factory.mktemp("made")
            shutil.copytree(root, folder, dirs_exist_ok=True)
            there[key] = build(small_recipe(folder, **sections), folder / "out")
        return Path(shutil.copytree(there[key], root / "out"))

    return copied


def about(dataset: Path, name: str = "build.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((dataset / name).read_text())
    return found


def as_if_made_with(dataset: Path, name: str = "build.json", **other: str) -> None:
    """Let a dataset say that its parts were made with other versions."""
    plain = about(dataset, name)
    plain["made_with"] |= other
    (dataset / name).write_text(json.dumps(plain))
    note_files(FolderStore(dataset), ["build.json"])


def lose(dataset: Path, number: int = 1) -> None:
    (dataset / parts.part_file(number)).unlink()
    (dataset / "manifest.json").unlink(missing_ok=True)  # as of a build that was stopped


NETWORK = {"source": "network", "model": "grey.onnx"}


def test_build_and_manifest_name_the_libraries(root: Path, made: Callable[..., Path]) -> None:
    out = made(root, depth=NETWORK)
    told = about(out)["made_with"]
    assert told == about(out, "manifest.json")["made_with"]
    assert told["Pillow"] == PIL.__version__
    assert {"libjpeg", "libwebp", "lcms2", "zlib", "zlib of Pillow", "numpy", "onnxruntime"} <= told.keys()
    assert "torch" not in told  # whether it is installed or not
    assert all(isinstance(version, str) and version for version in told.values())
    plain = versions(job_of(small_recipe(root, foregrounds={"network": ""})))
    assert "onnxruntime" not in plain


def test_the_same_bytes_by_other_libraries_are_the_same_dataset(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = build(small_recipe(root), root / "one/out")
    monkeypatch.setattr(PIL, "__version__", "99.1")
    other = build(small_recipe(root), root / "other/out")
    assert about(other)["made_with"]["Pillow"] == "99.1"
    assert about(one)["build_id"] == about(other)["build_id"]


PNG: dict[str, Any] = {"image": {"format": "png"}}
JPEG: dict[str, Any] = {"mask": {"format": "jpeg"}}
WEBP: dict[str, Any] = {"image": {"format": "webp"}}


@pytest.mark.parametrize(
    ("library", "sections", "held"),
    [
        ("Pillow", {}, True),
        ("Pillow", PNG, True),  # which decodes the background
        ("libjpeg", {}, True),
        ("libwebp", WEBP, True),
        ("libwebp", {}, False),
        ("zlib", {}, True),  # masks
        ("zlib", JPEG, False),
        ("zlib", {**JPEG, **PNG}, True),
        ("lcms2", {}, False),  # the catalog is made
        ("zlib of Pillow", PNG, False),  # samples are packed by ours
        ("numpy", {}, False),
        ("onnxruntime", {"depth": NETWORK}, True),
        ("onnxruntime", {"depth": {"source": "layered", "model": "grey.onnx"}}, False),
        ("a library that nobody knows any more", {}, False),
    ],
)
def test_going_on_is_refused_where_bytes_may_differ_and_only_there(
    root: Path,
    made: Callable[..., Path],
    library: str,
    sections: dict[str, Any],
    held: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = made(root, **sections)
    whole = files(out)
    as_if_made_with(out, **{library: "0.1"})
    told = about(out)["made_with"]
    build(small_recipe(root, **sections), out)  # nothing is missing
    assert about(out)["made_with"] == told
    assert len(open_dataset(out)) == 36
    assert caplog.messages == []
    lose(out)
    if held:
        here = versions(job_of(small_recipe(root, **sections)))[library]
        with pytest.raises(FigureGroundError) as caught:
            build(small_recipe(root, **sections), out)
        assert caught.value.what == f"the finished parts were made with {library} 0.1, here is {here}"
        assert caught.value.where.endswith("build.json")
        assert "install that version, discard the parts made so far with --fresh" in caught.value.remedy
        assert about(out)["made_with"] == told
        build(small_recipe(root, **sections), out, fresh=True)
        assert files(out) == whole
    else:
        build(small_recipe(root, **sections), out)
        known = [
            f"{library} was 0.1 and is {version}; what is made now has the same bytes"
            for name, version in versions(job_of(small_recipe(root, **sections))).items()
            if name == library
        ]
        assert caplog.messages == known
        assert {name: data for name, data in files(out).items() if name.startswith("parts/")} == {
            name: data for name, data in whole.items() if name.startswith("parts/")
        }


def test_every_network_that_looks_at_photos_is_a_reason_to_name_what_runs_it(root: Path) -> None:
    nobody: dict[str, Any] = {"foregrounds": {"network": ""}, "backgrounds": {"people": "do not ask"}}
    standing = {"mode": "ground", "room": ""}
    given = {"source": "layered", "model": "grey.onnx", "focal": 1.0}

    def runs(**sections: Any) -> bool:
        return "onnxruntime" in versions(job_of(small_recipe(root, **{**nobody, **sections})))

    assert not runs()
    assert runs(foregrounds={"network": "small"})
    assert runs(backgrounds={"people": "set aside"})
    assert runs(depth=given)
    known = {**nobody["backgrounds"], "depth": "depth"}
    layered = {"source": "layered", "focal": 1.0, "relief": "flat"}
    assert not runs(depth=layered, backgrounds=known, placement=standing)
    assert runs(depth=layered, backgrounds=known, placement={**standing, "room": "small"})


def test_zlib_ng_is_told_from_the_zlib_whose_version_it_says(
    root: Path, made: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = made(root)
    monkeypatch.setattr(zlib, "ZLIBNG_VERSION", "2.2.4", raising=False)
    lose(out)
    with pytest.raises(FigureGroundError, match=r"with zlib (\S+), here is \1 \(zlib-ng 2.2.4\)"):
        build(small_recipe(root), out)


def grown(root: Path, samples: int) -> Recipe:
    return small_recipe(root, placement={"per_pair": 4, "samples": samples})


def test_growing_under_another_version_is_refused_unless_all_parts_are_made_anew(root: Path) -> None:
    out = build(grown(root, 10), root / "out")  # a whole part of seven, and one that is part-filled
    as_if_made_with(out, zlib="0.1")
    with pytest.raises(FigureGroundError, match=r"made with zlib 0.1, here is \d"):
        build(grown(root, 30), out)
    assert len(open_dataset(out)) == 10
    few = build(grown(root, 5), root / "few")
    as_if_made_with(few, zlib="0.1")
    build(grown(root, 30), few)
    assert about(few)["made_with"] == versions(job_of(grown(root, 30)))


def test_a_library_that_is_gone_is_named_and_several_are_told_together(
    root: Path, made: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = made(root, depth=NETWORK)
    as_if_made_with(out, libjpeg="9f")
    lose(out)
    plain = metadata.version

    def gone(package: str) -> str:
        if package.startswith("onnxruntime"):
            raise metadata.PackageNotFoundError(package)
        return plain(package)

    monkeypatch.setattr(metadata, "version", gone)
    with pytest.raises(FigureGroundError, match=r"with libjpeg 9f, here is .*; with onnxruntime \S+, here is none"):
        build(small_recipe(root, depth=NETWORK), out)


def test_a_record_that_does_not_say_is_not_held_to(root: Path, made: Callable[..., Path]) -> None:
    out = made(root)
    plain = about(out)
    del plain["made_with"]
    (out / "build.json").write_text(json.dumps(plain))
    lose(out)
    build(small_recipe(root), out)
    assert about(out)["made_with"] == {}  # the libraries here made one part of six


def test_preparing_photos_alone_and_reading_hold_to_no_version(root: Path) -> None:
    recipe = small_recipe(root)
    out = build(recipe, root / "out", catalog_only=True)
    as_if_made_with(out, Pillow="0.1")
    build(recipe, out)  # the catalog is made; the parts are made here
    assert about(out)["made_with"]["Pillow"] == PIL.__version__
    as_if_made_with(out, Pillow="0.1")
    lose(out)
    build(recipe, out, catalog_only=True)
    assert about(out)["made_with"]["Pillow"] == "0.1"


def test_photos_that_come_out_otherwise_name_the_library(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog is prepared anew, under a Pillow that decodes to other pixels."""
    recipe = small_recipe(root)
    out = build(recipe, root / "out")
    as_if_made_with(out, Pillow="0.1")
    plain: Callable[..., Any] = decoding.decode

    def otherwise(data: bytes, enough: int = 0) -> Any:
        found = plain(data, enough)
        return dataclasses.replace(found, pixels=found.pixels & 0xFE)

    monkeypatch.setattr(decoding, "decode", otherwise)
    damaged = root / "out/catalog/catalog.jsonl"
    kept = damaged.read_text()
    for lost in (kept.replace('"state": "', '"state": "0'), "{"):
        damaged.write_text(lost)
        with pytest.raises(FigureGroundError, match=f"Pillow was 0.1 and is {PIL.__version__}"):
            build(recipe, out)


def test_what_differs_is_named(root: Path, made: Callable[..., Path]) -> None:
    """Where the recipe's own check does not see it: recipe.toml or build.json of the dataset were changed."""
    out = made(root)
    plain = about(out)
    for change, what in (
        ({"recipe": {**plain["recipe"], "seed": 7}}, r"something else: seed: 7 -> 0\n"),
        ({"recipe": None}, "build.json does not say of what"),
        ({}, r"photos that were prepared otherwise \(by another version of figureground"),
    ):
        (out / "build.json").write_text(json.dumps({**plain, **change, "build_id": "another"}))
        with pytest.raises(FigureGroundError, match=what):
            build(small_recipe(root), out)
    (out / "build.json").write_text(json.dumps({**plain, "render": 0, "build_id": "another"}))
    with pytest.raises(FigureGroundError, match="render version"):
        build(small_recipe(root), out)


def redo(source: Path, out: Path) -> Path:
    depth = DepthOptions(source="network", model="grey.onnx")
    return redepth.redo_dataset(source, out, depth, source.parent, Serial(), silent)


@pytest.mark.parametrize("in_place", [True, False])
def test_new_depth_that_was_begun_elsewhere_is_refused(
    root: Path, made: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    source = made(root, **WEBP)
    as_if_made_with(source, libwebp="0.9")  # composites are copied
    out = source if in_place else root / "new"
    plain = redepth._redo_part

    def stopping(task: Any, number: int, tick: Any) -> int:
        if number == 2:
            raise KeyboardInterrupt
        return plain(task, number, tick)

    with monkeypatch.context() as broken:
        broken.setattr(redepth, "_redo_part", stopping)
        with pytest.raises(KeyboardInterrupt, match="14 of 36"):
            redo(source, out)
    as_if_made_with(out, "redepth.json", onnxruntime="1.0", libwebp="0.8")
    with pytest.raises(FigureGroundError, match=r"with onnxruntime 1.0, here is \d") as caught:
        redo(source, out)
    assert "libwebp" not in caught.value.what
    assert "--fresh" in caught.value.remedy
    here = versions(job_of(small_recipe(root, depth=NETWORK)))
    as_if_made_with(out, "redepth.json", onnxruntime=here["onnxruntime"], libwebp=here["libwebp"])
    redo(source, out)
    told = about(out)["made_with"]
    assert told == {**here, "libwebp": f"0.9, {features.version('webp')}"}
    assert about(out, "manifest.json")["made_with"] == told
    for one in (source, out):
        as_if_made_with(one, zlib="0.1")
    redo(source, out)  # nothing is missing, so nothing is made here
    assert about(out)["made_with"] == {**told, "zlib": "0.1"}


def test_versions_of_what_two_have_made_are_both_named() -> None:
    first = joined({"zlib": "1", "numpy": "2"}, {"zlib": "3", "numpy": "2", "torch": "4"})
    assert first == {"zlib": "1, 3", "numpy": "2", "torch": "4"}
    assert joined(first, {"zlib": "3"}) == first


def test_a_dataset_made_by_two_versions_takes_no_more(root: Path, made: Callable[..., Path]) -> None:
    out = made(root)
    lose(out)
    as_if_made_with(out, Pillow=f"0.1, {PIL.__version__}")
    with pytest.raises(FigureGroundError, match=f"with Pillow 0.1, {PIL.__version__}, here is {PIL.__version__}"):
        build(small_recipe(root), out)
