"""A person alone, as a cut-out: RGBA with exact area coverage, lit by a soft studio light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats
from figureground.drawn.camera import Camera
from figureground.drawn.figure import Figure
from figureground.drawn.film import curve
from figureground.drawn.kit import Dice
from figureground.drawn.people import PersonAt, figure_of
from figureground.drawn.raycast import grow

SIDE = 8  # alpha is counted on SIDE x SIDE points in a pixel: 65 levels


def _light(
    body: Figure, points: Floats, normal: Floats, albedo: Floats, key: Floats, warm: float, eye: Floats
) -> Floats:
    # Key and rim light, a sky above and a bounce from below; stand-in ellipsoids darken what they cover.
    sky = np.ones(len(points))
    shadow = np.ones(len(points))
    place, facing = points.astype(np.float32), normal.astype(np.float32)
    for solid in body.casters:
        off = solid.centre.astype(np.float32) - place
        near = np.float32(solid.half.max() * 2.4 + 0.15)
        rows = np.nonzero(np.einsum("ij,ij->i", off, off) < near * near)[0]
        squash = (solid.axes.T / solid.half).astype(np.float32)
        q, n = off[rows] @ squash, facing[rows] @ (solid.axes.T * solid.half).astype(np.float32)
        q2 = np.einsum("ij,ij->i", q, q)
        r2 = np.maximum(q2, 1.05)
        toward = np.einsum("ij,ij->i", q, n) / np.sqrt(np.einsum("ij,ij->i", n, n) * r2 + 1e-12)
        sky[rows] *= 1 - 0.55 * np.maximum(toward, 0) / r2
        ray = (solid.axes @ key) / solid.half
        ahead = q @ (ray / np.linalg.norm(ray)).astype(np.float32)
        miss = np.sqrt(np.maximum(q2 - ahead * ahead, 0))
        # A point that lies in its own stand-in (r2 near 1) must not be in shadow of it.
        shadow[rows] *= 1 - np.clip((1.25 - miss) / 0.5, 0, 1) * np.clip((ahead - 1.0) / 0.6, 0, 1) * 0.85
    lambert = np.clip((normal @ key + 0.12) / 1.12, 0, 1)
    up = normal[:, 1] * 0.5 + 0.5
    tint = np.array([1.0 + 0.06 * warm, 1.0, 1.0 - 0.1 * warm])
    fill = np.array([0.50, 0.53, 0.58]) * up[:, None] + np.array([0.30, 0.26, 0.22]) * (1 - up)[:, None]
    view = eye - points
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    edge = np.clip(1 - (view * normal).sum(1), 0, 1) ** 3
    half = view + key
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    shine = np.clip((half * normal).sum(1), 0, 1) ** 26 * 0.05 * shadow * lambert
    rim = edge * np.clip(normal @ np.array([-key[0], 0.25, 0.65]) + 0.2, 0, 1) * 0.5
    light = (lambert * shadow)[:, None] * 1.35 * tint + (fill + rim[:, None] * 0.6) * sky[:, None]
    return np.asarray(albedo * light + shine[:, None], np.float64)


def _shade(body: Figure, camera: Camera, rays: Floats, t: Floats, key: Floats, warm: float) -> Floats:
    eye = np.asarray(camera.eye)
    points = eye + t[:, None] * rays
    normal, albedo = body.surface(points)
    return _light(body, points, normal, albedo, key, warm, eye)


def _points(n: int) -> Floats:
    step = (np.arange(n) + 0.5) / n
    return np.stack(np.meshgrid(step, step), -1).reshape(-1, 2)


def framing(seed: int, height: int) -> tuple[Figure, Camera, int]:
    """The figure of a seed, a camera that sees it `height` pixels tall, and the side of that camera's picture."""
    dice = Dice(seed, "portrait")
    heading = dice.pick([0.0, 0.0, 1.0]) * dice.between(-50, 50) + dice.between(-18, 18)
    body = figure_of(PersonAt(seed, 0.0, 0.0, heading, dice.between(1.58, 1.86)))
    eye = (0.0, dice.between(1.2, 1.55), -dice.between(3.6, 5.0))
    probe, rough = Camera(eye, 4.0, 0.0, 0.0, 1.2), 192
    line = np.arange(rough) + 0.5
    t = body.trace(probe, probe.rays(line[None, :], line[:, None], rough).reshape(-1, 3), np.full(rough * rough, 50.0))
    rows = np.nonzero(np.isfinite(t.reshape(rough, rough)).any(1))[0]
    # The probe knows the extent to one of its pixels; leave a hair so that the figure never exceeds `height`.
    tall = (rows[-1] - rows[0] + 1.6) / rough
    return body, probe, int(height / tall)


def render_person(seed: int, height: int = 480) -> NDArray[np.uint8]:
    """A person cut out: (h, w, 4) uint8, straight alpha, sRGB, cropped to where alpha > 0; h is `height` within 2 %.

    Alpha is the share of 8 x 8 points of the pixel that see the figure, times 255 (65 levels).  The colour of an edge
    pixel is that of the figure alone; where alpha is 0 it is 0.
    """
    body, camera, side = framing(seed, height)
    dice = Dice(seed, "studio")
    turn, lift, warm = dice.between(-65, 65), dice.between(30, 55), dice.between(0, 1)
    a, e = np.radians(turn), np.radians(lift)
    key = np.array([np.sin(a) * np.cos(e), np.sin(e), -np.cos(a) * np.cos(e)])
    alpha, linear = cover(body, camera, side, key, warm)
    rows, columns = np.nonzero(alpha.any(1))[0], np.nonzero(alpha.any(0))[0]
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha, linear = alpha[box], linear[box]
    rgb = np.where((alpha > 0)[..., None], curve(linear * 0.95), 0.0)
    out = np.concatenate([rgb, (alpha / SIDE**2)[..., None]], -1)
    return np.asarray(np.rint(np.clip(out, 0, 1) * 255), np.uint8)


def cover(body: Figure, camera: Camera, side: int, key: Floats, warm: float) -> tuple[NDArray[np.int64], Floats]:
    """How many of the 64 points of each pixel see the figure, and the mean linear colour of what they see."""
    line = np.arange(side) + 0.5
    far = 50.0
    rays = camera.rays(line[None, :], line[:, None], side)
    # A cone through each block of 4 x 4 pixels first: most blocks are empty, the others need not start from the eye.
    block = np.arange(0, side, 4) + 2.0
    wide = 2.0 * np.sqrt(2.0) / (camera.focal * side)
    cones = camera.rays(block[None, :], block[:, None], side)
    blocks = body.trace(camera, cones.reshape(-1, 3), np.full(len(block) ** 2, far), spread=wide).reshape(
        len(block), -1
    )
    start = blocks.repeat(4, 0).repeat(4, 1)[:side, :side]
    t = body.trace(camera, rays.reshape(-1, 3), np.full(side * side, far), start.reshape(-1)).reshape(side, side)
    hit = np.isfinite(t)
    count = hit.astype(np.int64) * SIDE**2
    linear = np.zeros((side, side, 3))
    linear[hit] = _shade(body, camera, rays[hit], t[hit], key, warm)
    # A pixel is cut if its centre hits beside one that misses, or if its centre misses but its cone does not.
    maybe = ~hit & np.isfinite(start)
    half = float(np.sqrt(0.5)) / (camera.focal * side)
    reach = np.full((side, side), np.inf)
    reach[maybe] = body.trace(camera, rays[maybe], np.full(int(maybe.sum()), far), start[maybe], half)
    edge = (hit & grow(~hit)) | np.isfinite(reach)
    first = np.where(np.isfinite(reach), reach, start)
    inner = hit & ~edge
    tone = np.sqrt(linear).mean(-1)
    depth, busy = np.where(hit, t, far), np.zeros_like(hit)
    for p, q in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        jump = (np.abs(tone[p] - tone[q]) > 0.05) | (np.abs(depth[p] - depth[q]) > 0.05)
        busy[p] |= jump
        busy[q] |= jump
    for chosen, n in ((edge, SIDE), (inner & busy, 2)):
        row, column = np.nonzero(chosen)
        found, part = _quarters(body, camera, row, column, first[chosen], n, side)
        seen = np.isfinite(found)
        # Colour needs fewer points than coverage, but every covered pixel needs one.
        some = seen & ((np.cumsum(seen, 1) - 1) % np.maximum(seen.sum(1, keepdims=True) // 4, 1) == 0)
        if n == SIDE:
            count[row, column] = seen.sum(1)
        shade = np.zeros((*found.shape, 3))
        shade[some] = _shade(body, camera, part[some], found[some], key, warm)
        linear[row, column] = shade.sum(1) / np.maximum(some.sum(1), 1)[:, None]
    return count, linear


def _quarters(
    body: Figure, camera: Camera, row: NDArray[np.intp], column: NDArray[np.intp], start: Floats, n: int, side: int
) -> tuple[Floats, Floats]:
    # Depth (m, n * n) and rays (m, n * n, 3) of n x n points in each of m pixels.  A cone through each quarter of a
    # pixel goes first: an edge leaves about a third of them empty, and rays that pass close by are the slow ones.
    corner = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    middle = camera.rays(column[:, None] + corner[:, 0], row[:, None] + corner[:, 1], side)
    spread = float(np.sqrt(0.125)) / (camera.focal * side)
    far = np.full(middle.shape[:2], 50.0)
    near = body.trace(camera, middle.reshape(-1, 3), far.reshape(-1), start.repeat(4), spread).reshape(-1, 4)
    inside = (corner[:, None] - 0.25 + 0.5 * _points(n // 2)).reshape(-1, 2)
    rays = camera.rays(column[:, None] + inside[:, 0], row[:, None] + inside[:, 1], side)
    begin = near.repeat(n * n // 4, 1)
    found = np.full(begin.shape, np.inf)
    go = np.isfinite(begin)
    found[go] = body.trace(camera, rays[go], np.full(int(go.sum()), 50.0), begin[go])
    return found, rays
