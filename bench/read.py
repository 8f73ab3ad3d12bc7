"""What does reading cost?  CPU-microseconds a sample on one core, medians of five rounds in one run.

    python bench/read.py DATASET [--samples 2000]

The same samples are read in the order of their numbers and shuffled over all parts, as training does, from a dataset
that was just opened and from one that has been read before; as whole samples and as images and masks alone; and where
the dataset can be rendered when it is read, in batches of 32 on the fly.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from figureground import FigureGroundError, open_dataset

ROUNDS, BATCH = 5, 32
Read = Callable[[list[int]], object]


def timed(read: Read, order: Sequence[int]) -> float:
    """Return the CPU-microseconds that reading a sample takes."""
    start = time.process_time()
    for i in range(0, len(order), BATCH):
        read(list(order[i : i + BATCH]))
    return (time.process_time() - start) * 1e6 / len(order)


def ways(dataset: Path) -> dict[str, Callable[[], Read]]:
    """Return the ways of reading by name, each as what opens the dataset for it."""
    data, images = open_dataset(dataset), open_dataset(dataset, layers=["mask"])
    found: dict[str, Callable[[], Read]] = {
        "stored, just opened": lambda: open_dataset(dataset).batch,
        "stored": lambda: data.batch,
        "stored, image and mask": lambda: images.batch,
    }
    try:
        virtual = open_dataset(dataset, virtual=True)
    except FigureGroundError:
        return found
    return {**found, "virtual": lambda: virtual.batch}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    chosen = parser.parse_args()
    data = open_dataset(chosen.dataset)
    samples = min(chosen.samples, len(data))
    shuffled = np.random.default_rng(0).permutation(len(data))[:samples]
    orders = {"in order": np.sort(shuffled).tolist(), "shuffled": shuffled.tolist()}
    times: dict[tuple[str, str], list[float]] = {}
    opened = ways(chosen.dataset)
    for _ in range(ROUNDS):
        for name, start in opened.items():
            some = samples if name != "virtual" else min(samples, 10 * BATCH)
            for order, rows in orders.items():
                times.setdefault((name, order), []).append(timed(start(), rows[:some]))
    print(f"{samples:,} of {len(data):,} samples in {data.parts:,} parts; CPU-microseconds a sample")
    for name in opened:
        near, far = (statistics.median(times[name, order]) for order in orders)
        print(f"{name:<24} in order {near:8.0f}   shuffled {far:8.0f}   {far / near:5.2f} times")


if __name__ == "__main__":
    main()
