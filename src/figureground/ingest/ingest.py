"""Folders of photos -> catalog.

Photos are prepared one by one, in any engine, and numbered in natural order of their names.  A photo that cannot be
used is set aside with its reason.  `state` tells whether a catalog still is what ingesting again would give.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError, SetAsideError, without_paths
from figureground.core.files import file_sha256
from figureground.core.job import DepthModel, Running
from figureground.core.recipe import Recipe
from figureground.core.sample import Background, Catalog, DepthMap, Foreground, Network, Picture, SetAside
from figureground.core.store import Store
from figureground.ingest import appearance, photos, prepare
from figureground.ingest.catalog import FILE, to_lines
from figureground.ingest.depth_maps import depth_maps, read_depth, with_unit
from figureground.ingest.duplicates import _Seen
from figureground.ingest.state import state
from figureground.networks.cutout import cutout_network, cutout_weights
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.resolve import recipe_model, running

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Job:
    """One photo to prepare.  `depth` is its known depth map, if any."""

    kind: str
    path: str
    depth: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What became of a photo: files by role, entry fields, a miniature; or the reason why it is set aside."""

    source_sha256: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    miniature: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()
    reason: str = ""


def jobs(recipe: Recipe) -> list[Job]:
    """Return every photo that the recipe names, backgrounds first.  Raises FigureGroundError for missing folders."""
    backgrounds = photos.find(recipe.backgrounds.path, recipe.root, "backgrounds.path")
    foregrounds = photos.find(recipe.foregrounds.path, recipe.root, "foregrounds.path")
    depth_of = depth_maps(recipe)
    if needs_depth(recipe) and not recipe.backgrounds.depth and not recipe.depth.model:
        raise FigureGroundError(
            "the backgrounds' depth is needed, and nothing gives it",
            f'placement.mode = "{recipe.placement.mode}", depth.source = "{recipe.depth.source}"',
            "set depth.model to a depth network, or backgrounds.depth to a folder of depth maps with the photos' stems",
        )
    if recipe.foregrounds.cutout == "network" and not recipe.foregrounds.network:
        raise FigureGroundError(
            'foregrounds.cutout = "network" names no network',
            "foregrounds.network is empty",
            'set foregrounds.network = "small" or a path, or cutout = "key" or "alpha"',
        )
    if needs_depth(recipe):
        stems = Counter(path.stem for path in backgrounds if path.stem in depth_of)
        for path in backgrounds:
            if stems[path.stem] > 1:
                raise FigureGroundError(
                    f"{stems[path.stem]} backgrounds are named {path.stem!r}, and one depth map",
                    _display(str(path), recipe.root),
                    "give photos with depth names of their own",
                )
    found = [Job("background", str(path), str(depth_of.get(path.stem, ""))) for path in backgrounds]
    return found + [Job("foreground", str(path)) for path in foregrounds]


def needs_depth(recipe: Recipe) -> bool:
    """Tell whether the catalog must hold the backgrounds' depth."""
    return recipe.depth.source in ("layered", "both") or recipe.placement.mode == "ground"


def estimates_depth(recipe: Recipe) -> bool:
    """Tell whether ingest runs the depth network: for the backgrounds' depth, or for the figures' relief."""
    return (needs_depth(recipe) and not recipe.backgrounds.depth) or _relief(recipe) == "network"


def _relief(recipe: Recipe) -> str:
    """Return the relief that foregrounds are prepared with: only figures that stand in layered depth have any."""
    standing = recipe.placement.mode == "ground" and recipe.depth.source in ("layered", "both")
    return recipe.depth.relief if standing else "flat"


def prepare_photo(recipe: Recipe, job: Job) -> Prepared:
    """Read and prepare one photo.  All that is wrong with it ends up in `reason`."""
    sha = ""
    try:
        data = photos.read_bytes(Path(job.path))
        sha = photos.sha256(data)
        if job.kind == "background":
            return _background(recipe, job, data, sha)
        photo = photos.decode(data, max(4 * recipe.size, 512))
        weights = cutout_weights(recipe.foregrounds.network, recipe.root)
        network = cutout_network(weights) if weights else None
        depth = estimator(recipe) if _relief(recipe) == "network" else None
        source = _display(job.path, recipe.root)
        files, fields, pixels = prepare.foreground(photo.pixels, recipe, source, sha, network, _relief(recipe), depth)
        return Prepared(sha, files, fields, photos.thumbprint(pixels), photo.notes)
    except SetAsideError as error:
        return Prepared(sha, reason=error.reason)


def _background(recipe: Recipe, job: Job, data: bytes, sha: str) -> Prepared:
    photo = photos.decode(data, 2 * recipe.size)
    picture, pixels, notes = prepare.background(photo.pixels, recipe)
    files, fields = {"picture": picture}, {"look": appearance.measure(pixels)}
    if needs_depth(recipe):
        estimated = not recipe.backgrounds.depth
        focal = recipe.depth.focal
        if estimated:
            depth = estimator(recipe)(pixels)
        else:
            if not job.depth:
                raise SetAsideError("no depth map with its stem in backgrounds.depth")
            values = read_depth(Path(job.depth), recipe.backgrounds.depth_unit)
            unit = recipe.backgrounds.depth_unit
            square = prepare.square_depth(values, photo.pixels.shape, recipe.size, recipe.backgrounds.fit)
            depth = with_unit(square, unit)
            focal = focal or prepare.canvas_focal(photo.focal, photo.pixels.shape, recipe.backgrounds.fit)
        more, said = prepare.depth_files(depth, pixels, recipe, estimated, focal)
        files |= more
        fields |= said
    return Prepared(sha, files, fields, photos.thumbprint(pixels), (*photo.notes, *notes, *_no_floor(fields)))


def _no_floor(fields: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"no usable floor: {fields['no_floor']}",) if fields.get("no_floor") else ()


def estimator(recipe: Recipe) -> Callable[[Picture], DepthMap]:
    """Return the recipe's depth network as a function of one picture; a worker keeps it between photos."""
    return _network(recipe_model(recipe), running(recipe)).estimate


@functools.lru_cache(maxsize=1)
def _network(model: DepthModel, how: Running) -> DepthNetwork:
    return open_network(model, how)


def ingest(recipe: Recipe, engine: Engine, store: Store, progress: Progress, strict: bool = False) -> Catalog:
    """Prepare every photo, save the used ones to the store and return the catalog.

    Exact copies and near-duplicates of an earlier photo are set aside.  Raises FigureGroundError when no background or
    no foreground is left, and for the first photo that is set aside where `strict`.
    """
    todo = jobs(recipe)
    digest = state(recipe)
    width = max(3, len(str(len(todo))))
    used: dict[str, list[Any]] = {"background": [], "foreground": []}
    aside: list[SetAside] = []
    notes: list[SetAside] = []
    seen = _Seen()
    for number, (job, prepared) in enumerate(_in_order(engine, recipe, todo)):
        progress("photos", number + 1, len(todo))
        source = _display(job.path, recipe.root)
        reason = prepared.reason or seen.twin(job.kind, source, prepared)
        if reason:
            if strict:
                raise FigureGroundError(
                    f"a photo cannot be used: {reason}", source, "mend or remove it, or run without --strict"
                )
            aside.append(SetAside(job.kind, source, reason))
            continue
        notes += [SetAside(job.kind, source, note) for note in prepared.notes]
        entries = used[job.kind]
        entries.append(_save(job.kind, len(entries) + 1, width, source, prepared, store))
    for kind, entries in used.items():
        if not entries:
            reasons = "; ".join(f"{a.source}: {a.reason}" for a in aside if a.kind == kind)[:400]
            raise FigureGroundError(
                f"no {kind} can be used", reasons, "see the reasons; `figureground check` lists them all"
            )
    networks = _networks(recipe, used["foreground"])
    catalog = Catalog(
        tuple(used["background"]), tuple(used["foreground"]), tuple(aside), tuple(notes), digest, networks
    )
    store.save(FILE, to_lines(catalog).encode())
    return catalog


def _networks(recipe: Recipe, foregrounds: list[Foreground]) -> tuple[Network, ...]:
    """Return the networks that the catalog was made with."""
    found = []
    weights = cutout_weights(recipe.foregrounds.network, recipe.root)
    if weights is not None and any(entry.cutout == "network" for entry in foregrounds):
        found.append(Network("cut-out", weights.name, file_sha256(weights)))
    if estimates_depth(recipe):
        model = recipe_model(recipe)
        found.append(Network("depth", model.path.name, model.sha256))
    return tuple(found)


def _in_order(engine: Engine, recipe: Recipe, todo: list[Job]) -> Iterator[tuple[Job, Prepared]]:
    """Yield (job, prepared) in the order of `todo`, whatever order the engine finishes in."""
    early: dict[int, Prepared] = {}
    expected = 0
    numbered = list(enumerate(todo))
    for outcome in engine.map(functools.partial(_prepare_numbered, recipe), numbered):
        if isinstance(outcome.error, FigureGroundError):
            raise outcome.error  # a network that does not load: no photo's fault
        number, _ = outcome.job
        early[number] = (
            outcome.value
            if outcome.error is None
            else Prepared(reason=f"preparation failed: {without_paths(outcome.error)}")
        )
        while expected in early:
            yield todo[expected], early.pop(expected)
            expected += 1


def _prepare_numbered(recipe: Recipe, numbered: tuple[int, Job]) -> Prepared:
    return prepare_photo(recipe, numbered[1])


def _save(kind: str, number: int, width: int, source: str, prepared: Prepared, store: Store) -> Background | Foreground:
    """Save a photo's files under its new name and return its entry."""
    name = f"{'bg' if kind == 'background' else 'fg'}{number:0{width}d}"
    picture, suffix = ("Background", "jpg") if kind == "background" else ("Foreground", "png")
    named = {"picture": f"{picture}/{name}.{suffix}", "mask": f"Mask/{name}.png"}
    named |= {role: f"{role.title()}/{name}.png" for role in ("depth", "floor", "relief")}
    for role, data in prepared.files.items():
        store.save(named[role], data)
    extra: dict[str, Any] = {}
    for role in ("depth", "floor", "relief"):
        if role in prepared.files:
            extra |= {f"{role}_file": named[role], f"{role}_sha256": photos.sha256(prepared.files[role])}
    extra |= {"sha256": photos.sha256(prepared.files["picture"])}
    extra |= {"source": source, "source_sha256": prepared.source_sha256}
    if kind == "background":
        return Background(id=name, file=named["picture"], **prepared.fields, **extra)
    return Foreground(id=name, file=named["picture"], mask_file=named["mask"], **prepared.fields, **extra)


def _display(path: str, root: Path) -> str:
    """Return a photo's name for people: relative to the recipe where it lies below it, else its last two parts."""
    resolved, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    name = resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else "/".join(resolved.parts[-2:])
    return os.fsencode(name).decode("utf-8", "replace")  # names that are no text in any encoding
