"""How much of a body shows: on drawn people, cut off at heights that are known."""

import functools

import numpy as np
import pytest

from figureground.core.arrays import Bools
from figureground.drawn import render_person
from figureground.image.masks import mask_of
from figureground.ingest.matting import trim
from figureground.ingest.shown import body_shown


@functools.cache
def people() -> list[Bools]:
    """Drawn once: a ray caster takes its time."""
    return [mask_of(np.ascontiguousarray(trim(render_person(seed, 160))[..., 3])) for seed in range(1, 11)]


def cut_at(share: float) -> list[Bools]:
    found = []
    for mask in people():
        part = mask[: round(len(mask) * share)]
        found.append(part[:, part.any(0)])
    return found


@pytest.mark.parametrize("share", [0.2, 0.3, 0.45, 0.6, 0.75])
def test_the_part_of_a_body_is_told_by_its_outline(share: float) -> None:
    errors = np.log([body_shown(mask) / share for mask in cut_at(share)])
    assert abs(np.median(errors)) < 0.15
    assert np.quantile(np.abs(errors), 0.8) < 0.4


def test_a_neck_tells_more_than_the_shape_alone() -> None:
    """Two busts in one box, of one area: the one with the higher neck shows more of a body."""
    plain = np.zeros((100, 60), np.bool_)
    plain[:40, 19:41] = plain[40:] = True
    high, low = plain.copy(), plain.copy()
    for bust, neck in ((high, 22), (low, 34)):
        bust[neck : neck + 4] = False
        bust[neck : neck + 4, 27:33] = True
    assert body_shown(low) < body_shown(plain) < body_shown(high)


def test_slivers_and_specks_stay_within_what_a_half_length_shows() -> None:
    assert body_shown(np.ones((200, 3), np.bool_)) == 0.87
    assert body_shown(np.ones((3, 200), np.bool_)) == 0.12
    assert body_shown(np.ones((1, 1), np.bool_)) == 0.12
