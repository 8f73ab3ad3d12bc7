"""A figure made of rounded cones and ellipsoids that melt into each other, and the rays that find its surface.

Parts live in figure space: unit height, feet on y = 0, x to the viewer's right when the figure faces the viewer (-z).
A group of parts is one smooth union (polynomial, of limited reach); different groups meet in a crease.  Rays advance
by sphere tracing (Hart 1996), each looking only at the parts whose outline it can cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats, Singles
from figureground.drawn.camera import Camera
from figureground.drawn.cloth import Cloth, paint

if TYPE_CHECKING:
    from figureground.drawn.solids import Solid

Index = NDArray[np.intp]

_CHUNK = 12000  # rays marched together: what their parts need stays in the processor's cache
_CLOSE = 1e-4  # figure heights: nearer than this counts as the surface (0.17 mm on a tall person)
_FOLDS = 9.0  # folds round a skirt


@dataclass(frozen=True, eq=False)
class Part:
    """A rounded cone from `start`, `length` along its own y, radii r1 and r2, in a frame that may be squashed.

    frame (3, 3): canonical = frame @ (point - start).  tight: the least stretch of the frame, by which canonical
    distance becomes true distance at most.  length 0 makes an ellipsoid (radius 1 in a frame scaled by its half axes).
    hem: the part ends below this height (a skirt, a coat); ripple: the depth of its folds there, canonical units.
    """

    start: Floats
    frame: Floats
    length: float
    r1: float
    r2: float
    tight: float
    group: int
    cloth: Cloth
    hem: float = -1.0
    ripple: float = 0.0

    @property
    def ends(self) -> tuple[Floats, Floats, float]:
        """Both ends of the middle line, and a radius around it that holds the part."""
        inverse = np.linalg.inv(self.frame)
        stretch = float(np.linalg.norm(inverse, axis=0).max())
        return self.start, self.start + inverse[:, 1] * self.length, (max(self.r1, self.r2) + self.ripple) * stretch


@dataclass(frozen=True, eq=False)
class _Pairs:
    # Which parts each point must look at: point and part numbers of every pair, ordered by point and then group;
    # `segment` is one (point, group), `ranks` the pairs that come first, second, ... in their segments.
    point: Index
    part: Index
    ranks: list[tuple[Index, Index]]
    segment_start: Index
    segment_point: Index
    blend: Singles
    numbers: Singles  # the parts' rows of the table, one column a pair: gathered once, used at every step


@dataclass(frozen=True, eq=False)
class Figure:
    """A person standing at `base` (metres), `height_m` tall, its axes (rows) turned by its heading.

    blends: how far the parts of each group melt together, figure heights; parts are ordered by group.  casters: solids
    that stand in for it when light is stopped.  head (3,) and gaze (3, 3): place and axes of the head, for its face.
    upright: groups whose prints follow the whole body, not each part.
    """

    parts: tuple[Part, ...]
    blends: tuple[float, ...]
    base: Floats
    axes: Floats
    height_m: float
    head: Floats
    gaze: Floats
    casters: tuple[Solid, ...] = ()
    upright: tuple[int, ...] = ()

    def to_world(self, points: Floats) -> Floats:
        """World positions of figure-space points (..., 3)."""
        return np.asarray(self.base + self.height_m * points @ self.axes, np.float64)

    @cached_property
    def _table(self) -> Singles:
        # One row a part: start 3, frame 9, length, r1, r2, b, a, tight, hem, ripple.
        rows = []
        for p in self.parts:
            b = (p.r1 - p.r2) / p.length if p.length > 0 else 0.0
            rows.append(
                [*p.start, *p.frame.ravel(), p.length, p.r1, p.r2, b, np.sqrt(1 - b * b), p.tight, p.hem, p.ripple]
            )
        return np.asarray(np.array(rows).T, np.float32).copy()

    def _pair_up(self, inside: list[Index], count: int) -> _Pairs:
        part = np.concatenate([np.full(len(rows), k, np.intp) for k, rows in enumerate(inside)])
        point = np.concatenate(inside)
        order = np.argsort(point, kind="stable")  # parts are ordered by group, so groups stay together
        return self._segments(point[order], part[order])

    def _segments(self, point: Index, part: Index) -> _Pairs:
        group = np.array([p.group for p in self.parts])[part]
        new = np.ones(len(point), np.bool_)
        new[1:] = (point[1:] != point[:-1]) | (group[1:] != group[:-1])
        start = np.nonzero(new)[0]
        segment = np.cumsum(new) - 1
        rank = np.arange(len(point)) - start[segment]
        ranks = []
        for j in range(int(rank.max(initial=-1)) + 1):
            chosen = np.nonzero(rank == j)[0]
            ranks.append((chosen, segment[chosen]))
        return _Pairs(
            point,
            part,
            ranks,
            start,
            point[start],
            np.array(self.blends, np.float32)[group[start]],
            self._table[:, part],
        )

    def _distances(self, points: Floats, pairs: _Pairs) -> Singles:
        # A lower bound of the signed distance of each point to its part, exact where the frame is not squashed.
        t, p = pairs.numbers, points.astype(np.float32).T[:, pairs.point]
        x, y, z = p[0] - t[0], p[1] - t[1], p[2] - t[2]
        qx, qy, qz = (t[3 + 3 * i] * x + t[4 + 3 * i] * y + t[5 + 3 * i] * z for i in range(3))
        length, r1, _, b, a, tight, hem, ripple = t[12:]
        flat = qx * qx + qz * qz
        across = np.sqrt(flat)
        folded = np.nonzero(ripple)[0]
        if len(folded):
            fold = np.cos(np.arctan2(qz[folded], qx[folded]) * np.float32(_FOLDS))
            fold *= np.clip(1 - qy[folded] / length[folded], 0, 1)
            across[folded] -= ripple[folded] * fold * np.minimum(across[folded] / r1[folded], 1)
        # The nearest ball of the cone sits where a line square to the slanted side meets the axis.
        at = np.clip(qy - across * b / a, 0, length)
        rise = qy - at
        ball = r1 - b * at  # the slope turns radii into these: r1 at the foot, r2 at the top
        d = (np.sqrt(across * across + rise * rise) - ball) * tight
        rows = np.nonzero(length == 0)[0]
        if len(rows):
            k0 = np.sqrt(flat[rows] + qy[rows] ** 2)
            q0, q1, q2 = qx[rows], qy[rows], qz[rows]
            s0, s1, s2 = (t[3 + j][rows] * q0 + t[6 + j][rows] * q1 + t[9 + j][rows] * q2 for j in range(3))
            d[rows] = k0 * (k0 - 1) / np.maximum(np.sqrt(s0 * s0 + s1 * s1 + s2 * s2), np.float32(1e-9))
        return np.asarray(np.maximum(d, hem - p[1]), np.float32)

    def _field(self, points: Floats, pairs: _Pairs) -> tuple[Floats, Singles, Singles]:
        # Distance at points (n, 3); also the distance of every pair and the melted distance of every segment.
        d = self._distances(points, pairs)
        melted = d[pairs.segment_start]
        for chosen, segment in pairs.ranks[1:]:
            now, other, k = melted[segment], d[chosen], pairs.blend[segment]
            h = np.maximum(k - np.abs(now - other), 0)
            melted[segment] = np.minimum(now, other) - h * h / (4 * k)
        best = np.full(len(points), np.inf)
        if len(melted):
            first = np.ones(len(melted), np.bool_)
            first[1:] = pairs.segment_point[1:] != pairs.segment_point[:-1]
            at = np.nonzero(first)[0]
            best[pairs.segment_point[at]] = np.minimum.reduceat(melted, at)
        return best, d, melted

    def _outline(self, camera: Camera, rays: Floats, spread: float) -> tuple[list[Index], Floats, Floats]:
        # For each part the rays (of half width `spread` per metre) that may meet it; where each ray starts and ends.
        right, up, forward = camera.basis
        eye = np.asarray(camera.eye)
        u, v = rays @ right, rays @ up
        lists: list[Index] = []
        near, far = np.full(len(rays), np.inf), np.zeros(len(rays))
        everyone = np.arange(len(rays))
        for part in self.parts:
            a, b, radius = part.ends
            radius = (radius + 1.26 * self.blends[part.group]) * self.height_m
            (xa, ya, za), (xb, yb, zb) = ((self.to_world(p) - eye) @ np.stack([right, up, forward]).T for p in (a, b))
            front, back = min(za, zb) - radius, max(za, zb) + radius
            if front <= 0.1:
                lists.append(everyone if back > 0.1 else everyone[:0])
            else:
                ua, va, ub, vb = xa / za, ya / za, xb / zb, yb / zb
                du, dv = ub - ua, vb - va
                s = np.clip(((u - ua) * du + (v - va) * dv) / max(du * du + dv * dv, 1e-12), 0, 1)
                # A ball seen off the optical axis is drawn wider than radius / z, at most by the square of 1 / cos.
                wide = 1 + max(ua * ua + va * va, ub * ub + vb * vb)
                reach = radius / front * wide + spread
                lists.append(np.nonzero((u - ua - s * du) ** 2 + (v - va - s * dv) ** 2 < reach * reach)[0])
            rows = lists[-1]
            near[rows], far[rows] = np.minimum(near[rows], max(front, 0.05)), np.maximum(far[rows], back)
        return lists, near, far

    def trace(
        self, camera: Camera, rays: Floats, limit: Floats, start: Floats | None = None, spread: float = 0.0
    ) -> Floats:
        """z-depth (n,) at which rays (n, 3) of the camera meet the figure before z-depth `limit`; +inf for a miss.

        spread > 0 makes each ray a cone of that half width per unit depth, and returns a depth up to which the whole
        cone is free; rays in the cone may be given it as their `start`.
        """
        middle = self.to_world(np.array([0.0, 0.55, 0.0])) - np.asarray(camera.eye)
        ahead = np.clip(rays @ middle / np.einsum("ij,ij->i", rays, rays), 0, None)
        gap = middle - ahead[:, None] * rays
        close = np.nonzero(np.einsum("ij,ij->i", gap, gap) < (self._girth + spread * 20) ** 2)[0]
        found = np.full(len(rays), np.inf)
        found[close] = self._trace_all(
            camera, rays[close], limit[close], None if start is None else start[close], spread
        )
        return found

    @cached_property
    def _girth(self) -> float:
        # Radius in metres of a ball round the middle of the body that holds every part.
        reach = 0.0
        for part in self.parts:
            a, b, radius = part.ends
            way = max(float(np.linalg.norm(p - [0.0, 0.55, 0.0])) for p in (a, b))
            reach = max(reach, way + radius + 1.26 * self.blends[part.group])
        return reach * self.height_m

    def _trace_all(self, camera: Camera, rays: Floats, limit: Floats, start: Floats | None, spread: float) -> Floats:
        out = np.full(len(rays), np.inf)
        for low in range(0, len(rays), _CHUNK * 8):
            part = np.s_[low : low + _CHUNK * 8]
            out[part] = self._trace(camera, rays[part], limit[part], None if start is None else start[part], spread)
        return np.where(out < limit, out, np.inf)

    def _trace(self, camera: Camera, rays: Floats, limit: Floats, start: Floats | None, spread: float) -> Floats:
        lists, near, far = self._outline(camera, rays, spread)
        far = np.minimum(far, limit)
        t = near if start is None else np.maximum(near, start)
        everyone = np.nonzero(t < far)[0]
        place, out = np.full(len(rays), -1, np.intp), np.full(len(rays), np.inf)
        for low in range(0, len(everyone), _CHUNK):
            live = everyone[low : low + _CHUNK]
            place[:] = -1
            place[live] = np.arange(len(live))
            active = [x[x >= 0] for x in (place[rows] for rows in lists)]
            pairs = self._pair_up(active, len(live))
            out[live] = self._march(camera, rays[live], t[live], far[live], pairs, spread)
        return out

    def _march(self, camera: Camera, rays: Floats, t: Floats, far: Floats, pairs: _Pairs, spread: float) -> Floats:
        # z-depth at which each ray, begun at t, meets the surface before far; +inf for a miss.
        out, live = np.full(len(rays), np.inf), np.arange(len(rays))
        origin = (np.asarray(camera.eye) - self.base) @ self.axes.T / self.height_m
        ways = rays @ self.axes.T / self.height_m
        pace = 1.0 / np.sqrt(np.einsum("ij,ij->i", ways, ways))
        going, last, step = np.ones(len(live), np.bool_), np.zeros(len(live)), np.zeros(len(live))
        # Steps longer than the distance, taken back when the free balls at both ends do not touch (Keinert 2014).
        boost = np.full(len(live), 1.0 if spread else 1.5)
        for _ in range(120):
            d, _, _ = self._field(origin + t[:, None] * ways, pairs)
            d = np.minimum(d, 9.0) * 0.95
            missed = (step > last + d) & (boost > 1.0)
            bound = _CLOSE if spread == 0 else spread * t / self.height_m * 1.2
            hit = going & ~missed & (d < bound)
            # A cone may already be cut at this t; it was free where the last step began.
            out[live[hit]] = t[hit] + d[hit] * pace[hit] if spread == 0 else (t - step * pace)[hit]
            move = np.where(missed, last - step, d * boost)
            boost = np.where(missed, 1.0, boost)
            t = t + np.where(going & ~hit, move * pace, 0.0)
            last, step = np.where(missed, last, d), np.where(missed, last, move)
            going &= ~hit & (t < far)
            alive = int(going.sum())
            if alive == 0:
                break
            if alive < 0.75 * len(going):  # forget finished rays: each time costs one pass over the pairs
                keep = going[pairs.point]
                number = np.cumsum(going) - 1
                pairs = self._segments(number[pairs.point[keep]], pairs.part[keep])
                live, ways = live[going], ways[going]
                t, far, pace, last, step, boost = (x[going] for x in (t, far, pace, last, step, boost))
                going = going[going]
        return out

    def surface(self, points: Floats) -> tuple[Floats, Floats]:
        """World normals (n, 3) and linear albedo (n, 3) at world points on the figure."""
        p = (points - self.base) @ self.axes.T / self.height_m
        lists: list[Index] = []
        for part in self.parts:
            a, b, radius = part.ends
            line = b - a
            s = np.clip((p - a) @ line / max(float(line @ line), 1e-12), 0, 1)
            gap = p - a - s[:, None] * line
            reach = radius + 1.26 * self.blends[part.group] + 0.002
            lists.append(np.nonzero(np.einsum("ij,ij->i", gap, gap) < reach * reach)[0])
        pairs = self._pair_up(lists, len(p))
        owner = self._owners(p, pairs)
        normal = np.zeros_like(p)
        for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
            d, _, _ = self._field(p + 0.0006 * np.array(corner), pairs)
            normal += np.where(np.isinf(d), 0.0, d)[:, None] * np.array(corner)
        normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
        albedo = np.zeros_like(p)
        for number in np.unique(owner):
            rows, part = np.nonzero(owner == number)[0], self.parts[number]
            whole = part.group in self.upright
            local = p[rows] if whole else (p[rows] - part.start) @ part.frame.T
            along = np.array([0.0, 1.0, 0.0]) if whole else part.frame[1]
            seen = (p[rows] - self.head) @ self.gaze.T
            albedo[rows], normal[rows] = paint(part.cloth, p[rows], local, along, normal[rows], seen)
        return normal @ self.axes, albedo

    def _owners(self, p: Floats, pairs: _Pairs) -> Index:
        # The part that is nearest in the nearest group; part 0 where nothing is near (a ray that just grazed).
        best, d, melted = self._field(p, pairs)
        owner, least = np.zeros(len(p), np.intp), np.full(len(p), np.inf)
        for chosen, segment in pairs.ranks:
            point = pairs.point[chosen]
            wins = (melted[segment] <= best[point]) & (d[chosen] < least[point])
            least[point[wins]], owner[point[wins]] = d[chosen[wins]], pairs.part[chosen[wins]]
        return owner
