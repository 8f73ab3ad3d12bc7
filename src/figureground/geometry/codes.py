"""Depth maps: layering, and quantisation to codes and back.

Stored depth is always `value = offset + scale * code`, with code 0 for "no value" where the encoding has one, so a
reader needs four numbers from the metadata and no knowledge of the encoding.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import DepthMap, DepthUnit, Direction

# Codes a unit, fixed so that images compare: 1 mm a code up to 65.5 m, 0.0001/m a code up to 6.55/m (15 cm).
_STEPS: dict[DepthUnit, float] = {"m": 1000.0, "1/m": 10000.0}
# encoding -> (invalid code, largest code) where the range of each image is stretched over the codes
_STRETCHES: dict[str, tuple[int | None, int]] = {"png16": (0, 65535), "png8": (0, 255), "jpeg8": (None, 255)}
_MID_GREY = 128


@dataclass(frozen=True, eq=False)
class DepthCode:
    """A quantised depth map: uint16 or uint8 `codes`, and how to read them.

    value = offset + scale * code; `invalid` is the code that means "no value", or None when every code has one.
    `lacking`: why there is no value at all, "" where there is one.
    """

    codes: NDArray[np.uint16] | NDArray[np.uint8]
    scale: float
    offset: float
    invalid: int | None
    unit: DepthUnit
    direction: Direction
    lacking: str = ""


def without_value(shape: tuple[int, int], unit: DepthUnit, direction: Direction, encoding: str, why: str) -> DepthCode:
    """Return codes of a map that has no value anywhere: the invalid code throughout.

    In "jpeg8", whose other maps have a value for every code, that is 128: mid grey alone survives JPEG of any quality.
    """
    invalid, top = _STRETCHES[encoding]
    invalid = _MID_GREY if invalid is None else invalid
    nothing = np.full(shape, invalid, np.uint16 if top > 255 else np.uint8)
    scale = 1 / _STEPS[unit] if encoding == "png16" and unit in _STEPS else 1.0
    return DepthCode(nothing, scale, 0.0, invalid, unit, direction, why)


def quantise(depth: DepthMap, encoding: str) -> DepthCode:
    """Return the depth map in codes.

    "png16": uint16; metres in steps of 1 mm, inverse depth in steps of 0.0001/m, values outside the code range become
    invalid; relative depth is stretched over 1..65535.  "png8": stretched over 1..255.  "jpeg8": stretched over
    0..255 with no invalid value (JPEG would smear it); a map with holes is refused with ValueError.
    """
    if encoding == "png16" and depth.unit in _STEPS:
        # float32 is enough: 65535 codes of its 2**24, so rounding is off by less than 0.01 of a step
        steps = depth.values * np.float32(_STEPS[depth.unit])
        np.rint(steps, out=steps)  # in place: a large photo's map takes 400 MB
        steps[~((steps >= 1) & (steps <= 65535))] = 0
        return DepthCode(steps.astype(np.uint16), 1 / _STEPS[depth.unit], 0.0, 0, depth.unit, depth.direction)
    values = depth.values.astype(np.float64)
    valid = np.isfinite(values)
    whole = bool(valid.all())
    invalid, top = _STRETCHES[encoding]
    if invalid is None and not whole:
        raise ValueError("8-bit JPEG depth has no code for pixels without a value; use png16 or png8")
    known = values if whole else values[valid]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    first = 0 if invalid is None else 1
    scale = (high - low) / (top - first) or 1.0
    offset = low - first * scale
    stretched = np.rint(((values if whole else np.where(valid, values, low)) - offset) / scale)
    if invalid is not None and not whole:
        stretched = np.where(valid, stretched, invalid)
    final = stretched.astype(np.uint16) if top > 255 else stretched.astype(np.uint8)
    return DepthCode(final, scale, offset, invalid, depth.unit, depth.direction)


def dequantise(code: DepthCode) -> DepthMap:
    """Return the float32 depth map of the codes, NaN where invalid."""
    if code.codes.dtype == np.uint16 and code.offset == 0 and code.invalid == 0 and 1 / code.scale in _STEPS.values():
        # the fixed steps of every metric map: looking values up takes a third of the time of working them out
        return DepthMap(_values(code.scale).take(code.codes), code.unit, code.direction)
    values = (code.offset + code.scale * code.codes.astype(np.float64)).astype(np.float32)
    if code.invalid is not None:
        values[code.codes == code.invalid] = np.nan
    return DepthMap(values, code.unit, code.direction)


@functools.lru_cache(maxsize=2)
def _values(scale: float) -> NDArray[np.float32]:
    """The value of each of the 65536 codes, NaN for 0."""
    values = (scale * np.arange(65536, dtype=np.float64)).astype(np.float32)
    values[0] = np.nan
    return values


def background_code(depth: DepthMap) -> DepthCode:
    """Return a background's depth in the codes that its composites keep.

    Metres and inverse depth as "png16" has them; relative inverse depth over 1..32767 with offset 0, so that figures
    nearer than all of the background have codes too.  Raises ValueError for relative depth that is not inverse.
    """
    if depth.unit != "relative":
        return quantise(depth, "png16")
    if depth.direction != "larger is nearer":
        raise ValueError("relative depth that is not inverse depth has no place for a figure")
    values = depth.values.astype(np.float64)
    valid = np.isfinite(values)
    scale = float(values[valid].max()) / 32767 if valid.any() else 0.0
    if not scale > 0:
        raise ValueError("inverse depth without a positive value")
    codes = np.where(valid, np.clip(np.rint(np.where(valid, values, 0) / scale), 1, 32767), 0)
    return DepthCode(codes.astype(np.uint16), scale, 0.0, 0, depth.unit, depth.direction)
