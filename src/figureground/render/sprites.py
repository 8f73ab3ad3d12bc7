"""The figures of a scene, ready to be pasted: scaled, fitted to their background, hidden by what stands before them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np

from figureground.core.arrays import Bytes, Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import Alpha, Catalog, Cutout, Figure, Mask, Picture, Scene, far_to_near
from figureground.geometry import occlusion
from figureground.geometry.layering import Surface, edge_of
from figureground.image.masks import AreaTable, mask_of
from figureground.ingest.pixels import Pixels
from figureground.plan.cut import share
from figureground.plan.places import Outlook
from figureground.plan.plausible import View
from figureground.render.composite import (
    Composite,
    Seen,
    Sprite,
    lit,
    matched,
    seen_masks,
    seen_of,
    sized,
    sprite,
    turned,
)
from figureground.render.harmonise import shine
from figureground.render.shadows import shadow_of
from figureground.render.view import view_of, views_of

_KEPT = 64  # of each kind; what planning a scene makes serves its twin and composing
_KEPT_PAIRS = 4096
_WIDEST_EDGE = 0.0135  # of the canvas's shorter side: arms are not much wider
_Size = tuple[int, int, int, float, float]  # a foreground, its width, height, blur and feather
_Box = tuple[int, int, int, int]  # first and last row and column, last ones exclusive


Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """The values that were made last, by their keys."""

    def __init__(self, most: int = _KEPT) -> None:
        self._values: dict[Key, Value] = {}
        self._most = most

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made where it is not at hand."""
        try:
            return self._values[key]  # a key of many fields costs as much as the rest each time that it is hashed
        except KeyError:
            pass
        value = self._values[key] = make()
        if len(self._values) > self._most:
            del self._values[next(iter(self._values))]
        return value


def _size(figure: Figure) -> _Size:
    return figure.foreground, figure.width, figure.height, figure.look.blur, figure.look.feather


class Sprites:
    """Makes sprites and remembers the last of them.  It is the `Sight` of planning, which looks at alpha alone."""

    def __init__(self, catalog: Catalog, pixels: Pixels, canvas: Canvas) -> None:
        self.catalog = catalog
        self.pixels = pixels
        self.canvas = canvas
        self._sprites: Kept[tuple[int, Figure], Sprite] = Kept()
        self._seen: Kept[tuple[int, Figure], Seen] = Kept()
        self._sized: Kept[_Size, tuple[Bytes, int, int]] = Kept()
        self._matched: Kept[tuple[int, float, _Size], Cutout] = Kept()
        self._hidden: Kept[tuple[int, float, _Box], Alpha | None] = Kept()
        self._edge: Kept[int, int] = Kept(_KEPT_PAIRS)
        self._shine: Kept[int, Picture] = Kept()
        self._known: Kept[Hashable, Any] = Kept(_KEPT_PAIRS)

    def table(self, foreground: int) -> AreaTable:
        return self.pixels.table(foreground)

    def footing(self, background: int) -> Singles:
        return self.pixels.footing(background)

    def outlook(self, background: int, foreground: int) -> Outlook:
        other, pixels = self.catalog.backgrounds[background], self.pixels
        points, barrier = pixels.points(foreground), pixels.barrier(background)
        margin = occlusion.MARGIN[other.depth_from != "file"]
        return Outlook(pixels.depth(background), other.ground, points, barrier, margin)

    def known(self, key: Hashable, find: Callable[[], Value]) -> Value:
        found: Value = self._known.get(key, find)
        return found

    def areas(self, background: int, figure: Figure) -> tuple[int, int]:
        one = self.seen(background, figure)
        return one.area, int(np.count_nonzero(mask_of(one.visible)))

    def shares(self, background: int, figures: Sequence[Figure]) -> list[int]:
        return [int(np.count_nonzero(mask)) for mask in self._masks(background, figures)]

    def views(self, background: int, figures: Sequence[Figure]) -> list[View]:
        found = [self.seen(background, figure) for figure in figures]
        if len(figures) == 1:
            return [view_of(figures[0], found[0], mask_of(found[0].visible))]
        return views_of(figures, found, self._masks(background, figures))

    def _masks(self, background: int, figures: Sequence[Figure]) -> list[Mask]:
        """Return what is seen of each figure when all of them are there, bool (height, width)."""
        order = far_to_near(figures)
        masks = seen_masks([self.seen(background, figures[i]) for i in order], self.canvas.shape)
        of_each = dict(zip(order, masks, strict=True))
        return [of_each[i] for i in range(len(figures))]

    def seen(self, background: int, figure: Figure) -> Seen:
        """Return what would be seen of the figure on a background."""
        return self._seen.get((background, figure), lambda: self._look_at(background, figure))

    def _look_at(self, background: int, figure: Figure) -> Seen:
        planes, margin, area = self._planes(figure)
        alpha = planes[3]
        turned_alpha = alpha[:, ::-1] if figure.flip else alpha
        return seen_of(figure, turned_alpha, margin, self.canvas, self._before(background, figure, margin, alpha), area)

    def _planes(self, figure: Figure) -> tuple[Bytes, int, int]:
        """Return a sized cut-out, with its margin and the px of its mask; its twin shares it."""

        def make() -> tuple[Bytes, int, int]:
            planes, margin = sized(self.pixels.planes(figure.foreground), figure)
            return planes, margin, int(np.count_nonzero(mask_of(planes[3])))

        return self._sized.get(_size(figure), make)

    def _before(self, background: int, figure: Figure, margin: int, alpha: Alpha) -> Alpha | None:
        """Return what of the background stands before a figure, as `occlusion.hidden` does; None for nothing.

        It is looked for in the box that holds the figure's mirrored twin, too, so that both are hidden by the same.
        """
        if figure.contact is None:
            return None
        left, height, width = figure.x - margin, *alpha.shape
        twin = 2 * figure.contact[0] + 1 - (left + width)  # the left edge of the box mirrored about the contact
        reach = abs(twin - left) + width
        rows, both, _, _ = self.canvas.overlap(min(left, twin), figure.y - margin, height, reach)
        _, columns, own_rows, own_columns = self.canvas.overlap(left, figure.y - margin, height, width)
        hidden = self._hidden.get(
            (background, figure.inverse_depth, (rows.start, rows.stop, both.start, both.stop)),
            lambda: occlusion.hidden(
                self.pixels.nearness(background),
                self.pixels.floor(background),
                figure.inverse_depth,
                (rows, both),
                self.catalog.backgrounds[background].depth_from != "file",
            ),
        )
        if hidden is None:
            return None
        hidden = hidden[:, columns.start - both.start : columns.stop - both.start]
        if self.catalog.backgrounds[background].depth_from == "file":
            return hidden
        own = alpha[:, ::-1] if figure.flip else alpha
        return occlusion.reaching(hidden, own[own_rows, own_columns])

    def of(self, scene: Scene) -> list[Sprite]:
        """Return the sprites of a scene's figures, in their order."""
        return [self.sprite(scene.background, figure) for figure in scene.figures]

    def sprite(self, background: int, figure: Figure) -> Sprite:
        """Return the figure as it would be pasted on a background."""
        return self._sprites.get((background, figure), lambda: self._make(background, figure))

    def _make(self, background: int, figure: Figure) -> Sprite:
        other, own = self.catalog.backgrounds[background], self.catalog.foregrounds[figure.foreground]
        planes, margin, _ = self._planes(figure)
        strength = figure.look.colour
        cutout = self._matched.get(
            (background, strength, _size(figure)),
            lambda: matched(planes, strength, own.appearance, other.appearance),
        )
        relief = planes[4] if figure.stands and len(planes) > 4 else None
        shown = turned(cutout, figure)
        alpha = planes[3][:, ::-1] if figure.flip else planes[3]
        shadow = shadow_of(figure, alpha, margin, other.ground, self.canvas)
        found = sprite(figure, self.seen(background, figure), shown, margin, self.canvas, relief, shadow)
        if figure.look.wrap <= 0:
            return found
        behind = self._shine.get(background, lambda: shine(self.pixels.background(background)))
        colour = lit(found.colour, found.whole, behind[found.rows, found.columns], figure)
        return replace(found, colour=colour)

    def surfaces(
        self, scene: Scene, composite: Composite, sprites: Sequence[Sprite], thickness: float, edge: int | None = 0
    ) -> list[Surface]:
        """Return the surfaces of a scene's figures from far to near, in the codes of the background's depth.

        `thickness`: metres from the outline of a figure to its front, where no depth of its own says it.  `edge`: px
        over which depth is softened at outlines; None for as the background's depth is, where a network estimated it.
        """
        if edge is None:
            edge = self._edge.get(scene.background, lambda: self._edge_of(scene.background))
        base = self.pixels.depth(scene.background)
        found = []
        for i in far_to_near(scene.figures):
            figure, one = scene.figures[i], sprites[i]
            seen = composite.mask if len(sprites) == 1 else composite.instances == i + 1
            place = one.rows, one.columns
            if not figure.stands:
                found.append(Surface(seen, place, None, edge=edge))
                continue
            value = 1 / figure.inverse_depth if base.unit == "m" else figure.inverse_depth
            code = (value - base.offset) / base.scale
            own = self.catalog.foregrounds[figure.foreground]
            span = own.relief_front - own.relief_back
            bulge = self._bulge(scene.background, figure, span or thickness)
            # measured, in metres, whatever thickness others have
            deeper = own.relief_back / span if span > 0 else 0.0
            found.append(Surface(seen, place, code, bulge, one.relief, deeper, edge))
        return found

    def _edge_of(self, background: int) -> int:
        return (
            0 if self.catalog.backgrounds[background].depth_from == "file" else edge_of(self.pixels.depth(background))
        )

    def _bulge(self, background: int, figure: Figure, thickness: float) -> float:
        """Return the part of its distance by which the front of a figure is nearer than its outline.

        A figure of H metres that looks h px tall at a focal length of f px stands at f*H/h metres; a focal length that
        is not known is taken as the shorter side of the canvas.
        """
        ground = self.catalog.backgrounds[background].ground
        own = self.catalog.foregrounds[figure.foreground]
        real = own.real_height * share(own)
        focal = float(self.canvas.shorter)
        if ground is not None and ground.focal:
            focal = ground.focal * self.canvas.width * ground.stretch  # in rows, as heights are
        return min(0.5, thickness * figure.height / (focal * real))
