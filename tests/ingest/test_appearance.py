"""What is measured of a photo, against photos whose blur and noise are known."""

import itertools
import math

import numpy as np
import pytest

from figureground.core.arrays import Bytes
from figureground.image import colour
from figureground.ingest.appearance import measure


def test_a_measure_is_of_what_lies_under_the_mask() -> None:
    picture = np.full((60, 60, 3), 255, np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:50] = True
    rng = np.random.default_rng(0)
    picture[mask] = rng.integers(60, 120, (1600, 3))
    found = measure(picture, mask)
    alone = measure(np.ascontiguousarray(picture[10:50, 10:50]))
    assert found.lab_mean == alone.lab_mean
    assert found.lab_std == alone.lab_std
    values = colour.lab(picture[mask])
    assert found.lab_mean == pytest.approx(values.mean(0), abs=1e-3)
    assert found.lab_std == pytest.approx(values.std(0), abs=1e-3)
    picture[~mask] = rng.integers(0, 256, (2000, 3))
    again = measure(picture, mask)
    assert (again.lab_mean, again.lab_std) == (found.lab_mean, found.lab_std)
    assert again.noise == pytest.approx(found.noise, rel=0.01)  # a filter's window may reach out by a pixel
    assert again.blur == pytest.approx(found.blur, rel=0.01)


def edges(blur: float) -> Bytes:
    """Return a picture of ideal edges in many directions, blurred by a Gaussian: anti-aliased by drawing large."""
    v, u = np.mgrid[0:640, 0:640] - 319.5
    sectors = (np.floor(np.degrees(np.arctan2(v, u)) / 36) % 2 == 0).astype(np.float64)
    weights = np.exp(-0.5 * (np.arange(-60, 61) / (4 * blur)) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(sectors, [(60, 60) if a == axis else (0, 0) for a in (0, 1)], "edge")
        sectors = np.apply_along_axis(np.convolve, axis, padded, weights, "valid")
    small = sectors.reshape(160, 4, 160, 4).mean((1, 3))
    grey = np.rint(40 + 170 * small).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)


def test_blur_is_measured() -> None:
    """Rises with the true blur, and is within 25 % (and the half pixel that a pixel's own width adds)."""
    true = (0.5, 0.8, 1.2, 1.6, 2.2, 3.0)
    found = [measure(edges(blur)).blur for blur in true]
    assert all(a < b for a, b in itertools.pairwise(found)), found
    for blur, measured in zip(true, found, strict=True):
        assert abs(measured - math.hypot(blur, 0.29)) < 0.25 * blur + 0.1, found
    assert measure(np.full((64, 64, 3), 90, np.uint8)).blur == 0  # no edge says nothing


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0, 12.0])
def test_noise_is_measured(sigma: float) -> None:
    rng = np.random.default_rng(int(sigma))
    flat = np.repeat(np.rint(120 + sigma * rng.standard_normal((160, 160, 1))), 3, 2).clip(0, 255).astype(np.uint8)
    # the flatter half of the picture is looked at, so that a little is missed
    assert 0.75 * sigma < measure(flat).noise < 1.1 * math.hypot(sigma, 0.3)
    slope = np.clip(flat + np.linspace(-50, 50, 160)[:, None, None], 0, 255).astype(np.uint8)
    assert measure(slope).noise == pytest.approx(measure(flat).noise, rel=0.1)  # a gradient is no noise
    assert measure(np.full((64, 64, 3), 90, np.uint8)).noise < 1e-3


def test_measures_of_hardly_anything_end_well() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    speck = np.zeros((20, 20), bool)
    speck[3, 4:6] = True
    found = measure(picture, speck)
    assert (found.blur, found.noise) == (0.0, 0.0)
    assert found.lab_mean == pytest.approx(colour.lab(picture[speck]).mean(0), abs=1e-3)
