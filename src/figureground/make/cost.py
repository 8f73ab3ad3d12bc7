"""What a build will cost: measured on a few samples for a dry run, or reckoned before parts are written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from figureground.core.engines import Engine, workforce
from figureground.core.errors import FigureGroundError
from figureground.core.faults import bytes_said
from figureground.core.job import Formats
from figureground.core.layers import LAYERS
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Catalog
from figureground.core.progress import Progress, watched
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import as_recipe
from figureground.dataset import names
from figureground.dataset.part_table import A_LIST
from figureground.ingest.ingest import ingest
from figureground.ingest.pixels import Pixels
from figureground.make.part_task import PartTask
from figureground.networks.registry import require_canvas
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples import codec
from figureground.samples.maker import Maker

PROBES = 12
_PART_BYTES = 250e6  # of a part, at most: what is lost with a machine is not dear, and few questions are asked
_SIZES = 64_000, 16_000, 4_000


@dataclass(frozen=True)
class Cost:
    """What a build will cost, measured on a few samples.  Seconds are of one core; bytes a sample by layer."""

    samples: int
    parts: int
    backgrounds: int
    foregrounds: int
    bytes: dict[str, float]
    seconds: dict[str, float]

    @property
    def better_size(self) -> int:
        """`parts.size` for parts of at most 250 MB, where there would be more than a manifest lists; 0 where they are
        as large as that, or few enough (docs/scale.md)."""
        most = _PART_BYTES * self.samples / self.total_bytes if self.total_bytes else 0
        larger = next((size for size in _SIZES if size <= most), 0)
        return larger if self.parts > A_LIST and larger * self.parts > self.samples else 0

    @property
    def total_bytes(self) -> float:
        return self.samples * sum(self.bytes.values())

    def total_seconds(self, workers: int) -> float:
        return self.samples * sum(self.seconds.values()) / max(1, min(workers, self.parts))


def dry_run(
    recipe: Recipe | Path | str, *, workers: int = 1, engine: Engine | None = None, progress: Progress | None = None
) -> tuple[Cost, Catalog]:
    """Return what a build would cost and the catalog it would use; builds nothing.

    `recipe`: a Recipe, or the path of a recipe file.  `progress` None shows bars on a terminal or in a notebook.
    """
    engine, job = workforce(engine, workers), resolve(as_recipe(recipe))
    require_canvas(job)
    store = MemoryStore()
    with watched(progress) as report:
        catalog = ingest(job, engine, store, report)
    return measured(Maker(job, catalog, store)), catalog


def measured(maker: Maker) -> Cost:
    """Return the cost a sample, as the mean over a few spread samples, made in memory."""
    catalog = maker.catalog
    samples = plan.count(maker.job.placing, catalog)
    step = max(1, samples // PROBES)
    probes = range(0, samples, step)[:PROBES]
    list(maker.make(probes[:1]))  # loads the network; not counted
    before = dict(maker.clock.seconds)
    made = list(maker.make(probes))
    seconds = {name: (maker.clock.seconds[name] - before[name]) / len(probes) for name in before}
    sizes = dict.fromkeys((*LAYERS, "metadata"), 0.0)
    for sample in made:
        for layer, size in sample.counts.sizes.items():
            sizes[layer] += size / len(made)
        # a zip entry: two headers of 46 + 30 bytes and twice the name, per member; and the metadata row
        row = len(json.dumps(sample.record.to_row()))
        sizes["metadata"] += (row + sum(76 + 2 * len(name) for name in sample.members)) / len(made)
    number = -(-samples // maker.job.recipe.parts.size)
    return Cost(samples, number, len(catalog.backgrounds), len(catalog.foregrounds), sizes, seconds)


def require_space(task: PartTask, catalog: Catalog, missing: list[int]) -> None:
    """Raise FigureGroundError where the disk is surely too small for the parts that are missing."""
    free = task.store.free_bytes()
    if free is None:
        return
    needed = sum(len(task.indices(n)) for n in missing) * _bytes_a_sample(task, catalog, missing)
    if needed > free:
        raise FigureGroundError(
            f"the disk is too small: about {bytes_said(needed)} are needed, {bytes_said(free)} are free",
            task.store.name,
            "free some space, choose another disk, or lower placement.samples",
        )


def _bytes_a_sample(task: PartTask, catalog: Catalog, missing: list[int]) -> float:
    """Return the mean of the finished parts; without any, what backgrounds alone take, which composites exceed."""
    finished = sorted(set(task.numbers) - set(missing))[:PROBES]
    infos = [info for n in finished if (info := task.finished(n)) is not None]
    if infos:
        return sum(info.bytes for info in infos) / sum(info.samples for info in infos)
    pixels = Pixels(catalog, task.store.below(names.CATALOG))
    some = range(0, len(catalog.backgrounds), -(-len(catalog.backgrounds) // PROBES))
    return float(np.mean([_bytes_of(pixels, i, task.job.formats, task.job.depth.layered) for i in some]))


def _bytes_of(pixels: Pixels, background: int, formats: Formats, layered: bool) -> int:
    size = len(codec.encode("image", pixels.background(background), formats)[1])
    if layered:
        size += len(codec.encode("depth", pixels.depth(background).codes, formats)[1])
    return size
