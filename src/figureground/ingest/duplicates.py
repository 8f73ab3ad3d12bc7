"""Prepared photos of several datasets that are nearly alike, told by small miniatures; for one, see `copies.py`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes

# Mean difference of two 16 x 16 miniatures, in grey levels, below which prepared photos show the same.  Among 124 rooms
# no two differ by less than 14, and the same room re-encoded by less than 2.  101 figures prepared for 224 x 224 and
# for 640 x 480 px differ by up to 21.2 from themselves (half of them by 3.3), and from others by 26.7 or more.
NEAR_ACROSS = {"background": 5.0, "foreground": 24.0}


class Seen:
    """Remembers photos to tell those that are nearly alike.  `near`: the difference below which they are."""

    def __init__(self, near: Mapping[str, float]) -> None:
        self._near = near
        self._names: dict[tuple[str, int], list[str]] = {}
        self._miniatures: dict[tuple[str, int], NDArray[np.int16]] = {}

    def twin(self, kind: str, source: str, miniature: Bytes) -> str:
        """Return the earlier photo that shows the same, or ""; remember this one if it is new.

        `miniature`: of `photos.thumbprint`.
        """
        small = miniature.astype(np.int16).reshape(1, -1)
        group = (kind, small.size)
        known = self._miniatures.get(group, np.empty((0, small.size), np.int16))
        if known.size:
            distance = np.abs(known - small).mean(1)
            nearest = int(distance.argmin())
            if distance[nearest] < self._near[kind]:
                return self._names[group][nearest]
        self._miniatures[group] = np.concatenate([known, small])
        self._names.setdefault(group, []).append(source)
        return ""
