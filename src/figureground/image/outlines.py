"""Masks as polygons: outlines along the edges of pixels, and one polygon of several.

Points are (x, y) in px from the upper left corner of the picture, whose first pixel is the square from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from figureground.core.arrays import Floats, Ints
from figureground.core.nouns import Mask

_BLOCK = 1 << 20  # distances that are looked at together


def outlines(mask: Mask) -> list[Ints]:
    """Return the outlines of a mask's pieces and holes, int64 (n, 2): the corners of each, in turn, the last one's
    neighbour is the first.

    Who walks along one has the mask at the right.  Pixels that touch with corners alone are apart.
    """
    x, y, across, along = _corners(mask)
    inside = np.pad(mask, 1)[y + 1, x + 1]  # of the pixel to the lower right of a corner
    across_to, along_to, starts = across.tolist(), along.tolist(), inside.tolist()
    done = np.zeros(x.size, np.bool_)
    found = []
    for first in range(x.size):  # the uppermost of its outline, and of those the leftmost
        if done[first]:
            continue
        row: list[int] = []
        corner, flat = first, starts[first]
        while not row or corner != first:
            row.append(corner)
            corner = across_to[corner] if flat else along_to[corner]
            flat = not flat
        done[row] = True
        found.append(np.stack([x[row], y[row]], 1))
    return found


def _corners(mask: Mask) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the corners of a mask, row by row: x, y, and of each the one that it is joined to in its row, and in its
    column.  Where two pixels touch with corners alone there are two at one place."""
    framed = np.pad(mask, 1)
    upper_left, upper_right = framed[:-1, :-1], framed[:-1, 1:]
    lower_left, lower_right = framed[1:, :-1], framed[1:, 1:]
    touching = (upper_left == lower_right) & (upper_right == lower_left) & (upper_left != upper_right)
    number = (upper_left ^ upper_right ^ lower_left ^ lower_right) + 2 * touching
    y, x = (np.repeat(place, number[number > 0]) for place in np.nonzero(number))
    second = np.zeros(x.size, np.bool_)  # of two at one place the one whose pixel lies to the right
    second[1:] = (x[1:] == x[:-1]) & (y[1:] == y[:-1])
    below = np.where(touching[y, x] & ~upper_left[y, x], ~second, second)  # whether that pixel is the lower one
    return x, y, _partners(np.lexsort((second, x, y))), _partners(np.lexsort((below, y, x)))


def _partners(order: Ints) -> Ints:
    """Return who is joined to whom, where of an order the first is joined to the second, the third to the fourth …"""
    found = np.empty_like(order)
    found[order[::2]], found[order[1::2]] = order[1::2], order[::2]
    return found


def inset(outline: Ints, by: float) -> Floats:
    """Return an outline moved into the mask, float64 (n, 2).

    Programs that round points down and fill up to them, those included, then fill the mask's pixels and no others.
    """
    after, before = np.roll(outline, -1, 0) - outline, outline - np.roll(outline, 1, 0)
    step = np.where(after != 0, after, before)  # each corner has one edge in x and one in y
    return np.asarray(outline + by * np.sign(step)[:, ::-1] * np.array([-1, 1]), np.float64)


def joined(parts: Sequence[Floats]) -> Floats:
    """Return one polygon of several, (n, 2): each is gone round where another one comes nearest to it by a corner, over
    a line to and fro that has no area.

    Begins with the one of most corners; the next is always the nearest to those that are in.  Holes that run against
    their outlines are left out by any rule of filling.
    """
    points = np.concatenate(parts)
    part = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
    ends = np.cumsum([len(one) for one in parts])
    newest = int(np.argmax([len(one) for one in parts]))
    path = list(range(int(ends[newest]) - len(parts[newest]), int(ends[newest])))
    rest = np.flatnonzero(part != newest)
    nearest, distance = np.zeros(len(points), np.int64), np.full(len(points), np.inf)
    while rest.size:
        _approach(points, rest, np.flatnonzero(part == newest), nearest, distance)
        corner = int(rest[np.argmin(distance[rest])])
        newest = int(part[corner])
        own = np.flatnonzero(part == newest)
        own = np.roll(own, own[0] - corner)
        at = path.index(int(nearest[corner]))
        path[at + 1 : at + 1] = [*own.tolist(), corner, path[at]]
        rest = rest[part[rest] != newest]
    return np.asarray(points[path], np.float64)


def _approach(points: Floats, rest: Ints, new: Ints, nearest: Ints, distance: Floats) -> None:
    """Keep of each point of the rest which point is nearest to it, now that there are new ones."""
    block = max(1, _BLOCK // new.size)
    for start in range(0, rest.size, block):
        some = rest[start : start + block]
        across = points[some, 0, None] - points[new, 0]
        down = points[some, 1, None] - points[new, 1]
        found = across * across + down * down
        closest = found.argmin(1)
        least = found[np.arange(some.size), closest]
        better = least < distance[some]
        distance[some[better]], nearest[some[better]] = least[better], new[closest[better]]
