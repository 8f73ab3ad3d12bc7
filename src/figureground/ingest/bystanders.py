"""People whom a background shows already: true figures that no mask names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from figureground.core.nouns import Background, Foreground, Mask
from figureground.image import png
from figureground.ingest.prepare import Prepared

# names of classes whose figures cannot be told from people in the background
_PEOPLE = frozenset(
    {
        *("adult", "adults", "boy", "boys", "child", "children", "girl"),
        *("girls", "human", "humans", "kid", "kids", "man", "men"),
        *("pedestrian", "pedestrians", "people", "person", "persons", "woman", "women"),
    }
)


def with_bystanders(prepared: Prepared[Background], found: Mask) -> Prepared[Background]:
    """Return a background with the people whom it shows: their share, their mask, and a note; `found` may be empty."""
    share = round(float(found.mean()), 6)
    entry = replace(prepared.entry, people=share)
    if not share:
        return replace(prepared, entry=entry)
    note = f"it shows people, {share:.0%} of it, whom no mask names: background_people in its samples' records"
    files = {**prepared.files, "people": png.encode(found)}
    return replace(prepared, entry=entry, files=files, notes=(*prepared.notes, note))


def are_people(classes: Iterable[str]) -> bool:
    """Tell whether figures of some of these classes are people."""
    return any(name.casefold() in _PEOPLE for name in classes)


def why_aside(entry: Background | Foreground, keep: bool, among_people: bool) -> str:
    """Return why a photo is set aside for whom it shows, "" where it is used.

    `keep`: the recipe keeps it.  `among_people`: figures are people; among others, people behind are no wrong truth.
    """
    if keep or not among_people or not isinstance(entry, Background) or entry.people <= 0:
        return ""
    return f'it shows people, {entry.people:.0%} of it, whom no mask would name; backgrounds.people = "keep" takes it'
