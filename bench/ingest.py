"""What does it cost to prepare photos?  CPU-seconds on one core, medians of rounds in one run.

    python bench/ingest.py RECIPE [--set section.key=value ...] [--rounds 3] [--profile]
    python bench/ingest.py RECIPE --against CHECKOUT

A catalog of the recipe's photos is prepared each round, in memory and without the cache.  What the networks take, the
time within their sessions' `run`, is told apart.  CHECKOUT is another version of figureground: its rounds take turns
with these, and the files of both catalogs are compared.  `--profile` prints where the CPU-time of one round goes.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import json
import os
import pstats
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import onnxruntime

from figureground.core import engines
from figureground.core.memory_store import MemoryStore
from figureground.core.progress import silent
from figureground.core.recipe_toml import load_recipe
from figureground.ingest.ingest import ingest
from figureground.resolve import resolve

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PARTS = "networks", "beside them"


class Timed(onnxruntime.InferenceSession):  # type: ignore[misc]
    """A session that counts what its runs take."""

    seconds = 0.0

    def run(self, *arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        found = super().run(*arguments, **named)
        Timed.seconds += time.process_time() - start
        return found


def round_of(recipe: Path, settings: list[str]) -> dict[str, Any]:
    """Return the CPU-seconds of one round, and the sha256 of the catalog's files."""
    job, store = resolve(load_recipe(recipe, settings)), MemoryStore()
    start = time.process_time()
    ingest(job, engines.Serial(), store, silent)
    whole = time.process_time() - start
    files = {name: hashlib.sha256(store.read(name)).hexdigest() for name in sorted(store.list())}
    return {"networks": Timed.seconds, "beside them": whole - Timed.seconds, "files": files}


def in_another_process(source: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Return one round as the figureground below `source` has it."""
    settings = [part for setting in chosen.settings for part in ("--set", setting)]
    command = [sys.executable, __file__, str(chosen.recipe), "--one-round", *settings]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare(sources: list[Path], chosen: argparse.Namespace) -> None:
    """Print what a catalog costs in each version, the first beside the others."""
    rounds: list[list[dict[str, Any]]] = [[] for _ in sources]
    for _ in range(chosen.rounds):
        for found, source in zip(rounds, sources, strict=True):
            found.append(in_another_process(source, chosen))
    for part in PARTS:
        here, *others = (statistics.median(one[part] for one in found) for found in rounds)
        beside = "".join(f"{other:8.2f} s there, {other / here:5.2f} times as much" for other in others)
        print(f"{part:<12}{here:8.2f} s{beside}")
    files = [found[0]["files"] for found in rounds]
    for other in files[1:]:
        unlike = sorted(name for name in {*files[0], *other} if files[0].get(name) != other.get(name))
        print(f"{len(files[0])} files, {len(unlike)} of them others there {' '.join(unlike[:9])}")


def profile(chosen: argparse.Namespace) -> None:
    """Print the functions in which most of the CPU-time is spent."""
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(round_of, chosen.recipe, chosen.settings)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--one-round", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one_round or chosen.profile:
        onnxruntime.InferenceSession = Timed
        if chosen.profile:
            profile(chosen)
        else:
            print(json.dumps(round_of(chosen.recipe, chosen.settings)))
        return
    sources = [Path(__file__).parents[1] / "src"]
    if chosen.against:
        sources.append(chosen.against / "src")
    compare(sources, chosen)


if __name__ == "__main__":
    main()
