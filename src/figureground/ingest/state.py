"""What a catalog depends on, as one digest: the same, and ingesting again would give the same catalog."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from figureground.core.card import meaning
from figureground.core.files import file_sha256
from figureground.core.job import CutoutModel, Job
from figureground.core.recipe_toml import content
from figureground.ingest.inputs import Photo

VERSION = 9  # raise it when preparation changes what it writes
_SECTIONS = ("seed", "size", "near_twins", "backgrounds", "foregrounds", "placement")
# placement's knobs that change nothing of the catalog, so that changing them does not prepare it anew
_NO_MATTER = {"placement.per_pair", "placement.samples", "placement.figures", "placement.overlap"}
_NO_MATTER |= {"placement.min_plausibility"}


def _sha256s(*models: CutoutModel | None) -> list[str]:
    return [model.sha256 if model else "" for model in models]


def state(job: Job, photos: Sequence[Photo], hashed: Callable[[str], str] | None = None) -> str:
    """Return a digest of all that decides what the catalog holds: knobs, networks and the bytes of every photo.

    `hashed`: `file_hash`, or what remembers its answers.
    """
    sha256 = hashed or file_hash
    depth = job.depth
    knobs = {
        key: value
        for key, value in content(job.recipe).items()
        if _section(key) in _SECTIONS and key not in _NO_MATTER and not key.endswith(".weight")
    }
    network = [depth.model.sha256, meaning(depth.model.card), asdict(depth.running)] if depth.model else None
    about = [
        VERSION,
        knobs,
        [_sha256s(own.cutting.model, own.cutting.check) for own in job.inputs.foregrounds],
        [_sha256s(own.people) for own in job.inputs.backgrounds],
        _sha256s(job.floors.room),
        [depth.of_backgrounds, depth.relief, depth.focal],
        network if depth.estimates else None,
    ]
    files = [
        (
            *_about(photo),
            sha256(photo.path),
            *map(sha256, _maps(photo) if depth.of_backgrounds else [""]),
            sha256(photo.mask),
        )
        for photo in photos
    ]
    return hashlib.sha256(json.dumps([about, files], sort_keys=True).encode()).hexdigest()


def _section(key: str) -> str:
    """Return the section of a key: foregrounds of "foregrounds[2].height"."""
    return key.split(".")[0].split("[")[0]


def _about(photo: Photo) -> tuple[str | int, ...]:
    """Return what is known of a photo beside its pixels."""
    said = photo.credit
    return photo.kind, photo.name, photo.source, photo.class_name, photo.class_id, said.licence, said.credit, said.group


def _maps(photo: Photo) -> list[str]:
    """Return the files of a photo's known depth: the map, and the JSON where it tells of it."""
    return [photo.depth, *([photo.given.about] if photo.given and photo.given.about else [])]


def file_hash(path: str) -> str:
    """Return a file's sha256; "" for no file or one that cannot be read, whose photo is set aside later."""
    try:
        return file_sha256(Path(path)) if path else ""
    except OSError:
        return ""
