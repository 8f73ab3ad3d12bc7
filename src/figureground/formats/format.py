"""What a layout is to whoever asks for one: its name, its options, and the two functions that write it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.progress import Progress, silent
from figureground.core.record import SPLITS, Record
from figureground.core.store import Store
from figureground.dataset.stored import Dataset


@dataclass(frozen=True, eq=False)
class Work:
    """An export at work: samples `numbers` of a dataset, ascending, into a folder.

    `store`: waits for the disk, as what exists in it counts as finished; `loose`: the same folder, without waiting, for
    files that `put` compares.
    """

    dataset: Dataset
    numbers: Sequence[int]
    store: Store
    loose: Store
    progress: Progress = silent

    def put(self, name: str, data: bytes) -> None:
        """Write a small file, unless that is what is there: what an earlier run left is not taken on trust."""
        with contextlib.suppress(OSError):
            if self.loose.size(name) == len(data) and self.loose.read(name) == data:
                return
        self.loose.write(name, data)

    def records(self) -> Iterator[tuple[int, Record]]:
        """Yield the number and the record of each chosen sample."""
        for i in self.numbers:
            yield i, self.dataset.record(i)

    def by_split(self) -> dict[str, list[int]]:
        """Return the chosen samples of each split that has any, in the order of `SPLITS`."""
        found: dict[str, list[int]] = {split: [] for split in SPLITS}
        for i, record in self.records():
            found[record.split].append(i)
        return {split: numbers for split, numbers in found.items() if numbers}


@dataclass(frozen=True)
class Prepared:
    """What is about to be written: the options as they are after any default, and what writes all that is missing, in
    the same order and to the same bytes each time.  What says that the export is whole comes last."""

    options: Any
    write: Callable[[], None]


@dataclass(frozen=True)
class Format:
    """A layout.

    `about`: a line of what it is and who reads it.  `options`: a frozen dataclass of what may be asked for, each field
    made by `core.options.option`; the command line and `export` read it.  `prepare(work, options)`: looks at what is
    asked for, writes nothing, and raises FigureGroundError for what cannot be exported so.
    """

    name: str
    about: str
    options: type[Any]
    prepare: Callable[[Work, Any], Prepared]


def require_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Raise FigureGroundError for an option's value that is none of its choices."""
    if value not in choices:
        raise FigureGroundError(f"unknown {option} {value!r}", f"--{option}", f"one of {', '.join(choices)}")


def required_options(kind: type[Any], given: Mapping[str, Any]) -> Any:
    """Return a format's options.  Raises FigureGroundError for one that it does not have."""
    known = getattr(kind, "__dataclass_fields__", {})
    if unknown := [name for name in given if name not in known]:
        names = ", ".join(known) or "none"
        raise FigureGroundError(f"unknown option {', '.join(unknown)}", "export", f"this format's options: {names}")
    return kind(**given)
