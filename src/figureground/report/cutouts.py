"""The contact sheet of an evaluation of cut-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import Picture
from figureground.evaluate.cutouts import Cut
from figureground.report.sheet import contact_sheet


def cutouts_sheet(results: Mapping[str, Sequence[Cut]], most: int = 24) -> Picture:
    """Return a contact sheet, a row a picture: photo, drawn mask, each method's alpha; the first method's worst first.

    `results`: method -> its cuts of the same pictures.  Of more than `most` pictures the worst half and the best half
    of that number are shown.
    """
    first = next(iter(results.values()))
    shown = sorted(range(len(first)), key=lambda i: first[i].iou)
    if len(shown) > most:
        shown = shown[: most // 2] + shown[-most // 2 :]
    tiles: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for i in shown:
        tiles += [first[i].picture, first[i].truth.astype(np.uint8) * np.uint8(255)]
        captions += [first[i].name, "drawn"]
        for name, cuts in results.items():
            alpha = cuts[i].alpha
            tiles.append(alpha if alpha is not None else np.zeros(first[i].truth.shape, np.uint8))
            captions.append(f"{name} {cuts[i].iou:.3f}" if alpha is not None else f"{name} gave up")
    return contact_sheet(tiles, captions, len(results) + 2, (160, 160))
