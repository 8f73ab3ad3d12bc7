"""A JSON object with long arrays, written a row a line: memory stays flat, however many rows there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO


def write_object(file: BinaryIO, head: Mapping[str, Any], arrays: Mapping[str, Iterable[Any]]) -> None:
    """Write an object: what `head` says, and after it the arrays, whose rows are asked for one by one."""
    file.write(b"{\n")
    for name, value in head.items():
        file.write(f"{json.dumps(name)}: {json.dumps(value)},\n".encode())
    for k, (name, rows) in enumerate(arrays.items()):
        file.write(f"{',' if k else ''}{json.dumps(name)}: [".encode())
        for n, row in enumerate(rows):
            file.write(f"{',' if n else ''}\n{json.dumps(row)}".encode())
        file.write(b"\n]\n")
    file.write(b"}\n")
