"""The commands that measure networks: several networks, masks, pasted things, and what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.cli import main
from figureground.core.files import WEIGHTS
from tests.builders import figure_cutout, scene_photo, write_depth_network

Capture = pytest.CaptureFixture[str]


def run(*words: Any, code: int = 0) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert (caught.value.code or 0) == code


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pairs, their masks and two networks: "grey" computes exactly the depth of the pairs."""
    monkeypatch.chdir(tmp_path)
    for name in ("pairs", "masks", "more", "other"):
        (tmp_path / name).mkdir()
    for i in range(3):
        photo = np.full((64, 64, 3), 200, np.uint8)
        photo[20:50, 20 + i : 40] = 40
        Image.fromarray(photo).save(f"pairs/p{i}.png")
        Image.fromarray(photo).save(f"more/p{i}.png")
        metres = 1 + 4 * photo.mean(2) / 255
        Image.fromarray(np.rint(1000 * metres).astype(np.uint16)).save(f"pairs/p{i}.depth.png")
        Image.fromarray((photo[..., 0] == 40).astype(np.uint8) * np.uint8(255)).save(f"masks/p{i}.png")
    write_depth_network(tmp_path / "grey.onnx")
    write_depth_network(tmp_path / "other/grey.onnx", "nan")
    return tmp_path


def test_depth_networks_are_compared_on_pairs_and_at_masks(desk: Path, capsys: Capture) -> None:
    words = ("evaluate-depth", "--model", "grey.onnx", "--against", "small", "--pairs", "pairs", "--masks", "masks")
    run(*words, "--out", "page.html")
    said = capsys.readouterr().out
    assert "| minus grey" in said
    assert "1.0000–1.0000" in said  # the network computes exactly this depth, edges included
    assert "Mean over 3 masks' outlines." in said
    page = (desk / "page.html").read_text(encoding="utf-8")
    assert "minus grey" in page
    assert "boundary recall" in page
    run(*words, "--json")
    facts = json.loads(capsys.readouterr().out)
    assert facts["overall"]["network"]["metric"]["boundary_f1"] == 1
    assert facts["intervals"]["network"]["metric"]["boundary_f1"]["pictures"] == 3
    (other,) = facts["against"]
    assert other["minus_first"]["metric"]["boundary_f1"]["mean"] < -0.5
    assert facts["outlines"]["grey"]["boundary_recall"]["mean"] == 1
    assert len(facts["outlines"]["depth-small"]["rows"]) == 3


def test_photos_without_depth_are_measured_at_their_masks(desk: Path, capsys: Capture) -> None:
    (desk / "masks/p1.png").unlink()
    run("evaluate-depth", "--model", "grey.onnx", "--photos", "more", "--masks", "masks")
    said = capsys.readouterr().out
    assert "AbsRel" not in said
    assert "Mean over 2 masks' outlines." in said


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "there is nothing to measure against"),
        (["--photos", "more"], "photos without masks show nothing"),
        (["--masks", "masks"], "there is nothing to measure against"),
        (["--photos", "more", "--masks", "masks", "--out", "page.html"], "the page shows photos with sensor depth"),
        (["--pairs", "pairs", "--out", "nowhere/page.html"], "no such folder to write to"),
        (["--pairs", "pairs", "--against", "grey.onnx"], "a network is given twice"),
        (["--pairs", "pairs", "--model", "", "--against", "small"], "a network is given twice"),
        (["--pairs", "pairs", "--against", "no.onnx"], "no such depth network"),
        (["--photos", "more", "--masks", "none"], "no such folder of masks"),
        (["--pairs", "pairs", "--masks", "pairs/none"], "no such folder of masks"),
    ],
)
def test_what_evaluate_depth_cannot_measure_is_told(desk: Path, capsys: Capture, words: list[str], what: str) -> None:
    model = () if "--model" in words else ("--model", "grey.onnx")
    run("evaluate-depth", *model, *words, code=1)
    assert what in capsys.readouterr().err


def write_things(folder: Path) -> None:
    for name in ("things", "rooms", "photos", "masks"):
        (folder / name).mkdir(exist_ok=True)
    for i in range(2):
        cutout = figure_cutout(i, 150, 90)
        Image.fromarray(cutout).save(folder / f"things/thing{i}.png")
        Image.fromarray(scene_photo(i, 160, 200)).save(folder / f"rooms/room{i}.png")
        photo = np.full((160, 120, 3), 230, np.uint8)
        photo[5:155, 15:105] = np.where(cutout[..., 3:] > 127, cutout[..., :3], 230)
        Image.fromarray(photo).save(folder / f"photos/p{i}.png")
        Image.fromarray(np.pad(cutout[..., 3], ((5, 5), (15, 15)))).save(folder / f"masks/p{i}.png")


def test_things_pasted_on_rooms_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    write_things(tmp_path)
    words = ("evaluate-cutouts", "--cutouts", "things", "--rooms", "rooms", "--samples", "5")
    run(*words, "--out", "page.html", "--json")
    facts = json.loads(capsys.readouterr().out)
    names = [row["name"] for row in facts["methods"]["cutout-small"]["rows"]]
    assert len(names) == facts["pictures"] == 5
    assert all(" thing" in name and " on room" in name for name in names)
    assert (facts["page"], facts["sheet"]) == ("page.html", None)
    assert facts["methods"]["colour key"]["minus_first"]["iou"]["pictures"] == 5
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<article") == 5
    run(*words, "--seed", "1", "--json")
    other = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in other["methods"]["cutout-small"]["rows"]] != names


def test_networks_of_one_name_keep_their_results_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_things(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        shutil.copy(WEIGHTS / "cutout-small.onnx", tmp_path / name / "best.onnx")
    words = ("evaluate-cutouts", "--photos", "photos", "--masks", "masks", "--network", "one/best.onnx")
    run(*words, "--network", "two/best.onnx", "--json", "--out", "sheet.png")
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["methods"]) == ["best", "two/best.onnx", "colour key"]
    assert facts["methods"]["two/best.onnx"]["minus_first"]["iou"]["mean"] == 0
    assert (facts["page"], facts["sheet"]) == (None, "sheet.png")
    run(*words, "--network", "two/best.onnx", "--network", "two/best.onnx", code=1)
    assert "a network is given twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "it is not told which pictures"),
        (["--photos", "photos"], "it is not told which pictures"),
        (["--cutouts", "things"], "it is not told which pictures"),
        (["--photos", "photos", "--masks", "masks", "--rooms", "rooms"], "it is not told which pictures"),
        (["--photos", "photos", "--masks", "masks", "--out", "page.pdf"], "neither a page nor a picture"),
        (["--photos", "photos", "--masks", "masks", "--out", "no/page.html"], "no such folder to write to"),
        (["--cutouts", "things", "--rooms", "rooms", "--samples", "0"], "makes no picture"),
        (["--cutouts", "rooms", "--rooms", "rooms"], "it has no transparency"),
    ],
)
def test_what_evaluate_cutouts_cannot_measure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, words: list[str], what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_things(tmp_path)
    run("evaluate-cutouts", *words, code=1)
    assert what in capsys.readouterr().err
