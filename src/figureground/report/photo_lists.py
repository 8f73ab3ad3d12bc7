"""Photos with reasons: what was set aside, and notes on what is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from figureground.core.nouns import Catalog, SetAside

_LISTED = 2000  # lines of a list of photos, at most


@dataclass(frozen=True)
class Group:
    """How many photos of a kind have one reason."""

    count: int
    kind: str
    reason: str


@dataclass(frozen=True)
class PhotoList:
    """Photos with reasons: how many in all, the groups with the largest first, the list itself, how many it lacks."""

    total: int
    groups: tuple[Group, ...]
    photos: tuple[SetAside, ...]
    more: int


def photo_list(found: Sequence[SetAside], catalog: Catalog) -> PhotoList:
    """Return the photos grouped by kind and general reason; a group of one reason alone keeps it as it is."""
    known = {p.source for p in catalog.backgrounds} | {p.source for p in catalog.foregrounds}
    known |= {Path(source).name for source in known}
    alike: dict[tuple[str, str], list[str]] = {}
    for photo in found:
        alike.setdefault((photo.kind, general(photo.reason, known)), []).append(photo.reason)
    groups = (
        Group(len(reasons), kind, reasons[0] if len(set(reasons)) == 1 else reason)
        for (kind, reason), reasons in sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
    )
    return PhotoList(len(found), tuple(groups), tuple(found[:_LISTED]), max(0, len(found) - _LISTED))


def general(reason: str, known: Iterable[str]) -> str:
    """Return a reason without what differs from photo to photo: names of other photos, and numbers but for what a
    knob is to be set to."""
    for name in sorted((name for name in known if name and name in reason), key=len, reverse=True):
        reason = reason.replace(name, "another photo")
    return re.sub(r"(?<!= )(?<![\d.,])\d+(?:[.,]\d+)*", "…", reason)
