"""Names from label files -> names of files and folders that every system takes, no two of them alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable

from figureground.core.errors import printable
from figureground.core.inner_names import declared

_UNFIT = re.compile(r'[\\/:<>"|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_LEADING = re.compile(r"^[\s.=+@'-]")  # hidden files, formulas of spreadsheets, flags
_LONGEST = 80  # bytes of a piece: a class, a name and a number stay below what a name may have


def safe(text: str, otherwise: str) -> str:
    """Return a text as a piece of a name: letters of every script and spaces stay, what a system refuses becomes "_".

    `otherwise`: what stands where nothing is left.
    """
    whole = unicodedata.normalize("NFC", " ".join(_UNFIT.sub("_", text).split()))
    whole = "".join("_" if printable(one) != one else one for one in whole)
    piece = whole.encode()[:_LONGEST].decode(errors="ignore").rstrip(". ")
    piece = _LEADING.sub("_", piece) or otherwise
    try:
        return declared(piece)
    except ValueError:  # a device on Windows, or what is kept for stores
        return declared(f"{piece.replace('.', '_')}_")


def told_apart(texts: Iterable[tuple[Hashable, str]], taken: Iterable[str] = ()) -> dict[Hashable, str]:
    """Return a name for each key: its text, or that with ~2, ~3 ... where a disk that tells no case has it already."""
    seen = {name.casefold() for name in taken}
    found: dict[Hashable, str] = {}
    for key, text in texts:
        if key in found:
            continue
        name, number = text, 1
        while name.casefold() in seen:
            number += 1
            name = f"{text}~{number}"
        seen.add(name.casefold())
        found[key] = name
    return found
