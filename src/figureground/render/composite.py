"""Figures and a background -> image, mask, instances: all the blending, exact to rounding (a*f + (255-a)*b)/255."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground import native
from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Alpha, Appearance, Cutout, Figure, Mask, Picture, far_to_near
from figureground.image.masks import mask_of
from figureground.image.resample import resized
from figureground.render.harmonise import add_noise, rim
from figureground.render.seamless import behind, seamless
from figureground.render.shadows import Shadow, darken
from figureground.render.tone import NODES, colour_table

VERSION = 4  # raise it when a scene gets other pixels, its depth included
_OPAQUE = np.array([255], np.uint8)
_NOTHING = np.array([0], np.uint8)


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen of a figure: its part of the canvas, (rows, columns), and arrays of that shape.

    `whole`: its alpha with nothing in front of it; `visible`: what the background's nearer things leave of it.  `area`:
    px of its whole mask, those beyond the frame too.
    """

    rows: slice
    columns: slice
    whole: Alpha
    visible: Alpha
    area: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Sprite(Seen):
    """A figure ready to be pasted: what is seen of it, with its colours.

    `colour`: uint8 (h, w, 3).  `relief`: uint8, how far each pixel stands out, or None for a flat figure.  `shadow`: on
    the floor; None where it throws none.
    """

    figure: Figure
    colour: NDArray[np.uint8]
    relief: Bytes | None = None
    shadow: Shadow | None = None


@dataclass(frozen=True, eq=False)
class Composite:
    """A composite.  `alpha`: the figures' joint alpha.  `mask`: alpha >= 1/2.  `instances`: uint8, i + 1 where figure i
    is seen.  All (height, width).  Outside the box `changed`, (rows, columns), everything is the background's."""

    image: Picture
    alpha: Alpha
    mask: Mask
    instances: NDArray[np.uint8]
    changed: tuple[slice, slice]


def blend(front: NDArray[np.uint8], back: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return round((alpha*front + (255 - alpha)*back) / 255), halves up, for uint8 arrays that broadcast.

    No product of this sum is an exact half, so the rounding rule does not matter.  With t = value + 128,
    (t + (t >> 8)) >> 8 is that quotient for every value up to 255*255 (Blinn 1994), and fits into 16 bits.
    """
    a = alpha.astype(np.uint16)
    t = a * front
    t += (255 - a) * back
    t += np.uint16(128)
    t += t >> np.uint16(8)
    t >>= np.uint16(8)
    return t.astype(np.uint8)


def sized(planes: Bytes, figure: Figure) -> tuple[Bytes, int]:
    """Return (the planes of a cut-out in the figure's size, blur and feather, px of margin); not mirrored yet.

    `planes`: from `Pixels.planes`; they do not mix.  Returns uint8 (planes, height, width), margins included.
    """
    found, margin = resized(planes, figure.height, figure.width, figure.look.blur)
    return (_feathered(found, figure.look.feather), margin) if figure.look.feather > 0 else (found, margin)


def _feathered(planes: Bytes, feather: float) -> Bytes:
    """Return premultiplied planes whose alpha is softened by `feather` px, inwards alone, colours as they were.

    Where alpha is 1/2 or more of what it was, and at least 1/2, it stays so along a straight outline: masks keep it.
    """
    alpha = planes[3]
    soft, margin = resized(np.ascontiguousarray(alpha[:, None]), alpha.shape[0], alpha.shape[1], feather)
    inner = soft[0][margin : margin + alpha.shape[0], margin : margin + alpha.shape[1]]
    less = np.minimum(alpha, inner)
    if not np.array_equal(less, alpha):
        changed = np.flatnonzero(less < alpha)
        kept = less.ravel()[changed].astype(np.float32) / alpha.ravel()[changed]
        for plane in planes[:3]:
            plane.ravel()[changed] = np.rint(plane.ravel()[changed] * kept)
        planes[3] = less
    return planes


def matched(planes: Bytes, strength: float, own: Appearance, background: Appearance) -> Cutout:
    """Return the first four planes, a premultiplied cut-out, as a straight one, in colours nearer to a background's."""
    cutout = np.empty((*planes.shape[1:], 4), np.uint8)
    if native.kernel is not None:
        native.kernel.straight(np.ascontiguousarray(planes), cutout)
        if strength > 0:
            native.kernel.coloured(cutout, colour_table(own, background, strength))
        return cutout
    for channel in range(4):
        cutout[..., channel] = planes[channel]
    shown = np.flatnonzero(planes[3] > 0)
    colours = cutout.view(np.uint32).ravel()[shown].view(np.uint8).reshape(-1, 4)
    soft = np.flatnonzero(colours[:, 3] < 255)
    share = colours[soft, 3:].astype(np.float32) / np.float32(255)
    colours[soft, :3] = np.rint(np.minimum(colours[soft, :3] / share, 255))
    if strength > 0 and shown.size:
        table = ImageFilter.Color3DLUT(NODES, colour_table(own, background, strength), _copy_table=False)
        colours = np.asarray(Image.fromarray(colours[None]).filter(table), np.uint8)[0]
    cutout.view(np.uint32).ravel()[shown] = colours.view(np.uint32).ravel()
    return cutout


def turned(cutout: Cutout, figure: Figure) -> Cutout:
    """Return a cut-out mirrored as the figure is, with its noise."""
    cutout = cutout[:, ::-1] if figure.flip else cutout
    return add_noise(cutout, figure.look.noise, figure.x, figure.y) if figure.look.noise > 0 else cutout


def lit(colour: Picture, alpha: Alpha, behind: Picture, figure: Figure) -> Picture:
    """Return a figure's colours with the light of what is behind on its rim.

    `colour`, `alpha`, and `behind`, from `harmonise.shine`: of the same part of the canvas.
    """
    if figure.look.wrap <= 0:
        return colour
    weight = np.where(alpha > 0, rim(alpha, figure.height, figure.look.wrap), _NOTHING)
    return blend(behind, colour, _thrice(weight))


def sprite(
    figure: Figure,
    seen: Seen,
    cutout: Cutout,
    margin: int,
    canvas: Canvas,
    relief: Bytes | None,
    shadow: Shadow | None = None,
) -> Sprite:
    """Return a figure ready to be pasted.

    `seen`: from `seen_of`; `cutout`: from `turned`; `margin`: from `sized`.  `relief`: of the cut-out's size,
    unmirrored.
    """
    _, _, from_rows, from_columns = canvas.overlap(figure.x - margin, figure.y - margin, *cutout.shape[:2])
    out = None
    if relief is not None:
        out = (relief[:, ::-1] if figure.flip else relief)[from_rows, from_columns]
    colour = cutout[from_rows, from_columns, :3]
    return Sprite(**vars(seen), figure=figure, colour=colour, relief=out, shadow=shadow)


def seen_of(
    figure: Figure, alpha: Alpha, margin: int, canvas: Canvas, hidden: Alpha | None, area: int | None = None
) -> Seen:
    """Return what is seen of a figure.

    `alpha`: of its sized cut-out, mirrored as the figure is.  `hidden`: uint8, 255 where something of the background
    stands before it, of the part of the canvas that the cut-out takes.  `area`: px of its mask, where that is known.
    """
    rows, columns, from_rows, from_columns = canvas.overlap(figure.x - margin, figure.y - margin, *alpha.shape)
    whole = alpha[from_rows, from_columns]
    visible = whole if hidden is None else blend(_NOTHING, whole, hidden)
    return Seen(rows, columns, whole, visible, int(np.count_nonzero(mask_of(alpha))) if area is None else area)


def seen_masks(sprites: Sequence[Seen], shape: tuple[int, int]) -> list[Mask]:
    """Return what is seen of each figure, bool (height, width) of `shape`; they run from far to near.

    A pixel belongs to a figure where the figures' joint alpha is at least 1/2, to the one with the largest share.
    """
    if not sprites:
        return []
    owner = _owners(sprites, shape)
    return [owner == k + 1 for k in range(len(sprites))]


def _owners(sprites: Sequence[Seen], shape: tuple[int, int]) -> Bytes:
    """Return 1 + the place among the sprites of whose each pixel is, by the rule of `seen_masks`, and 0 for none's."""
    alpha = np.zeros(shape, np.uint8)
    shares = np.zeros((len(sprites), *shape), np.uint8)
    if native.kernel is not None:
        for k, one in enumerate(sprites):
            native.kernel.cover(shares, alpha, one.visible, k, one.rows.start, one.columns.start)
        native.kernel.owners(shares, alpha)
        return alpha
    for k, one in enumerate(sprites):
        place = one.rows, one.columns
        for share in shares[:k]:
            share[place] = blend(_NOTHING, share[place], one.visible)
        shares[k][place] = one.visible
        alpha[place] = blend(_OPAQUE, alpha[place], one.visible)
    return np.where(mask_of(alpha), shares.argmax(0) + 1, 0).astype(np.uint8)


def compose(background: Picture, sprites: Sequence[Sprite], floor: Mask | None = None) -> Composite:
    """Return the composite of a scene's sprites, which come in the order of its figures.

    `floor`: where the background shows floor, on which shadows fall; None for shadows everywhere.  They darken the
    floor before any figure is pasted, so that none lies on a figure.
    """
    image = background.copy()
    shape = background.shape[0], background.shape[1]
    alpha = np.zeros(shape, np.uint8)
    places = []
    if shadows := [one.shadow for one in sprites if one.shadow is not None]:
        places.append(darken(image, shadows, floor))
    order = far_to_near([one.figure for one in sprites])
    for rank, i in enumerate(order):
        one = sprites[i]
        places.append((one.rows, one.columns))
        if one.figure.look.poisson > 0:
            one = _moved(one, image, [sprites[j] for j in order[rank + 1 :]])
        _paste(one, image, alpha)
    mask = mask_of(alpha)
    if len(sprites) == 1:
        instances = mask.view(np.uint8) * np.uint8(1)
    else:
        numbers = np.array([0, *(i + 1 for i in order)], np.uint8)
        instances = numbers[_owners([sprites[i] for i in order], shape)] if sprites else np.zeros(shape, np.uint8)
    return Composite(image, alpha, mask, instances, _around(places))


def _moved(one: Sprite, image: Picture, nearer: Sequence[Sprite]) -> Sprite:
    """Return a figure with colours that go over into the image behind it, as far as its look says."""
    before = None
    if nearer:
        before = np.zeros(image.shape[:2], np.bool_)
        for other in nearer:
            before[other.rows, other.columns] |= mask_of(other.visible)
    around = behind(image, before, one.rows, one.columns)
    return replace(one, colour=seamless(one.colour, one.whole, one.visible, around, one.figure.look.poisson))


def _paste(one: Sprite, image: Picture, alpha: Alpha) -> None:
    """Paste a figure, in place, into an image and its figures' joint alpha."""
    if native.kernel is not None:
        native.kernel.paste(image, alpha, one.colour, one.visible, one.rows.start, one.columns.start)
        return
    place = one.rows, one.columns
    image[place] = blend(one.colour, image[place], _thrice(one.visible))
    alpha[place] = blend(_OPAQUE, alpha[place], one.visible)


def _thrice(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return values (h, w) for each of three channels, (h, w, 3): numpy is slow where it stretches a last axis of 1."""
    return np.repeat(values, 3).reshape(*values.shape, 3)


def _around(places: Sequence[tuple[slice, slice]]) -> tuple[slice, slice]:
    """Return the smallest box that holds some boxes."""
    rows, columns = (
        slice(min((p[axis].start for p in places), default=0), max((p[axis].stop for p in places), default=0))
        for axis in (0, 1)
    )
    return rows, columns
