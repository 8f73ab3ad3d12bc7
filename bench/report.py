"""What `pipeline.py` measures beside the loop of 2020, and how it is told."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import commands, prepared, ways
from bench.bars import bars
from bench.commands import Whole

PAIRED = "ours", "loop", "statistics"
NUMPY = {"FIGUREGROUND_NATIVE": "0"}


@dataclass(frozen=True)
class Size:
    """How much is measured: photos of each kind, samples and rounds of what is timed a sample, samples and rounds of
    whole commands, and whether the slow ones are measured too."""

    photos: int
    samples: int
    rounds: int
    whole: int
    whole_rounds: int
    slow: bool


QUICK = Size(photos=4, samples=96, rounds=3, whole=320, whole_rounds=1, slow=False)
FULL = Size(photos=1000, samples=640, rounds=5, whole=20_000, whole_rounds=3, slow=True)


def run(work: Path, photos: Sequence[Path] | None, size: Size, json_file: Path | None) -> None:
    """Measure, print, and write a JSON file where one is named."""
    work.mkdir(parents=True, exist_ok=True)
    uniform, *grounds = datasets(work, photos, size)
    found: dict[str, Any] = {"machine": machine(photos), "size": dataclasses.asdict(size)}
    print(json.dumps(found["machine"]), flush=True)
    found["beside"] = ways.alone(ways.beside_the_loop, uniform, size.samples, size.rounds)
    tell_beside(medians(found["beside"]))
    found["ways"] = {}
    for ground in grounds:
        found["ways"][ground.parent.name] = tell_ways(ground, size)
    found["commands"] = {}
    for dataset in (uniform, *grounds[: 1 if size.slow else 0]):
        found["commands"][dataset.parent.name] = tell_commands(dataset, size, beside=dataset == uniform)
    found["help_cpu_s"] = commands.help_cpu_s(size.rounds)
    found_bars = bars(found)
    print("\nwhat is wanted", *(bar.told() for bar in found_bars), sep="\n")
    found["bars"] = [dataclasses.asdict(bar) | {"met": bar.met} for bar in found_bars]
    if json_file:
        json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def datasets(work: Path, photos: Sequence[Path] | None, size: Size) -> list[Path]:
    """Return the datasets that are measured, `uniform` first; of drawn scenes where no photos are given."""
    if photos is None:
        rooms, people, depth = prepared.drawn(work / "drawn", min(size.photos, 24), min(size.photos, 24))
    else:
        name = f"photos-{size.photos}"
        rooms, people = (prepared.some(path, work / name / str(k), size.photos) for k, path in enumerate(photos))
        depth = None
    names = [prepared.UNIFORM, prepared.GROUND, *([prepared.GROUND_2020] if size.slow else [])]
    return [prepared.dataset(work, name, rooms, people, depth) for name in names]


def machine(photos: Sequence[Path] | None) -> dict[str, object]:
    """Return what the figures hang on."""
    import numpy
    import PIL

    from figureground import native

    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "Pillow": PIL.__version__,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "kernel": native.kernel is not None,
        "photos": "drawn" if photos is None else "given",
    }


def medians(rounds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in rounds.items()}


def tell_beside(found: Mapping[str, float]) -> None:
    """Print what the same samples cost by us and by the loop."""
    ours, loop, passed = (found[name] for name in PAIRED)
    print("\nuniform as in 2020, CPU-microseconds a sample on one core, the same samples")
    print(f"  {ours:7.0f}  ours, made and written, with its statistics")
    print(f"  {loop:7.0f}  the loop with its zip         {loop / ours:6.2f} times ours")
    print(f"  {loop + passed:7.0f}  and with its statistics pass  {(loop + passed) / ours:6.2f} times ours")
    print("bytes a sample")
    for name, more in (("ours", "with the records and the zip"), ("loop", "with the zip")):
        print(f"  {found[f'{name} bytes']:7.0f}  {name}, pictures alone; {found[f'{name} in all bytes']:.0f} {more}")


def tell_ways(dataset: Path, size: Size) -> dict[str, dict[str, list[float]]]:
    """Print and return what a sample of `ground` costs each way, with the kernel and in numpy alone, by turns."""
    found: dict[str, dict[str, list[float]]] = {"kernel": {}, "numpy": {}}
    for _ in range(size.rounds):
        for name, environment in (("kernel", {}), ("numpy", NUMPY)):
            if name == "kernel" or size.slow:
                for way, cost in ways.alone(ways.ways, dataset, [], size.samples, **environment).items():
                    found[name].setdefault(way, []).append(cost)
    what = f"{dataset.parent.name}, all looks, 16-bit layered depth"
    print(f"\n{what}: CPU-microseconds a sample (samples/s) on one core")
    for name, costs in found.items():
        for way, cost in medians(costs).items():
            print(f"  {cost:7.0f}  ({1e6 / cost:5.0f})  {way}, {name}")
    return found


def tell_commands(dataset: Path, size: Size, *, beside: bool) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Print and return what whole commands take, of one and two workers by turns; `beside`: the loop's too."""
    rooms, figures, positions = commands.product(dataset, size.whole)
    samples = 2 * rooms * figures * positions if beside else size.whole
    settings = [f"placement.per_pair={positions}"] if beside else [f"placement.samples={samples}"]
    rounds: dict[str, dict[int, list[Whole]]] = {"ours": {}, **({"loop": {}} if beside else {})}
    for _ in range(size.whole_rounds):
        for workers in (1, 2):
            rounds["ours"].setdefault(workers, []).append(commands.ours(dataset, settings, samples, workers))
            if beside:
                rounds["loop"].setdefault(workers, []).append(commands.loop(dataset, positions, samples, workers))
    print(f"\n{dataset.parent.name}: whole commands of {samples:,} samples, catalog and photos there")
    print("          workers   wall s    CPU s  MiB together  largest process  bytes a sample")
    for name, by_workers in rounds.items():
        for workers, wholes in by_workers.items():
            row = medians({key: [getattr(one, key) for one in wholes] for key in dataclasses.asdict(wholes[0])})
            print(f"  {name:<8}{workers:7}{row['wall_s']:9.1f}{row['cpu_s']:9.1f}{row['together_mib']:14.0f}", end="")
            print(f"{row['worker_mib']:17.0f}{row['bytes_a_sample']:16.0f}")
        by_clock, by_cpu = commands.faster(by_workers[1], by_workers[2])
        told = f"two workers are {by_clock:.2f} times as fast as one"
        print(f"  {name}: {told}; {by_cpu:.2f} by CPU time, were the cores free")
    return {
        name: {str(workers): [dataclasses.asdict(one) for one in wholes] for workers, wholes in by_workers.items()}
        for name, by_workers in rounds.items()
    }
