"""What does reading cost?  CPU and wall-clock microseconds a sample, medians of rounds by turns in one run.

    python -m bench.read DATASET [--samples 2000] [--quick] [--json]

The same samples are read each way, with one thread a process: their bytes; decoded from memory, by Pillow alone and as
it is installed, which is the limit; their records; whole, in the order of their numbers and shuffled over all parts,
as training does; rendered in batches of 32, where the dataset can be, beside what making and encoding them for a part
takes, from which follows how many epochs storing pays off after.  Then as bytes and as batches of tensors by
PyTorch's loader in this process and with two workers, beside the same samples exported for webdataset, whose tars come
in their own order: its bytes, and its samples decoded by our `decode` and by its own "rgb8".  CPU time is that of all
processes.

--quick: 400 samples, two rounds and one of what has workers, in about a minute.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.read_loaders import loaders
from figureground import Dataset, FigureGroundError, open_dataset
from figureground.dataset.names import CATALOG
from figureground.image import quick_jpeg
from figureground.samples import codec
from figureground.samples.maker import Maker

ROUNDS, BATCH = 5, 32
QUICK = 2, 1  # rounds, and those of ways with workers
AT_HAND = 200  # samples whose members are decoded from memory
Order = Sequence[int]
Way = Callable[[Order], object]  # reads those samples
ORDERED, SHUFFLED = "in order", "shuffled"
RENDERED, MADE = "rendered when read", "made as for a part"


@dataclass(frozen=True)
class Row:
    """Medians of a way, microseconds a sample.  `workers`: processes beside this one."""

    way: str
    order: str
    workers: int
    samples: int
    cpu_us: float
    wall_us: float


def cpu() -> float:
    """Return the CPU-seconds of this process and of the workers that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(read: Way, order: Order) -> tuple[float, float]:
    """Return the (CPU, wall-clock) microseconds that a sample takes."""
    start, began = cpu(), time.perf_counter()
    read(order)
    return (cpu() - start) * 1e6 / len(order), (time.perf_counter() - began) * 1e6 / len(order)


def each(read: Callable[[int], object]) -> Way:
    """Return the way that reads one sample after the other and keeps none."""

    def way(order: Order) -> None:
        for i in order:
            read(i)

    return way


def batched(batch: Callable[[list[int]], object]) -> Way:
    """Return the way that reads batches and keeps none."""

    def way(order: Order) -> None:
        for i in range(0, len(order), BATCH):
            batch(list(order[i : i + BATCH]))

    return way


def from_memory(data: Dataset, layers: Sequence[str] | None = None, pillow: bool = False) -> Way:
    """Return the way that decodes members which are at hand, and does nothing else; `pillow`: by Pillow alone."""
    at_hand = [(data.record(i), data.members(i, layers)) for i in range(min(len(data), AT_HAND))]

    def way(order: Order) -> None:
        for i in order:
            record, found = at_hand[i]
            for layer, member in found.items():
                if pillow:
                    codec.pixels(member)
                else:
                    codec.decode(layer, member, record.depths.get(layer))

    return way


def ways(dataset: Path) -> dict[str, Way]:
    """Return the ways of reading in this process, by name."""
    data, images = open_dataset(dataset), open_dataset(dataset, layers=["mask"])
    found: dict[str, Way] = {
        "bytes": each(data.members),
        "records": each(data.record),
        "decoding alone, Pillow": from_memory(data, pillow=True),
        "decoding alone": from_memory(data),
        "decoding alone, image and mask": from_memory(data, ["image", "mask"]),
        "whole": batched(data.batch),
        "whole, just opened": lambda some: batched(open_dataset(dataset).batch)(some),
        "image and mask": batched(images.batch),
    }
    try:
        virtual = open_dataset(dataset, virtual=True)
    except FigureGroundError:
        return found
    maker = Maker(virtual.job, virtual.catalog, data.store.below(CATALOG))
    return {**found, RENDERED: batched(virtual.batch), MADE: batched(lambda some: list(maker.make(some)))}


def measured(dataset: Path, samples: int, rounds: int, shared: int) -> tuple[list[Row], dict[str, str]]:
    """Return a row of each way, and why there is none of others.  `shared`: rounds of ways with workers, whose start
    takes seconds."""
    data = open_dataset(dataset)
    shuffled: list[int] = np.random.default_rng(0).permutation(len(data))[:samples].tolist()
    ordered = sorted(shuffled)
    asked: dict[tuple[str, str, int], tuple[Way, Order]] = {}
    for name, way in ways(dataset).items():
        if name.startswith("decoding"):  # has no order
            asked[name, "", 0] = way, range(min(len(data), AT_HAND))
            continue
        some = min(samples, 10 * BATCH) if name in (RENDERED, MADE) else samples
        asked[name, ORDERED, 0] = way, ordered[:some]
        asked[name, SHUFFLED, 0] = way, shuffled[:some]
    times: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        found, skipped = loaders(dataset, Path(folder), ordered)
        for (name, workers), way in found.items():
            order = (ORDERED, ordered) if "webdataset" in name else (SHUFFLED, shuffled)
            asked[name, order[0], workers] = way, order[1]
        for turn in range(rounds):
            for key, (way, order_of_it) in asked.items():
                if key[2] and turn >= shared:
                    continue
                times.setdefault(key, []).append(timed(way, order_of_it))
    rows = []
    for key, both in times.items():
        cpu_us, wall_us = (round(statistics.median(one), 1) for one in zip(*both, strict=True))
        rows.append(Row(*key, len(asked[key][1]), cpu_us, wall_us))
    return rows, skipped


def break_even(rows: Sequence[Row]) -> float | None:
    """Return after how many epochs, in an order that is shuffled, making samples once and reading them has taken less
    CPU time than rendering them each time; inf for never, None where the dataset cannot be rendered."""
    took = {(row.way, row.order): row.cpu_us for row in rows if not row.workers}
    if (RENDERED, SHUFFLED) not in took:
        return None
    saved = took[RENDERED, SHUFFLED] - took["whole", SHUFFLED]
    return took[MADE, ORDERED] / saved if saved > 0 else math.inf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="fewer samples and rounds")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    chosen = parser.parse_args()
    data = open_dataset(chosen.dataset)
    samples = min(400 if chosen.quick else chosen.samples, len(data))
    rows, skipped = measured(chosen.dataset, samples, *(QUICK if chosen.quick else (ROUNDS, ROUNDS)))
    if quick_jpeg.simplejpeg() is None:
        skipped["simplejpeg"] = "not installed: JPEGs are decoded by Pillow"
    if chosen.json:
        about = {"samples": samples, "parts": data.parts, "rows": [asdict(row) for row in rows], "skipped": skipped}
        about["break_even_epochs"] = break_even(rows)
        print(json.dumps(about))
        return
    print(f"{samples:,} of {len(data):,} samples in {data.parts:,} parts; microseconds a sample")
    for row in rows:
        rate = f"{1e6 / row.wall_us:9,.0f} samples/s"
        print(
            f"{row.way:<34}{row.order:<10}{row.workers} workers  CPU {row.cpu_us:8.0f}  wall {row.wall_us:8.0f}{rate}"
        )
    if (epochs := break_even(rows)) is not None:
        print(f"Storing takes less CPU time than rendering when read from {epochs:.1f} shuffled epochs on.")
    for name, why in skipped.items():
        print(f"{name}: {why}")


if __name__ == "__main__":
    main()
