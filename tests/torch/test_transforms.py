"""Transforms carry every map and the camera: a point of a pixel stays where it was in the room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra [torch] is not installed")

import torch

from figureground import Dataset
from figureground.torch import ColourJitter, CompositeDataset, Draw, Flip, RandomResizedCrop, Resize
from figureground.torch.composites import Transform
from figureground.torch.geometric import cropped, flipped, resized
from figureground.torch.tensors import EXACT, EXTRAS, SMOOTH

MAPS = {*SMOOTH, *EXACT}


@pytest.fixture(scope="module")
def items(data: Dataset) -> list[dict[str, Any]]:
    return CompositeDataset(data, extras=EXTRAS).__getitems__(range(0, len(data), 7))


def points(item: dict[str, Any]) -> Any:
    """Return where in camera axes each pixel's point lies, m: float64 (h, w, 3)."""
    depth = item["depth"][0].double()
    rows, columns = torch.meshgrid(*(torch.arange(n).double() + 0.5 for n in depth.shape), indexing="ij")
    rays = torch.stack([columns, rows, torch.ones_like(rows)], -1) @ torch.linalg.inv(item["intrinsics"].double()).T
    return rays * depth[..., None]


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(value, other[name]) if torch.is_tensor(value) else value == other[name]
        for name, value in one.items()
    )


def test_a_mirrored_point_lies_on_the_other_side(items: list[dict[str, Any]]) -> None:
    for item in items:
        wanted = points(item).flip(1) * torch.tensor([-1, 1, 1])
        assert torch.allclose(points(flipped(item)), wanted, atol=1e-4)


def test_a_point_of_a_window_stays(items: list[dict[str, Any]]) -> None:
    for item in items:
        assert torch.allclose(points(cropped(item, 11, 7, 40, 30)), points(item)[7:37, 11:51], atol=1e-4)


def test_a_point_stays_in_other_sizes(items: list[dict[str, Any]]) -> None:
    """Three times as large, the middle one of nine pixels has the old one's centre; a third, and it is its own."""
    for item in items:
        large = resized(item, 3 * 64, 3 * 96)
        assert torch.allclose(points(large)[1::3, 1::3], points(item), atol=1e-4)
        small = resized(cropped(item, 0, 0, 96, 63), 21, 32)
        assert torch.allclose(points(small), points(item)[1:63:3, 1::3], atol=1e-4)


def test_all_maps_move_together(items: list[dict[str, Any]]) -> None:
    """Whatever is drawn, masks are those of the instances, depth behind is depth outside, and no value is new."""
    crop, flip = RandomResizedCrop(40, 56, area=(0.1, 1.0)), Flip(1.0)
    for item in items:
        for k in range(4):
            draw = Draw(0, item["index"], k)
            moved = flip(crop(item, draw), draw)
            assert {moved[name].shape[-2:] for name in MAPS if name in moved} == {(40, 56)}
            assert torch.equal(moved["instances"] > 0, moved["mask"])
            assert torch.equal(moved["semantic"] > 0, moved["mask"])
            assert torch.equal(moved["figure_masks"].any(0, keepdim=True), moved["mask"])
            assert torch.equal(moved["background_depth"][~moved["mask"]], moved["depth"][~moved["mask"]])
            assert set(moved["depth"].unique().tolist()) <= set(item["depth"].unique().tolist())
            assert moved["alpha"].dtype == torch.float32
            for mask, box in zip(moved["figure_masks"], moved["boxes"].int().tolist(), strict=True):
                x0, y0, x1, y1 = box
                assert int(mask[y0:y1, x0:x1].sum()) == int(mask.sum())
                if mask.any():
                    assert mask[y0:y1, x0].any()
                    assert mask[y1 - 1, x0:x1].any()
                else:
                    assert box == [0, 0, 0, 0]


def test_pictures_move_with_their_masks(items: list[dict[str, Any]]) -> None:
    """A picture that shows its own mask shows the moved one, but for the outline, which it blurs."""
    for item in items:
        drawn = dict(item, image=item["mask"].float().expand(3, -1, -1))
        moved = RandomResizedCrop(64, 96)(drawn, Draw(3, item["index"]))
        assert ((moved["image"][0] > 0.5) != moved["mask"][0]).float().mean() < 0.02
        assert torch.equal(flipped(drawn)["image"][0] > 0.5, flipped(drawn)["mask"][0])


def test_mirrored_twice_is_the_same(items: list[dict[str, Any]]) -> None:
    for item in items:
        assert same(flipped(flipped(item)), item)
        assert not torch.equal(flipped(item)["image"], item["image"])


def test_what_keeps_everything_changes_nothing(items: list[dict[str, Any]]) -> None:
    whole = RandomResizedCrop(64, 96, area=(1.0, 1.0), shape=(1.0, 1.0))
    for item in items:
        draw = Draw(1, item["index"])
        assert same(whole(item, draw), item)
        assert same(Resize(64, 96)(item, draw), item)
        assert same(Flip(0.0)(item, draw), item)
        still = ColourJitter(0, 0, 0)(item, draw)
        assert torch.allclose(still["image"], item["image"], atol=1e-6)


def test_windows_are_as_large_as_asked_for(items: list[dict[str, Any]]) -> None:
    """By the focal lengths: a window of half the area is seen enlarged by its root."""
    item = items[0]
    for k in range(30):
        moved = RandomResizedCrop(64, 96, area=(0.25, 0.5), shape=(0.8, 1.25))(item, Draw(k, 0))
        across, down = (float(moved["intrinsics"][i, i] / item["intrinsics"][i, i]) for i in (0, 1))
        assert 0.22 < 1 / (across * down) < 0.55
        assert 0.75 < down / across < 1.35


def test_colours_alone_change(items: list[dict[str, Any]]) -> None:
    jitter = ColourJitter(0.5, 0.5, 0.5)
    for item in items:
        changed = jitter(item, Draw(0, item["index"]))
        assert not torch.allclose(changed["image"], item["image"], atol=0.01)
        assert 0 <= float(changed["image"].min()) <= float(changed["image"].max()) <= 1
        assert same(dict(changed, image=0), dict(item, image=0))
    # a grey picture stays grey, and less saturation brings colours together
    grey = dict(items[0], image=items[0]["image"].mean(0, keepdim=True).expand(3, -1, -1))
    shades = jitter(grey, Draw(0, 0))["image"]
    assert torch.allclose(shades[0], shades[2], atol=1e-5)
    pale = [ColourJitter(0, 0, 0.9)(items[0], Draw(seed, 0))["image"] for seed in range(20)]
    spreads = [float((p.max(0).values - p.min(0).values).mean()) for p in pale]
    own = items[0]["image"]
    assert min(spreads) < 0.6 * float((own.max(0).values - own.min(0).values).mean())


def test_bytes_stay_bytes(data: Dataset) -> None:
    """And become, but for rounding, what floats become."""
    transforms: list[Transform] = [RandomResizedCrop(40, 40), ColourJitter()]
    raw, plain = (CompositeDataset(data, transforms=transforms, raw=raw)[9] for raw in (True, False))
    assert raw["image"].dtype == torch.uint8
    assert float((raw["image"] / 255 - plain["image"]).abs().max()) < 0.01


def test_draws_are_functions_of_seed_sample_epoch_step_and_purpose() -> None:
    drawn = {
        (seed, index, epoch, step, purpose): Draw(seed, index, epoch, step).uniform(purpose)
        for seed in (0, 1)
        for index in (0, 1)
        for epoch in (0, 1)
        for step in (0, 1)
        for purpose in ("x", "y")
    }
    assert len(set(drawn.values())) == 32
    assert Draw(1, 1, 1, 1).uniform("x") == drawn[1, 1, 1, 1, "x"]
    many = [Draw(0, i).uniform("z", 2, 4) for i in range(2000)]
    assert 2 <= min(many) < 2.02
    assert 3.98 < max(many) < 4
    assert abs(np.mean(many) - 3) < 0.05


def test_a_flip_takes_its_share(items: list[dict[str, Any]]) -> None:
    tiny = {"image": torch.arange(6.0).reshape(1, 2, 3).expand(3, 2, 3), "intrinsics": torch.eye(3)}
    turned = sum(not torch.equal(Flip(0.3)(tiny, Draw(0, i))["image"], tiny["image"]) for i in range(1000))
    assert 250 < turned < 350
