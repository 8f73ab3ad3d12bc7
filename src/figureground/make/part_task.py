"""The job of a worker: one part.  A worker gets the resolved task, and keeps its maker from part to part."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from figureground.core.engines import Outcome
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.steps import Tick, untold
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.dataset.parts import PartInfo
from figureground.ingest.catalog import load_catalog
from figureground.make.identity import build_id
from figureground.make.no_depth import PartWatch, TooFewDepthsError, require_few
from figureground.make.shard import WHOLE, Shard
from figureground.networks.weights import require_same
from figureground.samples.lacking import Lacking
from figureground.samples.maker import Maker


@dataclass(frozen=True)
class PartTask:
    """What the parts of one dataset have in common.  `samples`: how many the whole dataset has.  `shard`: which of its
    parts are made here.

    What is finished is looked for by listings; a sidecar is read again only where it, or its zip, has another size than
    when it was read.  A worker's copy has read none.
    """

    job: Job
    store: Store
    identity: str
    samples: int
    shard: Shard = WHOLE
    _finished: dict[int, tuple[int, int]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def count(self) -> int:
        """The number of parts of the whole dataset."""
        return -(-self.samples // self.job.recipe.parts.size)

    @property
    def numbers(self) -> range:
        """The parts that are made here."""
        return self.shard.parts(self.count)

    @property
    def total(self) -> int:
        """How many samples the parts that are made here have together."""
        return sum(len(self.indices(number)) for number in self.numbers)

    def indices(self, number: int) -> range:
        """Return the samples of a part."""
        size = self.job.recipe.parts.size
        return range(number * size, min((number + 1) * size, self.samples))

    @property
    def kept(self) -> int:
        """How many samples the finished parts hold, of those that are made here."""
        return self.total - sum(len(self.indices(number)) for number in self.missing())

    def missing(self) -> list[int]:
        """Return the parts that are not finished, or were the last, part-filled one of a dataset that grows."""
        finished = self.all_finished(self.numbers)
        return [n for n in self.numbers if n not in finished]

    def all_finished(self, numbers: range) -> set[int]:
        """Return which of some parts are finished: their zip is there, and a sidecar that agrees."""
        sizes = self._sizes(numbers)
        for n in [n for n, seen in self._finished.items() if n in numbers and sizes.get(n) != seen]:
            del self._finished[n]
        unread = [n for n in sizes if n not in self._finished]
        for n, info in parts.read_infos(self.store, unread, self.identity):
            if info is not None and info.samples == len(self.indices(n)):
                self._finished[n] = sizes[n]
        return {n for n in numbers if n in self._finished}

    def infos(self, numbers: range) -> Iterator[tuple[int, PartInfo | None]]:
        """Yield some parts, in their order, with what their sidecars say; None for one that is to be made."""
        there = self._sizes(numbers)
        read = parts.read_infos(self.store, there, self.identity)
        for n in numbers:
            info = next(read)[1] if n in there else None
            yield n, info if info is not None and info.samples == len(self.indices(n)) else None

    def any_finished(self) -> bool:
        """Tell whether any part of the dataset is finished, of whichever shard."""
        return any(self.finished(n) is not None for n in self._sizes(range(self.count)))

    def _sizes(self, numbers: range) -> dict[int, tuple[int, int]]:
        """Return the bytes of the zips and sidecars of those parts that have both, in the parts' order."""
        zips, told = (self.store.sizes(f"{folder}/part-") for folder in (parts.FOLDER, parts.STATE))
        named = ((n, parts.part_file(n), parts.sidecar(n)) for n in numbers)
        return {n: (zips[file], told[side]) for n, file, side in named if file in zips and side in told}

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_finished": {}}

    def finished(self, number: int) -> PartInfo | None:
        """Return what the sidecar of a finished part says; None where the part is to be made."""
        info = parts.read_info(self.store, number, self.identity)
        return info if info is not None and info.samples == len(self.indices(number)) else None


def make_part(task: PartTask, number: int, tick: Tick = untold) -> int:
    """Make one part and return its number; `tick` is told how many of its samples are made."""
    require_there(task.store)
    maker = maker_of(task)
    watch = watch_of(task, maker)
    with parts.writing(task.store, number, task.identity) as part:
        for made in maker.make(task.indices(number), tick):
            watch.note(made)
            part.add(made)
        require_same_network(task.job)
        require_there(task.store)
    return number


def require_there(store: Store) -> None:
    """Raise FigureGroundError where a folder that was begun is no more: what is written now would stand alone."""
    if not _is_there(store):
        raise FigureGroundError(
            "the output folder was removed during the run",
            store.name,
            "run the same command again, and leave the folder alone",
        )


def require_seen(store: Store) -> None:
    """Raise FigureGroundError where this machine does not see a dataset that another one has begun."""
    if not _is_there(store):
        raise FigureGroundError(
            "the dataset's folder is not there",
            store.name,
            "build into a folder that every machine of the cluster shares, by the same path",
        )


def _is_there(store: Store) -> bool:
    return not isinstance(store, FolderStore) or names.is_begun(store) or store.size(names.REDEPTH) is not None


def watch_of(task: PartTask, maker: Maker) -> PartWatch:
    """Return what looks for samples without depth in one part."""
    another = functools.partial(Maker, task.job, maker.catalog, task.store.below(names.CATALOG))
    return PartWatch(another, task.samples)


def require_same_network(job: Job) -> None:
    """Raise FigureGroundError where the files of a job's network have changed, so that no part of two is written.

    They may be mapped into memory, and so change in a network that is loaded.
    """
    if job.depth.on_composites and job.depth.model is not None:
        require_same(job.depth.model.path, job.depth.model.files)


class DepthWatch:
    """Counts the samples of finished parts without depth, where a network gives it.

    Raises TooFewDepthsError as soon as there are too many, by those that were there and by `note`.
    """

    def __init__(self, task: PartTask) -> None:
        self._task = task
        self._lacking = Lacking()
        if task.job.depth.on_composites:
            for _, info in task.infos(range(task.count)):
                self._add(info)

    def note(self, outcome: Outcome) -> None:
        """Take in what became of a part."""
        if isinstance(outcome.error, TooFewDepthsError):
            raise outcome.error
        if outcome.error is None and self._task.job.depth.on_composites:
            self._add(self._task.finished(outcome.job))

    def _add(self, info: PartInfo | None) -> None:
        if info is not None:
            self._lacking.add(info.statistics.values())
            require_few(self._lacking, self._task.samples)


@functools.lru_cache(maxsize=1)
def maker_of(task: PartTask) -> Maker:
    """Return the maker of a task; a worker keeps it."""
    store = task.store.below(names.CATALOG)
    catalog = load_catalog(store)
    if build_id(task.job, catalog) != task.identity:
        raise FigureGroundError("the catalog changed during the build", store.name, "run the same command again")
    return Maker(task.job, catalog, store)
