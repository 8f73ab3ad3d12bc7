"""Colour spaces, each written once: linear light, sRGB, CIELAB, OKLab.  Arrays (..., 3) in, float64 arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Floats

# sRGB (IEC 61966-2-1, D65) to XYZ, rows divided by the white point, so that white is (1, 1, 1)
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_XYZ = _XYZ / _XYZ.sum(1, keepdims=True)
_RGB = np.linalg.inv(_XYZ)

# OKLab (Ottosson 2020) to the cube roots of cone responses, and cone responses to linear sRGB
_CONE_OF_OKLAB = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_LINEAR_OF_CONE = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def linear_of(srgb: Floats) -> Floats:
    """Return linear light 0..1 of sRGB values 0..1, any shape."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def srgb_of(linear: Floats) -> Floats:
    """Return sRGB values 0..1 of linear light 0..1, any shape."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def lab(rgb: NDArray[np.uint8] | Floats) -> Floats:
    """Return CIELAB (D65; L 0..100) of sRGB values 0..255 (..., 3)."""
    xyz = linear_of(np.asarray(rgb, np.float64) / 255) @ _XYZ.T
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def rgb_of(values: Floats) -> Floats:
    """Return sRGB, float64 0..255 clipped, of CIELAB values (..., 3)."""
    fy = (values[..., 0] + 16) / 116
    f = np.stack([fy + values[..., 1] / 500, fy, fy - values[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f * f * f, (116 * f - 16) * 27 / 24389)
    return np.asarray(255 * srgb_of(np.clip(xyz @ _RGB.T, 0, 1)))


def rgb_of_oklab(values: Floats) -> Floats:
    """Return sRGB, float64 0..255 clipped, of OKLab values (..., 3), L in 0..1."""
    linear = (values @ _CONE_OF_OKLAB.T) ** 3 @ _LINEAR_OF_CONE.T
    return np.asarray(255 * srgb_of(np.clip(linear, 0, 1)))
