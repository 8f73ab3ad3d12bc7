"""Measure depth networks on drawn rooms that no training saw, at the rooms' own size.

    python -m training.depth.measure work/cache src/figureground/weights/depth-small.onnx work/network.onnx

Prints a line of JSON a file: scaled AbsRel and boundary F1 of the map, as it is and as it is stored for a background,
on the picture's outlines; and, where the network tells of them, the floor's IoU and the cameras' median errors.
`--last` takes the third of the rooms that the training's own scores are not of.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from math import atan, degrees
from pathlib import Path

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap
from figureground.evaluate.boundaries import boundary_f1
from figureground.ingest.outlines import REACH, outlined
from figureground.networks import runtimes
from figureground.networks.cards import find_card
from figureground.networks.depth import DepthNetwork
from figureground.networks.room import CAMERA, room_network
from training.depth.data import read_rooms
from training.depth.rooms import HELD_SEED, View

CHOSEN_ON = 2 / 3  # share of the held-out rooms that a training's scores are of; the rest is for the end


def split(views: Sequence[View], last: bool) -> Sequence[View]:
    """Return the held-out views that choose, or those for the end."""
    at = round(len(views) * CHOSEN_ON)
    return views[at:] if last else views[:at]


def scaled_error(depth: Singles, truth: Singles) -> float:
    """Return the mean absolute relative error of depth scaled to the truth by the medians."""
    return float(np.abs(depth * np.median(truth / depth) / truth - 1).mean())


def edges(depth: Singles, truth: Singles) -> float:
    """Return Depth Pro's boundary F1."""
    return boundary_f1(depth, truth, np.ones(truth.shape, np.bool_))


def measure(network: DepthNetwork, views: Sequence[View]) -> dict[str, float]:
    """Return a network's mean scores over views."""
    probe = np.zeros((1, 3, network.card.input_size, network.card.input_size), np.float32)
    told = room_network(Path(network.where)) if CAMERA in network.run(probe) else None
    radius = round(Canvas(*views[0].rgb.shape[:2]).px(REACH))
    rows, floors, cameras, seconds = [], [], [], 0.0
    for view in views:
        begun = time.process_time()
        seen = told(view.rgb) if told else None
        depth = network(view.rgb[None])[0]
        seconds += time.process_time() - begun
        truth = view.depth.astype(np.float32)
        stored = outlined(DepthMap(depth, "m", "larger is farther"), view.rgb, radius).values
        rows.append([score(one, truth) for score in (scaled_error, edges) for one in (depth, stored)])
        if seen:
            said = seen.floor > 0.5
            floors.append([x.sum() for x in (said & view.floor, said | view.floor, said & ~view.floor, said)])
            fov = degrees(2 * atan(0.5 / float(view.camera[2])))
            cameras.append([abs(seen.camera.pitch - float(view.camera[0])), abs(seen.camera.fov / fov - 1)])
    names = ("absrel_scaled", "absrel_scaled_stored", "boundary_f1", "boundary_f1_stored")
    found = dict(zip(names, map(float, np.mean(rows, 0)), strict=True)) | {"views": float(len(views))}
    found["ms"] = 1000 * seconds / len(views)
    if floors:
        both, either, wrong, said_floor = map(float, np.sum(floors, 0))
        found |= {"floor_iou": both / either, "floor_precision": 1 - wrong / said_floor}
        found |= dict(zip(("pitch_deg", "fov_share"), map(float, np.median(cameras, 0)), strict=True))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--last", action="store_true", help="the third that was kept for the end")
    args = parser.parse_args()
    files = sorted(f for f in args.cache.glob("views-*.npz") if int(f.stem.split("-")[2]) >= HELD_SEED)
    views = split(read_rooms(files), args.last)
    for path in args.models:
        card = find_card(path, "", Path())
        network = DepthNetwork(card, runtimes.onnx(path, "cpu", card), str(path))
        print(json.dumps({"model": str(path)} | {k: round(v, 4) for k, v in measure(network, views).items()}))


if __name__ == "__main__":
    main()
