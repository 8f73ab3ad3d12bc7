"""Items put together into batches; and why samples are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from torch.utils.data import default_collate
from torch.utils.data._utils.collate import default_collate_fn_map

from figureground.core.errors import FigureGroundError
from figureground.samples.sample import Sample
from figureground.torch.tensors import RAGGED, Item


def collate(items: Sequence[Item]) -> Item:
    """Return a batch: what has a row a figure as lists of tensors, all else as torch's `default_collate` stacks it."""
    ragged: dict[str, list[Any]] = {name: [item[name] for item in items] for name in RAGGED if name in items[0]}
    stacked = default_collate([{name: v for name, v in item.items() if name not in ragged} for item in items])
    return {**stacked, **ragged}


def _refuse(batch: Sequence[Sample], **_: object) -> NoReturn:
    raise FigureGroundError(
        "Samples do not collate: they hold records, and layers that may be None",
        batch[0].record.key,
        "give the loader figureground.torch.CompositeDataset(dataset), whose items are tensors",
    )


# torch's own way of being told about a type (see `default_collate`); without it, it says only what it would take
default_collate_fn_map[Sample] = _refuse
