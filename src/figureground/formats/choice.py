"""Which samples of a dataset are exported: by split, by class, by what their records say."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.record import COLUMNS, SPLITS, Record, label_values
from figureground.dataset.select import Samples, Selection
from figureground.dataset.stored import Dataset

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"\s*(\w+)\s*(==|!=|>=|<=|>|<)\s*(.*?)\s*")


@dataclass(frozen=True)
class Choice:
    """What chooses samples; each field narrows it, and an empty one does not.

    `splits`, `classes`: any of them.  `where`: conditions like "plausibility >= 0.5", on columns of labels.csv, all of
    which hold; a sample whose value is unknown is not chosen.
    """

    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


def chosen(data: Samples, choice: Choice) -> tuple[Dataset, list[int]]:
    """Return a stored dataset and the numbers of its chosen samples, ascending.

    `data`: the dataset, or a selection of its samples.  Raises FigureGroundError for samples that are not stored, for a
    split, class or condition that cannot be, and where nothing is left.
    """
    dataset = data.source if isinstance(data, Selection) else data
    if not isinstance(dataset, Dataset):
        raise FigureGroundError(
            "only a finished dataset, or a selection of one, can be exported", repr(data), "build it with its parts"
        )
    for word, given, known in (("split", choice.splits, SPLITS), ("class", choice.classes, dataset.classes.values())):
        if unknown := [name for name in given if name not in known]:
            raise FigureGroundError(f"unknown {word} {unknown[0]!r}", f"--{word}", f"one of {', '.join(known)}")
    tests = [condition(text) for text in choice.where]
    numbers = sorted(set(data.indices)) if isinstance(data, Selection) else range(len(dataset))
    if choice.splits or choice.classes or tests:
        numbers = [i for i in numbers if _suits(dataset.record(i), choice, tests)]
    if not numbers:
        raise FigureGroundError("no sample is chosen", repr(data), "choose other splits, classes or conditions")
    return dataset, list(numbers)


def _suits(record: Record, choice: Choice, tests: Sequence[Callable[[Record], bool]]) -> bool:
    classes = {figure.class_name for figure in record.figures}
    return (
        (not choice.splits or record.split in choice.splits)
        and (not choice.classes or not classes.isdisjoint(choice.classes))
        and all(test(record) for test in tests)
    )


def condition(text: str) -> Callable[[Record], bool]:
    """Return what a condition like "plausibility >= 0.5" or "background == bg003" says of a record.

    Numbers are compared as numbers, all else as text; a truth value is 1 or 0, as in labels.csv.  Raises
    FigureGroundError for what is none.
    """
    found = _CONDITION.fullmatch(text)
    if found is None or found[1] not in COLUMNS or found[1] == "part":
        raise FigureGroundError(
            f"not a condition: {text!r}",
            "--where",
            "COLUMN == | != | >= | <= | > | < VALUE, like 'plausibility >= 0.5', with a column of labels.csv",
        )
    column, compare, written = found[1], _COMPARED[found[2]], found[3].strip("'\"")
    try:
        number = float(written)
    except ValueError:
        number = None

    def holds(record: Record) -> bool:
        value = label_values(record).get(column)
        if value is None:
            return False
        if number is not None and isinstance(value, int | float):
            return compare(value, number)
        return compare(str(value), written)

    return holds
