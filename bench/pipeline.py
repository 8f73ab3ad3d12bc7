"""What does a sample cost, beside the loop of 2020?  Medians of rounds that take turns in one run.

    python bench/pipeline.py [--quick] [--photos BACKGROUNDS FOREGROUNDS] [--work FOLDER] [--json FILE]
                             [--samples N] [--rounds N] [--whole N]
    python bench/pipeline.py DATASET [--set section.key=value ...] [--samples N]
    python bench/pipeline.py DATASET --against CHECKOUT OTHER

Without photos, scenes are drawn.  They become two datasets: `uniform`, as in 2020 and without depth; and `ground`, with
all looks and 16-bit layered depth.  FOLDER keeps their catalogs for another run; else they are in a temporary folder.
Told are CPU-microseconds a sample on one core: made and written by us, and the same samples by the loop with its
statistics pass (`loop2020.py`); and whole commands with one and with two workers: wall and CPU seconds, bytes a
sample, and the peak memory of all processes.  `--quick` takes a minute or two of CPU time; without it, hours.
`--samples` and `--rounds` are of what is timed a sample, `--whole` the samples of the commands.

With DATASET, a dataset's folder with its catalog (`build --catalog-only` is enough), the ways of making its samples:
`samples = N`, where every sample is another pair; the full order, in 16 places of the product; and rendered when they
are read, in shuffled batches of 32, as PyTorch asks for them.  Then the steps of making them, in the order of the
recipe; "write" is the zip and the sum of the statistics.  CHECKOUT is another version of figureground, OTHER the
dataset whose catalog it made of the same photos: rounds of both take turns, and their ratio is told.

`read.py` measures reading, and `watched.py` any command.
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
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a script: `bench` lies in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import report, ways

ROUNDS, SAMPLES = 5, 320
SOURCE = Path(__file__).resolve().parents[1] / "src"


def in_another_process(source: Path, dataset: Path, settings: Sequence[str], samples: int) -> dict[str, float]:
    """Return `ways` as the figureground below `source` has it."""
    chosen = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, __file__, str(dataset), "--samples", str(samples), "--one-round", *chosen]
    environment = os.environ | ways.ONE_THREAD | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(versions: Sequence[tuple[Path, Path]], settings: Sequence[str], samples: int) -> None:
    """Print what a sample costs each way in each version, (source, dataset), the first beside the others."""
    rounds: list[list[dict[str, float]]] = [[] for _ in versions]
    for _ in range(ROUNDS):
        for found, (source, dataset) in zip(rounds, versions, strict=True):
            found.append(in_another_process(source, dataset, settings, samples))
    for way in ways.WAYS:
        here, *others = (statistics.median(one[way] for one in found) for found in rounds)
        beside = "".join(f"{other:8.0f} us there, {other / here:5.2f} times as much" for other in others)
        print(f"{way:<12}{here:8.0f} us a sample{beside}")
    first, second = (statistics.median(one[way] for one in rounds[0]) for way in ways.WAYS[:2])
    print(f"samples = N costs {first / second:.2f} times what the full order does")


def steps(dataset: Path, settings: Sequence[str], samples: int) -> None:
    """Print what the steps of making and writing samples cost."""
    found = ways.alone(ways.steps, dataset, settings, samples, ROUNDS)
    for step, milliseconds in found.items():
        print(f"{step:<8}{milliseconds:8.2f} ms a sample {milliseconds / found['whole']:6.0%}")
    print(f"{1000 / found['whole']:.0f} samples/s on one core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--photos", nargs=2, type=Path, metavar=("BACKGROUNDS", "FOREGROUNDS"))
    parser.add_argument("--work", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--samples", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--whole", type=int)
    parser.add_argument("--against", nargs=2, type=Path, metavar=("CHECKOUT", "OTHER"))
    parser.add_argument("--one-round", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.dataset is None:
        said = {name: value for name in ("samples", "rounds", "whole") if (value := getattr(chosen, name))}
        size = dataclasses.replace(report.QUICK if chosen.quick else report.FULL, **said)
        with tempfile.TemporaryDirectory() as temporary:
            report.run(chosen.work or Path(temporary), chosen.photos, size, chosen.json)
        return
    samples = chosen.samples or SAMPLES
    if chosen.one_round:
        print(json.dumps(ways.ways(chosen.dataset, chosen.settings, samples)))
    else:
        versions = [(SOURCE, chosen.dataset)]
        if chosen.against:
            versions.append((chosen.against[0] / "src", chosen.against[1]))
        compare(versions, chosen.settings, samples)
        if not chosen.against:
            steps(chosen.dataset, chosen.settings, samples)


if __name__ == "__main__":
    main()
