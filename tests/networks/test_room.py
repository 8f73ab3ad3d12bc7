"""What a room network says of a photo, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.drawn import LABELS, render_room
from figureground.networks.room import room_network, room_weights

CAMERA = np.array([[5.0, 2.0, 55.0, 4.0]], np.float32)
PICTURE = np.zeros((16, 24, 3), np.uint8)


def write_room_network(
    path: Path, camera: NDArray[np.float32] = CAMERA, floor: str = "floor", scale: float = 1.0
) -> Path:
    """Write a network whose floor is its input's first channel times `scale`, and whose camera is always one."""
    values = {"first": np.array([0], np.int64), "camera_is": camera, "scale": np.array(scale, np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["picture", "first"], ["channel"], axis=1),
            helper.make_node("Mul", ["channel", "scale"], [floor]),
            helper.make_node("Identity", ["camera_is"], ["camera"]),
        ],
        "room",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 8, 8])],
        [
            helper.make_tensor_value_info(floor, TensorProto.FLOAT, [1, 1, 8, 8]),
            helper.make_tensor_value_info("camera", TensorProto.FLOAT, list(camera.shape)),
        ],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_floor_comes_at_the_pictures_size_and_the_camera_in_degrees(tmp_path: Path) -> None:
    picture = PICTURE.copy()
    picture[8:] = 255
    seen = room_network(write_room_network(tmp_path / "room.onnx"))(picture)
    assert seen.floor.shape == (16, 24)
    assert seen.floor.dtype == np.float32
    assert seen.floor[0].max() == 0
    assert seen.floor[-1].min() == 1
    camera = seen.camera
    assert (camera.pitch, camera.pitch_sd, camera.fov, camera.fov_sd) == (5, 2, 55, 4)


def test_a_network_without_these_outputs_is_refused_by_name(tmp_path: Path) -> None:
    path = write_room_network(tmp_path / "other.onnx", floor="ground")
    with pytest.raises(FigureGroundError, match=r"(?s)no output 'floor'.*other.onnx.*training/depth"):
        room_network(path)


def test_what_is_no_camera_is_refused_and_what_is_not_finite_is_the_pictures_affair(tmp_path: Path) -> None:
    three = room_network(write_room_network(tmp_path / "three.onnx", CAMERA[:, :3]))
    with pytest.raises(FigureGroundError, match="its camera"):
        three(PICTURE)
    for name, camera, scale in (("a", CAMERA * np.float32(np.inf), 1.0), ("b", CAMERA, float("nan"))):
        broken = room_network(write_room_network(tmp_path / f"{name}.onnx", camera, scale=scale))
        with pytest.raises(SetAsideError, match="not finite"):
            broken(PICTURE)


def test_a_recipes_network_is_found_or_refused(tmp_path: Path) -> None:
    assert room_weights("", tmp_path) is None
    shipped = room_weights("small", tmp_path)
    assert shipped is not None
    assert shipped.name == "room-small.onnx"
    own = write_room_network(tmp_path / "own.onnx")
    assert room_weights("own.onnx", tmp_path) == own
    with pytest.raises(FigureGroundError, match=r"(?s)no such room network.*placement.room = 'gone.onnx'"):
        room_weights("gone.onnx", tmp_path)


def test_the_network_that_ships_knows_a_floor_from_a_wall_and_how_the_camera_stands() -> None:
    room, shipped = render_room(3, 160), room_weights("small", Path())
    assert shipped is not None
    seen = room_network(shipped)(room.rgb)
    below = np.isin(room.labels, [LABELS["floor"], LABELS["rug"]])
    assert seen.floor[below].mean() > 0.8
    assert seen.floor[~below].mean() < 0.1
    assert abs(seen.camera.pitch - room.camera.pitch_deg) < 6
    assert abs(seen.camera.fov / np.degrees(2 * np.arctan(0.5 / room.camera.focal)) - 1) < 0.3
    assert 0 < seen.camera.pitch_sd < 15
    assert 0 < seen.camera.fov_sd < 20
