"""What a photo's frame cut off: which sides of the pasted cut-out that are, and where its foot would be."""

import dataclasses

import numpy as np
import pytest

from figureground.core.canvas import Canvas
from figureground.core.nouns import Foreground
from figureground.plan import cut
from tests.plan.sights import catalog_of

(WHOLE,) = catalog_of(1, [(60, 30)]).foregrounds


def with_cut(*sides: str, pose: str = "standing") -> Foreground:
    shown = 0.6 if pose == "half-length" or (pose == "group" and "bottom" in sides) else 1.0
    return dataclasses.replace(WHOLE, cut=sides, pose=pose, shown=shown)  # type: ignore[arg-type]


def test_cuts_turn_with_the_figure() -> None:
    one = with_cut("right", "bottom")
    assert cut.sides(one, False) == ("right", "bottom")
    assert cut.sides(one, True) == ("bottom", "left")
    assert cut.sides(with_cut(pose="half-length"), False) == ("bottom",)
    assert cut.sides(WHOLE, True) == ()
    assert [cut.sideways(f) for f in (WHOLE, with_cut("bottom"), with_cut("left"))] == [False, False, True]


@pytest.mark.parametrize(
    ("pose", "sides", "seen"),
    [
        ("standing", (), 1.0),
        ("standing", ("bottom",), 0.94),
        ("half-length", ("bottom",), 0.6),
        ("group", ("bottom",), 0.6),
        ("group", (), 1.0),
        ("cropped", ("bottom",), 0.7),
        ("cropped", ("left",), 1.0),
        ("standing", ("top",), 0.87),
        ("half-length", ("top", "bottom"), 0.6),
    ],
)
def test_what_is_missing_puts_the_foot_below_the_cutout(pose: str, sides: tuple[str, ...], seen: float) -> None:
    one = with_cut(*sides, pose=pose)
    above, below = cut.missing(one)
    assert cut.share(one) == pytest.approx(seen)
    # of 1.7 m, whose head is at 0 and whose feet are at 1.7, the cut-out shows from `top` on
    top, bottom = 1.7 * above, 1.7 * (1 - below)
    if below:
        assert top + cut.foot(one)[1] * (bottom - top) == pytest.approx(1.7)
    else:
        assert cut.foot(one) == one.foot


def test_a_cut_is_beyond_the_frame_from_the_last_pixel_on() -> None:
    canvas = Canvas(50, 40)
    corners = np.array([[0, 20], [10, 20], [9, 19], [-1, 25]])
    sizes = np.array([[30, 30]] * 4)
    assert cut.beyond(with_cut("bottom"), canvas, corners, sizes, False).tolist() == [True, True, False, True]
    assert cut.beyond(with_cut("left"), canvas, corners, sizes, False).tolist() == [True, False, False, True]
    assert cut.beyond(with_cut("left"), canvas, corners, sizes, True).tolist() == [False, True, False, False]
    assert cut.beyond(with_cut("top"), canvas, corners - [0, 20], sizes, False).tolist() == [True, True, True, False]
    assert cut.beyond(WHOLE, canvas, corners, sizes, False).all()
