"""Resizing in whole numbers, against Pillow's window and a slow blur in exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from figureground.core.arrays import Bytes, Floats
from figureground.image import resample
from figureground.image.resample import one_pass

sides = st.integers(1, 70)


def resized(planes: Bytes, height: int, width: int, blur: float = 0.0) -> tuple[Bytes, int]:
    """`resample.resized` of planes (n, h, w)."""
    return resample.resized(np.ascontiguousarray(np.moveaxis(planes, 0, 1)), height, width, blur)


def dense(source: int, size: int, blur: float = 0.0) -> Floats:
    """Return a pass as one matrix, (values of the result, of the source), in 1/65536."""
    found = one_pass(source, size, blur)
    block = found.weights.shape[1]
    matrix = np.zeros((block * len(found.first), source))
    for k, first in enumerate(found.first):
        matrix[k * block : (k + 1) * block, first : first + found.weights.shape[2]] = found.weights[k]
    assert not matrix[found.size :].any() or found.size % block
    return matrix[: found.size] * 65536


def noise(seed: int, *shape: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


@settings(max_examples=200)
@given(sides, sides, sides, sides, st.integers(0, 2**31))
def test_it_is_pillows_hamming_window_to_a_level(rows: int, columns: int, height: int, width: int, seed: int) -> None:
    planes = noise(seed, 2, rows, columns)
    found, margin = resized(planes, height, width)
    assert (found.shape, margin) == ((2, height, width), 0)
    for ours, plane in zip(found, planes, strict=True):
        theirs = Image.fromarray(plane).resize((width, height), Image.Resampling.HAMMING)
        assert np.abs(ours.astype(int) - np.asarray(theirs)).max() <= 2
        assert np.abs(ours.astype(int) - np.asarray(theirs)).mean() <= 0.5


@settings(max_examples=200)
@given(sides, sides, st.sampled_from([0.0, 0.25, 0.37, 0.7, 1.3, 4.0]))
def test_the_weights_are_whole_and_sum_to_one(source: int, size: int, blur: float) -> None:
    matrix = dense(source, size, blur)
    margin = one_pass(source, size, blur).margin
    assert np.array_equal(matrix, np.rint(matrix))
    assert matrix.min() >= 0
    sums = matrix.sum(1)
    assert (sums <= 65536).all()
    inner = sums[2 * margin : len(sums) - 2 * margin]  # what the blur mixes with nothing beyond the source
    assert (inner == 65536).all()
    assert (margin > 0) == (blur > 0.31)  # less reaches no neighbour


@settings(max_examples=100)
@given(sides, sides, sides, sides, st.sampled_from([0.0, 0.5, 1.1]), st.integers(0, 2**31))
def test_it_equals_whole_numbers_added_up_one_by_one(
    rows: int, columns: int, height: int, width: int, blur: float, seed: int
) -> None:
    """float32 and a matrix library that sums as it likes give what int64 gives: no sum reaches 2**24."""
    planes = noise(seed, 1, rows, columns)
    planes[0, : rows // 2] = 255  # the largest sums that there are
    down, across = dense(rows, height, blur).astype(np.int64), dense(columns, width, blur).astype(np.int64)
    tall = np.rint((down @ planes[0].astype(np.int64)) / 65536).astype(np.int64)
    wide = np.rint((tall @ across.T) / 65536)
    found, _ = resized(planes, height, width, blur)
    assert np.array_equal(found[0], wide)


@given(sides, sides, sides, sides, st.integers(0, 255))
def test_a_constant_stays_what_it_is(rows: int, columns: int, height: int, width: int, value: int) -> None:
    found, _ = resized(np.full((1, rows, columns), value, np.uint8), height, width)
    assert (found == value).all()


@given(sides, sides, st.sampled_from([0.0, 0.6, 1.2]), st.integers(0, 2**31))
def test_planes_do_not_mix_and_keep_their_order(height: int, width: int, blur: float, seed: int) -> None:
    """So colours times alpha stay within alpha, and a cut-out's alpha is what its alpha alone becomes."""
    planes = np.sort(noise(seed, 2, 23, 17), 0)
    both, margin = resized(planes, height, width, blur)
    assert (both[0] <= both[1]).all()
    for k in (0, 1):
        alone, again = resized(planes[k : k + 1], height, width, blur)
        assert np.array_equal(alone[0], both[k])
        assert again == margin


@given(sides, sides, st.sampled_from([0.0, 0.6, 1.2]), st.integers(0, 2**31))
def test_a_mirrored_picture_becomes_the_mirrored_result_to_a_level(
    height: int, width: int, blur: float, seed: int
) -> None:
    planes = noise(seed, 1, 31, 20)
    found, mirrored = (resized(np.ascontiguousarray(p), height, width, blur)[0] for p in (planes, planes[:, :, ::-1]))
    assert np.abs(found[:, :, ::-1].astype(int) - mirrored).max() <= 1


def blurred(picture: Bytes, deviation: float, margin: int) -> Floats:
    """The near-Gaussian (1 - t**2 / (11 s**2))**4 in exact fractions, with nothing beyond the picture."""
    s = Fraction(deviation)
    weight = {t: max(1 - Fraction(t * t) / (11 * s * s), Fraction(0)) ** 4 for t in range(-margin, margin + 1)}
    kernel = np.array([float(w / sum(weight.values())) for w in weight.values()])
    framed = np.pad(picture.astype(np.float64), 2 * margin)
    for axis in (0, 1):
        framed = np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), axis, framed)
    return framed[margin:-margin, margin:-margin]


@settings(max_examples=60)
@given(sides, sides, st.sampled_from([0.4, 0.7, 1.3, 2.5]), st.integers(0, 2**31))
def test_the_blur_is_a_blur_of_the_result(height: int, width: int, deviation: float, seed: int) -> None:
    planes = noise(seed, 1, 33, 21)
    sharp, _ = resized(planes, height, width)
    found, margin = resized(planes, height, width, deviation)
    assert found.shape == (1, height + 2 * margin, width + 2 * margin)
    assert np.abs(found[0] - blurred(sharp[0], deviation, margin)).max() <= 2


def test_the_blur_has_the_deviation_that_is_asked_for() -> None:
    planes = np.zeros((1, 41, 41), np.uint8)
    planes[0, 20, 20] = 255
    for deviation in (0.8, 1.0, 1.3):
        found, margin = resized(planes, 41, 41, deviation)
        spot = found[0].astype(float)
        at = np.arange(len(spot)) - 20 - margin
        measured = np.sqrt((spot.sum(0) * at**2).sum() / spot.sum())
        assert abs(measured - deviation) < 0.06 * deviation
