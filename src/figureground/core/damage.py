"""What is wrong in a dataset, told by one value, and what a look at a dataset found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was made.

    `part`: the file in which it is, of a part or another of the dataset's; None for the dataset as such.  `sample`: its
    number in the dataset; None where it is not one sample's.  `what`: what is there, and what would be there.
    """

    part: str | None
    sample: int | None
    what: str

    def __str__(self) -> str:
        where = [self.part or "the dataset", *([] if self.sample is None else [f"sample {self.sample}"])]
        return f"{', '.join(where)}: {self.what}"


def in_order(found: Iterable[Damage]) -> tuple[Damage, ...]:
    """Return damages by file and sample, each once."""
    return tuple(
        sorted(dict.fromkeys(found), key=lambda one: (one.part or "", -1 if one.sample is None else one.sample))
    )
