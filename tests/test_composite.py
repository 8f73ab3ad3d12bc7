import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.composite import blend, overlap, render
from figureground.sample import Figure, Scene


def test_blend_is_exact_for_every_value() -> None:
    """All 2**24 combinations against integer arithmetic."""
    front, back = (a.astype(np.uint8) for a in np.meshgrid(np.arange(256), np.arange(256)))
    for alpha in range(256):
        exact = (2 * (alpha * front.astype(np.int64) + (255 - alpha) * back.astype(np.int64)) + 255) // 510
        assert np.array_equal(blend(front, back, np.full(front.shape, alpha, np.uint8)), exact)


def test_nothing_placed_is_the_background() -> None:
    background = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    image, alpha = render(Scene(0, 0, 0, False, ()), background, {})
    assert np.array_equal(image, background)
    assert not alpha.any()
    empty = np.dstack([np.full((9, 9, 3), 200, np.uint8), np.zeros((9, 9), np.uint8)])
    image, alpha = render(Scene(0, 0, 0, False, (Figure(0, 5, 5, False),)), background, {0: empty})
    assert np.array_equal(image, background)
    image, _ = render(Scene(0, 0, 0, False, (Figure(0, 90, -70, False),)), background, {0: empty + np.uint8(1)})
    assert np.array_equal(image, background)


@settings(deadline=None, max_examples=80)
@given(
    st.integers(-40, 70),
    st.integers(-40, 70),
    st.integers(1, 30),
    st.integers(1, 30),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_render_equals_a_loop_over_pixels(x: int, y: int, height: int, width: int, flip: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    background = rng.integers(0, 256, (40, 40, 3), np.uint8)
    cutout = rng.integers(0, 256, (height, width, 4), np.uint8)
    image, alpha = render(Scene(0, 0, 0, flip, (Figure(0, x, y, flip),)), background, {0: cutout})
    shown = cutout[:, ::-1] if flip else cutout
    for row in range(40):
        for column in range(40):
            inside = 0 <= row - y < height and 0 <= column - x < width
            a = int(shown[row - y, column - x, 3]) if inside else 0
            assert alpha[row, column] == a
            for c in range(3):
                f = int(shown[row - y, column - x, c]) if inside else 0
                assert image[row, column, c] == round((a * f + (255 - a) * int(background[row, column, c])) / 255)


def test_two_figures_cover_what_either_covers() -> None:
    background = np.zeros((32, 32, 3), np.uint8)
    red = np.dstack([np.full((8, 8), 255, np.uint8), np.zeros((8, 8, 2), np.uint8), np.full((8, 8), 255, np.uint8)])
    half = red.copy()
    half[..., 3] = 128
    scene = Scene(0, 0, 0, False, (Figure(0, 4, 4, False), Figure(1, 8, 8, False)))
    _, alpha = render(scene, background, {0: red, 1: half})
    assert alpha[5, 5] == 255
    assert alpha[9, 9] == 255  # half over opaque stays opaque
    assert alpha[14, 14] == 128


def test_overlap_is_empty_outside() -> None:
    rows, columns, from_rows, from_columns = overlap(Figure(0, 100, 3, False), 10, 10, 64)
    assert np.zeros((64, 64))[rows, columns].size == 0
    assert np.zeros((10, 10))[from_rows, from_columns].size == 0
