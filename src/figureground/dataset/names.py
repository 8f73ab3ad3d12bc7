"""The names of a dataset's files, and reading those that say what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import parse
from figureground.core.store import Store
from figureground.core.texts import has_controls
from figureground.core.typed import parsed_object, typed

RECIPE = "recipe.toml"
BUILD = "build.json"
MANIFEST = "manifest.json"  # written last: a dataset with a manifest is finished
STATISTICS = "statistics.json"
LABELS = "labels.csv"
REPORT = "report.html"
README = "README.md"  # the data card
CROISSANT = "croissant.json"  # the same for machines
CATALOG = "catalog"
SHARD = "shard.json"  # stands in a folder that holds a shard of a dataset
REDEPTH = "redepth.json"  # stands in a dataset whose depth is being made anew; says under which build id


MOST_BYTES = 2**26  # of a file that is read whole; that of a million parts has less
TO_VERIFY = "`figureground verify DATASET` says all that is wrong, and with --repair mends it"
# what build.json and redepth.json say that is read again, with its type; the rest is for people
_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("build_id", "root", "figureground", "code", "origin"), str),
    **dict.fromkeys(("format", "plan", "render", "png"), int),
    "made_with": Mapping[str, str],
    "recipe": Mapping[str, Any],
    "depth_model": Mapping[str, Any] | None,
}


def read_bounded(store: Store, name: str, most: int = MOST_BYTES) -> bytes:
    """Return a file's bytes.  Raises OSError, and ValueError for one that is larger than any of its kind."""
    data = store.read(name, 0, most + 1)
    if len(data) > most:
        raise ValueError(f"it is larger than {most >> 20} MiB")
    return data


def read_json(store: Store, name: str) -> dict[str, Any]:
    """Return a JSON object; {} where it is absent, damaged or no object."""
    try:
        return parsed_object(read_bounded(store, name))
    except (OSError, ValueError):
        return {}


def read_identity(store: Store, name: str = "") -> dict[str, Any]:
    """Return what build.json, or a file like it, says of what a dataset is made from: what is of its type."""
    plain = read_json(store, name or BUILD)
    return {key: value for key, value in plain.items() if key in _KINDS and _is(_KINDS[key], value)}


def _is(kind: Any, value: Any) -> bool:
    try:
        typed(kind, value)
    except ValueError:
        return False
    return True


def is_begun(store: Store) -> bool:
    """Tell whether a store is a dataset, finished or not: `build` marks it before anything else."""
    return store.size(BUILD) is not None


def recipe_in(store: Store, networks: tuple[Path, ...] = ()) -> Recipe:
    """Return the recipe that a dataset was made by; its relative paths start where they did then.

    `networks`: those that may be loaded though the recipe names them by a path (networks/named.py).
    """
    about = read_identity(store)
    root, version = about.get("root", ""), about.get("format", 2)
    where = f"{store.name}/{RECIPE}"
    try:
        text = read_bounded(store, RECIPE).decode()
    except (OSError, ValueError) as error:
        raise FigureGroundError(f"the dataset's recipe cannot be read: {error}", where, "restore it") from None
    recipe = parse(text, where, Path(store.name) / ("" if has_controls(root) else root), version=version)
    return replace(recipe, networks=networks)
