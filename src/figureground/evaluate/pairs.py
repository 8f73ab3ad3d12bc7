"""Photos with sensor depth: the pairs in a folder, and what is read of them.

A pair is a photo and the depth that a sensor measured in its place: NAME.jpg with NAME.depth.png (16-bit millimetres,
0 = no reading) or NAME.depth.npy (floating metres; 0, negative and not finite = no reading).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import regular_bytes
from figureground.core.nouns import Picture
from figureground.evaluate import metrics
from figureground.image.opened import opened
from figureground.ingest import finding, photos

_SUFFIXES = (".depth.png", ".depth.npy")
_HIDDEN = re.compile(r"(^|/)\.")

Truth = NDArray[np.float32]  # metres, NaN where the sensor has no reading


@dataclass(frozen=True)
class Pair:
    """A photo and its sensor depth.  `name` is the photo's path in the folder, without its suffix."""

    name: str
    photo: Path
    depth: Path


def read_pairs(folder: Path) -> list[Pair]:
    """Return the pairs in a folder, searched to any depth, in natural order; no pixel is read yet.

    Raises FigureGroundError when there are none, and for whatever would leave a file out unsaid: a photo without depth
    or with two, depth without a photo, two photos of one name.
    """
    if not folder.is_dir():
        raise FigureGroundError("no such folder of pairs", str(folder), "check the spelling")
    form = "put NAME.jpg beside NAME.depth.png (16-bit millimetres, 0 = no reading) or NAME.depth.npy (metres)"
    files = [p for p in folder.rglob("*") if p.is_file() and not _HIDDEN.search(p.relative_to(folder).as_posix())]
    depths = {p for p in files if p.name.endswith(_SUFFIXES)}
    pairs: dict[Path, Pair] = {}
    for photo in sorted((p for p in files if p.suffix.lower() in finding.SUFFIXES), key=finding.natural_key):
        if photo in depths:
            continue
        stem = photo.with_suffix("")
        found = [p for p in (stem.with_name(stem.name + suffix) for suffix in _SUFFIXES) if p in depths]
        if not found:
            raise FigureGroundError("the photo has no sensor depth", str(photo), form)
        if len(found) > 1:
            raise FigureGroundError("the photo has two depth maps", str(photo), "remove the .png or the .npy")
        if stem in pairs:
            where = f"{photo} and {pairs[stem].photo.name}"
            raise FigureGroundError("two photos have one name, and one depth map", where, "remove one of them")
        pairs[stem] = Pair(stem.relative_to(folder).as_posix(), photo, found[0])
    lonely = sorted(depths - {pair.depth for pair in pairs.values()})
    if lonely:
        raise FigureGroundError("the depth map has no photo", str(lonely[0]), form)
    if not pairs:
        raise FigureGroundError("the folder holds no pairs", str(folder), form)
    return list(pairs.values())


def read_photo(pair: Pair) -> Picture:
    """Return the whole photo, uint8 (height, width, 3), as `photos.decode` does.  Raises FigureGroundError."""
    return whole_photo(pair.photo, "mend it or remove the pair")


def whole_photo(path: Path, remedy: str) -> Picture:
    """Return a photo as `read_photo` does.  Raises FigureGroundError with that remedy."""
    try:
        picture = photos.decode(photos.read_bytes(path), enough=photos.MAX_PIXELS).pixels
    except SetAsideError as error:
        raise FigureGroundError(f"the photo cannot be used: {error.reason}", str(path), remedy) from None
    return np.ascontiguousarray(picture[..., :3])


def read_truth(pair: Pair, max_m: float) -> Truth:
    """Return the sensor depth, float32 (height, width) metres, NaN where there is no reading or it is beyond max_m.

    Raises FigureGroundError when the file is damaged, of another form, or has no reading up to max_m.
    """
    try:
        if pair.depth.suffix == ".npy":
            values = np.load(io.BytesIO(regular_bytes(pair.depth)), allow_pickle=False)
            fault = "" if values.dtype.kind == "f" and values.ndim == 2 else f"{values.dtype} {values.shape}"
            form = "an array of floating metres, (height, width)"
        else:
            with opened(regular_bytes(pair.depth), ("PNG",)) as picture:
                fault = "" if picture.mode.startswith("I") else f"mode {picture.mode}"
                values = np.asarray(picture).astype(np.float64) / 1000
            form = "a 16-bit grey PNG of millimetres"
    except (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise FigureGroundError(
            f"the depth map cannot be read: {first}", str(pair.depth), "mend it or remove the pair"
        ) from None
    if fault:
        raise FigureGroundError(f"the depth map is {fault}", str(pair.depth), f"it should be {form}")
    truth = np.asarray(values, np.float32)
    truth = np.where(metrics.known(truth) & (truth <= np.float32(max_m)), truth, np.float32(np.nan))
    if not np.isfinite(truth).any():
        raise FigureGroundError(
            f"the depth map has no reading up to {max_m:g} m", str(pair.depth), "remove the pair, or allow more metres"
        )
    return truth
