"""Fixing what the parts of a dataset are made from, before the first of them; or holding to what was fixed."""

from __future__ import annotations

import json
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.job import Job
from figureground.core.recipe_toml import content
from figureground.dataset import labels, names, parts
from figureground.dataset.network_facts import network_changes
from figureground.dataset.versions import VERSIONS
from figureground.make import made_with
from figureground.make.identity import endless, write_identity
from figureground.make.part_task import PartTask
from figureground.make.shard import WHOLE


def begin(task: PartTask, *, making: bool, fresh: bool) -> None:
    """Write what the parts are made from, or check that it is what it was; `fresh` discards others.

    `making`: parts that are missing are to be made, so libraries that may change their bytes are held to.
    """
    store, before = task.store, names.read_identity(task.store)
    recorded = before.get("made_with", {})
    try:
        _require_same(task, before, making)
    except FigureGroundError:
        if not fresh:
            raise
        store.delete(names.MANIFEST)
        for folder in (parts.FOLDER, parts.STATE, labels.FOLDER):
            for name in store.list(f"{folder}/part-"):
                store.delete(name)
    if task.shard == WHOLE:
        store.delete(names.SHARD)
    missing, any_finished = task.missing(), task.any_finished()
    manifest = names.read_json(store, names.MANIFEST)
    if (manifest.get("build_id"), manifest.get("samples")) != (task.identity, task.samples):
        # it speaks of other parts: without it the folder is not taken for a finished dataset
        store.delete(names.MANIFEST)
    store.delete(names.REDEPTH)
    if not any_finished:
        recorded = made_with.versions(task.job)
    elif missing and making and recorded:
        recorded = made_with.joined(recorded, made_with.versions(task.job))
    write_identity(store, task.job, task.identity, recorded)


def _require_same(task: PartTask, before: dict[str, Any], making: bool) -> None:
    """Raise FigureGroundError where parts that are there and those to be made would not be of one dataset."""
    store = task.store
    if not parts.any_part(store):
        return
    where = f"{store.name}/{names.BUILD}"
    if before.get("build_id") != task.identity:
        raise FigureGroundError(
            f"the finished parts were made from something else: {what_differs(before, task.job)}",
            where,
            "restore it, build into another folder, or discard the parts made so far with --fresh",
        )
    if making and task.missing() and task.any_finished():
        ways_out = "discard the parts made so far with --fresh, or build into another folder"
        made_with.require_libraries(before.get("made_with", {}), task.job, task.job.layers, where, ways_out)


def what_differs(before: dict[str, Any], job: Job) -> str:
    """Return what of a job is another than the build.json of another build id says, in words.

    The id is of four things.  Where three of them are as they were, it is the fourth: the prepared photos.
    """
    if not isinstance(before.get("recipe"), dict):
        return f"{names.BUILD} does not say of what"
    here = {**VERSIONS, "recipe": json.loads(json.dumps(content(job.recipe)))}
    changes = what_was_other(before, here)
    was = before.get("depth_model")
    if job.depth.on_composites and job.depth.model is not None:
        changes += network_changes(was, job.depth.model) if isinstance(was, dict) else ["another depth network"]
    return ", ".join(changes) or f"photos that were prepared otherwise ({_how(before)})"


def what_was_other(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return which versions and knobs of two build.json differ."""
    changes = [
        f"{name} version {before.get(name, 1)}, not {after.get(name, 1)}"
        for name in VERSIONS
        if before.get(name, 1) != after.get(name, 1)
    ]
    old, new = endless(before["recipe"]), endless(after["recipe"])
    return changes + [
        f"{key}: {old.get(key)!r} -> {new.get(key)!r}" for key in {**old, **new} if old.get(key) != new.get(key)
    ]


def _how(before: dict[str, Any]) -> str:
    libraries = ", ".join(made_with.changes(before.get("made_with", {})))
    return libraries or "by another version of figureground, or the catalog was changed by hand"
