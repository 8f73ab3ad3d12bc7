"""The layout of COCO, which pycocotools, Detectron2, MMDetection, torchvision, FiftyOne and supervision read.

    annotations/instances_SPLIT.json   images, annotations, categories
    annotations/amodal_SPLIT.json      the same figures by their whole masks                with `amodal`
    annotations/panoptic_SPLIT.json    and panoptic_SPLIT/000000000001.png                  with `panoptic`
    SPLIT/000000000001.jpg             a picture's id is its number in the dataset, from 1
    export.json                        of which dataset it is, and with which options; annotations are written last

Segmentations are run lengths, which keep each pixel; boxes are [x, y, width, height] of what is seen.  In a panoptic
PNG a pixel's segment is R + 256 G + 65536 B.  There is no depth in this layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Mask
from figureground.core.options import option
from figureground.core.record import Record
from figureground.formats.figures import Shown, box_of, figures_of
from figureground.formats.format import Format, Prepared, Work
from figureground.formats.json_rows import write_object
from figureground.formats.members import members, require_layers, suffix_of
from figureground.image import png, rle
from figureground.image.colourmap import LABELS

GROUND = np.array([96, 96, 96], np.uint8)  # of what is no figure, in a panoptic PNG: no figure has that colour


@dataclass(frozen=True)
class Options:
    amodal: bool = option(False, "Write annotations/amodal_SPLIT.json, too: figures by their whole masks.")
    panoptic: bool = option(False, "Write annotations/panoptic_SPLIT.json and its PNGs, too.")


def prepare(work: Work, options: Options) -> Prepared:
    """Pictures are copied as they are stored."""
    require_layers(work.dataset, "mask")
    return Prepared(options, lambda: _write(work, options))


FORMAT = Format(
    "coco", "COCO: annotations/instances_SPLIT.json with run lengths, and SPLIT/ pictures.", Options, prepare
)


def _write(work: Work, options: Options) -> None:
    """Write all pictures, and then what lists them: an annotation's id is its figure's in each file, and no other's."""
    splits = work.by_split()
    _write_pictures(work, splits, options.panoptic)
    first = 1
    for split, numbers in splits.items():
        rows = _Rows(work, split, numbers, first)
        rows.write("instances", rows.instances(), work.dataset.classes)
        if options.amodal:
            rows.write("amodal", rows.amodal(), work.dataset.classes)
        if options.panoptic:
            rows.write("panoptic", rows.panoptic(), work.dataset.classes, ground_of(work.dataset.classes))
        first += sum(len(work.dataset.record(i).figures) for i in numbers)


def _write_pictures(work: Work, splits: Mapping[str, Sequence[int]], panoptic: bool) -> None:
    done = 0
    for split, numbers in splits.items():
        for i in numbers:
            record = work.dataset.record(i)
            work.put(f"{split}/{stem(i)}.{suffix_of(record, 'image')}", members(work.dataset, i)["image"])
            if panoptic:
                figures = figures_of(work.dataset, i)
                shape = Canvas.of(work.dataset.manifest["size"]).shape
                work.put(f"panoptic_{split}/{stem(i)}.png", png.encode(segments(figures, shape)))
            done += 1
            work.progress("export", done, len(work.numbers))


def stem(i: int) -> str:
    """Return the name of a picture without its suffix: its id in twelve digits, as in COCO."""
    return f"{i + 1:012d}"


def ground_of(classes: Mapping[int, str]) -> int:
    """Return the id of the category that everything but figures has in panoptic annotations."""
    return max(classes, default=0) + 1


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a split's files.  `first`: the id of its first figure."""

    work: Work
    split: str
    numbers: Sequence[int]
    first: int

    def write(
        self, kind: str, annotations: Iterable[Any], classes: Mapping[int, str], ground: int | None = None
    ) -> None:
        """Write a file, unless it is there.  `ground`: the category of what is no figure, if it has one."""
        name = f"annotations/{kind}_{self.split}.json"
        if self.work.store.size(name) is not None:
            return
        categories: list[dict[str, Any]] = [
            {"id": number, "name": said, "supercategory": "figure"} for number, said in sorted(classes.items())
        ]
        if ground is not None:
            colours = {number: LABELS[number].tolist() for number in classes} | {ground: GROUND.tolist()}
            categories.append({"id": ground, "name": "background", "supercategory": "background"})
            for one in categories:
                one |= {"isthing": int(one["id"] != ground), "color": colours[one["id"]]}
        info = {
            "description": f"made by figureground; {kind}, split {self.split}",
            "build_id": self.work.dataset.manifest.get("build_id", ""),
        }
        head = {"info": info, "licenses": [], "categories": categories}
        with self.work.store.writing(name) as file:
            write_object(file, head, {"images": self._images(), "annotations": annotations})

    def _images(self) -> Iterator[dict[str, Any]]:
        height, width = Canvas.of(self.work.dataset.manifest["size"]).shape
        for i in self.numbers:
            record = self.work.dataset.record(i)
            file = f"{stem(i)}.{suffix_of(record, 'image')}"
            yield {"id": i + 1, "file_name": file, "width": width, "height": height, **about(record)}

    def _figures(self) -> Iterator[tuple[int, int, list[Shown]]]:
        """Yield (number of the sample, id of its first figure, its figures)."""
        first = self.first
        for i in self.numbers:
            figures = figures_of(self.work.dataset, i)
            yield i, first, figures
            first += len(figures)

    def instances(self) -> Iterator[dict[str, Any]]:
        """Yield what is seen of each figure of which anything is."""
        for i, first, figures in self._figures():
            for k, figure in enumerate(figures):
                if figure.visible.any():
                    yield {"id": first + k, "image_id": i + 1, **shape_of(figure.visible), **about_figure(figure)}

    def amodal(self) -> Iterator[dict[str, Any]]:
        """Yield the whole of each figure of which anything is in the frame, and what is seen of it."""
        for i, first, figures in self._figures():
            for k, figure in enumerate(figures):
                if figure.whole.any():
                    own = {"id": first + k, "image_id": i + 1, **shape_of(figure.whole), **about_figure(figure)}
                    yield {**own, **hidden(figure, len(figures))}

    def panoptic(self) -> Iterator[dict[str, Any]]:
        """Yield the segments of each picture."""
        ground = ground_of(self.work.dataset.classes)
        shape = Canvas.of(self.work.dataset.manifest["size"]).shape
        for i, _, figures in self._figures():
            rest = np.ones(shape, np.bool_)
            found = []
            for k, figure in enumerate(figures):
                rest &= ~figure.visible
                found.append((segment_id(LABELS[k + 1]), figure.record.class_id, figure.visible))
            found.append((segment_id(GROUND), ground, rest))
            rows = [{"id": n, "category_id": category, **measures(mask)} for n, category, mask in found if mask.any()]
            yield {"image_id": i + 1, "file_name": f"{stem(i)}.png", "segments_info": rows}


def about(record: Record) -> dict[str, Any]:
    """Return what COCO has no field for, of a picture."""
    return {
        "split": record.split,
        "key": record.key,
        "index": record.index,
        "background": record.background,
        "background_tag": record.background_tag,
        "background_licence": record.background_licence,
        "background_credit": record.background_credit,
        "mirrored": record.mirrored,
        "plausibility": record.plausibility,
        "doubts": "; ".join(record.doubts),
    }


def about_figure(figure: Shown) -> dict[str, Any]:
    """Return the category of a figure, and what COCO has no field for."""
    record = figure.record
    return {
        "category_id": record.class_id,
        "foreground": record.foreground,
        "visible_fraction": record.visible_fraction,
        "licence": record.licence,
        "credit": record.credit,
    }


def measures(mask: Mask) -> dict[str, Any]:
    """Return area, box and iscrowd of a mask."""
    x0, y0, x1, y1 = box_of(mask)
    return {"area": int(np.count_nonzero(mask)), "bbox": [x0, y0, x1 - x0, y1 - y0], "iscrowd": 0}


def run_lengths(mask: Mask) -> dict[str, Any]:
    """Return a mask as pycocotools writes it in JSON."""
    return {"size": list(mask.shape), "counts": rle.encode(mask)}


def shape_of(mask: Mask) -> dict[str, Any]:
    """Return the fields of an annotation that say where something is."""
    return {"segmentation": run_lengths(mask), **measures(mask)}


def hidden(figure: Shown, figures: int) -> dict[str, Any]:
    """Return what COCO-amodal (Zhu et al. 2017) says of a region beside its whole mask: its rank from near to far, from
    1, and where something stands before it what is seen and what is not."""
    whole, seen = int(np.count_nonzero(figure.whole)), int(np.count_nonzero(figure.visible))
    said: dict[str, Any] = {
        "order": figures - figure.record.order,
        "occlude_rate": round(1 - seen / whole, 6),
        "visible_area": seen,
        "visible_bbox": measures(figure.visible)["bbox"],
    }
    if seen < whole:
        said["visible_mask"] = run_lengths(figure.visible)
        said["invisible_mask"] = run_lengths(figure.whole & ~figure.visible)
    return said


def segments(figures: Sequence[Shown], shape: tuple[int, int]) -> Bytes:
    """Return a panoptic picture, uint8 (height, width, 3): each figure in a colour of its own."""
    picture = np.empty((*shape, 3), np.uint8)
    picture[:] = GROUND
    for k, figure in enumerate(figures):
        picture[figure.visible] = LABELS[k + 1]
    return picture


def segment_id(colour: Bytes) -> int:
    """Return the number that a colour stands for in a panoptic PNG."""
    red, green, blue = colour.tolist()
    return int(red + 256 * green + 65536 * blue)
