"""The names of a dataset's files, and reading those that say what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import parse
from figureground.core.store import Store

RECIPE = "recipe.toml"
BUILD = "build.json"
MANIFEST = "manifest.json"  # written last: a dataset with a manifest is finished
STATISTICS = "statistics.json"
LABELS = "labels.csv"
REPORT = "report.html"
README = "README.md"  # the data card
CATALOG = "catalog"
SHARD = "shard.json"  # stands in a folder that holds a shard of a dataset
REDEPTH = "redepth.json"  # stands in a dataset whose depth is being made anew; says under which build id


def read_json(store: Store, name: str) -> dict[str, Any]:
    """Return a JSON object; {} where it is absent, damaged or no object."""
    try:
        plain = json.loads(store.read(name))
    except (OSError, ValueError):
        return {}
    return plain if isinstance(plain, dict) else {}


def is_begun(store: Store) -> bool:
    """Tell whether a store is a dataset, finished or not: `build` marks it before anything else."""
    return store.size(BUILD) is not None


def recipe_in(store: Store) -> Recipe:
    """Return the recipe that a dataset was made by; its relative paths start where they did then."""
    about = read_json(store, BUILD)
    root, version = Path(store.name) / about.get("root", ""), about.get("format", 2)
    return parse(store.read(RECIPE).decode(), f"{store.name}/{RECIPE}", root, version=version)
