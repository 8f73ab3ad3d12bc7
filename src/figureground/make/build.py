"""Recipe and photos -> finished dataset: claim the folder, load or prepare the catalog, make missing parts, finish.

The same call again finishes what is missing.  What the parts are made from is fixed in `build.json` before the first of
them; a recipe, photo or network that no longer agrees is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from figureground.core.engines import Engine, workforce
from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Background, Catalog, Foreground
from figureground.core.places import Place, place_of, store_at
from figureground.core.progress import Progress, watched
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import as_recipe
from figureground.core.store import Store, move, remove
from figureground.dataset import names, parts
from figureground.ingest import catalog as catalogs
from figureground.ingest.ingest import ingest
from figureground.ingest.inputs import photos_of
from figureground.ingest.state import state
from figureground.make import made_with
from figureground.make.begin import begin
from figureground.make.cost import require_space
from figureground.make.finish import finish
from figureground.make.identity import build_id, claim, refuse_changes
from figureground.make.missing import making
from figureground.make.part_task import PartTask, make_part
from figureground.make.shard import WHOLE, Shard, note_shard
from figureground.make.taken_over import say_made_anew, unlike_manifest, without_damaged_parts
from figureground.networks.registry import require_canvas
from figureground.networks.weights import difference
from figureground.plan import plan
from figureground.resolve import resolve

_NEXT = "catalog-next"  # where a catalog is prepared before it takes its place


@dataclass(frozen=True)
class _Way:
    """How a build is done: by which engine, who is told, and what of it; see `build`."""

    engine: Engine
    progress: Progress | None
    strict: bool = False
    fresh: bool = False
    making: bool = True
    shard: Shard | None = None


@overload
def build(
    recipe: Recipe | Path | str,
    out: Path | FolderStore,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    strict: bool = False,
    fresh: bool = False,
    catalog_only: bool = False,
    progress: Progress | None = None,
) -> Path: ...
@overload
def build(
    recipe: Recipe | Path | str,
    out: Place,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    strict: bool = False,
    fresh: bool = False,
    catalog_only: bool = False,
    progress: Progress | None = None,
) -> Path | str: ...
def build(
    recipe: Recipe | Path | str,
    out: Place,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    strict: bool = False,
    fresh: bool = False,
    catalog_only: bool = False,
    progress: Progress | None = None,
) -> Path | str:
    """Build the dataset at `out`, or finish it, and return `out`.

    `recipe`: a Recipe, or the path of a recipe file.  `out`: a folder, or an address of object storage, "s3://bucket/x"
    (docs/object-storage.md); what is written to a folder is on the disk, whatever happens to the power, before it
    counts as finished, unless it is given as FolderStore(folder, durable=False).
    `workers`: processes that make parts side by side, 0 for one a core; 1 works in this process.  `engine`: another
    way to do the work, in place of `workers`.  `strict` ends at the first photo that cannot be used.  `fresh` discards
    parts that were made under another recipe or from other photos, instead of refusing.  `catalog_only` stops before
    the parts: what is there then serves `open_dataset(out, virtual=True)`.  `progress` None shows bars on a terminal
    or in a notebook.
    Raises FigureGroundError for a problem that the user can mend; parts that were finished stay.
    """
    way = _Way(workforce(engine, workers), progress, strict=strict, fresh=fresh, making=not catalog_only)
    return _build(recipe, store_at(out), way)


def build_shard(
    recipe: Recipe | Path | str,
    out: Place,
    shard: Shard,
    *,
    workers: int = 1,
    engine: Engine | None = None,
    strict: bool = False,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Path | str:
    """Make one shard of a dataset at `out`, or finish it, and return `out`: what `merge` takes.

    All but `shard` is as for `build`.  Raises FigureGroundError for a problem that the user can mend.
    """
    way = _Way(workforce(engine, workers), progress, strict=strict, fresh=fresh, shard=shard)
    return _build(recipe, store_at(out), way)


def _build(recipe: Recipe | Path | str, store: Store, way: _Way) -> Path | str:
    job = resolve(as_recipe(recipe))
    require_canvas(job)
    claim(store, job.recipe)
    with at_work(store), watched(way.progress) as report:
        if not way.fresh:
            refuse_changes(store, job.recipe)
        damaged = unlike_manifest(store)
        catalog = load_or_ingest(store, job, way.engine, report, strict=way.strict, fresh=way.fresh)
        samples = plan.count(job.placing, catalog)
        task = PartTask(job, store, build_id(job, catalog), samples, way.shard or WHOLE)
        if way.making:
            without_damaged_parts(task, way.engine, report)
        begin(task, making=way.making, fresh=way.fresh)
        if not way.making and (task.missing() or store.size(names.MANIFEST) is None):
            return place_of(store)
        say_made_anew(damaged)
        if missing := task.missing():
            require_space(task, catalog, missing)
            with making(task, functools.partial(make_part, task), way.engine, report) as (outcomes, note):
                for outcome in outcomes:
                    note(outcome)
        if way.shard is None:
            finish(task, catalog, report)
        elif store.size(names.MANIFEST) is None:
            note_shard(store, way.shard)
    return place_of(store)


def check(
    recipe: Recipe | Path | str, *, workers: int = 1, engine: Engine | None = None, progress: Progress | None = None
) -> Catalog:
    """Return the catalog that a recipe's photos would become: what is used, what is set aside, and why.

    Works in memory and writes nothing, but prepared photos where the recipe has a `cache`.
    """
    engine, job = workforce(engine, workers), resolve(as_recipe(recipe))
    require_canvas(job)
    with watched(progress) as report:
        return ingest(job, engine, MemoryStore(), report)


def load_or_ingest(store: Store, job: Job, engine: Engine, progress: Progress, *, strict: bool, fresh: bool) -> Catalog:
    """Return the catalog in a dataset, prepared anew where the photos or their knobs have changed.

    Raises FigureGroundError where that would change what finished parts were made from, unless `fresh`.
    """
    _end_exchange(store)
    before = _whole_catalog(store)
    unchanged = before is not None and before.state == state(job, photos_of(job).photos)
    remove(store, _NEXT)
    if before is not None and unchanged and not (strict and before.set_aside):
        return before
    try:
        after = ingest(job, engine, store.below(_NEXT), progress, strict)
        if before is not None and not fresh and parts.any_part(store):
            _refuse_other_photos(before, after, store)
        if before is None or catalogs.digest(before) != catalogs.digest(after):
            store.delete(names.MANIFEST)  # which speaks of the old one
        move(store, _NEXT, names.CATALOG, last=catalogs.FILE)
    finally:
        remove(store, _NEXT)
    return after


def _end_exchange(store: Store) -> None:
    """Bring an exchange of catalogs to its end, if one was stopped in its midst: the old one is gone, the new whole."""
    last = catalogs.FILE
    if store.size(f"{names.CATALOG}/{last}") is None and store.size(f"{_NEXT}/{last}") is not None:
        move(store, _NEXT, names.CATALOG, last)


def _whole_catalog(dataset: Store) -> Catalog | None:
    """Return the catalog in a dataset; None where there is none, it is damaged, or its files are not what it and the
    manifest say."""
    store = dataset.below(names.CATALOG)
    try:
        catalog = catalogs.load_catalog(store)
    except FigureGroundError:
        return None
    if lost := list(catalogs.damaged(catalog, store)):
        say_made_anew([f"{names.CATALOG}/{name}" for name in lost])
        return None
    return None if f"{names.CATALOG}/{catalogs.FILE}" in unlike_manifest(dataset) else catalog


def _refuse_other_photos(before: Catalog, after: Catalog, store: Store) -> None:
    if catalogs.digest(before) != catalogs.digest(after):
        raise FigureGroundError(
            _difference(before, after, made_with.changes(names.read_identity(store).get("made_with", {}))),
            f"{store.name}/{names.CATALOG}",
            "restore them, discard the parts made so far with --fresh, or build into another folder: "
            "open_dataset([ONE, OTHER]) reads several as one",
        )


def _difference(before: Catalog, after: Catalog, libraries: Sequence[str]) -> str:
    old, new = _contents(before), _contents(after)
    changes = [f"{name} is new" for name in new if name not in old]
    why = {photo.source: f"now set aside ({photo.reason})" for photo in after.set_aside}
    changes += [f"{name} is {why.get(name, 'gone')}" for name in old if name not in new]
    changes += [f"{name} has {_other(old[name], new[name])}" for name in new if name in old and new[name] != old[name]]
    if changes:
        more = f" and {len(changes) - 5} more" if len(changes) > 5 else ""
        return "the photos have changed since this dataset was begun: " + ", ".join(changes[:5]) + more
    networks = [
        f"of the {use} network {line}" for use in ("cut-out", "depth") for line in _networks(before, after, use)
    ]
    return "the photos are prepared differently since this dataset was begun: " + (
        ", ".join(networks or libraries) or "another network's card, or another version of what prepares them"
    )


def _networks(before: Catalog, after: Catalog, use: str) -> list[str]:
    """Return what became of the files of the networks that prepare photos."""
    old, new = ([(n.file, n.sha256) for n in one.networks if n.use == use] for one in (before, after))
    return difference(old, new)


_SAID = ("class_name", "class_id", "source_number", "tag", "licence", "credit", "group")


def _contents(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Return the sha256 of each photo, and what is known of it beside its pixels, by its name."""
    photos: list[Background | Foreground] = [*catalog.backgrounds, *catalog.foregrounds]
    return {p.source: (p.source_sha256, *(str(getattr(p, name, "")) for name in _SAID)) for p in photos}


def _other(old: Sequence[str], new: Sequence[str]) -> str:
    """Return what of a photo differs, in a word: its pixels, or the first of the other things that are known of it."""
    names = ("other content", *(f"another {name.split('_')[0]}" for name in _SAID))
    return next(name for name, was, now in zip(names, old, new, strict=True) if was != now)
