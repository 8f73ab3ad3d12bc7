"""What a dataset is made from: its build id, build.json, and refusing to mix two of them in one folder."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from figureground import __version__
from figureground.core.card import meaning
from figureground.core.errors import FigureGroundError
from figureground.core.faults import cannot_write, require_writable
from figureground.core.files import code_sha256
from figureground.core.folder_store import FolderStore, is_file_instead
from figureground.core.job import Job
from figureground.core.nouns import Catalog
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import changed_keys, content, to_toml
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.dataset.network_facts import network_json
from figureground.dataset.versions import VERSIONS, require_made_here, require_same_versions
from figureground.ingest.catalog import digest
from figureground.make.made_with import MadeWith


def build_id(job: Job, catalog: Catalog) -> str:
    """Return the digest of everything that decides the bytes of samples, names of files left out.

    How many samples there are does not count: sample k is the same however many follow it, so a dataset can grow.
    """
    model = job.depth.model if job.depth.on_composites else None
    depth = [model.sha256, meaning(model.card)] if model else None
    about = [VERSIONS, endless(content(job.recipe)), digest(catalog), depth]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def endless(content: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe's content without the number of samples; the order of "all" is another than that of a number."""
    return content | {"placement.samples": "all" if content.get("placement.samples") == "all" else "some"}


def describe(job: Job, identity: str, made_with: MadeWith) -> dict[str, Any]:
    """Return what build.json says of what the parts are made from, and with; the manifest repeats it."""
    model = job.depth.model
    return {
        "build_id": identity,
        **VERSIONS,
        "figureground": __version__,
        "code": code_sha256(),
        "made_with": dict(made_with),
        "recipe": content(job.recipe),
        "depth_model": network_json(model) if model else None,
    }


def write_identity(store: Store, job: Job, identity: str, made_with: MadeWith) -> None:
    """Write recipe.toml and build.json.

    The root of the recipe's relative paths is recorded as seen from the dataset, so that its own recipe works where
    both are moved together.
    """
    store.write(names.RECIPE, to_toml(job.recipe).encode())
    store.write(names.BUILD, identity_bytes(store, job, identity, made_with))


def root_sha256(root: str) -> str:
    """Return what tells that the root in build.json is the one that was written; no other file repeats it."""
    return hashlib.sha256(root.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def identity_bytes(store: Store, job: Job, identity: str, made_with: MadeWith) -> bytes:
    """Return build.json."""
    root = relative_root(store, job.inputs.root)
    about = {**describe(job, identity, made_with), "root": root, "root_sha256": root_sha256(root)}
    return json.dumps(about, indent=1).encode()


def relative_root(store: Store, root: Path) -> str:
    """Return a folder as seen from a dataset, with /; "" where there is no way to it."""
    if not isinstance(store, FolderStore):
        return ""
    try:
        return Path(os.path.relpath(root, store.folder.absolute())).as_posix()
    except ValueError:  # another drive
        return ""


def claim(store: Store, recipe: Recipe) -> None:
    """Check, before any work, that a store can be written and is ours, and mark it as ours.

    Raises FigureGroundError where it holds other things or cannot be written.
    """
    if is_file_instead(store):
        raise FigureGroundError("the output is a file, not a folder", store.name, "give a folder's name")
    try:
        if not names.is_begun(store):
            there = store.list()
            if there and not names.is_begun(store):  # nor was it begun meanwhile, by a build that the lock tells of
                remedy = "give a new or empty folder"
                if store.size(names.RECIPE) is not None:
                    remedy += ": that one is a recipe's, which comes first (figureground build RECIPE OUT)"
                raise FigureGroundError("the output folder holds other things", store.name, remedy)
            if not there:
                store.create(names.BUILD, json.dumps(VERSIONS).encode())
        if store.size(names.RECIPE) is None:
            store.write(names.RECIPE, to_toml(recipe).encode())
    except OSError as error:
        raise cannot_write(store, error) from None
    require_writable(store)


def refuse_changes(store: Store, recipe: Recipe) -> None:
    """Raise FigureGroundError where there are parts that were made under another recipe, or elsewhere."""
    require_made_here(store, "building")
    if not parts.any_part(store):
        return
    require_same_versions(store, "going on with it")
    before = names.recipe_in(store)
    if changed := [line for line in changed_keys(before, recipe) if not _grows(before, recipe, line)]:
        raise FigureGroundError(
            "the recipe has changed since this dataset was begun: " + "; ".join(changed),
            f"{store.name}/{names.RECIPE}",
            "undo the change, discard the parts made so far with --fresh, or build into another folder: "
            "open_dataset([ONE, OTHER]) reads several as one",
        )


def _grows(before: Recipe, after: Recipe, line: str) -> bool:
    """Tell whether a line of `changed_keys` is a greater number of samples, which keeps all that there are."""
    old, new = before.placement.samples, after.placement.samples
    return line.startswith("placement.samples: ") and isinstance(old, int) and isinstance(new, int) and new > old
