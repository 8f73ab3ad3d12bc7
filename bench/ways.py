"""What a sample costs in this process, CPU-microseconds: the ways of making it, its steps, and the loop beside them."""

from __future__ import annotations

import dataclasses
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench import loop2020
from figureground import Record, open_dataset
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import parse
from figureground.dataset import parts
from figureground.dataset.names import CATALOG, RECIPE, recipe_in
from figureground.ingest.catalog import load_catalog
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples.maker import Made, Maker

BATCH, PLACES, BEFORE = (
    32,
    16,
    40,
)  # of the full order: in how many places, and the samples before each that don't count
WAYS = "samples = N", "full order", "when read"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def alone(function: Callable[..., Any], *arguments: object, **environment: str) -> Any:
    """Return what a function of a module of `bench` returns in a new process of one thread, with these variables."""
    before = dict(os.environ)
    os.environ.update(ONE_THREAD | environment)
    try:
        with get_context("spawn").Pool(1) as process:
            return process.apply(function, arguments)
    finally:
        os.environ.clear()
        os.environ.update(before)


def recipe_of(dataset: Path, settings: Sequence[str] = ()) -> Recipe:
    """Return the recipe of a dataset with settings laid over it."""
    return parse((dataset / RECIPE).read_text(encoding="utf-8"), RECIPE, recipe_in(FolderStore(dataset)).root, settings)


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


def everything(recipe: Recipe) -> Recipe:
    """Return a recipe of all samples of the product."""
    return dataclasses.replace(recipe, placement=dataclasses.replace(recipe.placement, samples="all"))


def few(dataset: Path, recipe: Recipe, samples: int) -> float:
    """Return the cost of making and writing where `samples` = N."""
    wanted = dataclasses.replace(recipe.placement, samples=2 * samples)
    maker, count = maker_of(dataset, dataclasses.replace(recipe, placement=wanted))
    half = min(samples, count // 2)
    list(maker.make(range(half)))
    with tempfile.TemporaryDirectory() as out:
        return cost(lambda: written(maker, range(half, 2 * half), Path(out)), half)


def written(maker: Maker, indices: Sequence[int], out: Path, number: int = 0) -> None:
    """Make samples and write them as a part below `out`."""
    with parts.writing(FolderStore(out), number, "bench") as part:
        for made in maker.make(indices):
            part.add(made)


def spans(count: int, samples: int, turn: int = 0, turns: int = 1) -> list[range]:
    """Return runs of samples in PLACES of the full order, of as many altogether; other ones each turn."""
    each, places = samples // PLACES, PLACES * turns
    middles = ((2 * k + 1) * count // (2 * places) for k in range(turn, places, turns))
    return [range(start := max(0, min(middle, count - each)), min(start + each, count)) for middle in middles]


def part_of(maker: Maker, runs: Sequence[range], out: Path) -> tuple[float, list[Made]]:
    """Make samples of the full order, write them as a part below `out`, and return the CPU-microseconds a sample.

    Each run follows samples of its background which do not count, so that what is made once for many is at hand.
    """
    spent, kept = 0.0, []
    with parts.writing(FolderStore(out), 0, "bench") as part:
        for run in runs:
            list(maker.make(range(max(0, run.start - BEFORE), run.start)))
            start = time.process_time()
            for made in maker.make(run):
                part.add(made)
                kept.append(made)
            spent += time.process_time() - start
        start = time.process_time()
    return (spent + time.process_time() - start) * 1e6 / sum(map(len, runs)), kept


def full(dataset: Path, recipe: Recipe, samples: int) -> float:
    """Return the cost of making and writing in full order."""
    maker, count = maker_of(dataset, everything(recipe))
    with tempfile.TemporaryDirectory() as out:
        return part_of(maker, spans(count, samples), Path(out))[0]


def when_read(dataset: Path, recipe: Recipe, samples: int) -> float:
    """Return the cost of rendering shuffled batches, as PyTorch asks for them."""
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


def ways(dataset: Path, settings: Sequence[str], samples: int) -> dict[str, float]:
    """Return what a sample costs each way."""
    recipe = recipe_of(dataset, settings)
    return dict(zip(WAYS, (way(dataset, recipe, samples) for way in (few, full, when_read)), strict=True))


def steps(dataset: Path, settings: Sequence[str], samples: int, rounds: int) -> dict[str, float]:
    """Return the milliseconds of the clock that each step of making and writing a sample takes, and all together."""
    maker, all_samples = maker_of(dataset, recipe_of(dataset, settings))
    list(maker.make(range(min(all_samples, samples // 4))))
    rows: list[dict[str, float]] = []
    for k in range(rounds):
        indices = [i % all_samples for i in range(k * samples, (k + 1) * samples)]
        before, start = dict(maker.clock.seconds), time.perf_counter()
        with tempfile.TemporaryDirectory() as out:
            written(maker, indices, Path(out), k)
        row = {step: maker.clock.seconds[step] - before[step] for step in before}
        whole = time.perf_counter() - start
        rows.append({**row, "write": whole - sum(row.values()), "whole": whole})
    return {step: statistics.median(row[step] for row in rows) * 1000 / samples for step in rows[0]}


def beside_the_loop(dataset: Path, samples: int, rounds: int) -> dict[str, list[float]]:
    """Return what the same samples cost, made by us in full order and by the loop of 2020, by turns; and their bytes.

    A list has a number a round: CPU-microseconds a sample of "ours", of "loop" with its zip, and of its "statistics";
    bytes a sample of the zips, "ours in all bytes" and "loop in all bytes", and of the pictures in them, "ours bytes"
    and "loop bytes".
    """
    maker, count = maker_of(dataset, everything(recipe_of(dataset)))
    rows: list[dict[str, float]] = []
    for turn in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            ours, made = part_of(maker, spans(count, samples, turn, rounds), out)
            given, pastes = as_pastes(dataset, [one.record for one in made])
            archive = out / "loop.zip"
            row = {"ours": ours, "loop": cost(lambda: loop2020.make(given, pastes, archive), len(made))}  # noqa: B023
            row["statistics"] = cost(lambda: both_statistics(archive), len(made))  # noqa: B023
            pictures = {
                "ours": sum(len(data) for one in made for data in one.members.values()),
                "loop": packed(archive),
            }
            whole = {"ours": out / parts.part_file(0), "loop": archive}
            for name, path in whole.items():
                row[f"{name} in all bytes"] = path.stat().st_size / len(made)
                row[f"{name} bytes"] = pictures[name] / len(made)
        rows.append(row)
    return {name: [row[name] for row in rows] for name in rows[0]}


def both_statistics(archive: Path) -> None:
    """Do the loop's statistics pass over a zip."""
    for folder in (loop2020.IMAGES, loop2020.MASKS):
        loop2020.statistics([loop2020.sums(archive, folder)])


def packed(archive: Path) -> int:
    """Return the bytes of a zip's members as they lie in it."""
    with zipfile.ZipFile(archive) as found:
        return sum(member.compress_size for member in found.infolist())


def as_pastes(dataset: Path, records: Sequence[Record]) -> tuple[loop2020.Pictures, list[loop2020.Paste]]:
    """Return what the loop pastes to make the samples of these records, of one figure each, from the same photos."""
    rooms = {name: k for k, name in enumerate(dict.fromkeys(record.background for record in records))}
    shapes = {shape: k for k, shape in enumerate(dict.fromkeys(shape_of(record) for record in records))}
    backgrounds = [opened(dataset / CATALOG / f"Background/{name}.jpg").convert("RGB") for name in rooms]
    cutouts = [opened(dataset / CATALOG / f"Foreground/{name}.png").convert("RGBA").resize((width, height))
               for name, width, height in shapes]  # fmt: skip
    return loop2020.pictures(backgrounds, cutouts), list(pasted(records, rooms, shapes))


def shape_of(record: Record) -> tuple[str, int, int]:
    (figure,) = record.figures
    return figure.foreground, figure.width, figure.height


def pasted(
    records: Sequence[Record], rooms: dict[str, int], shapes: dict[tuple[str, int, int], int]
) -> Iterator[loop2020.Paste]:
    for record in records:
        (figure,) = record.figures
        yield loop2020.Paste(rooms[record.background], shapes[shape_of(record)], figure.x, figure.y, figure.flip)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture
