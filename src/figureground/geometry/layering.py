"""Layered depth: the background's, with figures standing in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import Mask
from figureground.geometry.codes import DepthCode


@dataclass(frozen=True, eq=False)
class Surface:
    """A figure's surface: its code at the contact, where it is seen, and how far it stands out.

    `seen`: bool (height, width).  `code` None: it has no known place, and is a flat card no farther than the nearest
    thing that it covers.  `relief` with `place`, (rows, columns): 0..1 in that box, or beyond where it was
    measured.  `bulge`: the part of its distance by which relief 1 is nearer.
    """

    seen: Mask
    code: float | None
    bulge: float = 0.0
    relief: NDArray[np.float32] | None = None
    place: tuple[slice, slice] = (slice(0), slice(0))


def layered(background: DepthCode, surfaces: Sequence[Surface]) -> DepthCode:
    """Return the depth of a composite: the background's codes, and each figure's where it is seen.

    `surfaces` run from far to near.  Background pixels keep exactly their own code.  A card over pixels of unknown
    depth alone is unknown too.
    """
    codes = background.codes.astype(np.uint16)
    top, farther = 65535, background.direction == "larger is farther"
    for one in surfaces:
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
    return DepthCode(codes, background.scale, background.offset, 0, background.unit, background.direction)
