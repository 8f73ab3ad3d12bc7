"""Poisson blending: what it does to colours, where it does nothing, and what it never touches."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Alpha, Cutout, Figure, Look, Picture
from figureground.render import composite
from figureground.render.composite import Sprite, compose
from tests.builders import figure_cutout, scene_photo, standing_cutout
from tests.render.pasting import sprite_of

SIZE = 80


def pasted(
    cutout: Cutout, strength: float, x: int = 20, y: int = 10, hidden: Alpha | None = None, near: float = 0.0
) -> Sprite:
    """Return the sprite of a cut-out; `hidden`: of the whole canvas, uint8."""
    height, width = cutout.shape[:2]
    figure = Figure(0, x, y, width, height, False, near, look=Look(poisson=strength))
    rows, columns, _, _ = Canvas(SIZE, SIZE).overlap(x, y, height, width)
    return sprite_of(figure, cutout, 0, Canvas(SIZE, SIZE), None if hidden is None else hidden[rows, columns])


def coloured(colour: tuple[int, int, int], soft: bool = True) -> Cutout:
    """Return somebody who stands, 60 x 24 px, in one colour."""
    cutout = standing_cutout(1, 60, 24)
    cutout[..., :3] = colour
    if not soft:
        cutout[..., 3] = np.where(cutout[..., 3] >= 128, 255, 0)
    return cutout


def room() -> Picture:
    return scene_photo(3, SIZE, SIZE)


def ramp() -> Picture:
    """A room whose colours rise evenly, so that they solve Laplace's equation."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.stack([40 + 2 * columns, 30 + rows + columns, 200 - 2 * rows], -1).astype(np.uint8)


def values(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    return picture.astype(np.int64)


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_a_flat_difference_is_a_shift_of_all_colours(strength: float) -> None:
    """Also of soft px outside the mask, and with the figure partly beyond each side of the canvas."""
    colour, behind = np.array([60, 120, 200]), np.array([160, 90, 201])
    background = np.broadcast_to(behind.astype(np.uint8), (SIZE, SIZE, 3)).copy()
    wanted = np.broadcast_to(np.rint(colour + strength * (behind - colour)).astype(np.uint8), (60, 24, 3))
    for x, y in ((20, 10), (-8, 10), (65, 10), (30, -20), (30, 45)):
        shown = coloured((60, 120, 200))
        found = compose(background, [pasted(shown, strength, x, y)])
        shown[..., :3] = wanted
        assert np.abs(values(found.image) - compose(background, [pasted(shown, 0.0, x, y)]).image).max() <= 1


def test_at_full_strength_a_flat_figure_goes_over_into_what_is_behind() -> None:
    for background in (ramp(), np.full((SIZE, SIZE, 3), 77, np.uint8)):
        found = compose(background, [pasted(coloured((90, 100, 110), soft=False), 1.0)])
        assert found.mask.sum() > 300
        assert np.abs(values(found.image) - background).max() <= 1


def test_inside_gradients_are_the_figures_and_across_the_outline_there_is_no_step() -> None:
    """The equations of Perez: at each px of the mask, the sum over its neighbours of what they differ by, as in the
    figure where they are in it, too, and nothing where they are behind."""
    cutout = figure_cutout(4, 60, 30)
    cutout[..., 3] = np.where(cutout[..., 3] >= 128, 255, 0)
    cutout[..., :3] = 100 + cutout[..., :3] // 8
    background = (100 + room() // 8).astype(np.uint8)  # so that nothing is cut off at 0 or 255
    one = pasted(cutout, 1.0)
    found = compose(background, [one])
    own = background.copy()
    own[found.mask] = compose(background, [pasted(cutout, 0.0)]).image[found.mask]
    lacking = np.zeros((SIZE, SIZE, 3))
    for step, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        both = (np.roll(found.mask, step, axis) & found.mask)[..., None]
        wanted = np.where(both, values(own) - np.roll(values(own), step, axis), 0)
        lacking += values(found.image) - np.roll(values(found.image), step, axis) - wanted
    assert found.mask.sum() > 600
    assert np.abs(lacking[found.mask]).max() <= 5  # nine roundings to whole numbers
    assert np.abs(values(own)[found.mask] - found.image[found.mask]).max() > 8


def test_colours_end_at_black_and_white() -> None:
    """Stripes of a dark coat in a white room, and of a white one in a dark room, would be beyond both."""
    cutout = coloured((0, 0, 0), soft=False)
    for stripe, around, end in ((90, 255, 255), (165, 0, 0)):
        cutout[..., :3] = 255 - around
        cutout[10:50:4, 4:20, :3] = stripe
        found = compose(np.full((SIZE, SIZE, 3), around, np.uint8), [pasted(cutout, 1.0)])
        rows = found.image[10 + 10 : 10 + 50 : 4, 20 + 9 : 20 + 15]
        assert (rows == end).all()
        assert np.abs(values(found.image) - end).max() < 128


def test_without_it_nothing_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are those of a plain pasting, by the formula, as of records that do not know of it."""
    one, background = pasted(figure_cutout(1, 60, 30), 0.0), room()
    monkeypatch.setattr(composite, "seamless", None)
    found = compose(background, [one]).image
    alpha = np.zeros((SIZE, SIZE, 1))
    alpha[10:70, 20:50, 0] = one.visible
    colour = np.zeros((SIZE, SIZE, 3))
    colour[10:70, 20:50] = one.colour
    assert np.array_equal(found, np.floor((alpha * colour + (255 - alpha) * background) / 255 + 0.5))
    with pytest.raises(TypeError):
        compose(background, [pasted(figure_cutout(1, 60, 30), 0.01)])


def test_masks_and_alphas_stay_and_strengths_lie_between() -> None:
    background = room()
    plain, half, whole = (compose(background, [pasted(figure_cutout(1, 60, 30), s)]) for s in (0.0, 0.5, 1.0))
    for one in (half, whole):
        assert np.array_equal(one.alpha, plain.alpha)
        assert np.array_equal(one.mask, plain.mask)
        assert np.array_equal(one.instances, plain.instances)
        assert np.array_equal(one.image[plain.alpha == 0], background[plain.alpha == 0])
        assert one.changed == plain.changed
    ends = np.sort([values(plain.image), values(whole.image)], 0)
    assert (ends[0] - 1 <= half.image).all()
    assert (half.image <= ends[1] + 1).all()
    assert np.abs(values(half.image) - plain.image)[plain.mask].mean() > 5


def test_the_edge_of_the_canvas_is_no_outline() -> None:
    """A figure that fills the left half is tied on the right alone; one that fills the canvas, nowhere."""
    background = np.zeros((SIZE, SIZE, 3), np.uint8)
    background[:, SIZE // 2 :] = 180
    cutout = np.full((SIZE + 20, SIZE // 2 + 10, 4), 255, np.uint8)
    cutout[..., :3] = 90
    found = compose(background, [pasted(cutout, 1.0, -10, -10)])
    assert np.abs(values(found.image) - 180).max() <= 1
    everywhere = np.full((SIZE + 20, SIZE + 20, 4), 255, np.uint8)
    everywhere[..., :3] = room()[0, 0]
    found = compose(background, [pasted(everywhere, 1.0, -10, -10)])
    assert (found.image == room()[0, 0]).all()
    for x, y in ((SIZE, 0), (-200, 3), (5, SIZE), (5, -200)):  # wholly beyond
        assert np.array_equal(compose(background, [pasted(cutout, 1.0, x, y)]).image, background)


def hiding_left() -> Bytes:
    hidden = np.zeros((SIZE, SIZE), np.uint8)
    hidden[:, :33] = 255
    return hidden


def test_where_something_hides_the_outline_its_colours_say_nothing() -> None:
    backgrounds = [room(), room()]
    backgrounds[1][:, :32] = 255 - backgrounds[1][:, :32]
    cutout = figure_cutout(2, 60, 30)
    one = pasted(cutout, 1.0, hidden=hiding_left())
    hidden = [compose(background, [one]).image for background in backgrounds]
    assert np.array_equal(hidden[0][:, 33:], hidden[1][:, 33:])
    seen = [compose(background, [pasted(cutout, 1.0)]).image for background in backgrounds]
    assert np.abs(values(seen[0]) - seen[1])[:, 33:].max() > 20


def test_nor_do_those_behind_a_nearer_figure() -> None:
    """What the nearer one covers, and whatever stood there, changes no px of the farther one that is seen."""
    nearer = np.full((SIZE, 13, 4), 255, np.uint8)
    far, near = pasted(figure_cutout(2, 60, 30), 1.0, near=0.1), pasted(nearer, 0.0, 20, 0, near=0.5)
    backgrounds = [room(), room()]
    backgrounds[1][:, 20:33] = 255 - backgrounds[1][:, 20:33]
    for sprites in ([far, near], [near, far]):
        one, other = (compose(background, sprites).image for background in backgrounds)
        assert np.array_equal(one, other)
    one, other = (compose(background, [far]).image for background in backgrounds)
    assert np.abs(values(one) - other)[:, 33:].max() > 20


def test_a_nearer_figure_goes_over_into_a_farther_one() -> None:
    far = np.full((SIZE, SIZE, 4), 255, np.uint8)
    far[..., :3] = 30
    near = pasted(coloured((200, 200, 200), soft=False), 1.0, near=0.5)
    found = compose(room(), [pasted(far, 0.0, 0, 0, near=0.1), near])
    assert np.abs(values(found.image) - 30).max() <= 1


def test_its_mirrored_twin_is_its_mirror_image() -> None:
    background, cutout = room(), figure_cutout(5, 60, 31)
    one = compose(background, [pasted(cutout, 0.8, 20, 10)]).image
    twin = compose(background[:, ::-1].copy(), [pasted(cutout[:, ::-1].copy(), 0.8, SIZE - 51, 10)]).image
    assert np.abs(values(one) - twin[:, ::-1]).max() <= 2
