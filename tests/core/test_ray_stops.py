"""`build --engine ray` is stopped: nothing runs on, and the same command finishes the dataset."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from figureground import build
from figureground.core.recipe_toml import to_toml
from tests.builders import small_recipe, write_photos
from tests.core.ray_processes import LINUX, none_left, processes
from tests.make.test_build import files

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra [ray] is not installed"),
    pytest.mark.skipif(not LINUX, reason="asks Linux which processes there are"),
]


def started(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "figureground", "build", "recipe.toml", "out/out", "--engine", "ray"]
    return subprocess.Popen(
        [*command, "--workers", "1"], cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_leaves_nothing_running_and_the_same_command_goes_on(tmp_path: Path, stop: signal.Signals) -> None:
    """SIGINT goes to all that the command started, as Ctrl-C does."""
    write_photos(tmp_path, backgrounds=2, people=2)
    recipe = small_recipe(tmp_path, placement={"per_pair": 20}, parts={"size": 2})
    (tmp_path / "recipe.toml").write_text(to_toml(recipe))
    serial = files(build(recipe, tmp_path / "serial/out"))
    command = started(tmp_path)
    mark = f"figureground-{command.pid}-"
    until = time.monotonic() + 300
    while not list(tmp_path.glob("out/out/parts/*.zip")) and time.monotonic() < until and command.poll() is None:
        time.sleep(0.02)
    there = processes(mark)
    (os.killpg if stop == signal.SIGINT else os.kill)(command.pid, stop)
    _, told = command.communicate(timeout=120)
    assert any("ray::Worker" in line for line in there.values()), told
    assert none_left(mark, 90) == {}
    made = len(list(tmp_path.glob("out/out/parts/*.zip")))
    assert 0 < made < len(list(tmp_path.glob("serial/out/parts/*.zip")))
    assert command.returncode == 128 + stop, told
    assert "error: stopped" in told
    assert "Traceback" not in told
    assert not list(Path("/tmp").glob(f"{mark}*"))  # noqa: S108
    if stop == signal.SIGTERM:
        again = started(tmp_path)
        _, told = again.communicate(timeout=500)
        assert again.returncode == 0, told
    else:
        build(tmp_path / "recipe.toml", tmp_path / "out/out")
    assert files(tmp_path / "out/out") == serial
