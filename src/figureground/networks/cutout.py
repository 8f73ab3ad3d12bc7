"""Cut-out networks: a picture -> its soft alpha."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.core.card import IMAGENET, Card
from figureground.core.errors import FigureGroundError
from figureground.core.files import WEIGHTS, user_path
from figureground.core.sample import Alpha, Picture
from figureground.networks import runtimes
from figureground.networks.depth import prepare, resized_map


def cutout_weights(network: str, root: Path) -> Path | None:
    """Return the file of a recipe's cut-out network: "small" is the one that ships, "" none.

    Raises FigureGroundError when there is no such file.
    """
    if not network:
        return None
    if network == "small" and not (root / network).exists():
        return WEIGHTS / "cutout-small.onnx"
    path = user_path(network, root)
    if not path.is_file():
        raise FigureGroundError(
            "no such cut-out network",
            f"foregrounds.network = {network!r} ({path})",
            'a path from the recipe\'s folder, or "small" for the one that ships',
        )
    return path


def cutout_network(path: Path) -> Callable[[Picture], Alpha]:
    """Return a function from a picture to its soft alpha, by a salient-object network of U-2-Net's form.

    Input: [1, 3, side, side], ImageNet mean and std after division by the picture's maximum; first output: [1, 1, side,
    side] in 0..1.  The network is asked twice: about the whole picture, then about the figure's surroundings, which
    gives small figures a finer edge.
    """
    if not path.is_file():
        raise FigureGroundError("no such cut-out network", str(path), "paths start from the recipe's folder")
    seen = path.stat()
    return _cutout_network(path, seen.st_mtime_ns, seen.st_size)


@functools.lru_cache(maxsize=2)
def _cutout_network(path: Path, mtime_ns: int, size: int) -> Callable[[Picture], Alpha]:
    """Keep the loaded network until its file changes."""
    session = runtimes.onnx_session(path, "cut-out")
    given = session.get_inputs()[0]
    side = given.shape[-1] if isinstance(given.shape[-1], int) else 320
    output = session.get_outputs()[0].name

    def once(picture: Picture) -> NDArray[np.float32]:
        top = max(int(picture.max()), 1) / 255
        card = Card(
            "cut-out",
            side,
            "relative-depth",
            mean=tuple(m * top for m in IMAGENET["mean"]),
            std=tuple(s * top for s in IMAGENET["std"]),
        )
        matte = session.run([output], {given.name: prepare(card, picture, side, side)[None]})[0]
        return np.clip(resized_map(np.squeeze(matte).astype(np.float32), *picture.shape[:2]), 0, 1)

    def estimate(picture: Picture) -> Alpha:
        alpha = once(picture)
        rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
        if rows.size:
            pad = round(0.15 * max(rows[-1] - rows[0], columns[-1] - columns[0])) + 8
            y0, y1 = max(rows[0] - pad, 0), rows[-1] + 1 + pad
            x0, x1 = max(columns[0] - pad, 0), columns[-1] + 1 + pad
            crop = picture[y0:y1, x0:x1]
            if crop.shape[0] * crop.shape[1] < 0.7 * alpha.size:
                fine = np.zeros_like(alpha)
                fine[y0:y1, x0:x1] = once(crop)
                alpha = fine
        return np.rint(255 * alpha).astype(np.uint8)

    return estimate
