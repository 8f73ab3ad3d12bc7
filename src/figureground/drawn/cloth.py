"""What a figure wears and is made of: skin with a painted face, hair, and clothes with folds, prints and buttons.

All coordinates are figure heights (a person 1.75 m tall: 0.01 is 17.5 mm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats
from figureground.drawn.textures import Colour, noise


@dataclass(frozen=True)
class Cloth:
    """kind: skin, face, hair, plain, stripes, bars, checks, denim, knit, coat, dots or shoe; linear colours.

    extra: of a face (lips, iris, brow); folds: how crumpled; scale: size of the print.
    """

    kind: str
    colour: Colour
    second: Colour = (0.8, 0.8, 0.8)
    extra: tuple[Colour, ...] = ()
    folds: float = 0.0
    scale: float = 0.03
    seed: int = 0


def _mix(a: Floats, b: Colour, w: Floats) -> Floats:
    k = np.clip(w, 0, 1)[:, None]
    return a * (1 - k) + np.asarray(b) * k


def _oval(x: Floats, y: Floats, cx: float, cy: float, rx: float, ry: float) -> Floats:
    """1 inside an ellipse, falling to 0 over a narrow rim."""
    return np.asarray(np.clip((1.0 - np.hypot((x - cx) / rx, (y - cy) / ry)) * 4.0 + 0.5, 0, 1))


def _face(c: Cloth, q: Floats) -> Floats:
    x, y = q[:, 0], q[:, 1]
    front = q[:, 2] < -0.012
    lips, iris, brow = c.extra
    skin = np.broadcast_to(np.asarray(c.colour), q.shape).copy()
    blush = np.asarray(c.colour) * np.array([1.08, 0.8, 0.74])
    side = np.abs(x)
    flush = np.exp(-(((side - 0.026) / 0.012) ** 2) - ((y + 0.016) / 0.012) ** 2) + 0.22 * np.exp(
        -((x / 0.009) ** 2) - ((y + 0.014) / 0.009) ** 2
    )
    out = _mix(skin, tuple(blush), flush * 0.6)
    # Under the brow and beside the nose lies a soft shade; it gives the eyes their sockets.
    socket = np.exp(-(((side - 0.019) / 0.012) ** 2) - ((y - 0.006) / 0.009) ** 2)
    out = out * (1 - 0.18 * socket)[:, None]
    out = _mix(out, (0.66, 0.63, 0.6), _oval(side, y, 0.0192, 0.0022, 0.0084, 0.0039))
    eye = _oval(side, y, 0.0189, 0.0025, 0.004, 0.0041)
    out = _mix(out, iris, eye)
    out = _mix(out, (0.012, 0.01, 0.01), _oval(side, y, 0.0188, 0.0027, 0.0021, 0.0023))
    lid = 0.0056 - 48.0 * (side - 0.019) ** 2
    out = _mix(
        out, (0.03, 0.02, 0.016), np.clip(1.2 - np.abs(y - lid) / 0.0013, 0, 1) * (np.abs(side - 0.0192) < 0.0104)
    )
    arch = 0.0175 - 30.0 * (side - 0.021) ** 2
    out = _mix(out, brow, np.clip(1.3 - np.abs(y - arch) / 0.0019, 0, 1) * 0.8 * (np.abs(side - 0.0205) < 0.0115))
    smile = -0.0345 + 14.0 * x**2
    lower, upper = np.clip(1 - ((x / 0.0135) ** 2), 0, 1) * 0.0046, np.clip(1 - (x / 0.0145) ** 2, 0, 1) * 0.0032
    mouth = np.clip((y - (smile - lower)) / 0.001, 0, 1) * np.clip(((smile + upper) - y) / 0.001, 0, 1)
    out = _mix(out, lips, mouth * 0.75)
    out = out * (1 - 0.5 * np.clip(1 - np.abs(y - smile) / 0.0011, 0, 1) * (np.abs(x) < 0.0145))[:, None]
    nostril = _oval(side, y, 0.0048, -0.0215, 0.0028, 0.0016)
    out = out * (1 - 0.25 * nostril)[:, None]
    if c.folds > 0:  # a beard along the jaw and over the lip, with soft ends and the mouth left free
        line = -0.024 + 0.02 * np.clip((side - 0.026) / 0.016, 0, 1)
        rim = np.clip((line - y) / 0.006, 0, 1) * (1 - _oval(x, y, 0.0, -0.0355, 0.0155, 0.0062))
        out = _mix(out, brow, rim * c.folds)
    return np.where(front[:, None], out, skin)


def _print(c: Cloth, p: Floats, q: Floats) -> Floats:
    base = np.broadcast_to(np.asarray(c.colour), p.shape).copy()
    angle = np.arctan2(q[:, 2], q[:, 0])
    if c.kind == "stripes":
        return _mix(base, c.second, (np.mod(q[:, 1] / c.scale, 1.0) < 0.42).astype(np.float64))
    if c.kind == "bars":
        return _mix(base, c.second, (np.mod(angle * 0.07 / c.scale, 1.0) < 0.3).astype(np.float64))
    if c.kind == "checks":
        a = np.mod(q[:, 1] / c.scale, 1.0) < 0.4
        b = np.mod(angle * 0.08 / c.scale, 1.0) < 0.4
        return _mix(base, c.second, (a.astype(np.float64) + b) * 0.42)
    if c.kind == "dots":
        row = np.floor(q[:, 1] / c.scale)
        s, t = np.mod(angle * 0.08 / c.scale + 0.5 * np.mod(row, 2), 1.0) - 0.5, q[:, 1] / c.scale - row - 0.5
        return _mix(base, c.second, np.clip((0.26 - np.hypot(s, t)) * 8, 0, 1))
    if c.kind == "knit":
        return np.asarray(base * (0.9 + 0.14 * np.cos(angle * 30))[:, None], np.float64)
    if c.kind == "denim":
        worn = noise(p[:, 0] * 60, p[:, 1] * 40, c.seed) * 0.5 + noise(p[:, 0] * 300, p[:, 1] * 300, c.seed) * 0.3
        return base * (0.75 + 0.55 * worn)[:, None]
    if c.kind == "coat":
        # The opening down the front, lapels that show what is worn beneath, and a row of buttons.
        front = p[:, 2] < -0.01
        x, y = p[:, 0], p[:, 1]
        vee = front & (np.abs(x + 0.004) < np.maximum(y - 0.70, 0) * 0.36)
        lapel = front & ~vee & (np.abs(x) < np.maximum(y - 0.67, 0) * 0.52 + 0.002) & (y > 0.68)
        out = _mix(base, c.second, vee.astype(np.float64))
        out = out * np.where(lapel, 0.82, 1.0)[:, None]
        line = front & (np.abs(x - 0.006) < 0.0016) & (y < 0.70)
        out = out * np.where(line, 0.5, 1.0)[:, None]
        step = np.mod(y, 0.06) - 0.03
        button = front & (np.hypot(x + 0.008, step) < 0.0042) & (y < 0.68) & (y > 0.42)
        return out * np.where(button, 0.3, 1.0)[:, None]
    return base


def paint(c: Cloth, p: Floats, q: Floats, along: Floats, normal: Floats, face: Floats) -> tuple[Floats, Floats]:
    """Albedo and (folded) normals, both (n, 3), at figure-space points p with part coordinates q.

    along (3,) is the part's own direction; face (n, 3) the same points seen from the head, looking to -z.
    """
    if c.kind == "face":
        return _face(c, face), normal
    if c.kind == "skin":
        warm = noise(p[:, 0] * 40, p[:, 1] * 40, 3)
        return np.asarray(c.colour) * (0.95 + 0.1 * warm)[:, None], normal
    if c.kind == "hair":
        strand = noise(np.arctan2(q[:, 0], q[:, 2]) * 16, q[:, 1] * 2 + 5, c.seed)
        fine = noise(np.arctan2(q[:, 0], q[:, 2]) * 45, q[:, 1] * 3, c.seed)
        return np.asarray(c.colour) * (0.6 + 0.5 * strand + 0.35 * fine)[:, None], normal
    if c.kind == "shoe":
        return np.where((p[:, 1] < 0.011)[:, None], np.asarray(c.second), np.asarray(c.colour)), normal
    albedo = _print(c, p, q)
    if c.folds > 0:
        angle = np.arctan2(q[:, 2], q[:, 0])
        u, v = angle * 1.1 + q[:, 1] * 9, q[:, 1] * (11 if c.scale < 1 else 2) + np.cos(angle) * 0.5

        def height(a: Floats, b: Floats) -> Floats:
            return noise(a + 20, b + 20, c.seed) + 0.4 * noise(a * 2.3 + 31, b * 2.1, c.seed + 1)

        here = height(u, v)
        down, across = (height(u, v + 0.1) - here) * 10, (height(u + 0.1, v) - here) * 10
        unit = along / np.linalg.norm(along)
        side = np.cross(normal, unit)
        bent = normal - c.folds * (down[:, None] * unit + across[:, None] * side)
        normal = bent / np.linalg.norm(bent, axis=-1, keepdims=True)
        albedo = albedo * (1 - 0.22 * np.clip(0.62 - here, 0, 1) * min(c.folds * 8, 1))[:, None]
    return albedo, normal
