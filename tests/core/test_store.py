"""The laws of stores, for each; and what a folder must stand: killed processes, links, two programs at once."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from figureground.core import folder_lock
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.memory_store import MemoryStore
from figureground.core.overlay import OverlayStore
from figureground.core.store import Store, move
from figureground.testing import StoppedError, StoreLaws, contents, raised


class TestMemoryStore(StoreLaws):
    def make(self) -> Store:
        return MemoryStore()


class TestFolderStore(StoreLaws):
    @pytest.fixture(autouse=True)
    def _folders(self, tmp_path: Path) -> None:
        self.folders = (tmp_path / f"not there yet {i}" for i in itertools.count())

    def make(self) -> Store:
        return FolderStore(next(self.folders))


class TestOverlayStore(StoreLaws):
    def make(self) -> Store:
        return OverlayStore(MemoryStore())

    def test_the_store_below_is_never_touched(self) -> None:
        below, content = self.filled()
        over = OverlayStore(below)
        assert contents(over, "") == content
        over.write("new", b"1")
        over.write("a.txt", b"2")
        over.delete("a/b")
        over.below("parts").write("part-00009.zip", b"3")
        over.below("parts").delete("part-00000.zip")
        assert contents(below, "") == content
        gone = {"a/b", "parts/part-00000.zip"}
        mine = {"new": b"1", "a.txt": b"2", "parts/part-00009.zip": b"3"}
        assert contents(over, "") == {name: data for name, data in content.items() if name not in gone} | mine
        assert over.written == mine


class WithoutShortcuts(FolderStore):
    duplicate = prune = None  # type: ignore[assignment]


class TestFolderStoreThatCopies(TestFolderStore):
    """As any other store moves: by reading and writing."""

    def make(self) -> Store:
        return WithoutShortcuts(next(self.folders))


class TestFolderStoreWithoutHardLinks(TestFolderStore):
    @pytest.fixture(autouse=True)
    def _no_links(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def link(*args: Any, **kwargs: Any) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)

    def test_the_guard_of_a_killed_process_is_named_and_swept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        store = FolderStore(next(self.folders))
        store.write("x/z", b"")
        (store.folder / "x" / "y.00000000.partial").touch()
        with pytest.raises(FigureGroundError, match="remove the file"):
            store.create("x/y", b"")
        store.sweep()
        assert store.create("x/y", b"")
        assert sorted(os.listdir(store.folder / "x")) == ["y", "z"]


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    """Start a Python process with a `store` on the folder; return when it has printed a line."""
    head = f"from figureground.core.folder_store import FolderStore\nstore = FolderStore({str(folder)!r})\n"
    process = subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str], kill: bool = False) -> None:
    if kill:
        process.kill()
    process.communicate("\n")


def test_a_store_is_its_folder(tmp_path: Path) -> None:
    assert FolderStore(tmp_path) == FolderStore(str(tmp_path))
    assert {FolderStore(tmp_path): 1}[FolderStore(str(tmp_path))] == 1
    assert FolderStore(tmp_path).below("a/b") == FolderStore(tmp_path / "a" / "b")
    assert FolderStore(tmp_path).name == str(tmp_path)


def test_memory_below_is_the_same_dict() -> None:
    store = MemoryStore()
    store.below("a").write("b", b"1")
    assert store.files == store.below("a").files == {"a/b": b"1"}
    assert store.name == "memory"


@pytest.mark.parametrize("kill", [False, True])
def test_a_process_holds_the_lock_until_it_ends(tmp_path: Path, kill: bool) -> None:
    store = FolderStore(tmp_path)
    process = start("with store.lock(): print('ready', flush=True); input()", tmp_path)
    try:
        with pytest.raises(FigureGroundError, match="another build"), store.lock():
            pass
        assert store.list() == []
    finally:
        end(process, kill)
    with store.lock():
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_children_do_not_keep_the_lock_of_a_killed_holder(tmp_path: Path) -> None:
    code = """
        import os, sys
        with store.lock():
            if os.fork() == 0:
                print('ready', flush=True)
                sys.stdin.readline()
                os._exit(0)
            os.waitpid(-1, 0)
    """
    process = start(code, tmp_path)
    process.kill()
    process.wait()
    with FolderStore(tmp_path).lock():
        pass
    process.communicate("\n")  # the child's


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_that_leaves_the_block_does_not_free_the_lock(tmp_path: Path) -> None:
    code = """
        import os
        with store.lock():
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
                print('ready', flush=True)
                input()
    """
    process = start(code, tmp_path)
    with pytest.raises(FigureGroundError, match="another build"), FolderStore(tmp_path).lock():
        pass
    end(process)


def test_of_two_processes_one_holds_the_lock(tmp_path: Path) -> None:
    """Each holder adds one to a number, slowly: were there two at once, one addition would be lost."""
    code = """
        import time
        from figureground.core.errors import FigureGroundError
        print('ready', flush=True)
        input()
        done = 0
        while done < 40:
            try:
                with store.lock():
                    number = int(store.read('number'))
                    time.sleep(0.001)
                    store.write('number', str(number + 1).encode())
                    done += 1
            except FigureGroundError:
                pass
    """
    store = FolderStore(tmp_path)
    store.write("number", b"0")
    processes = [start(code, tmp_path) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert store.read("number") == b"80"


def test_a_lock_that_is_removed_as_we_take_it_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = folder_lock._take

    def take_late(descriptor: int) -> None:  # the holder removes the file between our open and our lock
        (tmp_path / ".lock").unlink()
        take(descriptor)

    monkeypatch.setattr(folder_lock, "_take", take_late)
    with pytest.raises(FigureGroundError, match="another build"), FolderStore(tmp_path).lock():
        pass


def test_only_our_own_lock_file_is_removed(tmp_path: Path) -> None:
    with FolderStore(tmp_path).lock():
        (tmp_path / ".lock").unlink()
        (tmp_path / ".lock").write_text("another's")
    assert (tmp_path / ".lock").read_text() == "another's"


@pytest.mark.parametrize("dangling", [False, True])
def test_a_lock_that_is_a_link_is_refused_and_its_target_stays(tmp_path: Path, dangling: bool) -> None:
    target = tmp_path / "precious"
    if not dangling:
        target.write_text("content")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".lock").symlink_to(target)
    with pytest.raises(FigureGroundError, match="symbolic link"), FolderStore(folder).lock():
        pass
    assert target.exists() is not dangling
    assert dangling or target.read_text() == "content"
    assert (folder / ".lock").is_symlink()


def test_a_lock_does_not_cut_the_file(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("a note")
    with FolderStore(tmp_path).lock():
        assert (tmp_path / ".lock").read_text() == "a note"


def test_a_killed_writer_leaves_only_what_sweep_removes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("deep/x", b"old")
    code = """
        with store.writing('deep/x') as file:
            file.write(b'n' * 1_000_000)
            file.flush()
            print('ready', flush=True)
            input()
    """
    end(start(code, tmp_path), kill=True)
    (left,) = set(os.listdir(tmp_path / "deep")) - {"x"}
    assert left.startswith("x.")
    assert left.endswith(".partial")
    assert store.list() == ["deep/x"]
    assert store.read("deep/x") == b"old"
    (tmp_path / "mine.partial").touch()  # not named as ours are
    store.sweep()
    assert os.listdir(tmp_path / "deep") == ["x"]
    assert store.list() == ["deep/x", "mine.partial"]


def test_links_to_folders_are_not_descended(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"theirs")
    (outside / "x.0123abcd.partial").write_bytes(b"theirs")
    store = FolderStore(tmp_path / "folder")
    store.write("a/own", b"1")
    (store.folder / "linked").symlink_to(outside)
    (store.folder / "a" / "linked").symlink_to(outside)
    (store.folder / "a" / "loop").symlink_to(store.folder)
    for prefix in ("", "linked/", "linked", "a/linked/x"):
        assert store.list(prefix) == (["a/own"] if not prefix else [])
    store.sweep()
    assert sorted(os.listdir(outside)) == ["x", "x.0123abcd.partial"]


def test_links_to_files_are_not_read_and_are_replaced(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"theirs")
    store = FolderStore(tmp_path / "folder")
    store.write("source/end", b"")
    for name in ("b", "c"):
        (store.folder / name).symlink_to(outside)
    (store.folder / "source" / "a").symlink_to("../../outside")
    (store.folder / "dangling").symlink_to(tmp_path / "nothing")
    (store.folder / "itself").symlink_to("itself")
    assert store.list() == ["source/end"]
    for name in ("b", "source/a", "dangling", "itself"):
        for call in (store.read, store.open, store.size, lambda name: store.duplicate(name, "copy")):
            with pytest.raises(FigureGroundError, match="links in a dataset are not followed"):
                call(name)
        assert not store.create(name, b"")
    store.write("b", b"ours")
    store.delete("c")
    move(store, "source", "deep/target", "end")
    assert contents(store, "") == {"b": b"ours", "deep/target/end": b""}
    assert not (store.folder / "c").is_symlink()
    assert outside.read_bytes() == b"theirs"
    assert outside.stat().st_nlink == 1


def test_nothing_is_done_by_way_of_a_folder_that_is_a_link(tmp_path: Path) -> None:
    """Also in a store below it, and by a link to a folder inside: only the folder itself may be one."""
    outside = tmp_path / "outside"
    store = FolderStore(outside)
    for name in ("x", "x.0123abcd.partial", "end", "deep/x"):
        (outside / name).parent.mkdir(parents=True, exist_ok=True)
        (outside / name).write_bytes(b"theirs")
    (tmp_path / "real").mkdir()
    (tmp_path / "own").symlink_to("real")
    store = FolderStore(tmp_path / "own")
    store.write("inside/x", b"1")
    (tmp_path / "real/linked").symlink_to(outside)
    (tmp_path / "real/inside/linked").symlink_to("../inside")
    assert store.list() == ["inside/x"]
    before = sorted(outside.rglob("*"))
    below = [store.below("linked"), store.below("inside/linked"), store.below("inside").below("linked")]
    calls: list[Callable[[], Any]] = []
    for one in below:
        calls += [one.list, one.sweep, lambda one=one: one.lock().__enter__()]  # type: ignore[misc]
        calls += [lambda one=one: one.read("x"), lambda one=one: one.write("x", b""), lambda one=one: one.delete("x")]  # type: ignore[misc]
        calls += [lambda one=one: one.create("y", b""), lambda one=one: one.size("x")]  # type: ignore[misc]
    calls += [lambda: move(store, "linked", "there", "end"), lambda: move(store, "inside", "linked", "x")]
    calls += [
        lambda: store.below("linked/deep"),
        lambda: store.prune("linked"),
        lambda: store.duplicate("inside/x", "linked/y"),
    ]
    for call in calls:
        with pytest.raises(FigureGroundError, match="links in a dataset are not followed"):
            call()
    store.sweep()
    assert sorted(outside.rglob("*")) == before
    assert (outside / "x").read_bytes() == b"theirs"
    assert store.read("inside/x") == b"1"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_pipes_and_devices_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert store.list() == []
    assert store.size("pipe") is None
    for call in (store.read, store.open):
        with pytest.raises(FigureGroundError, match="a pipe or a device"):
            call("pipe")
    store.write("pipe", b"1")
    assert store.read("pipe") == b"1"


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_lock_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / ".lock") if kind == "pipe" else (tmp_path / ".lock").mkdir()
    with pytest.raises(FigureGroundError, match="the lock of this folder is no file"), FolderStore(tmp_path).lock():
        pass
    assert os.listdir(tmp_path) == [".lock"]


def test_folders_that_remain_are_not_listed_and_files_that_are_no_names_neither(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("a/b/c", b"")
    store.delete("a/b/c")
    store.delete("a/b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "back\\slash").touch()
    (tmp_path / "new\nline").touch()
    assert store.list() == []


def test_a_move_takes_the_folder_away_and_copies_no_bytes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name in ("source/deep/a", "source/end", "target/stale/x", "target/stale/y/z"):
        store.write(name, b"1")
    number = (tmp_path / "source/deep/a").stat().st_ino
    move(store, "source", "target", "end")
    assert (tmp_path / "target/deep/a").stat().st_ino == number
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        *("target", "target/deep", "target/deep/a", "target/end")
    ]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("a", b"")
    for name in ("a/b", "a/b/c"):
        assert raised(store.write, name, b"") is not None
        assert raised(store.create, name, b"") is not None

    def stop() -> None:
        with store.writing("x"):
            raise StoppedError

    assert raised(stop) is StoppedError
    assert os.listdir(tmp_path) == ["a"]


def test_room_is_that_of_the_nearest_folder_there_is(tmp_path: Path) -> None:
    free = FolderStore(tmp_path / "not" / "there").free_bytes()
    assert free is not None
    assert free > 0
