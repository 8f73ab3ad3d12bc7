"""What is seen of figures, counted."""

import numpy as np

from figureground.core.canvas import Canvas
from figureground.core.nouns import Figure
from figureground.image.masks import mask_of
from figureground.plan.plausible import View
from figureground.render.composite import seen_of
from figureground.render.view import view_of


def test_what_the_frame_and_nearer_things_leave_is_counted_and_so_are_feet() -> None:
    """A card of 10 x 40 px, of which 4 columns lie beyond the frame, and whose lowest 6 rows are hidden."""
    canvas = Canvas(64, 64)
    figure = Figure(0, 58, 10, 10, 40, False)
    hidden = np.zeros((40, 6), np.uint8)
    hidden[34:] = 255
    seen = seen_of(figure, np.full((40, 10), 255, np.uint8), 0, canvas, hidden)
    assert view_of(figure, seen, mask_of(seen.visible)) == View(240, 204, 24, 0)
    whole = seen_of(figure, np.full((40, 10), 255, np.uint8), 0, canvas, None)
    assert view_of(figure, whole, mask_of(whole.visible)) == View(240, 240, 24, 24)
    low = Figure(0, 0, 40, 10, 40, False)  # its feet lie below the frame
    cut = seen_of(low, np.full((40, 10), 255, np.uint8), 0, canvas, None)
    assert view_of(low, cut, mask_of(cut.visible)) == View(240, 240, 0, 0)
