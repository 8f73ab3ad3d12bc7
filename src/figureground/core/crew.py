"""A crew of worker processes for `engines.Processes`: how they start, tell their steps, and end with their parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Any

from figureground.core.steps import Stepping
from figureground.core.stops import held, listening

_LOOK_S = 0.2  # how often the steps of jobs in flight are looked at
_DEAD_LOOKS = 10  # that a worker may be dead and nobody say so


@dataclass(frozen=True)
class _Flight:
    """A job that a worker has, and its place on the board of steps."""

    job: Any
    place: int


class Crew:
    """Worker processes, each of which takes jobs until the block ends.

    Twice as many jobs as workers may be in flight, so that none waits for its next.  A block that ends by an error,
    Ctrl-C among them, ends the workers at once, whatever they do; so does the end of this process, however it ends.
    """

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")  # forking a process that has run onnxruntime's threads can hang
        self.started = context.Event()  # set once any worker has started
        self._board = context.RawArray("q", 2 * workers)  # a number each job in flight, written by its worker alone
        self._free = list(range(2 * workers))
        self._flying: dict[Future[Any], _Flight] = {}
        self._ends, self._end = context.Pipe(duplex=False)
        about = (self.started, self._board, self._ends)
        self._pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=about)
        self._answers = getattr(self._pool, "_result_queue", None)
        self._dead_looks = 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with held():  # the workers are gone in a moment
            if kind is not None:
                self._end_all()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._end.close()
            self._ends.close()

    @property
    def room(self) -> bool:
        """Whether another job may be submitted."""
        return bool(self._free)

    @property
    def jobs(self) -> list[Any]:
        """The jobs in flight: their outcome was not taken."""
        return [flight.job for flight in self._flying.values()]

    def submit(self, attempt: Callable[[Callable[[Any], Any], Any], Any], function: Any, job: Any) -> None:
        """Let a worker call attempt(function, job); a Stepping function tells its steps from there."""
        place = self._free.pop()
        self._board[place] = 0
        with _as_importable(), held():  # a worker may be started for it: it would tell of a stop by a traceback
            future = self._pool.submit(_told, attempt, function, job, place)
        self._flying[future] = _Flight(job, place)

    def landed(self, function: Any) -> Collection[Future[Any]]:
        """Return futures that are done, of jobs in flight; wait for one, and meanwhile tell the function's steps."""
        while True:  # again and again: a stop does not end a longer wait on Windows
            done = wait(self._flying, _LOOK_S, FIRST_COMPLETED).done
            if isinstance(function, Stepping):
                for flight in self._flying.values():
                    function.heard(flight.job, self._board[flight.place])
            if done:
                return done
            dead = wait_for([one.sentinel for one in self._workers()], 0)
            self._dead_looks = self._dead_looks + 1 if dead else 0
            if self._dead_looks == _DEAD_LOOKS:
                self._end_all()

    def _workers(self) -> list[SpawnProcess]:
        return list((getattr(self._pool, "_processes", None) or {}).values())

    def _end_all(self) -> None:
        """End all workers at once, in the midst of their work, in such a way that the pool finds out.

        All answers come through one pipe, whose other end this process has, too, to hand it to new workers.  A worker
        that dies half-way through an answer leaves the pool waiting for the rest of it for ever, and the others for
        the lock that it held (`concurrent.futures` to 3.14 at least): the pipe must be shut here as well.
        """
        workers = self._workers()
        for worker in workers:
            worker.kill()
        _wait_for_all([worker.sentinel for worker in workers])
        if self._answers is not None:
            self._answers._writer.close()

    def take(self, future: Future[Any]) -> Any:
        """Return what a worker answered.  Raises BrokenProcessPool where one died; the job is then still in flight."""
        answer = future.result()
        self._free.append(self._flying.pop(future).place)
        return answer

    def answered(self) -> list[Future[Any]]:
        """Return the futures in flight that have an answer."""
        return [future for future in self._flying if future.done() and future.exception() is None]


@contextlib.contextmanager
def _as_importable() -> Iterator[None]:
    """Hide that a script that is read from stdin says its file is "<stdin>", which no worker could import."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or not os.path.basename(file).startswith("<"):
        yield
        return
    del main.__file__
    try:
        yield
    finally:
        main.__file__ = file


_board: Any = None  # in a worker: where the steps of jobs in flight stand


def _told(attempt: Callable[[Callable[[Any], Any], Any], Any], function: Any, job: Any, place: int) -> Any:
    """Call attempt(function, job) in a worker, where the function's steps go on the board."""

    def heard(_: Any, steps: int) -> None:
        _board[place] = steps

    if isinstance(function, Stepping):
        function = Stepping(function.function, heard)
    return attempt(function, job)


def _wait_for_all(sentinels: list[int]) -> None:
    """Wait for processes to end, without taking their exit codes from whoever waits for those."""
    left = set(sentinels)
    while left:
        left -= set(wait_for(left))


def _start_worker(started: Event, board: Any, ends: Connection) -> None:
    """Leave Ctrl-C to the parent, end when that does, and keep numeric libraries to one thread a process.

    Runs before the first job imports numpy.  BLAS threads of several workers would spin against each other: with two
    workers on two cores a sample then takes 2.6 times as long.
    """
    global _board
    _board = board
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    started.set()
    listening()
    threading.Thread(target=_end_with, args=(ends,), daemon=True).start()


def _end_with(ends: Connection) -> None:
    """End this process, in the midst of its work, once the parent is gone: its end of the pipe is then shut.

    Else it would wait for jobs for ever.  What it was writing is under a temporary name.  The sentinel, on Windows the
    parent's handle, says the same in another way: there several processes wait on one pipe.
    """
    parent = multiprocessing.parent_process()
    wait_for([ends, *([parent.sentinel] if parent is not None else [])])
    os._exit(1)
