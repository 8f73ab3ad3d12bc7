"""What does each image format cost?  Bytes a picture, and milliseconds of one core to encode and to decode it.

    python bench/images.py FOLDER [--photos 24]

FOLDER holds photos.  They are cut to each size as a background is; medians over them, in one run.
"""

from __future__ import annotations

import argparse
import statistics
import time
import typing
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from figureground.core.job import Formats
from figureground.core.recipe import ImageFormat, ImageOptions
from figureground.samples import codec

SIZES = ((224, 224), (640, 480))


def row(photos: list[Path], size: tuple[int, int], image: ImageFormat) -> str:
    """Return a row of the table in docs/format.md."""
    formats = Formats(ImageOptions(), jpeg_masks=False, jpeg_depth=False, image=image)
    found = []
    for path in photos:
        with Image.open(path) as photo:
            values = np.asarray(ImageOps.fit(photo.convert("RGB"), size))
        start = time.process_time()
        _, data = codec.encode("image", values, formats)
        middle = time.process_time()
        codec.decode("image", data)
        found.append((len(data) / 1000, 1000 * (middle - start), 1000 * (time.process_time() - middle)))
    kilobytes, encode, decode = (statistics.median(column) for column in zip(*found, strict=True))
    return f"| {size[0]} × {size[1]} | {image} | {kilobytes:.1f} | {encode:.2f} | {decode:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=24)
    args = parser.parse_args()
    photos = sorted(path for path in args.folder.iterdir() if path.is_file())[: args.photos]
    print("| size | format | kB | encode, ms | decode, ms |\n|---|---|---|---|---|")
    for size in SIZES:
        for image in typing.get_args(ImageFormat):
            print(row(photos, size, image))


if __name__ == "__main__":
    main()
