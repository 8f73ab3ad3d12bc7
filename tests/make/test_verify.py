"""Sound datasets of every kind are sound; what does not apply is said; a build takes over nothing that is damaged."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from figureground import build, open_dataset
from figureground.cli import main
from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError
from figureground.core.progress import silent
from figureground.core.recipe import Recipe
from figureground.make.redepth import redo_dataset
from figureground.make.regenerate import regenerate
from figureground.make.repair import repair
from figureground.make.verify import Verdict, verify
from tests.builders import (
    figure_cutout,
    ground_recipe,
    small_recipe,
    write_depth_network,
    write_floor_photos,
    write_photos,
)
from tests.make import planted
from tests.make.planted import edit_json, flip, put, seal

OLD = Path(__file__).parents[1] / "data/version1"
SOUND: dict[str, dict[str, Any]] = {
    "uniform": {},
    "grid, png, one class": {"placement": {"mode": "grid"}, "image": {"format": "png"}},
    "webp, alpha, semantic": {"image": {"format": "webp"}, "layers": {"alpha": True, "semantic": True}},
    "as in 2020": {"mask": {"format": "jpeg"}, "depth": {"source": "network", "encoding": "jpeg8"}},
    "network": {"depth": {"source": "network"}},
    "several figures": {"placement": {"figures": [1, 3], "min_visible": 0.3}},
}
ON_FLOORS: dict[str, dict[str, Any]] = {
    "layered, wide": {"size": [128, 96], "placement": {"samples": 5}},
    "both depths, tall": {"size": [96, 128], "depth": {"source": "both"}, "placement": {"samples": 5}},
    "without figures": {"placement": {"figures": [0, 2], "min_visible": 0.2, "samples": 6}},
}


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def require_sound(out: Path) -> None:
    before = contents(out)
    for deep in (False, True):
        verdict = verify(out, deep=deep, networks=sorted(out.parent.glob("*.onnx")))
        assert verdict.damage == ()
        assert verdict.unchecked == ()
        assert verdict.samples == len(open_dataset(out))
        assert verdict.bytes == open_dataset(out).manifest["bytes"]
    assert contents(out) == before


def recipe_on(folder: Path, **sections: Any) -> Recipe:
    write_photos(folder, 2, 2)
    write_depth_network(folder / "grey.onnx")
    if sections.get("depth", {}).get("source"):
        sections["depth"] = {"model": "grey.onnx", **sections["depth"]}
    return small_recipe(folder, **sections)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos, and the dataset "out" of them."""
    folder = tmp_path_factory.mktemp("plain")
    build(recipe_on(folder), folder / "out")
    return folder


@pytest.fixture
def out(plain: Path, tmp_path: Path) -> Path:
    """Return a copy of that dataset, beside its photos, to do with as one likes."""
    shutil.copytree(plain, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_dataset_is_sound(kind: str, tmp_path: Path) -> None:
    require_sound(build(recipe_on(tmp_path, **SOUND[kind]), tmp_path / "out"))


@pytest.mark.parametrize("kind", ON_FLOORS)
def test_so_is_one_on_floors(kind: str, tmp_path: Path) -> None:
    write_floor_photos(tmp_path, 2, 2)
    write_depth_network(tmp_path / "grey.onnx")
    sections = ON_FLOORS[kind]
    if sections.get("depth"):
        sections = {**sections, "depth": {"model": "grey.onnx", **sections["depth"]}}
    require_sound(build(ground_recipe(tmp_path, **sections), tmp_path / "out"))


def test_so_is_one_of_several_classes_and_weights(tmp_path: Path) -> None:
    from PIL import Image

    write_photos(tmp_path, 2, 2)
    (tmp_path / "things").mkdir()
    Image.fromarray(figure_cutout(20, 120, 100)).save(tmp_path / "things/vase.png")
    sources = [{"path": "people", "weight": 2.0}, {"path": "things", "class": "vase"}]
    require_sound(build(small_recipe(tmp_path, foregrounds=sources, placement={"samples": 9}), tmp_path / "out"))


def test_so_is_one_that_grew_moved_and_got_new_depth_and_report(tmp_path: Path) -> None:
    recipe = recipe_on(tmp_path, depth={"source": "network"}, placement={"samples": 5}, parts={"size": 3})
    out = build(recipe, tmp_path / "out")
    build(recipe_on(tmp_path, depth={"source": "network"}, placement={"samples": 8}, parts={"size": 3}), out)
    require_sound(out)
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    require_sound(tmp_path / "elsewhere")
    with pytest.raises(SystemExit, match="0"):
        main(["report", str(tmp_path / "elsewhere"), "--quiet"])
    require_sound(tmp_path / "elsewhere")
    write_depth_network(tmp_path / "other.onnx", size=32)
    depth = recipe.depth.__class__(source="network", model="other.onnx")
    redo_dataset(tmp_path / "elsewhere", tmp_path / "new", depth, tmp_path, Serial(), silent)
    require_sound(tmp_path / "new")


def test_a_catalog_alone_is_sound_and_its_parts_are_said_to_be_none(tmp_path: Path) -> None:
    out = build(recipe_on(tmp_path), tmp_path / "out", catalog_only=True)
    verdict = verify(out, deep=True)
    assert verdict.sound
    assert verdict.unchecked == ("there are no parts: their samples are rendered when they are read",)
    flip(out / "catalog/Background/bg001.jpg", 100)
    assert [one.part for one in verify(out).damage] == ["catalog/Background/bg001.jpg"]


def test_preparing_alone_leaves_a_finished_one_sound(out: Path, tmp_path: Path) -> None:
    (tmp_path / "rooms/room0.png").rename(tmp_path / "rooms/room00.png")
    build(recipe_on_as_it_is(tmp_path), out, catalog_only=True)
    require_sound(out)


def recipe_on_as_it_is(folder: Path) -> Recipe:
    return small_recipe(folder)


def test_format_version_1_is_sound_and_what_does_not_apply_is_said(tmp_path: Path) -> None:
    old = Path(shutil.copytree(OLD, tmp_path / "old"))
    for deep in (False, True):
        verdict = verify(old, deep=deep)
        assert verdict.damage == ()
        assert any("format version 1, here is 2" in line for line in verdict.unchecked)
    assert any("each is held against itself" in line for line in verdict.unchecked)


@pytest.mark.parametrize(
    ("layer", "change", "what"),
    [
        ("masks", planted.one_pixel(1), "contradicts its mask"),
        ("instances", planted.one_pixel(), "contradicts its mask"),
        ("masks", lambda values: b"no picture", "cannot be decoded"),
    ],
)
def test_of_an_old_one_samples_are_held_against_themselves(layer: str, change: Any, what: str, tmp_path: Path) -> None:
    old = Path(shutil.copytree(OLD, tmp_path / "old"))
    path = old / "parts/part-00001.zip"
    content = planted.members(path)
    planted.edit_picture(layer, change)(content)
    planted.write_part(path, content)
    edit_json(old / "parts/part-00001.json", lambda about: about.update(planted.facts(path)))
    edit_json(old / "manifest.json", lambda m: m["parts"][1].update(planted.facts(path)))
    edit_json(old / "manifest.json", put("bytes", value=sum(p.stat().st_size for p in old.glob("parts/*.zip"))))
    assert verify(old).sound
    found = verify(old, deep=True).damage
    assert any(one.sample is not None and what in one.what for one in found), found


def aged(out: Path, **changes: Any) -> None:
    """Let a dataset say that it was made otherwise."""
    for name in ("build.json", "manifest.json"):
        edit_json(out / name, lambda plain: plain.update(changes))
    seal(out, "build.json")
    for sidecar in out.glob("state/*.json"):
        edit_json(sidecar, lambda about: about.update({k: v for k, v in changes.items() if k == "code"}))
        seal(out, f"state/{sidecar.name}")


def test_one_of_other_code_or_an_older_render_version_is_sound(out: Path) -> None:
    aged(out, code="0" * 64)
    verdict = verify(out, deep=True)
    assert verdict.damage == ()
    assert any("other code made them" in line for line in verdict.unchecked)
    aged(out, render=1)
    verdict = verify(out, deep=True)
    assert verdict.damage == ()
    assert any("render version 1" in line for line in verdict.unchecked)
    planted.repacked(out, planted.edit_picture("masks", planted.one_pixel(1)))
    assert any("its pixels" in one.what for one in verify(out, deep=True).damage)


def test_one_that_was_made_before_there_was_a_croissant_is_sound(out: Path) -> None:
    (out / "croissant.json").unlink()
    edit_json(out / "manifest.json", lambda manifest: manifest["files"].pop("croissant.json") and None)
    assert {one.part for one in verify(out).damage} >= {"croissant.json"}
    aged(out, code="0" * 64)
    assert verify(out).damage == ()


def test_under_another_library_pixels_are_compared(out: Path) -> None:
    made_with = json.loads((out / "build.json").read_text())["made_with"]
    aged(out, made_with={**made_with, "libjpeg": "1.2"})
    verdict = verify(out, deep=True)
    assert verdict.damage == ()
    assert any("pixels are compared" in line and "libjpeg 1.2" in line for line in verdict.unchecked)
    planted.repacked(out, planted.edit_picture("masks", planted.one_pixel(1)))
    assert any(one.what.startswith("mask: 1 of") for one in verify(out, deep=True).damage)


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no dataset here"):
        verify(tmp_path)


def test_every_engine_says_the_same(out: Path) -> None:
    flip(out / "parts/part-00001.zip", 700)
    os.remove(out / "labels.csv")
    verdicts: list[Verdict] = [verify(out, deep=True, workers=workers) for workers in (1, 2)]
    assert verdicts[0] == verdicts[1]
    assert [one.part for one in verdicts[0].damage][:1] == ["labels.csv"]
    assert any(one.sample is not None for one in verdicts[0].damage)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("part: a flip in an image", "parts/part-00001.zip: has"),
        ("part: a flip in the end record", "parts/part-00001.zip: has"),
        ("sidecar: a flip in its statistics", "parts/part-00001.zip"),
        ("part: missing", "parts/part-00001.zip is missing"),
        ("sidecar: cut off", "parts/part-00001.zip does not fit"),
        ("labels: a value off by 1e-3", "labels.csv was damaged"),
        ("statistics: a mean off by 1e-3", "statistics.json was damaged"),
        ("report: a flip", "report.html was damaged"),
        ("catalog: a photo's name", "catalog/catalog.jsonl was damaged"),
        ("catalog: a mask of another figure", "catalog/Mask/fg001.png was damaged"),
        ("catalog: a sheet", "catalog/Background.jpg was damaged"),
        ("recipe: a line end", "recipe.toml was damaged"),
    ],
)
def test_a_build_makes_damage_anew_and_says_so(
    out: Path, kind: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = small_recipe(out.parent)
    before = contents(out)
    caplog.set_level(logging.WARNING, "figureground")
    build(recipe, out)
    assert caplog.messages == []
    planted.KINDS[kind](out, out)
    build(recipe, out)
    assert contents(out) == before
    assert any(says in message and "made anew" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("part: missing", "a part is missing"),
        ("part: cut off", "a part has"),
        ("manifest: samples", "do not have as many samples"),
        ("manifest: build id", "of another build"),
    ],
)
def test_opening_refuses_what_costs_nothing_to_see(out: Path, kind: str, says: str) -> None:
    planted.KINDS[kind](out, out)
    with pytest.raises(FigureGroundError, match=says) as caught:
        open_dataset(out)
    assert "figureground verify" in caught.value.remedy


def test_what_cannot_be_mended_is_named_and_stays(out: Path, tmp_path: Path) -> None:
    flip(out / "catalog/Background/bg001.jpg", 200)
    flip(out / "labels.csv", 300)
    os.remove(tmp_path / "rooms/room1.png")
    done = repair(out)
    assert [one.part for one in done.left.damage] == ["catalog/Background/bg001.jpg"]
    assert any("the photos" in line and "bring them back" in line for line in done.why)
    write_photos(tmp_path, 2, 2)
    assert repair(out).left.sound


def test_regenerate_says_whether_it_is_the_stored_one(out: Path, tmp_path: Path) -> None:
    data = open_dataset(out)
    again = regenerate(out, "8", tmp_path / "eight")
    assert again.equal
    assert again.made_members() == data.members(8)
    assert again.made.record == data.record(8)
    assert sorted(contents(tmp_path / "eight")) == ["made/image.jpg", "made/mask.png", "made/record.json"]
    assert (tmp_path / "eight/made/image.jpg").read_bytes() == data.members(8)["image"]
    assert regenerate(out, data.key(8)).made.record.index == 8
    planted.repacked(out, planted.edit_picture("masks", planted.one_pixel(1)))
    again = regenerate(out, "8", tmp_path / "both")
    assert not again.equal
    assert again.differences["mask"].startswith("1 of 4,096 px differ")
    assert {"both.png", "made/mask.png", "stored/mask.png", "stored/record.json"} <= set(contents(tmp_path / "both"))
    shutil.rmtree(out / "parts")
    assert not regenerate(out, "8").is_stored
    with pytest.raises(FigureGroundError, match="no sample 99"):
        regenerate(out, "99")


def test_the_commands(out: Path, capsys: pytest.CaptureFixture[str]) -> None:

    def run(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as caught:
            main([*words, "--workers", "1"] if words[0] == "verify" else list(words))
        assert (caught.value.code or 0) == code
        return capsys.readouterr().out

    assert "sound: 16 samples in 3 parts; hashes and tables were looked at" in run("verify", str(out))
    assert "equal to the stored one, byte for byte" in run("regenerate", str(out), "--id", "3")
    planted.repacked(out, planted.edit_picture("masks", planted.one_pixel(1)))
    assert "1 of 4,096 px differ" in run("regenerate", str(out), "--id", "8", code=1)
    facts = json.loads(run("verify", str(out), "--deep", "--json", code=1))
    assert not facts["sound"]
    assert {"part": "parts/part-00001.zip", "sample": 8}.items() <= facts["damage"][-1].items()
    said = run("verify", str(out), "--deep", code=1)
    assert "parts/part-00001.zip, sample 8: mask: 1 of 4,096 px differ, the first at x = 5, y = 5" in said
    assert "--repair" in said
    assert "made anew: parts/part-00001.zip" in run("verify", str(out), "--deep", "--repair")
    assert "sound" in run("verify", str(out), "--deep")


def test_a_repair_of_nothing_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no dataset here"):
        repair(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
