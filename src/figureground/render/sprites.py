"""The figures of a scene, ready to be pasted: scaled, fitted to their background, hidden by what stands before them."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.recipe import Recipe
from figureground.core.sample import Catalog, Figure, Scene
from figureground.geometry import occlusion
from figureground.geometry.codes import DepthCode, dequantise
from figureground.geometry.layering import Sheet, layered
from figureground.geometry.perspective import inverse
from figureground.ingest.pixels import Pixels
from figureground.plan.ground import in_order
from figureground.render import composite
from figureground.render.composite import Layer, Rendered

_KEPT = 64  # layers; planning a scene and its twin makes them, rendering uses them again


class Stage:
    """Makes layers and remembers the last of them.  It is the `Sight` of planning."""

    def __init__(self, recipe: Recipe, catalog: Catalog, pixels: Pixels) -> None:
        self.recipe = recipe
        self.catalog = catalog
        self.pixels = pixels
        self._layers: OrderedDict[tuple[int, Figure], Layer] = OrderedDict()

    def table(self, foreground: int) -> NDArray[np.int64]:
        return self.pixels.table(foreground)

    def floor(self, background: int) -> NDArray[np.int64]:
        return self.pixels.footing(background)

    def inverse_depth(self, background: int, x: int, y: int) -> float:
        code = self.pixels.depth(background)
        one = DepthCode(code.codes[y : y + 1, x : x + 1], code.scale, code.offset, 0, code.unit, code.direction)
        value = inverse(dequantise(one))
        return float(value[0, 0]) if value is not None else float("nan")

    def layer(self, background: int, figure: Figure) -> Layer:
        name = (background, figure)
        if name in self._layers:
            self._layers.move_to_end(name)
            return self._layers[name]
        made = self._layers[name] = self._make(background, figure)
        if len(self._layers) > _KEPT:
            self._layers.popitem(last=False)
        return made

    def _make(self, background: int, figure: Figure) -> Layer:
        room, own = self.catalog.backgrounds[background], self.catalog.foregrounds[figure.foreground]
        cutout = self.pixels.premultiplied(figure.foreground)
        fitted, margin = composite.fitted(cutout, figure, own.look, room.look)
        size = self.recipe.size
        hidden = relief = None
        if figure.stands:
            height, width = fitted.shape[:2]
            rows, columns, _, _ = composite.overlap(figure.x - margin, figure.y - margin, height, width, size)
            hidden = occlusion.hidden(
                self.pixels.order(background),
                self.pixels.floor(background),
                figure.inverse_depth,
                (rows, columns),
                room.depth_from != "file",
            )
            relief = self.pixels.relief(figure.foreground)
            if relief is not None:
                size_px = (figure.width, figure.height)
                relief = np.asarray(Image.fromarray(relief).resize(size_px, Image.Resampling.BILINEAR))
        return composite.layer(figure, fitted, margin, size, hidden, relief)

    def render(self, scene: Scene) -> tuple[Rendered, list[Layer]]:
        """Return the composite, and the layers of the scene's figures in their order."""
        layers = [self.layer(scene.background, figure) for figure in scene.figures]
        order = in_order(scene.figures)
        standing = any(figure.stands for figure in scene.figures)
        floor = self.pixels.floor(scene.background) if standing else None
        picture = self.pixels.background(scene.background)
        return composite.render(picture, [layers[i] for i in order], order, floor), layers

    def depth(self, scene: Scene, rendered: Rendered, layers: list[Layer]) -> DepthCode:
        """Return the layered depth of a rendered scene, in the background's codes."""
        base = self.pixels.depth(scene.background)
        sheets = []
        for i in in_order(scene.figures):
            figure, one = scene.figures[i], layers[i]
            seen = rendered.mask if len(layers) == 1 else rendered.instances == i + 1
            if not figure.stands:
                sheets.append(Sheet(seen, None))
                continue
            value = 1 / figure.inverse_depth if base.unit == "m" else figure.inverse_depth
            code = (value - base.offset) / base.scale
            sheets.append(Sheet(seen, code, self._bulge(scene.background, figure), one.relief, (one.rows, one.columns)))
        return layered(base, sheets)

    def _bulge(self, background: int, figure: Figure) -> float:
        """Return the part of its distance by which the front of a figure is nearer than its outline.

        A figure of H metres that looks h px tall at a focal length of f px stands at f*H/h metres; a focal length that
        is not known is taken as the side of the canvas.
        """
        ground = self.catalog.backgrounds[background].ground
        real = self.catalog.foregrounds[figure.foreground].real_height
        focal = ground.focal if ground is not None and ground.focal else 1.0
        return min(0.5, self.recipe.depth.thickness * figure.height / (focal * self.recipe.size * real))
