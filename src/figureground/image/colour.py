"""Colour spaces: sRGB, CIELAB."""

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


def lab(rgb: NDArray[np.uint8] | Floats) -> Floats:
    """Return CIELAB (D65; L 0..100) of sRGB values 0..255 (..., 3)."""
    value = np.asarray(rgb, np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def rgb_of(values: Floats) -> Floats:
    """Return sRGB, float64 0..255 clipped, of CIELAB values (..., 3)."""
    fy = (values[..., 0] + 16) / 116
    f = np.stack([fy + values[..., 1] / 500, fy, fy - values[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (116 * f - 16) * 27 / 24389)
    linear = np.clip(xyz @ _RGB.T, 0, 1)
    return np.asarray(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))
