"""From camera rays to surfaces: which thing a ray meets first, exactly how far away, and what is there.

`what` numbers things: k >= 0 is stage.solids[k], -1 .. -6 are the room's faces (left, right, floor, ceiling, behind,
ahead), and FIGURE is the person.  LABELS number kinds of things instead: all chairs are one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bools, Floats
from figureground.drawn.camera import Camera
from figureground.drawn.figure import Figure
from figureground.drawn.motifs import FITTED
from figureground.drawn.solids import Solid, entry, normals
from figureground.drawn.textures import Colour, Material, face_coordinates, flat_albedo

Ids = NDArray[np.int16]  # numbers of things, as `what` below

FIGURE = 30000
LEFT, RIGHT, FLOOR, CEILING, BEHIND, AHEAD = range(6)
_KINDS = (
    "none", "floor", "wall", "ceiling", "window", "curtain", "trim", "rug", "sofa", "armchair", "chair", "table",
    "shelf", "books", "lamp", "plant", "picture", "television", "cabinet", "decor", "person",
)  # fmt: skip
LABELS: dict[str, int] = {name: number for number, name in enumerate(_KINDS)}


@dataclass(frozen=True)
class Window:
    """A rectangle of glass in a wall: face number, u0 < u1 along the wall, v0 < v1 upwards, metres."""

    face: int
    u0: float
    u1: float
    v0: float
    v1: float
    panes: tuple[int, int]
    view: Material
    light: Colour


@dataclass(frozen=True)
class Lamp:
    """A small glowing ball; `upright` is the share of its light that leaves through the shade's open ends."""

    position: tuple[float, float, float]
    colour: Colour
    radius: float
    upright: float


@dataclass(frozen=True, eq=False)
class Stage:
    """Everything there is to see: a box-shaped room from `low` to `high`, its contents and its lights.

    low, high (3,): world coordinates x, y, z in metres.  faces: the materials of left, right, floor, ceiling, behind
    and ahead.  solids: furniture and all else, each with its `centre` (3,) in metres and its `label`, a number of
    LABELS.  sun_to (3,): the way to the sun.  Colours of lights are linear RGB.  figure: the person, if there is one.
    """

    low: Floats
    high: Floats
    faces: tuple[Material, ...]
    solids: tuple[Solid, ...]
    windows: tuple[Window, ...]
    lamps: tuple[Lamp, ...]
    sun_to: Floats
    sun: Colour
    ambient: Colour
    figure: Figure | None = None


def face_uv(face: NDArray[np.intp] | int, points: Floats) -> tuple[Floats, Floats]:
    """Coordinates (u, v) of points on a face: along and up for walls, x and z for floor and ceiling."""
    face = np.asarray(face)
    u = np.where(face < 2, points[..., 2], points[..., 0])
    v = np.where((face == 2) | (face == 3), points[..., 2], points[..., 1])
    return u, v


def leave(stage: Stage, eye: Floats, rays: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Where rays starting inside the room meet its faces: distance t and face number."""
    safe = np.where(np.abs(rays) < 1e-12, 1e-12, rays)
    t = (np.where(safe > 0, stage.high, stage.low) - eye) / safe
    axis = t.argmin(-1)
    positive = np.take_along_axis(safe, axis[..., None], -1)[..., 0] > 0
    return np.take_along_axis(t, axis[..., None], -1)[..., 0], axis * 2 + positive


def _reach(solid: Solid, camera: Camera, size: int) -> tuple[slice, slice] | None:
    x, y, depth = camera.project(solid.corners, size)
    if depth.max() <= 0.02:
        return None
    if depth.min() <= 0.02:
        return slice(0, size), slice(0, size)
    left, top = max(int(np.floor(x.min() - 1)), 0), max(int(np.floor(y.min() - 1)), 0)
    right, bottom = min(int(np.ceil(x.max() + 1)), size), min(int(np.ceil(y.max() + 1)), size)
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def trace(stage: Stage, camera: Camera, size: int) -> tuple[Floats, Ids]:
    """What the ray through the centre of each pixel meets: its z-depth in metres and its number, both (size, size).

    Depth is float64, along the optical axis.  Numbers are int16: k >= 0 is stage.solids[k], -1 .. -6 are the room's
    faces (left, right, floor, ceiling, behind, ahead), and FIGURE is the person.
    """
    centre = np.arange(size) + 0.5
    rays = camera.rays(centre[None, :], centre[:, None], size)
    eye = np.asarray(camera.eye)
    depth, face = leave(stage, eye, rays)
    what = (-1 - face).astype(np.int16)
    for k, solid in enumerate(stage.solids):
        box = _reach(solid, camera, size)
        if box is None:
            continue
        t = entry(solid, eye, rays[box])
        nearer = t < depth[box]
        depth[box][nearer] = t[nearer]
        what[box][nearer] = k
    if stage.figure is not None:
        t = stage.figure.trace(camera, rays.reshape(-1, 3), depth.reshape(-1)).reshape(size, size)
        nearer = t < depth
        depth[nearer], what[nearer] = t[nearer], FIGURE
    return depth, what


def grow(mask: Bools) -> Bools:
    """The mask and its eight neighbours."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    wide = out.copy()
    wide[:, 1:] |= out[:, :-1]
    wide[:, :-1] |= out[:, 1:]
    return wide


def trace_parts(stage: Stage, camera: Camera, what: Ids, chosen: Bools, offsets: Floats) -> tuple[Floats, Ids, Floats]:
    """z-depth (n, s), `what` (n, s) and rays (n, s, 3) of s rays inside each of the n chosen pixels.

    offsets (s, 2) are x, y in 0..1 inside the pixel.  Only things seen through the centre of the pixel or of one of
    its eight neighbours are tried, which is what makes this cheap.
    """
    size = what.shape[0]
    row, column = np.nonzero(chosen)
    rays = camera.rays(column[:, None] + offsets[:, 0], row[:, None] + offsets[:, 1], size)
    eye = np.asarray(camera.eye)
    depth, face = leave(stage, eye, rays)
    found = (-1 - face).astype(np.int16)
    place = np.full(what.shape, -1, np.int64)
    place[row, column] = np.arange(len(row))
    for k in np.unique(what[what >= 0]):
        if k == FIGURE:
            continue
        box = _reach(stage.solids[k], camera, size)
        if box is None:
            continue
        here = place[box][grow(what[box] == k)]
        here = here[here >= 0]
        t = entry(stage.solids[k], eye, rays[here])
        nearer = t < depth[here]
        depth[here] = np.where(nearer, t, depth[here])
        found[here] = np.where(nearer, np.int16(k), found[here])
    if stage.figure is not None and (what == FIGURE).any():
        here = place[grow(what == FIGURE)]
        here = here[here >= 0]
        part = rays[here]
        t = stage.figure.trace(camera, part.reshape(-1, 3), depth[here].reshape(-1)).reshape(part.shape[:2])
        nearer = t < depth[here]
        depth[here] = np.where(nearer, t, depth[here])
        found[here] = np.where(nearer, np.int16(FIGURE), found[here])
    return depth, found, rays


@dataclass(frozen=True, eq=False)
class Surface:
    """What is at n points: normal (n, 3), albedo (n, 3), emission (n, 3), gloss (n,), label (n,)."""

    normal: Floats
    albedo: Floats
    emission: Floats
    gloss: Floats
    label: NDArray[np.uint8]


def _wall(stage: Stage, face: int, points: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    material = stage.faces[face]
    u, v = face_uv(face, points)
    albedo = flat_albedo(material, u, v)
    emission = np.zeros_like(albedo)
    label = np.full(len(points), LABELS[{FLOOR: "floor", CEILING: "ceiling"}.get(face, "wall")])
    for window in stage.windows:
        if window.face != face:
            continue
        inside = (u > window.u0) & (u < window.u1) & (v > window.v0) & (v < window.v1)
        # The view shifts with the eye as something far away does, so use a smooth function of place only.
        p = (u[inside] - window.u0) / (window.u1 - window.u0) * 2 - 1
        q = (v[inside] - window.v0) / (window.v1 - window.v0) * 2 - 1
        emission[inside] = FITTED["view"](p, q, window.view) * window.view.emission
        albedo[inside] = 0.02
        label[inside] = LABELS["window"]
    return albedo, emission, label


def surface(stage: Stage, what: Ids, points: Floats) -> Surface:
    """Describe the surface at points (n, 3) that lie on the things numbered by what (n,)."""
    n = len(points)
    normal, albedo, emission = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3))
    gloss, label = np.zeros(n), np.zeros(n, np.uint8)
    order = np.argsort(what, kind="stable")
    numbers, starts = np.unique(what[order], return_index=True)
    for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
        if number == FIGURE and stage.figure is not None:
            normal[rows], albedo[rows] = stage.figure.surface(points[rows])
            label[rows], gloss[rows] = LABELS["person"], 0.0
        elif number < 0:
            face = -1 - number
            albedo[rows], emission[rows], label[rows] = _wall(stage, face, points[rows])
            normal[rows, face // 2] = 1.0 if face % 2 == 0 else -1.0
            gloss[rows] = stage.faces[face].gloss
        else:
            solid = stage.solids[number]
            local = (points[rows] - solid.centre) @ solid.axes.T
            facing = normals(solid, local)
            normal[rows] = facing @ solid.axes
            material = solid.material
            if material.pattern in FITTED:
                u, v = face_coordinates(local, facing, solid.half)
                thin = int(np.argmin(solid.half))
                if thin == 1:
                    p, q = local[:, 0] / solid.half[0], local[:, 2] / solid.half[2]
                else:
                    p, q = local[:, 0] / solid.half[0], local[:, 1] / solid.half[1]
                albedo[rows] = FITTED[material.pattern](p, q, material)
            else:
                u, v = face_coordinates(local, facing, solid.half)
                albedo[rows] = flat_albedo(material, u, v)
            emission[rows] = albedo[rows] * material.emission
            gloss[rows], label[rows] = material.gloss, solid.label
    return Surface(normal, albedo, emission, gloss, label)
