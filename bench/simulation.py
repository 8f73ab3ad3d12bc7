"""A discrete-event model of a build on many machines: what `simulate.py` runs.  All by a seed; times in seconds.

Workers take parts from one driver, work, and write them to one store.  Each has one part at hand beside the one that it
makes, and gets another when the driver has taken note of a finished one.  Machines end and come back; what they had in
hand is made again, up to a bound.  Before and after the parts stands what the driver does alone.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.simulated import HOUR, LISTED, Result, World, part_seconds, puts


@dataclass
class _Worker:
    """`life` counts its lives, so that what was due in an earlier one is void; `part` -1: it has none."""

    machine: int
    part: int = -1
    begun: float = 0.0
    life: int = 0


class Simulation:
    """One run of a world."""

    def __init__(self, world: World, seconds: NDArray[np.float64] | None = None) -> None:
        self.world = world
        self.seconds = part_seconds(world) if seconds is None else seconds
        self.waiting = deque(range(round(len(self.seconds) * world.done), len(self.seconds)))
        self.left = len(self.waiting)
        self.result = Result(times_made=np.zeros(len(self.seconds), np.int64))
        self.losses: dict[int, int] = {}
        random, slow = np.random.default_rng([world.seed, 2]), world.slow_machines
        self.speed = np.exp(random.normal(-(slow**2) / 2, slow, world.machines)) if slow else np.ones(world.machines)
        self.lives = [np.random.default_rng([world.seed, 3, k]) for k in range(world.machines)]
        self.workers = [_Worker(n // world.workers) for n in range(world.machines * world.workers)]
        self.ready, self.idle = deque[int](), deque[tuple[int, int]]()  # parts at hand; workers, in which life
        self.events: list[tuple[float, int, _Step, int, int]] = []
        self.order = itertools.count()
        self.driver_free = self.slot_free = self.lane_free = 0.0
        self.wire_free = np.zeros(world.machines)
        self.now = self.driver_s = 0.0

    def run(self) -> Result:
        """Make all parts; return what it took."""
        self._begin()
        for _ in range(2 * len(self.workers)):
            self._give()
        for number in range(len(self.workers)):
            self._at(self.world.costs.start_s, Simulation._next, number)
        for machine in range(self.world.machines):
            self._live(machine, 0.0)
        for moment in self.world.ends:
            heapq.heappush(self.events, (moment, next(self.order), Simulation._end, 0, 0))
        last = 0.0
        while self.left and self.events:
            self.now, _, step, number, life = heapq.heappop(self.events)
            if step in _OF_MACHINES or life == self.workers[number].life:
                step(self, number)
                last = self.now if step is Simulation._written else last
        self.result.make_s = max(last, self.now, self.driver_free)
        self._finish()
        return self.result

    def _at(self, moment: float, step: _Step, number: int) -> None:
        heapq.heappush(self.events, (moment, next(self.order), step, number, self.workers[number].life))

    def _live(self, machine: int, since: float) -> None:
        """Let a machine that is there since a moment end some day."""
        if math.isfinite(self.world.mean_life_h):
            life = self.lives[machine].exponential(self.world.mean_life_h * HOUR)
            heapq.heappush(self.events, (since + life, next(self.order), Simulation._end_of_life, machine, 0))

    def _give(self) -> None:
        """Let the driver put one more part at hand, for whoever is idle."""
        if self.waiting:
            self.ready.append(self.waiting.popleft())

    def _wake(self) -> None:
        while self.ready and self.idle:
            number, life = self.idle.popleft()
            if life == self.workers[number].life:
                self._next(number)

    def _next(self, number: int) -> None:
        """Let a worker begin a part that is at hand, or be idle."""
        worker = self.workers[number]
        if not self.ready:
            self.idle.append((number, worker.life))
            return
        worker.part, worker.begun = self.ready.popleft(), self.now
        self.result.times_made[worker.part] += 1
        self._at(self.now + self.world.costs.gap_s + self._took(worker), Simulation._worked, number)

    def _took(self, worker: _Worker) -> float:
        return float(self.seconds[worker.part] * self.speed[worker.machine])

    def _worked(self, number: int) -> None:
        """A part is made: it is written."""
        worker = self.workers[number]
        self._at(self._written_at(worker.machine, self._bytes(worker.part)), Simulation._written, number)

    def _bytes(self, part: int) -> float:
        world = self.world
        return min(world.part_size, world.samples - part * world.part_size) * world.costs.bytes

    def _written_at(self, machine: int, size: float) -> float:
        """Return when a part's labels, sidecar and zip are written, whose bytes share their machine's wire and the
        storage."""
        storage, costs = self.world.storage, self.world.costs
        total = size + costs.sidecar_bytes + self.world.part_size * costs.labels_bytes
        asked, turns = puts(size)
        asked, turns = asked + 2, turns + 2  # labels and sidecar
        self.result.questions["PUT"] = self.result.questions.get("PUT", 0) + asked
        self.wire_free[machine] = max(self.wire_free[machine], self.now) + total / storage.machine_bytes_per_s
        self.lane_free = max(self.lane_free, self.now) + total / storage.bytes_per_s
        self.slot_free = max(self.slot_free, self.now) + asked / storage.puts_per_s
        return float(max(self.wire_free[machine], self.lane_free, self.slot_free) + turns * storage.latency_s)

    def _written(self, number: int) -> None:
        """A part is finished: its worker goes on, and the driver takes note of it, one after another."""
        worker, result, costs = self.workers[number], self.result, self.world.costs
        result.work_s += self._took(worker)
        result.write_s += self.now - worker.begun - self._took(worker)
        worker.part = -1
        self.left -= 1
        look_s = costs.look_s if costs.note_questions else 0.0
        spent = costs.note_s + look_s + self.world.storage.alone(costs.note_questions)
        self.driver_free = max(self.driver_free, self.now) + spent
        self.driver_s += spent
        heapq.heappush(self.events, (self.driver_free, next(self.order), Simulation._noted, 0, 0))
        self._next(number)

    def _noted(self, _: int) -> None:
        self._give()
        self._wake()

    def _end_of_life(self, machine: int) -> None:
        self._live(machine, self._end(machine))

    def _end(self, machine: int) -> float:
        """A machine ends, or, in a pool, all workers with it; return when there is another."""
        gone = [n for n, worker in enumerate(self.workers) if self.world.pool or worker.machine == machine]
        suspects = []
        for worker in map(self.workers.__getitem__, gone):
            if worker.part >= 0:
                suspects.append(worker.part)
                self.result.lost_s += self.now - worker.begun
                self.result.losses += 1
            worker.life, worker.part = worker.life + 1, -1
        start = self.world.costs.start_s
        back = self._alone(suspects) if self.world.pool else self.now + self.world.return_s + start
        if not self.world.pool:
            self._again(suspects)
        for number in gone:
            self._at(back, Simulation._next, number)
        return back

    def _again(self, suspects: Sequence[int]) -> None:
        """Put parts back to be made first, but those that lost their worker too often."""
        for part in reversed(suspects):
            self.losses[part] = self.losses.get(part, 0) + 1
            if self.losses[part] >= self.world.most_losses:
                self.result.given_up.append(part)
                self.left -= 1
            else:
                self.ready.appendleft(part)
        self._wake()

    def _alone(self, suspects: Sequence[int]) -> float:
        """Make parts, and those at hand, one by one, each by a worker of its own; return when a new pool is there."""
        began, at = self.now, self.now
        suspects = [*suspects, *self.ready]
        self.ready.clear()
        for part in suspects:
            self.now = at + self.world.costs.start_s + float(self.seconds[part])
            at = self._written_at(0, self._bytes(part))
            self.result.work_s += float(self.seconds[part])
            self.result.write_s += at - self.now
            self.result.times_made[part] += 1
            self.left -= 1
        self.now, self.driver_free = began, max(self.driver_free, at)
        for _ in suspects:
            self._give()
        return at + self.world.costs.start_s

    def _begin(self) -> None:
        """Reckon what the driver does before the first part is begun, and the workers' verifying of what is there."""
        costs, storage, parts = self.world.costs, self.world.storage, len(self.seconds)
        there = parts - len(self.waiting)
        asked = costs.begin_questions * len(self.waiting) + costs.look_questions * there
        lists = 8 * math.ceil(there / LISTED)  # of zips and of sidecars, four times
        size = self.world.part_size * self.world.costs.bytes
        each = storage.alone(costs.verify_questions, 1) + size / costs.hashed_bytes_per_s
        wire = size * self.world.workers / storage.machine_bytes_per_s  # where all of a machine read at once
        verified = there * max(each, wire) / len(self.workers)
        self.result.begin_s = storage.alone(asked) + storage.alone(lists, 1) + costs.look_s * there + verified
        self.result.questions["GET"], self.result.questions["LIST"] = asked + costs.verify_questions * there, lists

    def _finish(self) -> None:
        """Reckon what the driver does after the last part, and how much was in use of what parts share."""
        world, costs, storage, result = self.world, self.world.costs, self.world.storage, self.result
        parts, spent = len(self.seconds), max(result.make_s, 1e-9)
        read = 2 * parts * costs.sidecar_bytes + 2 * world.samples * costs.labels_bytes
        waits = storage.alone(costs.finish_questions * parts) + storage.alone(costs.labels_questions * parts, 1)
        result.finish_s = waits + read / storage.machine_bytes_per_s + parts * costs.look_s
        result.finish_s += world.samples * costs.finish_s
        asked = (costs.finish_questions + costs.labels_questions) * parts
        result.questions["GET"] += asked + costs.note_questions * (parts - round(parts * world.done))
        asked_for_parts = result.questions.get("PUT", 0.0)
        renewals = result.seconds / 6  # of the lock: a listing and a writing each
        result.questions["LIST"] += renewals
        result.questions["PUT"] = asked_for_parts + renewals
        written = (parts - round(parts * world.done)) * costs.sidecar_bytes + world.samples * costs.bytes
        result.use = {
            "the workers": (result.work_s + result.lost_s) / (len(self.workers) * spent),
            "the driver beside the parts": min(1.0, self.driver_s / spent),
            "questions to the storage": asked_for_parts / storage.puts_per_s / spent,
            "bytes to the storage": written / storage.bytes_per_s / spent,
            "a machine's network": written / world.machines / storage.machine_bytes_per_s / spent,
        }


def simulate(world: World, seconds: NDArray[np.float64] | None = None) -> Result:
    """Return what a build takes; `seconds`: the work of each part, drawn where it is not given."""
    return Simulation(world, seconds).run()


_Step = Callable[[Simulation, int], object]
_OF_MACHINES = {Simulation._end, Simulation._end_of_life, Simulation._noted}
