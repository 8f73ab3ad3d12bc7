"""Where photos show floor, as an earlier network sees it in the whole photo, as far as it is sure.

Nobody says where floor is in photos.  What the network sees in a whole room it is then taught to see in parts of it,
where a table top fills the place that floor has elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.nouns import Picture
from figureground.networks import runtimes
from figureground.networks.cards import find_card
from figureground.networks.runtimes import Runner
from training.common.encoder import MEAN, STD

SIDE = 144  # px of the labels
NOTHING, NO_FLOOR, FLOOR = 0, 1, 2  # what is known of a pixel
_SURE = 0.1, 0.9  # probabilities below and above which it is
Known = NDArray[np.uint8]


def seen_by(path: Path) -> tuple[Runner, int]:
    """Return what runs the network at `path`, whose card stands beside it, and the side of its pictures."""
    card = find_card(path, "", Path())
    return runtimes.onnx(path, "cpu", card), card.input_size


def known(probability: NDArray[np.float32]) -> Known:
    """Return what is known where floor has this probability."""
    found = np.full(probability.shape, NOTHING, np.uint8)
    found[probability < _SURE[0]], found[probability > _SURE[1]] = NO_FLOOR, FLOOR
    return found


def label_floor(run: Runner, side: int, photo: Picture) -> Known:
    """Return what is known of a square photo, uint8 (SIDE, SIDE): the mean of two looks, one mirrored."""
    small = np.asarray(Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR), np.float32) / 255
    small = (small - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    batch = np.ascontiguousarray(np.stack([small, small[:, ::-1]]).transpose(0, 3, 1, 2), np.float32)
    straight, mirrored = np.asarray(run(batch)["floor"], np.float32)[:, 0]
    seen = Image.fromarray((straight + mirrored[:, ::-1]) / 2)
    return known(np.asarray(seen.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))


def label_floors(network: Path, labelled: Sequence[Path], cache: Path) -> Iterator[Path]:
    """Yield a file of floors uint8 (n, SIDE, SIDE) for each file of labelled photos, made unless it is there."""
    digest = hashlib.sha256(network.read_bytes()).hexdigest()[:12]
    run, side = seen_by(network)
    for file in labelled:
        path = cache / f"floors-{file.stem.removeprefix('labels-')}-{digest}.npz"
        if not path.exists():
            with np.load(file) as stored:
                photos = stored["rgb"]
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, floors=np.stack([label_floor(run, side, photo) for photo in photos]))
            partial.replace(path)
        yield path


def read_floors(path: Path) -> Known:
    """Return the floors of a file."""
    with np.load(path) as stored:
        return np.asarray(stored["floors"])
