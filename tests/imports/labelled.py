"""Labelled pictures for tests: two figures on a plain ground, with COCO's labels of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from figureground.core.nouns import Mask
from tests.builders import figure_cutout, scene_photo

SHAPE = (240, 320)
SQUARE = [40.0, 30.0, 140.0, 30.0, 140.0, 210.0, 40.0, 210.0]
STAR = [240.5, 20.2, 262.1, 100.9, 310.7, 104.3, 270.0, 150.5, 281.3, 222.8, 238.9, 170.6, 190.2, 221.4, 207.7, 142.0]


def write_pictures(folder: Path, count: int = 2) -> None:
    """Write pictures in two folders, of whose places each has a colour of its own."""
    for i in range(count):
        place = folder / ("val" if i % 2 else "train")
        place.mkdir(parents=True, exist_ok=True)
        rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
        pixels = np.stack([rows, columns // 2, np.full(SHAPE, 40 * i + 20)], -1).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"pic{i}.png")


def disc(x: float, y: float, radius: float) -> Mask:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    found: Mask = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    return found


def coco(annotations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a COCO file of the first two pictures, with numbers and classes for annotations that have none."""
    images = [
        {"id": 7 + i, "file_name": f"{place}/pic{i}.png", "height": SHAPE[0], "width": SHAPE[1], "license": 4}
        for i, place in enumerate(("train", "val"))
    ]
    rows = [{"id": n, "image_id": 7, "category_id": 1, "iscrowd": 0, **one} for n, one in enumerate(annotations, 100)]
    return {
        "images": images,
        "annotations": rows,
        "categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "traffic light"}],
        "licenses": [{"id": 4, "name": "CC BY 2.0"}],
        **more,
    }


def write_coco(path: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:
    path.write_text(json.dumps(coco(annotations, **more)))
    return path


def write_people(folder: Path) -> Path:
    """Write two rooms with two people each, pasted, and their labels; return the label file."""
    rows = []
    for i in range(2):
        room = np.asarray(Image.fromarray(scene_photo(i)).resize((320, 240))).copy()
        for k in range(2):
            figure = figure_cutout(10 * i + k + 1, 180, 80)
            top, left = 30, 30 + 150 * k
            place = room[top : top + 180, left : left + 80]
            alpha = figure[..., 3:] >= 128
            place[:] = np.where(alpha, figure[..., :3], place)
            mask = np.zeros(SHAPE, np.bool_)
            mask[top : top + 180, left : left + 80] = alpha[..., 0]
            flat = mask.T.ravel()  # its first pixel is none of the figure's
            bounds = np.flatnonzero(flat[1:] != flat[:-1]) + 1
            runs = np.diff(np.concatenate([[0], bounds, [flat.size]]))
            rows.append({"image_id": 7 + i, "segmentation": {"size": list(SHAPE), "counts": runs.tolist()}})
        place_name = folder / ("val" if i % 2 else "train")
        place_name.mkdir(parents=True, exist_ok=True)
        Image.fromarray(room).save(place_name / f"pic{i}.png")
    return write_coco(folder / "labels.json", rows)
