"""Light: windows, sun, lamps and one gathered bounce, with soft shadows; then the camera's response to it.

Every second pixel takes a few rays of its own from a pattern that repeats every 4 x 4 pixels, and a filter that knows
edges shares them between neighbours on the same surface (interleaved sampling, Keller and Heidrich 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bools, Floats, Singles
from figureground.drawn.raycast import FIGURE, Ids, Lamp, Stage, Window
from figureground.drawn.solids import Solid, span
from figureground.drawn.textures import Colour

CELLS = 16  # light-map texels along each side of a room face
_BATCH = 48  # tiles tested at once: their rays stay in the processor's cache
_NEAR = 1.4  # metres: gathered rays ignore furniture farther away than this


def _f32(x: object) -> Singles:
    return np.asarray(x, np.float32)


def lattice(start: NDArray[np.int64], count: int) -> Singles:
    """`count` points of the R2 low-discrepancy sequence for each start number: (..., count, 2) in 0..1."""
    k = start[..., None] + 8 * np.arange(count)
    return np.stack([(0.5 + k * 0.7548776662466927) % 1.0, (0.5 + k * 0.5698402909980532) % 1.0], -1).astype(np.float32)


def window_frame(stage: Stage, window: Window) -> tuple[Floats, Floats, Floats, Floats]:
    """Centre, half side vectors and inward normal of a window, each (3,)."""
    u, v = (window.u0 + window.u1) / 2, (window.v0 + window.v1) / 2
    axis, side = window.face // 2, window.face % 2
    wall = (stage.high if side else stage.low)[axis]
    centre = np.array([wall, v, u]) if axis == 0 else np.array([u, v, wall])
    along = np.zeros(3)
    along[2 if axis == 0 else 0] = (window.u1 - window.u0) / 2
    normal = np.zeros(3)
    normal[axis] = -1.0 if side else 1.0
    return centre, along, np.array([0.0, (window.v1 - window.v0) / 2, 0.0]), normal


def _near_line(solid: Solid, centres: Singles, radii: Singles, goal: Floats, goal_radius: float) -> NDArray[np.intp]:
    # Tiles from which the solid can stand before the goal: its ball meets the capsule from tile to goal.
    line = _f32(goal) - centres
    to = _f32(solid.centre) - centres
    s = np.clip((to * line).sum(-1) / np.maximum((line * line).sum(-1), 1e-6), 0, 1)
    gap = np.linalg.norm(to - s[:, None] * line, axis=-1)
    return np.nonzero(gap < radii + (goal_radius - radii) * s + solid.radius)[0]


def blocked(
    stage: Stage, tiles: Singles, owner: Ids, rays: Singles, goal: Floats | None, goal_radius: float
) -> tuple[Bools, Ids]:
    """Whether each ray (t, q, k, 3) from tiles of points (t, q, 3) is stopped before t = 1, and by which solid.

    goal: the middle of the light that all rays go to, or None for rays in all directions of length goal_radius.
    """
    low, high = tiles.min(1), tiles.max(1)
    centres, radii = (low + high) / 2, np.linalg.norm(high - low, axis=-1) / 2
    nearest = np.ones(rays.shape[:3], np.float32)
    by = np.full(rays.shape[:3], -1, np.int16)
    origins = tuple(np.ascontiguousarray(tiles[..., None, i]) for i in range(3))
    ways = tuple(np.ascontiguousarray(rays[..., i]) for i in range(3))
    casters = stage.solids + (stage.figure.casters if stage.figure is not None else ())
    for k, solid in enumerate(casters):
        if not solid.casts:
            continue
        if goal is None:
            rows = np.nonzero(
                np.linalg.norm(centres - _f32(solid.centre), axis=-1) < radii + solid.radius + goal_radius
            )[0]
        else:
            rows = _near_line(solid, centres, radii, goal, goal_radius)
        if len(rows) == 0:
            continue
        mine = FIGURE if k >= len(stage.solids) else k
        for low in range(0, len(rows), _BATCH):
            some = rows[low : low + _BATCH]
            t_in, t_out = span(solid, tuple(a[some] for a in origins), tuple(a[some] for a in ways))
            found = nearest[some]
            hit = (t_in < t_out) & (t_out > 1e-4) & (t_in < found)
            own = (owner[some] == mine)[..., None]
            # A convex thing never shades itself; a figure's stand-ins must not shade the skin that they lie under.
            hit &= ~own if mine == k else ~(own & (t_in * _length(rays[some]) < 0.06))
            nearest[some] = np.where(hit, np.maximum(t_in, 0), found)
            by[some] = np.where(hit, np.int16(k), by[some])
    return by >= 0, by


def _length(rays: Singles) -> Singles:
    return np.asarray(np.sqrt(np.einsum("...i,...i", rays, rays)), np.float32)


@dataclass(frozen=True, eq=False)
class _Rays:
    # Rays (t, q, k, 3) from points to places on one light, how much each brings (t, q, k), and the light: the ball
    # around it, metres, and its colour.
    rays: Singles
    weight: Singles
    middle: Singles
    radius: float
    colour: Colour


def direct(stage: Stage, tiles: Singles, normal: Singles, owner: Ids, start: NDArray[np.int64], count: int) -> Singles:
    """Irradiance (t, q, 3) from windows and lamps, `count` shadow rays to each window and about half to each lamp."""
    total = np.zeros_like(tiles)
    for number, window in enumerate(stage.windows):
        chosen = lattice(start + 5 * number, count)
        _shine(total, stage, tiles, owner, _to_window(window_frame(stage, window), window, tiles, normal, chosen))
    for number, lamp in enumerate(stage.lamps):
        chosen = lattice(start + 3 * number + 7, max(count // 2, 1))
        _shine(total, stage, tiles, owner, _to_lamp(lamp, tiles, normal, chosen))
    return total


def _to_window(
    frame: tuple[Floats, Floats, Floats, Floats], window: Window, tiles: Singles, normal: Singles, chosen: Singles
) -> _Rays:
    centre, along, up, inward = (_f32(a) for a in frame)
    half = float(np.hypot(np.linalg.norm(along), np.linalg.norm(up)))
    xy = chosen * 2 - 1
    rays = centre + xy[..., :1] * along + xy[..., 1:] * up - tiles[:, :, None]
    r2 = np.maximum(np.einsum("...i,...i", rays, rays), 0.02)
    facing = np.maximum(np.einsum("...i,...i", rays, normal[:, :, None]), 0)
    leaving = np.maximum(-(rays @ inward), 0)
    # The sky is above: rays that come down carry more light than rays that come up from the ground outside.
    lift = np.clip(0.55 + rays[..., 1] / np.sqrt(r2) * 0.9, 0.25, 1.3)
    area = 4 * float(np.linalg.norm(along) * np.linalg.norm(up))
    weight = facing * leaving / (r2 * r2) * lift * _f32(area / chosen.shape[-2])
    return _Rays(rays, weight, centre, half, window.light)


def _to_lamp(lamp: Lamp, tiles: Singles, normal: Singles, chosen: Singles) -> _Rays:
    angle, height = chosen[..., 0] * _f32(2 * np.pi), chosen[..., 1] * 2 - 1
    ring = np.sqrt(np.maximum(1 - height * height, 0))
    ball = np.stack([np.cos(angle) * ring, height, np.sin(angle) * ring], -1) * _f32(lamp.radius)
    rays = _f32(lamp.position) + ball - tiles[:, :, None]
    r2 = np.maximum(np.einsum("...i,...i", rays, rays), 0.04)
    r = np.sqrt(r2)
    facing = np.maximum(np.einsum("...i,...i", rays, normal[:, :, None]), 0) / r
    beam = np.clip((np.abs(rays[..., 1]) / r - 0.45) / 0.3, 0, 1)
    power = (1 - lamp.upright) + lamp.upright * beam * beam * (3 - 2 * beam) * 2
    weight = facing / r2 * power / _f32(chosen.shape[-2])
    return _Rays(rays, weight, _f32(lamp.position), lamp.radius, lamp.colour)


def _shine(total: Singles, stage: Stage, tiles: Singles, owner: Ids, light: _Rays) -> None:
    # Add one light's share to the total; tiles that face away from it need no shadows.
    lit = np.nonzero(light.weight.max((1, 2)) > 1e-6)[0]
    if len(lit):
        middle = light.middle.astype(np.float64)
        stopped, _ = blocked(stage, tiles[lit], owner[lit], light.rays[lit], middle, light.radius)
        total[lit] += (light.weight[lit] * ~stopped).sum(-1)[..., None] * _f32(light.colour)


def sunlight(stage: Stage, points: Singles, normal: Singles, owner: Ids) -> Singles:
    """Irradiance (n, 3) from the sun through the windows, crossed by glazing bars and stopped by furniture."""
    out = np.zeros_like(points)
    to = _f32(stage.sun_to)
    if max(stage.sun) <= 0:
        return out
    facing = np.maximum(normal @ to, 0)
    for window in stage.windows:
        centre, along, up, inward = (_f32(a) for a in window_frame(stage, window))
        speed = -float(to @ inward)
        if speed <= 0.05:
            continue
        far = (points - centre) @ inward / speed
        cross = points + far[:, None] * to - centre
        p, q = cross @ along / (along @ along), cross @ up / (up @ up)
        blur = 0.012 + 0.012 * far
        bu, bv = blur / float(np.linalg.norm(along)), blur / float(np.linalg.norm(up))
        lit = np.clip((1 - np.abs(p)) / bu, 0, 1) * np.clip((1 - np.abs(q)) / bv, 0, 1)
        for axis, n, b, half in (
            (p, window.panes[0], bu, np.linalg.norm(along)),
            (q, window.panes[1], bv, np.linalg.norm(up)),
        ):
            cell = (axis + 1) / 2 * n
            gap = np.abs(cell - np.round(cell)) * 2 / n
            inner = (np.round(cell) > 0) & (np.round(cell) < n)
            bar = np.clip(1 - (gap - 0.022 / float(half)) / b, 0, 1) * np.minimum(0.022 / float(half) / b * 2, 1)
            lit = lit * np.where(inner, 1 - bar, 1)
        rows = np.nonzero((lit * facing > 0) & (far > 0))[0]
        if len(rows):
            tile = points[rows][None]
            rays = (far[rows, None] * to)[None, :, None]
            stopped, _ = blocked(
                stage, tile, owner[rows][None], np.ascontiguousarray(rays), centre.astype(np.float64), 9.0
            )
            out[rows] += (lit[rows] * facing[rows] * ~stopped[0, :, 0])[:, None] * _f32(stage.sun)
    return out


def scatter(normal: Singles, start: NDArray[np.int64], count: int) -> Singles:
    """Cosine-weighted unit directions (t, q, count, 3) about normals (t, q, 3)."""
    xy = lattice(start, count)
    r, angle = np.sqrt(xy[..., 0]), xy[..., 1] * _f32(2 * np.pi)
    # Duff et al. 2017: an orthonormal frame without a branch that jumps.
    x, y, z = (normal[:, :, None, i] for i in range(3))
    sign = np.where(z >= 0, _f32(1), _f32(-1))
    a = -1 / (sign + z)
    b = x * y * a
    s, t, h = r * np.cos(angle), r * np.sin(angle), np.sqrt(np.maximum(1 - xy[..., 0], 0))
    return np.stack(
        [
            s * (1 + sign * x * x * a) + t * b + h * x,
            s * sign * b + t * (sign + y * y * a) + h * y,
            -s * sign * x - t * y + h * z,
        ],
        -1,
    ).astype(np.float32)


def gather(
    stage: Stage, tiles: Singles, rays: Singles, owner: Ids, glow: Singles, tints: Singles | None, panes: bool
) -> Singles:
    """Radiance (t, q, k, 3) that unit rays bring back: the room's glow (6, CELLS, CELLS, 3), or nearby furniture.

    tints (n, 3) is the glow of each solid, the figure last; None lets no furniture stop a ray.  panes: whether rays
    see the bright windows (a mirror does; diffuse light has them already from `direct`).
    """
    origin = tiles[:, :, None]
    safe = np.where(np.abs(rays) < 1e-6, _f32(1e-6), rays)
    t = (np.where(safe > 0, _f32(stage.high), _f32(stage.low)) - origin) / safe
    axis = t.argmin(-1)
    far = np.take_along_axis(t, axis[..., None], -1)
    face = axis * 2 + (np.take_along_axis(safe, axis[..., None], -1)[..., 0] > 0)
    hit = (origin + far * safe - _f32(stage.low)) / _f32(stage.high - stage.low)
    u = np.where(face < 2, hit[..., 2], hit[..., 0])
    v = np.where((face == 2) | (face == 3), hit[..., 2], hit[..., 1])
    iu, iv = (np.clip((a * CELLS).astype(np.int64), 0, CELLS - 1) for a in (u, v))
    out = np.asarray(glow[face, iu, iv], np.float32)
    for window in stage.windows if panes else ():
        span_uv = _f32(stage.high - stage.low)
        pu = u * span_uv[2 if window.face < 2 else 0] + _f32(stage.low)[2 if window.face < 2 else 0]
        pv = v * span_uv[1]
        seen = (face == window.face) & (pu > window.u0) & (pu < window.u1) & (pv > window.v0) & (pv < window.v1)
        out[seen] = _f32(window.light)
    if tints is None:
        return out
    stopped, by = blocked(stage, tiles, owner, rays * _f32(_NEAR), None, _NEAR)
    # Low things sit in the dim light near the floor: darker than the tint seen from above.
    out[stopped] = tints[np.minimum(by[stopped], len(tints) - 1)]
    return out
