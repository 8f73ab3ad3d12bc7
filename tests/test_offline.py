"""Offline: no network, no telemetry, nothing under the user's home folder; also none by the libraries."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import figureground
from figureground.core.recipe_toml import to_toml
from tests.builders import figure_cutout, scene_photo, small_recipe, write_depth_network

SOURCE = Path(figureground.__file__).parent
GUARDED = {"onnxruntime", "openvino", "transformers", "huggingface_hub"}

# Python imports this as it starts, in worker processes too: whatever asks for a host or calls one is noted and refused.
SITECUSTOMIZE = """
import os, sys

def guard(event, arguments, written=os.environ["OFFLINE_CALLS"]):
    if event == "offline.try":
        note = "guarded"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"):
        note = f"{event} {arguments}"
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        note = f"{event} {arguments[1]}"  # a local socket's address is a text
    else:
        return
    with open(written, "a") as file:
        file.write(f"{os.getpid()} {note}\\n")
    if note != "guarded":
        raise OSError(f"this test has no network: {note}")

sys.addaudithook(guard)
sys.audit("offline.try")
"""


def guarded(folder: Path, code: str, *arguments: str) -> tuple[list[str], list[str], int]:
    """Run Python code with no network and an empty home.

    Returns the calls to the network, the files that were left in the home, and how many processes were guarded.
    """
    home, site, calls = folder / "home", folder / "site", folder / "calls.txt"
    home.mkdir()
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITECUSTOMIZE)
    leave = ("XDG_", "HF_", "ORT_", "FIGUREGROUND_", "DISABLE_TELEMETRY", "DO_NOT_TRACK", "CI", "TRANSFORMERS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(leave)}
    environment |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "LOCALAPPDATA": str(home),
        "PYTHONPATH": os.pathsep.join(map(str, (site, SOURCE.parent, Path(__file__).parents[1]))),
        "OFFLINE_CALLS": str(calls),
    }
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, cwd=folder, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = calls.read_text().splitlines()
    left = [str(path.relative_to(home)) for path in home.rglob("*")]
    return [line for line in lines if "guarded" not in line], left, sum("guarded" in line for line in lines)


def write_inputs(folder: Path) -> None:
    """Write two rooms, two photos of a person before a grey wall, a pair for evaluate-depth, and a recipe."""
    for name in ("rooms", "people", "pairs"):
        (folder / name).mkdir()
    for i in range(2):
        Image.fromarray(scene_photo(i)).save(folder / f"rooms/room{i}.png")
        person = figure_cutout(i + 1, 300, 120)
        alpha = person[..., 3:] / 255
        photo = np.full((360, 280, 3), 200.0)
        photo[40:340, 80:200] = alpha * person[..., :3] + (1 - alpha) * photo[40:340, 80:200]
        Image.fromarray(photo.astype(np.uint8)).save(folder / f"people/person{i}.png")
    Image.fromarray(scene_photo(5)).save(folder / "pairs/a.jpg")
    Image.fromarray(np.tile(np.arange(1000, 3400, 20, dtype=np.uint16), (96, 1))).save(folder / "pairs/a.depth.png")
    recipe = small_recipe(
        folder,
        foregrounds={"cutout": "network", "network": "small"},
        depth={"source": "network", "model": "small"},
        parts={"size": 4},
    )
    (folder / "recipe.toml").write_text(to_toml(recipe))


RUN_ALL = """
import json, sys
from figureground.cli import main
if __name__ == "__main__":
    for command in json.loads(sys.argv[1]):
        try:
            main(command)
        except SystemExit as ended:
            assert not ended.code, command
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_commands_call_nobody_and_leave_nothing_at_home(tmp_path: Path, workers: int) -> None:
    write_inputs(tmp_path)
    commands = [
        ["build", "recipe.toml", "out", "--workers", str(workers)],
        ["info", "out"],
        ["report", "out"],
        ["depth", "out", "--model", "small", "--out", "again", "--workers", str(workers)],
        ["evaluate-depth", "--model", "small", "--pairs", "pairs", "--out", "evaluation.html"],
        ["models"],
    ]
    calls, left, processes = guarded(tmp_path, RUN_ALL, json.dumps(commands))
    assert (calls, left) == ([], [])
    assert processes > 1 if workers > 1 else processes == 1
    assert len(list((tmp_path / "out/parts").glob("*.zip"))) == 4
    assert (tmp_path / "again/manifest.json").is_file()


def test_the_guard_sees_calls_and_files(tmp_path: Path) -> None:
    code = (
        "import contextlib, pathlib, socket\n"
        "with contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 9))\n"
        "with contextlib.suppress(OSError): socket.socket().connect(('127.0.0.1', 9))\n"
        "(pathlib.Path.home() / 'note').touch()"
    )
    calls, left, _ = guarded(tmp_path, code)
    assert [call.split()[1] for call in calls] == ["socket.getaddrinfo", "socket.connect"]
    assert left == ["note"]


@pytest.mark.parametrize("name", sorted(GUARDED))
def test_a_library_is_silent_when_it_is_imported(tmp_path: Path, name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    code = "import sys; from figureground.networks.runtimes import library; library(sys.argv[1])"
    calls, left, _ = guarded(tmp_path, code, name)
    assert (calls, left) == ([], [])


def test_openvino_is_silent_at_work(tmp_path: Path) -> None:
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("the extra [openvino] is not installed")
    write_depth_network(tmp_path / "grey.onnx")
    code = (
        "import sys, pathlib, numpy; from figureground.networks.runtimes import openvino\n"
        "from figureground.core.card import Card\n"
        "card = Card('grey', 64, 'metric')\n"
        "openvino(pathlib.Path(sys.argv[1]), 'cpu', card)(numpy.zeros((1, 3, 64, 64), numpy.float32))"
    )
    calls, left, _ = guarded(tmp_path, code, str(tmp_path / "grey.onnx"))
    assert (calls, left) == ([], [])


def test_every_import_of_such_a_library_goes_through_one_function() -> None:
    """`runtimes.library` shuts their telemetry first; an import anywhere else would come before it."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
                names = [str(given.value) for given in node.args[:1] if isinstance(given, ast.Constant)]
            assert not {name.split(".")[0] for name in names} & GUARDED, f"{path}:{getattr(node, 'lineno', 0)}"
