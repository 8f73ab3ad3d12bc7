"""What do engines and stores add to a part?  Measured against the bare work of the parts, medians of rounds in one run.

    PYTHONPATH=src:. python bench/scale.py [--engines serial processes ray] [--stores none folder memory s3] [--quick]
    PYTHONPATH=src:. python bench/scale.py --stores s3 --delay-ms 20 --json figures.json

Parts of 0.1, 1 and 10 seconds of work (--seconds) are mapped by each engine with 1 and 2 workers, and each writes its
bytes, as a build does it.  Work is sleep, so that workers do not take each other's cores; --busy keeps a core busy
instead.  Told are

    start   seconds from the call until a worker has made its first part, less the part's work
    gap     ms from the end of a part until its worker begins the next: what the engine costs a part
    put     ms that a part's zip and sidecar take to be written: what the store costs a part
    look    ms that a part costs who looks whether it is finished, as a build does that goes on
    ratio   of the time that all but a worker's first part took to that of their bare work

A worker's first part, in which packages are loaded, counts for the start alone.  The memory store is fsspec's, and each
process has its own.  s3 is moto's server on the loopback address, in a process of its own (the packages of the tests),
which answers --delay-ms later than it could.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import importlib
import importlib.metadata
import itertools
import json
import math
import multiprocessing
import os
import platform
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from figureground.core.engines import ENGINES, choose, mapped
from figureground.core.errors import FigureGroundError
from figureground.core.places import store_at
from figureground.dataset.parts import part_file, sidecar

NONE = "none"
STORES = NONE, "folder", "memory", "s3"
SECONDS = 0.1, 1.0, 10.0
SIDECAR = 20_000  # bytes
WAVES = {0.1: 16, 1.0: 4, 10.0: 2}  # parts a worker, by their seconds; of others 4


@dataclass(frozen=True)
class Part:
    """What a part takes: `seconds` of work, and `bytes` to be written at a place; "" for nothing."""

    number: int
    seconds: float
    busy: bool
    place: str
    bytes: int


@dataclass(frozen=True)
class Done:
    """Who made a part and when, in seconds of the machine's steady clock: its work, and then its writing."""

    worker: int
    begun: float
    worked: float
    ended: float


@dataclass(frozen=True)
class Row:
    """Medians over the parts of all rounds; see the top of this file.  `gap_95_ms`: of 100 gaps 95 are no longer."""

    engine: str
    store: str
    workers: int
    seconds: float
    parts: int
    start_s: float
    gap_ms: float
    gap_95_ms: float
    put_ms: float
    look_ms: float
    ratio: float


@functools.cache
def content(size: int) -> bytes:
    return secrets.token_bytes(size)


def work(seconds: float, busy: bool) -> None:
    if not busy:
        time.sleep(seconds)
        return
    until = time.process_time() + seconds
    while time.process_time() < until:
        hashlib.sha256(b"0" * 65536)


def make(part: Part) -> Done:
    """Do a part's work and write it."""
    begun = time.monotonic()
    work(part.seconds, part.busy)
    worked = time.monotonic()
    if part.place:
        store = store_at(_as_place(part.place))
        with store.writing(part_file(part.number)) as file:
            file.write(content(part.bytes))
            store.write(sidecar(part.number), content(SIDECAR))
    return Done(os.getpid(), begun, worked, time.monotonic())


def _as_place(place: str) -> Path | str:
    return place if "://" in place else Path(place)


def look(place: str, numbers: range) -> float:
    """Return the seconds a part that it takes to see which are finished: by a listing, and by their sidecars."""
    store, start = store_at(_as_place(place)), time.monotonic()
    there = store.sizes("parts/part-")
    for number in numbers:
        if there[part_file(number)] != store.size(part_file(number)) or len(store.read(sidecar(number))) != SIDECAR:
            raise RuntimeError("a part is not as it was written")
    return (time.monotonic() - start) / len(numbers)


@dataclass(frozen=True)
class Run:
    """One map over parts: when it was called, what was done, and how long looking for a part took."""

    called: float
    done: list[Done]
    look_s: float

    def by_worker(self) -> list[list[Done]]:
        """Return what each worker did, in its order."""
        found: dict[int, list[Done]] = {}
        for one in sorted(self.done, key=lambda one: one.begun):
            found.setdefault(one.worker, []).append(one)
        return list(found.values())


def run(engine: str, workers: int, jobs: Sequence[Part]) -> Run:
    """Let an engine make parts.  Raises FigureGroundError where one failed, or the engine cannot be had."""
    chosen, done = choose(engine, workers), list[Done]()
    called = time.monotonic()
    with mapped(chosen, make, jobs) as outcomes:
        for outcome in outcomes:
            if outcome.error is not None:
                raise FigureGroundError(f"a part failed: {outcome.error!r}", engine, "mend the cause")
            done.append(outcome.value)
    getattr(chosen, "close", lambda: None)()
    # what another process wrote to memory:// is not to be found here
    seen = jobs[0].place and not (jobs[0].place.startswith("memory:") and engine != "serial")
    return Run(called, done, look(jobs[0].place, range(len(jobs))) if seen else math.nan)


def row_of(engine: str, store: str, workers: int, seconds: float, runs: Sequence[Run]) -> Row:
    """Return the medians of runs of the same kind."""
    crews = [own for one in runs for own in one.by_worker()]
    starts = [own[0].ended - (own[0].worked - own[0].begun) - one.called for one in runs for own in one.by_worker()]
    gaps = sorted(after.begun - before.ended for own in crews for before, after in itertools.pairwise(own))
    later = [one for own in crews for one in own[1:]]
    spent = sum(own[-1].ended - own[0].ended for own in crews)
    return Row(
        engine,
        store,
        workers,
        seconds,
        len(runs[0].done),
        middle(starts),
        1000 * middle(gaps),
        1000 * (gaps[int(0.95 * (len(gaps) - 1))] if gaps else math.nan),
        1000 * middle([one.ended - one.worked for one in later]),
        1000 * middle([one.look_s for one in runs]),
        spent / sum(one.worked - one.begun for one in later) if later else math.nan,
    )


def middle(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


@contextlib.contextmanager
def s3(delay_ms: float) -> Iterator[str]:
    """Run a server in a process of its own, and give the address of a folder there."""
    from tests.s3_server import BUCKET, Server, environment, make_bucket

    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, delay_ms / 1000), daemon=True)
    process.start()
    there.close()
    before = dict(os.environ)
    try:
        os.environ.update(environment(Server(here.recv())))
        make_bucket(BUCKET)
        yield f"s3://{BUCKET}"
    finally:
        os.environ.clear()
        os.environ.update(before)
        here.close()
        process.join()


def serve(end: Connection, delay_s: float) -> None:
    """Serve until the other end of a pipe is closed."""
    from tests.s3_server import serving

    with serving() as server:
        server.delay_s = delay_s
        end.send(server.url)
        with contextlib.suppress(EOFError):
            end.recv()


@contextlib.contextmanager
def places(stores: Sequence[str], delay_ms: float) -> Iterator[dict[str, str]]:
    """Give where parts are written by the store's name."""
    with contextlib.ExitStack() as stack:
        found = {name: "" for name in stores if name == NONE}
        if "folder" in stores:
            found["folder"] = stack.enter_context(tempfile.TemporaryDirectory())
        if "memory" in stores:
            found["memory"] = "memory://bench"
        if "s3" in stores:
            found["s3"] = stack.enter_context(s3(delay_ms))
        yield {name: found[name] for name in stores}


def measured(chosen: argparse.Namespace, engine: str, where: dict[str, str]) -> Iterator[Row]:
    """Yield the rows of an engine; rounds of all stores take turns."""
    for workers in chosen.workers if engine != "serial" else chosen.workers[:1]:
        for seconds in chosen.seconds:
            runs: dict[str, list[Run]] = {name: [] for name in where}
            count = (1 if engine == "serial" else workers) * (chosen.waves or WAVES.get(seconds, 4))
            for turn in range(chosen.rounds):
                for name, place in where.items():
                    own = place and f"{place}/{engine}-{workers}-{seconds}-{turn}"
                    size = int(chosen.part_mb * 1e6)
                    jobs = [Part(number, seconds, chosen.busy, own, size) for number in range(count)]
                    runs[name].append(run(engine, workers, jobs))
            for name in where:
                yield row_of(engine, name, 1 if engine == "serial" else workers, seconds, runs[name])


def about(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return where and with what the figures were measured."""
    packages = "figureground", "ray", "s3fs", "moto"
    versions = {}
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    return {**machine, "versions": versions, **{k: v for k, v in vars(chosen).items() if k != "json"}}


def printed(row: Row) -> str:
    times = f"{row.start_s:7.2f} s{row.gap_ms:9.2f} ms{row.gap_95_ms:9.2f} ms{row.put_ms:9.1f} ms{row.look_ms:8.1f} ms"
    head = f"{row.engine:<10}{row.store:<7}{row.workers:>8}{row.seconds:>8g} s{row.parts:>6}"
    return f"{head}{times}{row.ratio:8.3f}".replace("nan", "  -")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), metavar="NAME")
    parser.add_argument("--stores", nargs="+", default=list(STORES), choices=STORES, metavar="NAME")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", nargs="+", type=float, default=list(SECONDS), help="of work a part")
    parser.add_argument("--waves", type=int, default=0, help="parts a worker in each round; 0: the shorter, the more")
    parser.add_argument("--part-mb", type=float, default=8.0, help="bytes of a part: of 1,000 samples at 224 px")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="how much later the s3 server answers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", action="store_true", help="work keeps a core busy")
    parser.add_argument("--quick", action="store_true", help="parts of 0.1 s alone, in one round")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = parser.parse_args(words)
    if chosen.quick:
        chosen.seconds, chosen.rounds, chosen.waves = [0.1], 1, chosen.waves or 4
    return chosen


def main(words: Sequence[str] | None = None) -> None:
    chosen, rows, left_out = arguments(words), list[Row](), dict[str, str]()
    print(f"{'engine':<10}{'store':<7}{'workers':>8}{'work':>10}{'parts':>6}{'start':>9}{'gap':>12}", end="")
    print(f"{'95 %':>12}{'put':>12}{'look':>11}{'ratio':>8}")
    with places(chosen.stores, chosen.delay_ms) as where:
        for engine in chosen.engines:
            try:
                for row in measured(chosen, engine, where):
                    rows.append(row)
                    print(printed(row), flush=True)
            except FigureGroundError as error:
                left_out[engine] = str(error)
                print(f"{engine:<10}left out: {error}")
    if chosen.json:
        plain = {"about": about(chosen), "left_out": left_out, "rows": [asdict(row) for row in rows]}
        text = json.dumps(plain, indent=1).replace("NaN", "null")
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    # workers, on other machines too, find what they are to do under its own name, wherever they run
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))
    importlib.import_module("bench.scale").main()
