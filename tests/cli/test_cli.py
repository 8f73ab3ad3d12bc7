import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground import open_dataset
from figureground.cli import main
from figureground.cli.console import logging_to_stderr
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


def test_dry_run_prints_the_cost_and_writes_prepared_photos_alone(
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
    assert "nothing was built" in out
    assert sorted(p for p in tmp_path.rglob("*") if ".figureground-cache" not in p.parts) == before


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


EVIL = "b_\x1b[31mRED\nfake: line\r\u202egpj\x9b\u2028.jpg"
SHOWN = r"b_\x1b[31mRED\nfake: line\r\u202egpj\x9b\u2028.jpg"


@pytest.fixture
def evil(recipe: Path) -> Path:
    """A recipe among whose photos are one that would move the terminal's cursor, and ones of ordinary foreign names."""
    for name in (EVIL, "früh 客厅 👩\u200d👧 صورة.jpg"):
        (recipe.parent / "rooms" / name).write_bytes(b"junk")
    return recipe


def test_names_are_printed_escaped_and_told_exactly_as_json(evil: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", evil)
    out = capsys.readouterr().out
    assert f"  set aside: rooms/{SHOWN}: not a picture that can be decoded\n" in out
    assert "rooms/früh 客厅 👩\u200d👧 صورة.jpg: not a picture" in out
    assert not set(out) & set("\x1b\r\u202e\x9b\u2028")
    run("check", evil, "--json")
    aside = [photo["source"] for photo in json.loads(capsys.readouterr().out)["set_aside"]]
    assert f"rooms/{EVIL}" in aside


def test_errors_and_logs_with_such_names_stay_lines(
    evil: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("bad <b>.jpg", "früh 客厅 👩\u200d👧 صورة.jpg"):
        (evil.parent / "rooms" / name).unlink()
    run("build", evil, tmp_path / "out", "--strict", "--quiet", code=1)
    lines = capsys.readouterr().err.split("\n")
    assert lines[1:] == [f"  where: rooms/{SHOWN}", "  to do: mend or remove it, or run without --strict", ""]
    run("build", evil, tmp_path / "out", "--strict", "--json", code=1)
    assert json.loads(capsys.readouterr().out)["error"]["where"] == f"rooms/{EVIL}"
    run("info", EVIL, code=1)
    assert f"  where: {SHOWN}" in capsys.readouterr().err
    logging_to_stderr("warning")
    try:
        raise ValueError(EVIL)
    except ValueError:
        logging.getLogger("figureground.x").warning("found %s", EVIL, exc_info=True)
    first, *traceback = capsys.readouterr().err.split("\n")
    assert first == f"WARNING figureground.x: found {SHOWN}"
    assert traceback[0].startswith("Traceback")
    assert not set("".join(traceback)) & set("\x1b\r\u202e\x9b\u2028")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["build", "no.toml", "out"], "no such recipe"),
        (["build", "{recipe}", "out", "--set", "size=9"], "size = 9 is not between"),
        (["build", "{recipe}", "out", "--engine", "x"], "unknown engine"),
        (["build", "{recipe}", "{recipe}"], "a file, not a folder"),
        (["build", "{recipe}", "out", "--strict"], "cannot be used"),
        (["info", "nowhere"], "no dataset here"),
        (["export", "2020", "out", "x"], "no dataset here"),
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


def test_check_and_build_prepare_each_photo_once(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("check", recipe, "--workers", "1")
    first = capsys.readouterr().out
    kept = sorted((tmp_path / ".figureground-cache").glob("??/*.photo"))
    assert len(kept) == 7  # what is set aside, too

    def again(*_: object) -> None:
        raise AssertionError("prepared again")

    monkeypatch.setattr("figureground.ingest.ingest.prepare_photo", again)
    run("check", recipe, "--workers", "1")
    assert capsys.readouterr().out == first
    run("build", recipe, tmp_path / "out", "--workers", "1", "--dry-run")
    run("build", recipe, tmp_path / "out", "--workers", "1")
    assert "36 samples" in capsys.readouterr().out
    assert not (tmp_path / "out/.figureground-cache").exists()


def test_without_a_cache_nothing_is_kept(recipe: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    run("check", recipe, "--workers", "1", "--no-cache")
    run("build", recipe, tmp_path / "out", "--workers", "1", "--dry-run", "--no-cache")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_datasets_own_recipe_uses_the_cache_of_its_photos(recipe: Path, tmp_path: Path) -> None:
    run("build", recipe, tmp_path / "sets/out", "--workers", "1", "--catalog-only")
    kept = sorted((tmp_path / ".figureground-cache").glob("??/*.photo"))
    run("check", tmp_path / "sets/out/recipe.toml", "--workers", "1")
    assert sorted((tmp_path / ".figureground-cache").glob("??/*.photo")) == kept
    assert not (tmp_path / "sets/out/.figureground-cache").exists()


def test_a_cache_that_cannot_be_used_is_said_unless_quiet(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".figureground-cache").write_text("mine")
    run("check", recipe, "--workers", "1")
    assert capsys.readouterr().err.count("prepared photos are not kept") == 1
    run("--quiet", "check", recipe, "--workers", "1")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "write"),
    [
        (["--set", "size", "512"], "--set size=512"),
        (["--set", "size", "=", "512"], "--set size=512"),
        (["--set", "size=", "512"], "--set size=512"),
        (["--set", "size", "=512"], "--set size=512"),
        (["--set", "size=[640,", "480]"], "--set 'size=[640,480]'"),
    ],
)
def test_a_setting_in_several_words_is_told_as_one(
    recipe: Path, words: list[str], write: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("check", recipe, *words, code=2)
    assert f"write {write}\n" in capsys.readouterr().err


def test_commands_to_copy_quote_paths_with_spaces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my photos"
    run("init", folder)
    printed = capsys.readouterr().out
    assert f"`figureground check '{folder / 'recipe.toml'}'`" in printed
    assert (folder / "photos/backgrounds").is_dir()
    run("check", folder, code=1)
    assert "no pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "write"),
    [
        (["--size", "512"], "--set size=512"),
        (["--per-pair=3"], "--set placement.per_pair=3"),
        (["--figures", "3"], "--set placement.figures='[3,3]'"),
        (["--path", "rooms"], "--set backgrounds.path=rooms or --set foregrounds.path=rooms"),
        (["--mode"], "--set placement.mode=VALUE"),
    ],
)
def test_a_key_that_is_given_as_an_option_is_told_as_a_setting(
    recipe: Path, words: list[str], write: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("check", recipe, *words, code=2)
    assert f"write {write}\n" in capsys.readouterr().err
    run("check", recipe, "--nobody", code=2)
    assert "Unknown option: --nobody" in capsys.readouterr().err


def test_several_paths_in_a_setting_are_told_as_a_list(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", recipe, "--set", "backgrounds.path=rooms,people", code=1)
    assert """write --set backgrounds.path='["rooms", "people"]'""" in capsys.readouterr().err


def test_init_takes_a_folder_and_build_the_recipe_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("init", tmp_path / "my set/recipe.toml", code=1)
    assert f"figureground init '{tmp_path / 'my set'}'" in capsys.readouterr().err
    assert not (tmp_path / "my set").exists()
    run("init", tmp_path / "one")
    run("init", tmp_path / "two")
    capsys.readouterr()
    run("build", tmp_path / "one", tmp_path / "two", code=1)
    assert "that one is a recipe's, which comes first" in capsys.readouterr().err
