"""The classes of a dataset, and whose photos it is made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from figureground.core.nouns import POSES, Background, Catalog, Foreground
from figureground.samples.stats import Statistics

_LISTED = 200  # lines of credits, at most


@dataclass(frozen=True)
class ClassRow:
    """A class: its number and name, how many photos show it, and how many figures of it there are in all samples."""

    number: int
    name: str
    photos: int
    figures: int


@dataclass(frozen=True)
class CreditRow:
    """How many photos have a licence and a credit; what nobody says is ""."""

    photos: int
    kind: str
    licence: str
    credit: str


@dataclass(frozen=True)
class Classes:
    """The classes by number; how many foregrounds have each pose; the credits, those of most photos first, and how many
    lines of them are left out."""

    rows: tuple[ClassRow, ...]
    poses: dict[str, int]
    credits: tuple[CreditRow, ...]
    more: int


def classes_of(catalog: Catalog, total: Statistics) -> Classes:
    """Return what the page says of classes and credits."""
    photos = Counter(entry.class_name for entry in catalog.foregrounds)
    rows = (
        ClassRow(number, name, photos[name], total.classes.get(name, 0))
        for number, name in enumerate(catalog.classes, 1)
    )
    entries: tuple[Background | Foreground, ...] = (*catalog.backgrounds, *catalog.foregrounds)
    said = Counter((_kind(entry), entry.licence, entry.credit) for entry in entries)
    credits = [CreditRow(count, *about) for about, count in sorted(said.items(), key=lambda item: (-item[1], item[0]))]
    if not any(row.licence or row.credit for row in credits):
        credits = []
    return Classes(tuple(rows), poses_of(catalog), tuple(credits[:_LISTED]), max(0, len(credits) - _LISTED))


def poses_of(catalog: Catalog) -> dict[str, int]:
    """Return how many foregrounds have each pose, in the order of the poses, without those that none has."""
    found = Counter(entry.pose for entry in catalog.foregrounds)
    return {pose: found[pose] for pose in POSES if found[pose]}


def _kind(entry: Background | Foreground) -> str:
    return entry.class_name if isinstance(entry, Foreground) else "background"
