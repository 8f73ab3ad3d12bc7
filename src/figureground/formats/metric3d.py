"""What Metric3D trains and tests on (training/mono/datasets/__base_dataset__.py and mono/utils/custom_data.py of
YvanYin/Metric3D).

    SPLIT/images/000000007.jpg   SPLIT/depth/000000007.png    16 bits, millimetres, 0 = no value
    annotations/SPLIT.json       {"files": [{"rgb", "depth", "depth_scale", "cam_in": [fx, fy, cx, cy]}, ...]}
    depth.json                   what depth codes mean; written last

`cam_in` is in pixels.  Its principal point is half a pixel less than ours: `create_cam_model` there counts pixel
centres from 0, while here they lie at +0.5.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.options import option
from figureground.formats.format import Format, Prepared, Work
from figureground.formats.members import PER_METRE, millimetres
from figureground.formats.pairs import Pair, a_file_a_split, put_depth_meaning, require_pairs, written

PIXEL_CENTRE = 0.5


@dataclass(frozen=True)
class Options:
    """`prefix`: what paths begin with."""

    prefix: str = option("", "What the paths in the annotations begin with, like data/mine; left out: nothing.")


def prepare(work: Work, options: Options) -> Prepared:
    """Check what can be refused.  Raises FigureGroundError for samples without a camera or depth in metres."""
    require_pairs(work, camera=True)
    return Prepared(options, lambda: _write(work, prefixed(options.prefix)))


def prefixed(prefix: str, unfit: str = "\n\r") -> str:
    """Return what paths begin with, "" or with a slash at its end.  Raises FigureGroundError for what no list holds."""
    if found := [sign for sign in unfit if sign in prefix]:
        raise FigureGroundError(
            f"a path in this format's lists cannot hold {found[0]!r}", f"--prefix {prefix!r}", "name another folder"
        )
    return f"{prefix.rstrip('/')}/" if prefix else ""


def _write(work: Work, prefix: str) -> None:
    with a_file_a_split(work, "annotations/{}.json") as lists:
        begun = set()
        for pair in written(work, millimetres):
            split = pair.record.split
            lists[split].write(b",\n" if split in begun else b'{"files": [\n')
            lists[split].write(json.dumps(annotation(pair, prefix)).encode())
            begun.add(split)
        for file in lists.values():
            file.write(b"\n]}\n")
    put_depth_meaning(work, dict.fromkeys(lists, PER_METRE))


def annotation(pair: Pair, prefix: str = "") -> dict[str, Any]:
    """Return what Metric3D reads of a sample."""
    camera = pair.record.camera
    return {
        "rgb": prefix + pair.image,
        "depth": prefix + pair.depth,
        "depth_scale": float(PER_METRE),
        "cam_in": [camera.fx, camera.fy, camera.cx - PIXEL_CENTRE, camera.cy - PIXEL_CENTRE],
    }


FORMAT = Format("metric3d", "Pictures, depth, and annotations with cameras, as Metric3D trains on.", Options, prepare)
