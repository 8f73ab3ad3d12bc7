"""What share of a depth network's own rate does a build with it keep?  `depth.source = "network"`, medians in one run.

    python bench/network_rate.py DATASET [--set depth.model=NETWORK ...] [--samples 64] [--rounds 5] [--workers 1 2]
                                 [--device cpu] [--json FILE]

DATASET is a dataset's folder with its catalog (`build --catalog-only` is enough).  Two ways take turns, on the same
samples and with the same session: *bare*, the network on batches of composites that lie ready in memory as it takes
them, and nothing else; and *build*, the same composites planned, rendered, resized, estimated, encoded, counted and
written into parts, as a build's worker does it.  Each of the workers is a process with one thread, pinned to a core of
its own where there are enough; all of them start a round together.  A share is bare seconds / build seconds of the same
round: of the clock from the common start to the last to finish, and of CPU time.

With `--device cuda` or `tensorrt` the same is measured; there the CPU's share says little, since the network runs
elsewhere.  Set `depth.batch`, and for transformers models `depth.precision`, with `--set`.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.folder_store import FolderStore
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import parse
from figureground.dataset import parts
from figureground.dataset.names import CATALOG, RECIPE, recipe_in
from figureground.ingest.catalog import load_catalog
from figureground.networks import depth
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples.maker import Maker

WAYS = "bare", "build"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is measured: samples a round of each worker, and how many rounds."""

    dataset: Path
    recipe: Recipe
    samples: int
    rounds: int


@dataclasses.dataclass(frozen=True)
class Spent:
    """Seconds of one round of one way: of the clock, and of this process's CPU time."""

    wall: float
    cpu: float


def recipe_of(dataset: Path, settings: Sequence[str]) -> Recipe:
    text = (dataset / RECIPE).read_text(encoding="utf-8")
    return parse(text, RECIPE, recipe_in(FolderStore(dataset)).root, list(settings))


def ready(maker: Maker, indices: Sequence[int]) -> list[NDArray[np.float32]]:
    """Return the composites of some samples as the network takes them: float32 batches in its card's layout."""
    card, batch = maker.network.card, maker.job.depth.batch
    window = depth.window_of(card, *maker.job.canvas.shape)
    pictures = [maker.render(scene).composite.image for scene in maker.scenes(indices)]
    prepared = [depth.prepare(card, picture, window) for picture in pictures]
    return [np.stack(prepared[i : i + batch]) for i in range(0, len(prepared), batch)]


def estimated(maker: Maker, batches: Sequence[NDArray[np.float32]]) -> None:
    """Run the network on ready batches."""
    for batch in batches:
        maker.network.run(batch)


def written(maker: Maker, indices: Sequence[int]) -> None:
    """Make samples, and write them as a part of a dataset, onto the disk."""
    with tempfile.TemporaryDirectory() as out, parts.writing(FolderStore(Path(out)), 0, "bench") as part:
        for made in maker.make(indices):
            part.add(made)


def timed(work: Callable[[], object], together: Barrier) -> Spent:
    """Do the work once all workers are there."""
    together.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def worker(wanted: Wanted, number: int, workers: int, together: Barrier, answers: Any) -> None:
    """Do both ways by turns, and answer with the rounds of each."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) >= workers:
        os.sched_setaffinity(0, {cores[number]})
    store = FolderStore(wanted.dataset).below(CATALOG)
    job, catalog = resolve(wanted.recipe, prepared=True), load_catalog(store)
    maker = Maker(job, catalog, store)
    count, batch = plan.count(job.placing, catalog), job.depth.batch
    written(maker, range(2 * batch))  # loads the network and warms what is kept
    found: dict[str, list[Spent]] = {way: [] for way in WAYS}
    for turn in range(wanted.rounds):
        first = (turn * workers + number) * wanted.samples
        indices = [i % count for i in range(first, first + wanted.samples)]
        batches = ready(maker, indices)
        found["bare"].append(timed(functools.partial(estimated, maker, batches), together))
        del batches
        found["build"].append(timed(functools.partial(written, maker, indices), together))
    answers.put(found)


def measured(wanted: Wanted, workers: int) -> dict[str, Any]:
    """Return medians for so many workers: samples a second of each way, milliseconds a sample, and shares."""
    context = multiprocessing.get_context("spawn")
    together, answers = context.Barrier(workers), context.Queue()
    crew = [context.Process(target=worker, args=(wanted, k, workers, together, answers)) for k in range(workers)]
    for one in crew:
        one.start()
    found = [answers.get() for _ in crew]
    for one in crew:
        one.join()
    samples = workers * wanted.samples
    walls = {way: [max(one[way][k].wall for one in found) for k in range(wanted.rounds)] for way in WAYS}
    cpus = {way: [sum(one[way][k].cpu for one in found) for k in range(wanted.rounds)] for way in WAYS}
    return {
        "workers": workers,
        **{f"{way}_per_s": samples / statistics.median(walls[way]) for way in WAYS},
        **{f"{way}_cpu_ms": statistics.median(cpus[way]) * 1000 / samples for way in WAYS},
        "share_wall": statistics.median(a / b for a, b in zip(walls["bare"], walls["build"], strict=True)),
        "share_cpu": statistics.median(a / b for a, b in zip(cpus["bare"], cpus["build"], strict=True)),
        "shares_wall": [a / b for a, b in zip(walls["bare"], walls["build"], strict=True)],
        "shares_cpu": [a / b for a, b in zip(cpus["bare"], cpus["build"], strict=True)],
    }


def about(wanted: Wanted) -> dict[str, Any]:
    """Return what was measured, and where."""
    job = resolve(wanted.recipe, prepared=True)
    model, how = job.depth.model, job.depth.running
    if model is None or not job.depth.on_composites:
        sys.exit('bench/network_rate.py: say --set depth.source=network, or "both"')
    return {
        "network": model.card.name,
        "sha256": model.sha256,
        "input": depth.input_shape(model.card, *job.canvas.shape),
        "canvas": job.canvas.shape,
        "device": how.device,
        "precision": how.precision,
        "batch": job.depth.batch,
        "samples": wanted.samples,
        "rounds": wanted.rounds,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    recipe = recipe_of(chosen.dataset, ["depth.source=network", f"depth.device={chosen.device}", *chosen.settings])
    wanted = Wanted(chosen.dataset, recipe, chosen.samples, chosen.rounds)
    told = about(wanted)
    print(", ".join(f"{name} {value}" for name, value in told.items() if name != "sha256"))
    rows = []
    for workers in chosen.workers:
        row = measured(wanted, workers)
        rows.append(row)
        print(
            f"{workers} workers: bare {row['bare_per_s']:.2f}/s {row['bare_cpu_ms']:.2f} CPU-ms, "
            f"build {row['build_per_s']:.2f}/s {row['build_cpu_ms']:.2f} CPU-ms, "
            f"share {row['share_wall']:.1%} of the clock's rate, {row['share_cpu']:.1%} of the CPU's"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps({**told, "measured": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
