import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground import open_dataset
from figureground.cli import main
from figureground.core.recipe_toml import load_recipe, to_toml
from tests.builders import scene_photo, small_recipe, write_depth_network, write_photos
from tests.cli.terminal import on_terminal


def run(*arguments: str | Path, code: int = 0) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert (caught.value.code or 0) == code


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_photos(tmp_path)
    (tmp_path / "rooms/bad <b>.jpg").write_bytes(b"junk")
    path = tmp_path / "recipe.toml"
    path.write_text(to_toml(small_recipe(tmp_path)))
    return path


def test_build_info_report_export(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("build", recipe, tmp_path / "out", "--workers", "1")
    printed = capsys.readouterr()
    assert "3 backgrounds, 3 foregrounds, 1 photo set aside" in printed.out
    assert "set aside: rooms/bad <b>.jpg: not a picture" in printed.out
    assert "36 samples of 64 x 64 px in 6 parts" in printed.out
    assert "self-checks passed" in printed.out
    assert re.search(r"^samples 36/36$", printed.err, re.MULTILINE)
    assert "\x1b" not in printed.err  # plain lines when piped
    (tmp_path / "out/report.html").unlink()
    run("report", tmp_path / "out")
    assert (tmp_path / "out/report.html").stat().st_size > 1000
    run("info", tmp_path / "out")
    assert "36 samples" in capsys.readouterr().out
    run("export", "2020", tmp_path / "out", tmp_path / "zips", "--parts", "3")
    assert len((tmp_path / "zips/labels.txt").read_text().splitlines()) == 36


def test_settings_reach_the_build(recipe: Path, tmp_path: Path) -> None:
    run("build", recipe, tmp_path / "out", "--set", "placement.per_pair=1", "--set", "placement.mirror=none")
    assert len(open_dataset(tmp_path / "out")) == 9


def test_dry_run_prints_the_cost_and_writes_nothing(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_depth_network(tmp_path / "grey.onnx")
    before = sorted(tmp_path.rglob("*"))
    run(
        "build",
        recipe,
        tmp_path / "out",
        "--dry-run",
        "--set",
        "depth.source=network",
        "--set",
        "depth.model=grey.onnx",
    )
    out = capsys.readouterr().out
    assert "36 samples in 6 parts" in out
    assert re.search(r"about [\d.]+ kB: a sample is", out)
    assert re.search(r"about [\d.]+ s with \d+ workers?", out)
    assert re.search(r"depth: [\d.]+ ms a sample, \d+% of the time", out)
    assert "nothing was written" in out
    assert sorted(tmp_path.rglob("*")) == before


def test_depth_is_added_to_a_dataset_and_given_to_a_folder(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = write_depth_network(tmp_path / "grey.onnx")
    run("build", recipe, tmp_path / "out", "--workers", "1")
    run("depth", tmp_path / "out", "--model", network, "--out", tmp_path / "new", "--workers", "1")
    assert open_dataset(tmp_path / "new")[0].depth is not None
    assert open_dataset(tmp_path / "out")[0].depth is None
    run("depth", tmp_path / "out", "--model", network, "--workers", "1", "--encoding", "png8")
    assert open_dataset(tmp_path / "out").record(0).depths["depth"].scale != 0.001
    capsys.readouterr()
    run(
        "depth",
        tmp_path / "rooms",
        "--model",
        network,
        "--out",
        tmp_path / "maps",
        "--encoding",
        "npy",
        "--workers",
        "1",
    )
    assert "set aside" in capsys.readouterr().out
    assert len(list((tmp_path / "maps").glob("*.npy"))) == 3


def test_a_sample_becomes_a_cloud_of_points(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = ("--set", "backgrounds.depth=depth", "--set", "depth.source=layered", "--workers", "1")
    run("build", recipe, tmp_path / "out", *known)
    key = open_dataset(tmp_path / "out").record(5).key
    capsys.readouterr()
    run("points", tmp_path / "out", "--id", "5", tmp_path / "5.ply")
    assert f"4,096 points of {key}; focal length" in capsys.readouterr().out
    run("points", tmp_path / "out", tmp_path / "key.ply", "--id", key, "--quiet")
    assert capsys.readouterr().out == ""
    assert (tmp_path / "5.ply").read_bytes() == (tmp_path / "key.ply").read_bytes()
    run("points", tmp_path / "out", tmp_path / "virtual.ply", "--id", "-31", "--virtual")
    assert (tmp_path / "virtual.ply").stat().st_size == (tmp_path / "5.ply").stat().st_size
    run("points", tmp_path / "out", tmp_path / "no.ply", "--id", "36", code=1)
    run("points", tmp_path / "out", tmp_path / "no.ply", "--id", "nobody", code=1)
    run("build", recipe, tmp_path / "flat", "--workers", "1")
    run("points", tmp_path / "flat", tmp_path / "no.ply", "--id", "0", code=1)
    assert "this sample has no depth" in capsys.readouterr().err
    assert not (tmp_path / "no.ply").exists()


def test_models_are_listed_with_their_licences(capsys: pytest.CaptureFixture[str]) -> None:
    run("models")
    out = capsys.readouterr().out
    assert re.search(r"depth-anything-v2-large .*CC-BY-NC-4.0 \(non-commercial\)", out)
    assert re.search(r"fastdepth-nyu +metric +by hand +yes +MIT ", out)
    assert out.splitlines()[0].startswith("depth network ")
    assert re.match(r"small +metric +ships +yes ", out.splitlines()[1])
    assert re.search(r"moge-2-small +metric +get +no ", out)
    assert re.search(r"metric3d-v2-small +metric, needs focal +get ", out)
    assert "Cut-out networks" in out


def test_a_network_is_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pairs").mkdir()
    for i in range(2):
        picture = scene_photo(i, 64, 64)
        Image.fromarray(picture).save(tmp_path / f"pairs/p{i}.png")
        metres = 1 + 4 * picture.mean(2) / 255
        Image.fromarray(np.rint(1000 * metres).astype(np.uint16)).save(tmp_path / f"pairs/p{i}.depth.png")
    network = write_depth_network(tmp_path / "grey.onnx")
    run("evaluate-depth", "--model", network, "--pairs", tmp_path / "pairs", "--out", tmp_path / "page.html")
    out = capsys.readouterr().out
    assert "metric" in out
    assert "0.000" in out  # the network computes exactly this depth
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_init_writes_a_recipe_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("init", tmp_path / "mine", "--preset", "eva4")
    assert load_recipe(tmp_path / "mine").image.quality == 30
    assert (tmp_path / "mine/photos/people").is_dir()
    assert (tmp_path / "mine/photos/backgrounds").is_dir()
    assert "check" in capsys.readouterr().out
    run("init", tmp_path / "mine", code=1)
    run("init", tmp_path / "other", "--preset", "eva5", code=1)


def test_check_lists_everything(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", recipe)
    assert "bad <b>.jpg" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["build", "no.toml", "out"], "no such recipe"),
        (["build", "{recipe}", "out", "--set", "size=9"], "size = 9 is not between"),
        (["build", "{recipe}", "out", "--engine", "x"], "unknown engine"),
        (["build", "{recipe}", "{recipe}"], "a file, not a folder"),
        (["build", "{recipe}", "out", "--strict"], "cannot be used"),
        (["info", "nowhere"], "no dataset here"),
        (["export", "coco", "out", "x"], "unknown export format"),
        (["depth", "rooms", "--model", "no.onnx", "--out", "x"], "no such depth network"),
        (["models", "get", "nothing"], "unknown network"),
        (["evaluate-depth", "--model", "no.onnx", "--pairs", "rooms"], "no such depth network"),
        (["demo", "out", "--people", "0"], "out of range"),
        (["points", "nowhere", "x.ply", "--id", "0"], "no dataset here"),
    ],
)
def test_errors_are_three_lines(
    recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    what: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run(*[argument.format(recipe=recipe) for argument in arguments], code=1)
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("photos ")]
    assert what in lines[0]
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("  where: ")
    assert lines[2].startswith("  to do: ")
    assert len(lines) == 3


def test_debug_shows_the_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "figureground", "info", "nowhere", "--debug"], capture_output=True, text=True
    )
    assert "Traceback" in done.stderr
    done = subprocess.run([sys.executable, "-m", "figureground", "info", "nowhere"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *("", "demo", "init", "check", "build", "report", "info", "export", "points"),
        *("depth", "models", "evaluate-depth", "evaluate-cutouts", "--install-completion"),
    ],
)
def test_every_help_ends_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(*([command] if command else []), "--help")
    assert f"\n  figureground {command}" in capsys.readouterr().out.split("Example")[-1]


def test_a_terminal_gets_bars(recipe: Path, tmp_path: Path) -> None:
    out, seen = on_terminal(
        [sys.executable, "-m", "figureground", "build", str(recipe), str(tmp_path / "out"), "--workers", "1"]
    )
    assert b"36/36" in seen
    assert "━".encode() in seen
    assert b"36 samples" in out
