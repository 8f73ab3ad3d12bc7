"""The figures of a stored sample, each with its masks, for layouts that list objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Box, Mask
from figureground.core.record import FigureRecord
from figureground.dataset.stored import Dataset
from figureground.image import rle
from figureground.image.masks import tight_box
from figureground.samples import codec


@dataclass(frozen=True, eq=False)
class Shown:
    """One figure of a sample.  `visible`: what is seen of it, bool (height, width); `whole`: what would be in the frame
    if it stood alone."""

    record: FigureRecord
    visible: Mask
    whole: Mask


def figures_of(dataset: Dataset, i: int) -> list[Shown]:
    """Return the figures of sample i in the order of its record, also those of which nothing is seen.

    Raises FigureGroundError for masks that are damaged, and where figures cannot be told apart.
    """
    record, members = dataset.record(i), dataset.members(i)
    shape = Canvas.of(dataset.manifest["size"]).shape
    layer, most = ("instances", 255) if "instances" in members else ("mask", 1)
    if len(record.figures) > most:
        raise FigureGroundError(
            "a sample has several figures, and no layer that tells them apart", record.key, "build it again"
        )
    found = []
    try:
        values = np.asarray(codec.decode(layer, members[layer], None, shape))
        for number, figure in enumerate(record.figures, 1):
            visible = values == number
            whole = visible if figure.whole is None else rle.decode(figure.whole, shape)
            found.append(Shown(figure, visible, whole))
    except (KeyError, ValueError) as error:
        raise FigureGroundError(
            f"a sample cannot be exported: {layer}: {error}",
            record.key,
            "`figureground verify DATASET` says what is damaged, and with --repair mends it",
        ) from None
    return found


def box_of(mask: Mask) -> Box:
    """Return (x0, y0, x1, y1) of a mask, ends exclusive; zeros where nothing is seen."""
    return tight_box(mask) or (0, 0, 0, 0)
