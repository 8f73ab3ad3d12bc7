"""The commands cutout, preview and check --out, as they are typed, and what they print."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground.core.recipe_toml import to_toml
from tests.builders import small_recipe, write_photos
from tests.cli.test_cli import run
from tests.make.test_folder_cutouts import studio


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_photos(tmp_path)
    (tmp_path / "recipe.toml").write_text(to_toml(small_recipe(tmp_path)), encoding="utf-8")
    (tmp_path / "in").mkdir()
    Image.fromarray(studio(0)).save(tmp_path / "in/a.png")
    Image.fromarray(np.hstack([studio(1), studio(2)])).save(tmp_path / "in/two.png")
    (tmp_path / "in/junk.jpg").write_bytes(b"junk")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_cutout_says_what_is_doubtful_and_set_aside(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        run("cutout", "in", "cut", "--method", "key", "--workers", "1")
        out = capsys.readouterr().out
        assert out.splitlines() == [
            "2 cut-outs, 1 of them doubtful; 1 photo set aside",
            "  set aside: junk.jpg: not a picture that can be decoded",
            "  doubtful: two.png: in 2 separate pieces: several figures, or one cut apart",
            "list: cut/cutouts.csv",
            "sheet: cut/cutouts.jpg",
        ]
    run("cutout", "in", "cut", "--method", "key", "--workers", "1", "--json")
    facts = json.loads(capsys.readouterr().out)
    assert [(row["file"], row["state"]) for row in facts["photos"]] == [
        ("a.png", "made"),
        ("junk.jpg", "set aside"),
        ("two.png", "made"),
    ]
    assert facts["sheet"] == "cut/cutouts.jpg"


def test_cutout_of_one_photo(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("cutout", "in/a.png", "a-cut.png", "--method", "key", "--workers", "1", "--trim", "--what", "alpha")
    assert capsys.readouterr().out == "1 cut-out, 0 of them doubtful; 0 photos set aside\n"
    with Image.open("a-cut.png") as made:
        assert made.mode == "L"
        assert made.height < 210
    assert not Path("cutouts.csv").exists()


def test_cutout_with_wrong_words(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (("in", "cut", "--method", "keys"), "did you mean 'key'"),
        (("in", "cut", "--network", "none.onnx"), "no such cut-out network"),
        (("nowhere", "cut"), "no such folder or photo"),
    ):
        run("cutout", *words, "--workers", "1", code=1)
        assert said in capsys.readouterr().err
    run("cutout", "in", "cut", "--what", "mask", code=2)
    run("cutout", "in/junk.jpg", "cut", "--workers", "1", code=1)
    assert "no photo could be cut out" in capsys.readouterr().err


def test_preview_prints_what_it_wrote(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("preview", "recipe.toml", "--samples", "2", "--workers", "1")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 backgrounds, 3 foregrounds, 0 photos set aside"
    assert lines[1].startswith("  poses: ")
    assert [line.strip() for line in lines[2:]] == [
        f"recipe-preview/{name}"
        for name in ("Backgrounds.jpg", "Foregrounds.jpg", "Samples.jpg", "preview.html", "review.csv")
    ]
    assert all((desk / line.strip()).is_file() for line in lines[2:])
    run("preview", "recipe.toml", "--out", "rooms/look", code=1)
    assert "among the photos" in capsys.readouterr().err
    run("preview", "recipe.toml", "--samples", "-1", code=1)


def test_check_out_and_a_review(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", "recipe.toml", "--out", "look", "--workers", "1")
    assert "look/review.csv" in capsys.readouterr().out
    table = (desk / "look/review.csv").read_text("utf-8-sig")
    (desk / "look/review.csv").write_text(table.replace(",foreground,people/person1", "x,foreground,people/person1"))
    Image.fromarray(studio(5)).save(desk / "people/new.png")
    run("check", "recipe.toml", "--set", "review=look/review.csv", "--workers", "1", "--json")
    facts = json.loads(capsys.readouterr().out)
    assert facts["set_aside"] == [{"source": "people/person1.png", "reason": "left out by review.csv: x"}]
    assert facts["warnings"] == [
        {"source": "review.csv", "reason": "does not name photos that are new since: people/new.png"}
    ]
    run("check", "recipe.toml", "--set", "foregrounds.exclude=person9.png", code=1)
    assert "did you mean 'person" in capsys.readouterr().err
