"""Does a network's depth see a figure's outline?  Boundary recall against drawn masks, which needs no sensor depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, Mask, Picture
from figureground.core.steps import Tick, untold
from figureground.evaluate import metrics
from figureground.evaluate.boundaries import FIGURE, boundary_recall
from figureground.evaluate.depth import MAX_M, estimated, resized
from figureground.evaluate.intervals import Interval, known, mean_interval, paired_interval, shown, span
from figureground.evaluate.masked import MaskedPhoto, read_mask
from figureground.evaluate.pairs import whole_photo

SIDE = 768  # px: masks larger than this are made smaller, for at any larger size every step is a slope
_TITLE = "at the masks' outlines"


@dataclass(frozen=True)
class Outline:
    """A picture, and at which share of its mask's outline the depth steps; NaN where the mask has no outline."""

    name: str
    recall: float


def outlines(
    estimate: Callable[[Picture], DepthMap], pictures: Sequence[MaskedPhoto], tick: Tick = untold
) -> list[Outline]:
    """Return the boundary recall of a network's depth at the masks' outlines, picture by picture.

    The network is given the whole photo; its map is resized to the mask as `depth.evaluate` does to the truth.  `tick`
    is told how many are done.  Raises FigureGroundError for a file that cannot be used, and for depth known only up to
    scale and shift: a ratio of two such values means nothing.
    """
    found = []
    for one in pictures:
        photo = whole_photo(one.photo, "mend photo and mask, or remove both")
        figure = _figure(read_mask(one, photo.shape))
        depth = estimated(estimate, photo, one.name)
        if depth.unit == "relative":
            raise FigureGroundError(
                "boundary recall needs depth in m or 1/m, and this network's is known up to scale and shift",
                one.name,
                "leave --masks out, or take another network",
            )
        values = metrics.repaired(metrics.metres(resized(depth, *figure.shape), MAX_M))
        found.append(Outline(one.name, boundary_recall(values, figure)))
        tick(len(found))
    return found


def _figure(mask: Image.Image) -> Mask:
    """Return where a drawn mask shows figure, bool (height, width), at most SIDE px large."""
    scale = min(1.0, SIDE / max(mask.size))
    size = max(1, round(mask.width * scale)), max(1, round(mask.height * scale))
    return np.asarray(mask.resize(size, Image.Resampling.BOX)) > 255 * FIGURE


def outlines_table(results: Mapping[str, Sequence[Outline]]) -> str:
    """Return network -> its outlines as a Markdown table, with paired differences to the first network."""
    first = recalls(next(iter(results.values())))
    names = {name: " ".join(name.replace("|", "\\|").split()) for name in results}
    wide = max(len(_TITLE), *map(len, names.values()))
    titles = ["boundary recall", "95 %", "minus the first", "95 %"]
    widths = [15, 13, 15, 18]
    count = 4 if len(results) > 1 else 2
    lines = [
        f"| {_TITLE:<{wide}} |" + _cells(titles[:count], widths),
        f"|{'-' * (wide + 2)}|" + "".join(f"{'-' * (w + 1)}:|" for w in widths[:count]),
    ]
    for name, rows in results.items():
        mean, minus = mean_interval(recalls(rows)), paired_interval(recalls(rows), first)
        cells = [*_pair(mean), *_pair(minus, signed=True)]
        if name == next(iter(results)):
            cells[2:] = ["", ""]
        lines.append(f"| {names[name]:<{wide}} |" + _cells(cells[:count], widths))
    number = mean_interval(first).pictures
    return "\n".join([*lines, "", f"Mean over {number} masks' outlines."])


def recalls(rows: Sequence[Outline]) -> list[float]:
    return [row.recall for row in rows]


def outlines_json(results: Mapping[str, Sequence[Outline]]) -> dict[str, Any]:
    """Return network -> mean with interval, paired difference to the first network, and each picture's recall."""
    first = recalls(next(iter(results.values())))
    return {
        name: {
            "boundary_recall": mean_interval(recalls(rows)).to_json(),
            "minus_first": paired_interval(recalls(rows), first).to_json(),
            "rows": [{"name": row.name, "boundary_recall": known(row.recall)} for row in rows],
        }
        for name, rows in results.items()
    }


def _cells(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f" {text:>{width}} |" for text, width in zip(texts, widths, strict=False))


def _pair(one: Interval, signed: bool = False) -> tuple[str, str]:
    return shown(one.mean, signed, 4), span(one, signed, 4)
