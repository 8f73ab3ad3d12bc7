"""Engines map a function over jobs.  They know nothing of datasets.

All keep one promise: every job is tried; a raised error, or a worker that was killed, is one reported outcome, and the
other jobs go on.  Outcomes come in the order in which jobs finish.
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from figureground.core.attempts import TWICE, Outcome, Serial, WorkerDiedError, attempt
from figureground.core.crew import Crew
from figureground.core.errors import FigureGroundError
from figureground.core.files import usable_memory
from figureground.core.ray_engine import Ray
from figureground.core.ray_session import Cluster

__all__ = [  # with what others say of an engine's jobs
    "A_WORKER",
    "ENGINES",
    "Engine",
    "Outcome",
    "Processes",
    "Ray",
    "Serial",
    "WorkerDiedError",
    "choose",
    "ended",
    "mapped",
    "on_condition",
    "run_error",
    "workforce",
]


class Engine(Protocol):
    """`map` yields exactly one Outcome for each job.  `function` and jobs are picklable; the function may be called
    in another process, more than once for a job whose worker was killed.  What is in flight may be given up where the
    iterator is closed (`mapped`).  An engine need not know of `steps.Stepping`, which is a function like others."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]: ...


@contextlib.contextmanager
def mapped(engine: Engine, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Iterator[Outcome]]:
    """Give the outcomes of an engine's `map`, which ends with the block: no worker is at work once it has ended."""
    outcomes = engine.map(function, jobs)
    try:
        yield outcomes
    finally:
        if isinstance(outcomes, Generator):
            outcomes.close()


@contextlib.contextmanager
def ended(engine: Engine) -> Iterator[Engine]:
    """Give an engine that holds nothing any more once the block has ended: what it started between its maps is gone."""
    try:
        yield engine
    finally:
        if isinstance(engine, Ray):
            engine.close()


# an OSError that says nothing of the file it met: no space, no memory, too many files or processes
_EXHAUSTED = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
_FEWER = "free some memory or try --workers 1 (workers=1)"


def run_error(error: BaseException | None, doing: str, kept: str) -> FigureGroundError | None:
    """Return what ends a run because of an outcome's error; None for no error, and for one that is the job's own.

    `doing`: what it met, like "preparing rooms/a.jpg".  `kept`: what is not lost, for the remedy; may be empty.
    """
    if error is None or isinstance(error, FigureGroundError):
        return error
    if isinstance(error, WorkerDiedError | MemoryError):
        what, remedy = str(error) if isinstance(error, WorkerDiedError) else "there is not enough memory", _FEWER
    elif isinstance(error, ImportError) or (isinstance(error, OSError) and error.errno in _EXHAUSTED):
        what, remedy = f"{type(error).__name__}: {error}", "mend the cause"
    else:
        return None
    return FigureGroundError(what, doing, f"{remedy}; {kept}" if kept else remedy)


class Processes:
    """A pool of worker processes.

    A killed worker breaks the whole pool of `concurrent.futures`, and nothing tells whose job killed it.  The jobs that
    were in flight are then tried again one by one, each in a pool of its own: innocent ones finish, and the guilty one
    is reported when it kills a second worker.

    A worker begins by importing the script that runs.  One that starts worker processes as it is imported, for want of
    `if __name__ == "__main__":`, would do so for ever: `map` then raises FigureGroundError.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        _end_if_imported_by_a_worker()
        waiting = deque(jobs)
        while waiting:
            suspects = yield from self._until_one_dies(function, waiting)
            for job in suspects:
                yield self._alone(function, job)

    def _until_one_dies(
        self, function: Callable[[Any], Any], waiting: deque[Any]
    ) -> Generator[Outcome, None, list[Any]]:
        """Yield outcomes, taking jobs off `waiting`; return those whose fate is unknown because a worker died."""
        with Crew(self.workers) as crew:
            try:
                while waiting or crew.jobs:
                    while waiting and crew.room:
                        crew.submit(attempt, function, waiting[0])
                        waiting.popleft()
                    for future in crew.landed(function):
                        yield crew.take(future)
            except BrokenProcessPool:
                for future in crew.answered():
                    yield crew.take(future)
            return crew.jobs

    @staticmethod
    def _alone(function: Callable[[Any], Any], job: Any) -> Outcome:
        with Crew(1) as crew:
            try:
                crew.submit(attempt, function, job)
                (future,) = crew.landed(function)
                outcome: Outcome = crew.take(future)
            except BrokenProcessPool:
                if not crew.started.is_set():  # it is not killed twice as it starts: nothing can start
                    raise _no_start() from None
                return Outcome(job, error=WorkerDiedError(TWICE))
            return outcome


def _end_if_imported_by_a_worker() -> None:
    """End this process, without a word, if it is a worker that is still importing the script that started it.

    The script is about to do once more what it does in the parent, which tells the user (`_no_start`).
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)


def _no_start() -> FigureGroundError:
    return FigureGroundError(
        "worker processes cannot start: each first imports the script that runs, and that ended it",
        str(getattr(sys.modules["__main__"], "__file__", "")),
        'put what the script does below `if __name__ == "__main__":`, or work in one process (workers=1, --workers 1)',
    )


@contextlib.contextmanager
def on_condition(engine: Engine, condition: Callable[[], None]) -> Iterator[None]:
    """Inside, every worker of an engine that may be on another machine calls condition(), picklable, before its first
    job; the FigureGroundError that it raises there ends the run, with the machine's name."""
    conditions = engine.conditions if isinstance(engine, Ray) else []
    conditions.append(condition)
    try:
        yield
    finally:
        conditions.remove(condition)


ENGINES: dict[str, Callable[[int], Engine]] = {"serial": lambda workers: Serial(), "processes": Processes, "ray": Ray}


A_WORKER = 750 * 2**20  # bytes that a worker needs at most, for the largest photos that are taken (docs/photos.md)


def choose(name: str, workers: int, cluster: Cluster | None = None) -> Engine:
    """Return the engine of that name ("auto": serial for one worker, else processes).

    Workers 0 means one a core, but no more than memory is for: each may decode the largest photo at the same time.  In
    a cluster that Ray joins it means as many as there is room for.
    """
    if workers < 0:
        raise FigureGroundError(f"{workers} workers", "--workers", "0 for one a core, or how many")
    if name != "ray" and cluster not in (None, Cluster()):
        options = "--address, --cpus-per-worker and --gpus-per-worker"
        raise FigureGroundError(f"the engine is {name}, and {options} are those of ray", "--engine", "add --engine ray")
    if name == "ray" and cluster is not None and cluster.address:
        return Ray(workers, cluster)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(workers or max(1, min(cores, usable_memory() // A_WORKER)), 61)  # Windows waits for no more at a time
    if name == "auto":
        name = "serial" if workers == 1 else "processes"
    if name not in ENGINES:
        raise FigureGroundError(f"unknown engine {name!r}", "--engine", f"one of auto, {', '.join(ENGINES)}")
    return Ray(workers, cluster) if name == "ray" else ENGINES[name](workers)


def workforce(engine: Engine | None, workers: int) -> Engine:
    """Return the engine that a call was given, or one of so many workers."""
    found = engine or choose("auto", workers)
    if isinstance(found, Processes):
        _end_if_imported_by_a_worker()  # before anything is claimed or written a second time
    return found
