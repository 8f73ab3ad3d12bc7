"""Places for a figure on the floor, before any pixel of it is worked out: how tall it is there, where it would lie, and
about how much of it would be seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground import native
from figureground.core.arrays import Bools, Floats, Ints, Singles
from figureground.core.canvas import Canvas
from figureground.core.job import Placing
from figureground.core.nouns import SIDES, Foreground, Ground
from figureground.geometry.codes import DepthCode, dequantise
from figureground.geometry.footing import USUAL_M, focal_rows, plane_at
from figureground.geometry.glance import shares
from figureground.geometry.perspective import figure_heights, height_rule, inverse
from figureground.plan import cut, heights

_HEADS = 12  # photographers cut off feet, not heads: above, this part of what may be hidden in all
# Who stands closer to what is behind him than his body is deep stands in it.  Of 69 composites of photos nine of 16 in
# which that held for more of the figure than this were of wrong size or stood in furniture; of the other 53 five
ROOM_M, CLOSE = 0.3, 0.1
_AS_NEAR = 2  # times the margin of hiding: what is nearer by less may as well be where the figure is
_LOOKS = 12  # closer looks at what promises well; of 737 figures that found a place, on photos, none needed more than 4


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a first look at a figure on a background needs of both.

    `depth`: of the background; `ground`: its floor, whose plane goes on below the frame.  `barrier`, `points`: from
    `geometry.glance`; `margin`: part of inverse depth by which the background must be nearer to hide a figure.
    """

    depth: DepthCode
    ground: Ground | None
    points: Singles
    barrier: Singles
    margin: float


@dataclass(frozen=True)
class Place:
    """Where a figure may stand: the pixel of its foot, its height in px, and the inverse depth there."""

    contact: tuple[int, int]
    height: int
    inverse_depth: float


@dataclass(frozen=True, eq=False)
class Bound:
    """Where the foot of a figure must be, so that its cuts lie beyond the frame: its x (`axis` 0) or y (1) is at
    `least` so much, or else at most.  `values`: float32, of a figure 0, 1, 2 ... px tall."""

    axis: int
    least: bool
    values: Singles


@dataclass(frozen=True, eq=False)
class Wanted:
    """One foreground as the rules want it, in the ways that it is turned.

    `least` and `most`: height in px of the pasted cut-out; `usual`: times such a height, of somebody of usual height
    who is seen whole at the same place.  `above`: part of its height, negative, by which it may begin above the frame.
    `bounds`: of its foot; none where nothing is cut off.
    """

    cutout: Foreground
    canvas: Canvas
    flips: tuple[bool, ...]
    least: float
    most: float
    usual: float
    above: float
    min_visible: float
    bounds: tuple[Bound, ...]
    native: tuple[tuple[float, ...], bytes]  # the same as numbers, for the kernel

    @staticmethod
    def of(placing: Placing, cutout: Foreground, flips: tuple[bool, ...]) -> Wanted:
        least, most = heights.limits(placing.heights, placing.canvas, cutout)
        share = cut.share(cutout)
        # whom the photo cut off above may begin as far above as he likes
        above = -np.inf if "top" in cutout.cut else -(1 - placing.min_visible) / _HEADS
        sides = [cut.sides(cutout, flip) for flip in flips]
        turns = bytes(
            flip + sum(2 << SIDES.index(side) for side in own) for flip, own in zip(flips, sides, strict=True)
        )
        own = float(cutout.width), float(cutout.height), cutout.real_height, share, *cut.foot(cutout)
        numbers = *own, least, most, above, placing.min_visible
        return Wanted(
            cutout, placing.canvas, flips, least, most, USUAL_M / (share * cutout.real_height), above,
            placing.min_visible, _bounds(cutout, placing.canvas, flips, most), (numbers, turns),
        )  # fmt: skip


def corners_of(cutout: Foreground, contacts: Ints, width: Ints, height: Ints, flip: bool) -> Ints:
    """Return the top left corners of a cut-out in some sizes whose foot is on the pixels `contacts`, int64 (n, 2)."""
    foot = cut.foot(cutout)
    column = np.minimum((foot[0] * width).astype(np.int64), width - 1)
    row = (foot[1] * height).astype(np.int64)
    if foot[1] <= 1:
        row = np.minimum(row, height - 1)
    return np.asarray(contacts - np.stack([width - 1 - column if flip else column, row], -1), np.int64)


def corner_of(cutout: Foreground, contact: tuple[int, int], size: tuple[int, int], flip: bool) -> tuple[int, int]:
    """Return the top left corner of a cut-out in one size whose foot is on a pixel, as `corners_of` does."""
    (x, y), (width, height) = cut.foot(cutout), size
    column, row = min(int(x * width), width - 1), int(y * height)
    if y <= 1:
        row = min(row, height - 1)
    return contact[0] - (width - 1 - column if flip else column), contact[1] - row


def _bounds(cutout: Foreground, canvas: Canvas, flips: Sequence[bool], most: float) -> tuple[Bound, ...]:
    """Return the bounds of a cut-out that is turned in these ways, of heights up to a px more than `most`."""
    sizes = heights.sizes_of(cutout, np.arange(math.ceil(most) + 2, dtype=np.float64))
    found: dict[tuple[int, bool], Singles] = {}
    for flip in flips:
        foot = -corners_of(cutout, np.zeros_like(sizes), sizes[:, 0], sizes[:, 1], flip)
        for side in cut.sides(cutout, flip):
            axis, least = int(side in ("top", "bottom")), side in ("right", "bottom")
            beyond = (canvas.width, canvas.height)[axis] - sizes[:, axis] if least else 0
            bound, before = (foot[:, axis] + beyond).astype(np.float32), found.get((axis, least))
            found[axis, least] = bound if before is None else (np.maximum if least else np.minimum)(before, bound)
    return tuple(Bound(*key, values) for key, values in found.items())


def suits_cuts(wanted: Wanted, places: Singles, height: Ints | int) -> Bools:
    """Tell of rows of the table of places, float32 (n, 3), whether all cuts of a cut-out, so many whole px tall there,
    lie beyond the frame, however it is turned."""
    good = np.ones(len(places), np.bool_)
    for bound in wanted.bounds:
        value, at = bound.values[height], places[:, bound.axis]
        good &= at >= value if bound.least else at <= value
    return good


def promising(wanted: Wanted, outlook: Outlook, places: Ints, ground: Ground | None) -> list[Place]:
    """Return the first of some places (x, y), int64 (n, 2), at which enough of the figure seems to be seen, and no more
    than `CLOSE` of it is where something else is: not clearly before it, nor `ROOM_M` behind.

    `ground`: by which it is as tall as it is.
    """
    if ground is None or not len(places):
        return []
    if native.kernel is not None:
        found = native.kernel.promising(
            places, height_rule(ground, wanted.canvas), *wanted.native, outlook.depth.codes,
            _rule_of(outlook, ground),
            outlook.points, outlook.barrier, _LOOKS,
        )  # fmt: skip
    else:
        found = _promising(wanted, outlook, places, ground)
    return [Place((x, y), height, float(f"{q:.6g}")) for x, y, height, q in found]


def _promising(wanted: Wanted, outlook: Outlook, places: Ints, ground: Ground) -> list[tuple[int, int, int, float]]:
    """Return x, y, height in px and inverse depth of the places, as they are worked out."""
    cutout, canvas = wanted.cutout, wanted.canvas
    tall = figure_heights(ground, cutout.real_height, places[:, 0] + 0.5, places[:, 1] + 1.0, canvas)
    tall = tall * cut.share(cutout)
    q = inverse_depths(outlook, places)
    whole = np.rint(tall)  # the limits hold for what is pasted
    good = (whole >= wanted.least - 0.5) & (whole <= wanted.most + 0.5) & (q > 0)
    places, q, sizes = places[good], q[good], heights.sizes_of(cutout, tall[good])
    enough = np.ones(len(places), np.bool_)
    corners = [corners_of(cutout, places, sizes[:, 0], sizes[:, 1], flip) for flip in wanted.flips]
    for flip, corner in zip(wanted.flips, corners, strict=True):
        enough &= cut.beyond(cutout, canvas, corner, sizes, flip)
        enough &= corner[:, 1] >= wanted.above * sizes[:, 1]
        if wanted.min_visible >= 1:
            enough &= ((corner >= 0) & (corner + sizes <= [canvas.width, canvas.height])).all(1)
    rest = np.flatnonzero(enough)
    metres = cutout.real_height * cut.share(cutout)  # of what is so tall
    q_here = q[rest]
    behind = q_here / (1 + _deeper(ground, canvas) * tall[good][rest] / metres)
    limits = q_here * (1 + outlook.margin), behind, q_here * (1 + _AS_NEAR * outlook.margin)
    at = [corner[rest] for corner in corners]
    seen, crowded = shares(outlook.points, outlook.barrier, at, sizes[rest], limits, wanted.flips)
    rest = rest[(seen >= wanted.min_visible) & (crowded <= CLOSE)][:_LOOKS]
    columns = places[rest, 0], places[rest, 1], sizes[rest, 1], q[rest]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def inverse_depths(outlook: Outlook, places: Ints) -> Floats:
    """Return the background's inverse depth at some pixels (x, y), int64 (n, 2), and that of its floor's plane below
    the frame; NaN where unknown."""
    found = np.full(len(places), np.nan)
    code = outlook.depth
    below = places[:, 1] >= code.codes.shape[0]
    there = code.codes[places[~below, 1], places[~below, 0]][None]
    value = inverse(dequantise(DepthCode(there, code.scale, code.offset, 0, code.unit, code.direction)))
    if value is not None:
        found[~below] = value[0]
    if outlook.ground is not None:
        found[below] = plane_at(outlook.ground, places[below])
    return found


def _deeper(ground: Ground, canvas: Canvas) -> float:
    """Return what part of its distance `ROOM_M` are behind a figure, times its metres by its px."""
    return ROOM_M / focal_rows(ground, canvas)


def _rule_of(outlook: Outlook, ground: Ground) -> tuple[float, ...]:
    """Return how inverse depth comes of codes and plane, as numbers: scale, offset, 0 for metres and 1 for inverse
    depth, 2 for neither; the plane's, 0 where there is none; times which inverse depth hides a figure, and does so
    clearly; what tells how much room is behind it, and which part of it needs none."""
    code, below = outlook.depth, outlook.ground
    kind = 0.0 if code.unit == "m" else 1.0 if code.direction == "larger is nearer" else 2.0
    plane = (below.a, below.b, below.c) if below else (0.0, 0.0, 0.0)
    deeper = _deeper(ground, Canvas(*code.codes.shape))
    hides = 1 + outlook.margin, 1 + _AS_NEAR * outlook.margin
    return code.scale, code.offset, kind, *plane, *hides, deeper, CLOSE


def at_rows(floor: Singles, rows: Ints | Sequence[int]) -> Ints:
    """Return the pixels (x, y), int64 (n, 2), of rows of the table of places."""
    return floor[rows, :2].astype(np.int64)
