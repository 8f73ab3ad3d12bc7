"""A stored sample against itself: layers of the size that the dataset has, masks, boxes, areas, run lengths, depth.

These hold for every sample that was ever made, of any version, so they need neither recipe nor photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.layers import LAYERS
from figureground.core.nouns import HALF, Mask
from figureground.core.record import SPLITS, FigureRecord, Record
from figureground.image import rle
from figureground.image.masks import tight_box

_ROUNDED = 1e-6 + 1e-9  # of what records round to six places


def inner_damage(record: Record, layers: Mapping[str, NDArray[Any]], shape: tuple[int, int], exact: bool) -> list[str]:
    """Return what of a sample contradicts itself.

    `layers`: its decoded members, masks as uint8 of 0 and 255, depth as codes.  `shape`: (height, width).  `exact`:
    masks were stored without loss.
    """
    found = [*_sizes(layers, shape), *_said(record)]
    if found or not exact:
        return found
    mask = layers.get("mask")
    if mask is None:
        return ["has no mask"]
    if set(np.unique(mask).tolist()) - {0, 255}:
        return ["its mask is not binary"]
    return [*_layers_agree(layers, mask >= HALF), *_figures(record, layers, mask >= HALF), *_depth(record, layers)]


def _sizes(layers: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Iterator[str]:
    for name, values in layers.items():
        wanted = (*shape, 3) if LAYERS[name].coder == "photo" else shape
        if values.shape != wanted:
            yield f"its {name} is {values.shape}, would be {wanted}"


def _said(record: Record) -> Iterator[str]:
    if record.split not in SPLITS:
        yield f"split is {record.split!r}"
    if sorted(figure.order for figure in record.figures) != list(range(len(record.figures))):
        yield "the orders of its figures are no ranks"
    if not -1 <= record.plausibility <= 1:
        yield f"plausibility is {record.plausibility}"


def _layers_agree(layers: Mapping[str, NDArray[Any]], mask: Mask) -> Iterator[str]:
    for name, values in layers.items():
        least = LAYERS[name].figure_from
        if least is not None and (wrong := int(np.count_nonzero((values >= least) != mask))):
            yield f"its {name} contradicts its mask at {wrong:,} px"


def _figures(record: Record, layers: Mapping[str, NDArray[Any]], mask: Mask) -> Iterator[str]:
    instances = layers.get("instances")
    if instances is None and len(record.figures) > 1:
        yield "has several figures and no instances"
        return
    if instances is not None and int(instances.max()) > len(record.figures):
        yield f"its instances have a figure {int(instances.max())}, its record {len(record.figures)}"
    if not record.figures and mask.any():
        yield "has no figure, and a mask"
    for number, figure in enumerate(record.figures):
        seen = mask if instances is None else instances == number + 1
        for line in _figure(figure, seen):
            yield f"figure {number}: {line}"


def _figure(figure: FigureRecord, seen: Mask) -> Iterator[str]:
    box, area = tight_box(seen), int(np.count_nonzero(seen))
    if box != figure.box:
        yield f"box is {figure.box}, its pixels have {box}"
    if area != figure.area:
        yield f"area is {figure.area}, its pixels are {area}"
    if not 0 <= figure.visible_fraction <= 1:
        yield f"visible_fraction is {figure.visible_fraction}"
    if figure.whole is not None:
        try:
            whole = rle.decode(figure.whole, seen.shape)
        except ValueError as error:
            yield f"whole: {error}"
            return
        if (seen & ~whole).any():
            yield "is seen where its whole mask is not"


def _depth(record: Record, layers: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for name, meaning in record.depths.items():
        if name not in layers:
            yield f"has no {name}"
            continue
        codes = layers[name]
        valid = 1.0 if meaning.invalid is None else np.count_nonzero(codes != meaning.invalid) / codes.size
        if abs(valid - meaning.valid_fraction) > _ROUNDED:
            yield f"{name}_valid_fraction is {meaning.valid_fraction}, its codes have {valid:.6f}"
        if not np.isfinite([meaning.scale, meaning.offset]).all():
            yield f"{name} has scale {meaning.scale} and offset {meaning.offset}"
