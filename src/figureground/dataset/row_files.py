"""The names of a sample's members, read off its row of metadata.jsonl without the rest of it."""

from __future__ import annotations

import re

from figureground.core.inner_names import declared
from figureground.core.layers import LAYERS
from figureground.core.typed import parsed_object

_ENDING = "_file_name"
_MARK = f'{_ENDING}"'.encode()
# how a row ends that we wrote: its files in the order of the table, named as `member_name` does it, and nothing behind
_END = re.compile(
    "".join(
        rf'(?:(?:, )?"{layer}{_ENDING}": "({row.folder}/\d{{9,}}\.[a-z]+)")?' for layer, row in LAYERS.items()
    ).encode()
    + rb"\}\n?\Z"
)


def files_of(line: bytes) -> dict[str, str]:
    """Return the files of a row, by layer, as its record has them.  Raises ValueError for what has none.

    A row ends with them, so what stands before need not be parsed.  Where the
    first such key is not the row's own, but stands in a text or in a table within, or where anything stands behind, all
    of it is parsed.
    """
    found = _END.match(line, max(line.rfind(b'"', 0, max(line.find(_MARK), 0)), 0))
    if found is not None and found.lastindex:
        return {layer: name.decode() for layer, name in zip(LAYERS, found.groups(), strict=True) if name}
    row = parsed_object(line)
    named = {layer: row.get(layer + _ENDING) for layer in LAYERS}
    return {layer: declared(name) for layer, name in named.items() if name}
