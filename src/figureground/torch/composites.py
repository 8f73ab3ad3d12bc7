"""A dataset, stored or virtual, as a map-style dataset of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from torch.utils.data import Dataset

from figureground.core.errors import FigureGroundError
from figureground.dataset.opening import Folders, open_dataset
from figureground.dataset.select import Samples
from figureground.samples.sample import Sample
from figureground.torch.draws import Draw, epoch_of
from figureground.torch.tensors import EXTRAS, Item, item_of

Transform = Callable[[Item, Draw], Item]


class CompositeDataset(Dataset[Item]):
    """A dataset's samples, or those of one split, as dicts of tensors (`tensors.py` says which).

    `path`: a folder, an address, several, or what `open_dataset` gave.  `layers` and `virtual` as in `open_dataset`.
    `transforms` are called with (item, draw), in turn; a transform may draw anew in each epoch, which a
    `ResumableSampler` tells.
    `extras`: some of "background", "background_depth", "whole" and "figures"; the last needs `collate`, since samples
    differ in how many figures they have.  `raw`: pictures as uint8.  `seed`: of the transforms.

    It can be pickled; workers, forked or spawned, open files of their own.
    """

    def __init__(
        self,
        path: Path | str | Folders | Samples,
        layers: Sequence[str] | None = None,
        split: str | None = None,
        transforms: Sequence[Transform] = (),
        virtual: bool = False,
        *,
        extras: Collection[str] = (),
        raw: bool = False,
        seed: int = 0,
    ) -> None:
        if isinstance(extras, str) or not set(extras) <= set(EXTRAS):
            raise FigureGroundError(f"extras {extras!r}", "CompositeDataset", f"a list of some of: {', '.join(EXTRAS)}")
        self.samples = _opened(path, layers, virtual)
        if split is not None:
            self.samples = self.samples.select(split=split)
        self.transforms = tuple(transforms)
        self.extras = tuple(extras)
        self.raw = raw
        self.seed = seed

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, i: int) -> Item:
        """Return item i; negative counts from the end.  Raises IndexError outside."""
        return self.__getitems__([i])[0]

    def __getitems__(self, numbers: Iterable[int]) -> list[Item]:
        """Return a batch of items, as PyTorch's loaders ask for one; together they may cost less."""
        asked = list(numbers)
        samples = self.samples.batch(asked)
        return [self._item(sample, epoch_of(i)) for i, sample in zip(asked, samples, strict=True)]

    def _item(self, sample: Sample, epoch: int) -> Item:
        item = item_of(sample, self.extras, self.raw)
        for step, transform in enumerate(self.transforms):
            item = transform(item, Draw(self.seed, sample.record.index, epoch, step))
        return item

    def __repr__(self) -> str:
        return f"CompositeDataset({self.samples!r})"


def _opened(path: Path | str | Folders | Samples, layers: Sequence[str] | None, virtual: bool) -> Samples:
    if isinstance(path, Samples):
        if virtual or layers is not None:
            raise FigureGroundError(
                "layers and virtual are chosen when a dataset is opened",
                repr(path),
                "give them to open_dataset, or give a path here",
            )
        return path
    opening: Callable[..., Samples] = open_dataset  # which says that several are not virtual
    return opening(path, virtual, layers)
