"""A room's picture with exact depth: trace, light, antialias where it matters, develop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bools, Floats
from figureground.drawn.camera import Camera
from figureground.drawn.film import develop
from figureground.drawn.illumination import Effort, Glow, Seen, illuminate, room_glow
from figureground.drawn.people import PersonAt, with_person
from figureground.drawn.raycast import FIGURE, Ids, Stage, Surface, surface, trace, trace_parts
from figureground.drawn.rooms import furnish

_FULL = Effort()


def _edges(what: Ids, look: Surface, radiance: Floats, shape: tuple[int, int]) -> Bools:
    normal = look.normal.reshape(*shape, 3)
    tone = np.sqrt(np.clip(radiance, 0, 4)).mean(-1)
    spread = 0.035 * max(float(np.median(tone)), 0.05) / 0.35
    out = np.zeros(shape, np.bool_)
    for a, b in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        differs = (what[a] != what[b]) | (np.einsum("...i,...i", normal[a], normal[b]) < 0.9)
        differs |= np.abs(tone[a] - tone[b]) > spread
        out[a] |= differs
        out[b] |= differs
    return out


def _borrow(
    chosen: Bools, found: Ids, normal: Floats, what: Ids, normals: Floats, count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # Which pixel to take light from for each part of a pixel: itself or the neighbour with the same surface.
    h, w = what.shape
    row, column = (np.repeat(a, count) for a in np.nonzero(chosen))
    best_row, best_column = row.copy(), column.copy()
    todo = np.arange(len(row))
    score = np.full(len(row), -2.0)
    for dy, dx in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        r, c = np.clip(row[todo] + dy, 0, h - 1), np.clip(column[todo] + dx, 0, w - 1)
        value = np.where(what[r, c] == found[todo], (normals[r, c] * normal[todo]).sum(-1), -1.0)
        better = value > score[todo]
        at = todo[better]
        best_row[at], best_column[at], score[at] = r[better], c[better], value[better]
        todo = todo[score[todo] < 0.95]
        if len(todo) == 0:
            break
    return best_row, best_column


@dataclass(frozen=True, eq=False)
class Rendering:
    """A picture with its truth.

    rgb: (size, size, 3) uint8, sRGB.  depth_m: (size, size) float32, z-depth in metres along the optical axis of the
    surface seen through the centre of each pixel (never averaged).  labels: (size, size) uint8, numbers of LABELS.
    person_mask: (size, size) bool, the pixels whose centre sees the person.  things: (size, size) int16, the number of
    the thing that is seen, as `trace` numbers them.
    """

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    labels: NDArray[np.uint8]
    person_mask: NDArray[np.bool_]
    things: Ids
    camera: Camera


def render_stage(
    stage: Stage,
    camera: Camera,
    size: int,
    seed: int,
    exposure: float = 0.24,
    glow: Glow | None = None,
    effort: Effort = _FULL,
) -> Rendering:
    """What the camera sees of a stage, size x size pixels.

    seed: of the film's grain.  exposure: the linear grey, 0..1, that the picture's mean (logarithmic) brightness
    becomes; larger is lighter.  glow: the stage's `room_glow`, for those who look at it from several places.  effort:
    fewer rays make a noisier picture sooner, and the same depth.
    """
    depth, what = trace(stage, camera, size)
    eye = np.asarray(camera.eye)
    centre = np.arange(size) + 0.5
    points = eye + depth[..., None] * camera.rays(centre[None, :], centre[:, None], size)
    look = surface(stage, what.reshape(-1), points.reshape(-1, 3))
    normal = look.normal.reshape(size, size, 3)
    seen = Seen(points, normal, what, depth, look.gloss.reshape(size, size))
    light, mirror = illuminate(stage, eye, seen, room_glow(stage) if glow is None else glow, effort)
    diffuse = np.asarray(light, np.float64) / np.pi
    radiance = look.albedo.reshape(size, size, 3) * diffuse + mirror + look.emission.reshape(size, size, 3)
    chosen = _edges(what, look, radiance, (size, size))
    count = effort.parts
    turn = np.arange(count)
    offsets = np.stack([(turn + 0.5) / count, (turn * 3 % count + 0.5) / count], -1)
    part_depth, found, rays = trace_parts(stage, camera, what, chosen, offsets)
    at = (eye + part_depth[..., None] * rays).reshape(-1, 3)
    parts = surface(stage, found.reshape(-1), at)
    r, c = _borrow(chosen, found.reshape(-1), parts.normal, what, normal, count)
    colour = parts.albedo * diffuse[r, c] + np.minimum(mirror[r, c], 8) + parts.emission
    # Average what the film can tell apart: a part far brighter than white must not hide the rest of its pixel.
    ceiling = float(np.quantile(radiance, 0.98)) + 1e-6
    radiance[chosen] = np.minimum(colour, ceiling * 1.5).reshape(-1, count, 3).mean(1)
    labels = look.label.reshape(size, size)
    return Rendering(develop(radiance, seed, exposure), depth.astype(np.float32), labels, what == FIGURE, what, camera)


def render_room(seed: int, size: int = 448, person: PersonAt | None = None) -> Rendering:
    """The furnished room of a seed, size x size pixels, with a person in it if one is given.

    The same arguments give the same bytes.  A person changes the depth of no pixel that does not see the person.
    """
    if size < 8:
        raise ValueError(f"size is {size}: a room needs at least 8 pixels a side")
    stage, camera = furnish(seed)
    if person is not None:
        stage = with_person(stage, person)
    return render_stage(stage, camera, size, seed)
