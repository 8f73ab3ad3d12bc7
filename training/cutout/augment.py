"""Pictures and alphas made harder and more varied: crops, figures pasted with shadows, colours, blur, noise, JPEG.

Everything takes a numpy Generator and uint8 arrays, and works at the side the network sees, so that a picture costs a
few milliseconds.  Pictures are squeezed to squares, as `networks.cutout_network` does.
"""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.arrays import Singles

Pixels = NDArray[np.uint8]
Window = tuple[float, float, float, float]  # left, top, right, bottom
_BILINEAR = Image.Resampling.BILINEAR


def tight(rgba: Pixels, least: int = 16) -> Pixels:
    """Return the part of an RGBA picture around what is visible."""
    rows, columns = np.flatnonzero((rgba[..., 3] >= least).any(1)), np.flatnonzero((rgba[..., 3] >= least).any(0))
    if not rows.size:
        return rgba
    return np.ascontiguousarray(rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def without_figure(photo: Pixels) -> Pixels:
    """Return a photo (RGB and mask) with its figure painted over by what stands left and right of it, mirrored."""
    height, width = photo.shape[:2]
    wide = np.asarray(Image.fromarray(photo[..., 3]).filter(ImageFilter.MaxFilter(9))) > 20
    columns = np.broadcast_to(np.arange(width), (height, width))
    left = np.maximum.accumulate(np.where(wide, -1, columns), axis=1)
    right = np.minimum.accumulate(np.where(wide, width, columns)[:, ::-1], axis=1)[:, ::-1]
    left, right = np.where(left < 0, right, left), np.where(right >= width, left, right)
    lost = (left < 0) | (left >= width)  # a row that is figure from side to side
    left, right = np.where(lost, 0, left), np.where(lost, 0, right)
    rows = np.arange(height)[:, None]
    from_left = np.clip(2 * left - columns, 0, width - 1)
    from_left = np.where(wide[rows, from_left], left, from_left)
    from_right = np.clip(2 * right - columns, 0, width - 1)
    from_right = np.where(wide[rows, from_right], right, from_right)
    share = ((columns - left) / np.maximum(right - left, 1))[..., None].clip(0, 1)
    rgb = photo[..., :3].astype(np.float32)
    filled = rgb[rows, from_left] * (1 - share) + rgb[rows, from_right] * share
    soft = np.asarray(Image.fromarray(filled.astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.5)))
    return np.where(wide[..., None], soft, photo[..., :3]).astype(np.uint8)


def squeeze(pixels: Pixels, window: Window, side: int) -> Pixels:
    """Return a window of a picture, squeezed to a square.  The window must lie inside.

    A fourth channel is a mask that is resized on its own: as transparency it would blacken what it hides.
    """
    if pixels.shape[2] == 4:
        mask = Image.fromarray(np.ascontiguousarray(pixels[..., 3])).resize((side, side), _BILINEAR, window)
        return np.dstack([squeeze(np.ascontiguousarray(pixels[..., :3]), window, side), np.asarray(mask)])
    return np.asarray(Image.fromarray(pixels).resize((side, side), _BILINEAR, window, reducing_gap=2.0))


def some_window(rng: Generator, shape: tuple[int, ...], aspect: float, least: float) -> Window:
    """Return a window of about that aspect (width / height) that takes `least` to all of the room there is."""
    height, width = shape[:2]
    w = min(width, height * aspect) * rng.uniform(least, 1)
    h = min(height, w / aspect)
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return left, top, left + w, top + h


def toned(rng: Generator, rgb: Pixels, strength: float) -> Pixels:
    """Return a picture with other brightness, contrast, gamma, warmth and saturation."""
    levels = np.linspace(0, 1, 256)
    gamma = math.exp(rng.normal(0, 0.3 * strength))
    gain = np.exp(rng.normal(0, 0.15 * strength) + rng.normal(0, 0.06 * strength, 3))
    contrast, lift = math.exp(rng.normal(0, 0.2 * strength)), rng.normal(0, 0.05 * strength)
    curve = ((levels**gamma)[:, None] - 0.5) * contrast * gain + 0.5 + lift
    table = np.clip(255 * curve, 0, 255).astype(np.uint8)
    out = table[rgb, np.arange(3)]
    saturation = np.float32(math.exp(rng.normal(0, 0.35 * strength)))
    if abs(saturation - 1) > 0.05:
        grey = out.mean(-1, dtype=np.float32, keepdims=True)
        out = np.clip(grey + (out - grey) * saturation, 0, 255).astype(np.uint8)
    return out


def worn(rng: Generator, rgb: Pixels) -> Pixels:
    """Return a picture as cameras and the web leave them: grey, dark, blurred, noisy, recompressed; often untouched."""
    if rng.random() < 0.08:
        rgb = np.repeat(rgb.mean(-1, keepdims=True).astype(np.uint8), 3, -1)
    if rng.random() < 0.08:  # dusk and milk
        low, high = rng.uniform(0, 60), rng.uniform(90, 255)
        rgb = (low + rgb * np.float32((high - low) / 255)).astype(np.uint8)
    if rng.random() < 0.2:
        rgb = np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6))))
    if rng.random() < 0.25:
        grain = rng.normal(0, rng.uniform(1, 12), rgb.shape[:2]).astype(np.float32)[..., None]
        rgb = np.clip(rgb + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "JPEG", quality=int(rng.integers(35, 95)))
        rgb = np.asarray(Image.open(out))
    return rgb


def place(figure: Pixels, side: int, left: float, top: float, width: float, height: float) -> Pixels:
    """Return RGBA (side, side): the figure scaled to width x height at (left, top), cut at the frame."""
    canvas = np.zeros((side, side, 4), np.uint8)
    x0, y0, x1, y1 = (
        max(round(left), 0),
        max(round(top), 0),
        min(round(left + width), side),
        min(round(top + height), side),
    )
    if x1 - x0 < 2 or y1 - y0 < 2:
        return canvas
    rows, columns = figure.shape[:2]
    window = (
        (x0 - left) / width * columns,
        (y0 - top) / height * rows,
        (x1 - left) / width * columns,
        (y1 - top) / height * rows,
    )
    window = (max(window[0], 0.0), max(window[1], 0.0), min(window[2], columns), min(window[3], rows))
    part = Image.fromarray(figure).resize((x1 - x0, y1 - y0), _BILINEAR, window, reducing_gap=2.0)
    canvas[y0:y1, x0:x1] = np.asarray(part)
    return canvas


def shadowed(rng: Generator, rgb: Singles, alpha: Singles) -> Singles:
    """Return the ground with the figure's shadow on it: its shape, moved, stretched and blurred."""
    side = alpha.shape[0]
    shape = Image.fromarray((255 * alpha).astype(np.uint8))
    slant, flatten = rng.uniform(-0.8, 0.8), rng.uniform(0.3, 1.2)
    rows = np.flatnonzero((alpha > 0.5).any(1))
    foot = float(rows[-1]) if rows.size else side
    moved = shape.transform(
        (side, side),
        Image.Transform.AFFINE,
        (1, slant / flatten, -slant / flatten * foot + rng.normal(0, 3), 0, 1 / flatten, foot - foot / flatten),
        _BILINEAR,
    )
    blurred = moved.filter(ImageFilter.GaussianBlur(rng.uniform(1, 10)))
    dark = np.float32(rng.uniform(0.1, 0.6) / 255) * np.asarray(blurred, np.float32)[..., None]
    return (rgb * (1 - dark)).astype(np.float32)


def pasted(rng: Generator, canvas: Pixels, placed: Pixels) -> tuple[Pixels, Pixels]:
    """Return (picture, alpha): a placed figure over a canvas of its size, in light somewhat like the canvas's."""
    alpha = placed[..., 3].astype(np.float32) / np.float32(255)
    inside = alpha > 0.5
    ground = canvas.astype(np.float32)
    if not inside.any():
        return canvas, placed[..., 3]
    figure = toned(rng, placed[..., :3], 0.6).astype(np.float32)
    if rng.random() < 0.6:  # move the figure's light towards the ground's
        towards = rng.uniform(0.1, 0.7)
        own, other = figure[inside].mean(0), ground.mean((0, 1))
        figure *= 1 + np.float32(towards) * ((other + 20) / (own + 20) - 1)
    if rng.random() < 0.5:
        ground = shadowed(rng, ground, alpha)
    if rng.random() < 0.3:  # an edge as soft as a lens makes it
        soft = Image.fromarray(placed[..., 3]).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
        alpha = np.asarray(soft, np.float32) / np.float32(255)
    mixed = ground + alpha[..., None] * (figure - ground)
    return np.clip(mixed, 0, 255).astype(np.uint8), np.rint(255 * alpha).astype(np.uint8)


def camouflaged(rng: Generator, canvas: Pixels, figure: Pixels) -> Pixels:
    """Return the ground moved towards the figure's mean colour: clothes before a wall that has their colour."""
    seen = figure[figure[..., 3] > 128][:, :3]
    if not len(seen):
        return canvas
    towards = np.float32(rng.uniform(0.5, 1.0))
    own = seen[:: max(len(seen) // 2000, 1)]
    middle = own.mean(0) if rng.random() < 0.5 else own[int(rng.integers(len(own)))]  # or that of one of its pixels
    moved = canvas + towards * (middle - canvas.mean((0, 1)))
    return np.clip(moved, 0, 255).astype(np.uint8)


def without(alpha: Pixels, other: Pixels) -> Pixels:
    """Return what of an alpha is seen behind another."""
    return np.rint(alpha.astype(np.float32) * (1 - other.astype(np.float32) / 255)).astype(np.uint8)


def over(alpha: Pixels, other: Pixels) -> Pixels:
    """Return the alpha of two figures, one before the other."""
    a, b = alpha.astype(np.float32), other.astype(np.float32)
    return np.rint(a + b - a * b / 255).astype(np.uint8)
