"""Shadows on the floor: what a figure casts away from the light, and the dark zone right under its soles.

Both come from the figure's whole matte and are worked out as if all were floor; `composite.compose` lets them fall on
floor alone.  Whole numbers, sums, products, quotients and square roots alone: the same bytes on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core.arrays import Bytes, Floats, Ints, Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import Alpha, Figure, Ground, Mask, Picture
from figureground.geometry.perspective import focal_px
from figureground.image.filters import window_sums
from figureground.image.resample import resized

_TALL = 48  # rows to which a matte is made smaller that casts a shadow
_LATTICE = 112  # places along the canvas's shorter side at which a cast shadow is worked out
_LOW = 0.16  # of the figure's height: what is higher above the contact is no sole
# half widths and heights of the zones under soles, of the figure's height, and how dark they get, of 255
_ZONES = (0.014, 0.009, 255), (0.05, 0.028, 245), (0.13, 0.055, 160)
_HALF = 16  # of 255: soles spread so thin darken by half of the most
_FINE = 120  # px of a figure's height at which they are worked out, at least
_FADED = 0.5  # of its darkness is lost where a shadow ends
_NONE = -(2**20)  # the lowest row of a column that shows nothing
_NINTHS = np.rint(np.arange(10) * (255 / 9)).astype(np.uint8)  # of so many px of 3 x 3


@dataclass(frozen=True, eq=False)
class Shadow:
    """What of the light a figure takes from a box of the canvas, (rows, columns), were all of it floor.

    `cast`, `contact`: uint8 of the box's shape, 255 where all is taken.
    """

    rows: slice
    columns: slice
    cast: Bytes
    contact: Bytes


def shadow_of(figure: Figure, alpha: Alpha, margin: int, ground: Ground | None, canvas: Canvas) -> Shadow | None:
    """Return the shadow of a figure; None where it casts none on the canvas.

    `alpha`: of its sized cut-out, mirrored as the figure is, with `margin` px around.  Without a ground it darkens but
    the zone under its soles.
    """
    if figure.contact is None:
        return None
    found: list[tuple[tuple[int, int], Bytes, bool]] = []  # (top, left), darkness, whether it is cast
    if figure.look.cast > 0 and ground is not None:
        place, dark = _cast(figure, alpha, margin, ground, canvas)
        found.append((place, dark, True))
    if figure.look.shadow > 0:
        place, dark = _under_soles(figure, alpha, margin)
        found.append((place, dark, False))
    boxes = [canvas.overlap(left, top, *dark.shape) for (top, left), dark, _ in found]
    boxes = [box for box in boxes if box[0].start < box[0].stop and box[1].start < box[1].stop]
    if not boxes:
        return None
    rows, columns = (slice(min(b[i].start for b in boxes), max(b[i].stop for b in boxes)) for i in (0, 1))
    planes = np.zeros((2, rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    for (top, left), dark, is_cast in found:
        to_rows, to_columns, from_rows, from_columns = canvas.overlap(left, top, *dark.shape)
        part = dark[from_rows, from_columns]
        if part.size:
            y, x = to_rows.start - rows.start, to_columns.start - columns.start
            planes[int(not is_cast), y : y + part.shape[0], x : x + part.shape[1]] = part
    return Shadow(rows, columns, planes[0], planes[1])


def _cast(figure: Figure, alpha: Alpha, margin: int, ground: Ground, canvas: Canvas) -> tuple[tuple[int, int], Bytes]:
    """Return ((top, left), uint8 darkness) of the shadow that a figure casts, its matte taken as a card that stands.

    A point of the card t figure heights above the contact throws its shadow t * (light_x, light_z) figure heights to
    the right and away from the camera.  With r = inverse depth there / at the contact, from the floor's plane, r = 1 /
    (1 + t * k), k = light_z * height in px / focal length in px; what lies along the view runs to the vanishing point.
    """
    look, (cx, cy) = figure.look, _foot(figure)
    focal = float(focal_px(ground.focal, canvas, ground.stretch)[1]) if ground.focal else float(canvas.shorter)
    k = min(max(look.light_z * figure.height / focal, -0.6), 3.0)
    at_foot = ground.a * cx + ground.b * cy + ground.c
    if abs(k) < 1e-3 or at_foot <= 0 or ground.b <= 0:
        return (0, 0), np.zeros((0, 0), np.uint8)
    middle = canvas.width / 2
    rows, columns = _reached(figure, (cx, cy), k, ground, canvas)
    step = max(1, canvas.shorter // _LATTICE)
    y = np.arange(rows.start + step / 2, rows.stop, step)
    x = np.arange(columns.start + step / 2, columns.stop, step)
    if not y.size or not x.size:
        return (0, 0), np.zeros((0, 0), np.uint8)
    small = _penumbral(alpha, margin, figure)
    scale = (small.shape[0] - 1) / figure.height
    card = _Card(
        (ground.a, ground.b, ground.c, at_foot),
        (k, middle, figure.height * look.light_x, _FADED, look.cast),
        (cy, figure.height, figure.y, figure.x, scale),
    )
    return (rows.start, columns.start), _finer(_thrown(small, y, x, card), step)


class _Card(NamedTuple):
    """A figure as a card that stands, and how the light falls on it.

    `floor`: of its plane, inverse depth a * x + b * y + c, and that at the foot.  `light`: k of `_cast`, x of the
    vanishing point, px that a point as high as the figure is thrown aside, what is lost of the darkness one height
    away, and the darkness.  `place`: y of the foot, height, top and left on the canvas, rows of the matte a row of it.
    """

    floor: tuple[float, float, float, float]
    light: tuple[float, float, float, float, float]
    place: tuple[float, float, float, float, float]


def _thrown(matte: Bytes, y: Floats, x: Floats, card: _Card) -> Floats:
    """Return how dark the shadow of a card is at rows y and columns x of the canvas, float64 0..255; `matte` has a
    frame of one empty px."""
    if native.kernel is not None:
        found = np.empty((y.size, x.size))
        native.kernel.thrown(matte, y, x, *card, found)
        return found
    a, b, c, at_foot = card.floor
    k, middle, aside, faded, strength = card.light
    foot, height, top, left, scale = card.place
    r = np.maximum((a * x + b * y[:, None] + c) / at_foot, 1e-3)
    t = (1 / r - 1) / k
    across = (x - middle) / r + middle - aside * t
    dark = _looked_up(matte, (foot - t * height - top) * scale, (across - left) * scale)
    dark = dark * np.minimum(np.maximum(1 - faded * t, 0), 1) * ((t >= -0.05) & (t <= 1.1)) * strength
    return np.asarray(dark, np.float64)


def _foot(figure: Figure) -> tuple[float, float]:
    """Return where a figure's lowest point meets the floor, pixel coordinates."""
    if figure.contact is None:
        raise ValueError("a figure that does not stand has no foot")
    return figure.contact[0] + 0.5, figure.contact[1] + 1.0


def _reached(
    figure: Figure, foot: tuple[float, float], k: float, ground: Ground, canvas: Canvas
) -> tuple[slice, slice]:
    """Return the box of the canvas, (rows, columns), that the shadow may reach."""
    middle, r = canvas.width / 2, 1 / (1 + 1.1 * k)
    soft = figure.look.light_soft * figure.height
    sides = figure.x - 0.05 * figure.height, figure.x + figure.width + 0.05 * figure.height
    thrown = 1.1 * figure.height * figure.look.light_x
    x = [*sides, *(middle + r * (side + thrown - middle) for side in sides)]
    left, right = min(x) - soft, max(x) + soft
    tilt = -ground.a / ground.b
    y = []
    for end in (left, right):
        horizon = (-ground.a * end - ground.c) / ground.b
        here = foot[1] + tilt * (end - foot[0])
        y += [here + 0.05 * figure.height * abs(k), horizon + r * (here - horizon), here]
    top, bottom = min(y) - 2, max(y) + 2
    return (
        slice(max(0, math.floor(top)), min(canvas.height, math.ceil(bottom))),
        slice(max(0, math.floor(left)), min(canvas.width, math.ceil(right))),
    )


def _penumbral(alpha: Alpha, margin: int, figure: Figure) -> Bytes:
    """Return the matte, made small, softer the higher above the floor, framed by one empty px."""
    bare = alpha[margin : margin + figure.height, margin : margin + figure.width]
    height = min(_TALL, figure.height)
    width = max(1, round(figure.width * height / figure.height))
    small = resized(np.ascontiguousarray(bare[:, None]), height, width)[0][0]
    high = np.arange(height, 0, -1) - 0.5  # above the lower edge
    reach = np.floor(0.5 * figure.look.light_soft * high + 0.5).astype(np.int64)
    framed = np.zeros((height + 2, width + 2), np.uint8)
    framed[1:-1, 1:-1] = _tent(small, reach, reach)
    return framed


def _looked_up(values: Bytes, row: Floats, column: Floats) -> Floats:
    """Return values between pixels, pixel coordinates of the frame's inside; beyond it all is 0."""
    row = np.minimum(np.maximum(row + 0.5, 0), values.shape[0] - 1.001)
    column = np.minimum(np.maximum(column + 0.5, 0), values.shape[1] - 1.001)
    i, j = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    v, u = row - i, column - j
    above = values[i, j] * (1 - u) + values[i, j + 1] * u
    below = values[i + 1, j] * (1 - u) + values[i + 1, j + 1] * u
    found: Floats = above * (1 - v) + below * v
    return found


def _under_soles(figure: Figure, alpha: Alpha, margin: int) -> tuple[tuple[int, int], Bytes]:
    """Return ((top, left), uint8 darkness) of the zone under a figure's soles: wherever its matte ends near the floor.

    Each column's lowest px is a sole, the less so the higher above the contact.  Around them light is taken by zones
    flat as the floor is seen, each wider and fainter than the one before; all is worked out on a coarser lattice.
    """
    step = max(1, figure.height // _FINE)
    tall, columns = figure.height / step, -(-alpha.shape[1] // step)
    low = round(_foot(figure)[1]) - figure.y + margin  # the row below the contact
    lowest = _lowest(alpha, step, columns)
    above = np.maximum(low - lowest, 0) / (_LOW * figure.height)
    weight = np.rint(255 * np.maximum(1 - above * above, 0)).astype(np.uint8)
    zones = [(max(1, round(x * tall)), max(1, round(y * tall)), most) for x, y, most in _ZONES]
    frame = 2 * zones[-1][0], 2 * zones[-1][1]
    top = low // step - math.ceil(_LOW * tall) - frame[1]
    rows = max(0, max(low, int(lowest.max())) // step + frame[1] + 1 - top)
    soles = np.zeros((rows, columns + 2 * frame[0]), np.uint8)
    thick = 2 * zones[0][1] + 1
    _draw(soles, frame[0], lowest // step - top, weight, thick)
    place = figure.y - margin + top * step, figure.x - margin - frame[0] * step
    return place, _finer(_spread(soles, zones).astype(np.float64) * figure.look.shadow, step)


def _draw(soles: Bytes, left: int, at: Ints, weight: Bytes, thick: int) -> None:
    """Draw soles, so many px thick, in place, with their weight: one a column from `left` on, about its row `at`."""
    if native.kernel is not None:
        native.kernel.soles(at, weight, thick, thick // 2, left, soles)
        return
    row = np.arange(len(soles))[:, None] - at  # it reaches below the figure, where it is seen
    soles[:, left : left + at.size] = ((row < thick // 2) & (row >= -thick)) * weight


def _lowest(alpha: Alpha, step: int, columns: int) -> Ints:
    """Return the row below the last opaque px of each column, taken `step` at a time, int64 (columns,); far above
    all where there is none."""
    if native.kernel is not None:
        found = np.full(columns, _NONE)
        native.kernel.lowest(alpha, step, found)
        return found
    opaque = alpha >= 128
    ends = np.where(opaque.any(0), alpha.shape[0] - opaque[::-1].argmax(0), _NONE)
    lowest = np.pad(ends, (0, columns * step - ends.size), constant_values=_NONE).reshape(columns, step).max(1)
    return np.asarray(lowest, np.int64)


def _spread(soles: Bytes, zones: Sequence[tuple[int, int, int]]) -> Bytes:
    """Return how dark the zones around soles are; `zones`: how far each reaches across and along, and its darkness."""
    if native.kernel is not None:
        found = np.empty(soles.shape, np.uint8)
        native.kernel.spread(soles, np.array(zones, np.int64), _HALF, found)
        return found
    thick = 2 * zones[0][1] + 1
    dark = np.zeros(soles.shape, np.uint8)
    filled = [np.flatnonzero(soles.any(axis)) for axis in (1, 0)]
    for x, y, most in zones if filled[0].size else ():
        # twice as far as it reaches beyond all soles there is nothing
        place = tuple(
            slice(max(at[0] - 2 * reach, 0), at[-1] + 2 * reach + 1) for at, reach in zip(filled, (y, x), strict=True)
        )
        one = soles[place]
        for reach, axis in ((y, 0), (x, 1), (y, 0), (x, 1)):
            one = _boxed(one, reach, axis)
        # a line of soles fills but a part of a box: it is told by its thickness, and saturates
        spread = np.arange(256) * (2 * y + 1) // thick
        np.maximum(dark[place], (most * spread // (spread + _HALF)).astype(np.uint8)[one], out=dark[place])
    return dark


def _boxed(values: Bytes, reach: int, axis: int) -> Bytes:
    """Return the means over 2 * reach + 1 values along an axis, rounded down; beyond the edge all is 0.

    Sums of 1, 2, 4 ... values, each of two of the one before, are put together as the binary digits of the window say.
    """
    window, length = 2 * reach + 1, values.shape[axis]
    kind = np.uint16 if 255 * window < 65536 else np.uint32
    sums: NDArray[Any] = np.zeros([side + 2 * reach * (k == axis) for k, side in enumerate(values.shape)], kind)
    sums = sums if axis == 0 else sums.T  # along the first axis in either case
    sums[reach : reach + length] = values if axis == 0 else values.T
    total, taken = sums[:length].copy(), 1  # windows are odd
    for digit in range(1, window.bit_length()):
        half = 1 << (digit - 1)
        sums = sums[:-half] + sums[half:]
        if window >> digit & 1:
            total += sums[taken : taken + length]
            taken += 2 * half
    means: Bytes = (total // kind(window)).astype(np.uint8)
    return means if axis == 0 else means.T


def _finer(values: Floats, step: int) -> Bytes:
    """Return values of a lattice, 0..255, at all px: `step` times as many each way, in between on straight lines."""
    if native.kernel is not None:
        found = np.empty((values.shape[0] * step, values.shape[1] * step), np.uint8)
        native.kernel.finer(values, step, found)
        return found
    for axis in (0, 1) if step > 1 else ():
        place = np.minimum(
            np.maximum((np.arange(step * values.shape[axis]) + 0.5) / step - 0.5, 0), values.shape[axis] - 1
        )
        first = np.minimum(np.floor(place).astype(np.int64), max(values.shape[axis] - 2, 0))
        after = np.minimum(first + 1, values.shape[axis] - 1)
        share = (place - first)[:, None] if axis == 0 else place - first
        values = values.take(first, axis) * (1 - share) + values.take(after, axis) * share
    return np.asarray(np.rint(values), np.uint8)


def _tent(values: Bytes, along: Ints, across: Ints) -> Bytes:
    """Return values spread twice over boxes: each row's reaches `along` rows up and down, `across` columns sideways."""
    if native.kernel is not None:
        values = np.array(values, order="C")
        native.kernel.tent(values, along, across)
        return values
    (height, width), found = values.shape, values.astype(np.int64)
    row, column = np.arange(height), np.arange(width)
    above, below = np.maximum(row - along, 0), np.minimum(row + along + 1, height)
    before = np.maximum(column - across[:, None], 0) + row[:, None] * (width + 1)
    beyond = np.minimum(column + across[:, None] + 1, width) + row[:, None] * (width + 1)
    down, sideways = np.zeros((height + 1, width), np.int64), np.zeros((height, width + 1), np.int64)
    for _ in range(2):
        np.cumsum(found, 0, out=down[1:])
        found = (down[below] - down[above]) // (2 * along + 1)[:, None]
        np.cumsum(found, 1, out=sideways[:, 1:])
        found = (sideways.ravel().take(beyond) - sideways.ravel().take(before)) // (2 * across + 1)[:, None]
    return found.astype(np.uint8)


def darken(image: Picture, shadows: Sequence[Shadow], floor: Mask | None) -> tuple[slice, slice]:
    """Let shadows fall on an image's floor, in place, and return the box, (rows, columns), that holds them.

    `floor`: where it is; None for everywhere.
    """
    if native.kernel is None:
        place, factor = floor_light(shadows, image, floor)
        image[place] = np.rint(image[place] * np.repeat(factor, 3).reshape(*factor.shape, 3)).astype(np.uint8)
        return place
    place, cast, contact, seen = _together(shadows, image, floor)
    native.kernel.darken(image, cast, contact, seen, place[0].start, place[1].start)
    return place


def floor_light(shadows: Sequence[Shadow], picture: Picture, floor: Mask | None) -> tuple[tuple[slice, slice], Singles]:
    """Return a box, (rows, columns), and the factor that its floor's sRGB values keep, float32, 1 off the floor.

    `floor`: where the picture shows floor; None for everywhere.  Shadows of one light join: what one figure keeps from
    it no other can.  The zones under soles are the darker the darker the floor is, since they are seen less on it.
    """
    place, cast, contact, seen = _together(shadows, picture, floor)
    light = (255 - cast.astype(np.float32)) * (255 - contact.astype(np.float32)) / np.float32(255 * 255)
    factor = np.sqrt(light)  # near enough sRGB's curve, and rounded alike everywhere
    if seen is not None:
        factor = 1 - (1 - factor) * (seen.astype(np.float32) / np.float32(255))
    return place, np.asarray(factor, np.float32)


def _together(
    shadows: Sequence[Shadow], picture: Picture, floor: Mask | None
) -> tuple[tuple[slice, slice], Bytes, Bytes, Alpha | None]:
    """Return the box, (rows, columns), that holds some shadows, and what they take of the light in it: cast, under
    soles, and how far it is floor, None for wholly."""
    rows, columns = (
        slice(min(s.start for s in spans), max(s.stop for s in spans))
        for spans in ([s.rows for s in shadows], [s.columns for s in shadows])
    )
    seen = None if floor is None else _soft_floor(floor, rows, columns)
    if len(shadows) == 1:
        return (rows, columns), shadows[0].cast, _by_brightness(shadows[0], picture, seen), seen
    cast, contact = np.zeros((2, rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    for one in shadows:
        y, x = one.rows.start - rows.start, one.columns.start - columns.start
        place = slice(y, y + one.cast.shape[0]), slice(x, x + one.cast.shape[1])
        np.maximum(cast[place], one.cast, out=cast[place])
        own = _by_brightness(one, picture, None if seen is None else seen[place])
        np.maximum(contact[place], own, out=contact[place])
    return (rows, columns), cast, contact, seen


def _soft_floor(floor: Mask, rows: slice, columns: slice) -> Alpha:
    """Return the floor in a box with soft edges that lie within it: uint8, 0 off the floor."""
    top, left = max(rows.start - 1, 0), max(columns.start - 1, 0)
    part = floor[top : rows.stop + 1, left : columns.stop + 1]
    soft: Alpha = _NINTHS[window_sums(part, 1)] * part
    y, x = rows.start - top, columns.start - left
    return soft[y : y + rows.stop - rows.start, x : x + columns.stop - columns.start]


def _by_brightness(one: Shadow, picture: Picture, seen: Alpha | None) -> Bytes:
    """Return the dark zone under soles, darker on a dark floor."""
    total, light = _weighed(one, picture, seen)
    if not total:
        return one.contact
    more = 1.1 * max(0.0, 0.7 - light / (3 * 255 * total))
    taken = np.arange(256, dtype=np.float32)
    darker = np.rint(taken + np.float32(more) * taken * (255 - taken) / np.float32(255)).astype(np.uint8)
    return np.asarray(darker[one.contact], np.uint8)


def _weighed(one: Shadow, picture: Picture, seen: Alpha | None) -> tuple[int, int]:
    """Return (the sum of weights of a zone under soles, that of them times the sum of each pixel's channels)."""
    if native.kernel is not None:
        total, light = native.kernel.weighed(one.contact, picture, seen, one.rows.start, one.columns.start)
        return total, light
    weight = one.contact.astype(np.int64) * (255 if seen is None else seen.astype(np.int64))
    return int(weight.sum()), int((weight * picture[one.rows, one.columns].astype(np.int64).sum(-1)).sum())
