"""The flags that every command has: --quiet, --json, --log-level, --debug; and completion, usage errors, exit codes."""

import inspect
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.cli.app import app
from figureground.cli.console import Console, logging_to_stderr
from figureground.cli.run import explained, main
from figureground.core.recipe_toml import to_toml
from figureground.core.stops import TerminatedError
from figureground.make import build as make
from tests.builders import scene_photo, small_recipe, write_depth_network, write_photos
from tests.cli.terminal import on_terminal

Capture = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(caught.value.code or 0)


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    yield
    logging_to_stderr("warning")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, a recipe, a network, and the dataset `out` built from them."""
    folder = tmp_path_factory.mktemp("desk")
    write_photos(folder)
    (folder / "rooms/bad.jpg").write_bytes(b"junk")
    (folder / "recipe.toml").write_text(to_toml(small_recipe(folder)))
    write_depth_network(folder / "grey.onnx")
    (folder / "pairs").mkdir()
    picture = scene_photo(0, 64, 64)
    Image.fromarray(picture).save(folder / "pairs/p.png")
    metres = np.rint(1000 + 4000 * picture.mean(2) / 255).astype(np.uint16)
    Image.fromarray(metres).save(folder / "pairs/p.depth.png")
    assert run("build", folder / "recipe.toml", folder / "out", "--workers", "1") == 0
    return folder


def answer(capsys: Capture, *arguments: str | Path) -> dict[str, Any]:
    """Return the object that a command prints, which is all that it prints on stdout."""
    capsys.readouterr()
    code = run(*arguments, "--json")
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert isinstance(found, dict)
    assert ("error" in found) == (code != 0)
    return found


def test_json_of_a_dataset(desk: Path, capsys: Capture, tmp_path: Path) -> None:
    found = answer(capsys, "info", desk / "out")
    assert (found["samples"], found["parts"], found["size"]) == (36, 6, 64)
    assert found["path"] == str(desk / "out")
    assert found["layers"]["image"]["mean"][0] > 0
    assert all(check["passed"] for check in found["checks"])
    again = answer(capsys, "build", desk / "recipe.toml", desk / "out")  # finished: says what is there
    assert again["catalog"]["set_aside"] == [{"source": "rooms/bad.jpg", "reason": "not a picture that can be decoded"}]
    assert again["report"] == str(desk / "out/report.html")
    assert found.items() <= again.items()
    assert answer(capsys, "report", desk / "out") == {"report": str(desk / "out/report.html")}
    zips = answer(capsys, "export", "2020", desk / "out", tmp_path / "zips", "--parts", "3")
    assert zips == {"path": str(tmp_path / "zips"), "format": "2020", "samples": 36}


def test_json_before_a_build(desk: Path, capsys: Capture, tmp_path: Path) -> None:
    checked = answer(capsys, "check", desk / "recipe.toml", "--workers", "1")
    assert (checked["backgrounds"], checked["foregrounds"], len(checked["set_aside"])) == (3, 3, 1)
    dry = answer(capsys, "build", desk / "recipe.toml", tmp_path / "no", "--dry-run", "--workers", "1")
    assert dry["catalog"] == checked
    cost = dry["estimate"]
    assert (cost["samples"], cost["parts"], cost["workers"]) == (36, 6, 1)
    assert cost["bytes"] == pytest.approx(36 * sum(cost["bytes_per_sample"].values()), abs=1)
    assert cost["seconds"] == pytest.approx(36 * sum(cost["seconds_per_sample"].values()))
    assert not (tmp_path / "no").exists()
    only = answer(capsys, "build", desk / "recipe.toml", tmp_path / "only", "--catalog-only", "--workers", "1")
    assert (only["samples"], only["virtual"]) == (36, True)
    assert answer(capsys, "init", tmp_path / "mine") == {"recipe": str(tmp_path / "mine/recipe.toml")}


def test_json_of_points(desk: Path, capsys: Capture, tmp_path: Path) -> None:
    known = ("--set", "backgrounds.depth=depth", "--set", "depth.source=layered", "--workers", "1")
    assert run("build", desk / "recipe.toml", tmp_path / "deep", *known) == 0
    found = answer(capsys, "points", tmp_path / "deep", "--id", "7", tmp_path / "7.ply")
    assert (found["path"], found["points"]) == (str(tmp_path / "7.ply"), 64 * 64)
    assert found["key"].startswith("bg")
    assert found["camera"]["focal_from"] == "assumed"
    assert found["camera"]["cx"] == 32
    refused = answer(capsys, "points", desk / "out", "--id", "7", tmp_path / "7.ply")
    assert refused["error"]["where"].startswith("bg")


def test_json_about_networks(desk: Path, capsys: Capture, tmp_path: Path) -> None:
    listed = {card["name"]: card for card in answer(capsys, "models")["networks"]}
    assert listed["depth-anything-v2-large"]["commercial"] is False
    measured = answer(capsys, "evaluate-depth", "--model", desk / "grey.onnx", "--pairs", desk / "pairs")
    assert measured["overall"]["network"]["metric"]["abs_rel"] < 0.01
    assert measured["page"] is None
    maps = answer(
        capsys, "depth", desk / "rooms", "--model", desk / "grey.onnx", "--out", tmp_path / "maps", "--workers", "1"
    )
    assert maps["path"] == str(tmp_path / "maps")
    assert len(maps["set_aside"]) == 1
    masks = tmp_path / "masks"
    masks.mkdir()
    photos = sorted(path for path in (desk / "rooms").iterdir() if path.name != "bad.jpg")
    for photo in photos:
        with Image.open(photo) as picture:
            Image.new("L", picture.size, 255).save(masks / f"{photo.stem}.png")
    cut = answer(capsys, "evaluate-cutouts", "--photos", desk / "rooms", "--masks", masks)
    assert cut["pictures"] == len(photos)
    assert set(cut["methods"]["colour key"]["mean"]) == {"iou", "boundary_f", "seconds"}


def test_json_keeps_progress_on_stderr(desk: Path, capsys: Capture) -> None:
    run("check", desk / "recipe.toml", "--workers", "1", "--json")
    assert "photos" in capsys.readouterr().err
    run("check", desk / "recipe.toml", "--workers", "1", "--json", "--quiet")
    assert capsys.readouterr().err == ""


def test_json_is_valid_whatever_the_numbers(capsys: Capture) -> None:
    values: dict[Any, Any] = {
        "a": float("nan"),
        "b": (np.float32("inf"), np.int64(3), np.float64(0.5)),
        "c": Path("é\udc80"),
        4: None,
    }
    Console(json=True).tell(values, "")
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed) == {"a": None, "b": [None, 3, 0.5], "c": "é\udc80", "4": None}


@pytest.mark.parametrize(
    ("arguments", "code", "what", "where"),
    [
        (["info", "nowhere"], 1, "no dataset here", "nowhere"),
        (["info"], 2, "DATASET", "figureground info"),
        (["models", "--log-level", "loud"], 2, "loud", "figureground"),
    ],
)
def test_json_errors_are_objects(arguments: list[str], code: int, what: str, where: str, capsys: Capture) -> None:
    assert run(*arguments, "--json") == code
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert what in error["what"]
    assert error["where"] == where
    assert error["remedy"]
    assert printed.err == ""


def test_quiet_says_what_was_asked_for_only(desk: Path, capsys: Capture, tmp_path: Path) -> None:
    capsys.readouterr()
    run("--quiet", "build", desk / "recipe.toml", tmp_path / "out", "--workers", "1")  # also before the command
    run("report", tmp_path / "out", "--quiet")
    run("init", tmp_path / "mine", "--quiet")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    run("info", tmp_path / "out", "--quiet")
    assert "36 samples" in capsys.readouterr().out
    run("build", desk / "recipe.toml", tmp_path / "no", "--dry-run", "--quiet", "--workers", "1")
    printed = capsys.readouterr()
    assert "36 samples in 6 parts" in printed.out
    assert printed.err == ""
    assert run("info", "nowhere", "--quiet") == 1
    assert "error: no dataset here" in capsys.readouterr().err


def test_quiet_hides_no_failed_check(desk: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from figureground.dataset.stored import Dataset

    told = json.loads((desk / "out/statistics.json").read_text())
    told["checks"] = [{"name": "masks", "detail": "empty", "passed": False}]
    monkeypatch.setattr(Dataset, "statistics", told)
    monkeypatch.setattr(make, "build", lambda *_, **__: None)
    capsys.readouterr()
    assert run("build", desk / "recipe.toml", desk / "out", "--quiet") == 0
    assert capsys.readouterr().out == "  CHECK FAILED: masks: empty\n"


def test_quiet_draws_no_bars(desk: Path) -> None:
    out, seen = on_terminal(
        [*(sys.executable, "-m", "figureground", "check"), str(desk / "recipe.toml"), "--quiet", "--workers", "1"]
    )
    assert b"1 photo set aside" in out
    assert seen == b""


def test_the_log_goes_to_stderr_from_its_level_on(capsys: Capture, tmp_path: Path) -> None:
    run("init", tmp_path / "a", "--log-level", "debug")
    printed = capsys.readouterr()
    assert printed.err.startswith("DEBUG figureground.cli.app: figureground ")
    assert printed.err.count("\n") == 1  # one handler, however often the command line is called
    assert "DEBUG" not in printed.out
    run("init", tmp_path / "b")
    logging.getLogger("figureground.make").info("not now")
    logging.getLogger("figureground.make").warning("look")
    assert capsys.readouterr().err == "WARNING figureground.make: look\n"


@pytest.mark.parametrize(
    ("arguments", "what", "where"),
    [
        (["biuld", "a", "b"], 'Did you mean "build"?', "figureground"),
        (["build", "a", "b", "--strickt"], "--strickt", "figureground build"),
        (["build", "a"], "OUT", "figureground build"),
        (["export", "202", "a", "b"], 'Did you mean "2020"?', "figureground export"),
        (["export", "2020", "a", "b", "--mesk", "png"], "--mesk", "figureground export 2020"),
        (["build", "a", "b", "--workers", "many"], '"many"', "figureground build"),
    ],
)
def test_wrong_arguments_are_three_lines(arguments: list[str], what: str, where: str, capsys: Capture) -> None:
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert lines[0].startswith("error: ")
    assert what in lines[0]
    assert lines[1:] == [f"  where: {where}", f"  to do: {where} --help"]
    assert printed.out == ""


def test_flags_stand_in_every_help(capsys: Capture) -> None:
    for name in ["", *(name for name in app if not name.startswith("-"))]:
        run(*([name] if name else []), "--help")
        printed = capsys.readouterr().out
        for flag in ("--quiet", "--json", "--log-level", "--debug"):
            assert flag in printed, (name, flag)


def raises(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "error: stopped"),
        (TerminatedError(15), 143, "error: stopped"),
        (ZeroDivisionError("x"), 70, "error: ZeroDivisionError: x"),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, said: str, desk: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "build", raises(error))
    capsys.readouterr()
    assert run("build", desk / "recipe.toml", "out") == code
    printed = capsys.readouterr().err
    assert printed.startswith(said)
    assert "Traceback" not in printed
    assert explained(error)[0] == code


def test_debug_lets_a_fault_through(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "build", raises(ZeroDivisionError("x")))
    with pytest.raises(ZeroDivisionError):
        main(["build", str(desk / "recipe.toml"), "out", "--debug"])


def test_a_reader_that_has_gone_is_no_error() -> None:
    command = [sys.executable, "-m", "figureground", "models"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 0


def test_a_command_calls_the_library_itself(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = []

    def build(*_: object, **__: object) -> None:
        callers.append(inspect.stack()[1])
        raise KeyboardInterrupt

    monkeypatch.setattr(make, "build", build)
    run("build", desk / "recipe.toml", "out")
    assert [(Path(frame.filename).parts[-2:], frame.function) for frame in callers] == [(("cli", "build.py"), "build")]


def test_completion_is_installed_when_asked_for(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    run("models")
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()
    assert run("--install-completion", "--shell", "bash") == 0
    script = tmp_path / ".local/share/bash-completion/completions/figureground"
    assert str(script) in capsys.readouterr().out
    text = script.read_text()
    for word in ("evaluate-depth", "--dry-run", "--preset", "--quiet", "--log-level"):
        assert word in text, word
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert str(script) in (tmp_path / ".bashrc").read_text()
    found = answer(capsys, "--install-completion", "--shell", "fish", "--output", tmp_path / "it.fish")
    assert found == {"path": str(tmp_path / "it.fish")}


def test_completion_for_an_unknown_shell_says_what_to_do(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from cyclopts.completion import detect

    monkeypatch.setattr(detect, "detect_shell", raises(detect.ShellDetectionError("no")))
    assert run("--install-completion") == 1
    assert "to do: name it: --shell bash|zsh|fish|powershell" in capsys.readouterr().err
