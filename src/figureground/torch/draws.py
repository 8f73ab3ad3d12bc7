"""What is random in a transform: a function of seed, sample, epoch, the transform's place, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from figureground.core import random


class Asked(int):
    """A sample's number that says which epoch asks for it.

    It goes to workers as any number does, so they know the epoch, those that outlive one too.
    """

    epoch: int

    def __new__(cls, number: int, epoch: int) -> Asked:
        made = super().__new__(cls, number)
        made.epoch = epoch
        return made

    def __reduce__(self) -> tuple[type[Asked], tuple[int, int]]:
        return Asked, (int(self), self.epoch)


def epoch_of(number: int) -> int:
    """Return the epoch that asks for a sample; 0 where nobody says."""
    return number.epoch if isinstance(number, Asked) else 0


@dataclass(frozen=True)
class Draw:
    """The draws of one transform for one sample.

    `index`: of its record, so that it is drawn alike in any selection.  `step`: which of the transforms it is, from 0.
    """

    seed: int
    index: int
    epoch: int = 0
    step: int = 0

    def uniform(self, purpose: str, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in [low, high), the same whenever it is asked for."""
        share = float(random.uniform(self.seed, self.index, f"torch/{self.epoch}/{self.step}/{purpose}"))
        return low + (high - low) * share
