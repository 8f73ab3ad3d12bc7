"""What exports hand on of a sample: its stored bytes, looked at, and its depth in the units that others read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap
from figureground.core.record import DepthMeaning, Record
from figureground.dataset.stored import Dataset
from figureground.formats.format import Work
from figureground.geometry.intrinsics import planar_metres
from figureground.image import png
from figureground.samples import codec

_AGAIN = "`figureground verify DATASET` says what is damaged, and with --repair mends it"
SUFFIXES = ("jpg", "png", "webp")
PER_METRE = 1000  # codes of 16-bit millimetres, where 0 means no value


def members(dataset: Dataset, i: int) -> dict[str, bytes]:
    """Return what is stored of sample i, layer -> bytes, each decoded once: what is no picture is not handed on.

    Raises FigureGroundError for what is damaged, and where there is no image.
    """
    record, found = dataset.record(i), dataset.members(i)
    shape = Canvas.of(dataset.manifest["size"]).shape
    if "image" not in found:
        raise FigureGroundError("a sample has no image", record.key, _AGAIN)
    for layer, data in found.items():
        try:
            codec.decode(layer, data, record.depths.get(layer), shape)
        except ValueError as error:
            raise FigureGroundError(f"a sample cannot be exported: {layer}: {error}", record.key, _AGAIN) from None
        suffix_of(record, layer)
    return found


def suffix_of(record: Record, layer: str) -> str:
    """Return the suffix of a layer's member, which its copy bears.  Raises FigureGroundError for an unknown one."""
    suffix = record.files[layer].rpartition(".")[2]
    if suffix not in SUFFIXES:
        raise FigureGroundError(f"a member has an unknown suffix, {suffix!r}", record.key, _AGAIN)
    return suffix


def require_layers(dataset: Dataset, *layers: str) -> None:
    """Raise FigureGroundError where a dataset has not all layers that a format needs."""
    there = dataset.manifest.get("layers") or list(dataset.record(0).files)
    if missing := [layer for layer in layers if layer not in there]:
        raise FigureGroundError(
            f"this format needs the layer {' and '.join(missing)}, which the dataset does not have",
            dataset.store.name,
            'build with depth.source = "layered" or "network"' if missing == ["depth"] else "build with that layer",
        )


def require_metric(record: Record) -> DepthMeaning:
    """Return what a record's depth means.  Raises FigureGroundError where there is none, or it is relative."""
    meaning = record.depths.get("depth")
    if meaning is None:
        raise FigureGroundError("a sample has no depth", record.key, 'build with depth.source = "layered"')
    if meaning.unit == "relative":
        raise FigureGroundError(
            "its depth is relative, known only up to scale and shift, and this format is in metres",
            record.key,
            "build with a depth network that gives metres, or with known depth",
        )
    return meaning


def metres(data: bytes, record: Record) -> NDArray[np.float32]:
    """Return a stored depth map as planar depth in metres, float32 (height, width), NaN where unknown.

    Raises FigureGroundError where it is relative.
    """
    meaning = require_metric(record)
    depth = cast(DepthMap, codec.decode("depth", data, meaning))
    return planar_metres(depth).astype(np.float32)


def millimetres(data: bytes, record: Record) -> bytes:
    """Return a depth map as a 16-bit PNG in millimetres, 0 where unknown or beyond 65.535 m.

    What is stored so is handed on as it is.  Raises FigureGroundError where depth is relative.
    """
    meaning = require_metric(record)
    own = (meaning.unit, meaning.direction, meaning.scale, meaning.offset, meaning.invalid)
    if own == ("m", "larger is farther", 1 / PER_METRE, 0.0, 0) and suffix_of(record, "depth") == "png":
        return data
    return depth_png(metres(data, record), PER_METRE)


def depth_png(depth: NDArray[np.float32], per_metre: int) -> bytes:
    """Return metres, NaN where unknown, as a 16-bit PNG of so many codes a metre, 0 where unknown or beyond 65535."""
    steps = np.rint(np.nan_to_num(depth, nan=0.0) * np.float32(per_metre))
    return png.encode(np.where((steps >= 1) & (steps <= 65535), steps, 0).astype(np.uint16))


def class_ids(found: Mapping[str, bytes], record: Record) -> Bytes:
    """Return the class id of the figure that is seen at each pixel of a sample's members, 0 for the background: uint8
    (height, width)."""
    layer = next(name for name in ("semantic", "instances", "mask") if name in found)
    values = np.asarray(codec.decode(layer, found[layer]))
    if layer == "semantic":
        return values
    ids = np.array([0, *(figure.class_id for figure in record.figures)], np.uint8)
    return ids.take(values.astype(np.uint8))


def require_behind(work: Work) -> None:
    """Raise FigureGroundError where the catalog has no depth of a background that is used: what figures hide is not
    known."""
    known = {entry.id for entry in work.dataset.catalog.backgrounds if entry.depth_file}
    if without := sorted({record.background for _, record in work.records()} - known):
        raise FigureGroundError(
            f"the depth behind figures is not known: the catalog has none of {', '.join(without[:3])}",
            "--amodal",
            'build with depth.source = "layered", or leave --amodal out',
        )
