"""Where does the time of a sample go?  Milliseconds a step on one core, medians of five rounds in one run.

    python bench/pipeline.py DATASET [--set section.key=value ...] [--samples 200]

DATASET is a dataset's folder with its catalog.  Parts are written to a temporary folder, as a build writes them;
"write" is the zip and the sum of the statistics.  `read.py` measures reading.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--samples", type=int, default=200)
    chosen = parser.parse_args()
    steps(chosen.dataset, chosen.settings, chosen.samples)


if __name__ == "__main__":
    main()
