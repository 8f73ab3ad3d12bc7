"""Tone, white and colour of a figure, matched to its background in linear light, within what people may look like."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.core.nouns import ONE_TINT, Appearance
from figureground.image.colour import linear_of, rgb_of, srgb_of

NODES = 9  # a side of the colour table
_FINE = 4096  # nodes are whole multiples of 1/4096, so that no library's last digit shows
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_EXPOSURE = 0.45, 1.6  # limits of the gain: a coat that is dark stays dark in a bright room
_WHITE = 0.9, 1.12  # of the gain of a channel beside the others: no green faces
_CONTRAST = 0.85, 1.15
_COLOURFUL = 0.7, 1.1
_COLOURED = 6.0  # `Appearance.hues` from which a photo has its colours


@dataclass(frozen=True)
class _Match:
    """What is done at full strength: gain of all light, of each channel beside it, powers of contrast, of chroma."""

    exposure: float
    white: tuple[float, float, float]
    contrast: float
    chroma: float
    middle: float  # luminance that contrast leaves where it is


def one_tint(other: Appearance) -> float:
    """Return how far a photo has a single tint, like grey or sepia: 1 wholly, 0 for colours."""
    return min(max((_COLOURED - other.hues) / (_COLOURED - ONE_TINT), 0.0), 1.0)


def _match(own: Appearance, other: Appearance) -> _Match:
    """Light is compared by what is bright in both (one deviation above the mean), white by their means."""
    bright, wanted = (_luminance(min(one.lab_mean[0] + one.lab_std[0], 100.0)) for one in (own, other))
    white = np.clip(np.sqrt(_tint(other) / _tint(own)), *_WHITE)  # half is of clothes and walls, not of light
    white /= white @ _LUMINANCE
    chroma = [float(np.hypot(*one.lab_std[1:])) for one in (own, other)]
    return _Match(
        _within(wanted / max(bright, 1e-3), _EXPOSURE),
        (float(white[0]), float(white[1]), float(white[2])),
        _within(other.lab_std[0] / max(own.lab_std[0], 1e-3), _CONTRAST),
        _within(chroma[1] / max(chroma[0], 1e-3), _COLOURFUL),
        _luminance(own.lab_mean[0]),
    )


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def _luminance(lightness: float) -> float:
    """Return the luminance 0..1 of a CIELAB lightness."""
    root = (lightness + 16) / 116
    return root * root * root if lightness > 8 else lightness * 27 / 24389


@functools.lru_cache(maxsize=1024)
def _tint(one: Appearance) -> Floats:
    """Return the light of a photo's mean colour, (3,), with a luminance of 1."""
    light = linear_of(rgb_of(np.array(one.lab_mean)) / 255) + 1e-3
    return np.asarray(light / (light @ _LUMINANCE))


@functools.lru_cache(maxsize=1)
def _nodes() -> Floats:
    """The light of the table's nodes, (3, 729), the red index last as Pillow wants it."""
    step = np.linspace(0, 1, NODES)
    blue, green, red = np.meshgrid(step, step, step, indexing="ij")
    return linear_of(np.stack([red, green, blue]).reshape(3, -1))


def _matched(light: Floats, match: _Match) -> Floats:
    """Return light 0..1, (3, n), as a match makes it: more exposure does not burn out, less dims whites, too."""
    light = light * np.array(match.white)[:, None]
    before = np.maximum(_LUMINANCE @ light, 1e-6)
    lit = np.minimum(before, 1.0)
    lit = match.middle * (lit / match.middle) ** match.contrast if match.middle > 1e-3 else lit
    lit = 1 - (1 - np.minimum(lit, 1)) ** match.exposure if match.exposure > 1 else lit * match.exposure
    light *= lit / before
    return np.asarray(lit + match.chroma * (light - lit))


@functools.lru_cache(maxsize=1)
def _plain() -> Floats:
    """The table's nodes as they are, sRGB, (729, 3)."""
    return np.ascontiguousarray(srgb_of(_nodes()).T)


@functools.lru_cache(maxsize=256)
def _wholly(own: Appearance, other: Appearance) -> Floats:
    """Return the table's nodes as a match at full strength makes them, (729, 3): the same for all figures of a pair."""
    matched = np.clip(_matched(_nodes(), _match(own, other)), 0, 1)
    return np.ascontiguousarray(srgb_of(matched).T)


def colour_table(own: Appearance, other: Appearance, strength: float) -> Singles:
    """Return the map that moves a figure's colours towards a background's: float32 (9 * 9 * 9 * 3,) of sRGB 0..1, the
    red index last but the channel's, as Pillow's `Color3DLUT` takes it, which interpolates.

    Exposure, the gains of the channels beside each other (von Kries), contrast and chroma each go as far as their
    limits at strength 1; in between, colours lie on the way in sRGB.  On a background of one tint, grey or sepia, a
    figure has that tint wholly, whatever the strength.
    """
    found = (1 - strength) * _plain() + strength * _wholly(own, other)
    if grey := one_tint(other):
        light = linear_of(found) @ _LUMINANCE
        tint = _tint(other) if max(abs(v) for v in other.lab_mean[1:]) > 1 else np.ones(3)
        found = (1 - grey) * found + grey * srgb_of(np.clip(light[:, None] * tint, 0, 1))
    return (np.rint(found * _FINE) / _FINE).astype(np.float32).ravel()
