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

from figureground.core.arrays import Bytes
from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError, SetAsideError, without_paths
from figureground.core.job import DepthModel, DepthPlan, Job, Running
from figureground.core.nouns import Background, Catalog, Foreground, NetworkUse, SetAside
from figureground.core.progress import Progress
from figureground.core.store import Store
from figureground.ingest import photos, prepare
from figureground.ingest.catalog import FILE, to_lines
from figureground.ingest.duplicates import Seen
from figureground.ingest.framing import pixel_stretch
from figureground.ingest.given_depth import figures_depth, with_given_depth
from figureground.ingest.inputs import Photo, classes_of, photos_of
from figureground.ingest.lens import lens
from figureground.ingest.prepare import Prepared, Source, Tools
from figureground.ingest.state import state
from figureground.networks.cutout import cutout_network
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a photo: prepared, with a miniature to tell twins by; or the `reason` why it is set aside."""

    sha256: str = ""
    prepared: Prepared[Background] | Prepared[Foreground] | None = None
    miniature: Bytes | None = None
    reason: str = ""


def ingest(job: Job, engine: Engine, store: Store, progress: Progress, strict: bool = False) -> Catalog:
    """Prepare every photo, save the used ones to the store and return the catalog.

    Exact copies and near-duplicates of an earlier photo are set aside.  Raises FigureGroundError when no background or
    no foreground is left, and for the first photo that is set aside where `strict`.
    """
    found = photos_of(job)
    todo = found.photos
    digest = state(job, todo)
    shelf = _Shelf(store, max(3, len(str(len(todo)))))
    aside = list(found.left_out)  # no fault of a photo, so strict does not mind
    notes: list[SetAside] = []
    warnings: list[SetAside] = []
    seen = Seen()
    for number, (photo, outcome) in enumerate(_in_order(engine, functools.partial(prepare_photo, job), todo)):
        progress("photos", number + 1, len(todo))
        reason = outcome.reason or _copy(seen, photo, outcome)
        if outcome.prepared is not None and not reason:
            notes += [SetAside(photo.kind, photo.name, note) for note in outcome.prepared.notes]
            warnings += [SetAside(photo.kind, photo.name, warning) for warning in outcome.prepared.warnings]
            shelf.save(outcome.prepared)
        elif strict:
            raise FigureGroundError(
                f"a photo cannot be used: {reason}", photo.name, "mend or remove it, or run without --strict"
            )
        else:
            aside.append(SetAside(photo.kind, photo.name, reason))
    _require_some("background", shelf.backgrounds, aside)
    _require_some("foreground", shelf.foregrounds, aside)
    catalog = Catalog(
        tuple(shelf.backgrounds),
        tuple(shelf.foregrounds),
        tuple(aside),
        tuple(notes),
        digest,
        _networks(job, shelf),
        classes_of(todo),
        tuple(warnings),
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
        return Outcome(sha, prepared, photos.thumbprint(prepared.pixels))
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
    decoded = photos.decode(data, 2 * job.canvas.longer)
    prepared = prepare.background(decoded.pixels, job.canvas, own.fit, source)
    prepared = replace(prepared, notes=(*decoded.notes, *prepared.notes))
    if job.depth.of_backgrounds:
        prepared = _with_depth(job, photo, decoded, prepared, data)
    seen_through = lens(decoded.pixels.shape, job.canvas, own.fit, job.depth.focal, decoded.focal)
    return prepare.with_camera(prepared, seen_through, job)


def _with_depth(
    job: Job, photo: Photo, decoded: photos.Photo, prepared: Prepared[Background], data: bytes
) -> Prepared[Background]:
    """Return a background with its depth, by the network or as the user gives it."""
    if photo.given is not None:
        return with_given_depth(prepared, photo.given, decoded, data, job)
    stretch = pixel_stretch(decoded.pixels.shape, job.canvas, job.inputs.backgrounds[photo.source].fit)
    depth = depth_network(job.depth).estimate(prepared.pixels)
    return prepare.with_depth(prepared, depth, job, job.depth.focal, stretch)


def _foreground(job: Job, photo: Photo, source: Source, data: bytes) -> Prepared[Foreground]:
    decoded = photos.decode(data, max(4 * job.canvas.longer, 512))
    own = job.inputs.foregrounds[photo.source]
    model = own.cutting.model
    known, notes = figures_depth(photo.given, decoded, data) if photo.given else (None, ())
    tools = Tools(
        cutout_network(model.path) if model else None,
        depth_network(job.depth).estimate if job.depth.relief_by_network else None,
        known,
    )
    prepared = prepare.foreground(decoded.pixels, job, source, tools)
    return replace(prepared, notes=(*decoded.notes, *notes))


def depth_network(depth: DepthPlan) -> DepthNetwork:
    """Return the job's depth network; a worker keeps it between photos."""
    if depth.model is None:
        raise ValueError("this job names no depth network")
    return _network(depth.model, depth.running)


@functools.lru_cache(maxsize=1)
def _network(model: DepthModel, how: Running) -> DepthNetwork:
    return open_network(model, how)


def _copy(seen: Seen, photo: Photo, outcome: Outcome) -> str:
    """Return the reason to set a photo aside as a copy of an earlier one, or ""."""
    exact = seen.copy_of(photo.kind, photo.name, outcome.sha256)
    if exact or outcome.miniature is None:
        return exact
    return seen.twin_of(photo.kind, photo.name, outcome.miniature)


def _require_some(kind: str, entries: list[Background] | list[Foreground], aside: list[SetAside]) -> None:
    if not entries:
        reasons = "; ".join(f"{a.source}: {a.reason}" for a in aside if a.kind == kind)[:400]
        raise FigureGroundError(
            f"no {kind} can be used", reasons, "see the reasons; `figureground check` lists them all"
        )


def _networks(job: Job, shelf: _Shelf) -> tuple[NetworkUse, ...]:
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


class _Shelf:
    """Where prepared photos are numbered and saved."""

    def __init__(self, store: Store, digits: int) -> None:
        self.store = store
        self.digits = digits
        self.backgrounds: list[Background] = []
        self.foregrounds: list[Foreground] = []

    def save(self, prepared: Prepared[Background] | Prepared[Foreground]) -> None:
        """Save a photo's files under its new name and keep its entry."""
        shas = {role: photos.sha256(data) for role, data in prepared.files.items()}
        entry = prepared.entry
        if isinstance(entry, Background):
            name = f"bg{len(self.backgrounds) + 1:0{self.digits}d}"
            files = {"picture": f"Background/{name}.jpg", "depth": f"Depth/{name}.png", "floor": f"Floor/{name}.png"}
            entry = replace(entry, id=name, file=files["picture"], sha256=shas["picture"])
            if "depth" in shas:
                entry = replace(entry, depth_file=files["depth"], depth_sha256=shas["depth"])
            if "floor" in shas:
                entry = replace(entry, floor_file=files["floor"], floor_sha256=shas["floor"])
            self.backgrounds.append(entry)
        else:
            name = f"fg{len(self.foregrounds) + 1:0{self.digits}d}"
            files = {"picture": f"Foreground/{name}.png", "mask": f"Mask/{name}.png", "relief": f"Relief/{name}.png"}
            entry = replace(entry, id=name, file=files["picture"], mask_file=files["mask"], sha256=shas["picture"])
            if "relief" in shas:
                entry = replace(entry, relief_file=files["relief"], relief_sha256=shas["relief"])
            self.foregrounds.append(entry)
        for role, data in prepared.files.items():
            self.store.write(files[role], data)
