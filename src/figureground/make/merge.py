"""Shards -> one dataset: their parts together, each as it is, and all that stands beside the parts made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work, bytes_said
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import Catalog
from figureground.core.places import Place, place_of, store_at
from figureground.core.progress import Progress, watched
from figureground.core.recipe_toml import changed_keys
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.dataset.labels import labels_file
from figureground.dataset.parts import PartInfo
from figureground.dataset.versions import require_same_versions
from figureground.ingest import catalog as catalogs
from figureground.make import made_with
from figureground.make.begin import what_was_other
from figureground.make.finish import finish
from figureground.make.identity import claim, relative_root, root_sha256
from figureground.make.labels_table import came_with
from figureground.make.part_task import PartTask
from figureground.make.shard import Shard, shard_in
from figureground.plan import plan
from figureground.resolve import resolve

_NAMED = 8  # parts that a message names


@dataclass(frozen=True)
class _Found:
    """A shard's folder: its build.json, and the numbers of the parts that lie in it."""

    store: Store
    about: dict[str, Any]
    numbers: tuple[int, ...]


@overload
def merge(shards: Sequence[Place], out: Path | FolderStore, *, progress: Progress | None = None) -> Path: ...
@overload
def merge(shards: Sequence[Place], out: Place, *, progress: Progress | None = None) -> Path | str: ...
def merge(shards: Sequence[Place], out: Place, *, progress: Progress | None = None) -> Path | str:
    """Put the shards of a dataset together at `out`, which becomes what one machine would have built there.

    Parts are copied, and held to their hashes; shards are not changed.  Neither photos nor networks are needed.  The
    same call again goes on where it was stopped.  Raises FigureGroundError, with nothing written, for what is no shard,
    for shards of other builds, versions or libraries, for parts that are missing or in two of them; and for a part that
    is damaged.
    """
    store = store_at(out)
    found = [_found(store_at(one)) for one in shards]
    _require_apart(found, store)
    first = _alike(found)
    recipe = names.recipe_in(first.store)
    job, catalog = resolve(recipe, made=True), _catalog(found)
    task = PartTask(job, store, first.about["build_id"], plan.count(job.placing, catalog))
    whose = _whose(found, task)
    claim(store, recipe)
    with at_work(store), watched(progress) as report:
        _require_ours(task)
        _require_room(task, whose)
        _begin(task, found)
        for done, (number, shard) in enumerate(sorted(whose.items()), 1):
            _copy_part(shard.store, task, number)
            report("parts", done, task.count)
        finish(task, catalog, report)
    return place_of(store)


def finished_parts(store: Store) -> tuple[int, int]:
    """Return how many parts of its dataset a shard's folder holds, and how many the dataset has."""
    about, recipe = names.read_json(store, names.BUILD), names.recipe_in(store)
    catalog = catalogs.load_catalog(store.below(names.CATALOG))
    job = resolve(recipe, made=True)
    task = PartTask(job, store, str(about.get("build_id")), plan.count(job.placing, catalog))
    return task.count - len(task.missing()), task.count


def _found(store: Store) -> _Found:
    """Return what is in a shard's folder.  Raises FigureGroundError where it is none, or has other versions."""
    if not names.is_begun(store):
        raise FigureGroundError("no shard here", store.name, "give a folder that `figureground build --shard` wrote")
    require_same_versions(store, "merging")
    about = names.read_json(store, names.BUILD)
    if not about.get("build_id"):
        raise FigureGroundError("the shard is not finished", store.name, "run its build command again to finish it")
    zips = [name.removeprefix(f"{parts.FOLDER}/part-").removesuffix(".zip") for name in _zips(store)]
    if odd := [text for text in zips if not text.isdecimal()]:
        raise FigureGroundError("a part has no number", f"{store.name}/{parts.FOLDER}/part-{odd[0]}.zip", "remove it")
    return _Found(store, about, tuple(sorted(map(int, zips))))


def _zips(store: Store) -> list[str]:
    return [name for name in store.list(f"{parts.FOLDER}/part-") if name.endswith(".zip")]


def _require_apart(found: Sequence[_Found], out: Store) -> None:
    """Raise FigureGroundError where a folder is given twice, or there is nothing to merge."""
    if not found:
        raise FigureGroundError("nothing to merge", "merge", "name the folders of all shards")
    seen = {_resolved(out): "the output"}
    for one in found:
        place = _resolved(one.store)
        if place in seen:
            raise FigureGroundError(
                f"this folder is {seen[place]}, too", one.store.name, "name each shard once, and a new folder for all"
            )
        seen[place] = "a shard that was named before"


def _resolved(store: Store) -> Path | str:
    """Return what two names of one place have in common."""
    return store.folder.resolve() if isinstance(store, FolderStore) else store.name


def _alike(found: Sequence[_Found]) -> _Found:
    """Return the first shard.  Raises FigureGroundError, naming what differs, where another is of another build."""
    first = found[0]
    recipe, catalog = names.recipe_in(first.store), catalogs.load_catalog(first.store.below(names.CATALOG))
    libraries: made_with.MadeWith = first.about.get("made_with", {})
    job = resolve(recipe, made=True)
    for one in found[1:]:
        said = f"{one.store.name} and {first.store.name}"
        other = names.recipe_in(one.store)
        changes = changed_keys(recipe, other)
        if one.about["build_id"] != first.about["build_id"]:
            told = (
                changes
                or what_was_other(first.about, one.about)
                or _photos(
                    catalog,
                    catalogs.load_catalog(one.store.below(names.CATALOG)),
                    libraries,
                    one.about.get("made_with", {}),
                )
            )
            raise FigureGroundError(
                f"these are shards of two datasets: {', '.join(told)}", said, "leave one out, or build it again alike"
            )
        if changes:  # how many samples there are is no part of the build id
            raise FigureGroundError(
                f"the shards were built for two numbers of samples: {', '.join(changes)}",
                said,
                "run the build of the smaller one again, with the greater number",
            )
        libraries_there = one.about.get("made_with", {})
        if unlike := made_with.unlike(libraries, libraries_there, job):
            raise FigureGroundError(
                f"the shards were made with other libraries: {', '.join(unlike)}",
                said,
                "build one of them again, with --fresh, with the other's versions",
            )
    return first


def _photos(before: Catalog, after: Catalog, libraries: made_with.MadeWith, others: made_with.MadeWith) -> list[str]:
    """Return what of two catalogs differs: photos, or what they were prepared with."""
    was, now = (
        dict(
            [
                *((b.source, b.source_sha256) for b in one.backgrounds),
                *((f.source, f.source_sha256) for f in one.foregrounds),
            ]
        )
        for one in (before, after)
    )
    changes = [f"only one has {name}" for name in {**was, **now} if (name in was) != (name in now)]
    changes += [f"{name} has other content" for name in was if name in now and was[name] != now[name]]
    if changes:
        return changes[:5] + ([f"and {len(changes) - 5} more"] if len(changes) > 5 else [])
    names_of = sorted({*libraries, *others})
    unlike = [
        f"{name} {libraries.get(name, 'none')} and {others.get(name, 'none')}"
        for name in names_of
        if libraries.get(name) != others.get(name)
    ]
    return [f"photos that were prepared otherwise ({', '.join(unlike) or 'another version of figureground'})"]


def _catalog(found: Sequence[_Found]) -> Catalog:
    return catalogs.load_catalog(_whole_catalog(found))


def _whole_catalog(found: Sequence[_Found]) -> Store:
    """Return the catalog of the first shard whose is whole.  Raises FigureGroundError where none is."""
    for one in found:
        store = one.store.below(names.CATALOG)
        if catalogs.is_whole(catalogs.load_catalog(store), store):
            return store
    raise FigureGroundError(
        "the catalog is damaged in every shard", found[0].store.name, "run its build command again: it mends it"
    )


def _whose(found: Sequence[_Found], task: PartTask) -> dict[int, _Found]:
    """Return which shard each part is taken from.  Raises FigureGroundError for parts that are missing, not finished,
    in two shards, or none of the dataset's."""
    whose: dict[int, _Found] = {}
    for one in found:
        for number in one.numbers:
            where, name = f"{one.store.name}/{parts.part_file(number)}", f"part {number}"
            if number >= task.count:
                raise FigureGroundError(
                    f"the dataset has {task.count} parts, and this is {name}", where, "remove it, with its state file"
                )
            if number in whose:
                raise FigureGroundError(
                    f"{name} is in two shards",
                    f"{where} and {whose[number].store.name}",
                    "leave one of them out, or remove the part from one of them",
                )
            if _info(one.store, task, number) is None:
                raise FigureGroundError(
                    f"{name} is not finished, or of another build", where, "run that shard's build command again"
                )
            whose[number] = one
    if gaps := [number for number in range(task.count) if number not in whose]:
        raise _gaps(gaps, task.count, found)
    return whose


def _info(store: Store, task: PartTask, number: int) -> PartInfo | None:
    """Return what a shard says of a finished part of the dataset."""
    info = parts.read_info(store, number, task.identity)
    return info if info is not None and info.samples == len(task.indices(number)) else None


def _gaps(gaps: Sequence[int], count: int, found: Sequence[_Found]) -> FigureGroundError:
    said = ", ".join(map(str, gaps[:_NAMED])) + (", ..." if len(gaps) > _NAMED else "")
    known = [shard for one in found if (shard := shard_in(one.store)) is not None]
    remedy = "name the folders of all shards, or build those that are missing"
    if len({shard.of for shard in known}) == 1:
        of = known[0].of
        lacking = sorted({number % of + 1 for number in gaps})
        shards = ", ".join(str(Shard(number, of)) for number in lacking)
        remedy = f"build what is missing (--shard {shards}), or name its folder, too"
    where = ", ".join(one.store.name for one in found)
    return FigureGroundError(f"{len(gaps)} of {count} parts are missing: {said}", where, remedy)


def _require_ours(task: PartTask) -> None:
    """Raise FigureGroundError where the output holds parts of another dataset."""
    there = names.read_json(task.store, names.BUILD).get("build_id", task.identity)
    if there != task.identity and parts.any_part(task.store):
        raise FigureGroundError(
            "the output holds parts of another dataset", task.store.name, "give a new or empty folder"
        )


def _require_room(task: PartTask, whose: dict[int, _Found]) -> None:
    """Raise FigureGroundError where the disk is too small for the parts that are still to be copied."""
    missing, free = task.missing(), task.store.free_bytes()
    needed = sum(whose[number].store.size(parts.part_file(number)) or 0 for number in missing)
    if free is not None and needed > free:
        raise FigureGroundError(
            f"the disk is too small: {bytes_said(needed)} are needed, {bytes_said(free)} are free",
            task.store.name,
            "free some space, or choose another disk",
        )


def _begin(task: PartTask, found: Sequence[_Found]) -> None:
    """Copy the catalog, and write what the parts are made from, and with."""
    store, first = task.store, found[0].store
    manifest = names.read_json(store, names.MANIFEST)
    if (manifest.get("build_id"), manifest.get("samples")) != (task.identity, task.samples):
        store.delete(names.MANIFEST)
    store.delete(names.SHARD)
    source, target = _whole_catalog(found), store.below(names.CATALOG)
    if target.size(catalogs.FILE) is None or not catalogs.is_whole(catalogs.load_catalog(target), target):
        store.delete(names.MANIFEST)
        for name in [*(name for name in source.list() if name != catalogs.FILE), catalogs.FILE]:
            target.write(name, source.read(name))
    about = dict(found[0].about)
    for one in found[1:]:
        about["made_with"] = made_with.joined(about.get("made_with", {}), one.about.get("made_with", {}))
    about["root"] = relative_root(store, task.job.recipe.root)
    about["root_sha256"] = root_sha256(about["root"])
    store.write(names.RECIPE, first.read(names.RECIPE))
    store.write(names.BUILD, json.dumps(about, indent=1).encode())


def _copy_part(source: Store, task: PartTask, number: int) -> None:
    """Copy a part that is not there, its state before it.  Raises FigureGroundError where it is damaged."""
    if task.finished(number) is not None:
        return
    info = _info(source, task, number)
    name = parts.part_file(number)
    with task.store.writing(name) as file:
        digest = hashlib.sha256()
        for chunk in _chunks(source, name):
            digest.update(chunk)
            file.write(chunk)
        if info is None or digest.hexdigest() != info.sha256:
            raise FigureGroundError(
                f"part {number} is damaged: its bytes are not those that its state file vouches for",
                f"{source.name}/{name}",
                "remove it and run that shard's build command again, then this one",
            )
        if (table := came_with(source, info)) is not None:
            task.store.write(labels_file(number), table)
        task.store.write(parts.sidecar(number), source.read(parts.sidecar(number)))


def _chunks(store: Store, name: str) -> Iterator[bytes]:
    with store.open(name) as file:
        while chunk := file.read(1 << 20):
            yield chunk
