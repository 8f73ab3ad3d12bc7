"""How good are cut-outs?  Networks and colour keying against drawn masks: IoU, boundary F, softness, time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.nouns import HALF, Alpha, Mask, Picture
from figureground.core.steps import Tick, untold
from figureground.evaluate.metrics import iou
from figureground.image.masks import mask_of
from figureground.image.opened import opened
from figureground.ingest import matting, photos
from figureground.ingest.cutout import KEY_SOFT, NETWORK_SOFT, working

SIDE, TOLERANCE = 320, 2  # px: the size at which outlines are compared, and how far apart they may lie

Method = Callable[[Picture], Alpha]


@dataclass(frozen=True, eq=False)
class Cut:
    """One picture cut out by one method: alpha (None where the method gives up), scores, processor seconds."""

    name: str
    picture: Picture
    truth: Mask
    alpha: Alpha | None
    iou: float
    boundary_f: float
    softness: float
    seconds: float


def boundary_f(found: Mask, truth: Mask) -> float:
    """Return the F-measure of outlines, 0..1, at 320 x 320 with a tolerance of 2 px (Csurka et al. 2013).

    Precision: the share of found outline pixels within 2 px of a true one; recall: the other way round.
    """
    ours, theirs = (_outline(_small(mask)) for mask in (found, truth))
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    precision = (ours & _grown(theirs)).sum() / ours.sum()
    recall = (theirs & _grown(ours)).sum() / theirs.sum()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def _small(mask: Mask) -> Mask:
    picture = Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(picture) >= HALF


def _outline(mask: Mask) -> Mask:
    edge = np.zeros_like(mask)
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    return edge


def _grown(mask: Mask) -> Mask:
    wide = ImageFilter.MaxFilter(2 * TOLERANCE + 1)
    return np.asarray(Image.fromarray(mask.astype(np.uint8)).filter(wide)) > 0


def keyed(picture: Picture) -> Alpha:
    """Return the alpha by colour keying, as `cutout = "key"` takes it.  Raises SetAsideError where it would not."""
    alpha = matting.without_specks(matting.key(picture))
    matting.judge(alpha)
    if matting.softness(alpha) > KEY_SOFT:
        raise SetAsideError("the key is soft")
    return alpha


def read_pictures(folder: Path, masks: Path) -> list[tuple[str, Picture, Mask]]:
    """Return (name, picture as ingest works on it, drawn mask of its size) for every photo with a mask of its stem.

    Raises FigureGroundError when there is none.
    """
    if not masks.is_dir():
        raise FigureGroundError("no such folder of masks", str(masks), "give a folder of masks with the photos' stems")
    drawn = {path.stem: path for path in masks.iterdir() if path.suffix.lower() in (".png", ".jpg")}
    found = []
    for path in photos.find([str(folder)], Path(), "--photos"):
        if path.stem not in drawn:
            continue
        try:
            picture = working(photos.decode(photos.read_bytes(path), 896).pixels)[..., :3]
            mask = _drawn(drawn[path.stem])
        except SetAsideError as error:
            raise FigureGroundError(
                f"a picture cannot be used: {error.reason}", path.stem, "mend photo and mask, or remove both"
            ) from None
        truth = np.asarray(mask.resize(picture.shape[1::-1])) >= HALF
        found.append((path.stem, picture, truth))
    if not found:
        raise FigureGroundError("no photo has a drawn mask", str(folder), "masks need the photos' stems")
    return found


def _drawn(path: Path) -> Image.Image:
    """Return a drawn mask in mode L.  Raises SetAsideError."""
    data = photos.read_bytes(path)
    with photos.explained(data), opened(data, ("PNG", "JPEG")) as mask:
        return mask.convert("L")


def cut_all(method: Method, pictures: Sequence[tuple[str, Picture, Mask]], tick: Tick = untold) -> list[Cut]:
    """Return every picture cut out by a method; where it gives up, nothing is found: IoU 0.

    `tick` is told how many pictures are cut out.
    """
    found = []
    for name, picture, truth in pictures:
        start = time.process_time()
        try:
            alpha: Alpha | None = method(picture)
        except SetAsideError:
            alpha = None
        seconds = time.process_time() - start
        mask = mask_of(alpha) if alpha is not None else np.zeros(truth.shape, np.bool_)
        soft = matting.softness(alpha) if alpha is not None else 0.0
        found.append(Cut(name, picture, truth, alpha, iou(mask, truth), boundary_f(mask, truth), soft, seconds))
        tick(len(found))
    return found


def table(results: dict[str, list[Cut]]) -> str:
    """Return the comparison as text.  "kept": what a build would use, by softness; "gave up": without a cut-out."""
    titles, widths = (
        ("IoU mean", "median", "boundary F", "kept", "their IoU", "gave up", "ms"),
        (10, 9, 12, 6, 11, 9, 8),
    )
    lines = ["method".ljust(28) + "".join(t.rjust(w) for t, w in zip(titles, widths, strict=True))]
    for name, cuts in results.items():
        kept = [cut for cut in cuts if cut.alpha is not None and cut.softness <= NETWORK_SOFT]
        values = np.array([cut.iou for cut in cuts])
        lines.append(
            f"{name:<28}{values.mean():>10.3f}{np.median(values):>9.3f}{np.mean([c.boundary_f for c in cuts]):>12.3f}"
            f"{len(kept):>6}{np.mean([cut.iou for cut in kept]) if kept else float('nan'):>11.3f}"
            f"{sum(cut.alpha is None for cut in cuts):>9}{1000 * np.median([cut.seconds for cut in cuts]):>8.0f}"
        )
    return "\n".join(lines)
