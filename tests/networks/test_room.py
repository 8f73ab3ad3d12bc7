"""What the network that ships says of a room beside its depth, and what is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.drawn import LABELS, render_room
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network, resolve
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
    with pytest.raises(FigureGroundError, match=f"(?s)no output '{lacking}'.*stand-in.onnx.*small"):
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


def test_the_network_that_ships_knows_a_floor_from_a_wall_and_how_the_camera_stands() -> None:
    room = render_room(3, 160)
    seen = look(open_network(resolve("small", "", Path())), room.rgb)
    assert seen.depth.shape == seen.floor.shape == room.depth_m.shape
    assert 0 <= seen.floor.min() <= seen.floor.max() <= 1
    below = np.isin(room.labels, [LABELS["floor"], LABELS["rug"]])
    assert seen.floor[below].mean() > 0.8
    assert seen.floor[~below].mean() < 0.1
    assert abs(seen.camera.pitch - room.camera.pitch_deg) < 6
    assert abs(seen.camera.fov / np.degrees(2 * np.arctan(0.5 / room.camera.focal)) - 1) < 0.3
    assert 0 < seen.camera.pitch_sd < 15
    assert 0 < seen.camera.fov_sd < 20
