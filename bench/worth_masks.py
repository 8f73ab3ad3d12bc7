"""Masks: what a dataset is worth to a network that is to find people in photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from bench.worth_net import SIDE, Pictures
from figureground import Dataset, FigureGroundError, VirtualDataset, open_dataset
from figureground.core.arrays import Bools, Ints
from figureground.evaluate.framings import Spread, framing, spread
from figureground.evaluate.masked import MaskedPhoto, masked_photos, read_mask
from figureground.ingest import photos
from training.cutout.data import excluded, source_of

KEPT_SIDE = 160  # px: samples are kept at this, stretched
CHOSEN_ON = 3  # every third photo is for choosing how to train, from the first on; the others are the test
_BINS = 20  # of heights, in which datasets are made alike
_LEVELS = np.linspace(0.05, 0.95, 19)  # at which the mean mask is tried as a constant answer
Part = Literal["choose", "test"]


@dataclass(frozen=True)
class Test:
    """Photos (n, SIDE, SIDE, 3), stretched; their masks, and how these fill the photos as they are."""

    names: list[str]
    images: Pictures
    masks: Bools
    framings: Spread


@dataclass(frozen=True)
class Stock:
    """Samples of a dataset: images (n, h, w, 3) and masks (n, h, w)."""

    name: str
    images: Pictures
    masks: Bools

    def heights(self) -> list[float]:
        """Return how tall each mask is, of the frame; 0 for one that shows nothing."""
        return [one.height if (one := framing(mask)) else 0.0 for mask in self.masks]

    def some(self, rows: Ints, name: str = "") -> Stock:
        """Return the samples of these numbers, under a name of their own."""
        return Stock(name or self.name, self.images[rows], self.masks[rows])


def stretched(image: Image.Image, side: int) -> Image.Image:
    return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.BILINEAR)


def photos_of(folder: Path, masks: Path, part: Part | None) -> Test:
    """Return the photos of a folder that have drawn masks: those to choose by, those to test on, or all."""
    pairs = masked_photos(sorted(folder.iterdir()), masks)
    if part:
        pairs = [pair for k, pair in enumerate(pairs) if (k % CHOSEN_ON == 0) == (part == "choose")]
    images, drawn, framings = [], [], []
    for pair in pairs:
        picture, mask = pictured(pair)
        framings.append(framing(np.asarray(mask) >= 128))
        images.append(np.asarray(stretched(Image.fromarray(picture), SIDE)))
        drawn.append(np.asarray(stretched(mask, SIDE)) >= 128)
    return Test([pair.name for pair in pairs], np.stack(images), np.stack(drawn), spread(framings))


def pictured(pair: MaskedPhoto) -> tuple[Pictures, Image.Image]:
    """Return a photo, RGB at more than SIDE px, and its mask."""
    picture = photos.decode(photos.read_bytes(pair.photo), 2 * SIDE).pixels[..., :3]
    return picture, read_mask(pair, picture.shape)


def require_others(name: str, sources: list[str], test: Test) -> None:
    """Raise FigureGroundError where a cut-out, by its photo's name, may show somebody who is in a test photo."""
    known, shared = {source_of(one) for one in test.names}, []
    for source in sources:
        stem = Path(source).stem
        if any(excluded(name, known) for name in (stem, stem.rpartition("_")[0])):  # person_abc_012_hip is of abc 012
            shared.append(source)
    if shared:
        raise FigureGroundError(
            f"{len(shared)} of its cut-outs may show people of the test photos, like {shared[0]}",
            name,
            "leave them out: [foregrounds] exclude, or python -m bench.worth_photos",
        )


def opened(path: Path, layers: Sequence[str] = ("mask",)) -> Dataset | VirtualDataset:
    """Return a dataset, rendered as it is read where it has no parts."""
    try:
        return open_dataset(path, layers=list(layers))
    except FigureGroundError:
        return open_dataset(path, virtual=True, layers=list(layers))


def drawn_evenly(count: int, samples: int) -> list[int]:
    """Return as many of the numbers below `count` in an order of chance, or all that there are."""
    return np.random.default_rng(0).permutation(count)[:samples].tolist()


def stock_of(name: str, path: Path, samples: int, test: Test) -> Stock:
    """Return as many samples of a dataset, drawn evenly, or all that there are."""
    data = opened(path)
    require_others(name, [one.source for one in data.catalog.foregrounds], test)
    images, masks = [], []
    for i in drawn_evenly(len(data), samples):
        sample = data[i]
        if sample.mask is None:
            raise FigureGroundError("it has no masks", name, "build it with its mask layer")
        images.append(np.asarray(stretched(Image.fromarray(sample.image), KEPT_SIDE)))
        masks.append(np.asarray(stretched(Image.fromarray(sample.mask), KEPT_SIDE)))
    return Stock(name, np.stack(images), np.stack(masks))


def real_stock(name: str, folder: Path, samples: int, test: Test) -> Stock:
    """Return photos with drawn masks beside them, NAME.jpg and NAME.png, of nobody who may be in a test photo: what
    drawing masks by hand would give."""
    known = {source_of(one) for one in test.names}
    found = [path for path in sorted(folder.glob("*.jpg")) if path.with_suffix(".png").is_file()]
    pairs = [MaskedPhoto(path.stem, path, path.with_suffix(".png")) for path in found if not excluded(path.stem, known)]
    images, masks = [], []
    for i in drawn_evenly(len(pairs), samples):
        picture, mask = pictured(pairs[i])
        images.append(np.asarray(stretched(Image.fromarray(picture), KEPT_SIDE)))
        masks.append(np.asarray(stretched(mask, KEPT_SIDE)) >= 128)
    return Stock(name, np.stack(images), np.stack(masks))


def size_matched(heights: Mapping[str, Sequence[float]]) -> dict[str, Ints]:
    """Return of each dataset the numbers of samples whose heights, 0..1, are spread alike: in every twentieth as many
    as the dataset has that has fewest there, its first ones."""
    bins = {name: np.minimum((np.asarray(of) * _BINS).astype(np.int64), _BINS - 1) for name, of in heights.items()}
    fewest = np.min([np.bincount(of, minlength=_BINS) for of in bins.values()], 0)
    chosen = {}
    for name, of in bins.items():
        rows = [np.flatnonzero(of == k)[: fewest[k]] for k in range(_BINS)]
        chosen[name] = np.sort(np.concatenate(rows))
    return chosen


def overlap(masks: Bools, truth: Bools) -> list[float]:
    """Return the IoU of each mask (n, h, w) with the true one."""
    both = (masks & truth).sum((1, 2))
    return (both / np.maximum((masks | truth).sum((1, 2)), 1)).tolist()


def best_constant(masks: Bools) -> Bools:
    """Return the mask (h, w) that is the best answer to all of masks (n, h, w), of those that their mean gives."""
    mean = masks.mean(0)
    return max((mean >= level for level in _LEVELS), key=lambda one: float(np.mean(overlap(one[None], masks))))
