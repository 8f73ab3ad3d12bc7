"""What the numbers in a depth map mean: the recipe's word, that of the JSON beside it, or what is usual; and the map
that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.job import GivenDepth
from figureground.core.nouns import GivenUnit
from figureground.core.typed import parsed, typed
from figureground.core.units import SHIFTED, usual_per_unit
from figureground.ingest.depth_files import RawMap

_CLOSE = 1e-6  # relative difference of two scales that are the same


@dataclass(frozen=True)
class Told:
    """What the JSON beside a map says, as `figureground depth` writes it; None where it does not.  `estimated`: that a
    network made it."""

    unit: GivenUnit | None = None
    per_unit: float | None = None
    offset: float | None = None
    invalid: float | None = None
    estimated: bool = False


@dataclass(frozen=True)
class Reading:
    """How a map's numbers are read: value = offset + code / per_unit; None is what is usual of its kind of file.

    `said`: somebody said what the codes mean, so that maps of 8 bits are more than pictures.  `estimated`: a network
    made it, which flattens rooms.
    """

    unit: GivenUnit = "m"
    per_unit: float | None = None
    offset: float = 0.0
    invalid: float | None = None
    distance: bool = False
    said: bool = False
    estimated: bool = False


AS_USUAL = Reading()


def told_by(data: bytes) -> Told | None:
    """Return what a JSON says of a map; None where it is none of ours.  Raises SetAsideError for one that is wrong."""
    try:
        about = parsed(data)
    except ValueError:
        raise SetAsideError("it is no JSON") from None
    if not isinstance(about, dict) or not any(str(key).startswith("depth_") for key in about):
        return None
    scale, offset, invalid = (_number(about, f"depth_{name}") for name in ("scale", "offset", "invalid"))
    if scale is not None and scale <= 0:
        raise SetAsideError(f"depth_scale = {scale:g} is not above 0")
    return Told(_unit(about), 1 / scale if scale else None, offset, invalid, "model" in about)


def _number(about: dict[str, Any], key: str) -> float | None:
    value = about.get(key)
    if value is None:
        return None
    try:
        return float(typed(float, value))
    except ValueError:
        raise SetAsideError(f"{key} is no number") from None


def _unit(about: dict[str, Any]) -> GivenUnit | None:
    """Return the unit; networks' relative depth is known up to a shift, too, as `DepthMap` has it."""
    unit, direction = about.get("depth_unit"), about.get("depth_direction")
    names: dict[str, GivenUnit] = {"m": "m", "1/m": "1/m", "affine-inverse": "affine-inverse", "affine": "affine"}
    if unit is None:
        return None
    if unit == "relative":
        return "affine" if direction == "larger is farther" else "affine-inverse"
    if not isinstance(unit, str) or unit not in names:
        raise SetAsideError(f"depth_unit = {str(unit)[:40]!r} is no unit of depth")
    return names[unit]


def reading_of(given: GivenDepth, told: Told | None, where: str) -> Reading:
    """Return how a map is read: as the recipe says and, where that is silent, as its JSON does.

    Raises FigureGroundError where both speak and differ.
    """
    own = told or Told()
    pairs = (
        ("depth_unit", given.unit, own.unit),
        ("depth_per_unit", given.per_unit, own.per_unit),
        ("depth_offset", given.offset, own.offset),
        ("depth_invalid", given.invalid, own.invalid),
    )
    for name, said, other in pairs:
        if said is not None and other is not None and not _agree(said, other):
            raise FigureGroundError(
                f"the recipe says {name} = {_text(said)}, and the JSON beside the map {_text(other)}",
                where,
                f'leave {name} out (or "auto") to take the map\'s own, or remove the JSON',
            )
    unit = given.unit or own.unit or "m"
    per_unit, offset, invalid = (
        said if said is not None else other
        for _, said, other in pairs[1:]  # the recipe's word first
    )
    said = bool(given.unit in (*SHIFTED, "relative") or per_unit is not None or own.unit)
    return Reading(
        unit,
        _number_of(per_unit),
        _number_of(offset) or 0.0,
        _number_of(invalid),
        given.distance,
        said,
        own.estimated,
    )


def _number_of(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, int | float) else repr(value)


def _agree(said: float | str, other: float | str) -> bool:
    """Tell whether recipe and JSON say the same; a user may say of relative inverse depth that it has no shift."""
    if isinstance(said, str) or isinstance(other, str):
        return said == other or (said, other) == ("relative", "affine-inverse")
    return abs(said - other) <= _CLOSE * max(abs(said), abs(other))


def values_of(raw: RawMap, reading: Reading) -> Singles:
    """Return the values of a map in its unit, float32 (height, width), NaN or 0 and less where unknown.

    Raises SetAsideError for 8 bits of which nobody says what a step is.
    """
    if raw.whole and raw.bits <= 8 and not reading.said:
        raise SetAsideError(
            "its depth map has 8 bits, and nothing says what a step of it means: set depth_per_unit, "
            'or depth_unit = "affine-inverse" for what a network drew'
        )
    codes = raw.values
    per_unit = reading.per_unit or usual_per_unit(reading.unit, raw.whole)
    values = codes.astype(np.float32)
    if reading.offset:
        values = (reading.offset + codes.astype(np.float64) / per_unit).astype(np.float32)
    elif per_unit != 1:
        values /= np.float32(per_unit)
    invalid = reading.invalid
    if invalid is None and raw.whole and reading.unit not in SHIFTED:
        invalid = 0.0  # of maps known up to a shift, 0 is what is farthest
    if invalid is not None:
        values[codes == invalid if raw.whole else np.isclose(codes, invalid, rtol=1e-6, atol=0)] = np.nan
    return values
