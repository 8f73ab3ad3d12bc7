"""Depth maps that the user gives: found, paired with their photos, and read with what their JSON says of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from figureground.core.errors import FigureGroundError, SetAsideError, without_paths
from figureground.core.files import user_path
from figureground.core.job import GivenDepth
from figureground.ingest.depth_files import MAX_BYTES, SUFFIXES, RawMap, decode_map
from figureground.ingest.depth_meaning import AS_USUAL, Reading, Told, reading_of, told_by
from figureground.ingest.depth_pairs import NO_MAP, Named, is_marked, paired

_PICTURES = frozenset((".png", ".tif", ".tiff"))  # suffixes that a photo may have, too
_MOST_JSON = 1 << 20


@dataclass(frozen=True)
class MapFile:
    """A depth map: its path, that below its folder with / between folders, and the JSON that tells of it, "" for
    none."""

    path: str
    relative: str
    about: str = ""


@dataclass(frozen=True)
class GivenMap:
    """The depth map of a photo: its file, how its numbers are to be read, and the JSON that says so; or, without a
    file, why there is none."""

    path: str = ""
    reading: Reading = AS_USUAL
    about: str = ""
    missing: str = ""


def maps_in(given: GivenDepth, root: Path, key: str, photos: frozenset[str]) -> list[MapFile]:
    """Return the depth maps in a folder, in the order of their names.

    `photos`: real paths of the photos themselves, which are no maps; in a folder of photos a picture is a map only if
    its name says so.  Links to folders are followed, none of them twice.  Raises FigureGroundError for no folder.
    """
    folder = user_path(given.folder, root)
    if not folder.is_dir():
        raise FigureGroundError(
            "no such folder of depth maps", f"{key} = {given.folder!r}", "paths start from the recipe's folder"
        )
    beside = {os.path.dirname(path) for path in photos}
    found, visited = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(place)
        if here in visited:
            folders.clear()
            continue
        visited.add(here)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        there = set(names)
        for name in sorted(there):
            if name.startswith(".") or (suffix := Path(name).suffix.lower()) not in SUFFIXES:
                continue
            path = os.path.join(place, name)
            mixed = here in beside and suffix in _PICTURES and not is_marked(name)
            if mixed or os.path.realpath(path) in photos or not os.path.isfile(path):
                continue
            about = Path(name).with_suffix(".json").name
            relative = Path(os.path.relpath(path, folder)).as_posix()
            found.append(MapFile(path, relative, os.path.join(place, about) if about in there else ""))
    return sorted(found, key=lambda one: one.relative)


def given_maps(photos: Sequence[tuple[GivenDepth, Named]], maps: Sequence[MapFile], key: str) -> Iterator[GivenMap]:
    """Yield the depth map of each photo, whose sources all take their maps from one folder.

    Raises FigureGroundError, naming the map, where its JSON says otherwise than the recipe.
    """
    pairs = paired([named for _, named in photos], [one.relative for one in maps])
    for (given, _), one in zip(photos, pairs, strict=True):
        if isinstance(one, str):
            yield GivenMap(missing=f"{one} in {key}" if one == NO_MAP else one)
            continue
        own = maps[one]
        told = _told(own)
        yield GivenMap(own.path, reading_of(given, told, f"{key}: {own.relative}"), own.about if told else "")


def _told(one: MapFile) -> Told | None:
    """Return what the JSON beside a map says of it; None where it says nothing of depth."""
    if not one.about:
        return None
    try:
        return told_by(_regular(Path(one.about), _MOST_JSON))
    except SetAsideError as error:
        raise FigureGroundError(
            f"the JSON beside a depth map cannot be used: {error.reason}",
            Path(one.relative).with_suffix(".json").as_posix(),
            "mend it, or remove it and say in the recipe what the maps mean",
        ) from None


def read_map(given: GivenMap) -> RawMap:
    """Return the numbers in a map's file.  Raises SetAsideError."""
    path = Path(given.path)
    return decode_map(_regular(path, MAX_BYTES), path.suffix.lower())


def _regular(path: Path, most: int) -> bytes:
    """Return the bytes of a plain file; what is none, like a pipe or a device, is never waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise SetAsideError("its depth map is no file")
            if about.st_size > most:
                raise SetAsideError(f"its depth map is larger than {most // 10**6} MB")
            return file.read(most)
    except OSError as error:
        raise SetAsideError(f"its depth map cannot be read: {without_paths(error)}") from None
