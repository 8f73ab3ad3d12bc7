"""Which samples have no depth at all, because the network gave none, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from figureground.samples.stats import Statistics

_NAMED = 10


@dataclass
class Lacking:
    """The numbers of samples without depth, in order, and how many there are for each reason."""

    samples: list[int] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, statistics: Iterable[Statistics]) -> None:
        """Take in what some statistics say."""
        for one in statistics:
            self.samples = sorted({*self.samples, *map(int, one.no_depth)})
            self.reasons.update(one.no_depth_why)

    def note(self, sample: int, reason: str) -> None:
        """Take in one sample."""
        self.samples = sorted({*self.samples, sample})
        self.reasons[reason] += 1

    @property
    def named(self) -> str:
        """The samples in words: "samples 3, 17 and 20"; not all of many."""
        first = [str(number) for number in self.samples[:_NAMED]]
        more = f" and {len(self.samples) - _NAMED} more" if len(self.samples) > _NAMED else ""
        return f"sample{'s' if len(self.samples) != 1 else ''} {', '.join(first)}{more}"

    @property
    def why(self) -> str:
        """The reasons, the most common first."""
        return "; ".join(reason for reason, _ in self.reasons.most_common())
