"""Ways of `read.py` through PyTorch's loader: over a dataset, and over the same samples in webdataset's tars."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from figureground import Dataset, export, open_dataset
from figureground.formats.webdataset import decode

BATCH, TARS = 32, 8
WORKERS = (0, 2)
Order = Sequence[int]
Ways = dict[tuple[str, int], Callable[[Order], object]]  # by name and number of workers
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def loaders(dataset: Path, folder: Path, order: Order) -> tuple[Ways, dict[str, str]]:
    """Return the ways that are possible here, and why others are not.  `folder`: where the tars go."""
    absent = [name for name in ("torch", "webdataset") if importlib.util.find_spec(name) is None]
    if "torch" in absent:
        return {}, {"loaders": "torch is not installed"}
    import torch

    from figureground.torch import CompositeDataset

    torch.set_num_threads(1)
    data, found = open_dataset(dataset), Ways()
    layers = list(data.members(order[0]))
    kinds = {"whole": layers, "image and mask": ["image", "mask"]}
    kinds = kinds if len(layers) > 2 else {"image and mask": layers}
    for workers in WORKERS:
        found["loader, bytes", workers] = _ours(Bytes(data), workers, list)
        for name, some in kinds.items():
            found[f"loader, {name}", workers] = _ours(CompositeDataset(dataset, some[1:], raw=True), workers)
    if "webdataset" in absent:
        return found, {"webdataset": "webdataset is not installed"}
    tars = exported(data, folder / "tars", order)
    for workers in WORKERS:
        found["webdataset, bytes", workers] = _theirs(tars, dict, workers, list)
        for name, some in kinds.items():
            found[f"webdataset, {name}", workers] = _theirs(tars, tensors_of(some), workers)
        found["webdataset's own decoder", workers] = _theirs(tars, dict, workers, list, "rgb8")
    return found, {}


def exported(data: Dataset, folder: Path, order: Order) -> list[str]:
    """Write those samples as tars, several of each split so that two workers have as much to do, and return them."""
    wanted = frozenset(data.record(i).index for i in order)
    chosen = data.select(where=lambda record: record.index in wanted)
    export(chosen, "webdataset", folder, per_file=max(1, len(order) // TARS))
    return sorted(map(str, folder.glob("*.tar")))


class Bytes:
    """A dataset's samples as they are stored, for a loader."""

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> dict[str, bytes]:
        return self.data.members(i)


def _ours(items: Any, workers: int, collated: Callable[[Any], Any] | None = None) -> Callable[[Order], object]:
    from torch.utils.data import DataLoader

    def way(order: Order) -> None:
        loader: DataLoader[Any] = DataLoader(
            items, BATCH, sampler=list(order), num_workers=workers, collate_fn=collated
        )
        for _ in loader:
            pass

    return way


def _theirs(
    tars: Sequence[str], change: Change, workers: int, collated: Any = None, decoder: str = ""
) -> Callable[[Order], object]:
    import webdataset
    from torch.utils.data import DataLoader, default_collate

    def way(order: Order) -> None:
        samples = webdataset.WebDataset(list(tars), shardshuffle=False, empty_check=False)
        samples = (samples.decode(decoder) if decoder else samples).map(change)
        batches = samples.batched(BATCH, collation_fn=collated or default_collate)
        loader: DataLoader[Any] = DataLoader(batches, None, num_workers=workers)
        found = sum(_samples_in(batch) for batch in loader)
        if found != len(order):
            raise RuntimeError(f"webdataset gave {found} samples of {len(order)}")

    return way


def _samples_in(batch: Any) -> int:
    return len(batch if isinstance(batch, list) else batch["image"])


def tensors_of(layers: Sequence[str]) -> Change:
    """Return what makes tensors of a sample of the tars, like those of `CompositeDataset(raw=True)`."""
    import torch

    def change(sample: Mapping[str, Any]) -> dict[str, Any]:
        some = {name: value for name, value in sample.items() if name.partition(".")[0] in ("json", *layers)}
        made = decode(some)
        item = {"image": torch.from_numpy(np.ascontiguousarray(made["image"].transpose(2, 0, 1)))}
        for layer in layers[1:]:
            item[layer] = torch.from_numpy(made[layer])[None]
        if "depth" in item:
            item["depth_valid"] = torch.isfinite(item["depth"])
        return item

    return change
