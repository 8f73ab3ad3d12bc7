"""Alpha mattes and masks: threshold, tight box, connected pieces, keying a plain ground, clean edge colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground.errors import SetAsideError
from figureground.sample import HALF, Alpha, Box, Cutout, Mask, Picture

LEAST = 64  # fewer opaque pixels are no figure
FAINT = 16  # alpha below this is not part of the figure when a cut-out is trimmed: veils that no eye sees


def mask_of(alpha: Alpha) -> Mask:
    """Return alpha >= 1/2."""
    return alpha >= HALF


def tight_box(mask: Mask) -> Box | None:
    """Return (x0, y0, x1, y1), x1 and y1 exclusive, around the true pixels; None when there is none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def trim(cutout: Cutout) -> Cutout:
    """Return the cut-out cropped to its visible part.  Raises SetAsideError when there is none."""
    box = tight_box(cutout[..., 3] >= FAINT)
    if box is None:
        raise SetAsideError("the cut-out is empty: nothing to paste")
    return cutout[box[1] : box[3], box[0] : box[2]]


def pieces(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Label the 8-connected pieces of a mask.

    Returns int32 labels (0 = outside, 1..n in the order of first pixels) and the area of each label, int64 (n + 1,).
    Runs of pixels are joined row by row with union-find (He, Chao, Suzuki 2008).
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    row, start = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    parent = list(range(row.size))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]  # path halving
            i = parent[i]
        return i

    first = np.searchsorted(row, np.arange(height + 1))
    for y in range(1, height):
        above, here = int(first[y - 1]), int(first[y])
        last_above, last_here = int(first[y]), int(first[y + 1])
        while above < last_above and here < last_here:
            if start[above] <= end[here] and start[here] <= end[above]:  # overlap, or touch at a corner
                a, b = root(above), root(here)
                parent[max(a, b)] = min(a, b)
            if end[above] < end[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(i) for i in range(row.size)], np.int64)
    _, names = np.unique(roots, return_inverse=True)
    labels = np.zeros((height, width), np.int32)
    for y, x0, x1, name in zip(row.tolist(), start.tolist(), end.tolist(), names.tolist(), strict=True):
        labels[y, x0:x1] = name + 1
    return labels, np.bincount(labels.ravel(), minlength=1)


def foot(mask: Mask) -> tuple[float, float]:
    """Return where a figure stands, (x, y) as fractions of width and height: the middle of its lowest 4 % of rows."""
    rows = np.flatnonzero(mask.any(1))
    bottom = int(rows[-1]) + 1
    band = mask[max(0, bottom - max(1, round(0.04 * mask.shape[0]))) : bottom]
    columns = np.flatnonzero(band.any(0))
    middle = (columns[0] + columns[-1] + 1) / 2
    return round(float(middle) / mask.shape[1], 5), round((bottom - 0.5) / mask.shape[0], 5)


def cut_off_below(alpha: Alpha) -> str:
    """Return why a trimmed cut-out seems to be cut off at its lower edge, like a half-length portrait, or "".

    Feet meet the lower edge in narrow parts of the figure; a cut through coat, trunk or thighs is wide and straight.
    """
    mask = mask_of(alpha)
    height = mask.shape[0]
    widest = int(mask.sum(1).max())
    last = mask[-max(1, round(0.01 * height)) :].all(0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], last.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    longest, together = (int(runs.max()), int(runs.sum())) if runs.size else (0, 0)
    if longest > 0.45 * widest or together > 0.62 * widest:
        return f"it ends in a straight cut over {together / widest:.0%} of its width, as a half-length portrait does"
    return ""


def rounded(mask: Mask) -> NDArray[np.uint8]:
    """Return a plausible relief of a figure known by its mask alone: 0 at the outline, 255 in the middle of its widest.

    Limbs are taken as round: with d the distance to the outline and r the largest d nearby, height is that of a circle,
    sqrt(d * (2r - d)), where r counts up to a tenth of the figure's height (a trunk is flatter than it is wide).
    """
    distance = np.zeros(mask.shape, np.float32)
    inner = np.pad(mask, 1)
    while inner.any():  # erosion by a 3 x 3 cross and square in turn: near enough to a circle
        distance += inner[1:-1, 1:-1]
        shifted = [inner[:-2, 1:-1], inner[2:, 1:-1], inner[1:-1, :-2], inner[1:-1, 2:]]
        if int(distance.max()) % 2:
            shifted += [inner[:-2, :-2], inner[:-2, 2:], inner[2:, :-2], inner[2:, 2:]]
        inner = np.pad(inner[1:-1, 1:-1] & np.logical_and.reduce(shifted), 1)
    most = max(1.0, 0.1 * mask.shape[0])
    d = np.minimum(distance, most)
    height = np.sqrt(d * (2 * most - d)) / most
    smooth = box_blur(height[..., None].astype(np.float32), max(1, round(0.01 * mask.shape[0])))[..., 0]
    return np.where(mask, np.rint(255 * np.clip(smooth, 0, 1)), 0).astype(np.uint8)


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
        distance = np.abs(values - terms @ surface).max(-1)
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


def box_blur(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return the mean over (2*radius + 1)^2 windows, cut off at the picture's edge, of (height, width, channels)."""
    for axis in (0, 1):
        length = values.shape[axis]
        low = np.clip(np.arange(length) - radius, 0, length)
        high = np.clip(np.arange(length) + radius + 1, 0, length)
        sums = np.concatenate(
            [np.zeros_like(values.take([0], axis), np.float64), values.cumsum(axis, np.float64)], axis
        )
        span = (high - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = ((sums.take(high, axis) - sums.take(low, axis)) / span).astype(np.float32)
    return values


def decontaminate(picture: Picture, alpha: Alpha, radii: tuple[int, ...] = (90, 6)) -> Picture:
    """Return foreground colours for a picture with a known alpha, free of the old background's colour at the edges.

    Blur fusion (Forte 2021, "Approximate fast foreground colour estimation"): blurred estimates of foreground and
    background, weighted by alpha, and one step towards picture = alpha*F + (1 - alpha)*B; first wide, then narrow.
    """
    a = alpha[..., None].astype(np.float32) / np.float32(255)
    image = picture.astype(np.float32) / np.float32(255)
    one, tiny = np.float32(1), np.float32(1e-5)
    front, back = image, image
    for radius in radii:
        weight = box_blur(a, radius)
        blurred_front = box_blur(front * a, radius) / (weight + tiny)
        blurred_back = box_blur(back * (one - a), radius) / (one - weight + tiny)
        front = np.clip(blurred_front + a * (image - a * blurred_front - (one - a) * blurred_back), 0, 1)
        back = blurred_back
    clean: Picture = np.rint(np.float32(255) * front).astype(np.uint8)
    return clean
