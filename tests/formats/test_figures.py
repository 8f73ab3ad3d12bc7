"""Figures of samples as a damaged or a strange dataset has them: named, not exported."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from figureground.core.errors import FigureGroundError
from figureground.dataset.stored import Dataset
from figureground.formats.figures import box_of, figures_of


def strange(data: Dataset, i: int, figures: Any = None, **layers: bytes | None) -> Any:
    """Return a dataset whose sample i has other figures or layers."""
    record = data.record(i)
    other = record if figures is None else dataclasses.replace(record, figures=tuple(figures))
    members = {name: value for name, value in {**data.members(i), **layers}.items() if value is not None}
    return SimpleNamespace(manifest=data.manifest, record=lambda _: other, members=lambda _: members)


def crowded(data: Dataset) -> int:
    return next(i for i in range(len(data)) if len(data.record(i).figures) > 1)


def test_figures_have_the_masks_of_the_sample(varied: Dataset, single: Dataset) -> None:
    for data, i in ((varied, crowded(varied)), (single, 0)):
        sample = data[i]
        found = figures_of(data, i)
        assert tuple(one.record for one in found) == sample.record.figures
        for k, one in enumerate(found):
            assert (one.visible == sample.figure_mask(k)).all()
            assert (one.whole == sample.whole_mask(k)).all()
            assert box_of(one.visible) == (sample.record.figures[k].box or (0, 0, 0, 0))
    assert box_of(np.zeros((2, 3), np.bool_)) == (0, 0, 0, 0)


def test_figures_that_cannot_be_told_apart_are_refused(varied: Dataset) -> None:
    i = crowded(varied)
    with pytest.raises(FigureGroundError, match="tells them apart"):
        figures_of(strange(varied, i, instances=None), i)
    with pytest.raises(FigureGroundError, match="tells them apart"):
        figures_of(strange(varied, i, figures=varied.record(i).figures * 200), i)


def test_damage_is_named(varied: Dataset, single: Dataset) -> None:
    i = crowded(varied)
    with pytest.raises(FigureGroundError, match="cannot be exported: instances"):
        figures_of(strange(varied, i, instances=b"no picture"), i)
    with pytest.raises(FigureGroundError, match="cannot be exported: mask"):
        figures_of(strange(single, 0, mask=None), 0)
    figure = dataclasses.replace(varied.record(i).figures[0], whole="05")
    with pytest.raises(FigureGroundError, match="run lengths"):
        figures_of(strange(varied, i, figures=[figure]), i)
