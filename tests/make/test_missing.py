"""While parts are made: progress moves within a part, and a stop loses what is in flight alone."""

import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from figureground import build, export, open_dataset
from figureground.core import crew
from figureground.core import progress as progresses
from figureground.core.engines import Engine, Outcome, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import DepthOptions
from figureground.core.recipe_toml import to_toml
from figureground.core.steps import Tick
from figureground.dataset import parts
from figureground.make import redepth
from figureground.make.build import check
from figureground.make.part_task import PartTask, make_part
from figureground.samples.maker import Made, Maker
from tests.builders import small_recipe, write_depth_network, write_photos
from tests.make.test_build import Backwards, files

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder)
    return folder


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of the dataset that nobody stopped."""
    return files(build(small_recipe(photos), tmp_path_factory.mktemp("whole") / "out"))


@pytest.fixture
def out(whole: dict[str, bytes], tmp_path: Path) -> Path:
    """Return a folder that holds the catalog of the photos, and no parts: these tests are about those."""
    for name, data in whole.items():
        if name.startswith("catalog/") or name == "build.json":
            (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "out" / name).write_bytes(data)
    return tmp_path / "out"


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progresses, "PAUSE_S", 0.0)


class StoppedError(Exception):
    """What a caller's own progress raises."""


class Heard:
    """A Progress that keeps what it is told of samples."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.totals: set[int] = set()
        self.threads: set[int] = set()

    def __call__(self, step: str, done: int, total: int) -> None:
        if step == "samples":
            self.done.append(done)
            self.totals.add(total)
            self.threads.add(threading.get_ident())


class InThreads:
    """An engine of somebody else: knows `map` alone, and works in threads."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        with ThreadPoolExecutor(2) as threads:
            for job in list(jobs):
                yield Outcome(job, threads.submit(function, job).result())


class Twice:
    """Does each job a second time after it was answered, as engines do that race a slow worker."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        for job in jobs:
            yield Outcome(job, function(job))
            function(job)


@pytest.mark.parametrize("engine", [Serial(), Backwards(), InThreads(), Twice()])
def test_samples_are_counted_from_what_is_finished_to_the_last(photos: Path, out: Path, engine: Engine) -> None:
    recipe, heard = small_recipe(photos), Heard()
    build(recipe, out, engine=engine, progress=heard)
    assert heard.done == sorted(heard.done)
    assert (heard.done[0], heard.done[-1], heard.totals) == (0, 36, {36})
    assert heard.threads == {threading.get_ident()}  # whoever called is told where it called
    if not isinstance(engine, InThreads):
        assert sorted(set(heard.done)) == list(range(37))  # within the parts, which hold seven
    for number in (1, 4):
        (out / parts.part_file(number)).unlink()
    again = Heard()
    build(recipe, out, engine=engine, progress=again)
    assert again.done == sorted(again.done)
    assert (again.done[0], again.done[-1]) == (22, 36)


def test_workers_are_heard_within_their_parts(photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of two workers; whole parts alone would be three numbers."""
    monkeypatch.setattr(crew, "_LOOK_S", 0.01)
    heard = Heard()
    recipe = small_recipe(photos, placement={"per_pair": 30}, parts={"size": 270})
    build(recipe, out, workers=2, progress=heard)
    assert heard.done == sorted(heard.done)
    assert (heard.done[0], heard.done[-1], heard.totals) == (0, 540, {540})
    assert len(set(heard.done) - {0, 270, 540}) >= 2


def test_a_sample_counts_as_soon_as_it_is_made(photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it comes to its turn to be written."""
    heard, told = Heard(), []
    plain = Maker.encode

    def encode(maker: Maker, one: Any, codes: Any) -> Made:
        told.append(heard.done[-1])
        return plain(maker, one, codes)

    monkeypatch.setattr(Maker, "encode", encode)
    build(small_recipe(photos, parts={"size": 1000}), out, progress=heard)
    assert told == list(range(36))


def test_progress_is_told_a_few_times_a_second_and_of_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, int, int]] = []
    clock = iter([1.0 + 0.01 * i for i in range(200)])
    monkeypatch.setattr(progresses, "PAUSE_S", 0.2)
    monkeypatch.setattr(progresses, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    paced = progresses.Paced(lambda *told: heard.append(told))
    for done in range(101):
        paced("samples", done, 100)
    assert 5 <= len(heard) <= 8
    assert (heard[0], heard[-1]) == (("samples", 0, 100), ("samples", 100, 100))
    paced("labels", 0, 3)
    assert heard[-1] == ("labels", 0, 3)


def killed_once(mark: str, task: PartTask, number: int, tick: Tick) -> int:
    """Make a part; the first worker that comes to part 1 is killed in its midst."""
    if number == 1 and not Path(mark).exists():
        tick(5)
        time.sleep(1.0)  # long enough to be heard
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return make_part(task, number, tick)


@posix
def test_a_part_whose_worker_was_killed_is_counted_once(
    photos: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, heard = tmp_path / "killed", Heard()
    monkeypatch.setattr("figureground.make.build.make_part", functools.partial(killed_once, str(mark)))
    build(small_recipe(photos), out, workers=2, progress=heard)
    assert mark.exists()
    assert max(heard.done) == heard.done[-1] == 36
    assert any(later < earlier for earlier, later in itertools.pairwise(heard.done))  # what was lost is not counted


def test_a_part_that_fails_is_not_counted(photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = parts.PartWriter.add

    def failing(part: parts.PartWriter, made: Made) -> None:
        if made.record.index == 7 + 3:  # in the midst of part 1
            raise OSError("disk on fire")
        add(part, made)

    monkeypatch.setattr(parts.PartWriter, "add", failing)
    heard = Heard()
    with pytest.raises(FigureGroundError, match="1 of 6 parts failed"):
        build(small_recipe(photos), out, progress=heard)
    assert max(heard.done) == heard.done[-1] == 29


def test_labels_and_exports_are_counted_by_samples(photos: Path, out: Path, tmp_path: Path) -> None:
    heard: dict[str, list[tuple[int, int]]] = {}

    def progress(step: str, done: int, total: int) -> None:
        heard.setdefault(step, []).append((done, total))

    build(small_recipe(photos, parts={"size": 1000}), out, progress=progress)
    export(open_dataset(out), "2020", tmp_path / "zips", progress=progress)
    assert heard["labels"] == [(36, 36)]  # a part at a time
    for step in ("records", "export"):
        assert heard[step] == [(done, 36) for done in range(1, 37)]


def test_new_depth_is_counted_in_samples(tmp_path: Path) -> None:
    write_photos(tmp_path)
    write_depth_network(tmp_path / "grey.onnx")
    out, heard = build(small_recipe(tmp_path), tmp_path / "out"), Heard()
    depth = DepthOptions(source="network", model="grey.onnx")
    redepth.redo_dataset(out, tmp_path / "new", depth, tmp_path, Serial(), heard)
    assert heard.done == sorted(heard.done)
    assert (set(heard.done), heard.totals) == (set(range(37)), {36})


def test_a_stop_says_what_is_kept_and_leaves_no_temporary(
    photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Maker.encode

    def stopping(maker: Maker, one: Any, codes: Any) -> Made:
        if one.scene.index == 17:
            (out / "parts/part-00004.zip.0123abcd.partial").write_bytes(b"of a worker that was ended")
            raise KeyboardInterrupt
        return plain(maker, one, codes)

    monkeypatch.setattr(Maker, "encode", stopping)
    with pytest.raises(KeyboardInterrupt, match="14 of 36 samples are finished and kept, and the same command goes on"):
        build(small_recipe(photos), out)
    assert sorted(p.name for p in (out / "parts").iterdir()) == ["part-00000.zip", "part-00001.zip"]


def slow_part(task: PartTask, number: int, tick: Tick) -> int:
    if number:
        time.sleep(300)
    return make_part(task, number, tick)


def test_whoever_ends_a_build_from_its_progress_waits_for_no_worker(
    photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the caller's own, with workers in the midst of parts that take minutes."""

    def stop(step: str, done: int, total: int) -> None:
        if step == "samples" and first.is_file():  # its last sample is told before the part is whole
            raise StoppedError

    first = out / "parts/part-00000.zip"
    monkeypatch.setattr("figureground.make.build.make_part", slow_part)
    began = time.monotonic()
    with pytest.raises(StoppedError):
        build(small_recipe(photos), out, workers=2, progress=stop)
    assert time.monotonic() - began < 120
    assert [p.name for p in (out / "parts").iterdir()] == ["part-00000.zip"]


def alive(pids: Iterable[int]) -> list[int]:
    """Return those that are at work; one that has ended may wait for whoever reaps it."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, pids))], capture_output=True, text=True)
    return [int(pid) for pid, state in (line.split() for line in listed.stdout.splitlines()) if state[0] != "Z"]


PROGRAM = """
import os, sys, time
from pathlib import Path
from figureground.make import build as builds
from figureground.make.part_task import make_part

def slow(task, number, tick):
    Path({log!r}, str(os.getpid())).touch()
    if number > 1:
        time.sleep(300)
    done = make_part(task, number, tick)
    Path({log!r}, f"part {{number}}").touch()
    return done

builds.make_part = slow
if __name__ == "__main__":
    {call}
"""
CALLS = {
    "cli": "from figureground.cli import main; main(['build', {recipe!r}, {out!r}, '--workers', '{workers}'])",
    "api": "builds.build({recipe!r}, {out!r}, workers={workers})",
}


def begun(photos: Path, out: Path, way: str, workers: int) -> tuple["subprocess.Popen[str]", list[int]]:
    """Start a build in a process group of its own, by a recipe beside `out`; return it and the pids that make parts
    once two parts are made and the others are in hand."""
    folder = out.parent
    log, recipe = folder / "log", folder / "recipe.toml"
    log.mkdir()
    recipe.write_text(to_toml(small_recipe(photos)).replace('"rooms"', json.dumps(str(photos / "rooms"))))
    recipe.write_text(recipe.read_text().replace('"people"', json.dumps(str(photos / "people"))))
    call = CALLS[way].format(recipe=str(recipe), out=str(out), workers=workers)
    (folder / "script.py").write_text(PROGRAM.format(log=str(log), call=call))
    command = [sys.executable, str(folder / "script.py")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 120
    pids: list[int] = []
    while time.monotonic() < until and process.poll() is None:
        pids = [int(p.name) for p in log.iterdir() if p.name.isdigit()]
        if {"part 0", "part 1"} <= {p.name for p in log.iterdir()} and len(pids) >= workers:
            time.sleep(0.5)  # into the third part
            return process, pids
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate()[1])


@posix
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("way", ["cli", "api"])
def test_ctrl_c_loses_what_is_in_flight_alone(
    photos: Path, whole: dict[str, bytes], out: Path, way: str, workers: int
) -> None:
    process, pids = begun(photos, out, way, workers)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, told = process.communicate(timeout=60)
    assert "14 of 36 samples are finished and kept, and the same command goes on" in told
    if way == "cli":
        assert process.returncode == 130
        assert "Traceback" not in told
    else:
        assert told.count("Traceback") == 1
        assert told.rstrip().splitlines()[-1].startswith("KeyboardInterrupt: 14 of 36")
    assert alive(pids) == []
    left = sorted(p.name for p in out.rglob("*") if ".zip" in p.name or p.name.endswith(".partial"))
    assert left == ["part-00000.zip", "part-00001.zip"]
    ours = files(build(out.parent / "recipe.toml", out))
    assert {n: b for n, b in ours.items() if n.startswith("parts/")} == {
        n: b for n, b in whole.items() if n.startswith("parts/")
    }


@posix
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent_however_it_ends(photos: Path, out: Path, how: signal.Signals) -> None:
    process, pids = begun(photos, out, "cli", 2)
    process.send_signal(how)  # to the parent alone
    process.communicate(timeout=60)  # to the end of stderr, which the workers have open as well
    assert alive(pids) == []
    build(out.parent / "recipe.toml", out)
    assert not list(out.rglob("*.partial"))


def test_checking_photos_ends_its_workers_with_an_error_of_the_caller(photos: Path) -> None:
    """Also where the error's traceback is kept, and with it all that was at work."""

    def stop(step: str, done: int, total: int) -> None:
        raise StoppedError

    engine = Watching()
    with pytest.raises(StoppedError) as kept:
        check(small_recipe(photos), engine=engine, progress=stop)
    assert engine.ended
    assert kept.tb is not None


class Watching:
    """Tells whether its map was ended."""

    ended = False

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        try:
            yield from Serial().map(function, jobs)
        finally:
            self.ended = True


def test_another_engines_iterator_needs_no_close(photos: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    class Plain:
        def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
            return iter(list(Serial().map(function, jobs)))

    assert files(build(small_recipe(photos), tmp_path / "out", engine=Plain())) == whole
