"""Mending a dataset: what is damaged is made anew, of recipe, photos and parts, and nothing else is touched."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from glob import has_magic
from pathlib import Path
from typing import Any

from figureground.core.damage import Damage
from figureground.core.engines import Engine, workforce
from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work
from figureground.core.files import user_path
from figureground.core.job import Inputs
from figureground.core.overlay import OverlayStore
from figureground.core.places import Place, place_of, store_at
from figureground.core.progress import Progress, silent, watched
from figureground.core.recipe_toml import to_toml
from figureground.core.store import Store, remove_empty
from figureground.dataset import labels, names, parts
from figureground.dataset.manifest import read_whole_manifest
from figureground.dataset.opening import Networks
from figureground.dataset.part_table import list_count, list_file
from figureground.dataset.versions import require_made_here, require_same_versions
from figureground.ingest import catalog as catalogs
from figureground.make import made_with
from figureground.make.about import About, about
from figureground.make.again import prepared_again
from figureground.make.finish import (
    SHEETS,
    file_facts,
    note_files,
    write_manifest,
    write_pages,
    write_tables,
)
from figureground.make.identity import identity_bytes, root_sha256
from figureground.make.labels_table import label_files
from figureground.make.manifest_files import put_manifest
from figureground.make.missing import making
from figureground.make.part_task import PartTask, make_part
from figureground.make.verify import Verdict, verdict_of
from figureground.networks.named import as_named

_OF_PARTS = {names.LABELS, names.STATISTICS, names.README, names.CROISSANT, names.MANIFEST}
_LABELS = f"{labels.FOLDER}/part-"


@dataclass(frozen=True)
class Repaired:
    """What a repair did: the damage that was found, the files that were made anew or removed, and what is still wrong,
    with the reasons why it could not be mended."""

    found: Verdict
    made: tuple[str, ...]
    left: Verdict
    why: tuple[str, ...]


def repair(
    dataset: Place,
    *,
    deep: bool = False,
    workers: int = 1,
    engine: Engine | None = None,
    progress: Progress | None = None,
    networks: Networks = (),
) -> Repaired:
    """Make anew what is damaged in a dataset, and look again.

    `networks`: as for `open_dataset`.  Raises FigureGroundError where there is no dataset, and where it is in use.
    """
    store, engine, named = store_at(dataset), workforce(engine, workers), as_named(networks)
    about(store)  # refuses what is no dataset, before anything is written
    with watched(progress) as report, at_work(store):
        before = verdict_of(store, deep, engine, report, named)
        if not deep and any(one.part in _OF_PARTS or str(one.part).startswith(_LABELS) for one in before.damage):
            # either they are damaged, or the parts that they are made of: only making these again tells
            deep = True
            before = verdict_of(store, deep, engine, report, named)
        if before.sound:
            return Repaired(before, (), before, ())
        made, why = _mended(_Mending(store, engine, report, named), before.damage)
        return Repaired(before, tuple(made), verdict_of(store, deep, engine, report, named), tuple(why))


@dataclass(frozen=True)
class _Mending:
    """A dataset that is mended, and what the work is done with."""

    store: Store
    engine: Engine
    progress: Progress
    networks: tuple[Path, ...]

    def about(self) -> About:
        """Return what the dataset says of itself by now."""
        return about(self.store, self.networks)


def _mended(mending: _Mending, damage: Sequence[Damage]) -> tuple[list[str], list[str]]:
    """Return the files that were made anew, and why others could not be."""
    files, made, why = {one.part for one in damage if one.part}, list[str](), list[str]()
    try:
        require_made_here(mending.store, "mending it")
    except FigureGroundError as error:
        return [], [_said(error)]
    for step in (_recipe, _build, _catalog, _parts, _strays):
        try:
            made += step(mending, files)
        except FigureGroundError as error:
            why.append(_said(error))
    try:
        made += _beside(mending, files, made, why)
    except FigureGroundError as error:
        why.append(_said(error))
    return list(dict.fromkeys(made)), list(dict.fromkeys(why))


def _said(error: FigureGroundError) -> str:
    return f"{error.what}; {error.remedy}" if error.remedy else error.what


def _recipe(mending: _Mending, files: Collection[str]) -> list[str]:
    """Write recipe.toml anew, where what it says is as it was."""
    if names.RECIPE not in files:
        return []
    store, one = mending.store, mending.about()
    if one.task is None:
        raise FigureGroundError(
            f"{names.RECIPE} cannot be made anew", store.name, "bring it back, or run its build command again"
        )
    store.write(names.RECIPE, to_toml(one.task.job.recipe).encode())
    return [names.RECIPE]


def _build(mending: _Mending, files: Collection[str]) -> list[str]:
    """Write build.json anew; where the recipe's paths start is looked for until it is as the manifest tells of it."""
    if names.BUILD not in files:
        return []
    store, one = mending.store, mending.about()
    if one.task is None:
        raise FigureGroundError(
            f"{names.BUILD} cannot be made anew", store.name, "bring it back, or run its build command again"
        )
    recorded = one.manifest.get("made_with") or one.build.get("made_with", {})
    said = (one.manifest.get("files") or {}).get(names.BUILD)
    text = store.read(names.BUILD).decode(errors="replace") if store.size(names.BUILD) is not None else ""
    found, digest = re.search(r'"root": "([^"]*)"', text), re.search(r'"root_sha256": "([0-9a-f]{16})"', text)
    for root in (*([found[1]] if found else []), "..", ".", "../..", ""):
        inputs = replace(one.task.job.inputs, root=Path(place_of(store)).absolute() / root)
        if digest[1] != root_sha256(root) if digest else not _photos_below(inputs):
            continue
        over = OverlayStore(store)
        data = identity_bytes(store, replace(one.task.job, inputs=inputs), one.task.identity, recorded)
        over.write(names.BUILD, data)
        if said is None or file_facts(over, names.BUILD) == said:
            store.write(names.BUILD, data)
            return [names.BUILD]
    raise FigureGroundError(
        f"where the recipe's paths start, which {names.BUILD} says, is lost", store.name, "run its build command again"
    )


def _photos_below(inputs: Inputs) -> bool:
    """Tell whether all that a recipe names is there, if its paths start where they are taken to."""
    paths = [path for source in inputs.backgrounds for path in source.paths]
    paths += [path for source in inputs.foregrounds for path in source.paths]
    return all(user_path(path, inputs.root).exists() for path in paths if not has_magic(path))


def _catalog(mending: _Mending, files: Collection[str]) -> list[str]:
    """Prepare the photos again where a file of the catalog is damaged that the parts stand on."""
    sheets = {f"{names.CATALOG}/{sheet}" for sheet in SHEETS}
    broken = {file for file in files if file.startswith(f"{names.CATALOG}/")} - sheets
    if not broken:
        return []
    written = prepared_again(mending.store, mending.engine, mending.progress, mending.networks)
    return [name for name in written if name in files or name == f"{names.CATALOG}/{catalogs.FILE}"]


def _task_of(one: About) -> PartTask:
    if one.task is None:
        raise FigureGroundError(
            f"what would make it is not known: {one.why_no_task}",
            one.store.name,
            "run its build command again, or build it anew",
        )
    return one.task


def _parts(mending: _Mending, files: Collection[str]) -> list[str]:
    """Make the broken parts anew."""
    store, one = mending.store, mending.about()
    if not any(file.startswith((f"{parts.FOLDER}/", f"{parts.STATE}/")) for file in files):
        return []
    require_same_versions(store, "making parts anew")
    task = _task_of(one)
    broken = [n for n in range(task.count) if parts.part_file(n) in files or parts.sidecar(n) in files]
    if not broken:
        return []
    before = one.build.get("made_with", {})
    where = f"{store.name}/{names.BUILD}"
    made_with.require_libraries(before, task.job, task.job.layers, where, "or build into another folder")
    for number in broken:
        store.delete(parts.sidecar(number))
    with making(task, functools.partial(make_part, task), mending.engine, mending.progress) as (outcomes, note):
        for outcome in outcomes:
            note(outcome)
    return [parts.part_file(number) for number in broken]


def _stray(one: About, files: Collection[str]) -> list[str]:
    """Return, of damaged files, those that no dataset has, though they are named as its own would be."""
    if one.task is None:
        return []
    count = one.task.count
    own = {parts.part_file(n) for n in range(count)} | {parts.sidecar(n) for n in range(count)}
    own |= {list_file(k) for k in range(list_count(count))} | set(label_files(count))
    ours = (f"{parts.FOLDER}/part-", f"{parts.STATE}/part-", f"{parts.STATE}/list-", _LABELS)
    return sorted(file for file in files if file.startswith(ours) and file not in own)


def _strays(mending: _Mending, files: Collection[str]) -> list[str]:
    """Remove parts and sidecars beyond the last."""
    found = _stray(mending.about(), files)
    for name in found:
        mending.store.delete(name)
    return found


def _beside(mending: _Mending, files: Collection[str], made: Collection[str], why: list[str]) -> list[str]:
    """Write what stands beside the parts, where it is another than it would be, or was damaged.

    `made`: files that were made anew; of others that nothing here makes, the manifest goes on to say what it said.
    `why`: takes why report and contact sheets could not be drawn.
    """
    store, one, written = mending.store, mending.about(), list[str]()
    task = _task_of(one)
    if one.catalog is None:
        raise FigureGroundError("the catalog is damaged", store.name, "bring its photos back and try again")
    over = OverlayStore(store)
    again = PartTask(task.job, over, task.identity, task.samples)
    data = write_tables(again, one.catalog, silent)
    try:
        write_pages(again, one.catalog, data)
    except FigureGroundError as error:
        why.append(_said(error))
    write_manifest(over, data.manifest, one.catalog)
    put_manifest(over, _manifest(one, over, made))
    for name, content in over.written.items():
        there = store.size(name) is not None
        if (there and store.read(name) == content) or (there and name not in files and not one.same_code):
            continue
        store.write(name, content)
        written.append(name)
    for name in store.list(_LABELS):
        if over.size(name) is None:  # what a part came with that was made anew stands in labels.csv now
            store.delete(name)
    remove_empty(store, labels.FOLDER)
    if not one.same_code:
        note_files(store, [name for name in written if name != names.MANIFEST])
    return written


def _manifest(one: About, over: OverlayStore, made: Collection[str]) -> dict[str, Any]:
    """Return the manifest of a mended dataset."""
    manifest = read_whole_manifest(over)
    for name, said in (one.manifest.get("files") or {}).items():
        mended = name in made or name in over.written or name.startswith(f"{parts.STATE}/")
        if not mended and name in manifest["files"]:
            manifest["files"][name] = said
    return manifest
