"""A photo's known depth: its map read, laid on the canvas, made planar and free of any shift, and looked at twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from figureground.core.camera import Camera
from figureground.core.canvas import Canvas
from figureground.core.errors import SetAsideError
from figureground.core.job import Job
from figureground.core.nouns import Background, DepthMap
from figureground.core.room import Edgels, SeenRoom
from figureground.core.units import SHIFTED, direction_of, stored_unit
from figureground.geometry.intrinsics import planar_from_distance
from figureground.geometry.shift import without_shift
from figureground.ingest import plausible, prepare
from figureground.ingest.depth_files import RawMap
from figureground.ingest.depth_maps import GivenMap, read_map
from figureground.ingest.depth_meaning import values_of
from figureground.ingest.framing import canvas_focal, framed_depth, pixel_stretch, same_aspect
from figureground.ingest.lens import Lie, lens, lie
from figureground.ingest.photos import Photo as Decoded
from figureground.ingest.prepare import Prepared
from figureground.ingest.turned import upright

_NO_FOCAL = "its depth is along the ray, and its focal length is not known"


def figures_depth(given: GivenMap, decoded: Decoded) -> tuple[DepthMap, tuple[str, ...]]:
    """Return the depth of a whole photo of a figure, planar, NaN where unknown; and what is worth knowing of it.

    What is known up to a shift keeps it: of a figure only the order of near and far is taken.  Raises SetAsideError.
    """
    shape, unit = decoded.pixels.shape, given.reading.unit
    values, note, warning = upright(values_of(_raw(given), given.reading), shape, decoded.turn, "depth map")
    height, width = values.shape
    if not same_aspect(values.shape, shape):
        raise SetAsideError(f"its depth map is {width} x {height} px, another shape than the photo")
    if unit not in SHIFTED:
        values = np.where(values > 0, values, np.float32(np.nan))
    depth = DepthMap(values, stored_unit(unit), direction_of(unit))
    if given.reading.distance:
        if not decoded.focal:
            raise SetAsideError(f"{_NO_FOCAL}: give photos whose EXIF tells FocalLengthIn35mmFilm")
        depth = planar_from_distance(depth, lens(shape, Canvas(height, width), "stretch", 0.0, decoded.focal))
    return depth, tuple(text for text in (note, warning) if text)


def _raw(given: GivenMap) -> RawMap:
    if given.missing:
        raise SetAsideError(given.missing)
    return read_map(given)


def _of_map(camera: Camera, at: Lie, photo_shape: tuple[int, ...], map_shape: tuple[int, ...]) -> Camera:
    """Return the camera of a whole photo in pixels of its depth map, of the camera in pixels of the canvas."""
    down, across = map_shape[0] / photo_shape[0], map_shape[1] / photo_shape[1]
    return replace(
        camera,
        fx=camera.fx / at.across * across,
        fy=camera.fy / at.down * down,
        cx=(camera.cx - at.left) / at.across * across,
        cy=(camera.cy - at.top) / at.down * down,
    )


def with_given_depth(
    prepared: Prepared[Background],
    given: GivenMap,
    decoded: Decoded,
    job: Job,
    looks: tuple[SeenRoom | None, Edgels | None] = (None, None),
) -> Prepared[Background]:
    """Return a background with the depth that the user gives and, where figures are to stand, its floor.

    `looks`: what a room network sees in it, and its edgels; None where they were not asked for.  Raises SetAsideError
    for a map that cannot be used.
    """
    own = job.inputs.backgrounds[prepared.entry.source_number - 1]
    shape, unit = decoded.pixels.shape, given.reading.unit
    raw = _raw(given)
    values, note, warning = upright(values_of(raw, given.reading), shape, decoded.turn, "depth map")
    shifted = unit in SHIFTED
    camera = lens(shape, job.canvas, own.fit, job.depth.focal, decoded.focal)
    if given.reading.distance:
        if camera.focal_from == "assumed":
            raise SetAsideError(f"{_NO_FOCAL}: set depth.focal, or give photos whose EXIF tells FocalLengthIn35mmFilm")
        along = DepthMap(values, stored_unit(unit), direction_of(unit))
        values = planar_from_distance(
            along, _of_map(camera, lie(shape, job.canvas, own.fit), shape, values.shape)
        ).values
    framed = framed_depth(values, shape, job.canvas, own.fit, -np.inf if shifted else 0.0)
    focal = job.depth.focal or canvas_focal(decoded.focal, shape, job.canvas, own.fit)
    stretch = pixel_stretch(shape, job.canvas, own.fit)
    if shifted:
        across = focal * job.canvas.width
        framed, told_by_floor = without_shift(
            framed, unit == "affine-inverse", (across, across * stretch) if focal else None
        )
        note = note or ("" if told_by_floor else "the shift of its depth is a guess: no floor tells it")
    depth = DepthMap(framed, stored_unit(unit), "larger is nearer" if shifted else direction_of(unit))
    seen = plausible.Seen(raw, values, given.reading, camera)
    told = tuple(text for text in (warning, *plausible.warnings(depth, seen, prepared.pixels)) if text)
    prepared = replace(
        prepared, notes=(*prepared.notes, *([note] if note else [])), warnings=(*prepared.warnings, *told)
    )
    try:
        depth_from = "fitted" if shifted else "network" if given.reading.estimated else "file"
        return prepare.with_depth(prepared, depth, job, prepare.Seen(focal, stretch, *looks, depth_from))
    except SetAsideError as error:
        raise SetAsideError("; ".join([error.reason, *told])) from None
