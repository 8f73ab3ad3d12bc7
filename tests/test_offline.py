"""Offline: no network, no telemetry, nothing under the user's home folder; also none by the libraries."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import figureground
from figureground.core.recipe_toml import to_toml
from figureground.formats import EXPORTS
from tests.builders import figure_cutout, scene_photo, small_recipe, write_depth_network
from tests.imports.labelled import write_people
from tests.networks.test_densedepth import DECODERS, tiny_weights, write_h5
from tests.networks.test_runtimes import tiny_model

SOURCE = Path(figureground.__file__).parent
GUARD = Path(__file__).parent / "guard"
GUARDED = {"onnxruntime", "openvino", "transformers", "huggingface_hub"}


def guarded(folder: Path, code: str, *arguments: str) -> tuple[list[str], list[str], int]:
    """Run Python code with no network and an empty home, under guard/sitecustomize.py.

    Returns the calls to the network, the files that were left in the home, and how many processes were guarded.
    """
    home, calls = folder / "home", folder / "calls.txt"
    home.mkdir(parents=True)
    leave = ("XDG_", "HF_", "ORT_", "FIGUREGROUND_", "DISABLE_TELEMETRY", "DO_NOT_TRACK", "CI", "TRANSFORMERS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(leave)}
    environment |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "LOCALAPPDATA": str(home),
        "PYTHONPATH": os.pathsep.join(map(str, (GUARD, SOURCE.parent, Path(__file__).parents[1]))),
        "OFFLINE_CALLS": str(calls),
    }
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, cwd=folder, capture_output=True, text=True
    )
    ended = f"SIGSYS: {code}" if ran.returncode == -31 else f"code {ran.returncode}"
    assert ran.returncode == 0, f"{ended}\n{ran.stdout}{ran.stderr}"
    lines = calls.read_text().splitlines()
    left = [str(path.relative_to(home)) for path in home.rglob("*")]
    return [line for line in lines if "guarded" not in line], left, sum("guarded" in line for line in lines)


def write_inputs(folder: Path) -> None:
    """Write two rooms, two photos of people before a grey wall, their cut-outs, a pair for evaluate-depth, recipes."""
    for name in ("rooms", "people", "figures", "pairs"):
        (folder / name).mkdir()
    for i in range(2):
        Image.fromarray(scene_photo(i)).save(folder / f"rooms/room{i}.png")
        person = figure_cutout(i + 1, 300, 120)
        Image.fromarray(person).save(folder / f"figures/figure{i}.png")
        alpha = person[..., 3:] / 255
        photo = np.full((360, 280, 3), 200.0)
        photo[40:340, 80:200] = alpha * person[..., :3] + (1 - alpha) * photo[40:340, 80:200]
        Image.fromarray(photo.astype(np.uint8)).save(folder / f"people/person{i}.png")
    Image.fromarray(scene_photo(5)).save(folder / "pairs/a.jpg")
    Image.fromarray(np.tile(np.arange(1000, 3400, 20, dtype=np.uint16), (96, 1))).save(folder / "pairs/a.depth.png")
    write_people(folder / "labelled")
    recipe = small_recipe(
        folder,
        foregrounds={"cutout": "network", "network": "small"},
        depth={"source": "network", "model": "small"},
        parts={"size": 4},
    )
    (folder / "recipe.toml").write_text(to_toml(recipe))
    standing = {"mode": "ground", "min_visible": 0.5, "room": "small", "no_floor": "uniform"}
    ground = small_recipe(
        folder, foregrounds={"cutout": "network"}, placement=standing, depth={"source": "layered", "model": "small"}
    )
    (folder / "ground.toml").write_text(to_toml(ground))


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


def every_command(workers: int) -> list[list[str]]:
    """Return a line of every command, those that have workers with so many."""
    crew = f"--workers {workers}"
    lines = [
        "init mine",
        f"check recipe.toml {crew}",
        f"preview recipe.toml --samples 2 {crew}",
        f"build recipe.toml out {crew}",
        f"build ground.toml deep {crew}",
        "info out",
        "report out",
        "export 2020 out zips --parts 1",
        f"build recipe.toml first --shard 1/2 {crew}",
        f"build recipe.toml second --shard 2/2 {crew}",
        "merge first second --out whole",
        f"verify out --deep {crew}",
        "regenerate out --id 1 --out one",
        "points deep --id 0 cloud.ply",
        f"cutout people cut {crew}",
        f"depth out --model small --out again {crew}",
        f"depth rooms --out maps {crew}",
        "evaluate-depth --model small --pairs pairs --out evaluation.html",
        "evaluate-cutouts --cutouts figures --rooms rooms --samples 1",
        "evaluate-people --cutouts figures --rooms rooms --samples 1",
        "models",
        "import 2020 zips taken",
        f"import coco labelled/labels.json --images labelled cuts {crew}",
    ]
    if workers > 1:  # the others have none, or the same jobs: these prepare photos and make parts as a build does
        alike = ("check ", "preview ", "build recipe.toml first", "build recipe.toml second")
        return [line.split() for line in lines if crew in line and not line.startswith(alike)]
    lines += [f"export {name} deep {name}" for name in EXPORTS if name != "2020"]
    lines.append(f"demo demo --backgrounds 1 --people 1 {crew}")
    return [line.split() for line in lines]


@pytest.mark.parametrize("workers", [1, 2])
def test_commands_call_nobody_and_leave_nothing_at_home(tmp_path: Path, workers: int) -> None:
    write_inputs(tmp_path)
    calls, left, processes = guarded(tmp_path, RUN_ALL, json.dumps(every_command(workers)))
    assert (calls, left) == ([], [])
    assert processes > 1 if workers > 1 else processes == 1
    assert len(list((tmp_path / "out/parts").glob("*.zip"))) == 4
    assert (tmp_path / "again/manifest.json").is_file()


def test_no_command_is_left_out() -> None:
    from figureground.cli.app import app

    names = {name for name in app if not name.startswith("-")}
    assert {line[0] for line in every_command(1)} == names


def write_network(folder: Path, extra: str) -> str:
    """Write what an extra is for, tiny; return the options of `depth` that take it."""
    if extra == "openvino":
        write_depth_network(folder / "grey.onnx")
        return "--model grey.onnx --set depth.runtime=openvino"
    if extra == "densedepth":
        write_h5(folder / "nyu.h5", tiny_weights(DECODERS["half"]))
        return "--model nyu.h5"
    torch, model = importlib.import_module("torch"), tiny_model("depth-anything-v2-small")
    torch.manual_seed(0)
    for weights in model.parameters():  # the usual tiny initial weights would give a constant map
        torch.nn.init.normal_(weights, std=0.2)
    model.save_pretrained(folder / "tiny")
    (folder / "tiny.card.toml").write_text(
        'name = "tiny"\ninput_size = 56\noutput = "metric"\nruntime = "transformers"\nvalid = [0.0, 99.0]\n'
    )
    return "--model tiny --card tiny.card.toml"


# loading torch and transformers takes ten seconds: with two workers, parent and child both do
@pytest.mark.parametrize(
    ("extra", "workers"), [("densedepth", 1), ("densedepth", 2), ("openvino", 1), ("openvino", 2), ("torch", 2)]
)
def test_networks_of_extras_call_nobody_at_work(tmp_path: Path, extra: str, workers: int) -> None:
    needs = {"densedepth": ("h5py", "onnx"), "openvino": ("openvino",), "torch": ("torch", "transformers")}[extra]
    if any(importlib.util.find_spec(name) is None for name in needs):
        pytest.skip(f"the extra [{extra}] is not installed")
    write_inputs(tmp_path)
    options = write_network(tmp_path, extra)
    command = f"depth rooms --out maps {options} --workers {workers}".split()
    calls, left, processes = guarded(tmp_path, RUN_ALL, json.dumps([command]))
    assert (calls, left) == ([], [])
    assert processes >= workers
    assert len(list((tmp_path / "maps").rglob("*.png"))) == 2


@pytest.mark.parametrize("kind", ["exr", "h5"])
def test_depth_maps_of_the_extra_depth_call_nobody(tmp_path: Path, kind: str) -> None:
    if any(importlib.util.find_spec(name) is None for name in ("h5py", "OpenEXR")):
        pytest.skip("the extra [depth] is not installed")
    write_inputs(tmp_path)
    (tmp_path / "depth").mkdir()
    for i in range(2):
        depth = np.linspace(1, 6, 96 * 120, dtype=np.float32).reshape(96, 120)
        write_map(tmp_path / f"depth/room{i}.{kind}", depth)
    sections = {"backgrounds": {"depth": "depth"}, "depth": {"source": "layered", "focal": 1.0}}
    (tmp_path / "given.toml").write_text(to_toml(small_recipe(tmp_path, **sections, foregrounds={"cutout": "network"})))
    calls, left, _ = guarded(tmp_path, RUN_ALL, json.dumps([["build", "given.toml", "given"]]))
    assert (calls, left) == ([], [])


def write_map(path: Path, depth: NDArray[np.float32]) -> None:
    if path.suffix == ".h5":
        h5py = importlib.import_module("h5py")
        with h5py.File(path, "w") as file:
            file["depth"] = depth
        return
    exr = importlib.import_module("OpenEXR")
    with exr.File({}, {"Z": depth}) as file:
        file.write(str(path))


def test_the_guard_sees_calls_and_files(tmp_path: Path) -> None:
    code = (
        "import contextlib, pathlib, socket\n"
        "with contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 9))\n"
        "with contextlib.suppress(OSError): socket.socket().connect(('127.0.0.1', 9))\n"
        "socket.socketpair()\n"  # of this machine alone
        "(pathlib.Path.home() / 'note').touch()"
    )
    calls, left, _ = guarded(tmp_path, code)
    assert [call.split()[1] for call in calls] == ["socket.getaddrinfo", "socket.__new__"]
    assert left == ["note"]


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="the kernel of Linux guards"
)
@pytest.mark.parametrize("family", [2, 10])
def test_the_guard_sees_what_libraries_in_c_do_behind_pythons_back(tmp_path: Path, family: int) -> None:
    code = f"import ctypes; ctypes.CDLL(None).socket({family}, 1, 0)"
    with pytest.raises(AssertionError, match="SIGSYS"):
        guarded(tmp_path / "a", code)
    in_a_child = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-I', '-c', {code!r}]).returncode)"
    with pytest.raises(AssertionError, match="code"):
        guarded(tmp_path / "b", in_a_child)
    guarded(tmp_path / "c", code.replace(str(family), "1"))  # a local socket


@pytest.mark.parametrize("name", sorted({*GUARDED, "OpenEXR", "h5py", "onnx", "pi_heif", "torch"}))
def test_a_library_is_silent_when_it_is_imported(tmp_path: Path, name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    code = "import sys; from figureground.networks.runtimes import library; library(sys.argv[1])"
    calls, left, _ = guarded(tmp_path, code, name)
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
