"""Backgrounds and cut-outs of the 2020 layout -> the catalog of a dataset."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.nouns import Background, Catalog, Foreground
from figureground.core.store import Store
from figureground.image import png
from figureground.image.masks import mask_of
from figureground.image.opened import stored_pixels
from figureground.imports.source2020 import Row, Source
from figureground.ingest import photos
from figureground.ingest.appearance import measure
from figureground.ingest.catalog import FILE, to_lines
from figureground.ingest.finding import natural_key
from figureground.samples import codec

_ALL = 10**6  # px: no picture is decoded reduced


def catalog_of(source: Source, rows: Sequence[Row], store: Store, class_name: str) -> Catalog:
    """Write the catalog of all backgrounds and foregrounds that rows name, and return it.

    Raises FigureGroundError for one that is missing, or no picture.
    """
    backgrounds = tuple(_background(source, store, name) for name in _named([row.background for row in rows], source))
    foregrounds = tuple(
        _foreground(source, store, name, class_name) for name in _named([row.foreground for row in rows], source)
    )
    catalog = Catalog(backgrounds, foregrounds, classes=(class_name,))
    store.write(FILE, to_lines(catalog).encode())
    return catalog


def look(source: Source, rows: Sequence[Row]) -> Iterator[str]:
    """Yield a sha256 of each photo that rows name, decoded once.  Raises as `catalog_of` does."""
    for files in ([row.background for row in rows], [row.foreground for row in rows]):
        for name in _named(files, source):
            yield _sha256(_picture(source, name)[0])


def _named(files: Sequence[str], source: Source) -> list[str]:
    """Return files in the order of their numbers.  Raises FigureGroundError for two that would have one name."""
    found = sorted(set(files), key=lambda name: natural_key(Path(name)))
    stems = {PurePosixPath(name).stem.casefold() for name in found}
    if len(stems) < len(found):
        raise FigureGroundError(
            "two photos have one name", f"{source.store.name}: {', '.join(found[:4])} ...", "rename one of them"
        )
    return found


def _background(source: Source, store: Store, name: str) -> Background:
    data, pixels = _picture(source, name)
    if pixels.shape[2] == 4 or data[:2] != b"\xff\xd8":
        pixels = np.ascontiguousarray(pixels[..., :3])
        suffix, data = "png", png.encode(pixels)
    else:
        suffix = "jpg"
    file = f"Background/{PurePosixPath(name).stem}.{suffix}"
    store.write(file, data)
    return Background(PurePosixPath(name).stem, file, _sha256(data), name, _sha256(data), measure(pixels))


def _foreground(source: Source, store: Store, name: str, class_name: str) -> Foreground:
    data, pixels = _picture(source, name)
    stem = PurePosixPath(name).stem
    if pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    if data[:4] != b"\x89PNG" or stored_pixels(data).shape != pixels.shape:
        data = _rgba(pixels)
    mask = mask_of(pixels[..., 3])
    mask_data = png.encode(mask)
    file, mask_file = f"Foreground/{stem}.png", f"Mask/{stem}.png"
    store.write(file, data)
    store.write(mask_file, mask_data)
    return Foreground(
        id=stem,
        file=file,
        mask_file=mask_file,
        sha256=_sha256(data),
        source=name,
        source_sha256=_sha256(data),
        height=pixels.shape[0],
        width=pixels.shape[1],
        area=int(mask.sum()),
        scale=1.0,
        cutout="alpha",
        appearance=measure(np.ascontiguousarray(pixels[..., :3]), mask),
        class_name=class_name,
        mask_sha256=_sha256(mask_data),
    )


def _picture(source: Source, name: str) -> tuple[bytes, Bytes]:
    """Return a picture's bytes, and its pixels, uint8 (height, width, 3 or 4)."""
    data = source.read(name)
    try:
        pixels = codec.pixels(data)
        if pixels.ndim != 3 or pixels.dtype != np.uint8:
            raise ValueError("not in colours")
    except ValueError:
        try:
            pixels = photos.decode(data, _ALL).pixels
        except SetAsideError as error:
            raise FigureGroundError(
                f"a photo cannot be taken in: {error.reason}", f"{source.store.name}/{name}", "bring it back"
            ) from None
    return data, pixels


def _rgba(pixels: Bytes) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=4)
    return out.getvalue()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
