"""Which parts a dataset has: rows in its manifest, or in the lists that a manifest of very many parts names."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from figureground.core.errors import FigureGroundError
from figureground.core.inner_names import declared
from figureground.core.store import Store
from figureground.core.typed import parsed_object, typed
from figureground.dataset import names
from figureground.dataset.parts import MOST_ROWS, STATE, part_file

A_LIST = 4096  # parts; a dataset of no more has their rows in its manifest
MOST_PARTS = 1_000_000
Row = Mapping[str, Any]  # file, samples, bytes, sha256 of a part

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST = 2**62


class PartTable(Sequence[Row]):
    """The rows of a dataset's parts, in their order, and which samples each part has.

    Of very many parts a list of 4,096 rows is read when one of them is first asked for, held to what the manifest says
    of it, and kept.  Raises FigureGroundError where it is not that.
    """

    def __init__(self, heads: Sequence[Row], store: Store | None = None, rows: Sequence[Row] | None = None) -> None:
        self._heads, self._store = heads, store
        self._ends = list(itertools.accumulate(int(head["parts"]) for head in heads))
        self._sample_ends = list(itertools.accumulate(int(head["samples"]) for head in heads))
        self._read = {} if rows is None else {0: (rows, list(itertools.accumulate(int(r["samples"]) for r in rows)))}

    @staticmethod
    def of(rows: Sequence[Row]) -> PartTable:
        """Return the table of rows that are at hand."""
        if isinstance(rows, PartTable):
            return rows
        return PartTable([{"parts": len(rows), "samples": sum(row["samples"] for row in rows)}], rows=rows)

    @property
    def lists(self) -> int:
        """How many lists the rows lie in; 0 where they are in the manifest."""
        return len(self._heads) if self._store is not None else 0

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | Sequence[Row]:
        if isinstance(number, slice):
            return [self[k] for k in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(f"part {number} of {len(self)}")
        number %= len(self)
        k = bisect.bisect_right(self._ends, number)
        return self._rows(k)[0][number - (self._ends[k - 1] if k else 0)]

    def __iter__(self) -> Iterator[Row]:
        for k in range(len(self._heads)):
            yield from self._rows(k)[0]

    def start(self, number: int) -> int:
        """Return the first sample of a part; of the number beyond the last, how many samples there are."""
        k = bisect.bisect_right(self._ends, number)
        before = self._sample_ends[k - 1] if k else 0
        inside = number - (self._ends[k - 1] if k else 0)
        return before + (self._rows(k)[1][inside - 1] if inside else 0)

    def find(self, sample: int) -> tuple[int, int]:
        """Return the part that holds a sample, and the sample's row there."""
        k = bisect.bisect_right(self._sample_ends, sample)
        before = self._sample_ends[k - 1] if k else 0
        ends = self._rows(k)[1]
        inside = bisect.bisect_right(ends, sample - before)
        return (self._ends[k - 1] if k else 0) + inside, sample - before - (ends[inside - 1] if inside else 0)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | ({"_read": {}} if self._store is not None else {})

    def _rows(self, k: int) -> tuple[Sequence[Row], list[int]]:
        found = self._read.get(k)
        if found is None:
            if self._store is None:
                raise IndexError(f"list {k}")
            rows = read_list(self._store, k, self._heads[k])["parts"]
            found = self._read[k] = rows, list(itertools.accumulate(row["samples"] for row in rows))
        return found


def list_file(k: int) -> str:
    """Return the name of a list of parts in its dataset: "state/list-00000.json"."""
    return f"{STATE}/list-{k:05d}.json"


def list_count(parts: int) -> int:
    """Return how many lists a dataset of so many parts has."""
    return -(-parts // A_LIST) if parts > A_LIST else 0


def read_list(store: Store, k: int, head: Row) -> dict[str, Any]:
    """Return what a list says: "parts", their rows, and "files", bytes and sha256 of what stands beside them by name.

    `head`: what the manifest says of it.  Raises FigureGroundError where it is missing or anything else.
    """
    name = list_file(k)
    try:
        data = names.read_bounded(store, name)
        if hashlib.sha256(data).hexdigest() != head["sha256"]:
            raise ValueError(f"it is not what {names.MANIFEST} says of it")
        plain = parsed_object(data)
        rows = check_rows(plain.get("parts"))
        typed(Mapping[str, Mapping[str, Any]], plain.get("files"))
        first = k * A_LIST
        if any(row["file"] != part_file(first + i) for i, row in enumerate(rows)):
            raise ValueError("it lists other parts")
        if (len(rows), sum(row["samples"] for row in rows)) != (head["parts"], head["samples"]):
            raise ValueError(f"it has other counts than {names.MANIFEST}")
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"a list of parts cannot be read: {error}", f"{store.name}/{name}", names.TO_VERIFY
        ) from None
    return plain


def check_rows(value: Any) -> Sequence[Row]:
    """Return the rows of parts.  Raises ValueError for what are none."""
    rows: Sequence[Row] = typed(tuple[Mapping[str, Any], ...], value)
    if len(rows) > MOST_PARTS:
        raise ValueError(f"{len(rows):,} parts are more than any dataset has")
    for row in rows:
        if not row.keys() >= {"file", "samples", "bytes", "sha256"}:
            raise ValueError("a part lacks file, samples, bytes or sha256")
        count(row["samples"], MOST_ROWS)
        count(row["bytes"])
        if not _SHA256.fullmatch(typed(str, row["sha256"])):
            raise ValueError("a part's sha256 is none")
        if not re.fullmatch(r"parts/[^/]+\.zip", declared(row["file"])):
            raise ValueError(f"{row['file']!r} is no zip in the folder of parts")
    if len({row["file"] for row in rows}) < len(rows):
        raise ValueError("two parts are one file")
    return rows


def check_heads(value: Any) -> Sequence[Row]:
    """Return what a manifest says of its lists of parts.  Raises ValueError for what is none."""
    table = typed(Mapping[str, Any], value)
    heads: Sequence[Row] = typed(tuple[Mapping[str, Any], ...], table.get("lists"))
    for k, head in enumerate(heads):
        if head.keys() != {"file", "parts", "samples", "bytes", "sha256"} or head["file"] != list_file(k):
            raise ValueError("a list of parts has another name, or lacks counts, bytes or sha256")
        count(head["parts"], A_LIST)
        count(head["samples"], A_LIST * MOST_ROWS)
        count(head["bytes"])
        if not _SHA256.fullmatch(typed(str, head["sha256"])):
            raise ValueError("a list's sha256 is none")
    if sum(head["parts"] for head in heads) > MOST_PARTS or any(head["parts"] != A_LIST for head in heads[:-1]):
        raise ValueError("lists of other lengths than any dataset has")
    return heads


def count(value: Any, most: int = _MOST) -> int:
    """Return a whole number of things.  Raises ValueError for anything else, and beyond `most`."""
    number: int = typed(int, value)
    if not 0 <= number <= most:
        raise ValueError(f"{number} is not between 0 and {most}")
    return number
