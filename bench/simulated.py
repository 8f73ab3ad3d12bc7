"""What a simulated build is: its costs, its storage, its machines, and what it took.  Times in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PIECE = 16 * 2**20  # bytes: what is larger than two of these is uploaded in such pieces, four side by side
LISTED = 1000  # keys that one question lists
HOUR = 3600.0


@dataclass(frozen=True)
class Costs:
    """What `part_costs.py` and `scale.py` measured.

    `seconds`, `bytes`, `finish_s`, `labels_bytes`: a sample.  `spread`: the standard deviation of the logarithm of
    parts' times.  `look_s`: CPU of reading a sidecar.  `start_s`: until a worker takes its first part; `gap_s` between
    two parts, `note_s` of the driver's CPU as one is finished.  Questions are a part's: what the driver asks before the
    first part is begun, as each is finished, and at the end, `labels_questions` among them one after another; what it
    asks of a part that is there already, and what whoever verifies that asks.  `hashed_bytes_per_s`: of verifying.
    """

    seconds: float = 0.0024
    spread: float = 0.14
    bytes: float = 7000.0
    sidecar_bytes: float = 50_000.0
    labels_bytes: float = 232.0
    manifest_bytes_a_part: float = 850.0
    finish_s: float = 0.000014
    look_s: float = 0.0027
    start_s: float = 5.0
    gap_s: float = 0.0013
    note_s: float = 0.0007
    begin_questions: float = 0.0
    note_questions: float = 0.0
    finish_questions: float = 8.0
    labels_questions: float = 0.0
    look_questions: float = 2.0
    verify_questions: float = 5.0
    hashed_bytes_per_s: float = 4e8


@dataclass(frozen=True)
class Storage:
    """Object storage: seconds an answer takes, questions a second that it takes in one place, bytes a second.

    `side_by_side`: how many questions of its own the driver asks at a time.
    """

    latency_s: float = 0.02
    puts_per_s: float = 3500.0
    gets_per_s: float = 5500.0
    machine_bytes_per_s: float = 6e8
    bytes_per_s: float = 2e10
    side_by_side: int = 32

    def alone(self, questions: float, side_by_side: int | None = None) -> float:
        """Return the seconds that one machine waits for answers."""
        return questions * max(self.latency_s / (side_by_side or self.side_by_side), 1 / self.gets_per_s)


@dataclass(frozen=True)
class World:
    """A build.  `mean_life_h`: of a machine until it fails or is taken away; `return_s` until another takes its place.

    `ends`: moments at which machine 0 ends, besides.  `pool`: that a lost worker ends them all and its parts are tried
    one by one, as processes are; else a machine ends alone.  `straggling`: the share of parts that take
    `straggler` times as long.  `slow_machines`: the spread of machines' speeds, as a lognormal has it.  `done`: the
    share of parts that are finished already.
    """

    samples: int = 100_000_000
    part_size: int = 1000
    machines: int = 1
    workers: int = 16
    costs: Costs = Costs()
    storage: Storage = Storage()
    mean_life_h: float = math.inf
    return_s: float = 180.0
    ends: tuple[float, ...] = ()
    pool: bool = False
    straggling: float = 0.0
    straggler: float = 4.0
    slow_machines: float = 0.0
    most_losses: int = 10
    done: float = 0.0
    seed: int = 0

    @property
    def parts(self) -> int:
        return -(-self.samples // self.part_size)


@dataclass
class Result:
    """What a build took.  `work_s`: of parts that were kept; `lost_s`: of work that was not; `times_made`: of each
    part, kept or not; `given_up`: parts that lost their worker too often.  `questions` of each kind."""

    begin_s: float = 0.0
    make_s: float = 0.0
    finish_s: float = 0.0
    work_s: float = 0.0
    write_s: float = 0.0
    lost_s: float = 0.0
    losses: int = 0
    given_up: list[int] = field(default_factory=list)
    times_made: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    questions: dict[str, float] = field(default_factory=dict)
    use: dict[str, float] = field(default_factory=dict)  # of each resource while parts are made, 0..1

    @property
    def seconds(self) -> float:
        return self.begin_s + self.make_s + self.finish_s

    @property
    def bottleneck(self) -> str:
        """Return what the build waits for most: a step that the driver does alone, or what parts wait for."""
        steps = {"the driver before the parts": self.begin_s, "the driver after the parts": self.finish_s}
        longest = max(steps, key=steps.__getitem__)
        return longest if steps[longest] > self.make_s else max(self.use, key=self.use.__getitem__)


def part_seconds(world: World) -> NDArray[np.float64]:
    """Return the work of each part, the same whoever makes it and however often."""
    random = np.random.default_rng([world.seed, 1])
    sizes = np.full(world.parts, float(world.part_size))
    sizes[-1] = world.samples - world.part_size * (world.parts - 1)
    spread = world.costs.spread
    drawn = np.exp(random.normal(-(spread**2) / 2, spread, world.parts)) if spread else 1.0
    slow = np.where(random.random(world.parts) < world.straggling, world.straggler, 1.0)
    return np.asarray(sizes * world.costs.seconds * drawn * slow, np.float64)


def puts(size: float) -> tuple[int, int]:
    """Return how many questions writing an object takes, and how many of them one after another."""
    if size <= 2 * PIECE:
        return 1, 1
    pieces = math.ceil(size / PIECE)
    return pieces + 2, math.ceil(pieces / 4) + 2
