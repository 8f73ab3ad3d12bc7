"""Tables that an import leaves for people, as spreadsheets open them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from figureground.ingest.review import cell


def table(head: Sequence[str], rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """Return a CSV table; no text in it is taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode(encoding, "backslashreplace")
