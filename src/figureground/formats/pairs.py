"""Pairs of a picture and its depth, SPLIT/images/ and SPLIT/depth/, with one list a split: what most trainers read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO

from figureground.core.errors import FigureGroundError
from figureground.core.record import Record
from figureground.formats.format import Work
from figureground.formats.members import members, require_layers, require_metric, suffix_of

DEPTH_FILE = "depth.json"  # written last


@dataclass(frozen=True)
class Pair:
    """A sample as it was written: its record, and the names of its picture and its depth inside the export."""

    record: Record
    image: str
    depth: str


def require_pairs(work: Work, camera: bool = False) -> None:
    """Raise FigureGroundError where a chosen sample has no depth in metres, or none of the cameras that are needed."""
    require_layers(work.dataset, "depth")
    for _, record in work.records():
        require_metric(record)
        if camera:
            require_camera(record)


def require_camera(record: Record) -> None:
    """Raise FigureGroundError for a record of format version 1, which has no camera."""
    if not record.camera.known:
        raise FigureGroundError(
            "this sample has no camera, and the format needs its focal length",
            record.key,
            "build its dataset again: it was made before cameras were kept",
        )


def written(work: Work, encode: Callable[[bytes, Record], bytes]) -> Iterator[Pair]:
    """Write the picture and the depth of each chosen sample, unless they are there, and yield what was written.

    `encode`: a stored depth map and its record -> the PNG that the consumer reads.
    """
    for done, (i, record) in enumerate(work.records(), 1):
        found = members(work.dataset, i)
        name = f"{record.index:09d}"
        pair = Pair(
            record, f"{record.split}/images/{name}.{suffix_of(record, 'image')}", f"{record.split}/depth/{name}.png"
        )
        work.put(pair.image, found["image"])
        work.put(pair.depth, encode(found["depth"], record))
        yield pair
        work.progress("export", done, len(work.numbers))


@contextlib.contextmanager
def a_file_a_split(work: Work, name: str) -> Iterator[Mapping[str, BinaryIO]]:
    """Give a file for each split that has samples; all of them appear, whole, when the block ends.

    `name`: of the file, with "{}" for the split.
    """
    with ExitStack() as stack:
        yield {split: stack.enter_context(work.store.writing(name.format(split))) for split in work.by_split()}


def put_depth_meaning(work: Work, per_metre: Mapping[str, int], **others: Any) -> None:
    """Write depth.json, which says of each split what its depth codes mean.  `others`: what else it says."""
    meaning = {
        split: {
            "unit": "m",
            "direction": "larger is farther",
            "measured": "along the optical axis",
            "codes_per_metre": steps,
            "invalid": 0,
        }
        for split, steps in per_metre.items()
    }
    work.put(DEPTH_FILE, (json.dumps({"depth": meaning, **others}, indent=1) + "\n").encode())
