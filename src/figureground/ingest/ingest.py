"""Folders of photos -> catalog.

Photos are prepared one by one, in any engine, and numbered in natural order of their names.  A photo that cannot be
used is set aside with its reason: here, and nowhere else.
"""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from figureground.core.engines import Engine, Serial, mapped, on_condition, run_error
from figureground.core.errors import FigureGroundError, NoDepthError, SetAsideError, without_paths
from figureground.core.job import CutoutModel, Cutting, DepthModel, DepthPlan, Job, Running
from figureground.core.nouns import Background, Catalog, Foreground, NetworkUse, SetAside
from figureground.core.progress import Progress
from figureground.core.store import Store
from figureground.ingest import labels, photos, prepare
from figureground.ingest.bystanders import are_people, why_aside, with_bystanders
from figureground.ingest.cache import PhotoCache, open_cache
from figureground.ingest.catalog import FILE, to_lines
from figureground.ingest.copies import Seen, told_apart
from figureground.ingest.cutters import bystanders_in, ways_of
from figureground.ingest.framing import canvas_focal, framed_edgels, pixel_stretch
from figureground.ingest.given_depth import figures_depth, with_given_depth
from figureground.ingest.given_masks import NO_MASK, GivenMask, read_mask
from figureground.ingest.inputs import Photo, classes_of, photos_of
from figureground.ingest.key import Hashed, key
from figureground.ingest.lens import lens
from figureground.ingest.outcome import Outcome
from figureground.ingest.outlines import estimated
from figureground.ingest.pose import is_person, left_out
from figureground.ingest.prepare import Entry, Prepared, Source, Tools
from figureground.ingest.seen import require_seen, some_of
from figureground.ingest.shelf import Shelf
from figureground.ingest.state import file_hash, state
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.networks.room import room_network
from figureground.networks.weights import require_same

_TRIMMED_EACH = 500  # photos: how far a run may go before the cache is cut back to its size


def ingest(job: Job, engine: Engine, store: Store, progress: Progress, strict: bool = False) -> Catalog:
    """Prepare every photo, save the used ones to the store and return the catalog.

    Copies of a better photo are set aside (`copies.told_apart`).  Raises FigureGroundError when no background or
    no foreground is left, and for the first photo that is set aside where `strict`.
    """
    found = photos_of(job)
    todo = found.photos
    hashed = functools.cache(file_hash)
    digest = state(job, todo, hashed)
    shelf = Shelf(store, max(3, len(str(len(todo)))))
    reasons: dict[int, str] = {}
    seen: dict[int, Seen] = {}
    among_people = are_people(classes_of(todo))
    with closing(prepared(job, todo, engine, hashed)) as found_out:
        for number, (photo, outcome) in enumerate(found_out):
            progress("photos", number + 1, len(todo))
            _require_unchanged(photo, outcome, hashed)
            entry = None if outcome.entry is None else _named(outcome.entry, job, photo)
            reason = outcome.reason if entry is None else _out_of_place(entry, job, photo)
            reason = reason or _shows_people(outcome, job, photo, among_people)
            if entry is not None and not reason:
                seen[number] = _seen(photo, outcome)
                shelf.save(number, entry, outcome)
            else:
                reasons[number] = reason
                _mind(photo, reason, strict)
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
        (*found.warnings, *shelf.told("warnings", todo)),
    )
    store.write(FILE, to_lines(catalog).encode())
    return catalog


def _require_unchanged(photo: Photo, outcome: Outcome, hashed: Hashed) -> None:
    """Raise FigureGroundError where a photo is no longer what it was when the run began: the catalog vouches for it."""
    if outcome.sha256 and outcome.sha256 != hashed(photo.path):
        raise FigureGroundError(
            "a photo has changed while it was being prepared",
            photo.name,
            "leave the photos alone meanwhile, and run the same command again",
        )


def prepare_photo(job: Job, photo: Photo) -> Outcome:
    """Read and prepare one photo.  All that is wrong with it ends up in `reason`."""
    sha = ""
    try:
        data = photos.read_bytes(Path(photo.path))
        sha = photos.sha256(data)
        source = Source(photo.name, sha, photo.source + 1)
        prepare_one = _background if photo.kind == "background" else _foreground
        made = prepare_one(job, photo, source, data)
        _require_same_networks(job, photo)
        told = (made.fine, made.full_pixels, len(data), made.mended)
        return Outcome(sha, made.entry, made.files, made.notes, made.warnings, *told)
    except SetAsideError as error:
        # a machine that is short of memory for a moment says nothing of the photo
        return Outcome(sha, reason=error.reason, passing=isinstance(error.__context__, MemoryError))
    except NoDepthError as error:
        return Outcome(sha, reason=error.what)


def _shows_people(outcome: Outcome, job: Job, photo: Photo, among_people: bool) -> str:
    """Return why a background is set aside for the people whom it shows, "" where it is used."""
    if photo.kind != "background" or outcome.entry is None:
        return ""
    return why_aside(outcome.entry, job.inputs.backgrounds[photo.source].keep_people, among_people)


def _require_same_networks(job: Job, photo: Photo) -> None:
    """Raise ChangedError where a network that a photo may have been prepared with is no longer what the job found.

    What is loaded may be mapped from the disk, so it changes with its file: nothing is kept that was made meanwhile.
    """
    if job.depth.estimates and job.depth.model is not None:
        require_same(job.depth.model.path, job.depth.model.files)
    if photo.kind == "background" and (seen := job.floors.room) is not None:
        require_same(seen.path, seen.files, "room")
    if photo.kind == "foreground" and (model := job.inputs.foregrounds[photo.source].cutting.model) is not None:
        require_same(model.path, model.files, "cut-out")


def _prepare_and_keep(job: Job, cache: PhotoCache | None, photo: Photo) -> Outcome:
    """Prepare one photo, and keep what became of it under what was read."""
    outcome = prepare_photo(job, photo)
    if cache and outcome.sha256 and not outcome.passing:
        name = key(job, photo, lambda path: outcome.sha256 if path == photo.path else file_hash(path))
        if name:
            cache.write(name, outcome)
    return outcome


def _named(entry: Background | Foreground, job: Job, photo: Photo) -> Background | Foreground:
    """Return an entry with what is known of the photo beside its pixels: name, source, class or tag, and credits."""
    about: dict[str, Any] = {"source": photo.name, "source_number": photo.source + 1, **vars(photo.credit)}
    if photo.kind == "background":
        about["tag"] = job.inputs.backgrounds[photo.source].tag
    else:
        about |= {"class_id": photo.class_id, "class_name": photo.class_name}
    return replace(entry, **about)


def _out_of_place(entry: Background | Foreground, job: Job, photo: Photo) -> str:
    """Return why a figure's pose has no place, "" where it has one."""
    return "" if isinstance(entry, Background) else left_out(entry, job.inputs.foregrounds[photo.source].poses)


def _background(job: Job, photo: Photo, source: Source, data: bytes) -> Prepared[Background]:
    own = job.inputs.backgrounds[photo.source]
    decoded = _decoded(data, 2 * job.canvas.longer)
    prepared = _in_full(prepare.background(decoded.pixels, job.canvas, own.fit, source), decoded)
    if own.people:
        prepared = with_bystanders(prepared, bystanders_in(own.people, prepared.pixels))
    if job.depth.of_backgrounds:
        prepared = _with_depth(job, photo, decoded, prepared)
    seen_through = lens(decoded.pixels.shape, job.canvas, own.fit, job.depth.focal, decoded.focal)
    return prepare.with_camera(prepared, seen_through, job)


def _with_depth(job: Job, photo: Photo, decoded: photos.Photo, prepared: Prepared[Background]) -> Prepared[Background]:
    """Return a background with its depth, by the network or as the user gives it."""
    model = job.floors.room
    room = room_network(model.path, model.files)(prepared.pixels) if model else None
    shape, fit = decoded.pixels.shape, job.inputs.backgrounds[photo.source].fit
    edgels = framed_edgels(decoded.pixels, job.canvas, fit) if job.floors.wanted else None
    if photo.given is not None:
        return with_given_depth(prepared, photo.given, decoded, job, (room, edgels))
    focal = job.depth.focal or canvas_focal(decoded.focal, shape, job.canvas, fit)
    depth = estimated(depth_network(job.depth), prepared.pixels)
    seen = prepare.Seen(focal, pixel_stretch(shape, job.canvas, fit), room, edgels)
    return prepare.with_depth(prepared, depth, job, seen)


def _foreground(job: Job, photo: Photo, source: Source, data: bytes) -> Prepared[Foreground]:
    decoded = _decoded(data, max(4 * job.canvas.longer, 512))
    own = job.inputs.foregrounds[photo.source]
    known, of_depth = figures_depth(photo.given, decoded) if photo.given else (None, ())
    tools = Tools(
        ways_of(own.cutting),
        depth_network(job.depth).estimate if job.depth.relief_by_network else None,
        known,
        is_person(photo.class_name),
    )
    mask = _mask_of(photo, own.cutting, decoded)
    made = prepare.foreground(decoded.pixels, job, source, tools, mask.alpha if mask else None)
    prepared = _in_full(made, decoded)
    if mask:
        notes, warnings = (*mask.notes, *prepared.notes), (*mask.warnings, *prepared.warnings)
        prepared = replace(prepared, notes=notes, warnings=warnings)
    return replace(prepared, notes=(*prepared.notes, *of_depth))


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


def _seen(photo: Photo, outcome: Outcome) -> Seen:
    """Return what a photo's copies are told by."""
    if outcome.fine is None:
        raise ValueError("what is prepared has a miniature")
    cutout = outcome.entry.cutout if isinstance(outcome.entry, Foreground) else ""
    told = (cutout, outcome.pixels, outcome.size, outcome.mended)
    return Seen(photo.kind, photo.name, outcome.sha256, outcome.fine, *told)


def _require_some(kind: str, entries: list[Background] | list[Foreground], aside: list[SetAside]) -> None:
    if not entries:
        reasons = "; ".join(f"{a.source}: {a.reason}" for a in aside if a.kind == kind)[:400]
        raise FigureGroundError(
            f"no {kind} can be used", reasons, "see the reasons; `figureground check` lists them all"
        )


def _networks(job: Job, shelf: Shelf) -> tuple[NetworkUse, ...]:
    """Return the files of the networks that the catalog was made with."""
    depth = job.depth
    used = {entry.source_number - 1 for entry in shelf.foregrounds if entry.cutout == "network"}
    sources = [job.inputs.foregrounds[n].cutting for n in sorted(used)]
    asked = {
        "cut-out": [own.model for own in sources],
        "check": [own.check for own in sources],
        "people": [own.people for own in job.inputs.backgrounds],
        "room": [job.floors.room],
    }
    models: list[tuple[str, DepthModel | CutoutModel]] = [
        (use, model) for use, named in asked.items() for model in dict.fromkeys(named) if model is not None
    ]
    if depth.estimates and depth.model is not None:
        models.append(("depth", depth.model))
    return tuple(NetworkUse(use, file.name, file.sha256) for use, network in models for file in network.files)


def prepared(
    job: Job, todo: Sequence[Photo], engine: Engine, hashed: Hashed
) -> Generator[tuple[Photo, Outcome], None, None]:
    """Yield each photo with what became of it, in the order of `todo`: as it is kept in the job's cache, or prepared.

    Raises FigureGroundError for what is no photo's fault, like a network that does not load, or a worker that is
    killed: what was prepared until then is kept.
    """
    cache, began = open_cache(job.inputs.cache), time.time() - 1
    kept = {n: name for n, photo in enumerate(todo) if cache and (name := key(job, photo, hashed)) and cache.has(name)}
    work = functools.partial(_prepare_and_keep, job, cache)
    fresh = _in_order(engine, work, [(n, photo) for n, photo in enumerate(todo) if n not in kept], cache)
    try:
        for n, photo in enumerate(todo):
            if cache and n % _TRIMMED_EACH == _TRIMMED_EACH - 1:
                cache.trim(began)
            outcome = cache.read(kept[n]) if cache and n in kept else next(fresh)
            if outcome is None:  # damaged
                (outcome,) = _in_order(Serial(), work, [(n, photo)], cache)
            yield photo, outcome
    finally:
        fresh.close()
        if cache:
            cache.trim(began)


def _in_order(
    engine: Engine, work: Callable[[Photo], Outcome], todo: Sequence[tuple[int, Photo]], cache: PhotoCache | None
) -> Generator[Outcome, None, None]:
    """Yield outcomes in the order of `todo`, numbered photos, whatever order the engine finishes in."""
    early: dict[int, Outcome] = {}
    waiting = deque(n for n, _ in todo)
    kept = "the photos prepared so far are kept, and the same command goes on" if cache else ""
    seen = functools.partial(require_seen, some_of([photo for _, photo in todo]))
    with on_condition(engine, seen), mapped(engine, functools.partial(_numbered, work), todo) as outcomes:
        for done in outcomes:
            number, photo = done.job
            if error := run_error(done.error, f"preparing {photo.name}", kept):
                raise error  # a network that does not load, a worker that was killed: no photo's fault
            early[number] = (
                done.value if done.error is None else Outcome(reason=f"preparation failed: {without_paths(done.error)}")
            )
            while waiting and waiting[0] in early:
                yield early.pop(waiting.popleft())


def _numbered(work: Callable[[Photo], Outcome], numbered: tuple[int, Photo]) -> Outcome:
    return work(numbered[1])
