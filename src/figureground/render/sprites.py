"""The figures of a scene, ready to be pasted: scaled, fitted to their background, hidden by what stands before them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from PIL import Image

from figureground.core.arrays import Bytes, Ints
from figureground.core.canvas import Canvas
from figureground.core.nouns import Catalog, Figure, Scene, far_to_near
from figureground.geometry import occlusion
from figureground.geometry.codes import DepthCode, dequantise
from figureground.geometry.layering import Surface
from figureground.geometry.perspective import inverse
from figureground.image.masks import AreaTable, mask_of
from figureground.ingest.pixels import Pixels
from figureground.render.composite import Composite, Sprite, fitted, seen_masks, sprite

_KEPT = 64  # sprites; planning a scene and its twin makes them, composing uses them again


class Sprites:
    """Makes sprites and remembers the last of them.  It is the `Sight` of planning."""

    def __init__(self, catalog: Catalog, pixels: Pixels, canvas: Canvas) -> None:
        self.catalog = catalog
        self.pixels = pixels
        self.canvas = canvas
        self._kept: OrderedDict[tuple[int, Figure], Sprite] = OrderedDict()

    def table(self, foreground: int) -> AreaTable:
        return self.pixels.table(foreground)

    def footing(self, background: int) -> Ints:
        return self.pixels.footing(background)

    def inverse_depth(self, background: int, x: int, y: int) -> float:
        code = self.pixels.depth(background)
        one = DepthCode(code.codes[y : y + 1, x : x + 1], code.scale, code.offset, 0, code.unit, code.direction)
        value = inverse(dequantise(one))
        return float(value[0, 0]) if value is not None else float("nan")

    def areas(self, background: int, figure: Figure) -> tuple[int, int]:
        one = self.sprite(background, figure)
        return one.area, int(np.count_nonzero(mask_of(one.visible)))

    def shares(self, background: int, figures: Sequence[Figure]) -> list[int]:
        order = far_to_near(figures)
        sprites = [self.sprite(background, figures[i]) for i in order]
        seen = {i: int(mask.sum()) for i, mask in zip(order, seen_masks(sprites, self.canvas.shape), strict=True)}
        return [seen[i] for i in range(len(figures))]

    def of(self, scene: Scene) -> list[Sprite]:
        """Return the sprites of a scene's figures, in their order."""
        return [self.sprite(scene.background, figure) for figure in scene.figures]

    def sprite(self, background: int, figure: Figure) -> Sprite:
        """Return the figure as it would be pasted on a background."""
        name = (background, figure)
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        made = self._kept[name] = self._make(background, figure)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    def _make(self, background: int, figure: Figure) -> Sprite:
        other, own = self.catalog.backgrounds[background], self.catalog.foregrounds[figure.foreground]
        cutout = self.pixels.premultiplied(figure.foreground)
        pasted, margin = fitted(cutout, figure, own.appearance, other.appearance)
        hidden = relief = None
        if figure.stands:
            rows, columns, _, _ = self.canvas.overlap(figure.x - margin, figure.y - margin, *pasted.shape[:2])
            hidden = occlusion.hidden(
                self.pixels.nearness(background),
                self.pixels.floor(background),
                figure.inverse_depth,
                (rows, columns),
                other.depth_from != "file",
            )
            relief = self._relief(figure)
        return sprite(figure, pasted, margin, self.canvas, hidden, relief)

    def _relief(self, figure: Figure) -> Bytes | None:
        relief = self.pixels.relief(figure.foreground)
        if relief is None:
            return None
        return np.asarray(Image.fromarray(relief).resize((figure.width, figure.height), Image.Resampling.BILINEAR))

    def surfaces(
        self, scene: Scene, composite: Composite, sprites: Sequence[Sprite], thickness: float
    ) -> list[Surface]:
        """Return the surfaces of a scene's figures from far to near, in the codes of the background's depth.

        `thickness`: metres from the outline of a figure to its front, where no depth of its own says it.
        """
        base = self.pixels.depth(scene.background)
        found = []
        for i in far_to_near(scene.figures):
            figure, one = scene.figures[i], sprites[i]
            seen = composite.mask if len(sprites) == 1 else composite.instances == i + 1
            if not figure.stands:
                found.append(Surface(seen, None))
                continue
            value = 1 / figure.inverse_depth if base.unit == "m" else figure.inverse_depth
            code = (value - base.offset) / base.scale
            own = self.catalog.foregrounds[figure.foreground]
            relief, span = one.relief, own.relief_front - own.relief_back
            if relief is not None and span > 0:  # measured, in metres, whatever thickness others have
                relief = relief + np.float32(own.relief_back / span)
            bulge = self._bulge(scene.background, figure, span or thickness)
            found.append(Surface(seen, code, bulge, relief, (one.rows, one.columns)))
        return found

    def _bulge(self, background: int, figure: Figure, thickness: float) -> float:
        """Return the part of its distance by which the front of a figure is nearer than its outline.

        A figure of H metres that looks h px tall at a focal length of f px stands at f*H/h metres; a focal length that
        is not known is taken as the shorter side of the canvas.
        """
        ground = self.catalog.backgrounds[background].ground
        real = self.catalog.foregrounds[figure.foreground].real_height
        focal = float(self.canvas.shorter)
        if ground is not None and ground.focal:
            focal = ground.focal * self.canvas.width * ground.stretch  # in rows, as heights are
        return min(0.5, thickness * figure.height / (focal * real))
