import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.image import colour


def test_known_colours_have_their_known_lab_values() -> None:
    """From Lindbloom's calculator, sRGB and D65."""
    known = {
        (255, 255, 255): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (119, 119, 119): (50.03, 0, 0),
    }
    for rgb, expected in known.items():
        assert colour.lab(np.array(rgb, np.uint8)) == pytest.approx(expected, abs=0.011), rgb


def test_lab_and_back() -> None:
    step = np.arange(0, 256, 15).astype(np.uint8)  # 0 and 255 among them, and the dark ones below both curves' bends
    colours = np.stack(np.meshgrid(np.append(step, [1, 2, 5, 9]), step, step), -1).reshape(-1, 3).astype(np.uint8)
    assert np.abs(colour.rgb_of(colour.lab(colours)) - colours).max() < 1e-3
    beyond = colour.rgb_of(np.array([[150.0, 0, 0], [-20.0, 0, 0], [50.0, 200, 200]]))
    assert beyond.min() >= 0  # what sRGB cannot show is clipped
    assert beyond.max() <= 255


def test_light_and_srgb_and_back() -> None:
    """Every 8-bit value and those beside both curves' bends; light grows with the value."""
    values = np.concatenate([np.arange(256) / 255, 0.04045 + np.linspace(-1e-4, 1e-4, 9)])
    assert np.abs(colour.srgb_of(colour.linear_of(values)) - values).max() < 1e-7
    light = np.concatenate([np.linspace(0, 1, 1001), 0.0031308 + np.linspace(-1e-5, 1e-5, 9)])
    assert np.abs(colour.linear_of(colour.srgb_of(light)) - light).max() < 1e-7
    assert (np.diff(colour.linear_of(np.arange(256) / 255)) > 0).all()
    assert colour.linear_of(np.array([0.0, 0.5, 1.0])) == pytest.approx([0, 0.214041, 1], abs=1e-6)


def oklab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return OKLab of sRGB 0..255, by the matrices that Ottosson published for this direction."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(colour.linear_of(rgb / 255) @ cones.T) @ lab.T


def test_oklab_and_back() -> None:
    step = np.arange(0, 256, 15).astype(np.uint8)
    colours = np.stack(np.meshgrid(step, step, step), -1).reshape(-1, 3).astype(np.uint8)
    assert np.abs(colour.rgb_of_oklab(oklab(colours)) - colours).max() < 0.01
    beyond = colour.rgb_of_oklab(np.array([[1.5, 0, 0], [-0.2, 0, 0], [0.5, 0.4, 0.4]]))
    assert beyond.min() >= 0
    assert beyond.max() <= 255
