"""What a room's straight lines say of the camera: walls, cupboards and tiles run up, along and across.

A camera is likely where the lines that it would see of these three directions are those of the picture: Coughlan and
Yuille 1999, "Manhattan World: compass direction from a single image by Bayesian inference", with pitch, roll and focal
length beside the compass.  Each edgel is of one of the directions, or of none; no line has to be found first.

Photographers of interiors make their uprights parallel, by a shifted lens or afterwards, and crop: then the horizon is
anywhere, and the picture's middle is not the lens's.  So where uprights are parallel, lines are asked for the roll
alone.  Where they converge, nobody has touched them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats
from figureground.core.room import Edgels

FEWEST = 60  # edgels from which a picture has lines
_SPREAD = np.float32(math.radians(3))  # of an edgel's direction about its line's
_SHARES = 0.22, 0.19, 0.19  # of edgels that are of lines up, along and across; the others may have any direction
_INDEPENDENT = 32.0  # neighbours on a line, and lines of one thing, err alike: all of a picture count as so many edgels
_MANY = 500  # edgels of which that is so; fewer count less
_COMPASS = np.radians(np.arange(0, 90, 6))
_COARSE = 320  # edgels that are asked when all directions of the compass are tried
_ROUGH, _FINEST = 0.01, 1.5e-3  # radians, and part of the focal length, at which a search ends
_PARALLEL = 0.7  # of the logarithm: how much likelier a pitch that lines upwards show must be than none
_TRIED, _APART = 4, 0.12  # summits; radians between starts for them
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
    (at, least), (parallel, most) = (_nearest(edgels, usual, upright) for upright in (False, True))
    upright = most > least - _PARALLEL
    at = parallel if upright else at
    believed = _INDEPENDENT / max(count, _MANY)
    slopes, bends = _derivatives(edgels, at, upright)
    information = -bends * believed
    kept = [0, 1, 3]  # the compass is nobody's concern: what is said whatever it is (Schur complement)
    compass = max(float(information[2, 2]), 1e-9)
    matrix = information[np.ix_(kept, kept)] - np.outer(information[kept, 2], information[2, kept]) / compass
    pull = slopes[kept] * believed
    strengths, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    said = strengths > max(_NOTHING * float(strengths.max()), 1e-6)
    strengths, axes = strengths[said], axes[:, said]
    weights = np.sqrt(strengths)[:, None] * axes.T
    values = weights @ at[kept] + axes.T @ pull / np.sqrt(strengths)
    return _of_roll(Lines(weights, values), at[kept]) if upright else Lines(weights, values)


def _of_roll(lines: Lines, at: Floats) -> Lines:
    """Return what lines say of the roll alone, whatever pitch and focal length.  `at`: where they were found."""
    told = np.concatenate([lines.weights, 0.1 * np.eye(3)])  # next to nothing of each, so that there is an answer
    spread = np.linalg.inv(told.T @ told)
    roll = float(at[1] + (spread @ lines.weights.T @ (lines.values - lines.weights @ at))[1])
    weight = np.array([[0.0, 1 / math.sqrt(float(spread[1, 1])), 0.0]])
    return Lines(weight, weight[:, 1] * roll)


def likelihoods(edgels: Edgels, at: Floats, upright: bool = False) -> Floats:
    """Return the sum of the logarithms of how likely each edgel is, of k cameras at once.

    `at`: float64 (k, 4): pitch, roll, compass, log focal length.  `upright`: lines that run up are parallel in the
    picture whatever the pitch.
    """
    rays = edgels.place[:, None] * np.exp(-at[:, 3, None]).astype(np.float32)
    across, down = edgels.normal
    likely = np.full(rays.shape[1:], np.float32((1 - sum(_SHARES)) / math.pi))
    down_axis, *level = _axes(*at[:, :3].T)
    if upright:
        down_axis = -np.sin(at[:, 1]), np.cos(at[:, 1]), np.zeros(len(at))
    for axis, share in zip((down_axis, *level), _SHARES, strict=True):
        # the plane of the pixel's ray and the axis meets the picture in the line that the pixel would be of
        x, y, z = (np.asarray(v, np.float32)[:, None] for v in axis)
        along_x, along_y = rays[1] * z - y, x - rays[0] * z
        off = np.abs(along_x * down - along_y * across) / (np.hypot(along_x, along_y) + np.float32(1e-6))
        likely += np.float32(share / 2) / _SPREAD * np.exp(-off / _SPREAD)
    return np.asarray(np.log(likely).sum(1, dtype=np.float64))


Axis = tuple[Floats, Floats, Floats]


def _axes(pitch: Floats, roll: Floats, compass: Floats) -> tuple[Axis, Axis, Axis]:
    """Return a room's directions in the axes of k cameras (x right, y down, z forward): down, along and across."""
    x, y, z = -np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch), np.sin(pitch)
    long = np.sqrt(np.maximum(1 - z * z, 1e-18))
    ahead = -x * z / long, -y * z / long, long
    aside = y / long, -x / long, np.zeros_like(z)  # down x ahead
    c, s = np.cos(compass), np.sin(compass)
    along = c * ahead[0] + s * aside[0], c * ahead[1] + s * aside[1], c * ahead[2]
    across = c * aside[0] - s * ahead[0], c * aside[1] - s * ahead[1], -s * ahead[2]
    return (x, y, z), along, across


Score = Callable[[Floats], Floats]


def _nearest(edgels: Edgels, usual: Usual, upright: bool) -> tuple[Floats, float]:
    """Return the most probable (pitch, roll, compass, log focal length), and how probable it is, as a logarithm."""
    every = -(-edgels.place.shape[1] // _COARSE)
    few = Edgels(edgels.place[:, ::every], edgels.normal[:, ::every])
    middle = np.array([usual.pitch, 0.0, 0.0, usual.log_focal])
    sds = np.array([usual.pitch_sd, usual.roll_sd, np.inf, usual.focal_sd])

    def score(of: Edgels) -> Score:
        believed = _INDEPENDENT / of.place.shape[1] * min(edgels.place.shape[1] / _MANY, 1.0)
        return lambda at: believed * likelihoods(of, at, upright) - (((at - middle) / sds) ** 2).sum(1) / 2

    ups, longs = np.linspace(-2, 2, 9) * usual.pitch_sd, np.array([-1, 0, 1]) * usual.focal_sd
    grid = np.meshgrid(usual.pitch + ups, [0.0], _COMPASS, usual.log_focal + longs, indexing="ij")
    starts = np.stack([axis.ravel() for axis in grid], -1)
    starts = starts[np.argsort(-score(few)(starts), kind="stable")]
    step = np.array([usual.pitch_sd / 4, 0.03, 0.05, usual.focal_sd / 3])
    summits = np.stack([_climbed(score(few), start, step, _ROUGH) for start in _apart(starts)])
    highest = summits[np.argmax(score(edgels)(summits))]
    at = _climbed(score(edgels), highest, np.full(4, 2 * _ROUGH), _FINEST)
    return at, float(score(edgels)(at[None])[0])


def _apart(starts: Floats) -> list[Floats]:
    """Return the best starts of which none is another's neighbour."""
    chosen: list[Floats] = []
    for start in starts:
        if all(np.abs(start - other)[[0, 2]].max() > _APART for other in chosen):
            chosen.append(start)
            if len(chosen) == _TRIED:
                break
    return chosen


def _climbed(score: Score, at: Floats, step: Floats, finest: float) -> Floats:
    """Return the next summit (a compass search: Hooke and Jeeves 1961)."""
    best = float(score(at[None])[0])
    while step.max() > finest:
        moves = np.concatenate([at + np.diag(step), at - np.diag(step)])
        there = score(moves)
        high = int(np.argmax(there))
        if there[high] > best:
            at, best = moves[high], float(there[high])
        else:
            step = step / 2
    return at


def _derivatives(edgels: Edgels, at: Floats, upright: bool) -> tuple[Floats, Floats]:
    """Return the gradient and the matrix of second derivatives of the likelihood."""
    small = np.array([4e-3, 4e-3, 4e-3, 1e-2])
    signs = np.array([(a, b) for a in (1, -1) for b in (1, -1)])
    pairs = [(i, j) for i in range(4) for j in range(4)]
    asked = np.stack(
        [at + a * small[i] * np.eye(4)[i] + b * small[j] * np.eye(4)[j] for i, j in pairs for a, b in signs]
    )
    found = likelihoods(edgels, asked, upright).reshape(4, 4, 4)
    bends = (found * signs.prod(1)).sum(-1) / (4 * np.outer(small, small))
    slopes = (found[np.arange(4), np.arange(4)] @ [1, 0, 0, -1]) / (4 * small)
    return slopes, bends
