"""Datasets whose samples are rendered when they are asked for, from job and catalog: no parts are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from figureground.core.job import Job
from figureground.core.layers import DEPTHS
from figureground.core.nouns import Catalog, DepthMap, Picture
from figureground.core.record import SPLITS, Record
from figureground.core.store import Store
from figureground.dataset.scenery import BackgroundsById, scenery
from figureground.dataset.select import Samples
from figureground.plan import plan
from figureground.samples.maker import Maker
from figureground.samples.sample import Sample

_TOGETHER = 16  # samples planned together when all are walked through


class VirtualDataset(Samples):
    """A dataset that is rendered on the fly.

    Sample i holds the arrays that its stored form has before lossy coding.  It can be pickled; each process decodes
    photos of its own.
    """

    def __init__(self, job: Job, catalog: Catalog, store: Store) -> None:
        self.job = job
        self.recipe = job.recipe
        self.catalog = catalog
        self._store = store
        self._count = plan.count(job.placing, catalog)
        self._maker: Maker | None = None
        self._backgrounds = BackgroundsById(store)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Sample]:
        for first in range(0, len(self), _TOGETHER):
            yield from self.batch(range(first, min(first + _TOGETHER, len(self))))

    def sample(self, i: int) -> Sample:
        """Return sample i."""
        return self.batch([i])[0]

    def batch(self, indices: Iterable[int]) -> list[Sample]:
        """Return some samples; planning them together is cheaper than one by one."""
        maker = self._made()
        numbers = self._numbers_of(indices)
        order = maker.shared_order(numbers).tolist()
        rendered = [maker.render(scene) for scene in maker.scenes([numbers[k] for k in order])]
        deep = any(layer in DEPTHS for layer in self.job.layers)
        depths = maker.depths(rendered) if deep else [{} for _ in rendered]
        made = [maker.sample(one, codes, self._backgrounds) for one, codes in zip(rendered, depths, strict=True)]
        return [sample for _, sample in sorted(zip(order, made, strict=True), key=lambda pair: pair[0])]

    def record(self, i: int) -> Record:
        """Return the metadata of sample i; it takes rendering it."""
        return self.sample(i).record

    def split(self, i: int) -> str:
        """Return the split of sample i; its number says it."""
        return SPLITS[int(plan.splits(self._made().setting, self._numbers_of([i]))[0])]

    def of_split(self, split: str) -> Sequence[int]:
        """Return the numbers of the samples of a split, in their order; numbers alone say it."""
        return plan.of_split(self._made().setting, split)

    @property
    def classes(self) -> dict[int, str]:
        """The classes of figures by their number, from 1; 0 is the background."""
        return dict(enumerate(self.catalog.classes, 1))

    def class_names(self, i: int) -> frozenset[str]:
        """Return the classes of the figures of sample i; planning it is enough."""
        (scene,) = self._made().scenes([self._numbers_of([i])[0]])
        return frozenset(self.catalog.foregrounds[figure.foreground].class_name for figure in scene.figures)

    def key(self, i: int) -> str:
        """Return the key of sample i; planning it is enough."""
        maker = self._made()
        (scene,) = maker.scenes(self._numbers_of([i]))
        return maker.recorder.key(scene)

    def background(self, i: int) -> tuple[Picture, DepthMap | None]:
        """Return a background's prepared picture, and its depth where the catalog has it; i counts the catalog."""
        return scenery(self.catalog, self._made().pixels, i)[:2]

    def _made(self) -> Maker:
        if self._maker is None:
            self._maker = Maker(self.job, self.catalog, self._store)
        return self._maker

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maker": None}

    def __repr__(self) -> str:
        said = f"{len(self):,} samples of {self.job.canvas}, rendered when read: {', '.join(self.job.layers)}"
        return f"VirtualDataset({self._store.name!r}: {said})"
