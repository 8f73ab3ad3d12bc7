"""Alpha mattes and masks: threshold, tight box, connected pieces, keying a plain ground, clean edge colours."""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.errors import SetAsideError
from figureground.core.nouns import Alpha, Box, Cutout, Picture
from figureground.image.filters import box_blur
from figureground.image.masks import FAINT, mask_of, pieces, tight_box

LEAST = 64  # fewer opaque pixels are no figure
WIDE, NARROW = 90, 6  # px: how far around colours are gathered for the edge's


def visible_box(cutout: Cutout) -> Box:
    """Return the box of a cut-out's visible part.  Raises SetAsideError when there is none."""
    box = tight_box(cutout[..., 3] >= FAINT)
    if box is None:
        raise SetAsideError("the cut-out is empty: nothing to paste")
    return box


def trim(cutout: Cutout) -> Cutout:
    """Return the cut-out cropped to its visible part.  Raises SetAsideError when there is none."""
    box = visible_box(cutout)
    return cutout[box[1] : box[3], box[0] : box[2]]


def judge(alpha: Alpha) -> None:
    """Raise SetAsideError when an alpha matte is no usable figure: empty, full, or in crumbs."""
    mask = mask_of(alpha)
    share = float(mask.mean())
    if mask.sum() < LEAST:
        raise SetAsideError(f"the cut-out is empty: {int(mask.sum())} px are at least half opaque")
    if share > 0.98:
        raise SetAsideError("the cut-out is full: the whole rectangle would become figure")
    border = np.concatenate([mask[0], mask[:, 0], mask[:, -1]])
    if border.mean() > 0.9:
        raise SetAsideError("the matte is opaque along the top and both sides: inverted, or the ground was left in")
    areas = pieces(mask)[1][1:]
    crumbs = areas[areas < 0.05 * areas.sum()].sum() / areas.sum()
    if crumbs > 0.2:
        raise SetAsideError(f"the cut-out is in crumbs: {areas.size} pieces, {crumbs:.0%} of the figure in small ones")


def says_something(alpha: Alpha) -> bool:
    """Tell whether an alpha channel cuts anything out: a handful of pixels that are hardly transparent do not."""
    return int((alpha < 240).sum()) > max(8, 0.0005 * alpha.size)


def tight_rectangle(alpha: Alpha) -> bool:
    """Tell whether an alpha matte is a rectangle cropped tight, like a card: transparent at its corners or rim alone.

    One that is inverted has its hole farther in, or where the figure is cut off below.
    """
    mask = mask_of(alpha)
    height, width = mask.shape
    rim = [mask[0], mask[-1], mask[:, 0], mask[:, -1]]
    inner = mask[round(0.1 * height) : round(0.9 * height), round(0.1 * width) : round(0.9 * width)]
    return bool(inner.all()) and all(side.mean() > 0.6 for side in rim)


def softness(alpha: Alpha) -> float:
    """Return half-transparent pixels (alpha within 15-85 %) as a share of the mask's area.

    A clean matte is soft only along its outline (0.01-0.1); one that is soft all over is a guess.
    """
    area = int(mask_of(alpha).sum())
    return float(((alpha > 38) & (alpha < 217)).sum()) / max(area, 1)


def without_specks(alpha: Alpha, least: float = 0.02) -> Alpha:
    """Return alpha with visible pieces smaller than `least` of the whole figure set to 0."""
    labels, areas = pieces(alpha >= FAINT)
    keep = areas >= least * areas[1:].sum()
    keep[0] = False
    return np.where(keep[labels], alpha, np.uint8(0))


def key(picture: Picture) -> Alpha:
    """Cut a figure from a plain studio ground by colour, with a soft edge.

    The ground is a quadratic surface per channel, fitted to the border (top and sides; the figure may be cut off
    below) and refitted without outliers, so that vignettes and shaded backdrops count as plain.  A pixel is ground
    where its colour is close to the surface *and* it hangs together with the border, so a white shirt on white stays.
    Between the two thresholds alpha rises linearly.  Raises SetAsideError when the border is not plain.
    """
    height, width = picture.shape[:2]
    values = picture.astype(np.float32)
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = 2 * u / max(width - 1, 1) - 1, 2 * v / max(height - 1, 1) - 1
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], -1)
    rim = max(2, round(0.03 * min(height, width)))
    border = np.zeros((height, width), bool)
    border[:rim] = border[:, :rim] = border[:, -rim:] = True
    used = border.copy()
    for _ in range(4):
        surface, *_ = np.linalg.lstsq(terms[used], values[used], rcond=None)
        off = terms @ surface
        distance = _greatest(np.abs(np.subtract(values, off, out=off), out=off))
        used = border & (distance < max(8.0, 2.5 * float(np.median(distance[border]))))
        if used.sum() < 0.5 * border.sum():
            break
    noise = float(np.quantile(distance[used], 0.9)) if used.any() else 255.0
    plain = float((distance[border] < 24).mean())
    if plain < 0.7 or noise > 12:
        raise SetAsideError(f"the ground is not plain: {plain:.0%} of the border has its colour")
    low = max(10.0, 2.0 * noise)
    high = low + 30.0
    labels, _ = pieces(distance < high)
    outside = np.unique(labels[border & (distance < low)])
    ground = np.isin(labels, outside[outside > 0])
    soft = np.clip((distance - low) / (high - low), 0, 1)
    return np.where(ground, np.rint(255 * soft), 255).astype(np.uint8)


def _greatest(values: Singles) -> Singles:
    """Return the greatest of three channels, plane by plane: numpy is slow over a last axis of 3."""
    found: Singles = np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])
    return found


def decontaminate(picture: Picture, alpha: Alpha, radii: tuple[int, ...] = (WIDE, NARROW)) -> Picture:
    """Return foreground colours for a picture with a known alpha, free of the old background's colour at the edges.

    Blur fusion (Forte 2021, "Approximate fast foreground colour estimation"), first wide, then narrow.
    """
    a = alpha[..., None].astype(np.float32) / np.float32(255)
    image = picture.astype(np.float32) / np.float32(255)
    front, back = image, image
    for radius in radii:
        around, back = blurred(a, front, back, radius)
        front = unmixed(image, a, around, back)
    clean: Picture = np.rint(np.float32(255) * front).astype(np.uint8)
    return clean


def blurred(a: Singles, front: Singles, back: Singles, radius: int) -> tuple[Singles, Singles]:
    """Return the colours of foreground and background around each pixel, weighted by alpha `a` (height, width, 1).

    All in 0..1, colours float32 (height, width, 3).
    """
    one, tiny = np.float32(1), np.float32(1e-5)
    weight = box_blur(a, radius)
    around, behind = box_blur(front * a, radius), box_blur(back * (one - a), radius)
    around /= weight + tiny
    behind /= one - weight + tiny
    return around, behind


def unmixed(image: Singles, a: Singles, front: Singles, back: Singles) -> Singles:
    """Return foreground colours one step from an estimate towards image = a*F + (1 - a)*B."""
    found: Singles = np.clip(front + a * (image - a * front - (np.float32(1) - a) * back), 0, 1)
    return found
