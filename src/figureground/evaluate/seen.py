"""What the bias probes need of a sample: little, so that many can be held, however large their canvas is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats, Ints
from figureground.core.nouns import DepthMap, Mask, Picture
from figureground.core.record import Record
from figureground.evaluate.seams import Scores, scores
from figureground.samples.sample import Sample

GRID = 48
LEVELS = 256


class Foot(NamedTuple):
    """Where a figure stands: the row of its contact and the rows below the horizon, both in heights of the picture (the
    latter NaN where no horizon is known), and planar depth there, m."""

    row: float
    below: float
    depth_m: float


@dataclass(frozen=True, eq=False)
class Seen:
    """What of a sample the probes need.

    `inside`, `outside`: int64 (256,), px of the mask, and of the rest, by how far their colours are from the clean
    plate's, the largest of the channels; None without either.  `mask`: bool on the grid.  `depth_m`, `behind_m`:
    float64 on the grid, NaN where unknown, of the sample and of its background alone; None where there are none, and
    then `no_depth`, `no_behind` say why.  `seam`: scores of pieces of its outline, and of the background.
    """

    background: str
    inside: Ints | None
    outside: Ints | None
    mask: Mask | None
    depth_m: Floats | None
    behind_m: Floats | None
    no_depth: str
    no_behind: str
    feet: tuple[Foot, ...]
    seam: Scores | None


def seen_of(sample: Sample) -> Seen:
    """Return what of a sample the probes need; its background is read, too."""
    mask = sample.mask
    plate, behind, _ = sample.scenery(sample.record.background) if sample.scenery else (None, None, None)
    inside, outside = (None, None) if mask is None or plate is None else _differences(sample.image, plate, mask)
    depth_m, no_depth = _metres(sample.depth, "there is no depth")
    behind_m, no_behind = _metres(behind, "no depth of the backgrounds is kept")
    return Seen(
        background=sample.record.background,
        inside=inside,
        outside=outside,
        mask=None if mask is None else on_grid(mask),
        depth_m=depth_m,
        behind_m=behind_m,
        no_depth=no_depth,
        no_behind=no_depth or no_behind,
        feet=_feet(sample.record, sample.image.shape[0]),
        seam=None if mask is None else scores(sample.image, mask, sample.record.index),
    )


def on_grid(values: NDArray[Any]) -> NDArray[Any]:
    """Return the pixels of a map in the middle of each of GRID x GRID cells, all where there are fewer."""
    rows, columns = (
        ((2 * np.arange(min(side, GRID)) + 1) * side) // (2 * min(side, GRID)) for side in values.shape[:2]
    )
    return np.asarray(values[rows[:, None], columns])


def _differences(image: Picture, plate: Picture, mask: Mask) -> tuple[Ints, Ints]:
    """Return how many px of the mask, and of the rest, differ from the clean plate by so many levels."""
    differ = np.maximum(image, plate) - np.minimum(image, plate)
    most = np.maximum(np.maximum(differ[..., 0], differ[..., 1]), differ[..., 2])
    inside = np.bincount(most[mask], minlength=LEVELS)
    return inside, np.bincount(most.ravel(), minlength=LEVELS) - inside


def _metres(depth: DepthMap | None, none: str) -> tuple[Floats | None, str]:
    """Return a map on the grid in metres, NaN where it is not known or not above 0; or None, and why."""
    if depth is None:
        return None, none
    if depth.unit == "relative":
        return None, "depth is relative, and has no ratios"
    values = on_grid(depth.values).astype(np.float64)
    values[~(np.isfinite(values) & (values > 0))] = np.nan
    return (values if depth.unit == "m" else 1 / values), ""


def _feet(record: Record, height: int) -> tuple[Foot, ...]:
    """Return the figures that stand in the frame, at depth that is known in metres."""
    unit = record.depths["depth"].unit if "depth" in record.depths else "relative"
    horizon = record.camera.horizon_y if record.camera.horizon_from else float("nan")
    found = []
    for figure in record.figures:
        depth = figure.depth_at_contact or 0.0
        if unit == "relative" or depth <= 0 or figure.contact is None or not 0 <= figure.contact[1] < height:
            continue
        row = figure.contact[1] + 0.5
        found.append(Foot(row / height, (row - horizon) / height, depth if unit == "m" else 1 / depth))
    return tuple(found)
