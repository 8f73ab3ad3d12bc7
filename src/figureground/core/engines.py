"""Engines map a function over jobs.  They know nothing of datasets.

All keep one promise: every job is tried; a raised error, or a worker that was killed, is one reported outcome, and the
other jobs go on.  Outcomes come in the order in which jobs finish.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
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


def _attempt(function: Callable[[Any], Any], job: Any) -> Outcome:
    try:
        return Outcome(job, function(job))
    except Exception as error:  # the border of a job
        return Outcome(job, error=error)


class Serial:
    """One job after another, in this process."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        for job in jobs:
            yield _attempt(function, job)


class Processes:
    """A pool of worker processes.

    A killed worker breaks the whole pool of `concurrent.futures`, and nothing tells whose job killed it.  The jobs that
    were in flight are then tried again one by one, each in a pool of its own: innocent ones finish, and the guilty one
    is reported when it kills a second worker.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        waiting = iter(jobs)
        suspects: deque[Any] = deque()
        exhausted = False
        while not exhausted or suspects:
            while suspects:
                yield self._alone(function, suspects.popleft())
            pool = self._pool(self.workers)
            flying: dict[Future[Outcome], Any] = {}
            try:
                while not suspects:
                    while len(flying) < 2 * self.workers and not exhausted:
                        try:
                            job = next(waiting)
                        except StopIteration:
                            exhausted = True
                            break
                        try:
                            flying[pool.submit(_attempt, function, job)] = job
                        except BrokenProcessPool:
                            suspects.append(job)
                            break
                    if not flying:
                        break
                    done, _ = wait(flying, return_when=FIRST_COMPLETED)
                    for future in done:
                        job = flying.pop(future)
                        try:
                            outcome = future.result()
                        except BrokenProcessPool:
                            suspects.append(job)
                            continue
                        except Exception as error:  # the answer could not be pickled
                            outcome = Outcome(job, error=error)
                        yield outcome
                suspects.extend(flying.values())
            except KeyboardInterrupt:
                for child in multiprocessing.active_children():
                    child.terminate()  # what they were writing is under a temporary name
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _alone(self, function: Callable[[Any], Any], job: Any) -> Outcome:
        with self._pool(1) as pool:
            try:
                return pool.submit(_attempt, function, job).result()
            except BrokenProcessPool:
                return Outcome(job, error=WorkerDiedError("the worker process died twice on this job (out of memory?)"))
            except Exception as error:  # the answer could not be pickled
                return Outcome(job, error=error)

    @staticmethod
    def _pool(workers: int) -> ProcessPoolExecutor:
        # spawn: forking a process that has run onnxruntime's threads can hang
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)


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
