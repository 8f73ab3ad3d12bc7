"""Disks, limits, clocks and neighbours that fail a build: each named with true numbers, what failed done again."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from figureground import build
from figureground.core import files as files_module
from figureground.core import folder_store as store_module
from figureground.core.engines import Outcome, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.faults import bytes_said, disk_fault
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import to_toml
from tests import faults
from tests.builders import scene_photo, small_recipe, write_photos


def recipe(folder: Path) -> Recipe:
    """Return a recipe of 4 samples in 4 parts, whose parts are larger than any other file but the report."""
    return small_recipe(folder, size=128, placement={"per_pair": 2}, parts={"size": 1}, image={"format": "png"})


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, 1, 1)
    build(recipe(folder), folder / "whole/out")
    return folder


def made(out: Path) -> dict[str, Any]:
    """Return a dataset's files, without the way from it to its recipe."""
    found: dict[str, Any] = faults.tree(out)
    if "build.json" in found:
        plain = json.loads(found["build.json"])
        found["build.json"] = {name: value for name, value in plain.items() if not name.startswith("root")}
    return found


class Disk:
    """A disk that holds so many bytes of files that are being written."""

    def __init__(self, room: float) -> None:
        self.room = room
        self.written = 0

    @contextlib.contextmanager
    def writing_whole(self, path: Path, durable: bool = False) -> Iterator[Any]:
        with files_module.writing_whole(path, durable) as file:
            yield _FileOf(self, file)


class _FileOf:
    def __init__(self, disk: Disk, file: BinaryIO) -> None:
        self._disk, self._file = disk, file

    def write(self, data: Any) -> int:
        left = int(min(max(0, self._disk.room - self._disk.written), len(data)))
        taken = self._file.write(memoryview(data)[:left])
        self._disk.written += len(data)
        if taken < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_disk_that_fills_up_at_any_write_is_named_and_the_next_run_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, disk = made(photos / "whole/out"), Disk(float("inf"))
    monkeypatch.setattr(store_module, "writing_whole", lambda *args: disk.writing_whole(*args))
    monkeypatch.setattr(
        FolderStore, "free_bytes", lambda store: int(min(max(0, disk.room - disk.written), 10**12)) + 10**6
    )
    build(recipe(photos), tmp_path / "all/out")
    rooms = [int(disk.written * share) for share in (0.0, 0.02, 0.1, 0.2, 0.3, 0.5, 0.7, 0.97, 0.9999)]
    for room in rooms:
        disk, out = Disk(room), tmp_path / str(room) / "out"
        with pytest.raises(FigureGroundError, match=r"the disk is full|the disk is too small") as caught:
            build(recipe(photos), out)
        assert "MB are free" in caught.value.what
        assert "free some space" in caught.value.remedy
        assert not list(out.rglob("*.partial"))
        finished = len(list((out / "parts").glob("*.zip")))
        if "parts failed" in caught.value.what:
            assert caught.value.what.startswith(f"{4 - finished} of 4 parts failed")
            kept = f"{finished} of 4 parts are finished and kept" if finished else "no part is finished yet"
            assert kept in caught.value.remedy
        disk = Disk(float("inf"))
        before = {path.name: path.stat().st_mtime_ns for path in (out / "parts").glob("*.zip")}
        assert made(build(recipe(photos), out)) == whole, room
        assert before.items() <= {path.name: path.stat().st_mtime_ns for path in (out / "parts").glob("*.zip")}.items()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("most", [0, 3_000, 20_000])
def test_a_limit_of_file_sizes_is_named_with_its_number(photos: Path, tmp_path: Path, most: int) -> None:
    import resource

    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, usual[1]))
    try:
        with pytest.raises(FigureGroundError, match=f"files may not be larger than {bytes_said(most)}") as caught:
            build(recipe(photos), tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert "ulimit -f" in caught.value.remedy
    assert not list(tmp_path.rglob("*.partial"))
    whole = made(photos / "whole/out")
    again = made(build(recipe(photos), tmp_path / "photos" / "out"))
    assert again.keys() == whole.keys()
    assert len(made(build(recipe(photos), tmp_path / "out"))) == len(whole)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EDQUOT, "your quota of this disk is used up"),
        (errno.EROFS, "the disk can only be read"),
        (errno.EIO, "the disk fails"),
        (errno.ESTALE, "the disk has gone"),
        (errno.EACCES, "a file cannot be written"),
        (errno.EMFILE, "too many files are open"),
        (errno.ENOSPC, "the disk"),
    ],
)
def test_what_a_disk_says_in_the_midst_is_told(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(path: Path) -> None:
        if "parts" in str(path) and path.name.startswith("part-00002"):
            raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(store_module, "sync_file", refuse)
    monkeypatch.setattr(files_module, "sync_file", refuse)
    with pytest.raises(FigureGroundError, match=f"1 of 4 parts failed; the first: {said}") as caught:
        build(recipe(photos), tmp_path / "x/out")
    assert "3 of 4 parts are finished and kept" in caught.value.remedy
    assert "part-00002.zip" in caught.value.where
    monkeypatch.undo()
    assert made(build(recipe(photos), tmp_path / "x/out")) == made(photos / "whole/out")


def test_a_full_disk_with_room_says_that_it_is_not_the_bytes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    full = OSError(errno.ENOSPC, "No space left on device")
    for free, said in ((10**10, "though 10.0 GB are free now"), (3 * 10**6, "the disk is full: 3.0 MB are free")):
        told = disk_fault(full, type("Small", (), {"free_bytes": lambda self, n=free: n, "name": store.name})())
        assert told is not None
        assert said in told.what
    assert disk_fault(ValueError("no disk's"), store) is None
    assert disk_fault(None, store) is None
    assert disk_fault(FileNotFoundError(errno.ENOENT, "gone", "a photo"), store) is None


def test_memory_that_is_short_in_a_part_or_beside_it_is_named(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from figureground.dataset import parts

    def short(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(parts.PartWriter, "add", short)
    with pytest.raises(FigureGroundError, match="4 of 4 parts failed; the first: there is not enough memory") as caught:
        build(recipe(photos), tmp_path / "x/out")
    assert caught.value.remedy.startswith("no part is finished yet; free some memory")
    monkeypatch.undo()
    monkeypatch.setattr("figureground.make.finish.write_labels", short)
    with pytest.raises(FigureGroundError, match="there is not enough memory"):
        build(recipe(photos), tmp_path / "x/out")
    monkeypatch.undo()
    assert made(build(recipe(photos), tmp_path / "x/out")) == made(photos / "whole/out")


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS limits what Linux maps")
@pytest.mark.parametrize("megabytes", [250, 340])
def test_a_limit_on_memory_is_named_and_the_next_run_does_what_is_missing(
    photos: Path, tmp_path: Path, megabytes: int
) -> None:
    """For real: with the first there is too little to load a network, with the second maybe enough for all."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    out, settings = tmp_path / "x/out", recipe(photos)
    (photos / "recipe.toml").write_text(to_toml(settings))
    done = subprocess.run(
        [sys.executable, "-m", "figureground", "build", photos / "recipe.toml", out, "--workers", "2", "--no-cache"],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=limit,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in ((1,) if megabytes == 250 else (0, 1)), done.stderr
    if done.returncode:
        assert "memory" in done.stderr
        assert "free some memory" in done.stderr
        assert not list(out.rglob("*.partial"))
    assert made(build(settings, out)) == made(photos / "whole/out")


@pytest.mark.parametrize("clock", [0.0, -3e9, 1e11])
def test_no_clock_changes_a_byte(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: float) -> None:
    shutil.copytree(photos / "rooms", tmp_path / "rooms")
    shutil.copytree(photos / "people", tmp_path / "people")
    for path in tmp_path.rglob("*.png"):
        os.utime(path, (max(clock, -1e9), max(clock, -1e9)))
    ticks = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: clock - next(ticks))  # and backwards
    out = build(recipe(tmp_path), tmp_path / "whole/out")
    monkeypatch.undo()
    assert made(out) == made(photos / "whole/out")


class After:
    """Does the jobs in order, and something else before one of them."""

    def __init__(self, jobs: int, what: Any) -> None:
        self.left, self.what = jobs, what

    def map(self, function: Any, jobs: Iterable[Any]) -> Iterator[Outcome]:
        for job in jobs:
            if self.left == 0:
                self.what()
            self.left -= 1
            yield from Serial().map(function, [job])


@pytest.mark.parametrize("done", [2, 3, 5])  # photos are two jobs, then come parts
def test_a_folder_that_is_removed_meanwhile_is_named(photos: Path, tmp_path: Path, done: int) -> None:
    out = tmp_path / "x/out"
    with pytest.raises(FigureGroundError, match="the output folder was removed during the run") as caught:
        build(recipe(photos), out, engine=After(done, lambda: shutil.rmtree(out)))
    assert "same command again" in caught.value.remedy
    assert not [path for path in out.rglob("*") if path.is_file()]
    assert made(build(recipe(photos), out)) == made(photos / "whole/out")


def test_a_photo_that_changes_meanwhile_is_named(photos: Path, tmp_path: Path) -> None:
    from PIL import Image

    write_photos(tmp_path, 2, 1)

    def change() -> None:
        Image.fromarray(scene_photo(99)).save(tmp_path / "rooms/room1.png")

    with pytest.raises(FigureGroundError, match="a photo has changed while it was being prepared") as caught:
        build(recipe(tmp_path), tmp_path / "out", engine=After(1, change))
    assert caught.value.where == "rooms/room1.png"
    out = build(recipe(tmp_path), tmp_path / "out")
    assert made(out) == made(build(recipe(tmp_path), tmp_path / "out"))  # it knows what it was made from


def test_of_three_builders_at_once_two_are_sent_away(photos: Path, tmp_path: Path) -> None:
    out, others = tmp_path / "x/out", []

    def come() -> None:
        for _ in range(2):
            with pytest.raises(FigureGroundError, match="another build is at work in this folder"):
                build(recipe(photos), out)
            others.append(1)

    build(recipe(photos), out, engine=After(3, lambda: _in_thread(come)))
    assert len(others) == 2
    assert made(out) == made(photos / "whole/out")


def _in_thread(call: Any) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_a_file_server_that_loses_its_answers_is_understood(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NFS does: the rename is done, its answer is lost, it is asked again, and there is no such file; and so for a
    second name, which is there already."""
    replace, link = os.replace, os.link

    def forgetful(source: Any, target: Any, **more: Any) -> None:
        replace(source, target, **more)
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(source))

    def twice(source: Any, target: Any, **more: Any) -> None:
        link(source, target, **more)
        raise FileExistsError(errno.EEXIST, "File exists", str(source))

    monkeypatch.setattr(os, "replace", forgetful)
    monkeypatch.setattr(os, "rename", forgetful)
    monkeypatch.setattr(os, "link", twice)
    out = build(recipe(photos), tmp_path / "x/out")
    store = FolderStore(tmp_path / "store")
    assert store.create("a", b"1")
    assert not store.create("a", b"2")
    monkeypatch.undo()
    assert made(out) == made(photos / "whole/out")


def test_a_rename_that_fails_is_an_error_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    store.write("a", b"old")

    def stale(source: Any, target: Any, **more: Any) -> None:
        raise OSError(errno.ESTALE, "Stale file handle", str(source))

    monkeypatch.setattr(os, "replace", stale)
    with pytest.raises(OSError, match="Stale"):
        store.write("a", b"new")
    monkeypatch.undo()
    assert made(tmp_path) == {"a": b"old"}
