"""Folders of photos -> catalog.

Photos are prepared one by one, in any engine, and numbered in natural order of their names.  A photo that cannot be
used is set aside with its reason: here, and nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError, SetAsideError, without_paths
from figureground.core.job import Cutting, DepthModel, DepthPlan, Job, Running
from figureground.core.nouns import Background, Catalog, Foreground, NetworkUse, SetAside
from figureground.core.progress import Progress
from figureground.core.store import Store
from figureground.ingest import labels, photos, prepare
from figureground.ingest.catalog import FILE, to_lines
from figureground.ingest.copies import Seen, told_apart
from figureground.ingest.depth_maps import read_depth
from figureground.ingest.framing import canvas_focal, framed_depth, pixel_stretch
from figureground.ingest.given_masks import NO_MASK, GivenMask, read_mask
from figureground.ingest.inputs import Photo, classes_of, photos_of
from figureground.ingest.lens import lens
from figureground.ingest.prepare import Entry, Prepared, Source, Tools
from figureground.ingest.shelf import Shelf
from figureground.ingest.state import state
from figureground.networks.cutout import cutout_network
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a photo: prepared, with what its copies are told by; or the `reason` why it is set aside."""

    sha256: str = ""
    prepared: Prepared[Background] | Prepared[Foreground] | None = None
    seen: Seen | None = None
    reason: str = ""


def ingest(job: Job, engine: Engine, store: Store, progress: Progress, strict: bool = False) -> Catalog:
    """Prepare every photo, save the used ones to the store and return the catalog.

    Copies of a better photo are set aside (`copies.told_apart`).  Raises FigureGroundError when no background or
    no foreground is left, and for the first photo that is set aside where `strict`.
    """
    found = photos_of(job)
    todo = found.photos
    digest = state(job, todo)
    shelf = Shelf(store, max(3, len(str(len(todo)))))
    reasons: dict[int, str] = {}
    seen: dict[int, Seen] = {}
    for number, (photo, outcome) in enumerate(_in_order(engine, functools.partial(prepare_photo, job), todo)):
        progress("photos", number + 1, len(todo))
        if outcome.prepared is not None and outcome.seen is not None:
            seen[number] = outcome.seen
            shelf.save(number, outcome.prepared)
        else:
            reasons[number] = outcome.reason
            _mind(photo, outcome.reason, strict)
    copies = told_apart(seen, job.inputs.keep_twins)
    for number, reason in sorted(copies.reasons.items()):
        _mind(todo[number], reason, strict)
    reasons |= copies.reasons
    shelf.keep(seen.keys() - reasons.keys(), copies.twins)
    aside = list(found.left_out)  # no fault of a photo, so strict does not mind
    aside += [SetAside(todo[number].kind, todo[number].name, reasons[number]) for number in sorted(reasons)]
    _require_some("background", shelf.backgrounds, aside)
    _require_some("foreground", shelf.foregrounds, aside)
    catalog = Catalog(
        tuple(shelf.backgrounds),
        tuple(shelf.foregrounds),
        tuple(aside),
        tuple(shelf.told("notes", todo)),
        digest,
        _networks(job, shelf),
        classes_of(todo),
        tuple(shelf.told("warnings", todo)),
    )
    store.write(FILE, to_lines(catalog).encode())
    return catalog


def prepare_photo(job: Job, photo: Photo) -> Outcome:
    """Read and prepare one photo.  All that is wrong with it ends up in `reason`."""
    sha = ""
    try:
        data = photos.read_bytes(Path(photo.path))
        sha = photos.sha256(data)
        source = Source(photo.name, sha, photo.source + 1)
        prepare_one = _background if photo.kind == "background" else _foreground
        prepared = _named(prepare_one(job, photo, source, data), job, photo)
        return Outcome(sha, prepared, _seen(prepared, photo, sha, len(data)))
    except SetAsideError as error:
        return Outcome(sha, reason=error.reason)


def _named(prepared: Prepared[Any], job: Job, photo: Photo) -> Prepared[Any]:
    """Return what was prepared with what is known of the photo beside its pixels: class or tag, and credits."""
    about: dict[str, Any] = dict(vars(photo.credit))
    if photo.kind == "background":
        about["tag"] = job.inputs.backgrounds[photo.source].tag
    else:
        about |= {"class_id": photo.class_id, "class_name": photo.class_name}
    return replace(prepared, entry=replace(prepared.entry, **about))


def _background(job: Job, photo: Photo, source: Source, data: bytes) -> Prepared[Background]:
    own = job.inputs.backgrounds[photo.source]
    decoded = _decoded(data, 2 * job.canvas.longer)
    prepared = _in_full(prepare.background(decoded.pixels, job.canvas, own.fit, source), decoded)
    if job.depth.of_backgrounds:
        prepared = _with_depth(job, photo, decoded, prepared)
    seen_through = lens(decoded.pixels.shape, job.canvas, own.fit, job.depth.focal, decoded.focal)
    return prepare.with_camera(prepared, seen_through, job)


def _with_depth(job: Job, photo: Photo, decoded: photos.Photo, prepared: Prepared[Background]) -> Prepared[Background]:
    """Return a background with its depth, by the network or as the user gives it."""
    own = job.inputs.backgrounds[photo.source]
    stretch = pixel_stretch(decoded.pixels.shape, job.canvas, own.fit)
    if own.depth_maps is None:
        depth = depth_network(job.depth).estimate(prepared.pixels)
        return prepare.with_depth(prepared, depth, job, job.depth.focal, stretch)
    if not photo.depth:
        raise SetAsideError("no depth map with its stem in backgrounds.depth")
    given = read_depth(Path(photo.depth), own.depth_unit)
    values = framed_depth(given.values, decoded.pixels.shape, job.canvas, own.fit)
    focal = job.depth.focal or canvas_focal(decoded.focal, decoded.pixels.shape, job.canvas, own.fit)
    return prepare.with_depth(prepared, replace(given, values=values), job, focal, stretch)


def _foreground(job: Job, photo: Photo, source: Source, data: bytes) -> Prepared[Foreground]:
    decoded = _decoded(data, max(4 * job.canvas.longer, 512))
    own = job.inputs.foregrounds[photo.source]
    model = own.cutting.model
    tools = Tools(
        cutout_network(model.path) if model else None,
        depth_network(job.depth).estimate if job.depth.relief_by_network else None,
    )
    mask = _mask_of(photo, own.cutting, decoded)
    if mask is None:
        return _in_full(prepare.foreground(decoded.pixels, job, source, tools), decoded)
    prepared = _in_full(prepare.foreground(decoded.pixels, job, source, tools, mask.alpha), decoded)
    return replace(prepared, notes=(*mask.notes, *prepared.notes), warnings=mask.warnings)


def _in_full(prepared: Prepared[Entry], decoded: photos.Photo) -> Prepared[Entry]:
    """Return what was prepared of a decoded photo, with its notes, and its pixels counted before any reduction."""
    times = (decoded.full_size[0] / decoded.pixels.shape[0]) ** 2
    notes = (*decoded.notes, *prepared.notes)
    return replace(prepared, notes=notes, full_pixels=round(prepared.full_pixels * times))


def _mask_of(photo: Photo, cutting: Cutting, decoded: photos.Photo) -> GivenMask | None:
    """Return the mask that is given for a photo, None where none has to be.  Raises SetAsideError."""
    if photo.mask:
        return read_mask(Path(photo.mask), decoded)
    if cutting.masks is not None:
        raise SetAsideError(NO_MASK)
    return None


def _decoded(data: bytes, enough: int) -> photos.Photo:
    """Return a decoded photo.  Raises SetAsideError for label pictures, too."""
    decoded = photos.decode(data, enough)
    if looks := labels.looks_like(decoded.pixels):
        raise SetAsideError(f"no photo: it looks like {looks}")
    return decoded


def depth_network(depth: DepthPlan) -> DepthNetwork:
    """Return the job's depth network; a worker keeps it between photos."""
    if depth.model is None:
        raise ValueError("this job names no depth network")
    return _network(depth.model, depth.running)


@functools.lru_cache(maxsize=1)
def _network(model: DepthModel, how: Running) -> DepthNetwork:
    return open_network(model, how)


def _mind(photo: Photo, reason: str, strict: bool) -> None:
    if strict:
        raise FigureGroundError(
            f"a photo cannot be used: {reason}", photo.name, "mend or remove it, or run without --strict"
        )


def _seen(prepared: Prepared[Any], photo: Photo, sha256: str, size: int) -> Seen:
    """Return what a photo's copies are told by."""
    if prepared.fine is None:
        raise ValueError("what is prepared has a miniature")
    cutout = prepared.entry.cutout if isinstance(prepared.entry, Foreground) else ""
    return Seen(photo.kind, photo.name, sha256, prepared.fine, cutout, prepared.full_pixels, size)


def _require_some(kind: str, entries: list[Background] | list[Foreground], aside: list[SetAside]) -> None:
    if not entries:
        reasons = "; ".join(f"{a.source}: {a.reason}" for a in aside if a.kind == kind)[:400]
        raise FigureGroundError(
            f"no {kind} can be used", reasons, "see the reasons; `figureground check` lists them all"
        )


def _networks(job: Job, shelf: Shelf) -> tuple[NetworkUse, ...]:
    """Return the networks that the catalog was made with."""
    depth = job.depth
    used = {entry.source_number - 1 for entry in shelf.foregrounds if entry.cutout == "network"}
    cutting = [model for n in sorted(used) if (model := job.inputs.foregrounds[n].cutting.model) is not None]
    found = [NetworkUse("cut-out", model.path.name, model.sha256) for model in dict.fromkeys(cutting)]
    if depth.estimates and depth.model is not None:
        found.append(NetworkUse("depth", depth.model.path.name, depth.model.sha256))
    return tuple(found)


def _in_order(
    engine: Engine, work: Callable[[Photo], Outcome], todo: Sequence[Photo]
) -> Iterator[tuple[Photo, Outcome]]:
    """Yield (photo, outcome) in the order of `todo`, whatever order the engine finishes in."""
    early: dict[int, Outcome] = {}
    expected = 0
    for done in engine.map(functools.partial(_numbered, work), list(enumerate(todo))):
        if isinstance(done.error, FigureGroundError):
            raise done.error  # a network that does not load: no photo's fault
        number, _ = done.job
        early[number] = (
            done.value if done.error is None else Outcome(reason=f"preparation failed: {without_paths(done.error)}")
        )
        while expected in early:
            yield todo[expected], early.pop(expected)
            expected += 1


def _numbered(work: Callable[[Photo], Outcome], numbered: tuple[int, Photo]) -> Outcome:
    return work(numbered[1])
