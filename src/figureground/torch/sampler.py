"""An order of samples that is a function of seed and epoch, and that goes on from where a training stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from figureground.core import random
from figureground.core.errors import FigureGroundError
from figureground.torch.draws import Asked

_AT_ONCE = 4096  # numbers that are objects at a time


class ResumableSampler(Sampler[int]):
    """Numbers 0..n - 1, each once an epoch, in an order that (seed, epoch) decides.

    `start`: how many of the epoch's numbers are used up, by all ranks together.  Of `world` ranks each takes every
    world-th of the others; so that all take as many, the first are taken again where they do not divide.  Numbers say
    their epoch to `CompositeDataset`, whose transforms draw anew in each.
    """

    def __init__(self, n: int, seed: int = 0, epoch: int = 0, start: int = 0, *, rank: int = 0, world: int = 1) -> None:
        if not 0 <= rank < world:
            raise FigureGroundError(f"rank {rank} of {world}", "ResumableSampler", "a rank is 0 to world - 1")
        if not 0 <= start <= n or epoch < 0:
            raise FigureGroundError(
                f"epoch {epoch}, start {start}, {n} samples",
                "ResumableSampler",
                "an epoch is 0 or more, and start is 0 to n",
            )
        self.n, self.seed, self.epoch, self.start = n, seed, epoch, start
        self.rank, self.world = rank, world

    def __len__(self) -> int:
        return -(-(self.n - self.start) // self.world)

    def __iter__(self) -> Iterator[int]:
        words = random.bits(self.seed, np.arange(self.n), f"torch/order/{self.epoch}")
        left = np.argsort(words, kind="stable")[self.start :]
        # numpy's resize repeats; a copy of the rank's own, so that the others are let go
        mine = np.resize(left, len(self) * self.world)[self.rank :: self.world].copy()
        return _asked(mine, self.epoch)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, from its first number."""
        self.epoch, self.start = epoch, 0

    def state_dict(self, taken: int) -> dict[str, int]:
        """Return what goes on after `taken` more numbers of each rank, those that it has trained on since `start`.

        The sampler cannot count them: a loader with workers asks for numbers long before their samples are used.
        """
        used = min(self.n, self.start + taken * self.world)
        return {"n": self.n, "seed": self.seed, "epoch": self.epoch, "start": used}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from a state, also of another number of ranks.  Raises FigureGroundError for other data."""
        if state["n"] != self.n:
            raise FigureGroundError(
                f"the state is of {state['n']:,} samples, and these are {self.n:,}",
                "ResumableSampler",
                "go on with the dataset and split that it was begun with",
            )
        self.seed, self.epoch, self.start = state["seed"], state["epoch"], state["start"]


def _asked(numbers: NDArray[np.int64], epoch: int) -> Iterator[Asked]:
    for first in range(0, len(numbers), _AT_ONCE):
        for number in numbers[first : first + _AT_ONCE].tolist():
            yield Asked(number, epoch)
