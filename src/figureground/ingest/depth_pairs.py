"""Which depth map belongs to which photo, by their names alone.

First by their paths below the two folders, then by how much of the ends of their paths is the same, so that
`a/0000.jpg` never gets the map of `b/0000.jpg`.  Folders that say what lies in them (rgb, depth ...) do not count, nor
do the words that names end in (`_depth`, `.color`), nor how Unicode composes letters, nor case where that is clear.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MAP_WORD = re.compile(r"(?<=[^._-])[._-](depth(?:[._-]?(?:map|meters|metres|mm|z))?|disp|disparity|z)$", re.IGNORECASE)
_PHOTO_WORD = re.compile(r"(?<=[^._-])[._-](rgb|colou?r|image|img|photo|tonemap|left)$", re.IGNORECASE)
_ROLES = frozenset(
    (
        "rgb",
        "color",
        "colour",
        "image",
        "images",
        "img",
        "photo",
        "photos",
        "depth",
        "depths",
        "depth_map",
        "depth_maps",
    )
)


Parts = tuple[str, ...]
NO_MAP = "no depth map with its stem"


@dataclass(frozen=True)
class Named:
    """A photo by its path below its source's folder, with / between folders, and by a longer end of the same path."""

    relative: str
    fuller: str


def is_marked(relative: str) -> bool:
    """Tell whether a file's name says that it is a depth map."""
    return _MAP_WORD.search(_parts(relative)[-1]) is not None


def _parts(relative: str) -> Parts:
    """Return (folder, ..., stem)."""
    parts = unicodedata.normalize("NFC", relative).split("/")
    stem, dot, _ = parts[-1].rpartition(".")
    return (*parts[:-1], stem if dot and stem else parts[-1])


def _whole(relative: str) -> Parts:
    """Return (folder, ..., name with its suffix), which maps keep where photos differ in nothing else."""
    return tuple(unicodedata.normalize("NFC", relative).split("/"))


def _keys(relative: str, word: re.Pattern[str]) -> tuple[Parts, Parts, Parts]:
    """Return a path without suffix from strict to loose: as it is written, without regard to case, and without what
    does not count.  A map's own word never counts."""
    exact = _parts(relative)
    bare = (*exact[:-1], word.sub("", exact[-1]))
    if word is _MAP_WORD:
        exact = bare
    loose = tuple(part.casefold() for part in bare)
    return (
        exact,
        tuple(part.casefold() for part in exact),
        (*(part for part in loose[:-1] if part not in _ROLES), loose[-1]),
    )


def paired(photos: Sequence[Named], maps: Sequence[str]) -> list[int | str]:
    """Return for each photo the number of its map, or why it has none.

    `maps`: their paths below the folder of maps.  No map is given to two photos: where it might be that of several, or
    a photo might have several, nobody gets it.
    """
    shown = [(_whole(one.relative), *_keys(one.relative, _PHOTO_WORD)) for one in photos]
    known = [(keys[0], *keys) for keys in (_keys(one, _MAP_WORD) for one in maps)]
    found: list[int | str] = [""] * len(photos)
    waiting, free = set(range(len(photos))), set(range(len(maps)))
    for level in range(4):
        for photo, candidates in _same([keys[level] for keys in shown], [keys[level] for keys in known], waiting, free):
            found[photo] = candidates[0] if len(candidates) == 1 else _unclear(candidates, maps)
            waiting.discard(photo)
            free.difference_update(candidates)
    by_stem = defaultdict(list)
    for number in sorted(free):
        by_stem[known[number][-1][-1]].append(number)
    for number in sorted(waiting):
        fuller = _keys(photos[number].fuller, _PHOTO_WORD)[-1]
        found[number] = _by_end(fuller, by_stem[fuller[-1]], [keys[-1] for keys in known], maps)
    return _without_doubles(found, photos, maps)


def _same(
    shown: Sequence[Parts], known: Sequence[Parts], waiting: Iterable[int], free: Iterable[int]
) -> list[tuple[int, list[int]]]:
    """Return (photo, maps of its key) for each waiting photo that shares its key with no other."""
    by_key: dict[Parts, list[int]] = defaultdict(list)
    for number in sorted(free):
        by_key[known[number]].append(number)
    twice = Counter(shown[number] for number in waiting)
    return [(n, by_key[shown[n]]) for n in sorted(waiting) if by_key[shown[n]] and twice[shown[n]] == 1]


def _by_end(photo: Parts, candidates: Sequence[int], known: Sequence[Parts], maps: Sequence[str]) -> int | str:
    """Return the map of the same stem whose path ends most like the photo's."""
    if not candidates:
        return NO_MAP
    alike = [_common_end(photo, known[one]) for one in candidates]
    best = [one for one, length in zip(candidates, alike, strict=True) if length == max(alike)]
    return best[0] if len(best) == 1 else _unclear(best, maps)


def _common_end(a: Parts, b: Parts) -> int:
    return next(
        (n for n, (x, y) in enumerate(zip(reversed(a), reversed(b), strict=False)) if x != y), min(len(a), len(b))
    )


def _unclear(numbers: Sequence[int], maps: Sequence[str]) -> str:
    names = " or ".join(maps[number] for number in numbers[:3])
    return f"it is not clear which depth map is its own: {names}; keep one, or lay both folders out alike"


def _without_doubles(found: Sequence[int | str], photos: Sequence[Named], maps: Sequence[str]) -> list[int | str]:
    """Return the pairs, but for maps that several photos would share."""
    owners: dict[int, list[str]] = defaultdict(list)
    for photo, one in zip(photos, found, strict=True):
        if isinstance(one, int):
            owners[one].append(photo.relative)
    return [_shared(owners[one], maps[one]) if isinstance(one, int) and len(owners[one]) > 1 else one for one in found]


def _shared(photos: Sequence[str], one: str) -> str:
    return (
        f"{len(photos)} photos would share the depth map {one} ({', '.join(photos[:3])}): "
        "give each one of its own, or lay both folders out alike"
    )
