import numpy as np

from figureground.core.canvas import Canvas


def test_overlap_is_empty_outside() -> None:
    rows, columns, from_rows, from_columns = Canvas(64, 64).overlap(100, 3, 10, 10)
    assert np.zeros((64, 64))[rows, columns].size == 0
    assert np.zeros((10, 10))[from_rows, from_columns].size == 0
