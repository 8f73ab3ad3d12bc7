"""Layered depth: the background's, with figures standing in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core.arrays import Bytes
from figureground.core.nouns import Mask
from figureground.geometry.codes import DepthCode
from figureground.image.filters import window_sums

MOST_EDGE = 7  # px: wider edges of depth are slopes
_LOOKED_AT = 7  # px on either side of a step
_TOP = 65535
_RELIEF = np.arange(256).astype(np.float32) / np.float32(255)


@dataclass(frozen=True, eq=False)
class Surface:
    """A figure's surface: its code at the contact, where it is seen, and how far it stands out.

    `seen`: bool (height, width).  `code` None: it has no known place, and is a flat card no farther than the nearest
    thing that it covers.  `place`: the box, (rows, columns), that holds all that is seen.  `relief`: uint8 in that
    box, 255 for 1; `deeper` is added to it where it was measured.  `bulge`: the part of its distance by which relief 1
    is nearer.  `edge`: px on this side of its outline over which its depth goes over from halfway to what lies behind;
    0 for a sharp edge.
    """

    seen: Mask
    place: tuple[slice, slice]
    code: float | None
    bulge: float = 0.0
    relief: Bytes | None = None
    deeper: float = 0.0
    edge: int = 0


def layered(background: DepthCode, surfaces: Sequence[Surface]) -> DepthCode:
    """Return the depth of a composite: the background's codes, and each figure's where it is seen.

    `surfaces` run from far to near.  Background pixels keep exactly their own code.  A card over pixels of unknown
    depth alone is unknown too.
    """
    codes = background.codes.astype(np.uint16)
    farther = background.direction == "larger is farther"
    for one in surfaces:
        surface = None if one.code is None else _codes_of(one, one.code, farther)
        _stand(codes, one, surface, farther)
    return DepthCode(codes, background.scale, background.offset, 0, background.unit, background.direction)


def _codes_of(one: Surface, code: float, farther: bool) -> NDArray[np.uint16]:
    """Return the code of a surface by its relief, uint16 (256,)."""
    if one.relief is None or not one.bulge:
        return np.full(256, np.clip(np.rint(code), 1, _TOP), np.uint16)
    factor = 1 - np.float32(one.bulge) * (_RELIEF + np.float32(one.deeper))
    surface = np.float32(code) * factor if farther else np.float32(code) / factor
    return np.asarray(np.clip(np.rint(surface), 1, _TOP), np.uint16)


def _stand(codes: NDArray[np.uint16], one: Surface, surface: NDArray[np.uint16] | None, farther: bool) -> None:
    """Put a figure's codes where it is seen, in place; `surface`: by its relief, or None for a card."""
    edge = min(one.edge, MOST_EDGE)
    if native.kernel is not None:
        box = one.place[0].start, one.place[0].stop, one.place[1].start, one.place[1].stop
        native.kernel.layer(codes, one.seen, box, surface, one.relief, farther, edge)
        return
    part, seen = codes[one.place], one.seen[one.place]
    behind = part[seen]
    if surface is None:
        covered = behind[behind > 0]
        own = np.full(behind.size, (covered.min() if farther else covered.max()) if covered.size else 0, np.uint16)
    elif one.relief is None:
        own = np.full(behind.size, surface[0])
    else:
        own = surface[one.relief[seen]]
    part[seen] = _softened(own, behind, one, edge) if edge and seen.any() else own


def _softened(own: NDArray[np.uint16], behind: NDArray[np.uint16], one: Surface, edge: int) -> NDArray[np.uint16]:
    """Return a figure's codes mixed along its outline with those behind it: by halves at the outline, as the inner half
    of a blurred step."""
    top, left = (max(side.start - edge, 0) for side in one.place)
    around = one.seen[top : one.place[0].stop + edge, left : one.place[1].stop + edge]
    y, x = one.place[0].start - top, one.place[1].start - left
    inside = slice(y, y + one.place[0].stop - one.place[0].start), slice(x, x + one.place[1].stop - one.place[1].start)
    counts = window_sums(around, edge)[inside][one.seen[one.place]]
    share = counts.astype(np.float32) / np.float32((2 * edge + 1) ** 2)
    rim = (share < 1) & (behind > 0) & (own > 0)
    far = behind[rim].astype(np.float32)
    own[rim] = np.rint(far + share[rim] * (own[rim].astype(np.float32) - far)).astype(np.uint16)
    return own


def edge_of(depth: DepthCode) -> int:
    """Return over how many px, to one side, depth goes over at the edges of what a depth map shows; 0 where it shows
    none.

    An edge of a height of h codes whose steepest step is s goes over in h / s px; the median of the steepest places.
    """
    widths: list[NDArray[np.float64]] = []
    for codes in (depth.codes, np.ascontiguousarray(depth.codes.T)):
        if codes.shape[1] <= 2 * _LOOKED_AT + 1:
            continue
        after, before = codes[:, 1:], codes[:, :-1]
        step = np.maximum(after, before) - np.minimum(after, before)
        middle = step[:, _LOOKED_AT:-_LOOKED_AT]
        # the steepest place around ...
        row, column = np.nonzero((middle == _most_around(step, _LOOKED_AT)) & (middle > 0))
        one, other = (codes[row, column + k].astype(np.int64) for k in (0, 2 * _LOOKED_AT + 1))
        height, near = np.abs(other - one), np.minimum(one, other)
        # ... of a step that is a fifth of the distance or more, and known on both sides
        edge = (5 * height > near) & (near > 0)
        widths.append(height[edge] / middle[row[edge], column[edge]])
    found = np.concatenate(widths) if widths else np.zeros(0)
    return min(int(np.median(found) / 2 + 0.5), MOST_EDGE) if found.size >= 30 else 0


def _most_around(values: NDArray[np.uint16], reach: int) -> NDArray[np.uint16]:
    """Return the largest value within `reach` columns of each, without the outer ones, whose windows reach beyond."""
    window, most, have = 2 * reach + 1, values, 1
    while have < window:  # of twice as many values each time, in the end with some taken twice
        more = min(have, window - have)
        most = np.maximum(most[:, : most.shape[1] - more], most[:, more:])
        have += more
    return most
