"""Rendered frames, each a picture with its depth -> backgrounds with known depth, as every such import writes them.

OUT/photos/NAME          the picture
OUT/depth/NAME.png       its depth, 16-bit millimetres, planar, 0 where nothing was hit, or beyond 65.535 m
OUT/photos/credits.csv   the group of each frame: the frames of one scene share a split
OUT/set-aside.csv        which frames were not used, and why; written last
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Singles
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.faults import at_work, require_writable
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import DepthMap
from figureground.core.progress import Paced, Progress, watched
from figureground.geometry.codes import quantise
from figureground.image import png
from figureground.imports import begun
from figureground.imports.tables import table
from figureground.ingest import credits
from figureground.ingest.depth_files import MAX_BYTES, MAX_PIXELS

SET_ASIDE = "set-aside.csv"
# what h5py raises for files that are damaged, or mean to be
_DAMAGED = (OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, AttributeError, MemoryError)


@dataclass(frozen=True)
class Imported:
    """What an import gave: how many frames, and how many were set aside for each general reason."""

    path: Path
    frames: int
    set_aside: Mapping[str, int]


@dataclass(frozen=True)
class Frame:
    """A frame by its file.  `photo`: its picture's name in the output, with suffix.  `group`: of its scene."""

    file: str
    photo: str
    group: str

    @property
    def depth(self) -> str:
        return self.photo.rpartition(".")[0] + ".png"


# a frame -> its picture as a file, and its planar depth in metres, float32 (height, width); raises SetAsideError
Reader = Callable[[Frame], tuple[bytes, Singles]]


def write_frames(
    about: Mapping[str, str], frames: Sequence[Frame], read: Reader, out: Path | str, progress: Progress | None
) -> Imported:
    """Write pictures and depth of all frames, or go on where the same call was stopped.  `about`: what tells it from
    others.

    Raises FigureGroundError where there is no frame that can be used.
    """
    store, loose = FolderStore(out), FolderStore(out, durable=False)
    begun.require_own(store, dict(about))
    require_writable(store)
    made, aside = list[Frame](), list[tuple[str, str]]()
    with watched(progress) as report, at_work(store):
        begun.begin(store, dict(about))
        told = Paced(report)
        for done, frame in enumerate(frames, 1):
            photo, depth = f"photos/{frame.photo}", f"depth/{frame.depth}"
            try:
                if loose.size(photo) is None or loose.size(depth) is None:
                    picture, values = read(frame)
                    loose.write(photo, picture)
                    loose.write(depth, png.encode(quantise(DepthMap(values, "m", "larger is farther"), "png16").codes))
                made.append(frame)
            except SetAsideError as error:
                aside.append((frame.file, error.reason))
            told("frames", done, len(frames))
        rows = [(frame.photo, "", "", frame.group) for frame in made]
        store.write(f"photos/{credits.FILE}", table(("file", "licence", "credit", "group"), rows))
        store.write(SET_ASIDE, table(("file", "reason"), aside, "utf-8-sig"))
    if not made:
        raise FigureGroundError("no frame could be used", aside[0][1], f"see {Path(out) / SET_ASIDE}")
    return Imported(Path(out), len(made), Counter(reason.partition(":")[0] for _, reason in aside))


def digest_of(source: FolderStore, files: Sequence[str]) -> str:
    """Return what tells the files of one import from those of another: a sha256 of their names and sizes."""
    listed = "".join(f"{name}\0{source.size(name)}\n" for name in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def bounded(source: FolderStore, file: str) -> bytes:
    """Return a file's bytes.  Raises SetAsideError for one that is larger than any picture, or cannot be read."""
    try:
        data = source.read(file, 0, MAX_BYTES + 1)
    except OSError as error:
        raise SetAsideError(f"it cannot be read: {type(error).__name__}") from None
    if len(data) > MAX_BYTES:
        raise SetAsideError(f"it is larger than {MAX_BYTES >> 20} MiB")
    return data


def arrays(h5py: Any, data: bytes, names: Sequence[str]) -> list[NDArray[Any]]:
    """Return arrays of an .hdf5 by their names.

    Raises SetAsideError for what is none, for an array that is not there, is larger than any picture, or that takes
    its values from other files.
    """
    try:
        with h5py.File(io.BytesIO(data), "r") as opened:
            return [_values(h5py, opened, name) for name in names]
    except _DAMAGED as error:
        raise SetAsideError(f"it cannot be read: {type(error).__name__}") from None


def _values(h5py: Any, opened: Any, name: str) -> NDArray[Any]:
    """Return an array of the file itself.  Raises SetAsideError where there is none, or other files are to give it."""
    if not isinstance(opened.get(name, getlink=True), h5py.HardLink) or not isinstance(opened[name], h5py.Dataset):
        raise SetAsideError(f"it has no {name}")
    found = opened[name]
    if found.is_virtual or found.external:
        raise SetAsideError("it takes its values from other files")
    if np.prod(found.shape, dtype=np.float64) > 4 * MAX_PIXELS or found.dtype.itemsize > 8:
        raise SetAsideError("it is larger than any picture")
    values: NDArray[Any] = np.asarray(found[()])
    return values
