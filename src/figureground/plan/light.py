"""The light of a background: one for all figures that stand in it, drawn with its number."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from figureground.core import random

_ASIDE = 20.0  # degrees from straight left or right, least: there a card that stands throws no shadow
_HIGH = 35.0, 75.0  # degrees above the floor: a lamp or a window, and not the sun at noon
_SOFT = 0.08, 0.35  # its breadth, seen from the floor


@dataclass(frozen=True)
class Light:
    """Where shadows fall: figure heights to the right and away from the camera a figure height, and the breadth of the
    penumbra, likewise."""

    x: float = 0.0
    z: float = 0.0
    soft: float = 0.0


@functools.lru_cache(maxsize=4096)
def light_of(seed: int, background: int) -> Light:
    """Return the light of a background, by its number in the catalog."""
    turn, high, soft = (float(random.uniform(seed, background, f"light {name}")) for name in ("turn", "high", "soft"))
    part = 2 * turn % 1
    across = math.radians(_ASIDE + (180 - 2 * _ASIDE) * part) + (math.pi if turn >= 0.5 else 0)
    length = 1 / math.tan(math.radians(_HIGH[0] + high * (_HIGH[1] - _HIGH[0])))
    return Light(
        round(length * math.cos(across), 3),
        round(length * math.sin(across), 3),
        round(_SOFT[0] + soft * (_SOFT[1] - _SOFT[0]), 3),
    )
