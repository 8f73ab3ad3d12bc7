from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Appearance, Cutout, Figure, Look
from figureground.image.masks import premultiplied
from figureground.render.composite import Sprite, blend, compose, lit, matched, seen_masks, sized, turned
from tests.render.pasting import sprite_of

GREY = Appearance((50.0, 0.0, 0.0), (10.0, 5.0, 5.0), 0.0, 0.0)


def pasted(
    cutout: Cutout, x: int, y: int, size: int, flip: bool = False, hidden: Bytes | None = None, q: float = 0.0
) -> Sprite:
    """Return the sprite of a cut-out with its corner at (x, y), without a look.

    `hidden`: of the whole canvas; `q`: its inverse depth.
    """
    figure, canvas = Figure(0, x, y, cutout.shape[1], cutout.shape[0], flip, q), Canvas(size, size)
    rows, columns, _, _ = canvas.overlap(x, y, *cutout.shape[:2])
    part = None if hidden is None else hidden[rows, columns]
    return sprite_of(figure, cutout[:, ::-1] if flip else cutout, 0, canvas, part)


def fitted(cutout: Cutout, figure: Figure, own: Appearance, background: Appearance) -> tuple[Cutout, int]:
    """Return the cut-out in the figure's size and look, and its margin."""
    planes, margin = sized(premultiplied(cutout), figure)
    return turned(matched(planes, figure.look.colour, own, background), figure), margin


def opaque(height: int, width: int, colour: tuple[int, int, int], alpha: int = 255) -> Cutout:
    return np.full((height, width, 4), (*colour, alpha), np.uint8)


def test_blend_is_exact_for_every_value() -> None:
    """All 2**24 combinations against integer arithmetic."""
    front, back = (a.astype(np.uint8) for a in np.meshgrid(np.arange(256), np.arange(256)))
    for alpha in range(256):
        exact = (2 * (alpha * front.astype(np.int64) + (255 - alpha) * back.astype(np.int64)) + 255) // 510
        assert np.array_equal(blend(front, back, np.full(front.shape, alpha, np.uint8)), exact)


def test_nothing_placed_is_the_background() -> None:
    background = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    empty = opaque(9, 9, (200, 200, 200), 0)
    for sprites in ([], [pasted(empty, 5, 5, 64)], [pasted(empty + np.uint8(1), 90, -70, 64)]):
        found = compose(background, sprites)
        assert np.array_equal(found.image, background)
        assert background[found.changed].size <= 81 * 3
        assert not found.alpha.any()
        assert not found.mask.any()
        assert not found.instances.any()


@settings(max_examples=80)
@given(
    st.integers(-40, 70),
    st.integers(-40, 70),
    st.integers(1, 30),
    st.integers(1, 30),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_compose_equals_a_loop_over_pixels(
    x: int, y: int, height: int, width: int, flip: bool, covered: bool, seed: int
) -> None:
    """One figure, with and without something of the background before it."""
    rng = np.random.default_rng(seed)
    background = rng.integers(0, 256, (40, 40, 3), np.uint8)
    cutout = rng.integers(0, 256, (height, width, 4), np.uint8)
    hidden = rng.integers(0, 256, (40, 40), np.uint8) if covered else None
    one = pasted(cutout, x, y, 40, flip, hidden)
    found = compose(background, [one])
    shown = cutout[:, ::-1] if flip else cutout
    for row in range(40):
        for column in range(40):
            inside = 0 <= row - y < height and 0 <= column - x < width
            a = int(shown[row - y, column - x, 3]) if inside else 0
            if hidden is not None:
                a = round(a * (255 - int(hidden[row, column])) / 255)
            assert found.alpha[row, column] == a
            assert found.mask[row, column] == (a >= 128)
            assert found.instances[row, column] == (a >= 128)
            for c in range(3):
                f = int(shown[row - y, column - x, c]) if inside else 0
                assert found.image[row, column, c] == round((a * f + (255 - a) * int(background[row, column, c])) / 255)
    within = np.zeros((40, 40), bool)
    within[found.changed] = True
    assert np.array_equal(found.image[~within], background[~within])
    assert not found.alpha[~within].any()
    assert one.area == np.count_nonzero(cutout[..., 3] >= 128)  # what the frame and the background hide counts, too
    assert np.array_equal(one.whole, pasted(cutout, x, y, 40, flip).visible)


places_of = st.lists(
    st.tuples(
        st.integers(-15, 25), st.integers(-15, 25), st.integers(1, 20), st.integers(1, 20), st.booleans(), st.booleans()
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(places_of, st.integers(0, 2**31))
def test_several_figures_equal_a_loop_over_pixels(places: list[tuple[Any, ...]], seed: int) -> None:
    """Far to near: each covers the image and takes its share of what the farther ones had."""
    rng = np.random.default_rng(seed)
    size = 24
    background = rng.integers(0, 256, (size, size, 3), np.uint8)
    sprites, whole = [], []
    for rank, (x, y, height, width, flip, covered) in enumerate(places):
        cutout = rng.integers(0, 256, (height, width, 4), np.uint8)
        cutout[..., 3] = np.where(rng.random((height, width)) < 0.6, 255 * (cutout[..., 3] > 99), cutout[..., 3])
        hidden = 255 * rng.integers(0, 2, (size, size), np.uint8) if covered else None
        sprites.append(pasted(cutout, x, y, size, flip, hidden, 0.1 + rank / 10))
        canvas = np.zeros((70, 70, 4), np.uint8)
        canvas[20 + y : 20 + y + height, 20 + x : 20 + x + width] = cutout[:, ::-1] if flip else cutout
        canvas = canvas[20 : 20 + size, 20 : 20 + size].copy()
        if hidden is not None:
            canvas[..., 3][hidden > 0] = 0
        whole.append(canvas)
    numbers = rng.permutation(len(places)).tolist()
    # the scene's figures come in any order: its figure numbers[k] is the k-th from far to near
    found = compose(background, [sprites[numbers.index(i)] for i in range(len(sprites))])
    within = np.zeros((size, size), bool)
    within[found.changed] = True
    assert np.array_equal(found.image[~within], background[~within])
    assert not found.alpha[~within].any()
    masks = seen_masks(sprites, (size, size))
    for row in range(size):
        for column in range(size):
            pixel = [float(v) for v in background[row, column]]
            alpha, shares = 0.0, [0.0] * len(sprites)
            for k, canvas in enumerate(whole):
                *colour, a = (float(v) for v in canvas[row, column])
                pixel = [round((a * f + (255 - a) * b) / 255) for f, b in zip(colour, pixel, strict=True)]
                alpha = round(a + (255 - a) * alpha / 255)
                shares = [share * (255 - a) / 255 for share in shares]
                shares[k] = a
            assert found.image[row, column].tolist() == pixel
            assert found.alpha[row, column] == alpha
            assert found.mask[row, column] == (alpha >= 128)
            owners = [k for k, mask in enumerate(masks) if mask[row, column]]
            assert len(owners) == (alpha >= 128)
            assert found.instances[row, column] == (numbers[owners[0]] + 1 if owners else 0)
            if owners:  # to the rounding of a share by each figure before it
                assert shares[owners[0]] >= max(shares) - len(sprites)


def test_two_figures_cover_what_either_covers() -> None:
    background = np.zeros((32, 32, 3), np.uint8)
    red, half = opaque(8, 8, (255, 0, 0)), opaque(8, 8, (255, 0, 0), 128)
    found = compose(background, [pasted(red, 4, 4, 32), pasted(half, 8, 8, 32)])
    assert found.alpha[5, 5] == 255
    assert found.alpha[9, 9] == 255  # half over opaque stays opaque
    assert found.alpha[14, 14] == 128
    assert (found.instances[5, 5], found.instances[9, 9], found.instances[14, 14]) == (1, 2, 2)


def test_the_nearer_figure_is_seen_whatever_its_number() -> None:
    background = np.zeros((32, 32, 3), np.uint8)
    far = pasted(opaque(20, 8, (255, 0, 0)), 4, 4, 32, q=0.1)
    near = pasted(opaque(20, 8, (0, 255, 0)), 8, 8, 32, q=0.2)
    for numbers in ([0, 1], [1, 0]):
        found = compose(background, [far, near] if numbers == [0, 1] else [near, far])
        assert found.image[10, 10].tolist() == [0, 255, 0]
        assert found.instances[10, 10] == numbers[1] + 1
        assert found.instances[5, 5] == numbers[0] + 1
    masks = seen_masks([far, near], (32, 32))
    assert [int(mask.sum()) for mask in masks] == [160 - 4 * 16, 160]


def test_a_cutout_changes_its_size_without_its_hidden_colours() -> None:
    cutout = opaque(60, 40, (0, 255, 0), 0)
    cutout[10:50, 10:30] = (200, 30, 30, 255)
    for width, height in ((20, 30), (80, 120), (7, 11)):
        small, margin = fitted(cutout, Figure(0, 0, 0, width, height, False), GREY, GREY)
        assert (small.shape, margin) == ((height, width, 4), 0)
        assert small[small[..., 3] > 24][:, 1].max() < 60
        assert small[..., 3].max() == 255
        area, whole = (small[..., 3] / 255).sum(), 20 * 40 * (width / 40) * (height / 60)
        assert abs(area - whole) < 0.05 * whole


def test_a_cutout_of_the_right_size_without_a_look_is_pasted_as_it_is() -> None:
    rng = np.random.default_rng(1)
    cutout = rng.integers(0, 256, (20, 30, 4), np.uint8)
    for flip in (False, True):
        found, margin = fitted(cutout, Figure(0, 0, 0, 30, 20, flip), GREY, GREY)
        expected = cutout[:, ::-1] if flip else cutout
        assert margin == 0
        assert np.array_equal(found[..., 3], expected[..., 3])
        error = np.abs(found[..., :3].astype(int) - expected[..., :3])
        assert (error * (expected[..., 3:] / 255)).max() <= 1  # colours times alpha are whole numbers


def test_a_blurred_cutout_keeps_its_place_its_colours_and_its_weight() -> None:
    cutout = opaque(60, 40, (0, 255, 0), 0)
    cutout[10:60, 10:30] = (200, 30, 30, 255)
    figure = Figure(0, 20, 15, 40, 60, False, look=Look(blur=1.5))
    blurred, margin = fitted(cutout, figure, GREY, GREY)
    assert blurred.shape == (60 + 2 * margin, 40 + 2 * margin, 4)
    assert margin >= 2
    assert abs(blurred[..., 3].astype(int).sum() / (255 * 50 * 20) - 1) < 0.02
    assert blurred[blurred[..., 3] > 24][:, 1].max() < 60
    sharp, soft = pasted(cutout, 20, 15, 96), sprite_of(figure, blurred, margin, Canvas(96, 96))
    background = np.zeros((96, 96, 3), np.uint8)
    before, after = (compose(background, [one]).alpha.astype(float) for one in (sharp, soft))
    v, u = np.mgrid[0:96, 0:96]
    for axis in (u, v):  # the centre of mass stays
        assert abs((before * axis).sum() / before.sum() - (after * axis).sum() / after.sum()) < 0.1
    assert after[before == 0].max() > 20  # and the edge is soft


def test_the_look_does_to_the_mirrored_twin_what_it_does_to_the_figure() -> None:
    cutout = opaque(40, 30, (0, 255, 0), 0)
    cutout[5:40, 8:20] = (150, 100, 60, 255)
    other = Appearance((60.0, 10.0, -5.0), (12.0, 5.0, 5.0), 2.0, 0.0)
    for look in (Look(blur=1.2), Look(colour=0.8), Look(blur=0.7, colour=0.5)):
        plain, one = fitted(cutout, Figure(0, 3, 4, 30, 40, False, look=look), GREY, other)
        mirrored, two = fitted(cutout, Figure(0, 3, 4, 30, 40, True, look=look), GREY, other)
        assert one == two
        assert np.array_equal(mirrored, plain[:, ::-1])


def test_the_relief_follows_its_figure() -> None:
    """Mirrored, cut off by the frame and padded by the blur's margin, relief lies where the figure's pixels lie."""
    relief = np.zeros((20, 30), np.uint8)
    cutout = opaque(20, 30, (9, 9, 9))
    relief[5, 3], cutout[5, 3] = 255, (255, 0, 0, 255)
    for flip in (False, True):
        figure = Figure(0, -2 if not flip else 37, 10, 30, 20, flip, 0.5, (8, 29))
        for margin in (0, 3):
            shown = np.pad(cutout[:, ::-1] if flip else cutout, ((margin, margin), (margin, margin), (0, 0)))
            one = sprite_of(figure, shown, margin, Canvas(64, 64), None, np.pad(relief, margin))
            assert one.relief is not None
            assert one.relief.shape == one.whole.shape
            assert np.argwhere(one.relief == 255).tolist() == np.argwhere(one.colour[..., 0] == 255).tolist()
            assert np.count_nonzero(one.relief) == 1


def test_a_feather_softens_the_outline_inwards_and_leaves_the_rest_alone() -> None:
    cutout = opaque(60, 40, (0, 255, 0), 0)
    cutout[10:50, 10:30] = np.random.default_rng(3).integers(0, 256, (40, 20, 4), np.uint8) | np.uint8(1)
    cutout[10:50, 10:30, 3] = 255
    plain, _ = fitted(cutout, Figure(0, 0, 0, 40, 60, False), GREY, GREY)
    soft, margin = fitted(cutout, Figure(0, 0, 0, 40, 60, False, look=Look(feather=0.7)), GREY, GREY)
    assert margin == 0
    assert np.array_equal(soft[14:46, 14:26], plain[14:46, 14:26])
    assert (soft[..., 3] <= plain[..., 3]).all()
    assert 128 <= soft[30, 10, 3] < 250
    corners = np.zeros((60, 40), bool)
    corners[np.ix_([10, 49], [10, 29])] = True  # a blur rounds them
    assert np.array_equal((soft[..., 3] >= 128) | corners, plain[..., 3] >= 128)
    edge = soft[12:48, 10, :3].astype(int) - plain[12:48, 10, :3]
    assert np.abs(edge).max() <= 2  # its colours are the figure's own, to the rounding of colours times alpha


def test_a_rim_takes_the_light_of_what_is_behind() -> None:
    alpha = np.zeros((80, 60), np.uint8)
    alpha[10:70, 15:45] = 255
    colour = np.full((80, 60, 3), 40, np.uint8)
    behind = np.full((80, 60, 3), 240, np.uint8)
    figure = Figure(0, 0, 0, 60, 80, False, look=Look(wrap=0.5))
    found = lit(colour, alpha, behind, figure)
    assert (found[15:65, 20:40] == 40).all()
    assert (found[30, 15] > 60).all()
    assert found[30, 15].max() <= 40 + 0.5 * 200
    assert (found[alpha == 0] == 40).all()
    assert lit(colour, alpha, behind, Figure(0, 0, 0, 60, 80, False)) is colour
