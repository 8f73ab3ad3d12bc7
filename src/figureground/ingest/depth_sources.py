"""The photos of each source beside its depth maps: which files are which, and which map is whose."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from figureground.core.files import user_path
from figureground.core.job import DepthPlan, GivenDepth
from figureground.core.nouns import DepthUnit
from figureground.core.units import refuse_several_units, stored_unit
from figureground.ingest.depth_maps import GivenMap, given_maps, maps_in
from figureground.ingest.depth_pairs import Named, is_marked


@dataclass(frozen=True)
class Searched:
    """What the paths of a source stand for: pictures, the folders that its paths start from, its known depth, and
    pictures that are no photos of it."""

    paths: tuple[Path, ...]
    bases: tuple[Path, ...]
    depth: GivenDepth | None
    left_out: tuple[Path, ...] = ()


def without_maps(source: Searched, root: Path) -> Searched:
    """Return a source without the depth maps that lie among its photos.

    A folder of maps inside that of the photos holds maps alone; where both lie in one folder, names tell.
    """
    if source.depth is None:
        return source
    folder = _real(user_path(source.depth.folder, root))
    bases = [_real(base) for base in source.bases]
    inside = any(folder != base and folder.is_relative_to(base) for base in bases)
    no_photos = tuple(
        path for path in source.paths if _real(path).is_relative_to(folder) and (inside or is_marked(path.name))
    )
    return replace(source, paths=tuple(path for path in source.paths if path not in set(no_photos)), left_out=no_photos)


def own_maps(key: str, sources: list[Searched], root: Path) -> dict[tuple[int, str], GivenMap]:
    """Return the depth map of each photo by (number of its source, path); the sources that share a folder of maps share
    it out.  What of their `left_out` is a photo's map is taken off that, in place."""
    folders: dict[Path, list[int]] = {}
    for number, source in enumerate(sources):
        if source.depth is not None:
            folders.setdefault(_real(user_path(source.depth.folder, root)), []).append(number)
    found: dict[tuple[int, str], GivenMap] = {}
    for numbers in folders.values():
        found |= _of_one_folder(key, {number: sources[number] for number in numbers}, root)
    used = {os.path.realpath(given.path) for given in found.values() if given.path}
    for number, source in enumerate(sources):
        left = tuple(path for path in source.left_out if os.path.realpath(path) not in used)
        sources[number] = replace(source, left_out=left)
    return found


def _of_one_folder(key: str, sources: dict[int, Searched], root: Path) -> dict[tuple[int, str], GivenMap]:
    photos: dict[str, tuple[GivenDepth, Named]] = {}  # a photo that two sources find has one map
    for source in sources.values():
        if (depth := source.depth) is not None:
            for path in source.paths:
                photos.setdefault(os.path.realpath(path), (depth, _named(path, source.bases)))
    first = next(iter(photos.values()))[0] if photos else None
    maps = maps_in(first, root, key, frozenset(photos)) if first else []
    given = dict(zip(photos, given_maps(list(photos.values()), maps, key), strict=True))
    return {
        (number, str(path)): given[os.path.realpath(path)]
        for number, source in sources.items()
        for path in source.paths
    }


def _named(path: Path, bases: Iterable[Path]) -> Named:
    for base in bases:
        if path.is_relative_to(base):
            above = max(len(base.parts) - 2, 1)  # that far up, names tell sources with one folder of maps apart
            return Named(path.relative_to(base).as_posix(), Path(*path.parts[above:]).as_posix())
    return Named(path.name, path.name)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def require_one_unit(maps: Sequence[GivenMap | None], depth: DepthPlan) -> None:
    """Raise FigureGroundError where the known depth of backgrounds, and the network's of others, has several units."""
    units: dict[DepthUnit, str] = {}
    for given in maps:
        if given is None and depth.model is not None:
            units.setdefault(depth.model.card.unit, f"depth.model, {depth.model.path.name}")
        elif given is not None and given.path:
            units.setdefault(stored_unit(given.reading.unit), f"backgrounds.depth, {Path(given.path).name}")
    refuse_several_units(units)
