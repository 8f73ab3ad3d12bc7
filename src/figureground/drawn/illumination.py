"""The light on every pixel of a room: what its faces give back after some bounces, then soft, direct, mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats, Singles
from figureground.drawn.film import share
from figureground.drawn.raycast import FIGURE, Ids, Stage, face_uv
from figureground.drawn.shading import CELLS, direct, gather, scatter, sunlight
from figureground.drawn.textures import flat_albedo

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Effort:
    """How many rays a picture gets: to each window from a point, gathered at a point, and in a pixel with an edge.

    near: whether what is near stops the gathered rays, as it does those to the windows.  mirrors: whether polished
    things mirror the room.
    """

    to_window: int = 3
    gathered: int = 4
    parts: int = 8
    near: bool = True
    mirrors: bool = True


@dataclass(frozen=True, eq=False)
class Glow:
    """What a stage gives back of its light: faces (6, CELLS, CELLS, 3), and each solid with the figure last (n, 3)."""

    faces: Singles
    solids: Singles


def _tiles(image: NDArray[T]) -> NDArray[T]:
    h, w = image.shape[:2]
    return np.ascontiguousarray(
        image.reshape(h // 8, 8, w // 8, 8, -1).swapaxes(1, 2).reshape(h * w // 64, 64, *image.shape[2:])
    )


def _untile(tiles: Singles, h: int, w: int) -> Singles:
    return tiles.reshape(h // 8, w // 8, 8, 8, -1).swapaxes(1, 2).reshape(h, w, *tiles.shape[2:])


def _pattern(h: int, w: int) -> NDArray[np.int64]:
    # Which of 16 sets of rays a pixel uses: neighbours in every 4 x 4 block use different ones, and the eight black
    # squares of a chessboard use sets 0 to 7.
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.int64)
    return np.tile(bayer, (-(-h // 4), -(-w // 4)))[:h, :w]


def _soften(glow: Singles) -> Singles:
    # The few rays of each pixel must not tell one bright texel from its neighbour: spread each over 5 x 5.
    for axis in (1, 2):
        for _ in range(2):
            wide = np.pad(glow, [(1, 1) if a == axis else (0, 0) for a in range(4)], "edge")
            thirds = [wide.take(range(k, k + CELLS), axis) for k in range(3)]
            glow = (thirds[0] + thirds[1] + thirds[2]) / np.float32(3)
    return glow


def room_glow(stage: Stage) -> Glow:
    """Light given back by the room's faces and by each solid, after two bounces."""
    step = (np.arange(CELLS) + 0.5) / CELLS
    first, second = np.meshgrid(step, step, indexing="ij")
    points, normal = np.zeros((6, CELLS, CELLS, 3)), np.zeros((6, CELLS, CELLS, 3))
    albedo = np.zeros((6, CELLS, CELLS, 3))
    side = stage.high - stage.low
    for face in range(6):
        axis = face // 2
        a, b = [(2, 1), (0, 2), (0, 1)][axis]
        points[face, ..., a], points[face, ..., b] = stage.low[a] + first * side[a], stage.low[b] + second * side[b]
        inward = 1.0 if face % 2 == 0 else -1.0
        points[face, ..., axis] = (stage.low if face % 2 == 0 else stage.high)[axis] + inward * 0.01
        normal[face, ..., axis] = inward
        u, v = face_uv(face, points[face])
        albedo[face] = flat_albedo(stage.faces[face], u, v).mean((0, 1))
        for w in stage.windows:
            if w.face == face:
                albedo[face][(u > w.u0) & (u < w.u1) & (v > w.v0) & (v < w.v1)] = 0.03
    flat_points, flat_normal = (np.asarray(x.reshape(6 * CELLS, CELLS, 3), np.float32) for x in (points, normal))
    tiles, facing = _tiles(flat_points), _tiles(flat_normal)
    owner = np.full(tiles.shape[:2], -1, np.int16)
    start = _tiles(np.tile(_pattern(CELLS, CELLS), (6, 1)))
    light = direct(stage, tiles, facing, owner, start, 8)
    light += sunlight(stage, tiles.reshape(-1, 3), facing.reshape(-1, 3), owner.reshape(-1)).reshape(light.shape)
    base = np.asarray(albedo, np.float32)
    tints = np.array([np.mean(s.material.colours, axis=0) for s in stage.solids] + [(0.3, 0.25, 0.22)])
    rays = scatter(facing, start, 24)
    total = light
    for _ in range(3):
        image = _untile(total, 6 * CELLS, CELLS).reshape(6, CELLS, CELLS, 3)
        glow = _soften(np.asarray(image * base / np.pi + np.asarray(stage.ambient, np.float32), np.float32))
        dim = np.asarray(tints * image[[0, 1, 2, 4, 5]].mean((0, 1, 2)) * 0.7 / np.pi, np.float32)
        total = light + np.pi * gather(stage, tiles, rays, owner, glow, dim, False).mean(2)
    image = _untile(total, 6 * CELLS, CELLS).reshape(6, CELLS, CELLS, 3)
    return Glow(_soften(np.asarray(image * base / np.pi + np.asarray(stage.ambient, np.float32), np.float32)), dim)


@dataclass(frozen=True, eq=False)
class Seen:
    """The surface points that pixels see: points, normal (h, w, 3); what, depth, gloss (h, w)."""

    points: Floats
    normal: Floats
    what: Ids
    depth: Floats
    gloss: Floats


def illuminate(stage: Stage, eye: Floats, seen: Seen, glow: Glow, effort: Effort) -> tuple[Singles, Singles]:
    """Irradiance and mirrored radiance, both (h, w, 3), at the surface points (h, w, 3) of all pixels.

    Soft light is found on the black squares of a chessboard only, and shared with the white ones; the sun, whose
    shadows are sharp, everywhere.
    """
    h, w = seen.what.shape
    pad = ((0, -h % 8), (0, -w % 16))
    lifted = np.asarray(seen.points + seen.normal * 0.004, np.float32)
    place, facing = (np.pad(np.asarray(x, np.float32), (*pad, (0, 0)), "edge") for x in (lifted, seen.normal))
    owner, far = np.pad(seen.what, pad, "edge"), np.pad(np.asarray(seen.depth, np.float32), pad, "edge")
    shiny_all = np.pad(np.asarray(seen.gloss, np.float32), pad, "edge")
    big = owner.shape
    row = np.arange(big[0])[:, None]
    black = row, 2 * np.arange(big[1] // 2)[None, :] + row % 2
    tiles, norms, own = _tiles(place[black]), _tiles(facing[black]), _tiles(owner[black])
    start, shiny = _tiles(_pattern(*big)[black]), _tiles(shiny_all[black])
    known = np.zeros(big, np.float32)
    known[black] = 1

    def spread(found: Singles) -> Singles:
        full = np.zeros((*big, 3), np.float32)
        full[black] = _untile(found, big[0], big[1] // 2)
        return share(full, known, facing, owner, far)

    light = direct(stage, tiles, norms, own, start, effort.to_window)
    around = scatter(norms, start, effort.gathered)
    light += np.pi * gather(stage, tiles, around, own, glow.faces, glow.solids if effort.near else None, False).mean(2)
    light = spread(light)
    if stage.figure is not None:  # the photographer's fill light: nobody wants a silhouette
        light[owner == FIGURE] = light[owner == FIGURE] * 1.1 + 0.15 * np.median(light[owner != FIGURE], 0)
    sun = sunlight(stage, place.reshape(-1, 3), facing.reshape(-1, 3), owner.reshape(-1))
    light += sun.reshape(*big, 3)
    mirror = np.zeros_like(light)
    rows = np.nonzero(shiny.max(1) > 0)[0]
    if effort.mirrors and len(rows):
        view = tiles[rows] - np.asarray(eye, np.float32)
        view /= np.linalg.norm(view, axis=-1, keepdims=True)
        n = norms[rows]
        cosine = np.einsum("...i,...i", view, n)[..., None]
        ideal = view - 2 * cosine * n
        fuzz = scatter(n, start[rows], 2) - n[:, :, None] * 0.7
        rough = (0.32 * (1 - shiny[rows]) + 0.03)[..., None, None]
        rays = np.asarray(ideal[:, :, None] + rough * fuzz, np.float32)
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        back = gather(stage, tiles[rows], rays, own[rows], glow.faces, glow.solids, True)
        fresnel = 0.04 + 0.96 * np.clip(1 + cosine, 0, 1) ** 5
        back_there = np.zeros_like(tiles)
        back_there[rows] = np.minimum(back, 8).mean(2) * fresnel * np.minimum(shiny[rows] * 1.6, 1)[..., None]
        mirror = spread(back_there) * np.minimum(shiny_all * 99, 1)[..., None]
    return light[:h, :w], mirror[:h, :w]
