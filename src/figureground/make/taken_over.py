"""What a build finds already there, looked at before it is taken over: damage never passes as finished."""

from __future__ import annotations

import functools
import logging
from collections.abc import Collection, Iterator, Sequence

from figureground.core.damage import Damage
from figureground.core.engines import Engine, Serial, mapped, run_error
from figureground.core.progress import Paced, Progress
from figureground.core.steps import Stepping
from figureground.core.store import Store, asked
from figureground.dataset import names, parts
from figureground.dataset.manifest import read_whole_manifest
from figureground.make.finish import is_as_told
from figureground.make.part_check import DuePart, Looked, PartLook, look_at_part
from figureground.make.part_task import PartTask

_LITTLE = 2**28  # bytes that one process hashes before others would have begun
_log = logging.getLogger(__name__)


def unlike_manifest(store: Store) -> list[str]:
    """Return the files beside the parts that are not what the manifest says of them; [] where it says nothing."""
    files = names.read_json(store, names.MANIFEST).get("files")
    if not isinstance(files, dict):
        return []
    beside = [name for name in files if not name.startswith(f"{parts.STATE}/")]
    told = asked(store, lambda name: _is_as_told(store, name, files[name]), beside)
    return [name for name, same in zip(beside, told, strict=True) if not same]


def _is_as_told(store: Store, name: str, told: object) -> bool:
    try:
        return is_as_told(store, name, told)
    except (OSError, ValueError):
        return False


def say_made_anew(damaged: Collection[str]) -> None:
    """Say which files were damaged, and are now made anew."""
    for name in damaged:
        _log.warning("%s was damaged, and is made anew", name)


def without_damaged_parts(task: PartTask, engine: Engine, progress: Progress) -> None:
    """Look at the parts that are finished, as `verify` does without --deep, and let the damaged ones be missing.

    Of each it is said why.
    """
    store = task.store
    for line in _unfit(task):
        _log.warning("%s; it is made anew", line)
    finished = sorted(task.all_finished(range(task.count)))
    if sum(store.sizes(f"{parts.FOLDER}/part-").values()) < _LITTLE:
        engine = Serial()
    looked, told = Looked(sum(len(task.indices(n)) for n in finished)), Paced(progress)

    def heard(part: DuePart, samples: int) -> None:
        told("verify", looked.heard(part.number, samples), looked.total)

    look = PartLook(store, task.identity, True, None, exact=True, inner=False, shape=task.job.canvas.shape)
    with mapped(engine, Stepping(functools.partial(look_at_part, look), heard), _due(task, finished)) as outcomes:
        for outcome in outcomes:
            number = outcome.job.number
            if (ending := run_error(outcome.error, parts.part_file(number), "nothing was changed")) is not None:
                raise ending
            wrong = outcome.value.damage if outcome.error is None else (_unseen(number, outcome.error),)
            if wrong:
                _log.warning("%s; it is made anew", wrong[0])
                store.delete(parts.sidecar(number))


def _unfit(task: PartTask) -> Iterator[str]:
    """Yield which parts were finished and are no more: gone, or not what their sidecars say."""
    store, manifest = task.store, read_whole_manifest(task.store)
    listed = manifest.get("parts") if manifest.get("build_id") == task.identity else None
    finished, there = task.all_finished(range(task.count)), set(store.list(f"{parts.FOLDER}/part-"))
    for number in range(task.count):
        if number in finished:
            continue
        if parts.part_file(number) not in there:
            if isinstance(listed, list) and number < len(listed):
                yield f"{parts.part_file(number)} is missing"
            continue
        about = names.read_json(store, parts.sidecar(number))
        if about.get("build_id", task.identity) == task.identity and about.get("samples") in (
            None,
            len(task.indices(number)),
        ):
            yield f"{parts.part_file(number)} does not fit its sidecar"


def _unseen(number: int, error: BaseException) -> Damage:
    return Damage(parts.part_file(number), None, f"cannot be looked at: {type(error).__name__}: {error}")


def _due(task: PartTask, numbers: Sequence[int]) -> list[DuePart]:
    """Return what some parts should be, as their sidecars say, and these as the manifest tells of them."""
    files = read_whole_manifest(task.store).get("files")
    said = files if isinstance(files, dict) else {}
    return [DuePart(n, task.indices(n), sidecar=(said.get(parts.sidecar(n)) or {}).get("sha256", "")) for n in numbers]
