"""The baseline: what the student team of 2020 did, as one would write it then, with Pillow and a loop.

    python bench/loop2020.py BACKGROUNDS CUTOUTS OUT [--positions 20] [--samples N] [--workers 1]

Backgrounds are squeezed to 224 x 224 px, cut-outs (RGBA) scaled to heights of 100 to 120 px, both once.  Each cut-out
is pasted on each background at places drawn from 1..120, plain and mirrored: 100 x 100 photos at 20 places give
400,000.  The composite is saved as an optimised JPEG of quality 30, and its mask as a grey one; both go into a
deflated zip a worker.  Then the statistics pass opens the zips again and reads every picture back, for the mean and
standard deviation of each channel over all pixels, in floats as notebooks have them.
"""

from __future__ import annotations

import argparse
import io
import itertools
import random
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SIDE, QUALITY, LEAST_HEIGHT, MOST_HEIGHT, LAST_CORNER = 224, 30, 100, 120, 120
IMAGES, MASKS = "Fg-Bg", "Fg-Bg-Mask"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Paste:
    """Which cut-out stands on which background (numbers from 0), its upper left corner in px, and if it is mirrored."""

    background: int
    cutout: int
    x: int
    y: int
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Pictures:
    """What is pasted: RGB backgrounds of one size, and RGBA cut-outs as tall as they will be, plain and mirrored."""

    backgrounds: Sequence[Image.Image]
    cutouts: Sequence[Image.Image]
    mirrored: Sequence[Image.Image]


def pictures(backgrounds: Iterable[Image.Image], cutouts: Iterable[Image.Image]) -> Pictures:
    """Return pictures with what is derived of them, once for all samples."""
    plain = list(cutouts)
    return Pictures(list(backgrounds), plain, [ImageOps.mirror(one) for one in plain])


def photos(backgrounds: Path, cutouts: Path, seed: int = 0) -> Pictures:
    """Return the pictures of two folders of photos in the sizes of 2020; a cut-out's height is drawn."""
    draw = random.Random(seed)  # noqa: S311
    rooms = [Image.open(path).convert("RGB").resize((SIDE, SIDE)) for path in sorted(backgrounds.iterdir())]
    return pictures(rooms, [_scaled(Image.open(path), draw) for path in sorted(cutouts.iterdir())])


def _scaled(cutout: Image.Image, draw: random.Random) -> Image.Image:
    height = draw.randint(LEAST_HEIGHT, MOST_HEIGHT)
    return cutout.convert("RGBA").resize((max(1, round(cutout.width * height / cutout.height)), height))


def pastes(backgrounds: int, cutouts: int, positions: int, seed: int = 0) -> Iterator[Paste]:
    """Yield what is pasted in the order of 2020: by background, cut-out and position, the plain one and its twin."""
    draw = random.Random(seed)  # noqa: S311
    for background, cutout, _ in itertools.product(range(backgrounds), range(cutouts), range(positions)):
        x, y = draw.randint(1, LAST_CORNER), draw.randint(1, LAST_CORNER)
        yield Paste(background, cutout, x, y, False)
        yield Paste(background, cutout, x, y, True)


def make(given: Pictures, what: Iterable[Paste], archive: Path, first: int = 1) -> None:
    """Write the composites and masks of some pastes into a zip, numbered from `first`."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for number, paste in enumerate(what, first):
            image = given.backgrounds[paste.background].copy()
            cutout = (given.mirrored if paste.mirrored else given.cutouts)[paste.cutout]
            image.paste(cutout, (paste.x, paste.y), cutout)
            mask = Image.new("L", image.size)
            mask.paste(cutout.getchannel("A"), (paste.x, paste.y))
            out.writestr(f"{IMAGES}/fg-bg{number}.jpg", _jpeg(image))
            out.writestr(f"{MASKS}/fg-bg-mask{number}.jpg", _jpeg(mask))


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def sums(archive: Path, folder: str) -> tuple[int, Floats, Floats]:
    """Return how many pictures of a folder a zip has, and the sums over them of each channel's mean and mean square.

    Values are 0 to 1; a mask is one channel.
    """
    mean, square, count = np.zeros(1), np.zeros(1), 0
    with zipfile.ZipFile(archive) as found:
        for name in found.namelist():
            if name.startswith(f"{folder}/"):
                pixels = np.asarray(Image.open(io.BytesIO(found.read(name)))) / 255.0
                pixels = pixels.reshape(-1, pixels.shape[2] if pixels.ndim == 3 else 1)
                mean, square, count = mean + pixels.mean(0), square + (pixels**2).mean(0), count + 1
    return count, mean, square


def statistics(found: Iterable[tuple[int, Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each channel, of what `sums` found in each zip."""
    counts, means, squares = zip(*found, strict=True)
    mean, square = sum(means) / sum(counts), sum(squares) / sum(counts)
    return mean, np.sqrt(square - mean**2)


def _part(backgrounds: Path, cutouts: Path, what: Sequence[Paste], archive: Path, first: int) -> None:
    make(photos(backgrounds, cutouts), what, archive, first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("backgrounds", "cutouts", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--positions", type=int, default=20)
    parser.add_argument("--samples", type=int, help="only the first so many")
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True)
    rooms, cutouts = (len(list(folder.iterdir())) for folder in (chosen.backgrounds, chosen.cutouts))
    what = list(itertools.islice(pastes(rooms, cutouts, chosen.positions), chosen.samples))
    each = -(-len(what) // chosen.workers)
    starts = range(0, len(what), each)
    zips = [chosen.out / f"data_part{k}.zip" for k in range(1, len(starts) + 1)]
    with ProcessPoolExecutor(chosen.workers) as workers:
        work = [workers.submit(_part, chosen.backgrounds, chosen.cutouts, what[start : start + each], path, start + 1)
                for start, path in zip(starts, zips, strict=True)]  # fmt: skip
        for one in work:
            one.result()
        for folder in (IMAGES, MASKS):
            mean, deviation = statistics(workers.map(sums, zips, [folder] * len(zips)))
            print(folder, "mean", mean.round(4).tolist(), "std", deviation.round(4).tolist())


if __name__ == "__main__":
    main()
