"""How far the jobs that an engine maps have come: told where a job runs, heard where the jobs were given out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Tick = Callable[[int], None]  # how many steps of its job are done; cheap, so it may be called at each


def untold(steps: int) -> None:
    """Tell nobody."""


def unheard(job: Any, steps: int) -> None:
    """Hear nothing."""


@dataclass(frozen=True)
class Stepping:
    """A function of a job that tells how many steps of it are done: an engine maps it like any other.

    `function(job, tick)`.  `heard(job, steps)` is called at each tick, where the job runs.  A pickled one tells nobody,
    so an engine that knows nothing of steps, and works in other processes, is heard when a job is done; `Processes`
    carries them over.  A job that is tried again begins again from 0 steps.
    """

    function: Callable[[Any, Tick], Any]
    heard: Callable[[Any, int], None] = unheard

    def __call__(self, job: Any) -> Any:
        return self.function(job, self.tick(job))

    def tick(self, job: Any) -> Tick:
        """Return what the function is to tell the steps of a job."""
        return functools.partial(self.heard, job)

    def __reduce__(self) -> tuple[type[Stepping], tuple[Callable[[Any, Tick], Any]]]:
        return Stepping, (self.function,)
