"""Units of depth maps: as users have them, as datasets store them, and how many codes a unit is usual in files."""

from __future__ import annotations

from collections.abc import Mapping

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthUnit, Direction, GivenUnit

_STORED: dict[GivenUnit, DepthUnit] = {"m": "m", "1/m": "1/m"}
_CODES: dict[GivenUnit, float] = {"m": 1000.0, "1/m": 10000.0}  # of whole numbers, a unit
SHIFTED = ("affine-inverse", "affine")  # known up to scale and shift, so that 0 means nothing


def stored_unit(unit: GivenUnit) -> DepthUnit:
    """Return the unit that a dataset stores depth of this unit in; what is known up to a shift is stored without it."""
    return _STORED.get(unit, "relative")


def usual_per_unit(unit: GivenUnit, whole: bool) -> float:
    """Return how many codes a unit is, where nobody says it; `whole`: of whole numbers rather than floats."""
    return _CODES.get(unit, 1.0) if whole else 1.0


def direction_of(unit: GivenUnit) -> Direction:
    """Return what a larger value means."""
    return "larger is farther" if unit in ("m", "affine") else "larger is nearer"


def refuse_several_units(units: Mapping[DepthUnit, str]) -> None:
    """Raise FigureGroundError where the depth of a dataset's backgrounds has several units.

    `units`: each with where it is from.
    """
    if len(units) > 1:
        raise FigureGroundError(
            "the depth of the backgrounds has several units, and a dataset has one",
            "; ".join(f"{where}: {unit}" for unit, where in units.items()),
            "give all sources depth of one unit, or build a dataset of each",
        )
