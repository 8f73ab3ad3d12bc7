import numpy as np
import pytest

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
