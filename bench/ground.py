"""How right are floor, occlusion and layered depth?  Against rooms whose depth is exact, and against a network.

    python bench/ground.py [--rooms 24] [--network NETWORK.onnx] [--dataset DATASET]

Rendered rooms: the fitted floor and horizon against the camera's, from exact depth and from the network's.  Then a
person is rendered in 3-D inside the room, and the same silhouette is put there by `ground`, `occlusion` and
`depth.layered` from the empty room's depth: visible part and depth against the rendering, flat and round.
Real photos: DATASET is one with standing figures and depth by NETWORK; how far the network's depth of a composite moves
pixels outside the mask, beside layered depth.  Medians over pictures; depth in metres.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground import open_dataset
from figureground.core import random
from figureground.core.arrays import Bools
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Figure, Ground
from figureground.drawn import FIGURE, LABELS, PersonAt, Rendering, furnish, render_room, trace, with_person
from figureground.geometry.codes import background_code, dequantise
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.layering import Surface, layered
from figureground.geometry.occlusion import hidden, nearness
from figureground.geometry.plane import ESTIMATED, KNOWN, Trust
from figureground.ingest import stance
from figureground.ingest.relief import rounded
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network, resolve
from figureground.render.composite import compose, seen_of, sprite

SIZE, SEED, THICKNESS = 224, 5000, 0.12


def metres(values: NDArray[np.float32]) -> DepthMap:
    return DepthMap(values, "m", "larger is farther")


def report(name: str, values: list[float], form: str = "{:.4f}") -> None:
    worst = form.format(float(np.max(np.abs(values))))
    print(f"  {name:<60}{form.format(float(np.median(np.abs(values))))}   worst {worst}   n {len(values)}")


def floors(rooms: list[Rendering], network: DepthNetwork | None) -> None:
    """Print the errors of fitted floors."""
    ways: list[tuple[str, Trust, Callable[[Rendering], NDArray[np.float32]]]] = [
        ("exact depth", KNOWN, lambda room: room.depth_m)
    ]
    if network is not None:
        ways.append(("the network's depth", ESTIMATED, lambda room: network(room.rgb[None])[0]))
    for name, trust, look in ways:
        horizon, contact, rolls, heights, none = [], [], [], [], 0
        for room in rooms:
            known = trust is KNOWN
            found = fit_floor(metres(look(room)), room.rgb, trust, Told(room.camera.focal if known else 0.0, 1.4))
            if isinstance(found, str):
                none += 1
                continue
            floor, _ = found
            horizon.append((floor.horizon_y - float(room.camera.horizon_y(SIZE / 2, SIZE))) / SIZE)
            rolls.append(floor.roll_deg - _roll(room))
            heights.append(floor.camera_height / room.camera.eye[1] - 1)
            contact.append(_contact_error(floor, room))
        print(f"floor from {name}: {none} of {len(rooms)} rooms without")
        report("horizon, of the picture's height", horizon)
        report("roll, degrees", rolls)
        report("depth at floor pixels, relative", contact)
        if trust is KNOWN:
            report("camera height, relative", heights)


def _roll(room: Rendering) -> float:
    a, b, _ = room.camera.floor_plane(SIZE)
    return float(-np.degrees(np.arctan2(a, b)))


def _contact_error(floor: Ground, room: Rendering) -> float:
    centre = np.arange(SIZE) + 0.5
    plane = floor.a * centre[None, :] + floor.b * centre[:, None] + floor.c
    seen = (room.labels == LABELS["floor"]) & (plane > 0)
    return float(np.median(np.abs(1 / plane[seen] - room.depth_m[seen]) / room.depth_m[seen]))


def alone(seed: int, person: PersonAt) -> Bools:
    """Return the person's silhouette with nothing before it."""
    stage, camera = furnish(seed)
    empty = with_person(dataclasses.replace(stage, solids=()), person)
    return np.asarray(trace(empty, camera, SIZE)[1] == FIGURE, np.bool_)


def people(rooms: list[Rendering]) -> None:
    """Print how layered depth and occlusion compare with a rendering of the same person in the same place."""
    errors: dict[str, list[float]] = {}
    for k, room in enumerate(rooms):
        found = fit_floor(metres(room.depth_m), room.rgb, KNOWN, Told(room.camera.focal, 1.4))
        if isinstance(found, str):
            continue
        seed = SEED + k
        x, z, turn = (float(v) for v in random.uniform(seed, np.arange(3), "person"))
        person = PersonAt(seed, -1 + 2 * x, 2.0 + 2.5 * z, 360 * turn, 1.7)
        whole = alone(seed, person)
        truth = render_room(seed, SIZE, person)
        foot = stance.foot(whole)
        contact = int(foot[0] * SIZE), int(foot[1] * SIZE)
        inside = 0 <= contact[0] < SIZE and whole[:-2].any() and not whole[-1].any()
        if not inside or truth.person_mask.sum() < 300 or not found[1][contact[1], contact[0]]:
            continue  # the rendered person stands in furniture or outside the frame, where none would be pasted
        for name, value in compare(room, truth, whole, contact, found).items():
            errors.setdefault(name, []).append(value)
    print("a person pasted from the empty room's depth, against the person rendered in the room:")
    for name, values in errors.items():
        report(name, values)


def compare(
    room: Rendering, truth: Rendering, whole: Bools, contact: tuple[int, int], found: tuple[Ground, Bools]
) -> dict[str, float]:
    """Return the errors of one pasted person."""
    floor, floor_mask = found
    code = background_code(metres(room.depth_m))
    q = float(1 / room.depth_m[contact[1], contact[0]])
    rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    height = int(rows[-1] - rows[0]) + 1
    figure = Figure(0, 0, 0, SIZE, SIZE, False, q, contact)
    cutout = np.dstack([np.zeros((SIZE, SIZE, 3), np.uint8), whole * np.uint8(255)])
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    before = np.zeros((SIZE, SIZE), np.uint8)
    hiding = hidden(nearness(metres(room.depth_m), room.rgb, False), floor_mask, q, box, False)
    before[box] = 0 if hiding is None else hiding
    canvas = Canvas(SIZE, SIZE)
    seen = seen_of(figure, cutout[..., 3], 0, canvas, before)
    one = sprite(figure, seen, cutout, 0, canvas, rounded(whole))
    made = compose(room.rgb, [one])
    figure_px, outside = truth.person_mask & made.mask, ~(truth.person_mask | made.mask)
    found_errors = {
        "visible part, 1 - IoU with the rendered one": 1
        - float((truth.person_mask & made.mask).sum() / (truth.person_mask | made.mask).sum())
    }
    bulge = THICKNESS * height / (floor.focal * SIZE * 1.7)
    for name, relief in (("flat", None), ("round", one.relief)):
        surface = Surface(made.mask, (one.rows, one.columns), 1 / q / code.scale, bulge, relief)
        values = dequantise(layered(code, [surface])).values
        relative = np.abs(values - truth.depth_m) / truth.depth_m
        found_errors[f"{name}: AbsRel on the figure"] = float(relative[figure_px].mean())
        found_errors[f"{name}: AbsRel on the whole picture"] = float(relative.mean())
        near_edge = _ring(truth.person_mask)
        found_errors[f"{name}: px within 2 of the outline off by > 10 %"] = float((relative[near_edge] > 0.1).mean())
    found_errors["background: largest change, m (its codes are steps of 1 mm)"] = float(
        np.abs(values - room.depth_m)[outside].max()
    )
    return found_errors


def _ring(mask: Bools) -> Bools:
    wide, narrow = np.zeros_like(mask), np.ones_like(mask)
    padded = np.pad(mask, 2)
    for dy in range(5):
        for dx in range(5):
            window = padded[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
            wide |= window
            narrow &= window
    return wide & ~narrow


def moved(dataset: Path, network: DepthNetwork, samples: int) -> None:
    """Print how far the network moves pixels outside the mask when a figure is pasted."""
    virtual = open_dataset(dataset, virtual=True)
    by_network, by_layers, kept = [], [], {}
    for i in np.linspace(0, len(virtual) - 1, samples).round().astype(int).tolist():
        sample = virtual[i]
        name = sample.record["background"]
        number = [b.id for b in virtual.catalog.backgrounds].index(name)
        if number not in kept:
            kept[number] = virtual.background(number)
        picture, depth = kept[number]
        outside = ~sample.mask if sample.mask is not None else np.ones(picture.shape[:2], bool)
        change = np.abs(network(sample.image[None])[0] - network(picture[None])[0])
        by_network.append(float(np.median(change[outside])))
        if sample.depth is not None and depth is not None:
            by_layers.append(float(np.nanmax(np.abs(sample.depth.values - depth.values)[outside])))
    print(f"background pixels of {dataset.name}, metres, outside the mask:")
    report("network on the composite: median change", by_network)
    if by_layers:
        report("layered depth: largest change", by_layers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=24)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--samples", type=int, default=100)
    chosen = parser.parse_args()
    network = open_network(resolve(str(chosen.network), "", Path())) if chosen.network else None
    rooms = [render_room(SEED + k, SIZE) for k in range(chosen.rooms)]
    floors(rooms, network)
    people(rooms)
    if network is not None and chosen.dataset is not None:
        moved(chosen.dataset, network, chosen.samples)


if __name__ == "__main__":
    main()
