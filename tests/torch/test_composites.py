"""Items are what samples hold, as tensors of the stated shapes, whoever loads them."""

from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="the extra [torch] is not installed")

import torch
from torch.utils.data import DataLoader

from figureground import Dataset, FigureGroundError, VirtualDataset, build
from figureground.torch import (
    ColourJitter,
    CompositeDataset,
    Flip,
    RandomResizedCrop,
    ResumableSampler,
    collate,
)
from figureground.torch.composites import Transform
from figureground.torch.tensors import EXTRAS
from tests.builders import small_recipe, write_photos

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
ALL: list[Transform] = [RandomResizedCrop(32, 48), Flip(), ColourJitter()]
H, W = 64, 96


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(value, other[name]) if torch.is_tensor(value) else value == other[name]
        for name, value in one.items()
    )


def test_items_have_the_stated_shapes_and_types(data: Dataset) -> None:
    items = CompositeDataset(data, extras=EXTRAS)
    assert len(items) == len(data)
    for i in range(0, len(data), 5):
        n, item = len(data.record(i).figures), items[i]
        tensors = {k: (v.dtype, tuple(v.shape)) for k, v in item.items() if torch.is_tensor(v)}
        maps = dict.fromkeys(("mask", "whole", "depth_valid", "background_depth_valid"), (torch.bool, (1, H, W)))
        assert tensors == maps | {
            **dict.fromkeys(("image", "background"), (torch.float32, (3, H, W))),
            **dict.fromkeys(("alpha", "depth", "background_depth"), (torch.float32, (1, H, W))),
            **dict.fromkeys(("instances", "semantic"), (torch.int64, (1, H, W))),
            "intrinsics": (torch.float32, (3, 3)),
            "boxes": (torch.float32, (n, 4)),
            "labels": (torch.int64, (n,)),
            **dict.fromkeys(("figure_masks", "whole_masks"), (torch.bool, (n, H, W))),
        }
        texts = {k: v for k, v in item.items() if not torch.is_tensor(v)}
        units = {"unit": "m", "direction": "larger is farther"}
        assert texts == {
            **{f"{name}_{k}": v for name in ("depth", "background_depth") for k, v in units.items()},
            "index": i,
            "key": data.record(i).key,
            "split": data.record(i).split,
        }


def test_items_hold_what_samples_hold(data: Dataset) -> None:
    items = CompositeDataset(data, extras=EXTRAS)
    for i in range(0, len(data), 3):
        sample, item = data[i], items[i]
        assert np.array_equal((item["image"] * 255).round().numpy().astype(np.uint8).transpose(1, 2, 0), sample.image)
        assert sample.mask is not None
        assert np.array_equal(item["mask"][0].numpy(), sample.mask)
        assert sample.instances is not None
        assert np.array_equal(item["instances"][0].numpy(), sample.instances)
        assert sample.semantic is not None
        assert np.array_equal(item["semantic"][0].numpy(), sample.semantic)
        assert sample.depth is not None
        known = np.isfinite(sample.depth.values)
        assert np.array_equal(item["depth_valid"][0].numpy(), known)
        assert np.array_equal(item["depth"][0].numpy(), np.where(known, sample.depth.values, 0))
        assert np.allclose(item["intrinsics"].numpy(), sample.intrinsics)
        assert sample.background is not None
        assert np.array_equal((item["background"][0] * 255).round().numpy(), sample.background[..., 0])
        for k, figure in enumerate(sample.record.figures):
            assert tuple(map(int, item["boxes"][k])) == (figure.box or (0, 0, 0, 0))
            assert item["labels"][k] == figure.class_id
            assert np.array_equal(item["figure_masks"][k].numpy(), sample.figure_mask(k))
            assert np.array_equal(item["whole_masks"][k].numpy(), sample.whole_mask(k))
        assert torch.equal(item["whole"][0], item["whole_masks"].any(0))
        off = ~item["mask"]
        assert torch.equal(item["background_depth"][off], item["depth"][off])


def test_raw_pictures_are_bytes(data: Dataset) -> None:
    sample, item = data[3], CompositeDataset(data, extras=["background"], raw=True)[3]
    assert item["image"].dtype == item["background"].dtype == torch.uint8
    assert np.array_equal(item["image"].permute(1, 2, 0).numpy(), sample.image)


def test_a_value_that_is_unknown_is_zero_and_not_valid(tmp_path: Path) -> None:
    """NaN times a mask of 0 is NaN: a loss would be lost."""
    write_photos(tmp_path, 1, 1)
    Image.fromarray(np.vstack([np.zeros((48, 120)), np.full((48, 120), 3000)]).astype(np.uint16)).save(
        tmp_path / "depth/room0.png"
    )
    recipe = small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"})
    item = CompositeDataset(build(recipe, tmp_path / "out"))[0]
    assert 0 < int((~item["depth_valid"]).sum()) < item["depth"].numel()
    assert torch.isfinite(item["depth"]).all()
    assert (item["depth"][~item["depth_valid"]] == 0).all()
    assert (item["depth"][item["depth_valid"]] > 0).all()


def test_stored_and_rendered_items_are_the_same(data: Dataset, virtual: VirtualDataset, folder: Path) -> None:
    stored, rendered = (CompositeDataset(one, transforms=ALL, extras=EXTRAS, seed=4) for one in (data, virtual))
    numbers = [5, 0, len(data) - 1, -2]
    assert len(rendered) == len(stored)
    for one, other in zip(stored.__getitems__(numbers), rendered.__getitems__(numbers), strict=True):
        assert same(one, other)
    by_path = CompositeDataset(folder, transforms=ALL, extras=EXTRAS, virtual=True, seed=4)
    assert same(by_path[5], stored[5])


def test_layers_and_splits_are_chosen(data: Dataset, folder: Path) -> None:
    items = CompositeDataset(folder, ["mask"], "new_both")
    assert len(items) == len(data.select(split="new_both"))
    assert set(items[0]) == {"image", "mask", "intrinsics", "index", "key", "split"}
    assert items[-1]["split"] == "new_both"
    with pytest.raises(IndexError):
        items[len(items)]


def contexts() -> list[str]:
    return [name for name in ("fork", "spawn") if name in multiprocessing.get_all_start_methods()]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("rendered", [False, True], ids=["stored", "virtual"])
@pytest.mark.parametrize("context", contexts())
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_give_the_same_batches(data: Dataset, virtual: VirtualDataset, context: str, rendered: bool) -> None:
    """However they are started, in two epochs, whose crops differ; workers that outlive an epoch know of the next."""
    items = CompositeDataset(virtual if rendered else data, split="train", transforms=ALL, seed=1)
    items[0]  # files are open, and photos decoded, when workers start
    sampler = ResumableSampler(len(items), seed=2)
    number = 2 if context == "fork" else 1  # spawned ones import torch, which takes seconds
    workers: dict[str, Any] = {"num_workers": number, "multiprocessing_context": context, "persistent_workers": True}
    alone = DataLoader(items, batch_size=4, sampler=sampler)
    together = DataLoader(items, batch_size=4, sampler=sampler, **workers)
    seen = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        ours, theirs = list(alone), list(together)
        assert len(ours) == len(theirs) == -(-len(items) // 4)
        assert all(same(one, other) for one, other in zip(ours, theirs, strict=True))
        images = {i: one for b in ours for i, one in zip(b["index"].tolist(), b["image"], strict=True)}
        seen.append(images)
    assert seen[0].keys() == seen[1].keys()
    assert not any(torch.equal(seen[0][k], seen[1][k]) for k in seen[0])
    assert ours[0]["image"].shape == (4, 3, 32, 48)
    assert isinstance(ours[0]["key"], list)


def test_a_stopped_epoch_goes_on_with_the_same_batches(data: Dataset) -> None:
    """Crops too: what is drawn hangs on the epoch, not on how many samples came before."""
    items = CompositeDataset(data, split="train", transforms=ALL)
    sampler = ResumableSampler(len(items), seed=2, epoch=3)
    unbroken = list(DataLoader(items, batch_size=4, sampler=sampler))
    again = ResumableSampler(len(items))
    again.load_state_dict(sampler.state_dict(taken=2 * 4))
    rest = list(DataLoader(items, batch_size=4, sampler=again))
    assert len(rest) == len(unbroken) - 2 > 0
    assert all(same(one, other) for one, other in zip(rest, unbroken[2:], strict=True))


def test_a_dataset_can_be_pickled(data: Dataset) -> None:
    items = CompositeDataset(data, split="train", transforms=ALL)
    assert same(pickle.loads(pickle.dumps(items))[2], items[2])  # noqa: S301


def test_figures_collate_as_lists(data: Dataset) -> None:
    items = CompositeDataset(data, extras=["figures"])
    numbers = [len(data.record(i).figures) for i in range(6)]
    assert len(set(numbers)) > 1
    batch = next(iter(DataLoader(items, batch_size=6, collate_fn=collate)))
    assert [len(boxes) for boxes in batch["boxes"]] == numbers
    assert batch["image"].shape == (6, 3, H, W)
    with pytest.raises(RuntimeError, match="equal size"):
        next(iter(DataLoader(items, batch_size=6)))


def test_samples_say_why_they_do_not_collate(data: Dataset) -> None:
    samples: Any = data
    with pytest.raises(FigureGroundError, match="Samples do not collate") as caught:
        next(iter(DataLoader(samples, batch_size=2)))
    assert "CompositeDataset" in caught.value.remedy


def test_what_is_asked_for_wrongly_is_refused(data: Dataset, tmp_path: Path) -> None:
    for extras in ("figures", ["normals"]):
        with pytest.raises(FigureGroundError, match="extras"):
            CompositeDataset(data, extras=extras)
    with pytest.raises(FigureGroundError, match="when a dataset is opened"):
        CompositeDataset(data, ["mask"])
    with pytest.raises(FigureGroundError, match="as they are stored"):
        CompositeDataset([tmp_path], virtual=True)
    with pytest.raises(FigureGroundError, match="unknown split"):
        CompositeDataset(data, split="val")
    write_photos(tmp_path, 1, 1)
    flat = CompositeDataset(build(small_recipe(tmp_path), tmp_path / "out"), extras=["background_depth"])
    with pytest.raises(FigureGroundError, match="no depth behind"):
        flat[0]


def test_several_datasets_are_one(data: Dataset, folder: Path) -> None:
    items = CompositeDataset([folder, folder], split="train")
    assert len(items) == 2 * len(data.select(split="train"))
