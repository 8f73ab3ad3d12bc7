"""TODO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPLITS = ("train", "new background", "new foreground", "new both")


def split_of(new_background: bool, new_foreground: bool) -> str:
    """Return which of the four splits a pair belongs to.  Only "train" may be trained on; nothing leaks from it."""
    return SPLITS[new_background + 2 * new_foreground]


COLUMNS = (
    "index",
    "key",
    "part",
    "image",
    "mask",
    "depth",
    "background",
    "foreground",
    "figures",
    "placement",
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
    "contact_x",
    "contact_y",
    "depth_at_contact",
    "depth_unit",
    "depth_direction",
    "depth_scale",
    "depth_offset",
    "depth_invalid",
)


def row(part_file: str, record: Mapping[str, Any]) -> list[Any]:
    """Return a sample's row of labels.csv in the order of `COLUMNS`; an unknown value is an empty field.

    Of several figures it describes the first, whose turn it is; metadata.jsonl has them all.
    """
    figure = record["figures"][0]
    box = figure["box"] or [None] * 4
    contact = figure["contact"] or [None] * 2
    flat = {
        **record,
        **figure,
        "figures": len(record["figures"]),
        "part": part_file,
        "image": record["image_file_name"],
        "mask": record["mask_file_name"],
        "depth": record.get("depth_file_name"),
        **dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), box, strict=True)),
        **dict(zip(("contact_x", "contact_y"), contact, strict=True)),
    }
    values = [flat.get(column) for column in COLUMNS]
    return ["" if v is None else int(v) if isinstance(v, bool) else v for v in values]
