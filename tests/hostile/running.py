"""A small dataset, a user's files beside it, and commands that are run on what became of it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figureground import build
from figureground.cli import main
from tests.builders import ground_recipe, write_depth_network, write_floor_photos
from tests.hostile.changes import SECRET


def small_dataset(folder: Path) -> Path:
    """Build folder/out, 8 samples on the floor with layered depth, and a network folder/grey.onnx."""
    write_floor_photos(folder, 2, 2)
    write_depth_network(folder / "grey.onnx", size=64)
    recipe = ground_recipe(folder, size=64, placement={"per_pair": 1}, parts={"size": 4})
    return build(recipe, folder / "out")


def outside_of(folder: Path) -> Path:
    """Make a folder of a user's files."""
    outside = folder / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "secret").write_bytes(SECRET)
    (outside / "inner/notes.0123abcd.partial").write_bytes(SECRET)
    return outside


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what it printed, and in how many seconds."""

    code: int
    said: str
    seconds: float


class StuckError(BaseException):
    """A command that does not end."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise StuckError in the block when it takes longer."""

    def stop(*_: Any) -> None:
        raise StuckError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(words: list[str], seconds: int = 20) -> Ended:
    """Run the command line in this process."""
    out, began = io.StringIO(), time.perf_counter()
    code: Any = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), limited(seconds):
            main(words)
    except SystemExit as end:
        code = end.code or 0
    except StuckError:
        code = -1
    return Ended(int(code), out.getvalue(), time.perf_counter() - began)


def commands(dataset: Path, out: Path) -> dict[str, list[str]]:
    """Return the commands that read, sweep, resume, export or replace a dataset, by their names."""
    there, root = str(dataset), dataset.parent
    return {
        "info": ["info", there],
        "report": ["report", there],
        "export": ["export", "2020", there, str(out / "export")],
        "export coco": ["export", "coco", there, str(out / "export"), "--amodal"],
        "export folder": ["export", "folder", there, str(out / "export")],
        "export webdataset": ["export", "webdataset", there, str(out / "export")],
        "export tables": ["export", "tables", there, str(out / "export")],
        "export jpeg": ["export", "2020", there, str(out / "export"), "--depth", "jpeg8", "--mask", "jpeg"],
        "points": ["points", there, str(out / "p.ply"), "--id", "0"],
        "points virtual": ["points", there, str(out / "v.ply"), "--id", "0", "--virtual"],
        "build": ["build", str(dataset / "recipe.toml"), there, "--no-cache", "--workers", "1"],
        "build fresh": ["build", str(dataset / "recipe.toml"), there, "--no-cache", "--workers", "1", "--fresh"],
        "depth": ["depth", there, "--model", str(root / "grey.onnx"), "--out", str(out / "deep"), "--workers", "1"],
        "depth in place": ["depth", there, "--model", str(root / "grey.onnx"), "--workers", "1"],
    }


def snapshot(folder: Path) -> dict[str, Any]:
    """Return what is in a folder, without following links."""
    found: dict[str, Any] = {}
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place, name)
            about = path.lstat()
            found[str(path.relative_to(folder))] = (
                (os.readlink(path) if path.is_symlink() else about.st_size if path.is_file() else "folder or pipe"),
                about.st_mode,
                about.st_mtime_ns if path.is_file() else 0,
            )
    return found


def holding(folder: Path, content: bytes) -> list[str]:
    """Return the plain files below a folder that hold some bytes."""
    found = []
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place, name)
            if (
                not path.is_symlink()
                and path.is_file()
                and path.stat().st_size < 2**28
                and content in path.read_bytes()
            ):
                found.append(str(path.relative_to(folder)))
    return found


def copied(base: Path, folder: Path) -> Path:
    """Copy a dataset with its photos and its network, and put a user's files beside; return the dataset."""
    shutil.copytree(base, folder, dirs_exist_ok=True)
    outside_of(folder)
    (folder / "made").mkdir()
    return folder / "out"


def harm(dataset: Path, command: str, seconds: int = 300) -> str:
    """Run a command on a dataset that `copied` made and an attack changed; return what harm was done, "" for none.

    Harm is: another end than 0, or 1 with an error that says what, where and what to do; not ending; a user's file that
    is read into what was made, or is not as it was; a script in a page; and what a terminal obeys.
    """
    folder = dataset.parent
    before = snapshot(folder / "outside")
    end = run(commands(dataset, folder / "made")[command], seconds)
    found = []
    if end.code not in (0, 1):
        found.append(f"it did not end in {seconds} s" if end.code < 0 else f"exit {end.code}: {end.said[-300:]}")
    if end.code == 1 and "to do:" not in end.said:
        found.append(f"an error without a remedy: {end.said[-300:]}")
    if snapshot(folder / "outside") != before:
        found.append("a user's file has changed")
    if read := [*holding(folder / "made", SECRET), *holding(dataset, SECRET)]:
        found.append(f"a user's file is in {read}")
    pages = [page for page in (dataset / "report.html",) if page.is_file() and not page.is_symlink()]
    if any("<script>alert" in page.read_text() or "<img src=x" in page.read_text() for page in pages):
        found.append("a script is in the report")
    if "\x1b]0;" in end.said or "\x07" in end.said:
        found.append("a terminal would obey what was said")
    return "; ".join(found)
