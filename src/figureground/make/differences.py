"""(what is there, what would be made) -> what is wrong, for tables, rows and pictures; no files, no clock."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 20  # differences of one file that are named
_LONG = 60  # characters of a value that are shown


def shown(value: Any) -> str:
    """Return a value as a message shows it, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def unlike(there: Any, made: Any, shared: bool = False, where: str = "") -> Iterator[str]:
    """Yield "KEY is A, would be B" for all that differs in two JSON values.

    `shared`: keys that only one of them has do not count, as where another version wrote it.
    """
    if isinstance(there, Mapping) and isinstance(made, Mapping):
        for key in dict.fromkeys([*there, *made]):
            inner = f"{where}.{key}" if where else str(key)
            if key in there and key in made:
                yield from unlike(there[key], made[key], shared, inner)
            elif not shared:
                yield f"{inner} is missing" if key in made else f"{inner} should not be there"
    elif isinstance(there, list) and isinstance(made, list) and len(there) == len(made):
        for i, (one, other) in enumerate(zip(there, made, strict=True)):
            yield from unlike(one, other, shared, f"{where}[{i}]")
    elif there != made or type(there) is not type(made):
        yield f"{where or 'its content'} is {shown(there)}, would be {shown(made)}"


def few(lines: Iterator[str] | Sequence[str]) -> list[str]:
    """Return the first of some lines, and how many more there are."""
    every = list(lines)
    return every if len(every) <= _MOST else [*every[:_MOST], f"and {len(every) - _MOST} more"]


def json_unlike(there: bytes, made: bytes, shared: bool = False) -> list[str]:
    """Return what differs in a JSON file, also where it says the same in other bytes."""
    if there == made:
        return []
    try:
        found = few(unlike(json.loads(there), json.loads(made), shared))
    except ValueError as error:
        return [f"is no JSON: {error}"]
    return found or ([] if shared else ["is written otherwise than it would be, though it says the same"])


def text_unlike(there: bytes, made: bytes) -> list[str]:
    """Return what differs in a text file: its length, or its first line that is another."""
    if there == made:
        return []
    old, new = there.split(b"\n"), made.split(b"\n")
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    one, other = (lines[first] if first < len(lines) else b"" for lines in (old, new))
    return [f"line {first + 1} is {_line(one)}, would be {_line(other)}"]


def _line(data: bytes) -> str:
    return repr(shown(data.decode(errors="backslashreplace")))


def row_unlike(there: Sequence[str], made: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the columns in which two rows of a table differ."""
    if len(there) != len(made):
        return [f"has {len(there)} fields, would have {len(made)}"]
    return [
        f"{name} is {shown(a)}, would be {shown(b)}" for name, a, b in zip(columns, there, made, strict=True) if a != b
    ]


def raw_rows(lines: Iterable[str]) -> Iterator[str]:
    """Yield the rows of a table as they are written, with their line ends; fields may hold line ends.

    `lines`: of the table, with their ends.  Raises csv.Error.
    """
    taken: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    for _ in csv.reader(noted()):
        yield "".join(taken)
        taken.clear()


def csv_rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def picture_unlike(there: NDArray[Any], made: NDArray[Any]) -> str:
    """Return how two arrays of pixels differ; "" where they do not."""
    if there.shape != made.shape or there.dtype != made.dtype:
        return f"is {there.dtype} {there.shape}, would be {made.dtype} {made.shape}"
    differ = there != made
    differ = differ.any(-1) if differ.ndim == 3 else differ
    count = int(np.count_nonzero(differ))
    if not count:
        return ""
    y, x = (int(axis[0]) for axis in np.nonzero(differ))
    return f"{count:,} of {differ.size:,} px differ, the first at x = {x}, y = {y}"
