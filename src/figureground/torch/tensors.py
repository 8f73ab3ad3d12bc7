"""A sample as a dict of tensors.

| key | dtype, shape | what |
|---|---|---|
| image | float32 (3, h, w) | sRGB, 0..1; uint8, 0..255, if `raw` |
| mask | bool (1, h, w) | what is seen of all figures |
| instances | int64 (1, h, w) | i + 1 where figure i is seen, else 0 |
| semantic | int64 (1, h, w) | class id, 0 for background |
| alpha | float32 (1, h, w) | the figures' joint matte, 0..1 |
| depth | float32 (1, h, w) | in its unit; 0, never NaN, where there is no value |
| depth_valid | bool (1, h, w) | where there is one |
| depth_unit, depth_direction | str | m, 1/m or relative; larger is farther, or larger is nearer |
| intrinsics | float32 (3, 3) | K, pixel centres at +0.5; NaN where no camera is known |
| index, key, split | int, str, str | of the record |

`depth_network` has keys as depth has.  A layer that the dataset lacks has no key.  On request (`EXTRAS`):

| key | dtype, shape | what |
|---|---|---|
| background | as image | the clean plate |
| background_depth, _valid, _unit, _direction | as depth | depth behind the figures |
| whole | bool (1, h, w) | pixels that figures cover in the frame, what stands before them or not |
| boxes | float32 (n, 4) | "figures": x0, y0, x1, y1 in px of what is seen of each; 0 where nothing is |
| labels | int64 (n,) | class ids |
| figure_masks, whole_masks | bool (n, h, w) | what is seen of each figure, and what would be if it stood alone |
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, Picture
from figureground.samples.sample import Sample

Item = dict[str, Any]  # the table above

EXTRAS = ("background", "background_depth", "whole", "figures")
RAGGED = ("boxes", "labels", "figure_masks", "whole_masks")  # a figure a row: samples differ
SMOOTH = ("image", "background", "alpha")  # resized by interpolation
_MAPS = ("mask", "instances", "semantic", "whole", "figure_masks", "whole_masks")
_DEPTHS = ("depth", "depth_network", "background_depth")
EXACT = (*_MAPS, *_DEPTHS, *(f"{name}_valid" for name in _DEPTHS))  # resized by taking the nearest


def item_of(sample: Sample, extras: Collection[str] = (), raw: bool = False) -> Item:
    """Return a sample's tensors.  Raises FigureGroundError where an extra that is asked for is not there."""
    record = sample.record
    item: Item = {"image": _picture(sample.image, raw)}
    if sample.mask is not None:
        item["mask"] = torch.from_numpy(sample.mask)[None]
    for name in ("instances", "semantic"):
        if (values := getattr(sample, name)) is not None:
            item[name] = torch.from_numpy(values.astype(np.int64))[None]
    if sample.alpha is not None:
        item["alpha"] = torch.from_numpy(sample.alpha.astype(np.float32) / 255)[None]
    for name in ("depth", "depth_network"):
        if (depth := getattr(sample, name)) is not None:
            item |= _depth(name, depth)
    matrix = record.camera.matrix if record.camera.known else np.full((3, 3), np.nan)
    item["intrinsics"] = torch.from_numpy(matrix.astype(np.float32))
    return item | _extra(sample, extras, raw) | {"index": record.index, "key": record.key, "split": record.split}


def boxes_of(masks: Tensor) -> Tensor:
    """Return (x0, y0, x1, y1) of what masks (n, h, w) show, ends exclusive, float32 (n, 4); 0 where they are empty."""
    boxes = torch.zeros((masks.shape[0], 4), dtype=torch.float32)
    for k, mask in enumerate(masks):
        columns, rows = mask.any(0).nonzero(), mask.any(1).nonzero()
        if columns.numel():
            edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            boxes[k] = torch.stack(edges).to(torch.float32)
    return boxes


def _picture(rgb: Picture, raw: bool) -> Tensor:
    planes = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
    return planes if raw else planes.to(torch.float32) / 255


def _depth(name: str, depth: DepthMap) -> Item:
    values = torch.from_numpy(depth.values)[None]
    valid = torch.isfinite(values)
    return {
        name: torch.where(valid, values, 0.0),
        f"{name}_valid": valid,
        f"{name}_unit": depth.unit,
        f"{name}_direction": depth.direction,
    }


def _extra(sample: Sample, extras: Collection[str], raw: bool) -> Item:
    item: Item = {}
    if "background" in extras:
        item["background"] = _picture(_there(sample.background, "clean plate", sample), raw)
    if "background_depth" in extras:
        item |= _depth("background_depth", _there(sample.background_depth, "depth behind its figures", sample))
    if "whole" in extras or "figures" in extras:
        height, width = sample.image.shape[:2]
        number = len(sample.record.figures)
        whole = torch.zeros((number, height, width), dtype=torch.bool)
        seen = whole.clone()
        for i in range(number):
            whole[i] = torch.from_numpy(sample.whole_mask(i))
            seen[i] = torch.from_numpy(sample.figure_mask(i))
        if "whole" in extras:
            item["whole"] = whole.any(0, keepdim=True)
        if "figures" in extras:
            labels = torch.tensor([figure.class_id for figure in sample.record.figures], dtype=torch.int64)
            item |= {"boxes": boxes_of(seen), "labels": labels, "figure_masks": seen, "whole_masks": whole}
    return item


def _there(value: Any, what: str, sample: Sample) -> Any:
    if value is None:
        raise FigureGroundError(
            f"this sample has no {what}", sample.record.key, "leave it out of `extras`, or build with layered depth"
        )
    return value
