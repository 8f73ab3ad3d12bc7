"""Cut-out networks: a picture -> its soft alpha."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import WEIGHTS, user_path
from figureground.core.job import WeightsFile
from figureground.core.nouns import Alpha, Picture
from figureground.networks import runtimes
from figureground.networks.tensors import IMAGENET_MEAN, IMAGENET_STD, normalised, resized, resized_map
from figureground.networks.weights import require_same, weights_of

SHIPPED = "small"  # the cut-out network in the package


def cutout_weights(network: str, root: Path) -> Path | None:
    """Return the file of a recipe's cut-out network: "small" is the one that ships, "" none, anything else a path.

    A file called "small" in the root is "./small".  Raises FigureGroundError when there is no such file.
    """
    if not network:
        return None
    if network == SHIPPED:
        return WEIGHTS / "cutout-small.onnx"
    path = user_path(network, root)
    if not path.is_file():
        raise FigureGroundError(
            "no such cut-out network",
            f"foregrounds.network = {network!r} ({path})",
            'a path from the recipe\'s folder, or "small" for the one that ships',
        )
    return path


def cutout_network(path: Path, files: tuple[WeightsFile, ...] = ()) -> Callable[[Picture], Alpha]:
    """Return a function from a picture to its soft alpha, by a salient-object network of U-2-Net's form.

    Input: [1, 3, side, side], ImageNet mean and std after division by the picture's maximum; first output: [1, 1, side,
    side] in 0..1.  The network is asked twice: about the whole picture, then about the figure's surroundings, which
    gives small figures a finer edge.

    `files`: what the job found the network to be; () takes it as it is now.  Raises FigureGroundError where a file is
    missing or no longer what it was.
    """
    if not path.is_file():
        raise FigureGroundError("no such cut-out network", str(path), "paths start from the recipe's folder")
    files = files or weights_of(path, "cut-out").files
    require_same(path, files, "cut-out")
    return _cutout_network(path, files)


@functools.lru_cache(maxsize=2)
def _cutout_network(path: Path, files: tuple[WeightsFile, ...]) -> Callable[[Picture], Alpha]:
    """Keep the loaded network until its files change."""
    session = runtimes.onnx_session(path, "cut-out")
    require_same(path, files, "cut-out")  # nor did they while they were read
    given = session.get_inputs()[0]
    side = given.shape[-1] if isinstance(given.shape[-1], int) else 320
    output = session.get_outputs()[0].name

    def once(picture: Picture) -> NDArray[np.float32]:
        batch = _prepared(picture, side)[None]
        with runtimes.runtime_errors(
            f"the cut-out network refused its input {list(batch.shape)}",
            str(path),
            "give a network of U-2-Net's form: one picture [1, 3, side, side] in, one alpha [1, 1, side, side] out",
        ):
            matte = session.run([output], {given.name: batch})[0]
        return resized_map(_one_alpha(matte, str(path)), *picture.shape[:2]).clip(0, 1)

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


def _prepared(picture: Picture, side: int) -> NDArray[np.float32]:
    """Return a picture as U-2-Net takes it: divided by its own maximum, which is taken before it is resized."""
    top = max(int(picture.max()), 1) / 255
    return normalised(resized(picture, side, side), [m * top for m in IMAGENET_MEAN], [s * top for s in IMAGENET_STD])


def _one_alpha(matte: NDArray[Any], where: str) -> NDArray[np.float32]:
    alpha = np.squeeze(matte).astype(np.float32)
    if alpha.ndim == 2 and not np.isfinite(alpha).all():
        raise SetAsideError("the cut-out network's output has NaN or infinite values")  # that picture's affair
    if alpha.ndim != 2:
        raise FigureGroundError(
            f"the cut-out network's output of shape {list(matte.shape)} is not one alpha",
            where,
            "its first output must be [1, 1, side, side], in 0..1",
        )
    return alpha
