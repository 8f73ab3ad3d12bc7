"""Whole commands beside each other: `figureground build`, and the loop of 2020; with the memory of their processes."""

from __future__ import annotations

import dataclasses
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import loop2020, watched, ways
from figureground.dataset.names import CATALOG

HERE = Path(__file__).parent
DATASET = "dataset"


@dataclasses.dataclass(frozen=True)
class Whole:
    """What a command took for so many samples: seconds (`first_cpu_s`: of its first process alone), peaks in MiB (PSS;
    `worker`: its largest process but the first, or the first where it is alone), and bytes a sample of all that it
    wrote."""

    workers: int
    samples: int
    wall_s: float
    cpu_s: float
    first_cpu_s: float
    together_mib: float
    worker_mib: float
    bytes_a_sample: float


def product(dataset: Path, samples: int) -> tuple[int, int, int]:
    """Return backgrounds, foregrounds, and the positions a pair that give about so many samples with their twins."""
    catalog = ways.maker_of(dataset, ways.recipe_of(dataset))[0].catalog
    rooms, figures = len(catalog.backgrounds), len(catalog.foregrounds)
    return rooms, figures, max(1, round(samples / (2 * rooms * figures)))


def ours(dataset: Path, settings: Sequence[str], samples: int, workers: int) -> Whole:
    """Build so many samples of a dataset whose catalog is there."""
    with tempfile.TemporaryDirectory(dir=dataset.parent) as folder:
        out = Path(folder) / DATASET
        shutil.copytree(dataset, out)
        chosen = [part for setting in settings for part in ("--set", setting)]
        command = [sys.executable, "-m", "figureground", "build", str(dataset.parent / "recipe.toml"), str(out)]
        taken = watched.watch([*command, "--quiet", "--workers", str(workers), *chosen], ways.ONE_THREAD)
        return whole(taken, workers, samples, out, but=CATALOG)


def loop(dataset: Path, positions: int, samples: int, workers: int) -> Whole:
    """Let the loop make as many samples of the photos in a dataset's catalog."""
    with tempfile.TemporaryDirectory(dir=dataset.parent) as folder:
        out = Path(folder) / DATASET
        photos = [str(dataset / CATALOG / name) for name in ("Background", "Foreground")]
        command = [sys.executable, loop2020.__file__, *photos, str(out), "--positions", str(positions)]
        taken = watched.watch([*command, "--workers", str(workers)], ways.ONE_THREAD)
        return whole(taken, workers, samples, out)


def whole(taken: watched.Taken, workers: int, samples: int, out: Path, but: str = "") -> Whole:
    """Return what is told of a command that wrote `out`."""
    files = [path for path in out.rglob("*") if path.is_file() and path.relative_to(out).parts[0] != but]
    size = sum(path.stat().st_size for path in files)
    worker = taken.peak("worker") or taken.peak("first")
    together = taken.peak("total")
    return Whole(workers, samples, taken.wall, taken.cpu, taken.first_cpu, together, worker, size / samples)


def faster(one: Sequence[Whole], two: Sequence[Whole]) -> tuple[float, float]:
    """Return how many times as fast two workers are as one, by the clock, and by CPU time: as if each process had a
    core, and what the first process does were done before and after the workers' share."""
    clock = statistics.median(whole.wall_s for whole in one) / statistics.median(whole.wall_s for whole in two)
    shared = (whole.first_cpu_s + (whole.cpu_s - whole.first_cpu_s) / 2 for whole in two)
    return clock, statistics.median(whole.cpu_s for whole in one) / statistics.median(shared)


def help_cpu_s(rounds: int) -> list[float]:
    """Return the CPU seconds of `figureground --help`."""
    return [watched.watch([sys.executable, "-m", "figureground", "--help"], output=False).cpu for _ in range(rounds)]
