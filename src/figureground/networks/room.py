"""The room network: a picture -> where its floor is, and the camera that took it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import WEIGHTS
from figureground.core.job import WeightsFile
from figureground.core.nouns import Picture
from figureground.core.room import SeenCamera, SeenRoom
from figureground.networks import runtimes
from figureground.networks.named import Named, network_path
from figureground.networks.tensors import IMAGENET_MEAN, IMAGENET_STD, normalised, resized, resized_map
from figureground.networks.weights import require_same, weights_of

SHIPPED = "small"  # the room network in the package
FLOOR, CAMERA = "floor", "camera"  # names of the outputs


def room_weights(network: str, root: Path, named: Named = None) -> Path | None:
    """Return the file of a recipe's room network: "small" is the one that ships, "" none, anything else a path.

    A file called "small" in the root is "./small".  `named`: whether a path is followed (`network_path`).  Raises
    FigureGroundError when there is no such file.
    """
    if not network:
        return None
    if network == SHIPPED:
        return WEIGHTS / "room-small.onnx"
    path = network_path(network, root, named, "placement.room")
    if not path.is_file():
        raise FigureGroundError(
            "no such room network",
            f"placement.room = {network!r} ({path})",
            'a path from the recipe\'s folder, or "small" for the one that ships',
        )
    return path


@dataclass(frozen=True, eq=False)
class RoomNetwork:
    """A loaded room network.  Called with a picture, uint8 (height, width, 3), it returns what it sees there.

    Input: [1, 3, side, side], the whole picture made square, ImageNet mean and std; outputs: "floor" [1, 1, h, w],
    a probability, and "camera" [1, 4], degrees: pitch, downwards positive, its standard deviation, vertical field of
    view, its standard deviation.  Raises FigureGroundError where it refuses its input or gives something else, and
    SetAsideError where what it gives is not finite.
    """

    path: Path
    session: Any

    def __call__(self, picture: Picture) -> SeenRoom:
        given = self.session.get_inputs()[0]
        side = given.shape[-1] if isinstance(given.shape[-1], int) else 256
        batch = normalised(resized(picture, side, side, "bilinear"), IMAGENET_MEAN, IMAGENET_STD)[None]
        with runtimes.runtime_errors(
            f"the room network refused its input {list(batch.shape)}",
            str(self.path),
            "give a network that training/depth made",
        ):
            floor, camera = self.session.run([FLOOR, CAMERA], {given.name: batch})
        return _room(np.asarray(floor, np.float32), np.asarray(camera, np.float32), picture, str(self.path))


def _room(floor: NDArray[np.float32], camera: NDArray[np.float32], picture: Picture, where: str) -> SeenRoom:
    if floor.ndim != 4 or floor.shape[:2] != (1, 1) or camera.size != 4:
        raise FigureGroundError(
            f"the room network's floor has shape {list(floor.shape)} and its camera {list(camera.shape)}",
            where,
            "floor must be [1, 1, h, w] and camera [1, 4]",
        )
    if not (np.isfinite(floor).all() and np.isfinite(camera).all()):
        raise SetAsideError("the room network's floor or camera is not finite")
    pitch, pitch_sd, fov, fov_sd = (float(value) for value in camera.ravel())
    at_size = resized_map(np.clip(floor[0, 0], 0, 1), *picture.shape[:2])
    return SeenRoom(at_size, SeenCamera(pitch, max(pitch_sd, 0.1), float(np.clip(fov, 5, 150)), max(fov_sd, 0.1)))


def room_network(path: Path, files: tuple[WeightsFile, ...] = ()) -> RoomNetwork:
    """Return a room network, ready to be asked.

    `files`: what the job found the network to be; () takes it as it is now.  Raises FigureGroundError where a file is
    missing or no longer what it was, or the network has no floor or no camera.
    """
    if not path.is_file():
        raise FigureGroundError("no such room network", str(path), "paths start from the recipe's folder")
    files = files or weights_of(path, "room").files
    require_same(path, files, "room")
    return _room_network(path, files)


@functools.lru_cache(maxsize=1)
def _room_network(path: Path, files: tuple[WeightsFile, ...]) -> RoomNetwork:
    """Keep the loaded network until its files change."""
    session = runtimes.onnx_session(path, "room")
    require_same(path, files, "room")  # nor did they while they were read
    there = {one.name for one in session.get_outputs()}
    if missing := [name for name in (FLOOR, CAMERA) if name not in there]:
        raise FigureGroundError(
            f"the room network has no output {missing[0]!r}", path.name, "take one that training/depth made"
        )
    return RoomNetwork(path, session)
