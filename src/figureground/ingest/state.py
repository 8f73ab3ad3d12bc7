"""What a catalog depends on, as one digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from figureground.core.card import meaning
from figureground.core.files import file_sha256
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import content
from figureground.networks.cutout import cutout_weights
from figureground.resolve import recipe_model, running

VERSION = 2  # raise it when preparation changes what it writes

# placement's knobs that change nothing of the catalog, so that changing them does not prepare it anew
_NO_MATTER = {"placement.per_pair", "placement.samples", "placement.figures", "placement.overlap"}


def state(recipe: Recipe) -> str:
    """Return a digest of all that decides what the catalog holds: knobs, networks and the bytes of every photo.

    Raises FigureGroundError where a folder or network that the recipe names does not exist.
    """
    from figureground.ingest.ingest import _display, _relief, estimates_depth, jobs, needs_depth

    path = cutout_weights(recipe.foregrounds.network, recipe.root)
    known, estimated = needs_depth(recipe), estimates_depth(recipe)
    depth = recipe_model(recipe) if estimated else None
    knobs = {
        key: value
        for key, value in content(recipe).items()
        if key.split(".")[0] in ("seed", "size", "backgrounds", "foregrounds", "placement") and key not in _NO_MATTER
    }
    about = [
        VERSION,
        knobs,
        _sha256(path),
        [known, _relief(recipe), recipe.depth.focal if known else 0],
        [depth.sha256, meaning(depth.card), asdict(running(recipe))] if depth else None,
    ]
    files = [
        (
            job.kind,
            _display(job.path, recipe.root),
            _sha256(Path(job.path)),
            _sha256(Path(job.depth) if job.depth and known else None),
        )
        for job in jobs(recipe)
    ]
    return hashlib.sha256(json.dumps([about, files], sort_keys=True).encode()).hexdigest()


def _sha256(path: Path | None) -> str:
    """Return a file's sha256; "" for no file or one that cannot be read, whose photo is set aside later."""
    try:
        return file_sha256(path) if path else ""
    except OSError:
        return ""
