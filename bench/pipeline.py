"""What does a sample cost?  CPU-microseconds on one core, medians of rounds in one run.

    python bench/pipeline.py DATASET [--set section.key=value ...] [--samples 320]
    python bench/pipeline.py DATASET --against CHECKOUT OTHER

DATASET is a dataset's folder with its catalog (`build --catalog-only` is enough).  Samples are made, encoded and
counted as a build does it: `samples = N`, where every sample is another pair; the full order, in 16 places of the
product; and rendered when they are read, in shuffled batches of 32, as PyTorch asks for them.  Then the steps of
making them, in the order of the recipe; "write" is the zip and the sum of the statistics.

CHECKOUT is another version of figureground, OTHER the dataset whose catalog it made of the same photos: rounds of both
take turns, and their ratio is told.  `read.py` measures reading.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from figureground import open_dataset
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import parse
from figureground.dataset import parts
from figureground.dataset.names import CATALOG, RECIPE, recipe_in
from figureground.ingest.catalog import load_catalog
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples.maker import Maker

ROUNDS, BATCH, PLACES = 5, 32, 16
WAYS = "samples = N", "full order", "when read"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def maker_of(dataset: Path, recipe: Recipe) -> tuple[Maker, int]:
    """Return the maker of a dataset's samples, and how many there are."""
    store = FolderStore(dataset).below(CATALOG)
    job, catalog = resolve(recipe, prepared=True), load_catalog(store)
    return Maker(job, catalog, store), plan.count(job.placing, catalog)


def cost(work: Callable[[], object], samples: int) -> float:
    """Return the CPU-microseconds a sample."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e6 / samples


def few(dataset: Path, recipe: Recipe, samples: int) -> float:
    """Return the cost where `samples` = N."""
    wanted = dataclasses.replace(recipe.placement, samples=2 * samples)
    maker, _ = maker_of(dataset, dataclasses.replace(recipe, placement=wanted))
    list(maker.make(range(samples)))
    return cost(lambda: list(maker.make(range(samples, 2 * samples))), samples)


def full(dataset: Path, recipe: Recipe, samples: int) -> float:
    """Return the cost in full order, of samples that follow others of their background."""
    everything = dataclasses.replace(recipe.placement, samples="all")
    maker, count = maker_of(dataset, dataclasses.replace(recipe, placement=everything))
    each = samples // PLACES
    starts = [(2 * k + 1) * count // (2 * PLACES) for k in range(PLACES)]
    spent = 0.0
    for start in starts:
        list(maker.make(range(start - 40, start)))
        spent += cost(lambda start=start: list(maker.make(range(start, start + each))), samples)  # type: ignore[misc]
    return spent


def when_read(dataset: Path, recipe: Recipe, samples: int) -> float:
    """Return the cost of rendering shuffled batches."""
    data = open_dataset(dataset, virtual=True)
    get: Callable[[Sequence[int]], object] = getattr(data, "__getitems__", None) or (
        lambda some: [data[i] for i in some]
    )
    order = np.random.default_rng(0).permutation(len(data))[: 2 * samples].tolist()
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    half = len(batches) // 2
    for batch in batches[:half]:
        get(batch)
    return cost(lambda: [get(batch) for batch in batches[half:]], sum(map(len, batches[half:])))


def ways(dataset: Path, settings: list[str], samples: int) -> dict[str, float]:
    """Return what a sample costs each way."""
    recipe = recipe_of(dataset, settings)
    return dict(zip(WAYS, (way(dataset, recipe, samples) for way in (few, full, when_read)), strict=True))


def recipe_of(dataset: Path, settings: list[str]) -> Recipe:
    return parse((dataset / RECIPE).read_text(encoding="utf-8"), RECIPE, recipe_in(FolderStore(dataset)).root, settings)


def in_another_process(source: Path, dataset: Path, settings: list[str], samples: int) -> dict[str, float]:
    """Return `ways` as the figureground below `source` has it."""
    chosen = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, __file__, str(dataset), "--samples", str(samples), "--one-round", *chosen]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(versions: Sequence[tuple[Path, Path]], settings: list[str], samples: int) -> None:
    """Print what a sample costs each way in each version, (source, dataset), the first beside the others."""
    rounds: list[list[dict[str, float]]] = [[] for _ in versions]
    for _ in range(ROUNDS):
        for found, (source, dataset) in zip(rounds, versions, strict=True):
            found.append(in_another_process(source, dataset, settings, samples))
    for way in WAYS:
        here, *others = (statistics.median(one[way] for one in found) for found in rounds)
        beside = "".join(f"{other:8.0f} us there, {other / here:5.2f} times as much" for other in others)
        print(f"{way:<12}{here:8.0f} us a sample{beside}")
    first, second = (statistics.median(one[way] for one in rounds[0]) for way in WAYS[:2])
    print(f"samples = N costs {first / second:.2f} times what the full order does")


def steps(dataset: Path, settings: list[str], samples: int) -> None:
    """Print what the steps of making and writing samples cost."""
    maker, everything = maker_of(dataset, recipe_of(dataset, settings))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--samples", type=int, default=320)
    parser.add_argument("--against", nargs=2, type=Path, metavar=("CHECKOUT", "OTHER"))
    parser.add_argument("--one-round", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one_round:
        print(json.dumps(ways(chosen.dataset, chosen.settings, chosen.samples)))
        return
    versions = [(Path(__file__).parents[1] / "src", chosen.dataset)]
    if chosen.against:
        versions.append((chosen.against[0] / "src", chosen.against[1]))
    compare(versions, chosen.settings, chosen.samples)
    if not chosen.against:
        steps(chosen.dataset, chosen.settings, chosen.samples)


if __name__ == "__main__":
    main()
