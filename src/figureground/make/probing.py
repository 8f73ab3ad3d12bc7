"""The bias probes of a dataset: some of its samples, drawn over all splits, and what shortcuts give on them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from figureground.core import random
from figureground.core.errors import FigureGroundError
from figureground.dataset.stored import Dataset
from figureground.evaluate.probes import probes
from figureground.evaluate.seen import Seen, seen_of

SEED = 0
SAMPLES = 48
_LAYERS = ("image", "mask", "depth")


def drawn(total: int) -> list[int]:
    """Return up to SAMPLES numbers below `total`, in order: one is drawn from each of as many equal stretches."""
    count = min(SAMPLES, total)
    first = [k * total // count for k in range(count)]
    last = [(k + 1) * total // count - 1 for k in range(count)]
    return [int(n) for n in random.integers(SEED, range(count), "probes", first, last)] if count else []


def probes_of(data: Dataset) -> Mapping[str, Any]:
    """Return what statistics.json says of the probes, of a dataset whose parts are there.

    A sample at a time is held.  Raises FigureGroundError for one that is damaged, or the catalog's picture behind it.
    """
    some = Dataset(data.store, data.manifest, range(data.parts), _LAYERS)
    seen: list[Seen] = [seen_of(some.sample(i)) for i in drawn(len(some))]
    return probes(seen).to_json()


def probes_or_none(data: Dataset) -> Mapping[str, Any]:
    """Return the same; {} where a sample is damaged, with a warning: what else stands beside the parts needs none."""
    try:
        return probes_of(data)
    except FigureGroundError as error:
        logging.getLogger(__name__).warning("the probes are not taken: %s (%s)", error.what, error.where)
        return {}
