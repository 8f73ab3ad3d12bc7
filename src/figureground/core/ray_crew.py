"""A crew of Ray actors for `engines.Ray`: how many there are, what each has in hand, and what became of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.ray_session import Cluster, Session
from figureground.core.ray_worker import Worker, versions
from figureground.core.stops import held

_LOOK_S = 0.2  # how long an answer is waited for at a time
_ASKS_A_SECOND = 100  # for steps, of all workers together: the driver is not to be kept busy by them
_COUNT_S = 10.0  # how often the cluster is asked how large it is
_END_S = 10.0  # for workers to end by themselves
_FALSE_STARTS = 3  # that follow each other, and then no worker is expected to start
_NO_ROOM_S = 300.0  # for a machine to come that is large enough for a worker
_TOLD_S = 30.0  # after which it is said that nothing happens
_IN_HAND = 2  # jobs a worker, so that it does not wait for its next

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Landing:
    """What became of a job: its outcome, or that its worker is lost.  `blamed`: the machine lives, so it died of this
    job, or of the other that it had in hand."""

    ticket: int
    outcome: Any = None
    lost: bool = False
    blamed: bool = False


@dataclass
class _Hand:
    """A worker.  `begun` is what it answers first; then it is `ready`.  `flights` are tickets by what is to come;
    `most`, how many there may be; `asked`, for its steps."""

    actor: Any
    begun: Any
    ready: bool = False
    machine: str = ""
    host: str = ""
    flights: dict[Any, int] = field(default_factory=dict)
    most: int = _IN_HAND
    asked: Any = None
    asked_at: float = 0.0


class RayCrew:
    """Workers for one function, until the block ends: then none of them is at work.

    There are no more than jobs, and as many as `limit` or, where that is 0, as the cluster has room for, also when it
    grows.  Lost ones are replaced.  `heard(ticket, steps)` is told how far jobs are.

    No call takes long, and a stop is put off until it has ended: one that Ray met would be a plain KeyboardInterrupt,
    and could leave it in the midst of something.
    """

    @held()
    def __init__(
        self, session: Session, cluster: Cluster, limit: int, heard: Callable[[int, int], None], begin: Sequence[Any]
    ) -> None:
        """`begin`: what `Worker.begin` is given."""
        self._session, self._ray, self._heard = session, session.ray, heard
        self._cluster, self._limit = cluster, limit
        methods = self._ray.remote(concurrency_groups={"meanwhile": 1})(Worker)
        self._actors = methods.options(
            num_cpus=cluster.cpus, num_gpus=cluster.gpus or None, max_restarts=0, max_task_retries=0
        )
        self._begin = tuple(self._ray.put(each) for each in begin)
        self._here = versions()
        self._hands: list[_Hand] = []
        self._false_starts = 0
        self._room, self._counted_at = 0, float("-inf")
        self._idle_since = time.monotonic()
        self._told = False

    def __enter__(self) -> RayCrew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with held():
            ending = [self._meanwhile(hand.actor.end) for hand in self._hands if hand.ready]
            if ending:
                self._ray.wait(ending, num_returns=len(ending), timeout=_END_S)
            for hand in self._hands:
                self._ray.kill(hand.actor)
            self._hands.clear()

    @held()
    def submit(self, ticket: int, job: Any, alone: bool = False) -> bool:
        """Give a job to the worker that has the least in hand, `alone` to one that has nothing and gets nothing else;
        return False where there is none."""
        free = [hand for hand in self._hands if hand.ready and len(hand.flights) < (1 if alone else hand.most)]
        if not free:
            return False
        hand = min(free, key=lambda hand: len(hand.flights))
        hand.flights[hand.actor.do.remote(ticket, job)] = ticket
        hand.most = 1 if alone else _IN_HAND
        return True

    @held()
    def landed(self, jobs: int) -> list[Landing]:
        """Wait a moment, or until something has happened, and return what became of jobs.  `jobs`: how many there are
        to do, with those in flight.  Raises FigureGroundError where no worker starts, or one is not as it must be."""
        self._hire(jobs)
        pending = {ref: hand for hand in self._hands for ref in self._pending(hand)}
        if not pending:
            time.sleep(_LOOK_S)
            return []
        done, _ = self._ray.wait(list(pending), num_returns=1, timeout=_LOOK_S)
        if done:
            done, _ = self._ray.wait(list(pending), num_returns=len(pending), timeout=0)
        landings: list[Landing] = []
        for ref in done:
            hand = pending[ref]
            if hand in self._hands:  # it may have been lost just now
                landings += self._taken(hand, ref)
        self._ask()
        return landings

    def _pending(self, hand: _Hand) -> Iterator[Any]:
        if not hand.ready:
            yield hand.begun
        yield from hand.flights
        if hand.asked is not None:
            yield hand.asked

    def _taken(self, hand: _Hand, ref: Any) -> list[Landing]:
        """Take what a worker has answered, or that it is lost."""
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            return self._lost(hand, error)
        if ref == hand.begun:
            self._start(hand, *answer)
        elif ref == hand.asked:
            hand.asked = None
            ticket, steps = answer
            if ticket in hand.flights.values():
                self._heard(ticket, steps)
        else:
            hand.most = _IN_HAND
            return [Landing(hand.flights.pop(ref), ForkingPickler.loads(answer))]
        return []

    def _start(self, hand: _Hand, machine: str, host: str, there: dict[str, str], refused: tuple[str, ...]) -> None:
        """Let a worker take jobs.  Raises FigureGroundError where it would not do as this process does."""
        if refused:
            what, where, remedy = refused
            raise FigureGroundError(f"on {host} of the cluster: {what}", where, remedy)
        if unlike := [f"{name} {there[name]}, not {ours}" for name, ours in self._here.items() if there[name] != ours]:
            raise FigureGroundError(
                f"{host} of the cluster has other versions: {', '.join(unlike)}",
                "--engine ray",
                "install the same on all machines: other versions may make other bytes",
            )
        hand.ready, hand.machine, hand.host = True, machine, host
        self._false_starts = 0

    def _lost(self, hand: _Hand, error: Any) -> list[Landing]:
        """Take a worker off the crew; its jobs are lost, but for those that it has answered."""
        self._hands.remove(hand)
        landings = [one for ref in list(hand.flights) for one in self._late(hand, ref)]
        if not hand.ready:
            self._false_start(error)
        elif hand.flights:
            unclear = isinstance(error, self._ray.exceptions.ActorUnavailableError)
            own = not (unclear or getattr(error, "preempted", False)) and self._machine_lives(hand)
            landings += [Landing(ticket, lost=True, blamed=own) for ticket in hand.flights.values()]
            _logger.warning("a worker on %s was lost (%s): its work is done again", hand.host, _why(error))
        self._ray.kill(hand.actor)
        return landings

    def _late(self, hand: _Hand, ref: Any) -> Iterator[Landing]:
        try:
            answer = self._ray.get(ref, timeout=0)
        except self._ray.exceptions.RayError:  # not answered in time, among them
            return
        yield Landing(hand.flights.pop(ref), ForkingPickler.loads(answer))

    def _false_start(self, error: Any) -> None:
        said = str(error)
        if "ModuleNotFoundError" in said or "ImportError" in said:
            missing = next((line.strip() for line in reversed(said.splitlines()) if "Error" in line), "")
            raise FigureGroundError(
                f"a machine of the cluster lacks what a worker imports: {missing}",
                "--engine ray",
                "install the same figureground, with the same extras, on every machine of the cluster",
            )
        self._false_starts += 1
        if self._false_starts == _FALSE_STARTS:
            raise FigureGroundError(f"workers do not start: {_why(error)}", "--engine ray", "mend the cause")

    def _machine_lives(self, hand: _Hand) -> bool:
        """Tell whether the machine of a lost worker is still a part of the cluster."""
        return any(node["Alive"] and node["NodeID"] == hand.machine for node in self._ray.nodes())

    def _ask(self) -> None:
        """Ask workers how far they are, each now and then."""
        pause, now = max(_LOOK_S, len(self._hands) / _ASKS_A_SECOND), time.monotonic()
        for hand in self._hands:
            if hand.flights and hand.asked is None and now - hand.asked_at >= pause:
                hand.asked, hand.asked_at = self._meanwhile(hand.actor.steps), now

    @staticmethod
    def _meanwhile(method: Any) -> Any:
        return method.options(concurrency_group="meanwhile").remote()

    def _hire(self, jobs: int) -> None:
        """Start workers as long as there are jobs for them, and room."""
        now = time.monotonic()
        if now - self._counted_at >= _COUNT_S:
            self._room, self._counted_at = self._places(), now
        for _ in range(min(jobs, self._limit or max(1, self._room)) - len(self._hands)):
            actor = self._actors.remote()
            self._hands.append(_Hand(actor, actor.begin.remote(*self._begin)))
        if any(hand.ready for hand in self._hands):
            self._idle_since, self._told = now, False
        elif self._session.local:
            return
        elif now - self._idle_since > _NO_ROOM_S and not self._room:
            raise FigureGroundError(
                f"no machine of the cluster has room for a worker, which asks for {self._asked()}",
                "--cpus-per-worker, --gpus-per-worker",
                "ask for less, or let larger machines join",
            )
        elif now - self._idle_since > _TOLD_S and not self._told:
            _logger.warning("waiting for the cluster: no worker of %s has started yet", self._asked())
            self._told = True

    def _asked(self) -> str:
        return f"{self._cluster.cpus:g} CPU and {self._cluster.gpus:g} GPU"

    def _places(self) -> int:
        """Return how many workers the machines that are there could have, if they did nothing else."""
        total = 0
        for node in self._ray.nodes():
            if node["Alive"]:
                has = node["Resources"]
                places = has.get("CPU", 0) / self._cluster.cpus
                if self._cluster.gpus:
                    places = min(places, has.get("GPU", 0) / self._cluster.gpus)
                total += int(places + 1e-9)
        return total


def _why(error: Any) -> str:
    """Return the first sentence of a Ray error that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if ":" not in line[:12] and not line.startswith("The actor died unexpectedly")]
    return (told or lines or [type(error).__name__])[0].partition(". ")[0]
