"""A sample's metadata row: boxes, areas, visible fraction, contact, split; and the flat row of labels.csv."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from figureground.matte import tight_box
from figureground.recipe import Recipe
from figureground.sample import Catalog, DepthMap, Mask, Scene

SPLITS = ("train", "new background", "new foreground", "new both")


def split_of(new_background: bool, new_foreground: bool) -> str:
    """Return which of the four splits a pair belongs to.  Only "train" may be trained on; nothing leaks from it."""
    return SPLITS[new_background + 2 * new_foreground]


def key(scene: Scene, recipe: Recipe, catalog: Catalog) -> str:
    """Return a readable name of a sample, unique in its dataset: "bg007-fg012-03", and "bg007-fg012-03m" mirrored."""
    digits = max(2, len(str(recipe.placement.per_pair - 1)))
    foregrounds = "-".join(catalog.foregrounds[figure.foreground].id for figure in scene.figures)
    background = catalog.backgrounds[scene.background].id
    return f"{background}-{foregrounds}-{scene.position:0{digits}d}{'m' if scene.mirrored else ''}"


def record(
    scene: Scene, recipe: Recipe, catalog: Catalog, mask: Mask, depth: DepthMap | None, split: str
) -> dict[str, Any]:
    """Return the metadata of a rendered scene, without the fields of its files and depth codes."""
    box = tight_box(mask)
    figures = []
    for figure in scene.figures:
        cutout = catalog.foregrounds[figure.foreground]
        area = int(mask.sum())
        figures.append(
            {
                "foreground": cutout.id,
                "x": figure.x,
                "y": figure.y,
                "width": cutout.width,
                "height": cutout.height,
                "scale": cutout.scale,
                "flip": figure.flip,
                "box": list(box) if box else None,
                "area": area,
                "visible_fraction": round(area / cutout.area, 6),
                "depth_at_contact": contact_depth(mask, depth) if depth is not None else None,
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


def contact_depth(mask: Mask, depth: DepthMap) -> float | None:
    """Return the depth where the figure stands: the middle pixel of its mask's lowest row; None if unknown."""
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask[rows[-1]])
    value = float(depth.values[rows[-1], columns[columns.size // 2]])
    return round(value, 4) if math.isfinite(value) else None


COLUMNS = (
    "index",
    "key",
    "part",
    "image",
    "mask",
    "depth",
    "background",
    "foreground",
    "position",
    "mirrored",
    "split",
    "x",
    "y",
    "width",
    "height",
    "scale",
    "flip",
    "box_x0",
    "box_y0",
    "box_x1",
    "box_y1",
    "area",
    "visible_fraction",
    "depth_at_contact",
    "depth_unit",
    "depth_direction",
    "depth_scale",
    "depth_offset",
    "depth_invalid",
)


def row(part_file: str, record: Mapping[str, Any]) -> list[Any]:
    """Return a sample's row of labels.csv in the order of `COLUMNS`; an unknown value is an empty field."""
    (figure,) = record["figures"]
    box = figure["box"] or [None] * 4
    flat = {
        **record,
        **figure,
        "part": part_file,
        "image": record["image_file_name"],
        "mask": record["mask_file_name"],
        "depth": record.get("depth_file_name"),
        **dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), box, strict=True)),
    }
    values = [flat.get(column) for column in COLUMNS]
    return ["" if v is None else int(v) if isinstance(v, bool) else v for v in values]
