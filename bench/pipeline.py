"""Where does the time of a sample go?  Milliseconds a stage on one core, medians of five rounds in one run.

    python bench/pipeline.py DATASET [--set section.key=value ...]

DATASET is a finished dataset: its catalog is used, and nothing is written.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from figureground.catalog import FolderStore, load_catalog
from figureground.recipe import parse
from figureground.workshop import Workshop, depth_model

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--samples", type=int, default=200)
    chosen = parser.parse_args()
    recipe = parse((chosen.dataset / "recipe.toml").read_text(encoding="utf-8"), settings=chosen.settings)
    folder = chosen.dataset / "catalog"
    workshop = Workshop(recipe, load_catalog(folder), FolderStore(folder), depth_model(recipe))
    list(workshop.make(range(chosen.samples // 4)))
    rows: list[dict[str, float]] = []
    for k in range(ROUNDS):
        before, start = dict(workshop.clock.seconds), time.perf_counter()
        list(workshop.make(range(k * chosen.samples, (k + 1) * chosen.samples)))
        row = {stage: workshop.clock.seconds[stage] - before[stage] for stage in before}
        row["whole"] = time.perf_counter() - start
        rows.append(row)
    for stage in rows[0]:
        milliseconds = statistics.median(row[stage] for row in rows) * 1000 / chosen.samples
        print(f"{stage:<8}{milliseconds:8.2f} ms a sample")
    print(f"{chosen.samples / statistics.median(row['whole'] for row in rows):.0f} samples/s on one core")


if __name__ == "__main__":
    main()
