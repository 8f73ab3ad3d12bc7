"""Is a dataset as it was made?  Every file of it against what would be made, and every part, fast or deep.

Fast: hashes, directories of zips, rows, and all that is derived from them, made again in memory and compared.  Deep:
every sample is made again too, or, where recipe, photos or versions do not allow it, decoded and held against itself.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from figureground.core.canvas import Canvas
from figureground.core.damage import Damage, in_order
from figureground.core.engines import Engine, mapped, run_error, workforce
from figureground.core.places import Place, place_of, store_at
from figureground.core.progress import Paced, Progress, watched
from figureground.core.steps import Stepping
from figureground.core.store import Store
from figureground.dataset import parts
from figureground.dataset.opening import Networks
from figureground.make import made_with
from figureground.make.about import About, about
from figureground.make.derived_check import derived_damage, pages_damage
from figureground.make.file_check import catalog_damage, files_damage, guests, masks_damage, strays
from figureground.make.finish import has_depth
from figureground.make.labels_check import labels_damage
from figureground.make.part_check import DuePart, Looked, PartFound, PartLook, look_at_part
from figureground.networks.named import as_named


@dataclass(frozen=True)
class Verdict:
    """What a look at a dataset found: `damage` in the order of files and samples; `unchecked`, the checks that do not
    apply, or could not be made, and why."""

    path: Path | str
    deep: bool
    damage: tuple[Damage, ...]
    unchecked: tuple[str, ...]
    parts: int
    samples: int
    bytes: int

    @property
    def sound(self) -> bool:
        return not self.damage


def verify(
    dataset: Place,
    *,
    deep: bool = False,
    workers: int = 1,
    engine: Engine | None = None,
    progress: Progress | None = None,
    networks: Networks = (),
) -> Verdict:
    """Return what is wrong in a dataset; nothing is written.

    `networks`: as for `open_dataset`.  Raises FigureGroundError where there is no dataset at all.
    """
    store, engine = store_at(dataset), workforce(engine, workers)
    with watched(progress) as report:
        return verdict_of(store, deep, engine, report, as_named(networks))


def verdict_of(
    store: Store, deep: bool, engine: Engine, progress: Progress, networks: tuple[Path, ...] = ()
) -> Verdict:
    """Return what is wrong in a dataset."""
    one = about(store, networks)
    damage, unchecked = list(one.damage), list(one.unchecked)
    damage += catalog_damage(one)
    if one.no_parts:
        unchecked.append("there are no parts: their samples are rendered when they are read")
        return Verdict(place_of(store), deep, in_order(damage), tuple(unchecked), 0, 0, 0)
    look, why = _look(one, deep, whole=not damage)
    unchecked += why
    due = _due_parts(one)
    found = _look_at_parts(look, due, engine, progress)
    for each in found:
        damage += each.damage
        unchecked += each.notes
    unchecked += guests(one)
    damage += strays(one, len(due))
    damage += files_damage(one)
    damage += labels_damage(one, found, due)
    more, not_made = derived_damage(one, found, deep)
    damage += more
    unchecked += not_made
    if deep:
        damage += masks_damage(one)
        if not damage:
            pages, not_compared = pages_damage(one, look, len(due))
            damage += pages
            unchecked += not_compared
    size, samples = sum(each.bytes for each in found), sum(len(each.indices) for each in due)
    told = tuple(dict.fromkeys(unchecked))
    return Verdict(place_of(store), deep, in_order(damage), told, len(due), samples, size)


def _look(one: About, deep: bool, whole: bool) -> tuple[PartLook, list[str]]:
    """Return how a dataset's parts are looked at, and what of a deep look cannot be had.

    `whole`: nothing is wrong with recipe and catalog.
    """
    task, exact, unchecked = None, True, list[str]()
    if deep and one.task is not None and whole:
        task = one.task
        if others := made_with.others(one.build.get("made_with", {}), task.job, task.job.layers):
            exact = False
            how = "pixels are compared, lossy ones nearly, not bytes"
            unchecked.append(f"{how}: made with {'; '.join(others)}")
    elif deep:
        unchecked.append("no sample is made again, each is held against itself: " + _why(one, whole))
    shape = Canvas.of(one.manifest.get("size") or (one.task.job.canvas.size if one.task else 224)).shape
    return PartLook(one.store, one.identity, one.beside, task, exact, deep, shape), unchecked


def _why(one: About, whole: bool) -> str:
    return "recipe, build.json or catalog are damaged" if not whole else one.why_no_task


def part_sizes(one: About) -> list[int]:
    """Return how many samples each part has: by recipe and catalog, or else as the manifest says."""
    if one.task is not None:
        return [len(one.task.indices(number)) for number in range(one.task.count)]
    try:
        return [int(part["samples"]) for part in one.manifest["parts"]]
    except (KeyError, TypeError, ValueError):
        return []


def _due_parts(one: About) -> list[DuePart]:
    """Return what each part should be, by recipe and catalog or the manifest."""
    files, start, found = one.manifest.get("files"), 0, []
    known = files if isinstance(files, dict) else {}
    for number, size in enumerate(part_sizes(one)):
        sidecar = str((known.get(parts.sidecar(number)) or {}).get("sha256", ""))
        found.append(DuePart(number, range(start, start + size), _told(one.manifest, number), sidecar))
        start += size
    return found


def _told(manifest: Any, number: int) -> tuple[int, str] | None:
    try:
        part = manifest["parts"][number]
        return int(part["bytes"]), str(part["sha256"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _look_at_parts(look: PartLook, due: Sequence[DuePart], engine: Engine, progress: Progress) -> list[PartFound]:
    """Return what a look at each part gave, in their order."""
    looked, told = Looked(sum(len(each.indices) for each in due)), Paced(progress)

    def heard(part: DuePart, samples: int) -> None:
        told("verify", looked.heard(part.number, samples), looked.total)

    found: dict[int, PartFound] = {}
    speaker: int | None = None

    def keep(number: int, each: PartFound) -> None:
        """Keep what a look gave; of all records, that of the first part and the first that can speak for others."""
        nonlocal speaker
        if each.first is not None and has_depth(each.first) and (speaker is None or number < speaker):
            if speaker:
                found[speaker] = replace(found[speaker], first=None)
            speaker = number
        elif number:
            each = replace(each, first=None)
        found[number] = each

    with mapped(engine, Stepping(functools.partial(look_at_part, look), heard), due) as outcomes:
        for outcome in outcomes:
            number, error = outcome.job.number, outcome.error
            if error is not None:
                if (ending := run_error(error, parts.part_file(number), "nothing was changed")) is not None:
                    raise ending
                what = f"cannot be looked at: {type(error).__name__}: {error}"
                keep(number, PartFound((Damage(parts.part_file(number), None, what),)))
            else:
                keep(number, outcome.value)
            heard(outcome.job, len(outcome.job.indices))
    return [found[each.number] for each in due]
