"""The laws of stores, as tests for whoever writes one: subclass `StoreLaws`, give `make`, and run pytest."""
# ruff: noqa: S101

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any, BinaryIO

from figureground.core.errors import FigureGroundError
from figureground.core.store import Store, move

NAMES = (
    "a",
    "a.txt",
    "a/b",
    "a-b",
    "parts/part-00000.zip",
    "parts/part-00001.zip",
    "parts/part-00000.json",
    "partsize",
)
BAD_NAMES = (
    *("", ".", "..", "/a", "a/", "a//b", "a/./b", "../a", "a/../b", "a/..", "./a"),
    *("a\\b", "\\\\server\\a", "C:a", "c:/a", "a\nb", "a\x00", "\x7f", "a\x85b", "\udcff"),
    *(".lock", "a/.lock", "a.0123abcd.partial"),
)


class StoppedError(Exception):
    """What a test raises where a process might be killed."""


class StoreLaws:
    """What every store promises.  `make` returns a new, empty store.

    A store whose calls take long may have fewer `ranges` tried, and a move stopped at each `stride`-th step alone.
    """

    ranges = 300
    stride = 1

    def make(self) -> Store:
        raise NotImplementedError

    def filled(self) -> tuple[Store, dict[str, bytes]]:
        """Return a store, and what is in it."""
        store = self.make()
        content = {name: f"content of {name}".encode() for name in NAMES if name != "a"}
        for name, data in content.items():
            store.write(name, data)
        return store, content

    def test_what_is_written_is_read(self) -> None:
        store = self.make()
        rng = random.Random(1)  # noqa: S311
        for size in (0, 1, 1000, 3_000_000):
            for name in ("x", "deep/er/x"):
                data = rng.randbytes(size)
                store.write(name, data)
                assert (store.read(name), store.size(name)) == (data, size)
                with store.open(name) as file:
                    assert file.read() == data
                with store.writing(f"{name}-2") as file:
                    file.write(data)
                assert (store.read(f"{name}-2"), store.size(f"{name}-2")) == (data, size)

    def test_what_is_absent(self) -> None:
        store, _ = self.filled()
        for name in ("x", "x/y", "parts", "partsize/x"):
            assert store.size(name) is None
            assert raised(store.read, name) is FileNotFoundError
            assert raised(store.read, name, 1, 2) is FileNotFoundError
            assert raised(store.open, name) is FileNotFoundError
            store.delete(name)
        assert self.make().list() == []

    def test_a_range_is_a_slice(self) -> None:
        store = self.make()
        rng = random.Random(2)  # noqa: S311
        for _ in range(self.ranges):
            data = rng.randbytes(rng.choice((0, 1, 7, 40)))
            start, stop = rng.randrange(50), rng.choice((None, rng.randrange(50)))
            store.write("x", data)
            assert store.read("x", start, stop) == data[start:stop], (data, start, stop)
            with store.open("x") as file:
                file.seek(start)
                assert file.read() == data[start:]
                assert file.seek(0, 2) == len(data)
        for start, stop in ((-1, None), (0, -1), (-2, -1)):
            assert raised(store.read, "x", start, stop) is ValueError

    def test_a_file_being_written_can_be_read_and_sought(self) -> None:
        store = self.make()
        with store.writing("x") as file:
            file.write(b"0123456789")
            file.seek(2)
            assert file.read(3) == b"234"
            file.seek(0)
            file.write(b"ab")
            file.truncate(8)
        assert store.read("x") == b"ab234567"
        with store.writing("x") as file, file:  # closed within
            file.write(b"new")
        assert store.read("x") == b"new"

    def test_lists_the_sorted_names_that_begin_with_the_prefix(self) -> None:
        store, content = self.filled()
        for prefix in ("", "a", "a/", "a.", "part", "parts", "parts/", "parts/part-", "parts/part-00000", "z", "a/b/c"):
            there = sorted(name for name in content if name.startswith(prefix))
            assert store.list(prefix) == there, prefix
            sizes = store.sizes(prefix)
            assert (list(sizes), sizes) == (there, {name: len(content[name]) for name in there}), prefix

    def test_a_reader_keeps_the_content_that_it_opened(self) -> None:
        store = self.make()
        store.write("x", b"old")
        with store.open("x") as file:
            store.write("x", b"new one")
            assert file.read() == b"old"
        assert store.read("x") == b"new one"

    def test_a_reader_of_much_gets_the_content_that_it_opened_or_an_error(self) -> None:
        store = self.make()
        rng = random.Random(3)  # noqa: S311
        old, new = rng.randbytes(1_500_000), rng.randbytes(1_500_000)
        store.write("x", old)
        with store.open("x") as file:
            assert file.read(1000) == old[:1000]
            store.write("x", new)
            for start in (0, 700_000, 1_499_000):
                file.seek(start)
                try:
                    assert file.read(500_000) == old[start : start + 500_000]
                except OSError:
                    continue
        with store.open("x") as file:
            assert file.read() == new

    def test_nothing_is_seen_before_the_block_ends(self) -> None:
        store = self.make()
        for old in (None, b"old"):
            if old is not None:
                store.write("x", old)
            before = store.list()
            with store.writing("x") as file:
                file.write(b"n" * 100_000)
                file.flush()
                assert store.size("x") == (None if old is None else len(old))
                assert store.list() == before
            assert store.read("x") == b"n" * 100_000

    def test_an_error_in_the_block_leaves_what_was(self) -> None:
        store = self.make()

        def fail() -> None:
            with store.writing("x") as file:
                file.write(b"new")
                raise StoppedError

        assert raised(fail) is StoppedError
        assert (store.size("x"), store.list()) == (None, [])
        store.write("x", b"old")
        assert raised(fail) is StoppedError
        assert (store.read("x"), store.list()) == (b"old", ["x"])

    def test_readers_meet_the_old_or_the_new(self) -> None:
        store = self.make()
        contents = [bytes([65 + i]) * (200_000 + 77_777 * i) for i in range(4)]
        store.write("x", contents[0])
        done = threading.Event()

        def write() -> None:
            try:
                for i in range(60):
                    if i % 2:
                        store.write("x", contents[i % 4])
                    else:
                        with store.writing("x") as file:
                            for start in range(0, len(contents[i % 4]), 50_000):
                                file.write(contents[i % 4][start : start + 50_000])
            finally:
                done.set()

        writer = threading.Thread(target=write)
        writer.start()
        while not done.is_set():
            assert store.read("x") in contents
            assert store.size("x") in {len(data) for data in contents}
            assert store.list() == ["x"]
        writer.join()
        assert store.read("x") == contents[59 % 4]

    def test_create_has_one_winner(self) -> None:
        store = self.make()
        for turn in range(20):
            name, start = f"claims/{turn}", threading.Barrier(8)
            seen: list[tuple[bool, bytes, bytes]] = []

            def claim(i: int, name: str = name, seen: list[Any] = seen, start: threading.Barrier = start) -> None:
                data = bytes([i]) * 50_000
                start.wait()
                won = store.create(name, data)
                seen.append((won, data, store.read(name)))  # whoever lost can read the winner's

            threads = [threading.Thread(target=claim, args=(i,)) for i in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            winners = [data for won, data, _ in seen if won]
            assert len(seen) == 8
            assert len(winners) == 1
            assert {read for _, _, read in seen} == set(winners)
        assert len(store.list()) == 20

    def test_create_changes_nothing_that_is_there(self) -> None:
        store = self.make()
        store.write("x", b"old")
        assert not store.create("x", b"new")
        assert store.read("x") == b"old"
        store.delete("x")
        assert store.create("x", b"new")
        assert store.read("x") == b"new"

    def test_what_is_deleted_is_absent_and_the_rest_stays(self) -> None:
        store, content = self.filled()
        for name in list(content):
            store.delete(name)
            store.delete(name)
            del content[name]
            assert store.size(name) is None
            assert store.list() == sorted(content)
        store.write("a/b", b"again")
        assert store.list() == ["a/b"]

    def test_below_is_the_same_under_a_prefix(self) -> None:
        store, content = self.filled()
        parts = store.below("parts")
        inside = {name.removeprefix("parts/"): data for name, data in content.items() if name.startswith("parts/")}
        assert {name: parts.read(name) for name in parts.list()} == inside
        assert parts.list("part-00000.") == ["part-00000.json", "part-00000.zip"]
        parts.below("deep/er").write("x", b"1")
        assert store.read("parts/deep/er/x") == parts.below("deep").read("er/x") == b"1"
        store.delete("parts/part-00000.zip")
        assert parts.size("part-00000.zip") is None
        assert parts.create("part-00000.zip", b"2")
        assert store.read("parts/part-00000.zip") == b"2"
        assert store.name in parts.name
        assert store.below("nothing").list() == []

    def test_bad_names_are_refused_everywhere(self) -> None:
        store = self.make()

        def writing(name: str) -> None:
            with store.writing(name) as file:
                file.write(b"")

        for bad in BAD_NAMES:
            calls: list[Callable[[str], Any]] = [store.read, store.open, store.size, store.delete, store.below, writing]
            calls += [lambda name: store.write(name, b""), lambda name: store.create(name, b"")]
            calls += [lambda name: store.below("a").write(name, b"")]
            for call in calls:
                assert raised(call, bad) is ValueError, (bad, call)
        for bad in ("/", "/a", "../", "../a", "a//", "a/../b", "a\\", "C:", "C:/a", "a\nb"):
            assert raised(store.list, bad) is ValueError, bad
        assert store.list() == []

    def test_names_of_all_tongues(self) -> None:
        store = self.make()
        names = sorted(
            ("Übung/ß ü.txt", "写真/背景 1.png", " leading", "a  b/c d", "x.partial", "..a", "...", "é\u3000\U0001f600")
        )
        for name in names:
            store.write(name, name.encode())
        assert store.list() == names
        for name in names:
            assert store.read(name) == name.encode()

    def test_one_holder_at_a_time(self) -> None:
        store = self.make()
        store.write("a/x", b"")
        outcomes: list[Any] = []

        def take() -> None:
            outcomes.append(raised(store.lock().__enter__))

        def take_in_thread() -> Any:
            thread = threading.Thread(target=take)
            thread.start()
            thread.join()
            return outcomes.pop()

        for _ in range(3):
            with store.lock():
                assert take_in_thread() is FigureGroundError
                assert take_in_thread() is FigureGroundError  # the refused one has not opened it
                assert store.list() == ["a/x"]
                with store.below("a").lock():
                    assert raised(store.below("a").lock().__enter__) is FigureGroundError
                with store.below("a").lock():
                    pass
                assert take_in_thread() is FigureGroundError

        def fail() -> None:
            with store.lock():
                raise StoppedError

        assert raised(fail) is StoppedError
        try:
            with store.lock(), store.lock():
                raise AssertionError
        except FigureGroundError as error:
            assert error.where == store.name  # noqa: PT017
            assert error.what == "another build is at work in this folder"  # noqa: PT017
        with store.lock():
            pass

    def test_sweep_takes_no_content(self) -> None:
        store, content = self.filled()
        store.write("x.partial", b"")
        store.sweep()
        assert store.list() == sorted((*content, "x.partial"))
        assert all(store.read(name) == data for name, data in content.items())

    def test_room_left_is_a_number_or_unknown(self) -> None:
        free = self.make().free_bytes()
        assert free is None or free > 0

    def test_a_pickled_store_reads_the_same(self) -> None:
        store, content = self.filled()
        for one, prefix in ((store, ""), (store.below("parts"), "parts/")):
            copy: Store = ForkingPickler.loads(ForkingPickler.dumps(one))  # as a worker process gets it
            assert copy.name == one.name
            assert copy.list() == one.list() != []
            assert all(copy.read(name) == content[prefix + name] for name in copy.list())
            copy.write("new", b"1")
            assert copy.read("new") == b"1"
            with copy.lock():
                pass

    def before_a_move(self) -> tuple[Store, dict[str, bytes]]:
        """Return a store with a source and a stale target, and the content that a move shall give the target."""
        store = self.make()
        content = {name: f"new {name}".encode() for name in ("a", "deep/b", "deep/c", "end", "z")}
        for name, data in content.items():
            store.write(f"source/{name}", data)
        for name in ("a", "a-stale", "stale/b", "end", "zz"):
            store.write(f"target/{name}", b"old")
        store.write("targets", b"beside")
        store.write("source-2/end", b"beside")
        return store, content

    def test_a_move_leaves_the_whole_at_the_target_only(self) -> None:
        store, content = self.before_a_move()
        move(store, "source", "target", "end")
        assert contents(store, "target/") == content
        assert store.list() == sorted((*(f"target/{name}" for name in content), "targets", "source-2/end"))

    def test_a_move_without_a_whole_source_changes_nothing(self) -> None:
        store, _ = self.before_a_move()
        before = contents(store, "")
        assert raised(move, store, "source", "target", "nothing") is FileNotFoundError
        for source, target in (("source", "source"), ("source", "source/deep"), ("source/deep", "source")):
            assert raised(move, store, source, target, "b") is ValueError
        assert contents(store, "") == before

    def test_a_move_that_stops_anywhere_can_be_done_again(self) -> None:
        step = 0
        while True:
            store, content = self.before_a_move()
            old = contents(store, "target/")
            stopped = raised(move, stopping(store, step), "source", "target", "end")
            target, source = contents(store, "target/"), contents(store, "source/")
            if "end" in target:
                assert target in (old, content), step
            if target != content or "end" in source:
                assert source == content, step
                move(store, "source", "target", "end")
            assert contents(store, "target/") == content, step
            if stopped is None:
                break
            assert stopped is StoppedError
            step += self.stride
        assert step > 15  # steps there were


def raised(call: Callable[..., Any], *args: Any) -> type[BaseException] | None:
    """Return the type of what a call raises, ValueError also for its subclasses; None when it returns."""
    try:
        call(*args)
    except ValueError:
        return ValueError
    except (OSError, StoppedError, FigureGroundError) as error:
        return type(error)
    return None


def contents(store: Store, prefix: str) -> dict[str, bytes]:
    """Return what is under a prefix, by the name without it."""
    return {name.removeprefix(prefix): store.read(name) for name in store.list(prefix)}


class _StoppingFile:
    """A file that may stop before each write."""

    def __init__(self, file: BinaryIO, step: Callable[[], None]) -> None:
        self._file, self._step = file, step

    def write(self, data: bytes) -> int:
        half = len(data) // 2
        self._step()
        self._file.write(data[:half])
        self._step()
        return half + self._file.write(data[half:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Writing:
    def __init__(self, inner: Any, step: Callable[[], None]) -> None:
        self._inner, self._step = inner, step

    def __enter__(self) -> _StoppingFile:
        return _StoppingFile(self._inner.__enter__(), self._step)

    def __exit__(self, *error: Any) -> Any:
        return self._inner.__exit__(*error)


def stopping(store: Store, after: int) -> Any:
    """Return the store with an error before its call number `after` (from 0), and at every call from there on."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        if count > after:
            raise StoppedError

    class Stopping:
        def __getattr__(self, name: str) -> Any:
            value = getattr(store, name)
            if not callable(value):
                return value

            def call(*args: Any) -> Any:
                step()
                result = value(*args)
                return _Writing(result, step) if name == "writing" else result

            return call

    return Stopping()
