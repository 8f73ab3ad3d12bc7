"""What a network says of a room beside its depth, and what is refused."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.networks.depth import DepthNetwork
from figureground.networks.room import look

Outputs = Mapping[str, NDArray[Any]]
DEPTH = np.linspace(1, 3, 64, dtype=np.float32).reshape(1, 1, 8, 8)
FLOOR = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
CAMERA = np.array([[5.0, 2.0, 55.0, 4.0]], np.float32)


def network(outputs: Outputs, fit: str = "stretch") -> DepthNetwork:
    return DepthNetwork(Card("stand-in", 8, "metric", fit=fit), lambda batch: outputs, "stand-in.onnx")


def test_depth_floor_and_camera_come_from_one_run() -> None:
    seen = look(network({"depth": DEPTH, "floor": FLOOR, "camera": CAMERA}), np.zeros((16, 24, 3), np.uint8))
    assert seen.depth.shape == seen.floor.shape == (16, 24)
    assert seen.floor[0, 0] < 0.02
    assert seen.floor[-1, -1] > 0.98
    assert (seen.camera.pitch, seen.camera.pitch_sd, seen.camera.fov, seen.camera.fov_sd) == (5, 2, 55, 4)


def test_bars_beside_a_letterboxed_picture_are_cut_off() -> None:
    floor = np.zeros((1, 1, 8, 8), np.float32)
    floor[..., 2:6, :] = 1  # a picture twice as wide as high lies in these rows
    given = network({"depth": DEPTH, "floor": floor, "camera": CAMERA}, fit="letterbox")
    assert look(given, np.zeros((16, 32, 3), np.uint8)).floor.min() == 1


@pytest.mark.parametrize("lacking", ["floor", "camera"])
def test_a_network_without_these_outputs_is_refused_by_name(lacking: str) -> None:
    outputs = {"depth": DEPTH, "floor": FLOOR, "camera": CAMERA}
    del outputs[lacking]
    with pytest.raises(FigureGroundError, match=f"(?s)no output '{lacking}'.*stand-in.onnx.*training/depth"):
        look(network(outputs), np.zeros((16, 24, 3), np.uint8))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("floor", FLOOR[0], "its camera"),
        ("camera", CAMERA[:, :3], "its camera"),
        ("floor", FLOOR * np.float32(np.nan), "not finite"),
        ("camera", CAMERA * np.float32(np.inf), "not finite"),
    ],
)
def test_what_is_no_floor_or_no_camera_is_refused(name: str, value: NDArray[Any], says: str) -> None:
    outputs = {"depth": DEPTH, "floor": FLOOR, "camera": CAMERA} | {name: value}
    with pytest.raises(NoDepthError, match=says):
        look(network(outputs), np.zeros((16, 24, 3), np.uint8))
