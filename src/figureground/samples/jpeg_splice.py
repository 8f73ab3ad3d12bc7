"""A composite's JPEG from what its background's keeps, by the compiled kernel: the bytes of `codec.jpeg`, sooner.

docs/jpeg-splice.md says how.  Where there is no kernel, or Pillow's JPEG library rounds in another way than the kernel,
nothing is kept, and composites are coded by Pillow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from figureground import native
from figureground.core.arrays import Bytes
from figureground.core.recipe import ImageOptions, Subsampling
from figureground.samples import codec

# pixels, across and down, that share a value of chroma
_SHARED_BY: dict[Subsampling, tuple[int, int]] = {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}
_MOST_PX = 2**26  # larger pictures are Pillow's, and so are those of a side beyond
_MOST_SIDE = 65_500


@dataclass(frozen=True, eq=False)
class Kept:
    """The blocks of a background's JPEG, transformed and quantised, its picture, and the bytes of memory of both."""

    blocks: object
    picture: Bytes
    size: int
    optimize: bool


def kept(picture: Bytes, options: ImageOptions) -> Kept | None:
    """Return what is kept of an RGB (height, width, 3) background; None where Pillow has to code its composites."""
    height, width, _ = picture.shape
    if max(height, width) > _MOST_SIDE or height * width > _MOST_PX or not is_pillows(options):
        return None
    return _kept(picture, options)


def encode(picture: Bytes, background: Kept, changed: tuple[slice, slice]) -> bytes:
    """Return the JPEG of a composite that is its background but for the box `changed`, (rows, columns)."""
    if native.kernel is None:
        raise ValueError("blocks are kept by the compiled kernel alone")
    rows, columns = changed
    box = rows.start, rows.stop, columns.start, columns.stop
    found: bytes = native.kernel.jpeg_changed(
        background.blocks, background.picture, np.ascontiguousarray(picture), *box, background.optimize
    )
    return found


def _kept(picture: Bytes, options: ImageOptions) -> Kept | None:
    if native.kernel is None:
        return None
    shared_by = _SHARED_BY[options.subsampling]
    picture = np.ascontiguousarray(picture)
    blocks, size = native.kernel.jpeg_begin(picture, options.quality, *shared_by)
    return Kept(blocks, picture, size + picture.nbytes, options.optimize)


@lru_cache(maxsize=64)
def is_pillows(options: ImageOptions) -> bool:
    """Return whether the kernel gives Pillow's bytes: Pillow may be linked with another JPEG library, or version."""
    drawn = np.random.default_rng(0)
    smooth = np.linspace(0, 255, 45 * 61 * 3).reshape(45, 61, 3)  # neither side is one of whole blocks
    picture = (smooth * 0.8 + drawn.random((45, 61, 3)) ** 4 * 51).astype(np.uint8)
    background = _kept(np.zeros_like(picture), options)
    if background is None:
        return False
    return encode(picture, background, (slice(0, 45), slice(0, 61))) == codec.jpeg(picture, options)
