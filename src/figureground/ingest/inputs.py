"""The photos that a job names, with the names that people know them by and the depth maps that belong to them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from figureground.core.job import Job
from figureground.ingest import photos
from figureground.ingest.depth_maps import depth_maps, require_one_owner


@dataclass(frozen=True)
class Photo:
    """One photo to prepare.  `name` is for people; `depth` is the path of its known depth map, "" for none."""

    kind: Literal["background", "foreground"]
    path: str
    name: str
    depth: str = ""


def photos_of(job: Job) -> list[Photo]:
    """Return every photo that a job names, backgrounds first.  Raises FigureGroundError for missing folders."""
    inputs = job.inputs
    backgrounds = photos.find(inputs.backgrounds, inputs.root, "backgrounds.path")
    foregrounds = photos.find(inputs.foregrounds, inputs.root, "foregrounds.path")
    maps = depth_maps(inputs.depth_maps, inputs.root) if inputs.depth_maps is not None else {}
    if job.depth.of_backgrounds:
        require_one_owner(backgrounds, maps, inputs.root)
    found = [
        Photo("background", str(path), display_name(path, inputs.root), str(maps.get(path.stem, "")))
        for path in backgrounds
    ]
    return found + [Photo("foreground", str(path), display_name(path, inputs.root)) for path in foregrounds]


def display_name(path: Path, root: Path) -> str:
    """Return a photo's name for people: relative to the recipe where it lies below it, else its last two parts."""
    resolved, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    name = resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else "/".join(resolved.parts[-2:])
    return os.fsencode(name).decode("utf-8", "replace")  # names that are no text in any encoding
