"""What do parts cost, and what is asked of object storage for each?  What `simulate.py` reckons with.

    PYTHONPATH=src:. python bench/part_costs.py times DATASET [--parts 24] [--size 250] [--set depth.source=none]
    PYTHONPATH=src:. python bench/part_costs.py questions

times: parts spread over the full order of a dataset (its folder with the catalog is enough, and stays as it is) are
made in one process, and the first of them finished.  Told are CPU-seconds a sample, how they spread between parts (of
the logarithm, as a lognormal has it), what finishing takes a sample, beyond what a small dataset takes, and bytes.

questions: a drawn dataset is built at moto's server, with a few parts and with more, and built again as it stands.
What is asked grows by so many questions a part, by the step of the build that asks them.
"""

from __future__ import annotations

import argparse
import collections
import functools
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from figureground import build
from figureground.core.folder_store import FolderStore
from figureground.core.places import Place
from figureground.core.progress import silent
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import parse
from figureground.dataset import names, parts
from figureground.ingest.catalog import load_catalog
from figureground.make.begin import begin
from figureground.make.finish import finish
from figureground.make.identity import build_id
from figureground.make.part_task import PartTask, make_part
from figureground.plan import plan
from figureground.resolve import resolve

Kind = tuple[str, str]  # the step of a build, and the method


@dataclass(frozen=True)
class PartCosts:
    """CPU-seconds and bytes a sample; `spread`: the standard deviation of the logarithm of parts' times; `look_s`: of
    reading a part's sidecar."""

    seconds: float
    spread: float
    slowest: float
    finish_s: float
    look_s: float
    bytes: float
    sidecar_bytes: float
    labels_bytes: float
    manifest_bytes_a_part: float


def times(dataset: Path, settings: list[str], count: int, size: int) -> PartCosts:
    """Return what parts of so many samples cost, by `count` of them spread over the full order."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(dataset, Path(folder) / "copy")
        store = FolderStore(Path(folder) / "copy", durable=False)
        settings = [*settings, f"parts.size={size}", 'placement.samples="all"']
        recipe = parse(store.read(names.RECIPE).decode(), names.RECIPE, names.recipe_in(store).root, settings)
        job, catalog = resolve(recipe, prepared=True), load_catalog(store.below(names.CATALOG))
        whole = PartTask(job, store, build_id(job, catalog), plan.count(job.placing, catalog))
        make_part(whole, whole.count // 2)  # loads what is loaded once
        spent = []
        for k in range(count):
            start = time.process_time()
            make_part(whole, (2 * k + 1) * whole.count // (2 * count))
            spent.append(time.process_time() - start)
        for name in store.list(f"{parts.FOLDER}/part-"):
            store.delete(name)
        tasks = [replace(whole, samples=size * n) for n in (min(count, 8), min(count, 24))]
        begin(tasks[-1], making=True, fresh=True)
        for number in tasks[-1].numbers:
            make_part(tasks[-1], number)
        few, many = (_cpu(functools.partial(finish, task, catalog, silent)) for task in tasks)
        more = tasks[1].samples - tasks[0].samples
        look = _cpu(lambda: [tasks[-1].finished(number) for number in tasks[-1].numbers]) / len(tasks[-1].numbers)
        return _costs(tasks[-1], spent, (many - few) / max(1, more), look)


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _costs(task: PartTask, spent: Sequence[float], finish_s: float, look_s: float) -> PartCosts:
    size, n = task.job.recipe.parts.size, len(task.numbers)
    bytes_of = {kind: sum(task.store.sizes(kind).values()) for kind in (parts.FOLDER, parts.STATE, names.LABELS)}
    return PartCosts(
        seconds=statistics.fmean(spent) / size,
        spread=statistics.stdev(map(math.log, spent)) if len(spent) > 1 else 0.0,
        slowest=max(spent) / statistics.fmean(spent),
        finish_s=finish_s,
        look_s=look_s,
        bytes=bytes_of[parts.FOLDER] / task.samples,
        sidecar_bytes=bytes_of[parts.STATE] / n,
        labels_bytes=bytes_of[names.LABELS] / task.samples,
        manifest_bytes_a_part=(task.store.size(names.MANIFEST) or 0) / n,
    )


def questions(recipe: Recipe, few: int = 4, many: int = 12) -> dict[str, dict[Kind, float]]:
    """Return the questions a part that a build of a recipe asks, and the same build once more, by step and method."""
    from tests.s3_server import BUCKET, bucket

    with bucket() as server:
        counts = {}
        for n in (few, many):
            own = replace(recipe, placement=replace(recipe.placement, samples=n * recipe.parts.size))
            for again in (False, True):
                counts[n, again] = _asked(own, f"s3://{BUCKET}/{n}", server.asked)
    found = {}
    for again, title in ((False, "a build"), (True, "once more")):
        kinds = sorted({*counts[few, again], *counts[many, again]})
        more = {kind: (counts[many, again][kind] - counts[few, again][kind]) / (many - few) for kind in kinds}
        found[title] = {kind: each for kind, each in more.items() if each}
    return found


def _asked(recipe: Recipe, place: Place, log: Sequence[object]) -> collections.Counter[Kind]:
    """Build, and return how often what was asked in which step."""
    steps, first = [(len(log), "begin")], len(log)

    def progress(step: str, done: int, total: int) -> None:
        if steps[-1][1] != step:
            steps.append((len(log), step))

    build(recipe, place, progress=progress)
    found: collections.Counter[Kind] = collections.Counter()
    ends = [at for at, _ in steps[1:]] + [len(log)]
    for (at, step), end in zip(steps, ends, strict=True):
        found.update((step, method_of(one)) for one in log[max(at, first) : end])
    return found


def method_of(asked: object) -> str:
    """Return a question's method, LIST for that of a listing."""
    method, query = str(getattr(asked, "method", "")), str(getattr(asked, "query", ""))
    return "LIST" if method == "GET" and "list-type" in query else method


def show_questions(found: Mapping[str, Mapping[Kind, float]]) -> None:
    for title, kinds in found.items():
        print(f"{title}: {sum(kinds.values()):.2f} questions a part")
        for (step, method), each in kinds.items():
            print(f"  {step:<10}{method:<7}{each:6.2f}")


def drawn_recipe(folder: Path) -> Recipe:
    """Return a recipe of drawn photos, with layered depth and tiny parts."""
    from tests.builders import small_recipe, write_photos

    write_photos(folder)
    recipe = small_recipe(folder, depth={"source": "layered"}, backgrounds={"depth": "depth"})
    return replace(recipe, parts=replace(recipe.parts, size=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = parser.add_subparsers(dest="way", required=True)
    way = ways.add_parser("times")
    way.add_argument("dataset", type=Path)
    way.add_argument("--parts", type=int, default=24)
    way.add_argument("--size", type=int, default=250)
    way.add_argument("--set", dest="settings", action="append", default=[])
    ways.add_parser("questions")
    chosen = parser.parse_args()
    if chosen.way == "times":
        print(times(chosen.dataset, chosen.settings, chosen.parts, chosen.size))
        return
    with tempfile.TemporaryDirectory() as folder:
        show_questions(questions(drawn_recipe(Path(folder))))


if __name__ == "__main__":
    main()
