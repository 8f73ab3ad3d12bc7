"""Framings: shares of the frame whatever its size, and sides that the frame cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from figureground.core.arrays import Bools
from figureground.core.nouns import SIDES
from figureground.evaluate.framings import PHOTOS, QUANTILES, Framing, framing, spread
from tests.builders import SHARED


def box(top: int, bottom: int, left: int, right: int, shape: tuple[int, int] = (100, 200)) -> Bools:
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


def test_shares_are_of_the_frame() -> None:
    assert framing(box(10, 60, 20, 60)) == Framing(0.5, 0.2, 0.1, ())
    two = box(10, 60, 20, 60) | box(40, 90, 100, 120)
    assert framing(two) == Framing(0.8, 0.5, 0.15, ())


@pytest.mark.parametrize(
    ("mask", "cut"),
    [
        (box(0, 50, 50, 80), ("top",)),
        (box(20, 50, 150, 200), ("right",)),
        (box(20, 100, 50, 80), ("bottom",)),
        (box(20, 50, 0, 80), ("left",)),
        (box(0, 100, 0, 200), SIDES),
        (box(1, 99, 1, 199), ()),
    ],
)
def test_a_side_that_the_mask_covers_is_cut(mask: Bools, cut: tuple[str, ...]) -> None:
    found = framing(mask)
    assert found is not None
    assert found.cut == cut


def test_who_only_touches_the_frame_is_not_cut() -> None:
    assert framing(box(20, 100, 50, 53)) == Framing(0.8, 0.015, 0.012, ())
    assert framing(box(20, 100, 50, 54)) == Framing(0.8, 0.02, 0.016, ("bottom",))


def test_an_empty_mask_has_no_framing_and_no_share_in_the_spread() -> None:
    nothing = np.zeros((8, 8), bool)
    assert framing(nothing) is None
    one = framing(box(10, 60, 20, 60))
    assert spread([None, one]) == spread([one])
    with pytest.raises(ValueError, match="no mask shows anything"):
        spread([framing(nothing)])


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_size_does_not_count_and_a_mirrored_mask_is_cut_on_the_other_side(times: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((12, 9)) < 0.2
    mask[5, 4] = True
    found, larger = framing(mask), framing(np.kron(mask, np.ones((times, times), bool)))
    mirrored = framing(mask[:, ::-1])
    assert found is not None
    assert larger is not None
    assert mirrored is not None
    assert (larger.cut, larger.height, larger.width) == (found.cut, found.height, found.width)
    assert larger.area == pytest.approx(found.area)
    other = {"left": "right", "right": "left"}
    assert {other.get(side, side) for side in found.cut} == set(mirrored.cut)
    assert (mirrored.height, mirrored.width, mirrored.area) == (found.height, found.width, found.area)


def test_a_spread_counts_pictures() -> None:
    masks = [box(0, 100, 50, 80), box(50, 100, 50, 80), box(25, 75, 50, 80), box(40, 60, 50, 80), box(30, 80, 9, 80)]
    found = spread(framing(mask) for mask in masks)
    assert found.pictures == 5
    assert found.cut == {"top": 0.2, "right": 0.0, "bottom": 0.4, "left": 0.0}
    assert found.uncut == 0.6
    assert dict(zip(QUANTILES, found.heights, strict=True))[0.5] == 0.5
    assert list(found.heights) == sorted(found.heights)
    assert found.to_json()["cut"] == dict(found.cut)


def test_shipped_numbers_of_photos_are_spreads() -> None:
    for name, known in PHOTOS.items():
        for shares in (known.heights, known.widths, known.areas):
            assert len(shares) == len(QUANTILES), name
            assert list(shares) == sorted(shares), name
            assert all(0 < share <= 1 for share in shares), name
        assert tuple(known.cut) == SIDES
        assert max(known.cut.values()) <= 1 - known.uncut <= sum(known.cut.values()) + 1e-3, name


@pytest.mark.skipif(not (SHARED / "photos").is_dir(), reason="the shared photos are not beside this checkout")
def test_shipped_numbers_of_photos_are_those_of_the_photos() -> None:
    masks = sorted((SHARED / "photos/people_masks").glob("*.png"))
    found = []
    for path in masks:
        with Image.open(path) as opened:
            found.append(framing(np.asarray(opened.convert("L")) >= 128))
    measured, known = spread(found), PHOTOS["photos of people"]
    assert measured.pictures == known.pictures
    for name in ("heights", "widths", "areas"):
        assert getattr(measured, name) == pytest.approx(getattr(known, name), abs=1e-4)
    assert measured.cut == pytest.approx(known.cut, abs=1e-4)
    assert measured.uncut == known.uncut
