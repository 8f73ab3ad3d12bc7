"""Drawn rooms with exact depth, rendered once into a cache of small files.

    python -m training.depth.rooms CACHE --count 1000

The package's rooms are seen from more places than its demo does: nearer, from lower and higher, looking down at the
furniture, with longer and wider lenses; a person stands in about half of them, whole or cut by the picture's edge.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from math import cos, radians, sin
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.drawn import FIGURE, LABELS, Camera, PersonAt, Stage, furnish, render_stage, trace, with_person

FIRST_SEED = 100_000  # far from the demo's seeds
CLOSE_SEED = 200_000  # from here on, close views of furniture
SIDE = 224
SHARD = 20  # rooms a file
_TRIES = 12
_FURNITURE = {LABELS[n] for n in ("sofa", "armchair", "chair", "table", "shelf", "cabinet")}


def look(random: np.random.Generator, stage: Stage, usual: Camera) -> Camera:
    """Return a camera inside the room: a third as the room was made to be seen, the others anywhere plausible."""
    focal = float(np.exp(random.uniform(np.log(0.62), np.log(1.2))))
    if random.random() < 0.33:
        pitch = usual.pitch_deg + random.uniform(-4, 10)
        return replace(usual, focal=focal, pitch_deg=pitch, roll_deg=random.normal(0, 2))
    half, depth = float(stage.high[0]), float(stage.high[2])
    x, y, z = random.uniform(-0.85, 0.85) * half, random.uniform(0.7, 2.0), random.uniform(-0.9, 0.55 * depth)
    aim_x, aim_z = random.uniform(-0.8, 0.8) * half, random.uniform(0.6, 1.0) * depth
    yaw = float(np.degrees(np.arctan2(aim_x - x, aim_z - z)))
    pitch = random.uniform(-6, 14) if random.random() < 0.55 else random.uniform(10, 42) * min(y / 1.5, 1)
    return Camera((x, y, z), pitch, yaw, random.normal(0, 3), focal)


def look_closely(random: np.random.Generator, stage: Stage) -> Camera:
    """Return a camera held in the hand, half a metre to two metres from a piece of furniture and looking down at it."""
    there = [s.centre for s in stage.solids if s.label in _FURNITURE and s.centre[1] < 1.3]
    aim = np.array(there[int(random.integers(len(there)))] if there else (0.0, 0.5, 0.6 * stage.high[2]))
    aim = aim + random.normal(0, 0.25, 3)
    away, turn = float(np.exp(random.uniform(np.log(0.5), np.log(2.0)))), random.uniform(-1.3, 1.3)
    x = float(np.clip(aim[0] + away * sin(turn), stage.low[0] + 0.1, stage.high[0] - 0.1))
    z = float(np.clip(aim[2] - away * cos(turn), stage.low[2] + 0.1, stage.high[2] - 0.1))
    y = float(np.clip(aim[1] + random.uniform(0.3, 1.0), 0.6, 1.9))
    distance = float(np.hypot(aim[0] - x, aim[2] - z)) + 1e-3
    pitch = float(np.degrees(np.arctan2(y - aim[1], distance))) * random.uniform(0.5, 1.0)
    yaw = float(np.degrees(np.arctan2(aim[0] - x, aim[2] - z)))
    return Camera((x, y, z), pitch, yaw, random.normal(0, 5), float(random.uniform(0.75, 1.1)))


def stand(random: np.random.Generator, camera: Camera, stage: Stage) -> PersonAt:
    """Return a person on the floor somewhere in view of the camera, 0.9 to 3.6 m away, inside the room."""
    away = float(np.exp(random.uniform(np.log(0.9), np.log(3.6))))
    aside = away * random.uniform(-0.42, 0.42) / camera.focal
    yaw = radians(camera.yaw_deg)
    x = camera.eye[0] + away * sin(yaw) + aside * cos(yaw)
    z = camera.eye[2] + away * cos(yaw) - aside * sin(yaw)
    x = float(np.clip(x, stage.low[0] + 0.35, stage.high[0] - 0.35))
    z = float(np.clip(z, stage.low[2] + 0.35, stage.high[2] - 0.35))
    seed, heading = int(random.integers(1, 1 << 30)), float(random.normal(camera.yaw_deg, 50))
    return PersonAt(seed, x, z, heading, float(random.uniform(1.5, 1.92)))


def usable(depth: NDArray[np.floating]) -> bool:
    """Tell whether a view shows a room: not the inside of a cupboard, not a bare wall."""
    near = float(np.mean(depth < 0.45))
    return near < 0.03 and float(np.median(depth)) > 0.7 and float(np.ptp(np.log(depth))) > 0.5


def room(seed: int, side: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.float16], NDArray[np.bool_], float]:
    """Return a room's picture (side, side, 3), depth in metres, where the person is, and the focal length in sides."""
    random = np.random.default_rng(seed)
    stage, usual = furnish(seed)
    camera, chosen = usual, stage
    close = seed >= CLOSE_SEED
    peopled = random.random() < (0.15 if close else 0.55)
    for _ in range(_TRIES):
        camera = look_closely(random, stage) if close else look(random, stage, usual)
        chosen = with_person(stage, stand(random, camera, stage)) if peopled else stage
        depth, what = trace(chosen, camera, 48)
        if usable(depth) and (not peopled or 0.02 < float(np.mean(what == FIGURE)) < 0.5):
            break
    else:
        camera, chosen = usual, stage
    made = render_stage(chosen, camera, side, seed, float(random.uniform(0.17, 0.32)))
    return made.rgb, made.depth_m.astype(np.float16), made.person_mask, camera.focal


def render_shard(folder: Path, first: int, side: int = SIDE, count: int = SHARD) -> Path:
    """Render `count` rooms from seed `first` on into one file, unless it is there already."""
    path = folder / f"rooms-{side}-{first}-{count}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = [room(seed, side) for seed in range(first, first + count)]
        rgb, depth, mask, focal = (np.stack([m[k] for m in made]) for k in range(4))
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, rgb=rgb, depth=depth, mask=mask, focal=focal)
        partial.replace(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    args = parser.parse_args()
    for first in range(args.first, args.first + args.count, SHARD):
        print(render_shard(args.cache, first), flush=True)


if __name__ == "__main__":
    main()
