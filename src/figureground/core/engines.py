"""Engines map a function over jobs.  They know nothing of datasets.

All keep one promise: every job is tried; a raised error, or a worker that was killed, is one reported outcome, and the
other jobs go on.  Outcomes come in the order in which jobs finish.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import multiprocessing
import operator
import os
import sys
import weakref
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol

from figureground.core.crew import Crew
from figureground.core.errors import FigureGroundError
from figureground.core.files import usable_memory
from figureground.core.ray_crew import Landing, RayCrew
from figureground.core.ray_session import Cluster, Session, require_usable
from figureground.core.steps import Stepping


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or the error that it raised."""

    job: Any
    value: Any = None
    error: BaseException | None = None


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


class WorkerDiedError(Exception):
    """A worker process ended without an answer: killed, out of memory, or crashed in native code."""


_TWICE = "a worker process died on this twice (killed, or out of memory)"

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


class Serial:
    """One job after another, in this process."""

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        for job in jobs:
            try:
                # a Stepping is called from here: one call less to look through when something goes wrong
                value = function.function(job, function.tick(job)) if isinstance(function, Stepping) else function(job)
            except Exception as error:  # the border of a job
                yield Outcome(job, error=error)
            else:
                yield Outcome(job, value)


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
                        crew.submit(_attempt, function, waiting[0])
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
                crew.submit(_attempt, function, job)
                (future,) = crew.landed(function)
                outcome: Outcome = crew.take(future)
            except BrokenProcessPool:
                if not crew.started.is_set():  # it is not killed twice as it starts: nothing can start
                    raise _no_start() from None
                return Outcome(job, error=WorkerDiedError(_TWICE))
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


_LOST = 10  # how often a job may lose its worker at all, as by machines that are taken away


@dataclass
class _Try:
    """A job on its way, and how often it lost its worker.  `suspect`: a worker died that had it in hand; it is then
    tried by one that has nothing else."""

    ticket: int
    job: Any
    lost: int = 0
    suspect: bool = False


class Ray:
    """Workers on the machines of a Ray cluster, or on this one in a Ray that is started for them (extra `ray`).

    A lost worker's jobs are tried again, each with a worker that has nothing else in hand: innocent ones finish, and
    the guilty one is reported when a second worker dies of it.  Workers that are lost with their machines are nobody's
    fault, up to ten for a job.

    What is started here lasts from the first `map` to `close`, an error, or the end of this object or process.  A
    cluster that is joined is left alone, but for our workers, which end with `map`.  `workers` 0: as many as there is
    room for.  `conditions`: see `on_condition`.
    """

    def __init__(self, workers: int = 0, cluster: Cluster | None = None) -> None:
        self.workers, self.cluster = workers, cluster or Cluster()
        self.conditions: list[Callable[[], None]] = []
        require_usable(self.cluster)
        self._session: Session | None = None

    def close(self) -> None:
        """End what was started; another `map` starts it anew."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        whole = False
        try:
            yield from self._outcomes(function, jobs)
            whole = True
        finally:
            if not whole:
                self.close()

    def _outcomes(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        count, waiting, flying = operator.length_hint(jobs, 2**31), deque[_Try](), dict[int, _Try]()
        fresh = (_Try(ticket, job) for ticket, job in enumerate(jobs))
        waiting.extend(itertools.islice(fresh, 1))

        def heard(ticket: int, steps: int) -> None:
            if isinstance(function, Stepping):
                function.heard(flying[ticket].job, steps)

        if not waiting:
            return
        begin = (_attempt, function, tuple(self.conditions))
        with RayCrew(self._joined(), self.cluster, self.workers, heard, begin) as crew:
            while waiting or flying:
                while waiting and crew.submit(waiting[0].ticket, waiting[0].job, waiting[0].suspect):
                    one = waiting.popleft()
                    flying[one.ticket] = one
                    waiting.extend(itertools.islice(fresh, 0 if waiting else 1))
                for landing in crew.landed(count):
                    one = flying.pop(landing.ticket)
                    outcome = _landed(one, landing)
                    if outcome is None:
                        waiting.appendleft(one)
                        if isinstance(function, Stepping):
                            function.heard(one.job, 0)
                    else:
                        count -= 1
                        yield outcome

    def _joined(self) -> Session:
        if self._session is None:
            self._session = Session(self.cluster, self.workers)
            weakref.finalize(self, self._session.close)
        return self._session


def _landed(one: _Try, landing: Landing) -> Outcome | None:
    """Return what became of a job; None where it is to be tried again."""
    if not landing.lost:
        return Outcome(one.job, landing.outcome.value, landing.outcome.error)
    one.lost += 1
    if landing.blamed and one.suspect:
        return Outcome(one.job, error=WorkerDiedError(_TWICE))
    if one.lost == _LOST:
        return Outcome(one.job, error=WorkerDiedError(f"{_LOST} workers were lost with this, most with their machines"))
    one.suspect = one.suspect or landing.blamed
    return None


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
