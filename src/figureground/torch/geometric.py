"""Transforms that move pixels: pictures, masks, depth and camera move together.

Depth values stay as they are, for planar depth hangs on no pixel's place.  Pictures and mattes are interpolated; masks,
instances, classes and depth take the nearest pixel, so no value is made that was none.  The camera follows: with pixel
centres at +0.5 a pixel x becomes w - x, x - x0 or s * x, and K with it.  Boxes are read off the masks anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from figureground.torch.draws import Draw
from figureground.torch.tensors import EXACT, SMOOTH, Item, boxes_of

Range = tuple[float, float]


@dataclass(frozen=True)
class Flip:
    """Mirror left and right, of a share of the samples; a point (X, Y, Z) becomes (-X, Y, Z)."""

    share: float = 0.5

    def __call__(self, item: Item, draw: Draw) -> Item:
        return flipped(item) if draw.uniform("flip") < self.share else item


@dataclass(frozen=True)
class Resize:
    """To height x width px, whatever the shape was; K says how pixels were stretched."""

    height: int
    width: int

    def __call__(self, item: Item, draw: Draw) -> Item:
        return resized(item, self.height, self.width)


@dataclass(frozen=True)
class RandomResizedCrop:
    """A window of the picture, resized to height x width px.

    `area`: of the picture, drawn from evenly.  `shape`: the window's width / height as parts of those of the output,
    drawn from evenly in its logarithm.  A window that would not fit is cut to the picture.
    """

    height: int
    width: int
    area: Range = (0.4, 1.0)
    shape: Range = (3 / 4, 4 / 3)

    def __call__(self, item: Item, draw: Draw) -> Item:
        rows, columns = item["image"].shape[-2:]
        area = rows * columns * draw.uniform("area", *self.area)
        shape = math.exp(draw.uniform("shape", *map(math.log, self.shape))) * self.width / self.height
        width = min(columns, max(1, round(math.sqrt(area * shape))))
        height = min(rows, max(1, round(math.sqrt(area / shape))))
        x = int(draw.uniform("x", 0, columns - width + 1))
        y = int(draw.uniform("y", 0, rows - height + 1))
        return resized(cropped(item, x, y, width, height), self.height, self.width)


def flipped(item: Item) -> Item:
    """Return an item mirrored left and right."""
    width = item["image"].shape[-1]
    matrix = item["intrinsics"].clone()
    matrix[0, 2] = width - matrix[0, 2]
    return _moved(item, lambda values: values.flip(-1), lambda values: values.flip(-1), matrix)


def cropped(item: Item, x: int, y: int, width: int, height: int) -> Item:
    """Return the window of an item whose upper left corner is pixel (x, y), which lies within the picture."""
    matrix = item["intrinsics"].clone()
    matrix[0, 2] -= x
    matrix[1, 2] -= y

    def cut(values: Tensor) -> Tensor:
        return values[..., y : y + height, x : x + width].contiguous()

    return _moved(item, cut, cut, matrix)


def resized(item: Item, height: int, width: int) -> Item:
    """Return an item of height x width px."""
    rows, columns = item["image"].shape[-2:]
    if (rows, columns) == (height, width):
        return item
    scale = torch.tensor([[width / columns], [height / rows], [1.0]], dtype=torch.float32)
    row, column = _nearest(rows, height), _nearest(columns, width)
    return _moved(
        item,
        lambda values: _smooth(values, height, width),
        lambda values: values[:, row[:, None], column],
        item["intrinsics"] * scale,
    )


def _nearest(given: int, made: int) -> Tensor:
    """Return which of the given pixels holds the centre of each of those that are made, int64 (made,)."""
    return torch.div((2 * torch.arange(made) + 1) * given, 2 * made, rounding_mode="floor")


def _smooth(values: Tensor, height: int, width: int) -> Tensor:
    made = functional.interpolate(
        values[None].to(torch.float32), (height, width), mode="bilinear", align_corners=False, antialias=True
    )[0]
    return made.round().clamp(0, 255).to(torch.uint8) if values.dtype == torch.uint8 else made


def _moved(item: Item, smooth: Callable[[Tensor], Tensor], exact: Callable[[Tensor], Tensor], matrix: Tensor) -> Item:
    """Return an item with its maps moved, its camera in place of the old one, and its boxes read anew."""
    moved = dict(item, intrinsics=matrix)
    moved |= {name: smooth(item[name]) for name in SMOOTH if name in item}
    moved |= {name: exact(item[name]) for name in EXACT if name in item}
    if "boxes" in item:
        moved["boxes"] = boxes_of(moved["figure_masks"])
    return moved
