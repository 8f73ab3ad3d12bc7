"""The layout of Ultralytics' YOLO, for `task=segment` and `task=detect`.

    images/SPLIT/000000000.jpg   its name is its number in the dataset
    labels/SPLIT/000000000.txt   a line a figure: class, and its polygon x y x y …, or its box's middle and sides, all
                                 in parts of the picture's width and height; an empty file where nobody is
    data.yaml                    names of classes, from 0, and the folders of train and val
    export.json                  of which dataset it is, and with which options; data.yaml is written last

A figure is one polygon there.  Its parts are joined by lines without area, as Ultralytics joins those of COCO, and its
holes, too.  There is no depth in this layout.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Mask
from figureground.core.options import option
from figureground.core.record import SPLITS
from figureground.formats.figures import box_of, figures_of
from figureground.formats.format import Format, Prepared, Work, require_choice
from figureground.formats.members import members, require_layers, suffix_of
from figureground.image.outlines import inset, joined, outlines

_INSET = 0.02  # px that polygons keep from the edges of pixels: more than float32 and six digits round
DATA = "data.yaml"


@dataclass(frozen=True)
class Options:
    task: str = option("segment", "segment: polygons | detect: boxes")
    val: str = option("new_both", "Which split data.yaml names as val; the others are written, too.")


_log = logging.getLogger(__name__)


def prepare(work: Work, options: Options) -> Prepared:
    """Pictures are copied as they are stored."""
    require_choice("task", options.task, ("segment", "detect"))
    require_choice("val", options.val, SPLITS[1:])
    require_layers(work.dataset, "mask")
    return Prepared(options, lambda: _write(work, options))


FORMAT = Format("yolo", "Ultralytics YOLO: images/SPLIT, labels/SPLIT and data.yaml.", Options, prepare)


def _write(work: Work, options: Options) -> None:
    splits = work.by_split()
    if options.val not in splits:
        _log.warning("no sample is of %s, which data.yaml names as val: choose another with --val", options.val)
    number = {class_id: n for n, class_id in enumerate(sorted(work.dataset.classes))}
    shape = Canvas.of(work.dataset.manifest["size"]).shape
    line = polygon_line if options.task == "segment" else box_line
    done = 0
    for split, numbers in splits.items():
        for i in numbers:
            record = work.dataset.record(i)
            work.put(f"images/{split}/{i:09d}.{suffix_of(record, 'image')}", members(work.dataset, i)["image"])
            rows = []
            for figure in figures_of(work.dataset, i):
                if figure.record.class_id not in number:
                    raise FigureGroundError(
                        f"a figure has class {figure.record.class_id}, which the dataset does not list",
                        record.key,
                        "build it again",
                    )
                if figure.visible.any():
                    rows.append(f"{number[figure.record.class_id]} {line(figure.visible, shape)}\n")
            work.put(f"labels/{split}/{i:09d}.txt", "".join(rows).encode("ascii"))
            done += 1
            work.progress("export", done, len(work.numbers))
    work.put(DATA, data_yaml(work.dataset.classes, list(splits), options).encode())


def polygon_line(mask: Mask, shape: tuple[int, int]) -> str:
    """Return a mask's polygon as YOLO writes it."""
    polygon = joined([inset(outline, _INSET) for outline in outlines(mask)])
    return _said((polygon / shape[::-1]).ravel().tolist())


def box_line(mask: Mask, shape: tuple[int, int]) -> str:
    """Return a mask's box as YOLO writes it: x and y of the middle, width and height."""
    x0, y0, x1, y1 = box_of(mask)
    height, width = shape
    return _said([(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height])


def _said(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6f}" for value in values)


def data_yaml(classes: Mapping[int, str], splits: Sequence[str], options: Options) -> str:
    """Return data.yaml.  It has no `path`: Ultralytics then starts at its folder, while `path: .` would mean whichever
    folder training is started in."""
    names = [
        f"  {n}: {json.dumps(classes[class_id], ensure_ascii=False)}" for n, class_id in enumerate(sorted(classes))
    ]
    lines = [f"# {options.task}; folders are relative to this file, so there is no `path`"]
    for key, split in (("train", "train"), ("val", options.val)):
        lines += (
            [f"{key}: images/{split}"] if split in splits else [f"# no sample is of {split}", f"{key}: images/{split}"]
        )
    if others := [split for split in splits if split not in ("train", options.val)]:
        lines += [
            "# never seen in training either, each new in its own way: put one of these for val, to measure on it"
        ]
        lines += [f"#   images/{split}" for split in others]
    return "\n".join([*lines, "names:", *names]) + "\n"
