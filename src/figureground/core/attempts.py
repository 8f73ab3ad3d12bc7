"""A job is tried: its outcome is a value or an error, in this process or in a worker's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any

from figureground.core.steps import Stepping

TWICE = "a worker process died on this twice (killed, or out of memory)"


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or the error that it raised."""

    job: Any
    value: Any = None
    error: BaseException | None = None


class WorkerDiedError(Exception):
    """A worker process ended without an answer: killed, out of memory, or crashed in native code."""


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


def attempt(function: Callable[[Any], Any], job: Any) -> Outcome:
    """Do a job in a worker.  An answer that cannot travel to the parent is an error of its job, too."""
    (outcome,) = Serial().map(functools.partial(_sendable, function), [job])
    (sent,) = Serial().map(_round_trip, [outcome])
    return outcome if sent.error is None else Outcome(job, error=RuntimeError(f"{outcome.error!r} cannot be pickled"))


def _sendable(function: Callable[[Any], Any], job: Any) -> Any:
    return _round_trip(function(job))


def _round_trip(value: Any) -> Any:
    ForkingPickler.loads(ForkingPickler.dumps(value))
    return value
