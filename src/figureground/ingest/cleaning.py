"""Mattes without what is not the figure: specks away from it, and the faint haze that erasers and networks leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bools, Ints
from figureground.core.nouns import Alpha, Box, Mask
from figureground.image.filters import box_blur
from figureground.image.masks import FAINT, mask_of, pieces, tight_box

# A piece with less of a mask than this share of the largest piece's is a speck.  In 93 real cut-outs what is left over
# has at most 0.02 % of it, and the least second figure 27 %; a tennis ball beside a child has 0.6 %.
LEAST = 0.005
MOST = (
    0.1  # of the mask in specks: then it is no figure with specks but something in crumbs, which `matting.judge` says
)
VEIL = 64  # haze is fainter; veils, glass and smoke that are meant are mostly denser
FIRM = 0.75  # of a matte's own peak: what is less is no firm stand
SHOE = 0.015  # of the figure's height: how far soft edges and tips of shoes reach below what is firm
TAIL = 0.035  # what reaches farther is none of them
LEAF = 0.015  # of the mask in half-transparent pixels: more of them are a part of the figure, like a glass's foot


def cleaned(alpha: Alpha) -> tuple[Alpha, tuple[str, ...]]:
    """Return a matte without haze and specks, and notes of what was taken away.

    Nothing changes where there is neither, so a clean cut-out keeps its bytes.  A figure of several parts stays whole:
    only what is small beside the largest part is a speck.
    """
    clear, shrunk = _without_haze(alpha)
    clear, count, share = _without_specks(clear)
    clear, rows = _without_tail(clear)
    notes = []
    if shrunk:
        notes.append(f"faint alpha around the figure taken away: it made the box up to {shrunk} px wider a side")
    if count:
        notes.append(f"{count} speck{'s' if count > 1 else ''} beside the figure taken away ({share:.2%} of its area)")
    if rows:
        notes.append(f"something thin or faint taken away that hung {rows} px below where the figure stands")
    return clear, tuple(notes)


def near(mask: Mask, reach: int) -> Mask:
    """Return the pixels at most `reach` columns and rows from the mask."""
    return box_blur(mask[..., None].astype(np.float32), reach)[..., 0] > 1e-7


def _without_haze(alpha: Alpha) -> tuple[Alpha, int]:
    """Return a matte without broad faint regions that reach out of the figure's box, and by how many px a side they
    widened it.

    Soft edges, hair and whiskers are faint too, but narrow: a region is haze where at least a third of its pixels lie
    amid others of it.
    """
    labels, areas = pieces(mask_of(alpha))
    body = (areas >= LEAST * areas[1:].max(initial=0))[labels] & (labels > 0)
    box = tight_box(body)
    if box is None:
        return alpha, 0
    size = max(box[2] - box[0], box[3] - box[1])
    far = (alpha > 0) & (alpha < VEIL) & ~near(body, max(2, round(0.005 * size)))
    if not (far & (alpha >= FAINT) & ~_inside(box, max(2, round(0.01 * size)), alpha.shape)).any():
        return alpha, 0
    regions, sizes = pieces(far)
    haze = _broad(far, regions, sizes.size, size)
    for number in np.flatnonzero(haze):
        haze[number] = not _within(regions == number, box)
    if not haze.any():
        return alpha, 0
    clear = np.where(haze[regions], np.uint8(0), alpha)
    before, after = tight_box(alpha >= FAINT), tight_box(clear >= FAINT)
    return clear, _shrinking(before, after)


def _without_specks(alpha: Alpha) -> tuple[Alpha, int, float]:
    """Return a matte without specks, how many they were, and their share of the figure's mask.

    Those beside the figure and inside its box stay: ends of hair, and what a coarse matte broke off.
    """
    labels, sizes = pieces(alpha >= FAINT)
    solid = np.bincount(labels[mask_of(alpha)], minlength=sizes.size)
    solid[0] = 0
    height, width = alpha.shape
    inner = _inside((2, 2, width - 2, height - 2), 0, alpha.shape)
    line = np.bincount(labels[inner], minlength=sizes.size) == 0  # along the edge: a picture's old border
    figure = ~line & (solid >= max(1.0, LEAST * solid.max(initial=0)))
    box = tight_box(figure[labels])
    if box is None or solid[~figure].sum() > MOST * solid.sum():
        return alpha, 0, 0.0
    size = max(box[2] - box[0], box[3] - box[1])
    beside = near(figure[labels], max(2, round(0.02 * size))) & _inside(box, 0, alpha.shape)
    away = np.bincount(labels[~beside], minlength=sizes.size) == sizes
    out = np.bincount(labels[~_inside(box, 0, alpha.shape)], minlength=sizes.size) > 0
    small = line | (sizes < LEAST * sizes[1:].max())
    speck = ~figure & (away | out) & (small | _broad(labels > 0, labels, sizes.size, size))
    speck[0] = False
    if not speck.any():
        return alpha, 0, 0.0
    gone = speck[labels]
    gone |= near(gone, 2) & (alpha < FAINT) & (labels == 0)  # the veil around a speck
    share = float(sizes[speck].sum() / sizes[figure].sum())
    return np.where(gone, np.uint8(0), alpha), int(speck.sum()), share


def _without_tail(alpha: Alpha) -> tuple[Alpha, int]:
    """Return a matte without what hangs, thin or half-transparent, below where its figure stands, and how many px lower
    that reached.

    A figure stands on its lowest row where at least 1 % of its height hangs together that is firm.  Legs of chairs and
    of birds, poles and stems are thin too, but more than a crumb of the figure: they stay.
    """
    mask = mask_of(alpha)
    box, seen = tight_box(mask), tight_box(alpha >= FAINT)
    if box is None or seen is None:
        return alpha, 0
    height = box[3] - box[1]
    firm = mask & (alpha >= FIRM * np.quantile(alpha[mask], 0.99))
    last = np.flatnonzero(_longest_runs(firm) >= max(2, round(0.01 * height)))
    stand = int(last[-1]) + 1 if last.size else seen[3]
    end = stand + max(3, round(SHOE * height))
    thin, leaf = int(firm[end:].sum()), int((mask & ~firm)[end:].sum())
    if seen[3] - stand <= max(4, TAIL * height) or thin > LEAST * mask.sum() or leaf > LEAF * mask.sum():
        return alpha, 0
    clear = alpha.copy()
    clear[end:] = 0
    return clear, seen[3] - stand


def _longest_runs(mask: Mask) -> Ints:
    """Return the length of the longest run of true pixels in each row."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(padded, axis=1)
    rows, starts = np.nonzero(edges == 1)
    longest = np.zeros(mask.shape[0], np.int64)
    np.maximum.at(longest, rows, np.nonzero(edges == -1)[1] - starts)
    return longest


def _broad(mask: Mask, labels: NDArray[np.int32], count: int, size: int) -> Bools:
    """Return, for each labelled region of a mask, whether a third of it lies amid others of the mask."""
    amid = mask & (box_blur(mask[..., None].astype(np.float32), max(3, round(0.02 * size)))[..., 0] >= 0.5)
    found = np.bincount(labels[amid], minlength=count) * 3 >= np.bincount(labels.ravel(), minlength=count)
    found[0] = False
    return found


def _inside(box: Box, margin: int, shape: tuple[int, ...]) -> Mask:
    """Return the pixels inside a box that is widened by a margin."""
    found = np.zeros(shape, np.bool_)
    found[max(0, box[1] - margin) : box[3] + margin, max(0, box[0] - margin) : box[2] + margin] = True
    return found


def _within(region: Mask, box: Box) -> bool:
    own = tight_box(region)
    return own is not None and own[0] >= box[0] and own[1] >= box[1] and own[2] <= box[2] and own[3] <= box[3]


def _shrinking(before: Box | None, after: Box | None) -> int:
    """Return by how many px the farthest moved side of a box moved in."""
    if before is None or after is None:
        return 0
    return max(after[0] - before[0], after[1] - before[1], before[2] - after[2], before[3] - after[3])
