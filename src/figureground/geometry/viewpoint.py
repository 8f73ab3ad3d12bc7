"""How a camera stands over a floor: the most probable pitch, roll, focal length and height, by all that is seen.

Each source is a number with a standard deviation: the floor's plane in depth (its horizon, its tilt and, of metric
depth, its level), a network's pitch and field of view, the room's straight lines, EXIF, and what is usual of photos of
rooms.  They are weighed by least squares (a maximum a posteriori estimate, Gauss-Newton), so that where the picture
speaks, the usual has no say, and where it does not, nothing else has.  What is left open is the posterior's standard
deviation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats
from figureground.core.room import SeenCamera
from figureground.geometry.vanishing import Lines, Usual


@dataclass(frozen=True)
class Slope:
    """A floor's plane in inverse depth q, in picture heights: what it says where its pixels have their middle.

    `middle`: (x, y) from the picture's own middle.  `rate`: (dq/dy) / q there, per picture height: one over how far
    the middle lies below the horizon.  `roll`: radians.  `level`: log of q in 1/m; None where depth has no unit.
    `canonical`: q is what a camera would see whose focal length is the picture's height, as networks give it that are
    not told the focal length; else it is the camera's own.
    """

    middle: tuple[float, float]
    rate: float
    roll: float
    level: float | None
    canonical: bool = True


@dataclass(frozen=True)
class Doubts:
    """How far depth is believed: standard deviations of log rate, roll (radians) and log level.

    `gain`: a network that has seen mostly usual heights calls all others more usual than they are; of the logarithm of
    how much a camera stands higher than usual it shows this part.  `bias`: of the log level, at the usual height.
    """

    rate: float
    roll: float
    level: float
    gain: float = 1.0
    bias: float = 0.0


@dataclass(frozen=True, eq=False)
class Said:
    """What a photo says of its camera beside its depth: to a network, and by its straight lines."""

    seen: SeenCamera | None = None
    lines: Lines | None = None


NOTHING_SAID = Said()


@dataclass(frozen=True)
class Viewpoint:
    """pitch (downwards positive) and roll in radians; focal length / picture height, in rows; height in metres.

    `horizon`: picture heights below the top edge, in the middle column.  `_sd`: standard deviations, of the focal
    length and the height relative ones.  `misfit`: by how much depth, network and what is usual disagree, the sum of
    their squared deviations in standard deviations where they alone are asked: about 2 for floors, and 10 and more for
    what is none.  Lines tell of the camera, whatever it looks at.
    """

    pitch: float
    roll: float
    focal: float
    height: float
    horizon: float
    horizon_sd: float
    focal_sd: float
    height_sd: float
    misfit: float


USUAL_PITCH, PITCH_SD = math.radians(6), math.radians(14)
ROLL_SD = math.radians(3)
HEIGHT_SD = 0.27  # of the logarithm of heights of cameras: people hold them between chest and eyes
FOCAL_SD = 0.25  # of the logarithm of focal lengths
_LINES_SURE = 0.5  # lines are off by more than the differences among them show: measured on drawn rooms
_ODD = 2.0  # standard deviations from which lines that do not fit count less
_STEPS, _SMALL = 12, 1e-5
Residuals = Callable[[Floats], Floats]


def viewpoint(
    slope: Slope, doubts: Doubts, said: Said, focal: tuple[float, float], height: tuple[float, float]
) -> Viewpoint:
    """Return the most probable viewpoint.

    `focal`: focal length / picture height and the standard deviation of its logarithm, as EXIF or the usual lens has
    them; `height`: of the camera, likewise.
    """

    def of_depth(at: Floats) -> Floats:
        return np.array(_terms(at, slope, doubts, said.seen, focal, height))

    def of_all(at: Floats) -> Floats:
        return np.concatenate([of_depth(at), _of_lines(at, said.lines)])

    start = USUAL_PITCH if said.seen is None else math.radians(said.seen.pitch)
    alone, spread = _solved(of_depth, np.array([start, 0.0, *map(math.log, (focal[0], height[0]))]))
    found = alone
    if said.lines is not None:
        found = _solved(of_all, alone)[0]
        slopes = np.concatenate(
            [_slopes(of_depth, found), _LINES_SURE * _slopes(of_all, found)[len(of_depth(found)) :]]
        )
        spread = np.linalg.inv(slopes.T @ slopes)
    pitch, roll, log_focal, log_height = (float(v) for v in found)
    sides = np.array([_horizon(found + step) - _horizon(found - step) for step in _SMALL * np.eye(4)]) / (2 * _SMALL)
    return Viewpoint(
        pitch,
        roll,
        math.exp(log_focal),
        math.exp(log_height),
        _horizon(found),
        math.sqrt(float(sides @ spread @ sides)),
        math.sqrt(float(spread[2, 2])),
        math.sqrt(float(spread[3, 3])),
        float(np.sum(of_depth(alone) ** 2)),
    )


def _horizon(at: Floats) -> float:
    """Return the horizon in the middle column, picture heights from the top: down . ray = 0."""
    pitch, roll, log_focal = at[:3]
    return float(0.5 - math.exp(log_focal) * math.tan(pitch) / math.cos(roll))


def _terms(
    at: Floats,
    slope: Slope,
    doubts: Doubts,
    seen: SeenCamera | None,
    focal: tuple[float, float],
    height: tuple[float, float],
) -> list[float]:
    pitch, roll, log_focal, log_height = (float(v) for v in at)
    f, usual = math.exp(log_focal), math.log(height[0])
    down = -math.sin(roll) * math.cos(pitch), math.cos(roll) * math.cos(pitch), math.sin(pitch)
    x, y = slope.middle
    # down . ray over f: what the floor's inverse depth is proportional to; a floor lies where it is above 0
    ahead = max(down[0] * x / f + down[1] * y / f + down[2], 1e-3)
    terms = [
        (pitch - USUAL_PITCH) / PITCH_SD,
        roll / ROLL_SD,
        (log_focal - math.log(focal[0])) / focal[1],
        (log_height - usual) / height[1],
        (math.log(max(down[1], 1e-3) / f / ahead) - math.log(slope.rate)) / doubts.rate,
        (roll - slope.roll) / doubts.roll,
    ]
    if seen is not None:
        fov = 2 * math.degrees(math.atan(0.5 / f))
        terms += [(math.degrees(pitch) - seen.pitch) / seen.pitch_sd, math.log(fov / seen.fov) * seen.fov / seen.fov_sd]
    if slope.level is not None:
        shown = doubts.gain * (log_height - usual) + usual - doubts.bias  # of the height
        terms.append((slope.level - slope.canonical * log_focal - math.log(ahead) + shown) / doubts.level)
    return terms


def _of_lines(at: Floats, lines: Lines | None) -> Floats:
    """Return by how many standard deviations the camera is off what lines say, the farther the less counted (Cauchy):
    lines of a slope or of a vault are taken for a wall's."""
    if lines is None:
        return np.empty(0)
    off = lines.weights @ at[:3] - lines.values
    far = max(float(off @ off), 1e-12) / _ODD**2
    return np.asarray(off * math.sqrt(math.log1p(far) / far), np.float64)


def usual_for_lines(seen: SeenCamera | None, focal: tuple[float, float]) -> Usual:
    """Return where the camera is looked for by its lines.  `focal`: as of `viewpoint`."""
    if seen is None:
        return Usual(USUAL_PITCH, PITCH_SD, math.log(focal[0]), focal[1], ROLL_SD)
    told, told_sd = math.log(0.5 / math.tan(math.radians(seen.fov) / 2)), max(seen.fov_sd / seen.fov, 0.1)
    weight = (focal[1] / told_sd) ** 2  # of the network's
    log_focal = (math.log(focal[0]) + weight * told) / (1 + weight)
    pitch_sd = math.radians(max(seen.pitch_sd, 2.0))
    return Usual(math.radians(seen.pitch), pitch_sd, log_focal, focal[1] / math.sqrt(1 + weight), ROLL_SD)


def _solved(residuals: Residuals, at: Floats) -> tuple[Floats, Floats]:
    """Return where the sum of squares is least, and the covariance there."""
    best, damping = residuals(at), 1e-3
    for _ in range(_STEPS):
        slopes = _slopes(residuals, at)
        normal = slopes.T @ slopes
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -slopes.T @ best)
        there = residuals(at + np.clip(step, -0.3, 0.3))
        if there @ there < best @ best:
            at, best, damping = at + np.clip(step, -0.3, 0.3), there, damping / 5
        else:
            damping *= 10
    slopes = _slopes(residuals, at)
    return at, np.asarray(np.linalg.inv(slopes.T @ slopes), np.float64)


def _slopes(residuals: Residuals, at: Floats) -> Floats:
    sides = [(residuals(at + step) - residuals(at - step)) / (2 * _SMALL) for step in _SMALL * np.eye(len(at))]
    return np.stack(sides, -1)
