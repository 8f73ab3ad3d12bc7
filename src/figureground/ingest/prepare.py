"""One photo -> one catalog entry: backgrounds with their depth and floor; cut, trimmed and scaled foregrounds.

Everything here works on decoded arrays; `ingest.py` reads the files and numbers what comes out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import hypot
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from figureground.core.arrays import Bytes, Singles
from figureground.core.camera import Camera, Origin
from figureground.core.canvas import Canvas
from figureground.core.errors import SetAsideError
from figureground.core.job import Heights, Job
from figureground.core.nouns import ONE_TINT, Alpha, Background, Cutout, DepthMap, Foreground, Ground, Mask, Picture
from figureground.core.recipe import Fit, Relief
from figureground.core.room import Edgels, SeenRoom
from figureground.geometry.codes import background_code, dequantise
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.footing import footing_of
from figureground.geometry.intrinsics import over_floor, without_floor
from figureground.geometry.occlusion import nearness
from figureground.geometry.perspective import figure_heights
from figureground.geometry.plane import ESTIMATED, FITTED, KNOWN, Trust
from figureground.geometry.viewpoint import HEIGHT_SD
from figureground.image import png
from figureground.image.masks import area_table, mask_of
from figureground.image.opened import opened
from figureground.ingest import stance
from figureground.ingest.appearance import measure
from figureground.ingest.bodies import tallest
from figureground.ingest.cutout import ALONE, DOUBTFUL, Ways, cut_out, sized, working
from figureground.ingest.doubt import doubts_of
from figureground.ingest.framing import enlargement, framed
from figureground.ingest.matting import trim, visible_box
from figureground.ingest.pose import Posed, posed
from figureground.ingest.relief import measured_relief, network_relief, rounded
from figureground.ingest.same_picture import miniature
from figureground.ingest.shown import body_shown
from figureground.ingest.straight import straightened
from figureground.plan import cut
from figureground.plan.flat import fits
from figureground.plan.heights import photo_height, real_height


@dataclass(frozen=True)
class Source:
    """Whose photo it is: its name for people, the sha256 of its file, with which its draws count, and the number of
    the recipe's source that it is from."""

    name: str
    sha256: str
    number: int = 1


@dataclass(frozen=True)
class Tools:
    """The networks at hand: what cuts out, and the depth of a picture, None where the job needs none.  `known`: the
    photo's own depth, planar, where the user gives it for its relief.  `person`: photos show people, by their class.
    """

    ways: Ways = ALONE
    depth: Callable[[Picture], DepthMap] | None = None
    known: DepthMap | None = None
    person: bool = True


Entry = TypeVar("Entry", Background, Foreground)


@dataclass(frozen=True, eq=False)
class Prepared(Generic[Entry]):
    """What became of a photo: its entry, not yet numbered; its files by role ("picture", "mask", "depth", "floor",
    "relief"); the pixels of its picture; what is worth knowing; and what is probably wrong.

    `fine`: the photo's `same_picture.miniature`.  `full_pixels`: of the photo, or of the figure's box in it, as given.
    `mended`: the cut-out came with specks or other faults that were taken away.
    """

    entry: Entry
    files: Mapping[str, bytes]
    pixels: Bytes
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    fine: Bytes | None = None
    full_pixels: int = 0
    mended: bool = False


def background(pixels: Bytes, canvas: Canvas, fit: Fit, source: Source) -> Prepared[Background]:
    """Return a background without its depth.  Raises SetAsideError for photos that are far too small, or no scene."""
    factor = enlargement(pixels.shape, canvas, fit)
    if factor > 2:
        raise SetAsideError(f"{pixels.shape[1]} x {pixels.shape[0]} px is less than half of the canvas ({canvas})")
    notes = (f"enlarged {factor:.2f} times",) if factor > 1 else ()
    if pixels.shape[2] == 4:
        if (pixels[..., 3] < 255).mean() > 0.01:
            raise SetAsideError("a background with transparent parts: nothing stands behind them")
        pixels = pixels[..., :3]
    flat = framed(pixels, canvas, fit)
    if int(flat.max()) - int(flat.min()) < 8:
        raise SetAsideError("one flat colour: no scene to be seen")
    out = io.BytesIO()
    # 4:4:4 at 95: the prepared file is the background; composites start from what it decodes to
    Image.fromarray(flat).save(out, "JPEG", quality=95, subsampling="4:4:4")
    data = out.getvalue()
    with opened(data) as decoded:
        picture = np.asarray(decoded)
    entry = Background("", "", "", source.name, source.sha256, measure(picture), source_number=source.number)
    return Prepared(
        entry, {"picture": data}, picture, notes, fine=miniature(pixels), full_pixels=pixels.shape[0] * pixels.shape[1]
    )


@dataclass(frozen=True)
class Seen:
    """What is known of a background beside its depth.

    `focal`: focal length / width of the canvas, 0 if unknown.  `stretch`: `framing.pixel_stretch`.  `room`: what a room
    network sees in it, `edgels` what its lines are; None where they were not asked for.  `depth_from`: as in
    `Background`.
    """

    focal: float = 0.0
    stretch: float = 1.0
    room: SeenRoom | None = None
    edgels: Edgels | None = None
    depth_from: str = "network"


_NO_COLOUR = 8.0  # mean chroma in CIELAB: a picture of one strong tint is a drawing
# CIELAB: mean chroma, and of it how far hues spread at most, in coloured light.  Of 121 figures one is in such light,
# 41 and 0.43, in whom nobody believed; with red, yellow or blue clothes by daylight it is 0.9 and more
_STRONG, _ONE_LIGHT = 25.0, 0.6
_TOLD_SD = 0.03  # of the logarithm of a camera's height that the user tells
TRUST = {"network": ESTIMATED, "file": KNOWN, "fitted": FITTED}  # by where depth is from


def with_depth(prepared: Prepared[Background], depth: DepthMap, job: Job, seen: Seen) -> Prepared[Background]:
    """Return a background with its depth and, where figures are to stand, its floor.

    Raises SetAsideError for a background without a usable floor where those are left out, and for depth that no figure
    could stand in.
    """
    try:
        code = background_code(depth)
    except ValueError as error:
        raise SetAsideError(f"its depth cannot be used: {error}") from None
    if not code.codes.any():
        raise SetAsideError("its depth map has no valid value")
    entry = replace(
        prepared.entry,
        depth_unit=code.unit,
        depth_scale=code.scale,
        depth_offset=code.offset,
        depth_from=seen.depth_from,
    )
    files = {**prepared.files, "depth": png.encode(code.codes)}
    if not job.floors.wanted:
        return replace(prepared, entry=entry, files=files)
    height_sd = _TOLD_SD if job.floors.height_given else HEIGHT_SD
    told = Told(seen.focal, job.floors.camera_height, height_sd, seen.stretch, seen.edgels)
    found = fit_floor(dequantise(code), prepared.pixels, _trust(job, seen, entry), told, seen.room)
    if not isinstance(found, str):
        edge = nearness(dequantise(code), prepared.pixels, seen.depth_from != "file")[-1]
        reasons = [_why_nobody_fits(found, edge, heights, job) for heights in job.placing.heights]
        found = reasons[0] if all(reasons) else found
    if isinstance(found, str):
        if job.floors.required:
            raise SetAsideError(f"no usable floor: {found}")
        notes = (*prepared.notes, f"no usable floor: {found}")
        return replace(prepared, entry=replace(entry, no_floor=found), files=files, notes=notes)
    ground, floor = found
    return replace(prepared, entry=replace(entry, ground=ground), files={**files, "floor": png.encode(floor)})


def _trust(job: Job, seen: Seen, entry: Background) -> Trust:
    """Return how far a background's depth is believed; files, and networks that are told the focal length or work it
    out, have it in their metres already."""
    model = job.depth.model
    given = job.inputs.backgrounds[entry.source_number - 1].depth is not None
    own_focal = given or (model is not None and model.card.reading in ("focal", "moge"))
    return replace(TRUST[seen.depth_from], canonical=not own_focal)


def with_camera(prepared: Prepared[Background], lens: Camera, job: Job) -> Prepared[Background]:
    """Return a background, its depth and floor already known, with its camera.  `lens`: as `lens.lens` gives it."""
    floors, entry = job.floors, prepared.entry
    ground = entry.ground
    if ground is not None and ground.focal and lens.focal_from == "assumed":
        across = round(ground.focal * job.canvas.width, 4)
        lens = replace(lens, fx=across, fy=round(across * ground.stretch, 4), focal_from="estimated")
    camera = without_floor(lens, job.canvas, floors.camera_height, "given" if floors.height_given else "assumed")
    if ground is not None:
        plane_from: Origin = "given" if entry.depth_from == "file" else "estimated"
        camera = over_floor(camera, ground, job.canvas, plane_from, entry.depth_unit != "relative")
    return replace(prepared, entry=replace(entry, camera=camera))


def _why_nobody_fits(found: tuple[Ground, Mask], edge: Singles, heights: Heights, job: Job) -> str:
    """Return why no figure of usual height has a place on a floor, or "".  `edge`: inverse depth of the lowest row."""
    ground, floor = found
    x, y, _ = footing_of(ground, floor, edge, job.canvas).T
    usual = sum(heights.real_m) / 2
    tall = figure_heights(ground, usual, x + 0.5, y + 1.0, job.canvas)
    tall = tall[job.canvas.height - (y + 1 - tall) >= job.placing.min_visible * tall]  # enough of it is in the frame
    if not tall.size:
        return "none of it is a place to stand"
    if ((tall >= heights.least) & (tall <= heights.most)).any():
        return ""
    return (
        f"a figure of {usual:.2f} m would be {tall.min():.0f} to {tall.max():.0f} px tall on it, "
        f"and foregrounds.height allows {heights.least:.0f} to {heights.most:.0f}"
    )


def foreground(
    pixels: Bytes, job: Job, source: Source, tools: Tools, given: Alpha | None = None
) -> Prepared[Foreground]:
    """Return a foreground: cut out, trimmed, scaled to its height, or to that of its tallest figure.

    `given`: the mask that the user gives, of any size in the picture's aspect.  Raises SetAsideError when there is no
    usable figure, or none that the canvas has room for.
    """
    own = job.inputs.foregrounds[source.number - 1]
    pixels, laid = straightened(pixels) if pixels.shape[2] == 4 and given is None else (pixels, ())
    picture = working(pixels)
    made = cut_out(picture, own.cutting.method, tools.ways, None if given is None else sized(given, picture.shape[:2]))
    wrong, odd = doubts_of(made.pixels[..., 3], made.method not in ("alpha", "mask"))
    wrong = [*made.doubts, *wrong]
    whole, cutout = made.pixels, trim(made.pixels)
    box = round(cutout.shape[0] * cutout.shape[1] * (pixels.shape[0] / picture.shape[0]) ** 2)
    stands = _posed(whole[..., 3], made.method, tools.person)
    scaled = _scaled(cutout, _prepared_height(cutout, own.heights, source))
    mask = mask_of(scaled[..., 3])
    entry = _entry(scaled, source, stands, made.method)
    entry = replace(entry, scale=round(entry.height / cutout.shape[0], 6))
    _require_room(entry, mask, job)
    if job.placing.standing and tools.person and not own.cutting.doubtful:
        _require_colours(entry)
    files = {"picture": _png(scaled), "mask": png.encode(mask)}
    if job.placing.standing:
        entry = replace(entry, foot=stance.foot(mask), real_height=real_height(own.heights, source.sha256))
        if tools.known is not None:
            found = measured_relief(tools.known, (whole.shape[:2], visible_box(whole)), mask, entry.real_height)
            entry = replace(entry, relief_back=found.back, relief_front=found.front)
            files["relief"], wrong = _png(found.codes), [*wrong, *found.warnings]
        else:
            files |= _relief(scaled, mask, job.depth.relief, tools)
    return Prepared(
        entry,
        files,
        scaled,
        (*laid, *made.notes, *odd),
        tuple(wrong),
        fine=miniature(cutout),
        full_pixels=box,
        mended=bool(laid or made.notes),
    )


def _entry(scaled: Cutout, source: Source, stands: Posed, method: str) -> Foreground:
    """Return what a cut-out at its final height tells of itself; its files get their names where it is kept."""
    mask = mask_of(scaled[..., 3])
    height, width = mask.shape
    return Foreground(
        id="",
        file="",
        mask_file="",
        sha256="",
        source=source.name,
        source_sha256=source.sha256,
        height=height,
        width=width,
        area=int(mask.sum()),
        scale=1.0,
        cutout=method,
        appearance=measure(scaled[..., :3], mask),
        source_number=source.number,
        pose=stands.pose,
        pose_confidence=stands.confidence,
        cut=stands.cut,
        shown=_shown(mask, stands),
    )


def _shown(mask: Mask, stands: Posed) -> float:
    """Return the part of a body's height that a figure shows, 1 where nothing below is missing."""
    if stands.pose == "half-length":
        return body_shown(mask)
    return body_shown(tallest(mask)) if stands.pose == "group" and "bottom" in stands.cut else 1.0


def _posed(alpha: Alpha, method: str, person: bool) -> Posed:
    """Return how the figure of a whole matte stands; `method`: what cut it out."""
    from figureground.networks.pose import shares  # reads its weights

    return posed(alpha, method != "alpha", person, shares)


def _scaled(cutout: Cutout, height: int) -> Cutout:
    """Return a cut-out at its final height.  Raises SetAsideError where nothing of it is left."""
    width = max(1, round(cutout.shape[1] * height / cutout.shape[0]))
    # Pillow premultiplies alpha for this, so hidden colours do not bleed in
    scaled = np.asarray(Image.fromarray(np.ascontiguousarray(cutout)).resize((width, height), Image.Resampling.LANCZOS))
    if not mask_of(scaled[..., 3]).any():
        raise SetAsideError("nothing of the figure is as opaque as 1/2 at its final size")
    return scaled


def _require_colours(entry: Foreground) -> None:
    """Raise SetAsideError for somebody of a black-and-white photo, or in one strong colour's light as on a stage, who
    stands out in any room with colours."""
    seen, remedy = entry.appearance, 'foregrounds.doubtful = "use" takes it'
    chroma = hypot(*seen.lab_mean[1:])
    if seen.hues <= ONE_TINT and chroma <= _NO_COLOUR:
        raise SetAsideError(f"{DOUBTFUL}its photo is black-and-white; {remedy}")
    if chroma >= _STRONG and ONE_TINT < seen.hues <= _ONE_LIGHT * chroma:
        raise SetAsideError(f"{DOUBTFUL}all of it is in the light of one strong colour; {remedy}")


def _require_room(entry: Foreground, mask: Mask, job: Job) -> None:
    """Raise SetAsideError where no canvas has room for a foreground."""
    if fits(job.placing, entry, area_table(mask)):
        return
    if cut.across(entry):
        raise SetAsideError(
            f"it is cut off at {' and '.join(entry.cut)}, and no height that is allowed makes it reach that far"
        )
    raise SetAsideError(
        f"the figure is {entry.width} x {entry.height} px, larger than the canvas of {job.canvas} allows; "
        "lower foregrounds.height or placement.min_visible"
    )


def _prepared_height(cutout: Cutout, heights: Heights, source: Source) -> int:
    """Return the height in px to which a cut-out is scaled.  Raises SetAsideError where that would blur it."""
    if heights.of_photo:
        height = wanted = photo_height(heights, source.sha256)
    else:
        height, wanted = max(1, min(round(heights.most), cutout.shape[0])), round(heights.least)
    if cutout.shape[0] < wanted / 2:
        raise SetAsideError(f"the figure is only {cutout.shape[0]} px high; enlarging it to {wanted} would blur it")
    return height


def _relief(scaled: Cutout, mask: Mask, relief: Relief, tools: Tools) -> dict[str, bytes]:
    if relief == "flat":
        return {}
    if relief == "round":
        return {"relief": _png(rounded(mask))}
    if tools.depth is None:
        raise ValueError("relief by the network needs the network")
    return {"relief": _png(network_relief(scaled, tools.depth))}


def _png(pixels: Bytes) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
