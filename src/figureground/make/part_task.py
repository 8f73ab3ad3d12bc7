"""The job of a worker: one part.  A worker gets the resolved task, and keeps its maker from part to part."""

from __future__ import annotations

import functools
from dataclasses import dataclass

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
    parts are made here."""

    job: Job
    store: Store
    identity: str
    samples: int
    shard: Shard = WHOLE

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
        there = self.begun()
        return [n for n in self.numbers if n not in there or self.finished(n) is None]

    def begun(self) -> set[int]:
        """Return the parts whose zip is there, by one listing; those of a sidecar that agrees are finished."""
        there = set(self.store.list(f"{parts.FOLDER}/part-"))
        return {n for n in range(self.count) if parts.part_file(n) in there}

    def any_finished(self) -> bool:
        """Tell whether any part of the dataset is finished, of whichever shard."""
        return any(self.finished(n) is not None for n in self.begun())

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
    """Counts the samples of finished parts without depth.

    Raises TooFewDepthsError as soon as there are too many, by those that were there and by `note`.
    """

    def __init__(self, task: PartTask) -> None:
        self._task = task
        self._lacking = Lacking()
        for number in sorted(task.begun()):
            self._add(number)

    def note(self, outcome: Outcome) -> None:
        """Take in what became of a part."""
        if isinstance(outcome.error, TooFewDepthsError):
            raise outcome.error
        if outcome.error is None:
            self._add(outcome.job)

    def _add(self, number: int) -> None:
        if (info := self._task.finished(number)) is not None:
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
