"""Small photos, networks and recipes for tests, all made by arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from figureground.core import random
from figureground.core.job import Job
from figureground.core.nouns import POSES, DepthMap, DepthUnit, Direction
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import from_mapping
from figureground.resolve import resolve

SHARED = Path(__file__).resolve().parents[2] / "shared"


def scene_photo(seed: int, height: int = 96, width: int = 120) -> NDArray[np.uint8]:
    """Return a smooth, coloured picture with some texture: uint8 (height, width, 3)."""
    v, u = np.mgrid[0:height, 0:width] / 40
    a = random.uniform(seed, np.arange(9), "photo") * 6
    waves = [np.sin(a[c] * u + a[c + 3] * v + a[c + 6]) for c in range(3)]
    grain = random.uniform(seed, np.arange(height * width), "grain").reshape(height, width) * 20
    return np.clip(np.stack(waves, -1) * 90 + 128 + grain[..., None] - 10, 0, 255).astype(np.uint8)


def figure_cutout(seed: int, height: int = 150, width: int = 60) -> NDArray[np.uint8]:
    """Return a person-like RGBA cut-out with a soft edge, in a transparent margin."""
    v, u = np.mgrid[0:height, 0:width]
    head = np.hypot(u - width / 2, v - height * 0.15) / (height * 0.1)
    lean = random.uniform(seed, 0, "lean") * 8 - 4
    body = np.hypot((u - width / 2 - lean * (v / height - 0.5)) / (width * 0.3), (v - height * 0.6) / (height * 0.36))
    return _coated(seed, np.clip((1.05 - np.minimum(head, body)) * 12, 0, 1))


_LIMBS = (  # x, y of both ends and radius, as parts of the height, of a half of a body that faces us
    (0.045, 0.25, 0.035, 0.5, 0.06),
    (0.115, 0.24, 0.15, 0.52, 0.025),
    (0.05, 0.5, 0.06, 0.93, 0.038),
)


def standing_cutout(seed: int, height: int = 150, width: int = 60) -> NDArray[np.uint8]:
    """Return `figure_cutout` with arms and legs: an outline that the head for poses knows as somebody who stands, on
    both feet, in the middle of the picture."""
    v, u = (np.mgrid[0:height, 0:width] + 0.5) / height
    u = u - width / height / 2 - (random.uniform(seed, 0, "lean") * 8 - 4) / 75 * np.clip(0.55 - v, 0, 1)
    parts = [np.hypot(u, 0.85 * (v - 0.1)) - 0.06]
    for side in (-1, 1):
        for x, y, end_x, end_y, radius in _LIMBS:
            across, down = side * (end_x - x), end_y - y
            along = np.clip(((u - side * x) * across + (v - y) * down) / (across**2 + down**2), 0, 1)
            parts.append(np.hypot(u - side * x - along * across, v - y - along * down) - radius)
    return _coated(seed, np.clip(0.5 - np.min(parts, 0) * height / 2, 0, 1))


def _coated(seed: int, alpha: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a cut-out in the colours of a coat."""
    v = np.mgrid[0 : alpha.shape[0], 0 : alpha.shape[1]][0]
    colour = random.uniform(seed, np.arange(3), "coat") * 200 + 30
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


def job_of(recipe: Recipe) -> Job:
    """Return what a recipe means, its networks found."""
    return resolve(recipe)


def small_recipe(root: Path, **sections: Any) -> Recipe:
    """Return a recipe over `write_photos(root)`: 64 px, 2 positions a pair, inside the frame, no depth; sections lie
    over it."""
    table: dict[str, Any] = {
        "size": 64,
        "backgrounds": {"path": "rooms", "people": "do not ask"},
        "foregrounds": {"path": "people", "poses": list(POSES)},  # a head on a ball is nobody's outline
        "placement": {"per_pair": 2, "mode": "uniform", "min_visible": 1.0},
        "depth": {"source": "none"},
        "parts": {"size": 7},
    }
    for name, value in sections.items():
        table[name] = {**table.get(name, {}), **value} if isinstance(value, dict) else value
    if isinstance(table["foregrounds"], list):
        table["foregrounds"] = [{"poses": list(POSES), **source} for source in table["foregrounds"]]
    return from_mapping(table, root=root)


@dataclass(frozen=True)
class View:
    """A camera over a level floor, before a wall, with boxes on the floor; lengths in metres.

    `focal`: focal length / the picture's height.  `pitch_deg`: downwards.  `roll_deg`: positive where the horizon falls
    to the right.  `boxes`: (left, right, near, far, top), to the right of and before the camera, and above the floor;
    (.., foot) as a sixth number lifts its lower side off the floor, like a table top's.
    """

    camera_height: float = 1.4
    pitch_deg: float = 8.0
    roll_deg: float = 0.0
    focal: float = 1.0
    wall: float = 7.0
    boxes: tuple[tuple[float, ...], ...] = ()

    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the unit vectors right, down and forward of the level world, in camera axes (x right, y down)."""
        p, r = math.radians(self.pitch_deg), math.radians(self.roll_deg)
        down = np.array([-math.sin(r) * math.cos(p), math.cos(r) * math.cos(p), math.sin(p)])
        forward = np.array([0.0, 0.0, 1.0]) - down[2] * down
        forward /= np.linalg.norm(forward)
        return np.cross(down, forward), down, forward

    def horizon(self, height: int) -> float:
        """Return the y of the horizon in the middle column, in px."""
        p, r = math.radians(self.pitch_deg), math.radians(self.roll_deg)
        return height / 2 - self.focal * height * math.tan(p) / math.cos(r)

    def cast(self, height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return, for each pixel centre, depth in metres and what is seen: 0 floor, 1 wall, 2 and on the boxes."""
        right, down, forward = self.axes()
        v, u = (np.mgrid[0:height, 0:width] + 0.5 - np.array([height / 2, width / 2]).reshape(2, 1, 1)) / (
            self.focal * height
        )
        rays = np.stack([u, v, np.ones_like(u)], -1)
        along = [rays @ axis for axis in (right, down, forward)]  # world coordinates a metre of depth
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(along[1] > 0, self.camera_height / along[1], np.inf)
            seen = np.zeros(depth.shape, np.int64)
            wall = np.where(along[2] > 0, self.wall / along[2], np.inf)
            seen[wall < depth] = 1
            depth = np.minimum(depth, wall)
            for number, (x0, x1, z0, z1, top, *foot) in enumerate(self.boxes):
                near, far = np.zeros(depth.shape), np.full(depth.shape, np.inf)
                y0, y1 = self.camera_height - top, self.camera_height - sum(foot)
                for t, low, high in zip(along, (x0, y0, z0), (x1, y1, z1), strict=True):
                    a, b = low / t, high / t
                    near, far = np.maximum(near, np.fmin(a, b)), np.minimum(far, np.fmax(a, b))
                hit = (near <= far) & (near > 0) & (near < depth)
                depth[hit], seen[hit] = near[hit], 2 + number
        return depth, seen


FLOOR_VIEWS = (
    View(1.4, 8.0),
    View(1.4, 4.0, wall=6.0, boxes=((-0.9, -0.2, 2.6, 3.2, 0.8),)),  # something to stand behind
    View(1.4, 12.0, 1.5),
)


def floor_scene(
    seed: int, view: View = FLOOR_VIEWS[0], height: int = 120, width: int = 150
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.int64]]:
    """Return a picture of a room, its exact depth in metres, and what is seen (`View.cast`)."""
    depth, seen = view.cast(height, width)
    shade = random.uniform(seed, np.arange(12), "room colours").reshape(4, 3) * 120 + 60
    colour = shade[np.minimum(seen, 3)]
    v, u = np.mgrid[0:height, 0:width]
    waves = 14 * np.sin(u / (5 + seed % 4)) * np.cos(v / 7) * (seen == 1)
    grain = random.uniform(seed, np.arange(height * width), "grain").reshape(height, width) * 16 - 8
    return np.clip(colour + (waves + grain)[..., None], 0, 255).astype(np.uint8), depth, seen


def write_floor_photos(folder: Path, backgrounds: int = 3, people: int = 3) -> None:
    """Write folder/rooms/*.png, folder/people/*.png and folder/depth/*.png as `write_photos` does, of rooms with a
    floor: exact depth, focal length 1.0 of the canvas, camera 1.4 m high; room 1 has a box to stand behind.  The people
    stand: a head on a ball is cut below, for all that is seen of it."""
    for name in ("rooms", "people", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(backgrounds):
        picture, depth, _ = floor_scene(i, FLOOR_VIEWS[i % len(FLOOR_VIEWS)])
        Image.fromarray(picture).save(folder / f"rooms/room{i}.png")
        Image.fromarray(np.rint(1000 * depth).astype(np.uint16)).save(folder / f"depth/room{i}.png")
    for i in range(people):
        Image.fromarray(standing_cutout(i)).save(folder / f"people/person{i}.png")


def ground_recipe(root: Path, **sections: Any) -> Recipe:
    """Return a recipe over `write_floor_photos(root)`: 96 px, figures that stand on the floor, layered depth."""
    table: dict[str, Any] = {
        "size": 96,
        "backgrounds": {"depth": "depth"},
        "placement": {"mode": "ground", "min_visible": 0.5, "room": ""},  # the photos are painted: no room to be seen
        "depth": {"source": "layered", "focal": 1.0},
    }
    for name, value in sections.items():
        table[name] = {**table.get(name, {}), **value} if isinstance(value, dict) else value
    return small_recipe(root, **table)


def varied_recipe(folder: Path, **sections: Any) -> Recipe:
    """Write photos below a folder, and return a recipe over them: 96 x 64 px, up to three figures, two classes, four
    splits, all layers, depth in metres; sections lie over it."""
    write_photos(folder, 3, 3)
    (folder / "things").mkdir()
    for i in range(2):
        Image.fromarray(figure_cutout(10 + i, 70, 70)).save(folder / f"things/thing{i}.png")
    table: dict[str, Any] = {
        "size": [96, 64],
        "backgrounds": {"depth": "depth"},
        "foregrounds": [{"path": "people", "class": "person"}, {"path": "things", "class": "thing"}],
        "placement": {"figures": [1, 3], "per_pair": 2},
        "split": {"backgrounds": 0.34, "foregrounds": 0.34},
        "depth": {"source": "layered"},
        "layers": {"semantic": True, "alpha": True},
    }
    return small_recipe(folder, **table, **sections)


NO_LOOK: dict[str, Any] = {
    name: [0, 0] for name in ("shadow", "cast", "colour", "sharpness", "noise", "feather", "wrap", "poisson")
}


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


def write_saliency_network(path: Path, size: int = 64, people: bool = False) -> Path:
    """Write a tiny U-2-Net-shaped ONNX file: alpha = sigmoid(40 * (red - blue)) of the normalised picture.

    `people`: it also has an output "person", which is sigmoid(40 * (red - blue - 2 green)).
    """
    names = ("alpha", "person") if people else ("alpha",)
    weights = {"alpha": [40.0, 0.0, -40.0], "person": [40.0, -80.0, -40.0]}
    nodes, values = [], []
    for name in names:
        nodes += [
            helper.make_node("Conv", ["image", f"{name} weight"], [f"{name} x"]),
            helper.make_node("Sigmoid", [f"{name} x"], [name]),
        ]
        weight = np.array(weights[name], np.float32).reshape(1, 3, 1, 1)
        values.append(numpy_helper.from_array(weight, f"{name} weight"))
    graph = helper.make_graph(
        nodes,
        "saliency",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, size, size]) for name in names],
        values,
    )
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )
    return path


def random_depth(seed: int, unit: DepthUnit = "m", holes: bool = True) -> DepthMap:
    """Return depth without any order, 20 x 30 px, a tenth of it unknown."""
    rng = np.random.default_rng(seed)
    low, high = {"m": (0.3, 60.0), "1/m": (0.02, 6.0), "relative": (-3.0, 900.0)}[unit]
    values = rng.uniform(low, high, (20, 30)).astype(np.float32)
    if holes:
        values[rng.random(values.shape) < 0.1] = np.nan
    direction: Direction = "larger is farther" if unit == "m" else "larger is nearer"
    return DepthMap(values, unit, direction)
