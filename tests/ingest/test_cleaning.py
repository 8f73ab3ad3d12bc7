"""What is not the figure goes, whatever it is; the figure stays, however many parts it has."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.image.masks import tight_box
from figureground.ingest.cleaning import cleaned
from figureground.ingest.stance import foot
from tests.builders import figure_cutout

Matte = NDArray[np.uint8]


def matte() -> Matte:
    """Return a person-like matte, 300 px tall, amid empty ground."""
    return np.pad(figure_cutout(1, 300, 130)[..., 3], ((60, 100), (80, 80)))


def box(alpha: Matte) -> Any:
    return tight_box(alpha >= 16)


def speck(alpha: Matte) -> None:
    alpha[440:443, 30:33] = 255


def dust(alpha: Matte) -> None:
    for y, x in ((5, 8), (20, 260), (200, 10), (430, 150), (450, 280)):
        alpha[y : y + 6, x : x + 5] = 255


def ghost(alpha: Matte) -> None:
    alpha[410:445, 130:170] = 100


def haze(alpha: Matte) -> None:
    veil = np.zeros_like(alpha)
    veil[10:450, 10:280] = 40
    np.maximum(alpha, veil, out=alpha)


def noise(alpha: Matte) -> None:
    np.maximum(alpha, np.random.default_rng(0).integers(0, 30, alpha.shape, np.uint8), out=alpha)


def border(alpha: Matte) -> None:
    alpha[0] = alpha[-1] = 255
    alpha[:, 0] = alpha[:, -1] = 255


@pytest.mark.parametrize("dirt", [speck, dust, ghost, haze, noise, border])
def test_dirt_moves_neither_box_nor_foot_and_is_told(dirt: Any) -> None:
    clean = matte()
    dirty = clean.copy()
    dirt(dirty)
    assert box(dirty) != box(clean)
    found, notes = cleaned(dirty)
    assert np.abs(np.subtract(box(found), box(clean))).max() <= (1 if dirt in (haze, noise) else 0)
    assert np.abs(np.subtract(foot(found >= 128), foot(clean >= 128))).max() < 1e-4
    assert len(notes) == 1
    assert ("faint alpha" in notes[0]) == (dirt in (haze, noise))
    assert notes[0].startswith("5 specks") == (dirt is dust)


def test_a_clean_matte_is_what_it_was() -> None:
    clean = matte()
    assert cleaned(clean)[0] is clean
    assert cleaned(np.zeros((50, 40), np.uint8))[1] == ()


def test_a_figure_of_several_parts_stays_whole() -> None:
    """Two people; a ball and a cup beside somebody; whiskers; and what is nothing but crumbs."""
    person = matte()
    v, u = np.mgrid[0 : person.shape[0], 0 : person.shape[1]]
    two = np.hstack([person, person[:, ::-1]])
    ball = person.copy()
    ball[(v - 380) ** 2 + (u - 30) ** 2 <= 81] = 255
    cup = person.copy()
    cup[150:170, 250:264] = 255
    whisker = person.copy()
    for x in range(40):
        whisker[200 + x // 4, 180 + x] = 90
    crumbs = np.zeros_like(person)
    crumbs[20::40, 20::40] = crumbs[21::40, 20::40] = crumbs[20::40, 21::40] = 255
    for alpha in (two, ball, cup, whisker, crumbs):
        found, notes = cleaned(alpha)
        assert np.array_equal(found, alpha)
        assert notes == ()


@pytest.mark.parametrize(("strength", "width"), [(255, 2), (150, 14), (90, 8)])
def test_what_hangs_below_the_feet_is_not_what_it_stands_on(strength: int, width: int) -> None:
    """A stalk, a half-transparent leaf, a faint shadow."""
    clean = matte()
    feet = box(clean)[3]
    dirty = clean.copy()
    dirty[feet - 6 : feet + (20 if width < 10 else 12), 140 : 140 + width] = strength
    found, notes = cleaned(dirty)
    assert box(found)[3] - feet <= 5  # 1.5 % of its height
    assert foot(found >= 128)[1] * found.shape[0] - foot(clean >= 128)[1] * clean.shape[0] < 6
    assert "below where the figure stands" in notes[0]


@pytest.mark.parametrize("width", [2, 4])
def test_thin_legs_that_carry_a_figure_stay(width: int) -> None:
    alpha = np.zeros((260, 200), np.uint8)
    alpha[40:120, 40:160] = 255
    for x in (50, 90, 140):
        alpha[120:240, x : x + width] = 255
    assert cleaned(alpha)[0] is alpha


def test_mattes_that_are_half_transparent_throughout_stand_too() -> None:
    ghostly = (matte() * 0.6).astype(np.uint8)
    assert box(cleaned(ghostly)[0]) == box(ghostly)
