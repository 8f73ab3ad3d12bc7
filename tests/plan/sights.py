"""What tests of placing see, and small catalogs and rules for them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from figureground.core.arrays import Floats, Ints, Singles
from figureground.core.canvas import Canvas
from figureground.core.job import Placing
from figureground.core.nouns import Appearance, Background, Catalog, Cutout, Figure, Foreground, Ground
from figureground.core.recipe_toml import from_mapping
from figureground.geometry.codes import DepthCode
from figureground.geometry.footing import USUAL_M
from figureground.geometry.glance import barrier_of, points_of
from figureground.image.masks import area_table
from figureground.plan.places import Outlook
from figureground.plan.plausible import View
from figureground.render import composite
from figureground.render.composite import Seen, Sprite
from figureground.render.sprites import Sprites
from figureground.resolve import placing_of

PLAIN = Appearance((50.0, 0.0, 0.0), (10.0, 5.0, 5.0), 0.0, 0.0)


def rules(size: int = 224, **placement: Any) -> Placing:
    """Return the rules of a recipe's [placement]; without geometry and inside the frame, where it does not say."""
    return placing_of(from_mapping({"size": size, "placement": {"mode": "uniform", "min_visible": 1.0, **placement}}))


def catalog_of(backgrounds: int, sizes: list[tuple[int, int]]) -> Catalog:
    """Return a catalog without files; sizes are (height, width)."""
    bgs = tuple(Background(f"bg{i}", "", "", "", f"{i:064x}", PLAIN) for i in range(backgrounds))
    fgs = tuple(
        Foreground(f"fg{i}", "", "", "", "", f"{i:064x}", h, w, h * w // 2, 1.0, "alpha", PLAIN)
        for i, (h, w) in enumerate(sizes)
    )
    return Catalog(bgs, fgs)


class Masks:
    """A `Sight` of masks alone: what placing without geometry may ask."""

    def __init__(self, *masks: np.ndarray[Any, Any]) -> None:
        self.tables = [area_table(mask) for mask in masks]

    def table(self, foreground: int) -> np.ndarray[Any, Any]:
        return self.tables[foreground]

    def footing(self, background: int) -> np.ndarray[Any, Any]:
        raise AssertionError

    def outlook(self, background: int, foreground: int) -> Outlook:
        raise AssertionError

    def known(self, key: object, find: Any) -> Any:
        raise AssertionError

    def areas(self, background: int, figure: Figure) -> tuple[int, int]:
        raise AssertionError

    def shares(self, background: int, figures: Any) -> list[int]:
        raise AssertionError

    def views(self, background: int, figures: Any) -> list[View]:
        raise AssertionError


class Cards(Sprites):
    """A `Sight` of opaque rectangles that stand where they are told, on a floor of given pixels.

    What is seen of them is counted as it is of sprites.
    """

    def __init__(self, canvas: Canvas, floor: list[tuple[int, int]], q: float = 0.5) -> None:
        self.canvas, self._floor, self.q = canvas, np.array(floor, np.int64).reshape(-1, 2), q

    def table(self, foreground: int) -> Ints:
        raise AssertionError

    def footing(self, background: int) -> Singles:
        """The places in the room of `flat_room`."""
        tall = (self._floor[:, 1] + 1 - 16) * USUAL_M / 1.4
        found = np.column_stack([self._floor, tall]).astype(np.float32)
        return found[np.argsort(tall, kind="stable")]

    def inverse_depths(self) -> Floats:
        """What each pixel of the picture is at, and the plane below it; 0 or NaN for nobody knows."""
        return np.full(self.canvas.shape, self.q)

    def outlook(self, background: int, foreground: int) -> Outlook:
        values = np.nan_to_num(self.inverse_depths())
        depth = DepthCode(np.rint(values * 10000).astype(np.uint16), 1e-4, 0.0, 0, "1/m", "larger is nearer")
        plane = Ground(0.0, 0.0, self.q, 0.0, 0.0, 0.5, 0.0, 1.4)
        points = points_of(np.ones((60, 20), np.bool_))
        barrier = barrier_of(np.zeros(self.canvas.shape, np.float32), np.ones(self.canvas.shape, np.bool_))
        return Outlook(depth, plane, points, barrier, 0.0)

    def known(self, key: object, find: Callable[[], Any]) -> Any:
        return find()

    def seen(self, background: int, figure: Figure) -> Seen:
        return self.sprite(background, figure)

    def sprite(self, background: int, figure: Figure) -> Sprite:
        cutout: Cutout = np.full((figure.height, figure.width, 4), 255, np.uint8)
        seen = composite.seen_of(figure, cutout[..., 3], 0, self.canvas, None)
        return composite.sprite(figure, seen, cutout, 0, self.canvas, None)


def card(x: int, y: int, width: int, height: int, q: float) -> Figure:
    """Return a figure that stands on the first pixel of its lower edge, at inverse depth q."""
    return Figure(0, x, y, width, height, False, q, (x, y + height - 1))


def flat_room() -> tuple[Background, Foreground]:
    """Return a room whose horizon is at row 16 of 64, and a cut-out of 1.4 m, as tall as the camera is high."""
    ground = Ground(0.0, 0.01, -0.16, 16.0, 0.0, 0.5, 0.0, 1.4)
    room = Background("bg", "", "", "", "", PLAIN, ground=ground)
    cutout = Foreground("fg", "", "", "", "", "", 60, 20, 600, 1.0, "alpha", PLAIN, (0.5, 0.99), 1.4)
    return room, cutout
