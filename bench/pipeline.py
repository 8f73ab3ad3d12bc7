"""Where does the time of a sample go?  Milliseconds a step on one core, medians of five rounds in one run.

    python bench/pipeline.py DATASET [--set section.key=value ...] [--samples 200]

DATASET is a dataset's folder with its catalog.  Parts are written to a temporary folder, as a build writes them;
"write" is the zip and the sum of the statistics.  With --read, reading stored parts is compared with rendering the same
samples on the fly (`open_dataset(..., virtual=True)`).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from figureground import open_dataset
from figureground.core.recipe_toml import parse
from figureground.core.store import FolderStore
from figureground.dataset import parts
from figureground.dataset.names import CATALOG, RECIPE, recipe_in
from figureground.ingest.catalog import load_catalog
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples.maker import Maker

ROUNDS = 5


def steps(dataset: Path, settings: list[str], samples: int) -> None:
    """Print what making and writing samples costs."""
    store = FolderStore(dataset)
    recipe = parse((dataset / RECIPE).read_text(encoding="utf-8"), RECIPE, recipe_in(store).root, settings)
    job, catalog = resolve(recipe, prepared=True), load_catalog(store.below(CATALOG))
    maker = Maker(job, catalog, store.below(CATALOG))
    everything = plan.count(job.placing, catalog)
    list(maker.make(range(min(everything, samples // 4))))
    rows: list[dict[str, float]] = []
    for k in range(ROUNDS):
        indices = [i % everything for i in range(k * samples, (k + 1) * samples)]
        before, start = dict(maker.clock.seconds), time.perf_counter()
        with tempfile.TemporaryDirectory() as out, parts.writing(FolderStore(out), k, "bench") as part:
            for made in maker.make(indices):
                part.add(made)
        row = {step: maker.clock.seconds[step] - before[step] for step in before}
        whole = time.perf_counter() - start
        rows.append({**row, "write": whole - sum(row.values()), "whole": whole})
    middle = {step: statistics.median(row[step] for row in rows) for step in rows[0]}
    for step, seconds in middle.items():
        print(f"{step:<8}{seconds * 1000 / samples:8.2f} ms a sample {seconds / middle['whole']:6.0%}")
    print(f"{samples / middle['whole']:.0f} samples/s on one core")


def reading(dataset: Path, samples: int) -> None:
    """Print how fast stored samples are read and virtual ones rendered, in turn, from the same random indices."""
    start = time.perf_counter()
    virtual = open_dataset(dataset, virtual=True)
    print(f"opening {len(virtual):,} virtual samples: {time.perf_counter() - start:.3f} s")
    stored = open_dataset(dataset)
    chosen = np.random.default_rng(0).integers(0, len(stored), (ROUNDS, samples))
    near = np.sort(chosen, 1)
    ways: dict[str, Callable[[list[int]], object]] = {
        "stored, random order": lambda rows: [stored[i] for i in rows],
        "virtual, random order": virtual.batch,
        "stored, in order": lambda rows: [stored[i] for i in rows],
        "virtual, in order": virtual.batch,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    virtual.batch(list(range(min(64, len(virtual)))))
    for k in range(ROUNDS):
        for name, read in ways.items():
            rows = (chosen if "random" in name else near)[k].tolist()
            start = time.perf_counter()
            for i in range(0, samples, 32):
                read(rows[i : i + 32])
            times[name].append(time.perf_counter() - start)
    for name, seconds in times.items():
        print(f"{name:<24}{samples / statistics.median(seconds):8.0f} samples/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--read", action="store_true")
    chosen = parser.parse_args()
    if chosen.read:
        reading(chosen.dataset, chosen.samples)
    else:
        steps(chosen.dataset, chosen.settings, chosen.samples)


if __name__ == "__main__":
    main()
