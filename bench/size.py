"""How tall do figures come out?  Against drawn rooms whose cameras are known, and photos with sensor depth.

    PYTHONPATH=src:. python bench/size.py [--views 300] [--cache FOLDER] [--first 900100] [--rgbd shared/rgbd]

The error of size is estimated / true pixel height - 1 of a person of 1.7 m, whose feet stand on random pixels of the
floor as the estimate has it.  Drawn views: cameras 0.3 to 2.2 m above the floor, pitched by up to 30 degrees either
way, rolled by a few, with focal lengths of 0.6 to 2 picture widths, of which at least 3 % are floor; no training saw
them.  Of photos with sensor depth those are judged whose floor the sensor shows, by a plane fitted to it alone.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from math import exp, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Floats
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground, Mask, Picture
from figureground.drawn import LABELS, Camera, Effort, Stage, furnish, render_stage, room_glow, trace
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.perspective import figure_heights, floor_normal, focal_px, inverse
from figureground.geometry.plane import ESTIMATED, plane_where
from figureground.ingest.framing import framed_edgels
from figureground.ingest.outlines import estimated
from figureground.networks.registry import open_network, resolve
from figureground.networks.room import SHIPPED, room_network, room_weights
from training.depth.clutter import lived_in
from training.depth.rooms import usable

Ask = Callable[[Picture], tuple[Ground, Mask] | str]
SIDE, VIEWS = 224, 3  # px; of each room
FIRST = 900_100  # rooms from here on are never trained on
_FLOORS = [LABELS["floor"], LABELS["rug"]]
_QUICK = Effort(to_window=1, gathered=1, parts=4, near=False, mirrors=False)
_PERSON_M, _FEET = 1.7, 200
_TALLEST = 4  # of the picture's height


def choose(random: np.random.Generator, stage: Stage) -> Camera | None:
    """Return a camera in a room that sees some of its floor; None where none of many draws does."""
    (x0, _, z0), (x1, _, z1) = stage.low, stage.high
    for _ in range(60):
        eye = (0.85 * random.uniform(x0, x1), random.uniform(0.3, 2.2), random.uniform(z0 + 0.2, z0 + 0.6 * (z1 - z0)))
        yaw = float(np.degrees(np.arctan2(0.7 * random.uniform(x0, x1) - eye[0], z1 - eye[2])))
        pitch, roll = random.uniform(-30, 30), random.normal(0, 2.5)
        camera = Camera(eye, pitch, yaw, roll, exp(random.uniform(log(0.6), log(2.0))))
        depth, _ = trace(stage, camera, 48)
        if usable(depth) and float((np.abs(depth * _plane(camera, 48) - 1) < 0.03).mean()) > 0.03:
            return camera
    return None


def _plane(camera: Camera, size: int) -> Floats:
    """Return the inverse depth that the floor would have in each pixel; not above 0 beyond the horizon."""
    a, b, c = camera.floor_plane(size)
    centre = np.arange(size) + 0.5
    return np.asarray(a * centre[None, :] + b * centre[:, None] + c, np.float64)


def draw(seed: int) -> Iterator[tuple[Picture, NDArray[np.float32], Mask, Camera]]:
    """Yield picture, depth in metres, where floor is seen, and camera, of views of the room of a seed."""
    random = np.random.default_rng([seed, 14])
    stage = lived_in(furnish(seed)[0], seed)
    glow = room_glow(stage)
    for k in range(VIEWS):
        camera = choose(random, stage)
        if camera is not None:
            made = render_stage(stage, camera, SIDE, seed * VIEWS + k, float(random.uniform(0.14, 0.3)), glow, _QUICK)
            yield made.rgb, made.depth_m, np.isin(made.labels, _FLOORS), camera


Rows = list[dict[str, float]]


def read(cache: Path, first: int, views: int) -> list[tuple[Picture, NDArray[np.float32], Mask, Camera]]:
    """Return views of rooms from a seed on, drawn into a folder of files, ten rooms each, where they are not yet."""
    found: list[tuple[Picture, NDArray[np.float32], Mask, Camera]] = []
    cache.mkdir(parents=True, exist_ok=True)
    while len(found) < views:
        path = cache / f"v-{first}.npz"
        if not path.exists():
            rows = [view for seed in range(first, first + 10) for view in draw(seed)]
            told = [[*r[3].eye, r[3].pitch_deg, r[3].yaw_deg, r[3].roll_deg, r[3].focal] for r in rows]
            rgb, depth, floor = (np.stack([np.asarray(row[k]) for row in rows]) for k in range(3))
            np.savez(path, rgb=rgb, depth=depth, floor=floor, camera=np.array(told))
        with np.load(path) as stored:
            parts = [stored[name] for name in ("rgb", "depth", "floor", "camera")]
        for rgb, depth, floor, c in zip(*parts, strict=True):
            camera = Camera((float(c[0]), float(c[1]), float(c[2])), *(float(v) for v in c[3:]))
            found.append((rgb, depth, floor, camera))
        first += 10
    return found[:views]


def truth(camera: Camera, size: int) -> Ground:
    """Return the floor as a drawn camera has it."""
    a, b, c = (float(v) for v in camera.floor_plane(size))
    horizon = float(camera.horizon_y(size / 2, size))
    return Ground(a, b, c, horizon, camera.roll_deg, 0.5, camera.focal, camera.eye[1])


def sizes(found: Ground, true: Ground, mask: Mask, random: np.random.Generator) -> Floats:
    """Return estimated / true heights of persons on random pixels of a mask, less those who stand too near to have a
    height: whose heads would be beside or behind the camera."""
    y, x = np.nonzero(mask)
    k = random.integers(y.size, size=_FEET)
    canvas = Canvas(*mask.shape)
    seen, is_ = (figure_heights(g, _PERSON_M, x[k] + 0.5, y[k] + 0.5, canvas) for g in (found, true))
    there = np.isfinite(seen) & np.isfinite(is_) & (is_ > 0) & (is_ < _TALLEST * canvas.height) & (seen > 0)
    return np.asarray(seen[there] / is_[there], np.float64)


def drawn(cache: Path, first: int, views: int, ask: Ask) -> None:
    """Print how tall figures come out in drawn views."""
    rows: Rows = []
    random = np.random.default_rng(0)
    refused = 0
    for rgb, _, floor, camera in read(cache, first, views):
        found = ask(rgb)
        if isinstance(found, str):
            refused += 1
            continue
        ground, mask = found
        true = truth(camera, rgb.shape[0])
        ratio = sizes(ground, true, mask & floor if (mask & floor).any() else floor, random)
        if not ratio.size:
            continue
        rows.append(
            {
                "size": float(np.median(ratio)) - 1,
                "horizon": (ground.horizon_y - true.horizon_y) / rgb.shape[0],
                "horizon_sd": ground.horizon_sd / rgb.shape[0],
                "height": ground.camera_height / true.camera_height - 1,
                "height_sd": ground.camera_height_sd / ground.camera_height,
                "eye": camera.eye[1],
                "wrong": float((mask & ~floor).sum() / mask.sum()),
            }
        )
    print(f"{len(rows)} of {len(rows) + refused} drawn views have a floor")
    for name, kept in (
        ("all", lambda r: True),
        ("cameras at 1.0 to 1.9 m", lambda r: 1.0 <= r["eye"] <= 1.9),
        ("below 0.7 m", lambda r: r["eye"] < 0.7),
    ):
        told([row for row in rows if kept(row)], name)


def told(rows: Rows, name: str) -> None:
    """Print medians over views."""
    if not rows:
        return
    column = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    error, within = column["size"], np.abs(column["horizon"]) < 2 * column["horizon_sd"]
    off, wrong = np.median(np.abs(column["horizon"])), np.mean(column["wrong"])
    print(
        f"  {name:<24} n {len(rows):>3}   size: median error {np.median(np.abs(error)):.1%}, "
        f"bias {np.median(error):+.1%}, within 25 % {np.mean(np.abs(error) < 0.25):.0%}   "
        f"horizon {off:.3f} (within 2 sd {within.mean():.0%})   no floor {wrong:.1%} of what is called one"
    )


def sensed(folder: Path, ask: Ask) -> None:
    """Print how tall figures come out in photos whose floor a sensor shows."""
    with (folder / "focal.csv").open(encoding="utf-8") as file:
        focals = {row["name_prefix"]: float(row["fx_px"]) / float(row["at_width"]) for row in csv.DictReader(file)}
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as image:
            rgb = np.asarray(image.convert("RGB"))
        with Image.open(path.with_suffix(".depth.png")) as image:
            z = np.asarray(image).astype(np.float32) / 1000
        focal = next(f for prefix, f in focals.items() if path.stem.startswith(prefix))
        found = ask(rgb)
        if isinstance(found, str):
            print(f"  {path.stem:<22} {found}")
            continue
        ground, mask = found
        depth = DepthMap(np.where(z > 0, z, np.float32(np.nan)), "m", "larger is farther")
        plane = plane_where(np.asarray(inverse(depth), np.float64), mask.astype(np.float32), 0.02)
        if plane is None:
            print(f"  {path.stem:<22} the sensor shows no plane where floor is found")
            continue
        a, b, c = (float(v) for v in plane)
        canvas = Canvas(*mask.shape)
        height = 1 / float(np.linalg.norm(floor_normal((a, b, c), focal_px(focal, canvas, 1.0), canvas)))
        true = Ground(a, b, c, -(a * canvas.width / 2 + c) / b, 0.0, 0.5, focal, height)
        ratio = float(np.median(sizes(ground, true, mask, np.random.default_rng(0))))
        print(
            f"  {path.stem:<22} size {ratio:.2f}   camera {ground.camera_height:.2f} m (sensor {height:.2f}), horizon "
            f"{ground.horizon_y / canvas.height:.2f} ({true.horizon_y / canvas.height:.2f}), focal "
            f"{ground.focal:.2f} ({focal:.2f}), confidence {ground.confidence:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--views", type=int, default=300)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--cache", type=Path, default=Path("work/views"))
    parser.add_argument("--rgbd", type=Path, help="folder of NAME.jpg, NAME.depth.png (mm) and focal.csv")
    parser.add_argument("--room", default=SHIPPED, help='a room network; "" for none')
    parser.add_argument("--lines", action=argparse.BooleanOptionalAction, default=True, help="whether lines are asked")
    chosen = parser.parse_args()
    path = room_weights(chosen.room, Path())
    room, network = room_network(path) if path else None, open_network(resolve("small", "", Path()))

    def ask(rgb: Picture) -> tuple[Ground, Mask] | str:
        told = Told(0.0, 1.4, edgels=framed_edgels(rgb, Canvas(*rgb.shape[:2]), "cover") if chosen.lines else None)
        return fit_floor(estimated(network, rgb), rgb, ESTIMATED, told, room(rgb) if room else None)

    if chosen.views:
        drawn(chosen.cache, chosen.first, chosen.views, ask)
    if chosen.rgbd:
        sensed(chosen.rgbd, ask)


if __name__ == "__main__":
    main()
