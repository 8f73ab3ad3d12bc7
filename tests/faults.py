"""A disk that fails on command: at the n-th change of a folder a process is killed, or the disk refuses.

`ResumeLaws` are the laws of every command that writes a folder: subclass it, give `run`, and run pytest.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MAKING = {"open", "os.mkdir", "os.link", "os.symlink"}  # what a full disk refuses; it deletes and renames


@dataclass(frozen=True)
class _Watch:
    root: str
    step: Callable[[str], None]
    lost: Callable[[str], None]


_watching: list[_Watch] = []


class KilledError(BaseException):
    """What a test raises where a process is killed: nothing catches it, and what would tidy up fails, too."""


def _hook(event: str, args: tuple[Any, ...]) -> None:
    """See a change before it is made; it is not made where this raises."""
    if not _watching:
        return
    writes = event == "open" and isinstance(args[2], int) and args[2] & _WRITING
    if not (writes or event in _CHANGES) or isinstance(args[0], int):
        return
    watch = _watching[-1]
    if os.fsdecode(args[0]).startswith(watch.root):
        watch.step(event)
        if event in ("os.remove", "os.rmdir", "os.rename"):
            watch.lost(os.fsdecode(args[event == "os.rename"]))


sys.addaudithook(_hook)


@contextlib.contextmanager
def watched(root: Path, step: Callable[[str], None], lost: Callable[[str], None] = lambda path: None) -> Iterator[None]:
    """Call step(event) before each change below a folder that this process makes, and lost(path) before a name goes."""
    _watching.append(_Watch(f"{root}{os.sep}", step, lost))
    try:
        yield
    finally:
        _watching.pop()


def steps_of(call: Callable[[], Any], root: Path) -> int:
    """Return how many changes a call makes below a folder."""
    seen: list[str] = []
    with watched(root, seen.append):
        call()
    return len(seen)


def killed(call: Callable[[], Any], root: Path, at: int) -> bool:
    """Kill a call before its change number `at` below a folder, from 0; say whether it came so far."""
    count = 0

    def step(event: str) -> None:
        nonlocal count
        count += 1
        if count > at:
            raise KilledError  # also whatever would tidy up

    try:
        with watched(root, step):
            call()
    except KilledError:
        return True
    return False


def refused(call: Callable[[], Any], root: Path, at: int, number: int, lasting: bool = False) -> BaseException | None:
    """Let a disk refuse change number `at` of a call, `lasting`: and all after it, with an errno; return the error."""
    count = 0

    def step(event: str) -> None:
        nonlocal count
        count += 1
        if (count > at and event in _MAKING) if lasting else count == at + 1:
            raise OSError(number, os.strerror(number))

    try:
        with watched(root, step):
            call()
    except (OSError, FigureGroundError) as error:
        return error
    return None


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return what lies in a folder: files with their bytes, folders with None."""
    found: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        found[path.relative_to(folder).as_posix()] = None if path.is_dir() else path.read_bytes()
    return found


class ResumeLaws:
    """What every command that writes a folder promises.

    `run(out)` runs it; `prepare(out)` puts there what it finds, nothing by default.  `points`: at how many changes, of
    all that it makes, it is stopped; 0 for each, and so with FIGUREGROUND_EVERY_STOP=1 in the environment.
    """

    points = 0

    def run(self, out: Path) -> None:
        raise NotImplementedError

    def prepare(self, out: Path) -> None:
        out.parent.mkdir(parents=True)

    def whole(self, place: Path) -> tuple[dict[str, bytes | None], range]:
        """Return what a run that nothing stops leaves, and the changes at which others are stopped."""
        out = place / "whole" / "out"
        self.prepare(out)
        steps = steps_of(lambda: self.run(out), out.parent)
        left = tree(out.parent)
        assert steps > 2, "changes there are"
        assert not [name for name in left if name.endswith((".partial", ".lock")) or "write-test" in name]
        points = 0 if os.environ.get("FIGUREGROUND_EVERY_STOP") else self.points
        return left, range(0, steps, -(-steps // points) if points else 1)

    def test_killed_anywhere_it_goes_on_to_the_same_bytes(self, tmp_path: Path) -> None:
        whole, stops = self.whole(tmp_path)
        for at in stops:
            out = tmp_path / f"killed-{at}" / "out"
            self.prepare(out)
            assert killed(lambda out=out: self.run(out), out.parent, at), at  # type: ignore[misc]
            self.run(out)
            assert tree(out.parent) == whole, at

    def test_a_disk_that_is_full_anywhere_is_named_and_it_goes_on_to_the_same_bytes(self, tmp_path: Path) -> None:
        whole, stops = self.whole(tmp_path)
        for at in stops:
            for lasting in (False, True):
                out = tmp_path / f"full-{at}-{lasting}" / "out"
                self.prepare(out)
                error = refused(lambda out=out: self.run(out), out.parent, at, errno.ENOSPC, lasting)  # type: ignore[misc]
                assert error is None or isinstance(error, FigureGroundError), (at, repr(error))
                assert error is None or "disk" in error.what or "cannot" in error.what, (at, error)
                assert not list(out.parent.rglob("*.partial")) or not lasting, at
                self.run(out)
                assert tree(out.parent) == whole, (at, lasting)
