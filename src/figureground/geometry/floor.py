"""Where figures can stand: the floor's plane from a depth map, its horizon, and the pixels that show it.

A plane seen in perspective is linear in inverse depth (`plane.py`), so the floor is a robust plane fit in inverse
depth, and where the plane reaches 0 is its horizon.  Where a room network says how likely each pixel is floor, both
must agree: what is floor lies on the plane and is likely, and a picture where too little does has none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from figureground.core.arrays import Floats
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground, Mask, Picture
from figureground.core.room import Edgels, SeenRoom
from figureground.geometry.perspective import floor_normal, focal_px, inverse
from figureground.geometry.plane import TOP, Trust, plane_in, plane_where, slope_of
from figureground.geometry.vanishing import lines_in
from figureground.geometry.viewpoint import (
    FOCAL_SD,
    HEIGHT_SD,
    Doubts,
    Said,
    Slope,
    Viewpoint,
    usual_for_lines,
    viewpoint,
)
from figureground.image.filters import box_blur
from figureground.image.masks import pieces

LEAST_FLOOR = 0.02  # of the picture
_LEAST_RATE = 0.2  # of a floor's inverse depth, a picture height: its horizon is at most five of them above
# how likely a pixel is floor that tells of the plane, and one that networks alone call floor and somebody may stand on.
# Of 146 composites with feet in the picture 28 stood in furniture: half of these places are less likely than that or
# too narrow (`footing`), and 19 of 103 believable ones
_LIKELY, _SURE = 0.4, 0.8
_LEAST = 0.5  # confidence
# where depth and floor are told by networks: most table tops that are seen from near lie below, few floors do
_LEAST_OF_NETWORKS = 0.66
_MISFIT = 18.0  # of a viewpoint's sources, that halves the confidence
_TOLD_SD = 0.01  # of the logarithm of a focal length that somebody tells
_EXACT = Doubts(rate=0.02, roll=0.02, level=0.02)  # of known depth, where its focal length is asked for


@dataclass(frozen=True)
class Told:
    """What is told of a camera.  `focal`: focal length / width, 0 if unknown.  `height`: metres, for where depth and
    focal do not say it, with the standard deviation of its logarithm.  `stretch`: as in `Ground`.  `edgels`: of the
    photo as it lies on the canvas, at any size; None where its lines are not asked."""

    focal: float
    height: float
    height_sd: float = HEIGHT_SD
    stretch: float = 1.0
    edgels: Edgels | None = None


def fit_floor(
    depth: DepthMap, picture: Picture, trust: Trust, told: Told, room: SeenRoom | None = None
) -> tuple[Ground, Mask] | str:
    """Return the floor that a background shows and the pixels that show it, or the reason why none can be used.

    Planes through three points each are drawn (RANSAC, Fischler and Bolles 1981; the same draws every time) and scored
    by the points on them, less those seen *behind* them: a floor is the lowest thing in sight, which tells it from a
    table top.  Of estimated depth the plane is that of the likely floor, where a `room` says what is.  Floor is where
    depth lies on the plane and the room has it likely; without one, where depth rises at the plane's rate and, if it is
    estimated, has a colour that the floor has.
    """
    q = inverse(depth)
    if q is None:
        return "relative depth that is not inverse depth shows no plane"
    slope = slope_of(q, max(1, round(Canvas(*q.shape).px(trust.window))))
    plane = _plane(q, slope, trust, room)
    if isinstance(plane, str):
        return plane
    likely = _likely(q, slope, plane, picture, trust, room)
    mask = _seen(likely, _LIKELY, trust)
    if (share := float(mask.mean())) < LEAST_FLOOR:
        return f"only {share:.1%} of the picture is floor"
    ground = _ground(depth, mask, tuple(map(float, plane)), trust, told, room)
    if ground.confidence < (_LEAST if room is None or trust.doubts is None else _LEAST_OF_NETWORKS):
        return f"what its depth has for a floor does not look like one (confidence {ground.confidence:.2f})"
    if room is None or trust.doubts is None:
        return ground, mask
    sure = _seen(likely, _SURE, trust) & mask
    if (share := float(sure.mean())) < LEAST_FLOOR:
        return f"only {share:.1%} of the picture is surely floor"
    return replace(ground, share=round(share, 4)), sure


def _plane(q: Floats, slope: Floats, trust: Trust, room: SeenRoom | None) -> Floats | str:
    """Return the plane of the floor, or why there is none."""
    if room is None or trust.doubts is None:
        return plane_in(q, slope, trust)
    plane = plane_where(q, room.floor, trust.tolerance)
    return "nothing in it looks like a floor" if plane is None else plane


def _ground(
    depth: DepthMap, mask: Mask, plane: tuple[float, ...], trust: Trust, told: Told, room: SeenRoom | None
) -> Ground:
    """Return the floor of a plane: as it is where depth is exact, else of the most probable camera."""
    canvas, metric = Canvas(*mask.shape), depth.unit != "relative"
    share = float(mask.mean())
    sure = share / (share + LEAST_FLOOR / 2) * _look(mask, trust, room)
    ground = replace(_as_it_is(plane, canvas, told, metric), share=round(share, 4), confidence=round(sure, 3))
    if trust.doubts is None and (room is None or told.focal or not metric):
        return ground
    middle = _middle(plane, mask)
    slope = replace(_slope_of(plane, middle, canvas, told.stretch, metric), canonical=trust.canonical)
    usual = canvas.shorter / canvas.height * math.sqrt(told.stretch)
    focal = (told.focal * canvas.width * told.stretch / canvas.height, _TOLD_SD) if told.focal else (usual, FOCAL_SD)
    seen = None if room is None else room.camera
    said = None if told.edgels is None else lines_in(told.edgels, usual_for_lines(seen, focal))
    at = viewpoint(slope, trust.doubts or _EXACT, Said(seen, said), focal, (told.height, told.height_sd))
    across = told.focal or round(at.focal * canvas.height / told.stretch / canvas.width, 5)
    sds = {"focal_sd": 0.0 if told.focal else _rounded(across * at.focal_sd)}
    if trust.doubts is None:
        measured = _as_it_is(plane, canvas, replace(told, focal=across), metric).camera_height
        sds["camera_height_sd"] = _rounded(measured * at.focal_sd)
        return replace(ground, focal=across, camera_height=measured, **sds)
    plane = _plane_of(at, focal_px(across, canvas, told.stretch), middle, canvas)
    sds |= {
        "horizon_sd": _rounded(at.horizon_sd * canvas.height),
        "camera_height_sd": _rounded(at.height * at.height_sd),
    }
    sure /= 1 + (at.misfit / _MISFIT) ** 2
    found = _as_it_is(plane, canvas, told, metric)
    told_by_all = {"focal": across, "camera_height": round(at.height, 4), "confidence": round(sure, 3), **sds}
    return replace(found, share=ground.share, **told_by_all)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _as_it_is(plane: tuple[float, ...], canvas: Canvas, told: Told, metric: bool) -> Ground:
    """Return the floor of a plane that is taken at its word; the camera's height is measured where metres and
    focal length are known."""
    a, b, c = (float(f"{value:.7g}") for value in plane)  # the last bits differ between machines
    horizon, roll = -(a * canvas.width / 2 + c) / b, -math.degrees(math.atan2(a, b))
    height = told.height
    if told.focal and metric:
        normal = floor_normal((a, b, c), focal_px(told.focal, canvas, told.stretch), canvas)
        height = round(1 / float(np.linalg.norm(normal)), 4)
    return Ground(a, b, c, round(horizon, 3), round(roll, 3), 0.0, told.focal, height, told.stretch)


def _middle(plane: tuple[float, ...], mask: Mask) -> tuple[float, float, float]:
    """Return (x, y) of the middle of the floor that is seen, px, and the plane's inverse depth there."""
    y, x = (float(at.mean()) + 0.5 for at in np.nonzero(mask))
    return x, y, max(plane[0] * x + plane[1] * y + plane[2], 1e-9)


def _slope_of(
    plane: tuple[float, ...], middle: tuple[float, float, float], canvas: Canvas, stretch: float, metric: bool
) -> Slope:
    """Return what a plane says in the middle of the floor that is seen."""
    x, y, value = middle
    from_centre = (x - canvas.width / 2) * stretch / canvas.height, (y - canvas.height / 2) / canvas.height
    level = math.log(value) - 0.5 * math.log(canvas.height / (stretch * canvas.width)) if metric else None
    rate = max(plane[1] * canvas.height / value, _LEAST_RATE)
    return Slope(from_centre, rate, math.atan2(-plane[0], plane[1] * stretch), level)


def _plane_of(
    at: Viewpoint, f: Floats, middle: tuple[float, float, float], canvas: Canvas
) -> tuple[float, float, float]:
    """Return the plane of a viewpoint that keeps the inverse depth in the middle of the floor.

    `f`: focal length in px of columns and of rows.
    """
    down = np.array([-math.sin(at.roll), math.cos(at.roll)]) * math.cos(at.pitch)
    a, b = (float(v) for v in down / f)
    c = math.sin(at.pitch) - a * canvas.width / 2 - b * canvas.height / 2
    x, y, value = middle
    k = value / max(a * x + b * y + c, 1e-6)
    return k * a, k * b, k * c


def _look(mask: Mask, trust: Trust, room: SeenRoom | None) -> float:
    """Return how much a floor looks like one, 0..1: where depth is known, two thirds of it need not."""
    if room is None:
        return 1.0
    likely = float(room.floor[mask].mean())
    return min(1.0, 3 * likely) if trust.doubts is None else likely**2


def _likely(q: Floats, slope: Floats, plane: Floats, picture: Picture, trust: Trust, room: SeenRoom | None) -> Floats:
    """Return how likely each pixel shows the floor, 0..1: by its depth, and by its look."""
    down, across = (np.arange(side) + 0.5 for side in q.shape)
    predicted = plane[0] * across[None, :] + plane[1] * down[:, None] + plane[2]
    ahead = (predicted > 0) & np.isfinite(q)
    off = np.abs(np.where(ahead, q, 0) / np.where(ahead, predicted, 1) - 1)
    if room is not None and trust.doubts is not None:  # what looks like floor may lie farther off a network's plane
        on = np.where(ahead, np.clip(1.5 - off / (2.5 * trust.tolerance), 0, 1), 0)
        return np.asarray(on * room.floor, np.float64)
    likely = np.where(ahead, np.clip(1.5 - off / trust.tolerance, 0, 1), 0)
    likely *= np.clip((slope / plane[1] - 0.25) / 0.3, 0, 1)
    likely[: int(TOP * q.shape[0])] = 0
    if room is not None:
        likely *= np.clip(0.5 + room.floor, 0, 1)
    elif trust.doubts is not None:
        likely *= np.clip(1.6 * _coloured_like(picture, likely), 0, 1)
    return np.asarray(likely, np.float64)


def _seen(likely: Floats, least: float, trust: Trust) -> Mask:
    """Return the pixels that show the floor, as likely as `least`, in pieces of at least 1.2 % of the picture."""
    radius = max(1, round(Canvas(*likely.shape).px(trust.window / 2)))
    smooth = box_blur(likely[..., None].astype(np.float32), radius)[..., 0]
    mask = Image.fromarray((smooth > least).astype(np.uint8) * np.uint8(255)).filter(ImageFilter.MedianFilter(5))
    labels, areas = pieces(np.asarray(mask) > 0)
    keep = areas >= 0.012 * likely.size
    keep[0] = False
    return np.asarray(keep[labels], np.bool_)


def _coloured_like(picture: Picture, likely: Floats) -> Floats:
    """Return for each pixel how likely its colour is floor: the mean of `likely` over the pixels of that colour."""
    lab = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.5)).convert("LAB")).astype(np.int64)
    # Pillow keeps a and b as signed bytes
    bins = (lab[..., 0] // 22) * 256 + ((lab[..., 1] + 128) % 256 // 16) * 16 + (lab[..., 2] + 128) % 256 // 16
    low = np.zeros(likely.shape, np.bool_)
    low[int(TOP * likely.shape[0]) :] = True
    hits = np.bincount(bins[low], weights=likely[low], minlength=12 * 256)
    seen = np.bincount(bins[low], minlength=12 * 256)
    return np.asarray(((hits + 1) / (seen + 2.5))[bins], np.float64)
