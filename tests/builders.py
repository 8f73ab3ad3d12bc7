"""Small photos, networks and recipes for tests, all made by arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from figureground import draws
from figureground.recipe import Recipe, from_mapping

SHARED = Path(__file__).resolve().parents[2] / "shared"


def scene_photo(seed: int, height: int = 96, width: int = 120) -> NDArray[np.uint8]:
    """Return a smooth, coloured picture with some texture: uint8 (height, width, 3)."""
    v, u = np.mgrid[0:height, 0:width] / 40
    a = draws.uniform(seed, np.arange(9), "photo") * 6
    waves = [np.sin(a[c] * u + a[c + 3] * v + a[c + 6]) for c in range(3)]
    grain = draws.uniform(seed, np.arange(height * width), "grain").reshape(height, width) * 20
    return np.clip(np.stack(waves, -1) * 90 + 128 + grain[..., None] - 10, 0, 255).astype(np.uint8)


def figure_cutout(seed: int, height: int = 150, width: int = 60) -> NDArray[np.uint8]:
    """Return a person-like RGBA cut-out with a soft edge, in a transparent margin."""
    v, u = np.mgrid[0:height, 0:width]
    head = np.hypot(u - width / 2, v - height * 0.15) / (height * 0.1)
    lean = draws.uniform(seed, 0, "lean") * 8 - 4
    body = np.hypot((u - width / 2 - lean * (v / height - 0.5)) / (width * 0.3), (v - height * 0.6) / (height * 0.36))
    alpha = np.clip((1.05 - np.minimum(head, body)) * 12, 0, 1)
    colour = draws.uniform(seed, np.arange(3), "coat") * 200 + 30
    rgb = np.clip(colour + 30 * np.sin(v / 7)[..., None], 0, 255)
    return np.dstack([rgb, 255 * alpha]).astype(np.uint8)


def write_photos(folder: Path, backgrounds: int = 3, people: int = 3) -> None:
    """Write folder/rooms/*.png, folder/people/*.png and folder/depth/*.png (16-bit millimetres)."""
    for name in ("rooms", "people", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(backgrounds):
        Image.fromarray(scene_photo(i)).save(folder / f"rooms/room{i}.png")
        v = np.mgrid[0:96, 0:120][0]
        Image.fromarray((6000 - 40 * v + 100 * i).astype(np.uint16)).save(folder / f"depth/room{i}.png")
    for i in range(people):
        Image.fromarray(figure_cutout(i)).save(folder / f"people/person{i}.png")


def small_recipe(root: Path, **sections: Any) -> Recipe:
    """Return a recipe over `write_photos(root)`: 64 px, 2 positions a pair, no depth; sections lie over it."""
    table: dict[str, Any] = {
        "size": 64,
        "backgrounds": {"path": "rooms"},
        "foregrounds": {"path": "people"},
        "placement": {"per_pair": 2},
        "depth": {"source": "none"},
        "parts": {"size": 7},
    }
    for name, value in sections.items():
        table[name] = {**table.get(name, {}), **value} if isinstance(value, dict) else value
    return from_mapping(table, root=root)


def write_depth_network(path: Path, kind: str = "grey", size: int = 64, half: bool = False, batch: int = 1) -> Path:
    """Write a tiny ONNX depth network [1, 3, size, size] -> [1, 1, size, size].

    "grey": 1 + 4 * mean of the channels (metres); "nan": everything NaN.  `half`: float16 throughout.
    """
    number, single = (np.float16, TensorProto.FLOAT16) if half else (np.float32, TensorProto.FLOAT)
    weight = np.full((1, 3, 1, 1), 4 / 3 if kind == "grey" else np.nan, number)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight", "bias"], ["depth"])],
        kind,
        [helper.make_tensor_value_info("image", single, [batch, 3, size, size])],
        [helper.make_tensor_value_info("depth", single, [batch, 1, size, size])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.ones(1, number), "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    card = f'name = "{kind}"\ninput_size = {size}\noutput = "metric"\nvalid = [0.1, 50.0]\n'
    path.with_suffix(".card.toml").write_text(card)
    return path


def write_saliency_network(path: Path, size: int = 64) -> Path:
    """Write a tiny U-2-Net-shaped ONNX file: alpha = sigmoid(40 * (red - blue)) of the normalised picture."""
    weight = np.array([40.0, 0.0, -40.0], np.float32).reshape(1, 3, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight"], ["x"]), helper.make_node("Sigmoid", ["x"], ["alpha"])],
        "saliency",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, 1, size, size])],
        [numpy_helper.from_array(weight, "weight")],
    )
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )
    return path
