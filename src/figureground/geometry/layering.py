"""Layered depth: the background's, with figures standing in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import Mask
from figureground.geometry.codes import DepthCode
from figureground.image.filters import window_sums
from figureground.image.masks import tight_box

MOST_EDGE = 7  # px: wider edges of depth are slopes
_LOOKED_AT = 7  # px on either side of a step


@dataclass(frozen=True, eq=False)
class Surface:
    """A figure's surface: its code at the contact, where it is seen, and how far it stands out.

    `seen`: bool (height, width).  `code` None: it has no known place, and is a flat card no farther than the nearest
    thing that it covers.  `relief` with `place`, (rows, columns): 0..1 in that box, or beyond where it was
    measured.  `bulge`: the part of its distance by which relief 1 is nearer.  `edge`: px on this side of its outline
    over which its depth goes over from halfway to what lies behind; 0 for a sharp edge.
    """

    seen: Mask
    code: float | None
    bulge: float = 0.0
    relief: NDArray[np.float32] | None = None
    place: tuple[slice, slice] = (slice(0), slice(0))
    edge: int = 0


def layered(background: DepthCode, surfaces: Sequence[Surface]) -> DepthCode:
    """Return the depth of a composite: the background's codes, and each figure's where it is seen.

    `surfaces` run from far to near.  Background pixels keep exactly their own code.  A card over pixels of unknown
    depth alone is unknown too.
    """
    codes = background.codes.astype(np.uint16)
    top, farther = 65535, background.direction == "larger is farther"
    for one in surfaces:
        behind = codes.copy() if one.edge else codes
        if one.code is None:
            covered = codes[one.seen]
            covered = covered[covered > 0]
            codes[one.seen] = (covered.min() if farther else covered.max()) if covered.size else 0
        elif one.relief is None or not one.bulge:
            codes[one.seen] = np.clip(np.rint(one.code), 1, top)
        else:
            own = one.seen[one.place]
            factor = 1 - np.float32(one.bulge) * one.relief[own]
            surface = np.float32(one.code) * factor if farther else np.float32(one.code) / factor
            codes[one.place][own] = np.clip(np.rint(surface), 1, top).astype(np.uint16)
        if one.edge:
            _soften(codes, behind, one)
    return DepthCode(codes, background.scale, background.offset, 0, background.unit, background.direction)


def _soften(codes: NDArray[np.uint16], behind: NDArray[np.uint16], one: Surface) -> None:
    """Mix a figure's codes along its outline with those behind it, in place: by halves at the outline, as the inner
    half of a blurred step.  What is not the figure's stays as it is."""
    box = tight_box(one.seen)
    if box is None:
        return
    reach = min(one.edge, MOST_EDGE)
    top, left = max(box[1] - reach, 0), max(box[0] - reach, 0)
    place = slice(top, box[3] + reach), slice(left, box[2] + reach)
    seen, own, other = one.seen[place], codes[place], behind[place]
    share = window_sums(seen, reach).astype(np.float32) / np.float32((2 * reach + 1) ** 2)
    rim = seen & (share < 1) & (other > 0) & (own > 0)
    far = other[rim].astype(np.float32)
    own[rim] = np.rint(far + share[rim] * (own[rim].astype(np.float32) - far)).astype(np.uint16)


def edge_of(depth: DepthCode) -> int:
    """Return over how many px, to one side, depth goes over at the edges of what a depth map shows; 0 where it shows
    none.

    An edge of a height of h codes whose steepest step is s goes over in h / s px; the median of the steepest places.
    """
    widths: list[NDArray[np.float64]] = []
    for codes in (depth.codes.astype(np.int64), depth.codes.T.astype(np.int64)):
        if codes.shape[1] <= 2 * _LOOKED_AT + 1:
            continue
        step = np.abs(np.diff(codes, axis=1))
        middle = step[:, _LOOKED_AT:-_LOOKED_AT]
        windows = [step[:, k : k + middle.shape[1]] for k in range(2 * _LOOKED_AT + 1)]
        most = np.maximum.reduce(windows)
        height = np.abs(codes[:, 2 * _LOOKED_AT + 1 :] - codes[:, : -2 * _LOOKED_AT - 1])
        near = np.minimum(codes[:, 2 * _LOOKED_AT + 1 :], codes[:, : -2 * _LOOKED_AT - 1])
        # the steepest place around, of a step that is a fifth of the distance or more, and known on both sides
        edge = (middle == most) & (5 * height > near) & (near > 0) & (middle > 0)
        widths.append(height[edge] / middle[edge])
    found = np.concatenate(widths) if widths else np.zeros(0)
    return min(int(np.median(found) / 2 + 0.5), MOST_EDGE) if found.size >= 30 else 0
