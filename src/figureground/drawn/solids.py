"""Convex solids and how a ray meets them: boxes, ellipsoids, frusta and superellipsoids.

Each solid lives in its own frame: local = axes @ (world - centre).  Two questions are answered: `entry`, the exact
distance at which a ray enters (for the picture and its depth), and `span`, a cheap interval (for light and shade,
where a superellipsoid may pass for the box around it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.drawn.textures import Material

_FAR = 1e9


@dataclass(frozen=True, eq=False)
class Solid:
    """One convex solid.

    kind: "box" (half sizes), "ellipsoid" (half axes), "frustum" (half = bottom radius, half height, top radius; round
    about local y) or "super" (half sizes; powers (e, m): |x|^e + |z|^e blended with |y|^m, both powers of two, e >= m).
    axes: rows are the local axes in world coordinates.  label: a number of LABELS.  casts: whether it stops light.
    """

    kind: str
    centre: Floats
    axes: Floats
    half: Floats
    material: Material
    label: int
    powers: tuple[int, int] = (8, 4)
    casts: bool = True

    @property
    def extent(self) -> Floats:
        """Half sizes of the local box around the solid, (3,)."""
        if self.kind == "frustum":
            radius = max(self.half[0], self.half[2])
            return np.array([radius, self.half[1], radius])
        return self.half

    @property
    def radius(self) -> float:
        """Radius of the sphere around the solid, metres."""
        return float(self.half.max() if self.kind == "ellipsoid" else np.linalg.norm(self.extent))

    @property
    def corners(self) -> Floats:
        """The eight world corners of the local box, (8, 3)."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
        return np.asarray(self.centre + (signs * self.extent) @ self.axes, np.float64)


def _slab(o: Floats, d: Floats, half: Floats) -> tuple[Floats, Floats]:
    inverse = 1.0 / np.where(np.abs(d) < 1e-12, 1e-12, d)
    middle, reach = -o * inverse, half * np.abs(inverse)
    near, far = middle - reach, middle + reach
    return (
        np.maximum(np.maximum(near[..., 0], near[..., 1]), near[..., 2]),
        np.minimum(np.minimum(far[..., 0], far[..., 1]), far[..., 2]),
    )


def entry(solid: Solid, eye: Floats, rays: Floats) -> Floats:
    """The smallest t > 0 at which eye + t * ray enters the solid, +inf where it misses; rays (..., 3), eye (3,)."""
    o = solid.axes @ (eye - solid.centre)
    d = rays @ solid.axes.T
    if solid.kind == "ellipsoid":
        o, d = o / solid.half, d / solid.half
        a, b, c = (d * d).sum(-1), d @ o, float(o @ o) - 1.0
        root = b * b - a * c
        t = (-b - np.sqrt(np.maximum(root, 0))) / a
        return np.where((root > 0) & (t > 0), t, np.inf)
    if solid.kind == "frustum":
        return _frustum_entry(o, d, solid.half)
    near, far = _slab(o, d, solid.half)
    hit = (near < far) & (near > 0)
    if solid.kind == "box":
        return np.where(hit, near, np.inf)
    t = np.full(near.shape, np.inf)
    if hit.any():
        t[hit] = _super_entry(o, d[hit], near[hit], solid.half, solid.powers)
    return t


def _frustum_entry(o: Floats, d: Floats, half: Floats) -> Floats:
    bottom, h, top = half
    middle, slope = (bottom + top) / 2, (top - bottom) / (2 * h)
    dx, dy, dz = d[..., 0], d[..., 1], d[..., 2]
    r0 = middle + slope * o[1]
    a = dx * dx + dz * dz - slope * slope * dy * dy
    a = np.where(np.abs(a) < 1e-12, 1e-12, a)
    b = o[0] * dx + o[2] * dz - slope * dy * r0
    c = o[0] ** 2 + o[2] ** 2 - r0 * r0
    disc = b * b - a * c
    root = np.sqrt(np.maximum(disc, 0))
    best = np.full(dx.shape, np.inf)
    for t in ((-b - root) / a, (-b + root) / a):
        y = o[1] + t * dy
        best = np.where((disc > 0) & (t > 1e-6) & (np.abs(y) <= h) & (t < best), t, best)
    safe = np.where(np.abs(dy) < 1e-12, 1e-12, dy)
    for y, r in ((-h, bottom), (h, top)):
        t = (y - o[1]) / safe
        x, z = o[0] + t * dx, o[2] + t * dz
        best = np.where((x * x + z * z <= r * r) & (t > 1e-6) & (t < best), t, best)
    return best


def _root(x: Floats, n: int) -> Floats:
    while n > 1:
        x, n = np.sqrt(x), n // 2
    return x


def _power(x: Floats, n: int) -> Floats:
    while n > 1:
        x, n = x * x, n // 2
    return x


def _gauge(q: Floats, powers: tuple[int, int]) -> tuple[Floats, Floats]:
    # The gauge is a norm: convex along every ray, so Newton's method from outside never steps past the surface.
    e, m = powers
    a = np.maximum(np.abs(q), 1e-6)
    px, py, pz = _power(a[..., 0], e), _power(a[..., 1], m), _power(a[..., 2], e)
    xz = px + pz
    u = _root(xz, e // m)
    total = u + py
    g = _root(total, m)
    k = g / total
    kxz = k * u / xz
    grad = np.stack([kxz * px, k * py, kxz * pz], -1) / a * np.sign(q)
    return g, grad


def _super_entry(o: Floats, d: Floats, t: Floats, half: Floats, powers: tuple[int, int]) -> Floats:
    oq, dq = o / half, d / half
    t = t.copy()
    live = np.arange(len(t))
    for _ in range(24):
        g, grad = _gauge(oq + t[live, None] * dq[live], powers)
        slope = (grad * dq[live]).sum(-1)
        t[live] = np.where(slope < -1e-9, t[live] - (g - 1.0) / np.minimum(slope, -1e-9), np.inf)
        live = live[(g > 1.0 + 1e-9) & (slope < -1e-9)]
        if len(live) == 0:
            break
    t[live] = np.inf  # still outside after 24 steps: the ray only grazes
    return t


def normals(solid: Solid, local: Floats) -> Floats:
    """Outward unit normals in the local frame at surface points (n, 3)."""
    if solid.kind == "box":
        q = local / solid.half
        axis = np.abs(q).argmax(-1)
        n = np.zeros_like(local)
        rows = np.arange(len(local))
        n[rows, axis] = np.sign(q[rows, axis])
        return n
    if solid.kind == "ellipsoid":
        n = local / solid.half**2
    elif solid.kind == "frustum":
        bottom, h, top = solid.half
        slope = (top - bottom) / (2 * h)
        n = local.copy()
        n[:, 1] = -slope * np.hypot(local[:, 0], local[:, 2])
        cap = np.abs(local[:, 1]) > h - 1e-6
        n[cap] = 0.0
        n[cap, 1] = np.sign(local[cap, 1])
    else:
        n = _gauge(local / solid.half, solid.powers)[1] / solid.half
    return np.asarray(n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-12), np.float64)


def span(solid: Solid, origins: tuple[Singles, ...], rays: tuple[Singles, ...]) -> tuple[Singles, Singles]:
    """Where rays from origins (x, y, z arrays, broadcastable) are inside the solid: t_in, t_out; empty if in >= out.

    Three plain arrays rather than one (..., 3): this is the inner loop of all shadows, and numpy strides cost most.
    """
    axes = solid.axes.astype(np.float32)
    ox, oy, oz = (a - np.float32(c) for a, c in zip(origins, solid.centre, strict=True))
    o = [axes[i, 0] * ox + axes[i, 1] * oy + axes[i, 2] * oz for i in range(3)]
    if abs(axes[1, 1] - 1) < 1e-6:  # most things only turn about y
        d = [axes[0, 0] * rays[0] + axes[0, 2] * rays[2], rays[1], axes[2, 0] * rays[0] + axes[2, 2] * rays[2]]
    else:
        d = [axes[i, 0] * rays[0] + axes[i, 1] * rays[1] + axes[i, 2] * rays[2] for i in range(3)]
    extent = solid.extent * (0.94 if solid.kind == "super" else 1.0)
    half = [np.float32(h) for h in extent]
    if solid.kind == "ellipsoid":
        o, d = [x / h for x, h in zip(o, half, strict=True)], [x / h for x, h in zip(d, half, strict=True)]
        a, b = d[0] * d[0] + d[1] * d[1] + d[2] * d[2], d[0] * o[0] + d[1] * o[1] + d[2] * o[2]
        disc = b * b - a * (o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - np.float32(1))
        root = np.sqrt(np.maximum(disc, 0))
        return (-b - root) / a, np.where(disc > 0, (root - b) / a, np.float32(-_FAR))
    near, far = np.full((), -_FAR, np.float32), np.full((), _FAR, np.float32)
    for i in (1,) if solid.kind == "frustum" else (0, 1, 2):
        inverse = np.float32(1) / (d[i] + np.float32(1e-9))
        middle, reach = -o[i] * inverse, half[i] * np.abs(inverse)
        near, far = np.maximum(near, middle - reach), np.minimum(far, middle + reach)
    if solid.kind != "frustum":
        return near, far
    r2 = np.float32(((solid.half[0] + solid.half[2]) / 2) ** 2)
    a, b = d[0] * d[0] + d[2] * d[2], d[0] * o[0] + d[2] * o[2]
    disc = b * b - a * (o[0] * o[0] + o[2] * o[2] - r2)
    root = np.sqrt(np.maximum(disc, 0))
    a = a + np.float32(1e-12)
    return np.maximum(near, (-b - root) / a), np.where(disc > 0, np.minimum(far, (root - b) / a), np.float32(-_FAR))
