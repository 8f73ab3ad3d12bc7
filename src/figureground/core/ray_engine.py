"""The engine of many machines: what `engines.Ray` makes of a crew whose workers and machines may be lost."""

from __future__ import annotations

import itertools
import operator
import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from figureground.core.attempts import TWICE, Outcome, WorkerDiedError, attempt
from figureground.core.ray_crew import Landing, RayCrew
from figureground.core.ray_session import Cluster, Session, require_usable
from figureground.core.steps import Stepping

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
        begin = (attempt, function, tuple(self.conditions), os.getcwd())
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
        return Outcome(one.job, error=WorkerDiedError(TWICE))
    if one.lost == _LOST:
        return Outcome(one.job, error=WorkerDiedError(f"{_LOST} workers were lost with this, most with their machines"))
    one.suspect = one.suspect or landing.blamed
    return None
