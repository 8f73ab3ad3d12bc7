import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.arrays import Ints
from figureground.core.canvas import Canvas

ROOM = 40  # px around a canvas, enough for every box of `boxes`


def slow_paste(canvas: Canvas, x: int, y: int, box: Ints) -> Ints:
    """Return the canvas, 0 where it is bare, after a box has been pasted into a larger one."""
    large = np.zeros((canvas.height + 2 * ROOM, canvas.width + 2 * ROOM), np.int64)
    large[ROOM + y : ROOM + y + box.shape[0], ROOM + x : ROOM + x + box.shape[1]] = box
    return large[ROOM : ROOM + canvas.height, ROOM : ROOM + canvas.width]


canvases = st.builds(Canvas, st.integers(1, 20), st.integers(1, 20))
boxes = st.tuples(st.integers(-20, 25), st.integers(-20, 25), st.integers(1, 15), st.integers(1, 15))


@given(canvases, boxes)
def test_overlap_equals_a_slow_paste(canvas: Canvas, at: tuple[int, int, int, int]) -> None:
    """Everything where it lies, on canvases of any shape; nothing beyond them."""
    x, y, height, width = at
    box = np.arange(1, height * width + 1).reshape(height, width)
    expected = slow_paste(canvas, x, y, box)
    rows, columns, from_rows, from_columns = canvas.overlap(x, y, height, width)
    found = np.zeros(canvas.shape, np.int64)
    found[rows, columns] = box[from_rows, from_columns]
    assert np.array_equal(found, expected)
    for slice_, side in ((rows, canvas.height), (columns, canvas.width), (from_rows, height), (from_columns, width)):
        empty = slice_.start == slice_.stop
        assert empty or 0 <= slice_.start < slice_.stop <= side


@given(canvases, boxes)
def test_inside_counts_rows_and_columns_of_a_slow_paste(canvas: Canvas, at: tuple[int, int, int, int]) -> None:
    x, y, height, width = at
    rows, columns = canvas.inside(x, y, height, width)
    pasted = slow_paste(canvas, x, y, np.ones((height, width), np.int64))
    assert min(rows, columns) >= 0
    assert rows * columns == pasted.sum()
    if pasted.any():
        assert (rows, columns) == (pasted.any(1).sum(), pasted.any(0).sum())


def test_overlap_is_empty_outside() -> None:
    rows, columns, from_rows, from_columns = Canvas(64, 64).overlap(100, 3, 10, 10)
    assert np.zeros((64, 64))[rows, columns].size == 0
    assert np.zeros((10, 10))[from_rows, from_columns].size == 0


def test_lengths_of_recipes_are_meant_at_224_px() -> None:
    assert Canvas(224, 224).px(30) == 30
    assert Canvas(96, 96).px(30) == 30 * 96 / 224
    assert Canvas(448, 224).px(0.5) == Canvas(224, 448).px(0.5) == 0.5  # by the shorter side


def test_sizes_are_written_width_first() -> None:
    assert Canvas.of(96) == Canvas(96, 96)
    assert Canvas.of((640, 480)) == Canvas.of([640, 480]) == Canvas(height=480, width=640)
    assert (Canvas(96, 96).size, Canvas(480, 640).size) == (96, [640, 480])
    assert str(Canvas(480, 640)) == "640 x 480 px"
    assert (Canvas(480, 640).shorter, Canvas(480, 640).longer) == (480, 640)


def test_everything_is_the_whole_canvas() -> None:
    canvas = Canvas(3, 5)
    assert canvas.shape == (3, 5)
    assert np.zeros((9, 9))[canvas.everything].shape == canvas.shape
