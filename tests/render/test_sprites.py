"""Planning looks at the alpha of figures alone: it must be what is pasted, whatever the figure."""

import functools
from typing import Any

import numpy as np
import pytest

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.engines import Serial
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Catalog, Figure, Look
from figureground.core.progress import silent
from figureground.geometry import occlusion
from figureground.image.masks import mask_of
from figureground.ingest.ingest import ingest
from figureground.ingest.pixels import Pixels
from figureground.render import composite, sprites
from figureground.render.sprites import Kept, Sprites
from figureground.resolve import resolve
from tests.builders import ground_recipe, write_floor_photos

CANVAS = Canvas(96, 96)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, MemoryStore]:
    folder = tmp_path_factory.mktemp("photos")
    write_floor_photos(folder)
    store = MemoryStore()
    return ingest(resolve(ground_recipe(folder)), Serial(), store, silent), store


def figures(catalog: Catalog, number: int) -> list[Figure]:
    """Figures of any size, place, side and look, some of them standing, some behind what the background shows."""
    random = np.random.default_rng(7)
    found = []
    for _ in range(number):
        i = int(random.integers(len(catalog.foregrounds)))
        height = int(random.integers(5, 120))
        width = max(1, round(catalog.foregrounds[i].width * height / catalog.foregrounds[i].height))
        x, y = (int(v) for v in random.integers(-40, 90, 2))
        blur, noise = random.choice([0.0, 0.3, 0.6, 1.3], 2)
        look = Look(0.3, float(random.choice([0.0, 0.2])), float(blur), float(noise))
        stands = bool(random.random() < 0.7)
        flip = bool(random.random() < 0.5)
        q = float(random.choice([0.05, 0.2, 0.5, 1.0])) if stands else 0.0
        found.append(
            Figure(i, x, y, width, height, flip, q, (x + width // 2, y + height - 1) if stands else None, look)
        )
    return found


def test_planning_sees_what_is_pasted(prepared: tuple[Catalog, MemoryStore]) -> None:
    catalog, store = prepared
    planning = Sprites(catalog, Pixels(catalog, store), CANVAS)
    hidden = 0
    for n, figure in enumerate(figures(catalog, 300)):
        background = n % len(catalog.backgrounds)
        seen = planning.seen(background, figure)
        pasted = Sprites(catalog, planning.pixels, CANVAS).sprite(background, figure)
        assert (seen.rows, seen.columns, seen.area) == (pasted.rows, pasted.columns, pasted.area)
        assert np.array_equal(seen.whole, pasted.whole)
        assert np.array_equal(seen.visible, pasted.visible)
        assert planning.areas(background, figure) == (pasted.area, int(mask_of(pasted.visible).sum()))
        hidden += not np.array_equal(pasted.whole, pasted.visible)
    assert hidden > 20


def test_a_try_makes_no_pictures(prepared: tuple[Catalog, MemoryStore], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does its twin resize the figure once more."""
    catalog, store = prepared
    planning = Sprites(catalog, Pixels(catalog, store), CANVAS)
    monkeypatch.setattr(sprites, "matched", None)
    resized = []

    def counting(planes: Bytes, figure: Figure) -> object:
        resized.append(figure)
        return original(planes, figure)

    original = composite.sized
    monkeypatch.setattr(sprites, "sized", counting)
    for flip in (False, True):
        planning.areas(0, Figure(0, 10, 5, 20, 50, flip, 0.4, (20, 54)))
    planning.shares(0, [Figure(0, 10, 5, 20, 50, False, 0.4, (20, 54)), Figure(0, 30, 8, 20, 50, True, 0.5, (40, 57))])
    assert len(resized) == 1


def test_twins_are_hidden_by_the_same_looked_for_once(
    prepared: tuple[Catalog, MemoryStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands before them is one picture, whichever way a figure is turned whose foot is at its side."""
    catalog, store = prepared
    planning = Sprites(catalog, Pixels(catalog, store), CANVAS)
    original, boxes = occlusion.hidden, []

    def counting(*asked: Any) -> Any:
        boxes.append(asked[3])
        return original(*asked)

    monkeypatch.setattr(occlusion, "hidden", counting)
    contact, width, height = (50, 70), 30, 50
    for x, flip in ((45, False), (26, True)):  # the contact is 5 px from one side, and from the other
        planning.areas(0, Figure(0, x, 21, width, height, flip, 0.05, contact))
        planning.sprite(0, Figure(0, x, 21, width, height, flip, 0.05, contact, Look(shadow=0.3)))
    assert boxes == [(slice(21, 71), slice(26, 75))]


def test_what_was_made_last_is_kept() -> None:
    kept: Kept[int, int] = Kept(2)
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        return 10 * key

    for key in (1, 2, 1, 3, 1, 2):
        assert kept.get(key, functools.partial(make, key)) == 10 * key
    assert made == [1, 2, 3, 1, 2]
