"""Of photos that are one picture the best is kept; those that are nearly alike share a split, or are set aside too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Bytes
from figureground.ingest.same_picture import coarse, same_cut_anew, same_picture

# Mean difference of two coarse miniatures, in grey levels, below which photos are nearly alike.  Of 249 cut-outs 12
# were there twice, cut out in two ways: they differ by 0.8 to 9.0, and no other two by less than 18.7; of 124 rooms no
# two by less than 18, and eight road signs by 3 at most.
NEAR = {"background": 9.0, "foreground": 13.0}
_BY_HAND, _BY_COLOUR = ("alpha", "mask"), "key"  # what a cut-out is made by, best first; a network's comes last


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of a prepared photo when copies are told.

    `fine`: its `same_picture.miniature`.  `cutout`: the method that cut a figure out.  `pixels`: of the picture, or of
    the figure in it, in its file; `size`: bytes of the file.  `mended`: a cut-out came with faults that were taken
    away, so that its file shows something else than one without them.
    """

    kind: str
    name: str
    sha256: str
    fine: Bytes
    cutout: str = ""
    pixels: int = 0
    size: int = 0
    mended: bool = False


@dataclass(frozen=True)
class Copies:
    """By the numbers of the photos: why some are set aside, and the name that near-twins share, the least sha256."""

    reasons: dict[int, str]
    twins: dict[int, str]


def told_apart(seen: Mapping[int, Seen], keep_twins: bool) -> Copies:
    """Return which photos are copies of a better one, and which of the others are nearly alike.

    What comes out hangs on the photos alone, not on their order, but for files that are equal byte for byte.
    """
    reasons: dict[int, str] = {}
    twins: dict[int, str] = {}
    for kind in dict.fromkeys(one.kind for one in seen.values()):
        numbers = [n for n, one in seen.items() if one.kind == kind]
        kept = _kept(seen, numbers, keep_twins, reasons)
        twins |= _families(seen, kept, kind)
    return Copies(reasons, twins)


def _rank(one: Seen) -> tuple[int, int, int, str]:
    """Return what the better of two copies has less of."""
    made = 0 if one.cutout in ("", *_BY_HAND) else 1 if one.cutout == _BY_COLOUR else 2
    return made, -_steps(one), -one.size, one.sha256


def _steps(one: Seen) -> int:
    """Return a photo's pixels in steps of a fifth: a box that is a hair wider is no better picture."""
    return round(4 * math.log2(max(one.pixels, 1)))


def _kept(seen: Mapping[int, Seen], numbers: Sequence[int], keep_twins: bool, reasons: dict[int, str]) -> list[int]:
    """Return the numbers of the photos that are kept, best first, and note why the others are not."""
    kept: list[int] = []
    by_sha: dict[str, int] = {}
    shelf = _Shelf(len(numbers))
    for number in sorted(numbers, key=lambda n: (*_rank(seen[n]), n)):
        one = seen[number]
        if one.sha256 in by_sha:
            other = seen[by_sha[one.sha256]].name
            reasons[number] = (
                f"the same file as {other}"
                if other != one.name
                else f"the same file, found by {'an earlier' if by_sha[one.sha256] < number else 'a later'} source"
            )
            continue
        reason = ""
        small = coarse(one.fine)
        for place in shelf.near(small, NEAR[one.kind]):
            better = seen[kept[place]]
            if _one_picture(better, one):
                reason = f"the same picture as {better.name}, which {_why(better, one)}"
            elif not keep_twins:
                reason = f"nearly the same picture as {better.name}"
            if reason:
                break
        if reason:
            reasons[number] = reason
        else:
            by_sha[one.sha256] = number
            kept.append(number)
            shelf.add(small)
    return kept


def _one_picture(better: Seen, one: Seen) -> bool:
    if better.mended != one.mended:
        return False
    if better.cutout != one.cutout:
        return same_cut_anew(better.fine, one.fine)
    return same_picture(one.kind, better.fine, one.fine)


def _why(better: Seen, one: Seen) -> str:
    if _rank(better)[0] < _rank(one)[0]:
        return {"alpha": "has its own alpha", "mask": "has a given mask"}.get(better.cutout, "is keyed, not guessed")
    if _steps(better) > _steps(one):
        return f"has {better.pixels / max(one.pixels, 1):.3g} times the pixels"
    return "is less compressed" if better.size > one.size else "is as good"


def _families(seen: Mapping[int, Seen], kept: Sequence[int], kind: str) -> dict[int, str]:
    """Return the shared name of those among the photos that are nearly alike, directly or by others between them."""
    shelf = _Shelf(len(kept))
    head = list(range(len(kept)))

    def root(place: int) -> int:
        while head[place] != place:
            place = head[place]
        return place

    for place, number in enumerate(kept):
        small = coarse(seen[number].fine)
        for other in shelf.near(small, NEAR[kind]):
            head[root(place)] = root(other)
        shelf.add(small)
    together: dict[int, list[int]] = {}
    for place, number in enumerate(kept):
        together.setdefault(root(place), []).append(number)
    return {n: min(seen[m].sha256 for m in family) for family in together.values() if len(family) > 1 for n in family}


class _Shelf:
    """Coarse miniatures of one kind, to find those near to another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known = np.empty((0, 0), np.int16)
        self._count = 0

    def add(self, small: Bytes) -> None:
        if not self._known.size:
            self._known = np.empty((self._most, small.size), np.int16)
        self._known[self._count] = small
        self._count += 1

    def near(self, small: Bytes, least: float) -> list[int]:
        """Return the places of those that differ by less than `least`, the nearest first."""
        if not self._count:
            return []
        distance = np.abs(self._known[: self._count] - small.astype(np.int16)).mean(1)
        places = np.flatnonzero(distance < least)
        return [int(n) for n in places[np.argsort(distance[places], kind="stable")]]
