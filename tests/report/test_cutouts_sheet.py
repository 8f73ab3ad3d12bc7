"""The contact sheet of an evaluation of cut-outs: which pictures, and where each stands."""

import numpy as np

from figureground.evaluate.cutouts import Cut
from figureground.report.cutouts import cutouts_sheet
from figureground.report.sheet import Layout


def cut(i: int, iou: float, found: bool = True) -> Cut:
    picture = np.full((160, 160, 3), 20 * i, np.uint8)
    truth = np.zeros((160, 160), np.bool_)
    truth[40:120, 60 : 60 + 10 * (i + 1)] = True
    alpha = truth.astype(np.uint8) * np.uint8(200) if found else None
    return Cut(f"p{i}", picture, truth, alpha, iou, iou, 0.0, 0.1)


def tile(sheet: np.ndarray, layout: Layout, k: int) -> np.ndarray:
    x0, y0, x1, y1 = layout.box(k)
    return sheet[y0:y1, x0:x1]


def test_a_row_a_picture_the_first_methods_worst_first() -> None:
    ious = [0.9, 0.2, 0.5]
    ours = [cut(i, iou) for i, iou in enumerate(ious)]
    theirs = [cut(i, 1 - iou, found=i != 1) for i, iou in enumerate(ious)]
    sheet, layout = cutouts_sheet({"ours": ours, "theirs": theirs}), Layout(12, 4, (160, 160))
    assert sheet.shape == (*layout.shape, 3)
    for row, i in enumerate([1, 2, 0]):
        assert np.array_equal(tile(sheet, layout, 4 * row), ours[i].picture)
        drawn = ours[i].truth.astype(np.uint8)[..., None]
        assert np.array_equal(tile(sheet, layout, 4 * row + 1), np.repeat(drawn * 255, 3, -1))
        assert np.array_equal(tile(sheet, layout, 4 * row + 2), np.repeat(drawn * 200, 3, -1))
        assert tile(sheet, layout, 4 * row + 3).any() == (i != 1)  # black where a method gave up


def test_of_many_pictures_the_worst_and_the_best_are_shown() -> None:
    sheet, layout = cutouts_sheet({"ours": [cut(i, i / 10) for i in range(10)]}, most=4), Layout(12, 3, (160, 160))
    assert sheet.shape == (*layout.shape, 3)
    assert [int(tile(sheet, layout, 3 * row)[0, 0, 0]) for row in range(4)] == [0, 20, 160, 180]
