"""The parts that are missing, made by an engine: what it tells meanwhile, and what it says when it is stopped."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from figureground.core.engines import Engine, Outcome, mapped, on_condition, run_error
from figureground.core.errors import FigureGroundError
from figureground.core.faults import disk_fault
from figureground.core.folder_store import FolderStore
from figureground.core.progress import Paced, Progress
from figureground.core.steps import Stepping, Tick
from figureground.core.store import Store
from figureground.dataset import parts
from figureground.make.part_task import DepthWatch, PartTask, require_seen

_SHARE = "build into a folder that every machine of the cluster shares"


@contextlib.contextmanager
def making(
    task: PartTask, make: Callable[[int, Tick], Any], engine: Engine, progress: Progress
) -> Iterator[tuple[Iterator[Outcome], Callable[[Outcome], None]]]:
    """Let an engine make the parts that are missing by make(number, tick), which is picklable, in a locked store.

    Gives their outcomes, and what takes note of each.  Every part is tried, and failures are reported together at the
    end as one FigureGroundError.  However the block ends, no worker goes on and no temporary stays.  A
    KeyboardInterrupt then says how many samples are finished and kept.
    """
    missing = task.missing()
    tally, watch = Tally(task, missing, progress), DepthWatch(task)

    def note(outcome: Outcome) -> None:
        watch.note(outcome)
        tally.note(outcome)

    try:
        seen = functools.partial(require_seen, task.store)
        with on_condition(engine, seen), mapped(engine, Stepping(make, tally.heard), missing) as outcomes:
            yield outcomes, note
    except KeyboardInterrupt as stop:
        stop.args = (f"{task.kept:,} of {task.total:,} samples are finished and kept, and the same command goes on",)
        raise
    finally:
        task.store.sweep()
    tally.raise_failures(missing, task.store)


class Tally:
    """Counts samples: those of finished parts, and those made so far in the parts that are in work."""

    def __init__(self, task: PartTask, missing: Sequence[int], progress: Progress) -> None:
        self._task = task
        self._progress = Paced(progress)
        self._left = set(missing)
        self._total = task.total
        self._done = self._total - sum(len(task.indices(number)) for number in missing)
        self._made: dict[int, int] = {}  # by part in work
        self._failures: list[tuple[int, BaseException]] = []
        self._home = _place()
        self._tell()

    def heard(self, number: int, samples: int) -> None:
        """Take in how many samples of a part are made; 0 where it is begun again.

        Any engine may call this where it likes; progress is told in the thread that counts, of this process, alone.
        """
        if number in self._left:
            self._made[number] = samples
            if _place() == self._home:
                self._tell()

    def note(self, outcome: Outcome) -> None:
        """Take in what became of a part."""
        self._left.discard(outcome.job)
        self._made.pop(outcome.job, None)
        error = outcome.error or self._not_seen(outcome.job)
        if error is not None:
            self._failures.append((outcome.job, error))
        else:
            self._done += len(self._task.indices(outcome.job))
        self._tell()

    def _not_seen(self, number: int) -> FigureGroundError | None:
        """Return what it means that a part is not there, which was made; None where it is."""
        store = self._task.store  # storage is the same from everywhere, and asking it takes as long as noting ten parts
        if not isinstance(store, FolderStore) or self._task.finished(number) is not None:
            return None
        what = "a worker finished a part that is not here: it wrote into a folder of the same name on its own machine"
        return FigureGroundError(what, store.name, _SHARE)

    def _tell(self) -> None:
        self._progress("samples", self._done + sum(list(self._made.values())), self._total)

    def raise_failures(self, tried: Sequence[int], store: Store) -> None:
        """Raise FigureGroundError, by the first of them, where parts failed."""
        if not self._failures:
            return
        number, error = self._failures[0]
        told, mend = _told(error, store)
        where = "" if told.where.startswith(store.name) else told.where
        done = len(self._task.numbers) - len(self._task.missing())
        kept = f"{done} of {len(self._task.numbers)} parts are finished and kept" if done else "no part is finished yet"
        raise FigureGroundError(
            f"{len(self._failures)} of {len(tried)} parts failed; the first: {told.what}",
            f"{parts.part_file(number)} in {store.name}{f'; {where}' if where else ''}",
            f"{kept}; {mend} and run the same command again",
        ) from error


def _told(error: BaseException, store: Store) -> tuple[FigureGroundError, str]:
    """Return how a part's error is told, and what mends it."""
    if told := disk_fault(error, store):
        return told, told.remedy.split(";")[0]
    told = run_error(error, "", "") or FigureGroundError(f"{type(error).__name__}: {error}", "", "mend the cause")
    return told, told.remedy if told is not error else "mend the cause"


def _place() -> tuple[int, int]:
    """Return this process and thread; a forked process has its parent's threads' names."""
    return os.getpid(), threading.get_ident()
