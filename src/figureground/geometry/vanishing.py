"""What a room's straight lines say of the camera: walls, cupboards and tiles run up, along and across.

A camera is likely where the lines that it would see of these three directions are those of the picture: Coughlan and
Yuille 1999, "Manhattan World: compass direction from a single image by Bayesian inference", with pitch, roll and focal
length beside the compass.  Each edgel is of one of the directions, or of none; no line has to be found first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.core.room import Edgels

FEWEST = 60  # edgels from which a picture has lines
_SPREAD = np.float32(math.radians(3))  # of an edgel's direction about its line's
_SHARES = 0.22, 0.19, 0.19  # of edgels that are of lines up, along and across; the others may have any direction
_INDEPENDENT = 32.0  # neighbours on a line, and lines of one thing, err alike: all of a picture count as so many edgels
_MANY = 500  # edgels of which that is so; fewer count less
_COMPASS = np.radians(np.arange(0, 90, 6))
_COARSE = 320  # edgels that are asked when all directions of the compass are tried
_ROUGH, _FINEST = 0.01, 1.5e-3  # radians, and part of the focal length, at which a search ends
_TRIED = 4  # summits
_NOTHING = 1e-3  # of the largest: information below it is none


@dataclass(frozen=True)
class Usual:
    """Where the search begins: pitch (radians) and log of focal length / picture height, each with a standard
    deviation; the roll is about 0."""

    pitch: float
    pitch_sd: float
    log_focal: float
    focal_sd: float
    roll_sd: float


@dataclass(frozen=True, eq=False)
class Lines:
    """What lines say of (pitch, roll, log focal length): `weights` @ (them) - `values` has unit variance and mean 0.

    One row for each combination of them that lines tell of: of a picture of one wall's lines alone that may be none.
    """

    weights: Floats
    values: Floats


def lines_in(edgels: Edgels, usual: Usual) -> Lines | None:
    """Return what a picture's lines say of its camera, near what is usual; None where there are too few."""
    count = edgels.place.shape[1]
    if count < FEWEST:
        return None
    at = _nearest(edgels, usual)
    believed = _INDEPENDENT / max(count, _MANY)
    slopes, bends = _derivatives(edgels, at)
    information = -bends * believed
    kept = [0, 1, 3]  # the compass is nobody's concern: what is said whatever it is (Schur complement)
    compass = max(float(information[2, 2]), 1e-9)
    matrix = information[np.ix_(kept, kept)] - np.outer(information[kept, 2], information[2, kept]) / compass
    pull = slopes[kept] * believed
    strengths, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    said = strengths > max(_NOTHING * float(strengths.max()), 1e-6)
    strengths, axes = strengths[said], axes[:, said]
    weights = np.sqrt(strengths)[:, None] * axes.T
    return Lines(weights, weights @ at[kept] + axes.T @ pull / np.sqrt(strengths))


def likelihood(edgels: Edgels, at: Floats) -> float:
    """Return the sum of the logarithms of how likely each edgel is.  `at`: pitch, roll, compass, log focal length."""
    return float(_each(edgels.place, edgels.normal, at).sum())


def _each(place: Singles, normal: Singles, at: Floats) -> Floats:
    pitch, roll, compass, log_focal = (float(v) for v in at)
    rays = place * np.float32(math.exp(-log_focal))
    likely = np.full(place.shape[1], np.float32((1 - sum(_SHARES)) / math.pi))
    for axis, share in zip(_axes(pitch, roll, compass), _SHARES, strict=True):
        # the plane of the pixel's ray and the axis meets the picture in the line that the pixel would be of
        across = rays[1] * np.float32(axis[2]) - np.float32(axis[1])
        down = np.float32(axis[0]) - rays[0] * np.float32(axis[2])
        off = np.abs(across * normal[1] - down * normal[0]) / (np.hypot(across, down) + np.float32(1e-6))
        likely += np.float32(share / 2) / _SPREAD * np.exp(-off / _SPREAD)
    return np.log(likely.astype(np.float64))


Axis = tuple[float, float, float]


def _axes(pitch: float, roll: float, compass: float) -> tuple[Axis, Axis, Axis]:
    """Return the room's directions in the camera's axes (x right, y down, z forward): down, along and across."""
    x, y, z = -math.sin(roll) * math.cos(pitch), math.cos(roll) * math.cos(pitch), math.sin(pitch)
    long = max(math.sqrt(1 - z * z), 1e-9)
    ahead = -x * z / long, -y * z / long, long
    aside = y / long, -x / long, 0.0  # down x ahead
    c, s = math.cos(compass), math.sin(compass)
    along = c * ahead[0] + s * aside[0], c * ahead[1] + s * aside[1], c * ahead[2]
    across = c * aside[0] - s * ahead[0], c * aside[1] - s * ahead[1], -s * ahead[2]
    return (x, y, z), along, across


def _nearest(edgels: Edgels, usual: Usual) -> Floats:
    """Return the most probable (pitch, roll, compass, log focal length)."""
    every = -(-edgels.place.shape[1] // _COARSE)
    few = Edgels(edgels.place[:, ::every], edgels.normal[:, ::every])

    def score(of: Edgels, at: Floats) -> float:
        far = (at[0] - usual.pitch) / usual.pitch_sd, at[1] / usual.roll_sd, (at[3] - usual.log_focal) / usual.focal_sd
        count = of.place.shape[1]
        believed = float(_INDEPENDENT / count * min(edgels.place.shape[1] / _MANY, 1.0))
        return believed * likelihood(of, at) - float(far[0] ** 2 + far[1] ** 2 + far[2] ** 2) / 2

    starts = [
        np.array([usual.pitch + up * usual.pitch_sd, 0.0, compass, usual.log_focal + long * usual.focal_sd])
        for up in np.linspace(-2, 2, 9)
        for compass in _COMPASS
        for long in (-1, 0, 1)
    ]
    starts.sort(key=lambda start: score(few, start), reverse=True)
    step = np.array([usual.pitch_sd / 4, 0.03, 0.05, usual.focal_sd / 3])
    summits = [_climbed(lambda at: score(few, at), start, step, _ROUGH) for start in _apart(starts)]
    highest = max(summits, key=lambda at: score(edgels, at))
    return _climbed(lambda at: score(edgels, at), highest, np.full(4, 2 * _ROUGH), _FINEST)


def _apart(starts: list[Floats]) -> list[Floats]:
    """Return the best starts of which none is another's neighbour."""
    chosen: list[Floats] = []
    for start in starts:
        if all(np.abs(start - other)[[0, 2]].max() > 0.12 for other in chosen):
            chosen.append(start)
            if len(chosen) == _TRIED:
                break
    return chosen


def _climbed(score: Callable[[Floats], float], at: Floats, step: Floats, finest: float) -> Floats:
    """Return the next summit (a compass search: Hooke and Jeeves 1961)."""
    best = score(at)
    while step.max() > finest:
        began = best
        for move in np.diag(step):
            for there in (at + move, at - move):
                if (high := score(there)) > best:
                    at, best = there, high
                    break
        if best == began:
            step = step / 2
    return at


def _derivatives(edgels: Edgels, at: Floats) -> tuple[Floats, Floats]:
    """Return the gradient and the matrix of second derivatives of the likelihood."""
    small = np.diag([4e-3, 4e-3, 4e-3, 1e-2])
    middle = likelihood(edgels, at)
    sides = np.array([[likelihood(edgels, at + sign * one) for sign in (1, -1)] for one in small])
    reach = np.diag(small)
    bends = np.empty((4, 4))
    for i in range(4):
        bends[i, i] = (sides[i].sum() - 2 * middle) / reach[i] ** 2
        for j in range(i):
            both = [likelihood(edgels, at + a * small[i] + b * small[j]) * a * b for a in (1, -1) for b in (1, -1)]
            bends[i, j] = bends[j, i] = sum(both) / (4 * reach[i] * reach[j])
    return (sides[:, 0] - sides[:, 1]) / (2 * reach), bends
