"""A folder keeps, through a power cut, all that a call said was written, and nothing in halves."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from figureground.core.folder_store import FolderStore
from figureground.core.store import Store, move
from figureground.testing import contents
from tests.faults import KilledError
from tests.power import PoweredDisk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="inodes, and folders that can be waited for")


def _writing(store: Store) -> None:
    with store.writing("parts/c") as file:
        file.write(b"c" * 5000)
        file.seek(0)
        file.write(b"C")


CALLS: tuple[Callable[[Store], object], ...] = (
    lambda store: store.write("a", b"a" * 3000),
    lambda store: store.write("deep/er/b", b"b"),
    lambda store: store.write("a", b"A" * 10),
    _writing,
    lambda store: store.create("mark", b"first"),
    lambda store: store.create("mark", b"second"),
    lambda store: store.delete("a"),
    lambda store: store.write("a", b"again"),
    lambda store: store.below("deep").delete("er/b"),
)


def states(store: Store, calls: tuple[Callable[[Store], object], ...]) -> list[dict[str, bytes]]:
    """Return what a store holds before the first call, and after each."""
    found = [contents(store, "")]
    for call in calls:
        call(store)
        found.append(contents(store, ""))
    return found


def cuts(tmp_path: Path, run: Callable[[FolderStore], Iterator[object]], durable: bool) -> Iterator[tuple[int, Store]]:
    """Cut the power before each change that `run` makes, in both ways; yield how many calls had returned, and what is
    there when the power is back."""
    at = 0
    while True:
        root = tmp_path / f"disk-{at}"
        root.mkdir()
        disk, done, seen = PoweredDisk(root), 0, 0

        def step(event: str, at: int = at) -> None:
            nonlocal seen
            seen += 1
            if seen > at:
                raise KilledError

        ended = False
        try:
            with disk.on(step):
                for _ in run(FolderStore(root / "out", durable)):
                    done += 1
            ended = True
        except KilledError:
            pass
        for names_stay in (False, True):
            again = tmp_path / f"again-{at}-{names_stay}"
            disk.cut(again, names_stay)
            yield done, FolderStore(again / "out")
        if ended:
            return
        at += 1


def one_by_one(store: FolderStore) -> Iterator[object]:
    for call in CALLS:
        yield call(store)


def test_what_was_written_and_deleted_is_so_after_a_power_cut(tmp_path: Path) -> None:
    known, seen = states(FolderStore(tmp_path / "calm"), CALLS), 0
    for done, store in cuts(tmp_path, one_by_one, True):
        seen += 1
        assert contents(store, "") in known[done : done + 2], done
    assert seen > 60


def test_a_throw_away_folder_forgets(tmp_path: Path) -> None:
    """So the law above can fail."""
    known = states(FolderStore(tmp_path / "calm"), CALLS)
    wrong = [contents(store, "") not in known[done : done + 2] for done, store in cuts(tmp_path, one_by_one, False)]
    assert sum(wrong) > len(wrong) / 2


def test_a_move_that_a_power_cut_stops_can_be_done_again(tmp_path: Path) -> None:
    new = {"x": b"new", "deep/y": b"new y", "end": b"."}

    def moved(store: FolderStore) -> Iterator[object]:
        for prefix, data in (("target", b"old"), ("source", b"")):
            for name in new:
                store.write(f"{prefix}/{name}", data or new[name])
        yield None
        move(store, "source", "target", "end")
        yield None

    for done, store in cuts(tmp_path, moved, True):
        target, source = contents(store, "target/"), contents(store, "source/")
        if done and target != new:
            assert source == new
            move(store, "source", "target", "end")
        assert not done or contents(store, "target/") == new
        if "end" in target and done:
            assert set(target.values()) == {b"old"} or target == new
