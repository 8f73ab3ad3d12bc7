"""What of a seam do the filters make by which figures are reduced?  Figures pasted by hand, all else being equal.

    PYTHONPATH=src:. python bench/seam_filters.py PEOPLE [lanczos+hamming lanczos+lanczos ...] [--skip 180]

PEOPLE and the network are those of `seam.py`, and so are the twins.  Photos become backgrounds, and figures by their
drawn masks are reduced: straight to their size, or first to the largest that is drawn by default, 1.3 frames, as a
catalog holds them.  Nothing else is done to them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.seam import (
    FEET,
    JITTER,
    PATCHES,
    SIDE,
    Pair,
    at_scale,
    framed_mask,
    outline,
    patch,
    shuffled,
    stored,
    told_apart,
)
from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Picture
from figureground.image.masks import FAINT, mask_of, tight_box
from figureground.ingest.framing import framed
from figureground.render.composite import blend

PREPARED, HEIGHTS = 1.3, (0.75, 0.92)  # of the frame's height
TURNS = 3  # backgrounds a figure: its own photo, and others
WAYS = ("lanczos", "hamming", "lanczos+hamming", "lanczos+lanczos")
_FILTERS = {"lanczos": Image.Resampling.LANCZOS, "hamming": Image.Resampling.HAMMING}


def cut(path: Path) -> Image.Image:
    """Return the figure of a photo by its mask, RGBA, cropped."""
    with Image.open(path) as photo, Image.open(path.with_suffix(".png")) as mask:
        alpha = np.asarray(mask.convert("L"))
        whole = Image.fromarray(np.dstack([np.asarray(photo.convert("RGB")), alpha]))
    box = tight_box(alpha >= FAINT)
    if box is None:
        raise ValueError(f"{path}: an empty mask")
    return whole.crop(box)


def reduced(figure: Image.Image, height: int, way: str, canvas: Canvas) -> Bytes:
    """Return a figure `height` px tall, RGBA, by the filters of a way, one after the other."""
    *first, last = way.split("+")
    width = round(figure.width * height / figure.height)
    for name in first:
        tall = min(round(PREPARED * canvas.height), figure.height)
        figure = figure.resize((round(figure.width * tall / figure.height), tall), _FILTERS[name])
    return np.asarray(figure.resize((width, height), _FILTERS[last]))


def placed(figure: Bytes, at: tuple[int, int], background: Picture) -> tuple[Picture, Bytes]:
    """Return a picture with a figure pasted at (y, x), which may lie outside, and the figure's alpha there."""
    canvas = Canvas(*background.shape[:2])
    rows, columns, own_rows, own_columns = canvas.overlap(at[1], at[0], *figure.shape[:2])
    picture, alpha = background.copy(), np.zeros(canvas.shape, np.uint8)
    part = figure[own_rows, own_columns]
    picture[rows, columns] = blend(part[..., :3], picture[rows, columns], part[..., 3:])
    alpha[rows, columns] = part[..., 3]
    return picture, alpha


def by_hand(photos: Sequence[Path], way: str, canvas: Canvas) -> list[Pair]:
    """Return patches of the outlines of figures pasted by hand, with their twins."""
    dice, found, near = np.random.default_rng(7), list[Pair](), SIDE // 2 + JITTER + 1
    for i, own in enumerate(photos):
        figure = cut(own)
        for other in (photos[(i + k) % len(photos)] for k in range(TURNS)):
            height = round(canvas.height * float(np.exp(dice.uniform(*np.log(HEIGHTS)))))
            pasted = reduced(figure, height, way, canvas)
            at = _drawn(pasted, canvas, dice)
            with Image.open(other) as photo:
                background = stored(framed(np.asarray(photo.convert("RGB")), canvas, "cover"), 95, "4:4:4")
            picture, alpha = placed(pasted, at, background)
            picture = stored(picture, 90, "4:2:0")
            real, corner = at_scale(own, height / figure.height)
            places = outline(mask_of(alpha), framed_mask(other, canvas))
            twins: NDArray[np.int64] = places + np.rint(corner - at).astype(np.int64)
            inside = ((twins >= near) & (twins <= np.array(real.shape[:2]) - near)).all(1)
            for k in dice.permutation(np.flatnonzero(inside))[:PATCHES]:
                found.append(Pair(own.stem, patch(real, twins[k], dice), patch(picture, places[k], dice)))
    return found


def _drawn(figure: Bytes, canvas: Canvas, dice: np.random.Generator) -> tuple[int, int]:
    """Return a (y, x) at which most of a figure is in the frame, its head for sure."""
    height, width = figure.shape[:2]
    x = int(dice.integers(-(width // 4), canvas.width - width + width // 4 + 1))
    return int(dice.integers(0, canvas.height - height + round(FEET * height) + 1)), x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path)
    parser.add_argument("ways", nargs="*", default=WAYS, help=", ".join(WAYS))
    parser.add_argument("--photos", type=int, default=180)
    parser.add_argument("--skip", type=int, default=0, help="photos, so that others are used")
    parser.add_argument("--trainings", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts, canvas = shuffled(args.people, args.skip, args.photos), Canvas(220, 144)
    for way in args.ways:
        halves = [by_hand(some, way, canvas) for some in parts]
        train, test = (([p.real for p in found], [p.pasted for p in found]) for found in halves)
        areas = [told_apart(train, test, seed) for seed in range(args.trainings)]
        counts = " + ".join(str(len(found)) for found in halves)
        print(f"{way}: {counts} pairs, AUC {np.mean(areas):.3f} ({min(areas):.3f} to {max(areas):.3f})", flush=True)


if __name__ == "__main__":
    main()
