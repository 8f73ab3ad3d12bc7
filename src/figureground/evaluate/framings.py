"""How figures fill pictures: how tall and how large what a mask shows is, and on which sides the frame cuts it off.

Of photos and of composites alike, from masks alone, so that the two can be laid beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Bools
from figureground.core.nouns import SIDES
from figureground.image.masks import cut_sides

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True)
class Framing:
    """What a mask covers, as shares of the frame: of its height, of its width, of its area; and the sides, of SIDES
    and in their order, on which the frame cuts it off."""

    height: float
    width: float
    area: float
    cut: tuple[str, ...]


@dataclass(frozen=True)
class Spread:
    """Framings of `pictures`: `heights`, `widths` and `areas` at QUANTILES, the share of pictures that are cut at each
    side of SIDES, and of those that are cut nowhere."""

    pictures: int
    heights: tuple[float, ...]
    widths: tuple[float, ...]
    areas: tuple[float, ...]
    cut: Mapping[str, float]
    uncut: float

    def to_json(self) -> dict[str, object]:
        """Return its numbers as JSON has them."""
        shares = {"height": self.heights, "width": self.widths, "area": self.areas}
        return {
            "pictures": self.pictures,
            "quantiles": list(QUANTILES),
            **{name: [round(value, 4) for value in values] for name, values in shares.items()},
            "cut": {side: round(share, 4) for side, share in self.cut.items()},
            "uncut": round(self.uncut, 4),
        }


# of photos that people took, measured with this module from masks that people drew
PHOTOS = {
    # 24 of a human segmentation set (people alone and in groups, indoors and out), 12 portraits of P3M, 10 of CCP
    "photos of people": Spread(
        46,
        (0.4888, 0.5206, 0.6732, 0.8455, 0.9278, 0.9565, 0.9775),
        (0.2126, 0.2289, 0.2944, 0.4231, 0.5263, 0.6147, 0.8182),
        (0.0590, 0.0784, 0.1167, 0.2049, 0.2580, 0.3802, 0.4570),
        {"top": 0.0435, "right": 0.0870, "bottom": 0.4783, "left": 0.0435},
        0.5,
    ),
    # CCP (Clothing Co-Parsing), one person in the street each
    "full-length fashion photos": Spread(
        993,
        (0.8900, 0.8950, 0.9075, 0.9200, 0.9300, 0.9400, 0.9450),
        (0.3590, 0.3783, 0.4098, 0.4485, 0.4963, 0.5437, 0.5894),
        (0.1882, 0.1981, 0.2142, 0.2318, 0.2504, 0.2720, 0.2838),
        {"top": 0.0010, "right": 0.0010, "bottom": 0.0050, "left": 0.0},
        0.9930,
    ),
}


def framing(mask: Bools) -> Framing | None:
    """Return how what a mask (height, width) shows is framed; None where it shows nothing.

    Several figures are seen as one.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if rows.size == 0:
        return None
    across, down = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    return Framing(float(down) / mask.shape[0], float(across) / mask.shape[1], float(mask.mean()), cut_sides(mask))


def spread(framings: Iterable[Framing | None]) -> Spread:
    """Return how framings are spread; pictures that show nothing are left out.  Raises ValueError if none is left."""
    found = [one for one in framings if one is not None]
    if not found:
        raise ValueError("no mask shows anything")
    return Spread(
        len(found),
        _at_quantiles([one.height for one in found]),
        _at_quantiles([one.width for one in found]),
        _at_quantiles([one.area for one in found]),
        {side: sum(side in one.cut for one in found) / len(found) for side in SIDES},
        sum(not one.cut for one in found) / len(found),
    )


def _at_quantiles(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.quantile(values, QUANTILES))
