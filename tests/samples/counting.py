"""Small samples to be counted."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from figureground.core.nouns import Box, Look
from figureground.core.record import DepthMeaning, FigureRecord, Record
from figureground.samples.count import Base, Counted, Counts, counts_of
from figureground.samples.stats import Statistics
from figureground.samples.tally import Tally

Arrays = Mapping[str, np.ndarray[Any, Any]]


def figure(
    area: int, box: Box | None, foreground: str = "fg0", placement: str = "ground", seen: float = 1.0
) -> FigureRecord:
    """Return the record of a figure of which this is seen."""
    return FigureRecord(
        foreground, placement, 0, 0, 10, 15, 1.0, False, box, area, seen, None, 0, None, None, None, Look()
    )


def record(*figures: FigureRecord, background: str = "bg0", depths: tuple[str, ...] = ("depth",)) -> Record:
    """Return the record of a training sample whose depth is in millimetres, 0 where unknown."""
    meaning = DepthMeaning("m", "larger is farther", 0.001, 0.0, 0, 1.0)
    return Record(0, "", background, 0, False, "train", figures, dict.fromkeys(depths, meaning))


def counted(
    about: Record,
    stored: Arrays,
    decoded: Arrays | None = None,
    sizes: Mapping[str, int] | None = None,
    bases: Mapping[str, Base] | None = None,
    changed: tuple[slice, slice] = (slice(None), slice(None)),
) -> Statistics:
    """Return the statistics of one sample; an image of one byte if nothing is said of sizes."""
    return alone(about, counts_of(Counted(about, stored, sizes or {"image": 1}, decoded, bases or {}, changed)))


def alone(about: Record, found: Counts) -> Statistics:
    """Return the statistics of one sample."""
    tally = Tally()
    tally.add(about, found)
    return tally.statistics()


def as_read(stored: Arrays) -> Arrays:
    """Return layers as they are read back where no coding loses anything."""
    return {**stored, "mask": stored["mask"] * np.uint8(255)}


def one(seed: int, checked: bool = False) -> tuple[Statistics, dict[str, np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(seed)
    mask = np.zeros((48, 48), bool)
    y, x = rng.integers(0, 30, 2)
    mask[y : y + 15, x : x + 10] = True
    stored = {
        "image": rng.integers(0, 256, (48, 48, 3), np.uint8),
        "mask": mask,
        "depth": rng.integers(0, 65536, (48, 48)).astype(np.uint16),
    }
    own = figure(
        int(mask.sum()),
        (int(x), int(y), int(x) + 10, int(y) + 15),
        f"fg{seed % 3}",
        "ground" if seed % 2 else "uniform",
        (seed % 21) / 20,
    )
    sizes = {"image": 100 + seed % 50, "mask": 20}
    about = record(own, background=f"bg{seed % 2}")
    return counted(about, stored, as_read(stored) if checked else None, sizes), stored


def add_all(parts: list[Statistics]) -> Statistics:
    return functools.reduce(Statistics.__add__, parts, Statistics())
