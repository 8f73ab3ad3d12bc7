"""What MoGe trains on (docs/train.md, moge/utils/io.py and moge/train/dataloader.py of microsoft/MoGe).

    SPLIT/.index.txt              a line a sample: its folder, relative to SPLIT
    SPLIT/000000007/image.jpg     the picture, always JPEG
    SPLIT/000000007/depth.png     16 bits, 1..65534 by the logarithm of metres, 0 = no value, 65535 = infinitely far
    SPLIT/000000007/meta.json     "intrinsics": K, 3 x 3, divided by the width and the height
    depth.json                    what depth codes mean; written last

Depth of code c is near ** (1 - t) * far ** t metres with t = (c - 1) / 65533; near and far stand in the PNG as texts,
a pair a picture.  No sample is infinitely far: where nothing is known, it is 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.camera import Camera
from figureground.core.canvas import Canvas
from figureground.core.recipe import ImageOptions
from figureground.formats.format import Format, Prepared, Work
from figureground.formats.members import members, metres, suffix_of
from figureground.formats.pairs import DEPTH_FILE, a_file_a_split, require_pairs
from figureground.image import png
from figureground.samples import codec

LAST = 65534  # code of `far`; 1 is that of `near`
LEAST_METRES = 1e-5
LEAST_RATIO = 1.1  # of far to near: a wall seen straight on has one depth
JPEG = ImageOptions(quality=95)  # for datasets whose pictures are stored otherwise


@dataclass(frozen=True)
class Options:
    """It has none."""


def prepare(work: Work, options: Options) -> Prepared:
    """Check what can be refused.  Raises FigureGroundError for samples without a camera or depth in metres."""
    require_pairs(work, camera=True)
    return Prepared(options, lambda: _write(work))


def _write(work: Work) -> None:
    canvas = Canvas.of(work.dataset.manifest["size"])
    with a_file_a_split(work, "{}/.index.txt") as lists:
        for done, (i, record) in enumerate(work.records(), 1):
            found, name = members(work.dataset, i), f"{record.index:09d}"
            place = f"{record.split}/{name}"
            stored, camera = found["image"], record.camera
            image = stored if suffix_of(record, "image") == "jpg" else codec.jpeg(codec.pixels(stored), JPEG)
            work.put(f"{place}/image.jpg", image)
            work.put(f"{place}/depth.png", log_png(metres(found["depth"], record)))
            about = {"intrinsics": normalised(camera, canvas).tolist(), "focal_from": camera.focal_from}
            work.put(f"{place}/meta.json", json.dumps(about).encode())
            lists[record.split].write(f"{name}\n".encode())
            work.progress("export", done, len(work.numbers))
    meaning = {
        "unit": "m",
        "direction": "larger is farther",
        "measured": "along the optical axis",
        "value": "near ** (1 - t) * far ** t with t = (code - 1) / 65533; near and far are texts of the PNG",
        "invalid": 0,
        "infinite": LAST + 1,
    }
    work.put(DEPTH_FILE, (json.dumps({"depth": meaning}, indent=1) + "\n").encode())


def log_png(depth: NDArray[np.float32]) -> bytes:
    """Return metres, float32 (height, width) with NaN where unknown, as MoGe's 16-bit PNG with its range as texts."""
    known = np.isfinite(depth)
    near = max(float(depth[known].min()), LEAST_METRES) if known.any() else 1.0
    far = max(float(depth[known].max()), near * LEAST_RATIO) if known.any() else near * LEAST_RATIO
    share = np.log(np.where(known, depth, near).clip(near, far).astype(np.float64) / near) / np.log(far / near)
    codes = np.where(known, 1 + np.rint(share.clip(0, 1) * (LAST - 1)), 0).astype(np.uint16)
    return png.with_texts(png.encode(codes), {"near": repr(near), "far": repr(far)})


def normalised(camera: Camera, canvas: Canvas) -> NDArray[np.float64]:
    """Return K for pictures of width 1 and height 1, float64 (3, 3)."""
    return np.asarray(camera.matrix / np.array([[canvas.width], [canvas.height], [1.0]]), np.float64)


FORMAT = Format("moge", "A folder a sample with its camera, and an index a split, as MoGe trains on.", Options, prepare)
