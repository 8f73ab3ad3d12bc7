"""Engines map a function over jobs.  They know nothing of datasets.

All keep one promise: every job is tried; a raised error, or a worker that was killed, is one reported outcome, and the
other jobs go on.  Outcomes come in the order in which jobs finish.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol

from figureground.core.errors import FigureGroundError


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or the error that it raised."""

    job: Any
    value: Any = None
    error: BaseException | None = None


class Engine(Protocol):
    """`map` yields exactly one Outcome for each job.  `function` and jobs are picklable; the function may be called
    in another process, more than once for a job whose worker was killed."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]: ...


class WorkerDiedError(Exception):
    """A worker process ended without an answer: killed, out of memory, or crashed in native code."""


class Serial:
    """One job after another, in this process."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        for job in jobs:
            try:
                value = function(job)
            except Exception as error:  # the border of a job
                yield Outcome(job, error=error)
            else:
                yield Outcome(job, value)


class Processes:
    """A pool of worker processes.

    A killed worker breaks the whole pool of `concurrent.futures`, and nothing tells whose job killed it.  The jobs that
    were in flight are then tried again one by one, each in a pool of its own: innocent ones finish, and the guilty one
    is reported when it kills a second worker.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        waiting = deque(jobs)
        while waiting:
            suspects = yield from self._until_one_dies(function, waiting)
            for job in suspects:
                yield self._alone(function, job)

    def _until_one_dies(
        self, function: Callable[[Any], Any], waiting: deque[Any]
    ) -> Generator[Outcome, None, list[Any]]:
        """Yield outcomes, taking jobs off `waiting`; return those whose fate is unknown because a worker died."""
        flying: dict[Future[Outcome], Any] = {}
        pool = _pool(self.workers)
        try:
            while waiting or flying:
                while waiting and len(flying) < 2 * self.workers:
                    flying[pool.submit(_attempt, function, waiting[0])] = waiting[0]
                    waiting.popleft()
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    outcome = future.result()
                    del flying[future]
                    yield outcome
        except BrokenProcessPool:
            for future in [f for f in flying if f.done() and f.exception() is None]:
                del flying[future]
                yield future.result()
        except KeyboardInterrupt:
            for child in multiprocessing.active_children():
                child.terminate()  # what they were writing is under a temporary name
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return list(flying.values())

    @staticmethod
    def _alone(function: Callable[[Any], Any], job: Any) -> Outcome:
        try:
            with _pool(1) as pool:
                return pool.submit(_attempt, function, job).result()
        except BrokenProcessPool:
            return Outcome(job, error=WorkerDiedError("the worker process died twice on this job (out of memory?)"))


def _pool(workers: int) -> ProcessPoolExecutor:
    # spawn: forking a process that has run onnxruntime's threads can hang
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)


def _attempt(function: Callable[[Any], Any], job: Any) -> Outcome:
    """Do a job in a worker.  An answer that cannot travel to the parent is an error of its job, too."""
    (outcome,) = Serial().map(functools.partial(_sendable, function), [job])
    (sent,) = Serial().map(_round_trip, [outcome])
    return outcome if sent.error is None else Outcome(job, error=RuntimeError(f"{outcome.error!r} cannot be pickled"))


def _sendable(function: Callable[[Any], Any], job: Any) -> Any:
    return _round_trip(function(job))


def _round_trip(value: Any) -> Any:
    ForkingPickler.loads(ForkingPickler.dumps(value))
    return value


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and keep numeric libraries to one thread a process.

    Runs before the first job imports numpy.  BLAS threads of several workers would spin against each other: with two
    workers on two cores a sample then takes 2.6 times as long.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)


ENGINES: dict[str, Callable[[int], Engine]] = {"serial": lambda workers: Serial(), "processes": Processes}


def choose(name: str, workers: int) -> Engine:
    """Return the engine of that name ("auto": serial for one worker, else processes); workers 0 means all cores."""
    if workers < 0:
        raise FigureGroundError(f"{workers} workers", "--workers", "0 for one a core, or how many")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(workers or cores, 61)  # Windows waits for no more processes at a time
    if name == "auto":
        name = "serial" if workers == 1 else "processes"
    if name not in ENGINES:
        raise FigureGroundError(f"unknown engine {name!r}", "--engine", f"one of auto, {', '.join(ENGINES)}")
    return ENGINES[name](workers)
