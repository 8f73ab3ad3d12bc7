"""A sample's metadata row: boxes, areas, visible fraction, contact, split; and the flat row of labels.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from figureground.core.recipe import Recipe
from figureground.core.sample import Catalog, Figure, Mask, Scene
from figureground.geometry.codes import DepthCode
from figureground.image import rle
from figureground.image.masks import mask_of, tight_box
from figureground.plan.ground import in_order
from figureground.render.composite import Layer, Rendered


def key(scene: Scene, recipe: Recipe, catalog: Catalog) -> str:
    """Return a readable name of a sample, unique in its dataset: "bg007-fg012-03", and "bg007-fg012-03m" mirrored."""
    digits = max(2, len(str(recipe.placement.per_pair - 1)))
    foregrounds = "-".join(catalog.foregrounds[figure.foreground].id for figure in scene.figures)
    background = catalog.backgrounds[scene.background].id
    return f"{background}-{foregrounds}-{scene.position:0{digits}d}{'m' if scene.mirrored else ''}"


def record(
    scene: Scene,
    recipe: Recipe,
    catalog: Catalog,
    rendered: Rendered,
    layers: Sequence[Layer],
    depth: DepthCode | None,
    split: str,
) -> dict[str, Any]:
    """Return the metadata of a rendered scene, without the fields of its files and depth codes.

    `layers`: of the scene's figures, in their order.
    """
    figures = []
    layered = recipe.depth.source in ("layered", "both")
    order = in_order(scene.figures)
    rank = {number: place for place, number in enumerate(order)}
    for i, (figure, layer) in enumerate(zip(scene.figures, layers, strict=True)):
        cutout = catalog.foregrounds[figure.foreground]
        mask = rendered.mask if len(layers) == 1 else rendered.instances == i + 1
        box, area = tight_box(mask), int(np.count_nonzero(mask))
        contact = figure.contact or lowest_pixel(mask)
        figures.append(
            {
                "foreground": cutout.id,
                "placement": "ground" if figure.stands else _flat_mode(recipe, i),
                "x": figure.x,
                "y": figure.y,
                "width": figure.width,
                "height": figure.height,
                "scale": round(cutout.scale * figure.height / cutout.height, 6),
                "flip": figure.flip,
                "box": list(box) if box else None,
                "area": area,
                "visible_fraction": round(min(area / layer.area, 1.0), 6) if layer.area else 0.0,
                "whole": _whole(layer, mask, recipe.size),
                "order": rank[i],
                "contact": list(contact) if contact else None,
                "depth_at_contact": _value_at(depth, figure if layered else None, contact),
                "real_height": cutout.real_height if figure.stands else None,
                "look": asdict(figure.look),
            }
        )
    return {
        "index": scene.index,
        "key": key(scene, recipe, catalog),
        "background": catalog.backgrounds[scene.background].id,
        "position": scene.position,
        "mirrored": scene.mirrored,
        "split": split,
        "figures": figures,
    }


def _flat_mode(recipe: Recipe, number: int) -> str:
    """Return how a scene's figure without geometry was placed; only the first is ever on a grid."""
    mode = recipe.placement.no_floor if recipe.placement.mode == "ground" else recipe.placement.mode
    return "grid" if mode == "grid" and number == 0 else "uniform"


def _whole(layer: Layer, mask: Mask, size: int) -> str | None:
    """Return the figure's mask inside the frame as if nothing stood before it, as RLE; None where that is its mask."""
    place = layer.rows, layer.columns
    # where the soft edges of two figures meet, a pixel may be figure only by both of them
    whole = mask_of(layer.whole) | mask[place]
    if np.array_equal(whole, mask[place]):
        return None
    full = np.zeros((size, size), np.bool_)
    full[place] = whole
    return rle.encode(full)


def whole_mask(figure: Mapping[str, Any], visible: Mask) -> Mask:
    """Return the amodal mask of a record's figure: what would be seen of it inside the frame if it stood alone.

    `visible`: the figure's own visible mask, which it is where the record says nothing else.
    """
    return visible if figure["whole"] is None else rle.decode(figure["whole"], visible.shape)


def lowest_pixel(mask: Mask) -> tuple[int, int] | None:
    """Return (x, y) of the middle pixel of a mask's lowest row; None where it is empty."""
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask[rows[-1]])
    return int(columns[columns.size // 2]), int(rows[-1])


def _value_at(depth: DepthCode | None, figure: Figure | None, contact: tuple[int, int] | None) -> float | None:
    """Return the depth where a figure stands, in the unit of the depth; None where it is unknown.

    `figure`: where depth is layered, whose place is known even if something hides the contact.
    """
    if depth is None or contact is None:
        return None
    if figure is not None and figure.stands:
        value = 1 / figure.inverse_depth if depth.unit == "m" else figure.inverse_depth
    else:
        code = int(depth.codes[contact[1], contact[0]])
        if code == depth.invalid:
            return None
        value = depth.offset + depth.scale * code
    return round(value, 4)
