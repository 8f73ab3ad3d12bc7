"""Frames that BlenderProc rendered, an .hdf5 each with `colors` and `depth` -> backgrounds with known depth.

    OUT/photos/NAME.png      the picture, 8-bit
    OUT/depth/NAME.png       its depth, 16-bit millimetres, 0 where nothing was hit, or beyond 65.535 m
    OUT/photos/credits.csv   the folder of a frame as its group: the frames of one scene share a split
    OUT/set-aside.csv        which frames were not used, and why; written last

`bproc.writer.write_hdf5` writes them; its `depth` is planar, in metres (DLR-RM/BlenderProc, docs/tutorials/writer.md).
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes, Singles
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.faults import at_work, require_writable
from figureground.core.nouns import DepthMap
from figureground.core.progress import Paced, Progress, watched
from figureground.core.store import FolderStore
from figureground.geometry.codes import quantise
from figureground.image import png
from figureground.imports import begun
from figureground.imports.safe_names import safe, told_apart
from figureground.imports.tables import table
from figureground.ingest import credits
from figureground.ingest.depth_files import MAX_BYTES, MAX_PIXELS
from figureground.networks.runtimes import library

SET_ASIDE = "set-aside.csv"
_SUFFIXES = (".hdf5", ".h5")
# what h5py raises for files that are damaged, or mean to be
_DAMAGED = (OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, AttributeError, MemoryError)


@dataclass(frozen=True)
class Imported:
    """What an import gave: how many frames, and how many were set aside for each general reason."""

    path: Path
    frames: int
    set_aside: Mapping[str, int]


def import_blenderproc(folder: Path | str, out: Path | str, *, progress: Progress | None = None) -> Imported:
    """Write pictures and depth of all frames below a folder, or go on where the same call was stopped.

    Links in it are not followed.  Raises FigureGroundError where there is no frame that can be used.
    """
    h5py = library("h5py", "depth", "BlenderProc's .hdf5")
    source, store = FolderStore(folder), FolderStore(out)
    files = [name for name in source.list() if name.endswith(_SUFFIXES)]
    if not files:
        raise FigureGroundError("no .hdf5 in this folder", source.name, "give the folder that BlenderProc wrote")
    listed = "".join(f"{name}\0{source.size(name)}\n" for name in files)
    about = {"import": "blenderproc", "files_sha256": hashlib.sha256(listed.encode()).hexdigest()}
    begun.require_own(store, about)
    require_writable(store)
    names = told_apart((file, _safe(file)) for file in files)
    made, aside = list[tuple[str, str]](), list[tuple[str, str]]()
    with watched(progress) as report, at_work(store):
        begun.begin(store, about)
        told, loose = Paced(report), FolderStore(out, durable=False)
        for done, file in enumerate(files, 1):
            photo, depth = f"photos/{names[file]}.png", f"depth/{names[file]}.png"
            try:
                if loose.size(photo) is None or loose.size(depth) is None:
                    colours, values = _frame(h5py, source, file)
                    loose.write(photo, png.encode(colours))
                    loose.write(depth, png.encode(quantise(DepthMap(values, "m", "larger is farther"), "png16").codes))
                made.append((photo.removeprefix("photos/"), PurePosixPath(file).parent.as_posix().removeprefix(".")))
            except SetAsideError as error:
                aside.append((file, error.reason))
            told("frames", done, len(files))
        rows = [(name, "", "", group) for name, group in made]
        store.write(f"photos/{credits.FILE}", table(("file", "licence", "credit", "group"), rows))
        store.write(SET_ASIDE, table(("file", "reason"), aside, "utf-8-sig"))
    if not made:
        raise FigureGroundError("no frame could be used", aside[0][1], f"see {Path(out) / SET_ASIDE}")
    return Imported(Path(out), len(made), Counter(reason.partition(":")[0] for _, reason in aside))


def _safe(file: str) -> str:
    return "/".join(safe(piece, "frame") for piece in PurePosixPath(file).with_suffix("").parts)


def _frame(h5py: Any, source: FolderStore, file: str) -> tuple[Bytes, Singles]:
    """Return a frame's picture, uint8 (height, width, 3), and its depth in metres, float32 (height, width).

    Raises SetAsideError for what is no such frame.
    """
    try:
        data = source.read(file, 0, MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SetAsideError(f"it is larger than {MAX_BYTES >> 20} MiB")
        with h5py.File(io.BytesIO(data), "r") as opened:
            colours, depth = (_values(h5py, opened, name) for name in ("colors", "depth"))
    except _DAMAGED as error:
        raise SetAsideError(f"it cannot be read: {type(error).__name__}") from None
    if colours.dtype != np.uint8 or colours.ndim != 3 or colours.shape[2] not in (3, 4):
        raise SetAsideError(f"its colors are no picture: {colours.dtype} {colours.shape}")
    if depth.dtype.kind != "f" or depth.shape != colours.shape[:2]:
        raise SetAsideError(f"its depth is none of its picture: {depth.dtype} {depth.shape}")
    with np.errstate(over="ignore"):  # what nothing was hit for may be beyond float32
        return np.ascontiguousarray(colours[..., :3]), depth.astype(np.float32)


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
