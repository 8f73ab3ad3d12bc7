"""Depth known up to scale and shift -> relative inverse depth without one, by what its picture shows.

What networks like MiDaS and Depth Anything give is d = s/Z + t.  A shift leaves planes planes, so the floor is found in
d as it is; but its horizon, where 1/Z is 0, moves with the shift.  So the shift is known where the horizon is, and that
is believed to lie as in most photos of rooms and where walls then stand upright on the floor (Manhattan world, Coughlan
and Yuille 1999): a wrong shift tilts them.  In d = s*Z + t it bends planes besides.
"""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.core.canvas import Canvas
from figureground.geometry.plane import FITTED, USUAL_HORIZON, Trust, plane_of
from figureground.image.filters import box_blur

_FIRST = 0.4  # of the range of d: added before the floor is looked for, as if the far end were 3.5 times as far
_ANY_HORIZON = Trust(0.07, 0.6, 4, (-6.0, 0.96), None)
_FOCALS = (0.7, 0.8, 0.9, 1.0, 1.1)  # of the canvas's shorter side, where it is not known: 48 to 71 degrees over it
_HORIZONS = np.linspace(-0.2, 0.64, 85)  # that are tried, in picture heights
_SPREAD = 0.09  # standard deviation of horizons of photos of rooms, in picture heights
_UPRIGHT_DEG = 4.0  # by how much walls stand off from upright, and tops from level
_VOICE, _ENOUGH = 6.0, 300  # how much surfaces have to say beside the usual horizon, and how many of them it takes
_NEAREST = np.geomspace(0.04, 3.0, 9)  # distances of the near end that are tried for depth, in its ranges


def without_shift(values: Singles, inverse: bool, focal: tuple[float, float] | None) -> tuple[Singles, bool]:
    """Return relative inverse depth, larger is nearer, of values known up to scale and shift; NaN stays NaN.

    Also whether a floor was found that says so; else the far end is taken to be 3.5 times as far as the near one.
    `inverse`: the values are inverse depth, else depth.  `focal`: in px of columns and of rows, None if unknown.
    """
    known = np.isfinite(values)
    low, high = (float(v) for v in np.quantile(values[known], (0.001, 0.999)))
    unit = np.where(known, (values.astype(np.float64) - low) / max(high - low, 1e-12), np.nan)
    focals = _focals(Canvas(*values.shape), focal)
    shift = _of_inverse(unit, focals) if inverse else _of_depth(unit, focals)
    given = _FIRST if shift is None else shift
    free = unit + given if inverse else 1 / np.maximum(unit + given, 1e-3)
    return np.where(known, np.maximum(free, 1e-4), np.nan).astype(np.float32), shift is not None


def _focals(canvas: Canvas, focal: tuple[float, float] | None) -> list[Floats]:
    if focal is not None:
        return [np.array(focal, np.float64)]
    return [np.full(2, share * canvas.shorter) for share in _FOCALS]


def _of_inverse(q: Floats, focals: list[Floats]) -> float | None:
    """Return what is to be added to inverse depth, 0 at its far end, so that it has no shift; None without a floor."""
    plane = plane_of(np.maximum(q + _FIRST, 1e-6), _ANY_HORIZON)
    if plane is None:
        return None
    height, width = q.shape
    floor = _centred(plane - np.array([0, 0, _FIRST]), height, width)
    shifts = -(floor[2] + floor[1] * (_HORIZONS - 0.5) * height)
    patches = _patches(q)
    voices = [_voice(_raised(patches, s), _raised(floor[None], s)[0], focals) if s >= 0 else -np.inf for s in shifts]
    scores = np.array(voices) + _usual(_HORIZONS)
    return max(float(shifts[int(scores.argmax())]), 0.0)


def _of_depth(z: Floats, focals: list[Floats]) -> float | None:
    """Return what is to be added to depth, 0 at its near end, so that it has no shift; None without a floor."""
    coarse = [_as_depth(z, float(nearest), focals) for nearest in _NEAREST]
    if max(coarse) == -np.inf:
        return None
    middle, step = _NEAREST[int(np.argmax(coarse))], _NEAREST[1] / _NEAREST[0]
    fine = middle * step ** np.linspace(-0.75, 0.75, 7)
    return float(fine[int(np.argmax([_as_depth(z, float(nearest), focals) for nearest in fine]))])


def _as_depth(z: Floats, nearest: float, focals: list[Floats]) -> float:
    """Return how likely it is that the near end of depth lies that far away, in ranges of the depth."""
    q = nearest / np.maximum(z + nearest, 1e-3)
    plane = plane_of(q, FITTED)
    if plane is None:
        return -np.inf
    floor = _centred(plane, *q.shape)
    horizon = np.array(0.5 - floor[2] / floor[1] / q.shape[0])
    return _voice(_patches(q), floor, focals) + float(_usual(horizon)) + _flat(q, plane)


def _usual(horizons: Floats) -> Floats:
    return np.asarray(-0.5 * ((horizons - USUAL_HORIZON) / _SPREAD) ** 2, np.float64)


def _flat(q: Floats, plane: Floats) -> float:
    """Return the logarithm of how much of the lower half lies on a plane."""
    half = q.shape[0] // 2
    y, x = np.mgrid[half : q.shape[0], 0 : q.shape[1]] + 0.5
    predicted = plane[0] * x + plane[1] * y + plane[2]
    off = np.nan_to_num(q[half:] / np.where(predicted > 0, predicted, np.inf) - 1, nan=1.0)
    return _VOICE * float(np.log(np.exp(-((off / 0.01) ** 2)).mean() + 0.02))


def _centred(plane: Floats, height: int, width: int) -> Floats:
    """Return (a, b, c) with c in the middle of the picture."""
    return np.array([plane[0], plane[1], plane[0] * width / 2 + plane[1] * height / 2 + plane[2]])


def _raised(planes: Floats, shift: float) -> Floats:
    return np.asarray(planes + np.array([0.0, 0.0, shift]), np.float64)


def _patches(q: Floats) -> Floats:
    """Return (n, 3): planes a, b, c (in the middle) of small flat pieces of surface, evenly over the picture.

    Pieces of one value throughout are left out: sky, what is clipped, and the steps of few bits have no direction.
    """
    height, width = q.shape
    r = max(2, round(min(height, width) / 56))
    known = np.isfinite(q)
    smooth = box_blur(np.where(known, q, 0)[..., None].astype(np.float32), 1)[..., 0].astype(np.float64)
    smooth[~known] = np.nan
    y, x = (one.ravel() for one in np.mgrid[r : height - r : 4, r : width - r : 4])
    middle = smooth[y, x]
    up, down, left, right = smooth[y - r, x], smooth[y + r, x], smooth[y, x - r], smooth[y, x + r]
    bent = np.maximum(np.abs(up + down - 2 * middle), np.abs(left + right - 2 * middle))
    a, b = (right - left) / (2 * r), (down - up) / (2 * r)
    keep = (bent < 0.004) & (np.abs(a) + np.abs(b) > 1e-7)  # False, too, where a value is unknown
    c = middle - a * (x + 0.5 - width / 2) - b * (y + 0.5 - height / 2)
    return np.asarray(np.stack([a, b, c], -1)[keep], np.float64)


def _voice(patches: Floats, floor: Floats, focals: list[Floats]) -> float:
    """Return the logarithm of how many surfaces stand upright on a floor or lie level with it, over the focal
    lengths."""
    if not len(patches):
        return 0.0
    shares = []
    for f in focals:
        rays = np.array([f[0], f[1], 1.0])
        normals, down = patches * rays, floor * rays
        cosine = np.abs(normals @ down) / (np.linalg.norm(normals, axis=1) * np.linalg.norm(down) + 1e-12)
        angle = np.degrees(np.arccos(np.clip(cosine, 0, 1)))
        votes = np.exp(-0.5 * ((90 - angle) / _UPRIGHT_DEG) ** 2) + np.exp(-0.5 * (angle / _UPRIGHT_DEG) ** 2)
        shares.append(float(votes.mean()))
    return _VOICE * min(1.0, len(patches) / _ENOUGH) * float(np.log(np.mean(shares) + 0.02))
