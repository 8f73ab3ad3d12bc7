"""Whether a known depth map can be what it is said to be, and what it looks like instead.

A wrong scale, a depth that is really inverse, a map upside down: each gives a valid map and wrong people.  What cannot
be of a photo of a place where people stand is told with its likely cause; nothing is changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.core.camera import Camera
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Ground, Picture
from figureground.core.units import SHIFTED, stored_unit, usual_per_unit
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.intrinsics import distance_from_planar, planar_from_distance, planar_metres
from figureground.geometry.perspective import inverse
from figureground.geometry.plane import ESTIMATED, FITTED, KNOWN, Trust, plane_of
from figureground.geometry.shift import without_shift
from figureground.image.filters import box_blur
from figureground.ingest.depth_files import RawMap
from figureground.ingest.depth_meaning import Reading

LEAST_KNOWN = 0.1  # of a map; below, too little of the picture has depth
_FULL = 0.005  # share of pixels at the largest code, from which on it is no depth
# metres that cameras stand above floors, where the focal length is known and where it is taken as usual; people's
# photos, from a child's hand to a ladder
_HEIGHTS = {True: (0.45, 3.2), False: (0.3, 4.5)}
_USUAL_HEIGHT = 1.45
_CODES = (5000.0, 1000.0, 256.0, 100.0, 10.0, 1.0)  # a metre, as public datasets have them
_IN_FLOATS = (1000.0, 100.0, 1.0)
_WITHIN_M, _BEYOND_M = 1.0, 12.0  # a whole picture nearer, or farther, is no place for people
# In picture heights: nobody sees floor who looks up so far as the second; from the first on, it is a question of
# whether walls stand upright only if the horizon lies higher by `_OFF`
_LOW_HORIZON, _OFF = (0.5, 0.62), 0.12
_WIDE = Trust(0.05, 0.6, 4, (-3.0, 0.96), None)
_TURNED = 0.8  # of the nearness at the top; where the bottom has less, near and far are exchanged
_CLEAR = 0.25  # correlation of edges above which there is no doubt how a map lies
_BENT = 0.004  # relative deviation of a floor from its plane, that noise does not make


@dataclass(frozen=True, eq=False)
class Seen:
    """A depth map as it was read: its numbers, its values upright and in its unit, how they were read, and the camera
    on the canvas, whose focal length may be assumed."""

    raw: RawMap
    values: Singles
    reading: Reading
    camera: Camera

    @property
    def focal_known(self) -> bool:
        return self.camera.focal_from != "assumed"

    @property
    def per_unit(self) -> float:
        return self.reading.per_unit or usual_per_unit(self.reading.unit, self.raw.whole)


def warnings(depth: DepthMap, seen: Seen, picture: Picture) -> tuple[str, ...]:
    """Return what is probably wrong with a map that lies on the canvas as `depth`, planar and without shift."""
    known = _known(seen)
    if known < LEAST_KNOWN:
        return (f"only {known:.0%} of its depth map has a value: sparse, or depth_invalid is wrong",)
    values = depth.values[np.isfinite(depth.values)]
    if not values.size or float(np.ptp(values)) <= 1e-5 * float(np.abs(values).max()):
        return ("its depth map has one value throughout: no scene",)
    ground = _floor(depth, seen, picture)
    found = [_full(seen), _exchanged(depth, seen, picture, ground)]
    if not found[1]:
        found += [_scale(depth, seen, ground), _shift(depth, seen), _bent(depth, seen)]
    return tuple(text for text in found if text)


def _known(seen: Seen) -> float:
    finite = np.isfinite(seen.values)
    return float((finite if seen.reading.unit in SHIFTED else finite & (seen.values > 0)).mean())


def _floor(depth: DepthMap, seen: Seen, picture: Picture) -> Ground | None:
    """Return the floor, its camera height as depth and focal length say, assumed or not."""
    trust = FITTED if seen.reading.unit in SHIFTED else ESTIMATED if seen.reading.estimated else KNOWN
    camera = seen.camera
    canvas = Canvas(*depth.values.shape)
    found = fit_floor(depth, picture, trust, Told(camera.fx / canvas.width, 1.0, stretch=camera.fy / camera.fx))
    return None if isinstance(found, str) else found[0]


def _full(seen: Seen) -> str:
    """Return what is to be said of pixels at the largest code, which usually have no value."""
    top = 2**seen.raw.bits - 1
    relative = stored_unit(seen.reading.unit) == "relative"  # stretched over all codes, as a rule
    if not seen.raw.whole or seen.raw.bits > 16 or relative or seen.reading.invalid == top:
        return ""
    share = float((seen.raw.values == top).mean())
    if share < _FULL:
        return ""
    return f"{share:.0%} of its depth map is {top}, the largest code: looks like no value; set depth_invalid = {top}"


def _scale(depth: DepthMap, seen: Seen, ground: Ground | None) -> str:
    """Return what is to be said of a metric map whose metres cannot be."""
    if depth.unit == "relative" or seen.reading.estimated:
        return ""
    near, middle, far = (float(z) for z in np.nanquantile(planar_metres(depth), (0.02, 0.5, 0.98)))
    if ground is not None:
        low, high = _HEIGHTS[seen.focal_known]
        height = ground.camera_height
        if low <= height <= high:
            return ""
        return f"the camera would stand {_metres(height)} above the floor{_looks_like(seen, _USUAL_HEIGHT / height)}"
    if far < _WITHIN_M:
        return f"the whole picture would lie within {_metres(far)}{_looks_like(seen, 3 / middle)}"
    if near > _BEYOND_M:
        return f"nothing would be nearer than {_metres(near)}{_looks_like(seen, 3 / middle)}"
    return ""


def _metres(value: float) -> str:
    return f"{value:,.0f} m" if value >= 10 else f"{value:.2g} m"


def _looks_like(seen: Seen, factor: float) -> str:
    """Return the usual scale that makes depth about `factor` times what it is, as the end of a sentence."""
    if seen.reading.unit != "m":
        return f': is depth_unit = "{seen.reading.unit}" right?'
    wanted = seen.per_unit / factor
    best = min(_CODES if seen.raw.whole else _IN_FLOATS, key=lambda codes: abs(math.log(codes / wanted)))
    if abs(math.log(best / wanted)) > math.log(1.7) or math.isclose(best, seen.per_unit):
        return f": is depth_per_unit = {seen.per_unit:g} right?"
    name = {1000.0: "millimetres", 100.0: "centimetres"}.get(best, f"{best:g} codes a metre")
    return f": looks like {name}; set depth_per_unit = {best:g}"


def _shift(depth: DepthMap, seen: Seen) -> str:
    """Return what is to be said of inverse depth whose floor reaches infinity far below where people see it."""
    if seen.reading.unit != "relative":
        return ""
    horizon = _horizon(depth.values)
    if horizon <= _LOW_HORIZON[0]:
        return ""
    focal = (seen.camera.fx, seen.camera.fy) if seen.focal_known else None
    if horizon <= _LOW_HORIZON[1] and horizon - _horizon(without_shift(depth.values, True, focal)[0]) < _OFF:
        return ""
    return (
        f"its floor's horizon would lie {horizon:.0%} down the picture, which makes people too small: looks like a "
        'shift, as MiDaS and Depth Anything have it; set depth_unit = "affine-inverse"'
    )


def _horizon(q: Singles) -> float:
    """Return where the floor's horizon lies in inverse depth, in picture heights; 0 for no floor."""
    plane = plane_of(q.astype(np.float64), _WIDE)
    height, width = q.shape
    return 0.0 if plane is None else float(-(plane[0] * width / 2 + plane[2]) / plane[1] / height)


def _exchanged(depth: DepthMap, seen: Seen, picture: Picture, ground: Ground | None) -> str:
    """Return what is to be said of a map that lies wrong on its picture, or whose top is nearer than its bottom."""
    q = inverse(depth)
    if q is None:
        return ""
    fifth = max(1, q.shape[0] // 5)
    top, bottom = _median(q[:fifth]), _median(q[-fifth:])
    upright = _agreement(q, picture)
    lies = {how: _agreement(turned, picture) for how, turned in _turns(q).items()}
    best = max(lies, key=lambda how: lies[how])
    stands = ground is not None and bottom > 1.2 * top  # as photos of places do
    if lies[best] > max(_CLEAR, upright + 0.2) and not (stands and best != "mirrored"):
        return f"its edges lie on those of the picture if it is {best}: looks like a map that is {best}"
    said = "the top of the picture would be nearer than its bottom: "
    if bottom < _TURNED * top and lies["upside down"] > 1.5 * max(upright, 0.02):
        return said + "looks like a map that is upside down"
    if (bottom < 0.5 * top or (bottom < top and ground is None)) and plane_of(1 / q, _WIDE) is not None:
        return said + _other_unit(seen)
    return ""


def _turns(q: Floats) -> dict[str, Floats]:
    return {"upside down": q[::-1], "mirrored": q[:, ::-1], "turned by half": q[::-1, ::-1]}


def _other_unit(seen: Seen) -> str:
    wanted = {
        "m": '"1/m" (or "affine-inverse", of a network)',
        "1/m": '"m"',
        "relative": '"m" (or "affine", of a network)',
        "affine-inverse": '"affine" (or "m")',
        "affine": '"affine-inverse"',
    }
    inverse_now = seen.reading.unit in ("1/m", "relative", "affine-inverse")
    what = "depth, not inverse depth" if inverse_now else "inverse depth (near is large)"
    return f"looks like {what}; set depth_unit = {wanted[seen.reading.unit]}"


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size > 50 else math.nan


def _agreement(q: Floats, picture: Picture) -> float:
    """Return how well edges of depth lie on edges of the picture: their correlation, after a little blur.

    Edges of depth are where inverse depth bends or jumps; on a plane it does neither.
    """
    filled = np.where(np.isfinite(q), q, np.nanmedian(q))
    bends = [
        np.diff(filled, 2, axis, prepend=filled.take([0], axis), append=filled.take([-1], axis)) for axis in (0, 1)
    ]
    dy, dx = np.gradient(picture.mean(2))
    return float(np.corrcoef(_strength(bends[0], bends[1]), _strength(dy, dx))[0, 1])


def _strength(dy: Floats, dx: Floats) -> Floats:
    """Return how strong edges are, no more than the strongest twentieth, flat."""
    strength = box_blur(np.hypot(dy, dx)[..., None].astype(np.float32), 2)[..., 0]
    return np.asarray(np.minimum(strength, np.quantile(strength, 0.95)), np.float64).ravel()


def _bent(depth: DepthMap, seen: Seen) -> str:
    """Return what is to be said of a floor that is a plane only if depth is of the other kind."""
    if not seen.focal_known or seen.reading.unit in SHIFTED or seen.reading.estimated:
        return ""
    other = (
        distance_from_planar(depth, seen.camera) if seen.reading.distance else planar_from_distance(depth, seen.camera)
    )
    now, then = _deviation(depth), _deviation(other)
    if not (now > _BENT and then < 0.5 * now):
        return ""
    kind, wanted = ("along the ray", "distance") if not seen.reading.distance else ("along the axis", "planar")
    return f'its floor is bent, and flat if depth is measured {kind}: set depth_kind = "{wanted}"'


def _deviation(depth: DepthMap) -> float:
    """Return by how much, relatively, a floor deviates from its plane; 0 for no floor."""
    q = inverse(depth)
    plane = None if q is None else plane_of(q, FITTED)
    if q is None or plane is None:
        return 0.0
    y, x = np.mgrid[q.shape[0] // 2 : q.shape[0], 0 : q.shape[1]] + 0.5
    predicted = plane[0] * x + plane[1] * y + plane[2]
    off = q[q.shape[0] // 2 :] / np.where(predicted > 0, predicted, np.nan) - 1
    near = np.abs(off[np.abs(off) < 0.05])
    return float(np.sqrt((near**2).mean())) if near.size > 200 else 0.0
