"""Drawn rooms with exact depth, floor and camera, rendered once into a cache of small files.

    python -m training.depth.rooms CACHE --count 1000

The package's rooms, with more in them (`clutter.py`), are seen from many places: standing, sitting, from the floor and
from above, tilted, close to the furniture, with wide lenses and long ones; a drawn person stands in some of them.
Three views of a room share its light.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import cos, radians, sin
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.drawn import (
    FIGURE,
    LABELS,
    Camera,
    Effort,
    PersonAt,
    Rendering,
    Stage,
    furnish,
    render_stage,
    room_glow,
    trace,
    with_person,
)
from training.depth.clutter import lived_in

FIRST_SEED = 300_000  # far from the demo's seeds, and from those of the first edition
HELD_SEED = 900_000  # from here on, rooms that are never trained on
SIDE = 320
VIEWS = 3  # of each room
SHARD = 20  # rooms a file
PERSON = 255  # the person's number among a view's things
_TRIES = 12
_PEOPLED = 0.15  # share of views with a drawn person; photographed people are put into others as they are used
_PLAIN = Effort(to_window=1, gathered=1, parts=4, near=False, mirrors=False)
_POLISHED = replace(_PLAIN, mirrors=True)
_CLOSE = 0.4  # share of views held close to furniture, whose tops and fronts fill the place where floors are elsewhere
_FURNITURE = {LABELS[n] for n in ("sofa", "armchair", "chair", "table", "shelf", "cabinet")}
_FLOOR = [LABELS["floor"], LABELS["rug"]]


@dataclass(frozen=True, eq=False)
class View:
    """A drawn room seen from one place, `side` px a side.

    rgb uint8 (side, side, 3); depth float16 metres; floor bool, where the surface seen is the floor or a rug; thing
    uint8, equal where one thing is seen, PERSON for the person.  camera (pitch, roll, focal): degrees that the optical
    axis points below the horizon, degrees of roll, focal length in sides.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float16]
    floor: NDArray[np.bool_]
    thing: NDArray[np.uint8]
    camera: NDArray[np.float32]


def look(random: np.random.Generator, stage: Stage, usual: Camera) -> Camera:
    """Return a camera inside the room: as the room was made to be seen, or standing, low, or steeply from above."""
    focal = float(np.exp(random.uniform(np.log(0.48), np.log(1.1))))
    roll = random.uniform(-15, 15) if random.random() < 0.1 else random.normal(0, 2.5)
    kind = float(random.random())
    if kind < 0.15:
        return replace(usual, focal=focal, pitch_deg=usual.pitch_deg + random.uniform(-6, 12), roll_deg=roll)
    low, high = stage.low, stage.high
    if kind < 0.65:
        y, pitch = random.uniform(1.0, 1.95), random.normal(6, 8)
    elif kind < 0.82:
        y, pitch = random.uniform(0.22, 0.9), random.uniform(-14, 10)
    else:
        y, pitch = random.uniform(1.2, 2.2), random.uniform(14, 50)
    x, z = 0.85 * random.uniform(low[0], high[0]), random.uniform(low[2] + 0.2, low[2] + 0.75 * (high[2] - low[2]))
    aim_x, aim_z = 0.8 * random.uniform(low[0], high[0]), random.uniform(0.6, 1.0) * high[2]
    yaw = float(np.degrees(np.arctan2(aim_x - x, aim_z - z)))
    return Camera((x, y, z), pitch, yaw, roll, focal)


def look_closely(random: np.random.Generator, stage: Stage) -> Camera:
    """Return a camera held in the hand, half a metre to two metres from a piece of furniture and looking down at it."""
    there = [s.centre for s in stage.solids if s.label in _FURNITURE and s.centre[1] < 1.3]
    aim = np.array(there[int(random.integers(len(there)))] if there else (0.0, 0.5, 0.6 * stage.high[2]))
    aim = aim + random.normal(0, 0.25, 3)
    away, turn = float(np.exp(random.uniform(np.log(0.4), np.log(2.2)))), random.uniform(-1.3, 1.3)
    x = float(np.clip(aim[0] + away * sin(turn), stage.low[0] + 0.1, stage.high[0] - 0.1))
    z = float(np.clip(aim[2] - away * cos(turn), stage.low[2] + 0.1, stage.high[2] - 0.1))
    y = float(np.clip(aim[1] + random.uniform(0.2, 1.0), 0.5, 1.9))
    distance = float(np.hypot(aim[0] - x, aim[2] - z)) + 1e-3
    pitch = float(np.degrees(np.arctan2(y - aim[1], distance))) * random.uniform(0.5, 1.0)
    yaw = float(np.degrees(np.arctan2(aim[0] - x, aim[2] - z)))
    return Camera((x, y, z), pitch, yaw, random.normal(0, 5), float(random.uniform(0.7, 1.1)))


def stand(random: np.random.Generator, camera: Camera, stage: Stage) -> PersonAt:
    """Return a person on the floor somewhere in view of the camera, 0.7 to 4 m away, inside the room."""
    away = float(np.exp(random.uniform(np.log(0.7), np.log(4.0))))
    aside = away * random.uniform(-0.42, 0.42) / camera.focal
    yaw = radians(camera.yaw_deg)
    x = camera.eye[0] + away * sin(yaw) + aside * cos(yaw)
    z = camera.eye[2] + away * cos(yaw) - aside * sin(yaw)
    x = float(np.clip(x, stage.low[0] + 0.35, stage.high[0] - 0.35))
    z = float(np.clip(z, stage.low[2] + 0.35, stage.high[2] - 0.35))
    seed, heading = int(random.integers(1, 1 << 30)), float(random.normal(camera.yaw_deg, 70))
    return PersonAt(seed, x, z, heading, float(random.uniform(1.1 if random.random() < 0.15 else 1.5, 1.92)))


def usable(depth: NDArray[np.floating]) -> bool:
    """Tell whether a view shows a room: not the inside of a cupboard, not a bare wall."""
    near = float(np.mean(depth < 0.35))
    return near < 0.03 and float(np.median(depth)) > 0.6 and float(np.ptp(np.log(depth))) > 0.5


def choose(random: np.random.Generator, stage: Stage, usual: Camera) -> tuple[Stage, Camera]:
    """Return a place to see the room from, and the room with a person in it if it gets one."""
    close, peopled = random.random() < _CLOSE, random.random() < _PEOPLED
    for _ in range(_TRIES):
        camera = look_closely(random, stage) if close else look(random, stage, usual)
        chosen = with_person(stage, stand(random, camera, stage)) if peopled else stage
        depth, what = trace(chosen, camera, 40)
        if usable(depth) and (not peopled or 0.01 < float(np.mean(what == FIGURE)) < 0.6):
            return chosen, camera
    return stage, usual


def view(made: Rendering) -> View:
    """Return what is kept of a rendering."""
    numbers = np.unique(made.things, return_inverse=True)[1].reshape(made.things.shape) % PERSON
    thing = np.where(made.person_mask, PERSON, numbers).astype(np.uint8)
    camera = np.array([made.camera.pitch_deg, made.camera.roll_deg, made.camera.focal], np.float32)
    return View(made.rgb, made.depth_m.astype(np.float16), np.isin(made.labels, _FLOOR), thing, camera)


def views(seed: int, side: int = SIDE) -> Iterator[View]:
    """Draw the views of the room of a seed."""
    random = np.random.default_rng(seed)
    bare, usual = furnish(seed)
    stage = lived_in(bare, seed)
    glow = room_glow(stage)
    for k in range(VIEWS):
        chosen, camera = choose(random, stage, usual)
        exposure = float(random.uniform(0.12, 0.34))
        effort = _POLISHED if random.random() < 0.4 else _PLAIN
        yield view(render_stage(chosen, camera, side, seed * VIEWS + k, exposure, glow, effort))


def render_shard(folder: Path, first: int, side: int = SIDE, count: int = SHARD) -> Path:
    """Render `count` rooms from seed `first` on into one file, unless it is there already."""
    path = folder / f"views-{side}-{first}-{count}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = [one for seed in range(first, first + count) for one in views(seed, side)]
        held = {name: np.stack([getattr(one, name) for one in made]) for name in View.__dataclass_fields__}
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **held)  # type: ignore[arg-type]
        partial.replace(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--count", type=int, default=1000, help="rooms")
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    args = parser.parse_args()
    for first in range(args.first, args.first + args.count, SHARD):
        print(render_shard(args.cache, first), flush=True)


if __name__ == "__main__":
    main()
