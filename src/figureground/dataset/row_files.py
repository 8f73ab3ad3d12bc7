"""The names of a sample's members, read off its row of metadata.jsonl without the rest of it."""

from __future__ import annotations

import functools
import re

from figureground.core.inner_names import declared
from figureground.core.layers import LAYERS
from figureground.core.typed import parsed_object

_ENDING = "_file_name"
_MARK = f'{_ENDING}"'.encode()
_LAYER_OF = {layer + _ENDING: layer for layer in LAYERS}
_NUMBER = re.compile(rb"\d{9,}")  # a sample's, as `member_name` writes it
_LONGEST_END = 1000  # bytes of what is kept of the end of a row
_KEPT = 1024  # ends that differ in more than the sample's number: a dataset has one


def files_of(line: bytes) -> dict[str, str]:
    """Return the files of a row, by layer, as its record has them.  Raises ValueError for what has none.

    A row ends with them, so what stands before need not be parsed.  Where the
    first such key is not the row's own, but stands in a text or in a table within, or where anything stands behind, all
    of it is parsed.
    """
    start = line.rfind(b'"', 0, max(line.find(_MARK), 0))
    # a quote behind a comma and a space is none within a text, where it has a backslash before it
    if start > 1 and line[start - 2 : start] == b", " and (found := files_at_end(line[start:])) is not None:
        return found
    row = parsed_object(line)
    named = {layer: row.get(key) for key, layer in _LAYER_OF.items()}
    return {layer: declared(name) for layer, name in named.items() if name}


def files_at_end(end: bytes) -> dict[str, str] | None:
    """Return the files of a row, by layer, of its end from the first of their keys on; None where anything else stands
    there, or other names than ours.

    Ends of rows differ in the sample's number alone, so they are parsed once with noughts in its place.
    """
    number = _NUMBER.search(end) if len(end) <= _LONGEST_END else None
    if number is None:
        return None
    digits = number.group()
    names = _names_around(tuple(end.split(digits)), len(digits))
    if names is None:
        return None
    text = digits.decode()
    return {layer: f"{before}{text}{behind}" for layer, before, behind in names}


@functools.lru_cache(_KEPT)
def _names_around(pieces: tuple[bytes, ...], digits: int) -> list[tuple[str, str, str]] | None:
    """Return (layer, what stands before the number in its file's name, what stands behind it) of a row's end, whose
    pieces lie around the numbers of so many digits.

    None where they are not all names that end in that way, once each.
    """
    noughts = "0" * digits
    try:
        row = parsed_object(b"{" + noughts.encode().join(pieces))
        names = [(key, *declared(name).partition(noughts)) for key, name in row.items()]
    except ValueError:
        return None
    # noughts that are no number's place, and one with which they would begin sooner
    if any(noughts.encode() in one or one.endswith(b"0") for one in pieces):
        return None
    if any(noughts in behind or not found for _, _, found, behind in names):
        return None
    if not row.keys() <= _LAYER_OF.keys():
        return None
    given = {_LAYER_OF[key]: (before, behind) for key, before, _, behind in names}
    return [(layer, *given[layer]) for layer in LAYERS if layer in given]
