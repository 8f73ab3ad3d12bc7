"""Depth of photos by a teacher network: several looks at each photo, made to agree, then averaged.

Lengths are those of the canonical camera: whoever shows half of a picture in full size sees everything twice as near.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import numpy as np
from PIL import Image

from figureground.core.arrays import Singles
from figureground.core.nouns import Picture
from figureground.networks import runtimes
from figureground.networks.cards import find_card
from figureground.networks.depth import DepthNetwork

Box = tuple[int, int, int, int]  # left, top, right, bottom in px

PHOTO_SIDE, LABEL_SIDE = 288, 128  # px; both are stretched to squares, as the network will see its pictures
SHARD = 100  # photos a file
_NARROW = 0.78  # of the largest 4:3 window, the side of the windows looked at


def teacher(path: Path) -> DepthNetwork:
    """Return the teacher at `path`; its card is known by its hash or stands beside it."""
    card = find_card(path, "", Path())
    return DepthNetwork(card, runtimes.onnx(path, "cpu", card), str(path))


def windows(width: int, height: int) -> list[Box]:
    """Return 4:3 windows that cover a picture: its corners, the middle, and more where it is long."""
    wide = round(_NARROW * min(width, height * 4 / 3))
    tall = round(min(wide * 3 / 4, height))
    across, down = (max(2, ceil(full / part + 0.1)) for full, part in ((width, wide), (height, tall)))
    places = [(x / (across - 1), y / (down - 1)) for y in range(down) for x in range(across)] + [(0.5, 0.5)]
    corners = [(round((width - wide) * x), round((height - tall) * y)) for x, y in places]
    return [(x, y, x + wide, y + tall) for x, y in corners]


def label(network: DepthNetwork, photo: Picture, side: int = LABEL_SIDE) -> Singles:
    """Return the photo's log depth, float32 (side, side).

    The teacher sees the whole photo and its mirror image; each window's log depth is shifted to agree with that in
    the median, and weighs less towards the window's own edges, where a network knows least.
    """
    height, width, _ = photo.shape
    whole = _log(network, [photo, photo[:, ::-1]])
    total: Singles = (_square(whole[0], side) + _square(whole[1][:, ::-1], side)) / np.float32(2)
    first, weight = total.copy(), np.ones_like(total)
    boxes = windows(width, height)
    crops = [photo[y0:y1, x0:x1] for x0, y0, x1, y1 in boxes]
    flips = [k % 2 == 1 for k in range(len(boxes))]
    seen = _log(network, [crop[:, ::-1] if flip else crop for crop, flip in zip(crops, flips, strict=True)])
    for box, log_depth, flip in zip(boxes, seen, flips, strict=True):
        x0, x1 = (round(x * side / width) for x in box[::2])
        y0, y1 = (round(y * side / height) for y in box[1::2])
        part = _square(log_depth[:, ::-1] if flip else log_depth, x1 - x0, y1 - y0)
        here = np.s_[y0:y1, x0:x1]
        part = np.asarray(part + np.median(first[here] - part), np.float32)
        trust = np.outer(_taper(y1 - y0), _taper(x1 - x0))
        total[here] += trust * part
        weight[here] += trust
    return np.asarray(total / weight, np.float32)


def _log(network: DepthNetwork, pictures: list[Picture]) -> list[Singles]:
    side = network.card.input_size
    small = [np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BILINEAR)) for p in pictures]
    return list(np.log(network(np.stack(small), native=True)))


def _square(values: Singles, width: int, height: int = 0) -> Singles:
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.array(image.resize((width, height or width), Image.Resampling.BILINEAR))


def _taper(n: int) -> Singles:
    place = (np.arange(n) + 0.5) / n
    return np.asarray(np.minimum(1, 5 * np.minimum(place, 1 - place)), np.float32)


def label_photos(network: DepthNetwork, photos: list[Path], cache: Path) -> Iterator[Path]:
    """Label photos in their order, a file for every hundred, unless it is there already.

    A file holds `rgb` uint8 (n, 288, 288, 3), `log_depth` float16 (n, 128, 128), `aspect`, width over height, and
    `names`.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(photos), SHARD):
        batch = photos[start : start + SHARD]
        made_of = [network.card.name, str(PHOTO_SIDE), *(f"{file.parent.name}/{file.name}" for file in batch)]
        key = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]
        path = cache / f"labels-{start:05}-{key}.npz"
        if not path.exists():
            rgb, depth, aspect = [], [], []
            for file in batch:
                with Image.open(file) as opened:
                    image = opened.convert("RGB")
                rgb.append(np.asarray(image.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)))
                depth.append(label(network, np.asarray(image)).astype(np.float16))
                aspect.append(image.width / image.height)
            names = np.array([file.name for file in batch])
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, rgb=np.stack(rgb), log_depth=np.stack(depth), aspect=np.array(aspect), names=names)
            partial.replace(path)
        yield path
