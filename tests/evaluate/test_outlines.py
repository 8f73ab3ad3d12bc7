"""Photos with masks: which belong together, and what depth at the masks' outlines scores."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, DepthUnit, Direction, Picture
from figureground.evaluate.masked import MaskedPhoto, masked_photos, read_mask
from figureground.evaluate.outlines import outlines, outlines_json, outlines_table
from tests.builders import scene_photo


def write(folder: Path, names: tuple[str, ...] = ("a", "b"), shape: tuple[int, int] = (60, 80)) -> list[MaskedPhoto]:
    """Write photos that are white where their figure is, and its masks; return the pairs."""
    for name in ("photos", "masks"):
        (folder / name).mkdir(exist_ok=True)
    for k, name in enumerate(names):
        mask = np.zeros(shape, np.uint8)
        mask[shape[0] // 4 :, 10 * (k + 1) : shape[1] // 2] = 255
        photo = scene_photo(k, *shape) // 2
        photo[mask > 0] = 255
        Image.fromarray(photo).save(folder / f"photos/{name}.png")
        Image.fromarray(mask).save(folder / f"masks/{name}.png")
    return masked_photos(sorted((folder / "photos").iterdir()), folder / "masks")


def by_white(
    unit: DepthUnit = "m", direction: Direction = "larger is farther", near: float = 2.0
) -> Callable[[Picture], DepthMap]:
    def estimate(picture: Picture) -> DepthMap:
        metres = np.where(picture.min(2) == 255, near, 4.0)
        return DepthMap((metres if unit == "m" else 1 / metres).astype(np.float32), unit, direction)

    return estimate


@pytest.mark.parametrize("unit", ["m", "1/m"])
def test_depth_that_steps_at_the_outline_finds_all_of_it(tmp_path: Path, unit: DepthUnit) -> None:
    pairs = write(tmp_path)
    direction: Direction = "larger is farther" if unit == "m" else "larger is nearer"
    told: list[int] = []
    found = outlines(by_white(unit, direction), pairs, told.append)
    assert [(one.name, one.recall) for one in found] == [("a", 1.0), ("b", 1.0)]
    assert told == [1, 2]
    assert [one.recall for one in outlines(by_white(near=8.0), pairs)] == [0.0, 0.0]


def test_large_masks_are_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a size much larger than the map's, every edge of it would be a slope."""
    pairs = write(tmp_path, ("a",), (240, 320))
    shapes = []

    def coarse(picture: Picture) -> DepthMap:
        shapes.append(picture.shape)
        figure = picture[2::5, 2::5].min(2) == 255
        return DepthMap(np.where(figure, 2, 2.6).astype(np.float32), "m", "larger is farther")

    as_it_is = outlines(coarse, pairs)[0].recall
    monkeypatch.setattr("figureground.evaluate.outlines.SIDE", 64)
    assert outlines(coarse, pairs)[0].recall == 1 > 0.8 > as_it_is
    assert shapes == [(240, 320, 3)] * 2


def test_a_tenth_of_alpha_is_figure(tmp_path: Path) -> None:
    (pair,) = write(tmp_path, ("a",))
    mask = np.asarray(Image.open(pair.mask, formats=("PNG",)))
    for faint, expected in ((25, 1.0), (26, math.nan)):  # of 255: a tenth, and the first above it
        Image.fromarray(np.maximum(mask, np.uint8(faint))).save(pair.mask)
        assert outlines(by_white(), [pair])[0].recall == pytest.approx(expected, nan_ok=True)


def test_relative_depth_is_refused_by_name(tmp_path: Path) -> None:
    pairs = write(tmp_path)

    def relative(picture: Picture) -> DepthMap:
        return DepthMap(np.ones(picture.shape[:2], np.float32), "relative", "larger is nearer")

    with pytest.raises(FigureGroundError, match="known up to scale and shift") as caught:
        outlines(relative, pairs)
    assert caught.value.where == "a"


def test_table_and_json_say_the_same(tmp_path: Path) -> None:
    pairs = write(tmp_path)
    results = {
        "right": outlines(by_white(), pairs),
        "w|rong": outlines(by_white(near=8.0), pairs),
    }
    lines = outlines_table(results).splitlines()
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[2].split("|")[2:4] == [" " * 10 + "1.0000 ", " 1.0000–1.0000 "]
    assert [cell.strip() for cell in lines[3].split("|")[2:7]][-2:] == ["-1.0000", "-1.0000 to -1.0000"]
    assert lines[-1] == "Mean over 2 masks' outlines."
    plain = json.loads(json.dumps(outlines_json(results), allow_nan=False))
    assert plain["w|rong"]["minus_first"]["mean"] == -1
    assert [row["boundary_recall"] for row in plain["right"]["rows"]] == [1, 1]
    assert "minus" not in outlines_table({"alone": results["right"]})


def test_which_mask_is_whose(tmp_path: Path) -> None:
    pairs = write(tmp_path, ("a", "b", "c"))
    (tmp_path / "masks/b.png").unlink()
    Image.new("L", (80, 60)).save(tmp_path / "masks/nobody.png")
    found = sorted((tmp_path / "photos").iterdir())
    assert [one.name for one in masked_photos(found, tmp_path / "masks")] == ["a", "c"]
    with pytest.raises(FigureGroundError, match="two photos have one name"):
        masked_photos([pairs[0].photo, tmp_path / "a.jpg"], tmp_path / "masks")
    Image.new("L", (80, 60)).save(tmp_path / "masks/a.jpg")
    with pytest.raises(FigureGroundError, match="two masks have one name"):
        masked_photos(found, tmp_path / "masks")
    with pytest.raises(FigureGroundError, match="no such folder of masks"):
        masked_photos(found, tmp_path / "nowhere")


@pytest.mark.parametrize("size", [(60, 80), (80, 50), (160, 100)])
def test_a_mask_of_another_shape_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    """Turned, cropped, or cropped and larger."""
    (pair,) = write(tmp_path, ("a",))
    Image.new("L", size, 255).save(pair.mask)
    with pytest.raises(FigureGroundError, match="photo and mask differ in shape") as caught:
        read_mask(pair, (60, 80, 3))
    assert caught.value.where == "a"
    Image.new("L", (40, 30), 255).save(pair.mask)  # smaller, of the same shape
    assert read_mask(pair, (60, 80)).size == (40, 30)


def test_a_photo_that_is_none_is_named(tmp_path: Path) -> None:
    pairs: list[MaskedPhoto] = write(tmp_path)
    pairs[1].photo.write_bytes(b"\x89PNG\r\n\x1a\nxx")
    with pytest.raises(FigureGroundError, match="the photo cannot be used") as caught:
        outlines(by_white(), pairs)
    assert caught.value.where.endswith("b.png")


def test_a_masks_own_size_decides(tmp_path: Path) -> None:
    (pair,) = write(tmp_path, ("a",))
    mask: NDArray[np.uint8] = np.asarray(Image.open(pair.mask, formats=("PNG",)))
    Image.fromarray(mask.repeat(2, 0).repeat(2, 1)).save(pair.mask)
    blurred = outlines(by_white(), [pair])[0].recall
    assert 0.9 < blurred <= 1  # of a step of 2 spread over two pixels the larger half still stands out
