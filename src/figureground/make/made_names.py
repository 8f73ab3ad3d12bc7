"""What the files made of a folder's pictures are called, so that no two share a name on any disk."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath


def names_of(pictures: Sequence[str], suffix: str) -> list[str]:
    """Return the name of what is made of each picture: "deep/a.depth.png" for "deep/a.jpg" and the suffix ".depth.png".

    Of pictures that differ in their suffix alone they keep it: "a.jpg.depth.png" and "a.png.depth.png"; and what is the
    same to a disk that tells no case, as "A.jpg" and "a.jpg", is numbered: "a.jpg~2.depth.png".
    """
    stems = [PurePosixPath(picture).with_suffix("").as_posix() for picture in pictures]
    shared = Counter(map(_as_on_any_disk, stems))
    found = [stem if shared[_as_on_any_disk(stem)] == 1 else "" for stem in stems]
    taken = {_as_on_any_disk(name) for name in found if name}
    for i, picture in enumerate(pictures):
        if not found[i]:
            number, found[i] = 1, picture
            while _as_on_any_disk(found[i]) in taken:
                number += 1
                found[i] = f"{picture}~{number}"
            taken.add(_as_on_any_disk(found[i]))
    return [name + suffix for name in found]


def _as_on_any_disk(name: str) -> str:
    """Return a name as a disk sees it that tells neither case nor how a letter with its accent is written."""
    return unicodedata.normalize("NFC", name).casefold()
