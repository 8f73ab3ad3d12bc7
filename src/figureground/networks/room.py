"""What a network says of a room besides its depth: where its floor is, and the camera that took it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Singles
from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.core.nouns import Picture
from figureground.networks.depth import DepthNetwork, window_of
from figureground.networks.tensors import resized_map

FLOOR, CAMERA = "floor", "camera"  # names of the outputs


@dataclass(frozen=True)
class SeenCamera:
    """A camera as a network sees it, in degrees, each value with the standard deviation that the network gives it.

    pitch: how far the optical axis points below the horizon.  fov: the vertical field of view.
    """

    pitch: float
    pitch_sd: float
    fov: float
    fov_sd: float


@dataclass(frozen=True, eq=False)
class SeenRoom:
    """A photo of a room as a network sees it.

    depth float32 (height, width), in the card's unit; floor float32 (height, width), the probability 0..1 that the
    surface seen there is the floor, or a rug on it.
    """

    depth: Singles
    floor: Singles
    camera: SeenCamera


def look(network: DepthNetwork, picture: Picture) -> SeenRoom:
    """Return what a network sees in one picture, uint8 (height, width, 3), in one run, at the picture's size.

    Raises FigureGroundError for a network without these outputs (training/depth makes one that has them), and
    NoDepthError where what comes out is not finite, or no depth.
    """
    told: dict[str, NDArray[Any]] = {}

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        outputs = network.run(batch)
        told.update({name: np.asarray(outputs[name], np.float32) for name in (FLOOR, CAMERA) if name in outputs})
        return outputs

    height, width, _ = picture.shape
    depth = DepthNetwork(network.card, run, network.where, network.focal)(picture[None])[0]
    if missing := [name for name in (FLOOR, CAMERA) if name not in told]:
        raise FigureGroundError(
            f"the network has no output {missing[0]!r}", network.where, "take one that training/depth made"
        )
    floor, camera = told[FLOOR], told[CAMERA].ravel()
    if floor.ndim != 4 or floor.shape[:2] != (1, 1) or camera.size != 4:
        raise NoDepthError(
            f"the network's floor has shape {list(floor.shape)} and its camera {list(told[CAMERA].shape)}",
            network.where,
            "floor must be [1, 1, h, w] and camera [1, 4]",
        )
    if not (np.isfinite(floor).all() and np.isfinite(camera).all()):
        raise NoDepthError("the network's floor or camera is not finite", network.where, "try another runtime")
    cut = window_of(network.card, height, width).cut(floor[0])[0]
    return SeenRoom(depth, resized_map(np.clip(cut, 0, 1), height, width), SeenCamera(*map(float, camera)))
