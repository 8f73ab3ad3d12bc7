"""How good are cut-outs?  Networks and colour keying against drawn masks: IoU, boundary F, softness, time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.errors import SetAsideError
from figureground.core.nouns import HALF, Alpha, Mask, Picture
from figureground.core.steps import Tick, untold
from figureground.evaluate.masked import masked_photos, read_mask, unusable
from figureground.evaluate.metrics import iou
from figureground.image.masks import mask_of
from figureground.ingest import matting, photos
from figureground.ingest.cutout import KEY_SOFT, NETWORK_SOFT, working

VIEW = 256  # px of what a page or sheet shows of a picture
SIDE, TOLERANCE = 320, 2  # px: the size at which outlines are compared, and how far apart they may lie

_WHITE = np.uint8(255)

Method = Callable[[Picture], Alpha]
Subject = tuple[str, Picture, Mask]  # a name, a picture, and the true mask of its size


class Subjects(Protocol):
    """Pictures to cut out, which may be made as they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Subject]: ...


@dataclass(frozen=True, eq=False)
class Cut:
    """One picture cut out by one method: alpha (None where the method gives up), scores, processor seconds.

    `picture`, `truth` and `alpha` are for looking at, at most VIEW px large; the scores are of the whole ones.
    """

    name: str
    picture: Picture
    truth: Mask
    alpha: Alpha | None
    iou: float
    boundary_f: float
    softness: float
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether a build would use it, by its softness."""
        return self.alpha is not None and self.softness <= NETWORK_SOFT


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
    picture = Image.fromarray(mask.astype(np.uint8) * _WHITE).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
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


def read_pictures(folder: Path, masks: Path) -> list[Subject]:
    """Return (name, picture as ingest works on it, drawn mask of its size) for every photo with a mask of its stem.

    Raises FigureGroundError when there is none, and for a photo or mask that cannot be used.
    """
    found = []
    for one in masked_photos(photos.find([str(folder)], Path(), "--photos"), masks):
        try:
            picture = working(photos.decode(photos.read_bytes(one.photo), 896).pixels)[..., :3]
        except SetAsideError as error:
            raise unusable(error, one) from None
        mask = read_mask(one, picture.shape)
        found.append((one.name, picture, np.asarray(mask.resize(picture.shape[1::-1])) >= HALF))
    return found


def cut_all(method: Method, pictures: Subjects, tick: Tick = untold) -> list[Cut]:
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
        views = _view(picture), mask_of(_view(truth * _WHITE)), None if alpha is None else _view(alpha)
        found.append(Cut(name, *views, iou(mask, truth), boundary_f(mask, truth), soft, seconds))
        tick(len(found))
    return found


def _view(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (h, w, 3) or a matte (h, w) at most VIEW px large."""
    height, width = pixels.shape[:2]
    scale = min(1.0, VIEW / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
