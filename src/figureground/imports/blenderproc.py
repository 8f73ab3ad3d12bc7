"""Frames that BlenderProc rendered, an .hdf5 each with `colors` and `depth` -> backgrounds with depth, by frames.py.

`bproc.writer.write_hdf5` writes them; its `depth` is planar, in metres (DLR-RM/BlenderProc, docs/tutorials/writer.md).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.folder_store import FolderStore
from figureground.core.progress import Progress
from figureground.image import png
from figureground.imports.frames import Frame, Imported, arrays, bounded, digest_of, write_frames
from figureground.imports.safe_names import safe, told_apart
from figureground.networks.runtimes import library

_SUFFIXES = (".hdf5", ".h5")


def import_blenderproc(folder: Path | str, out: Path | str, *, progress: Progress | None = None) -> Imported:
    """Write pictures and depth of all frames below a folder, or go on where the same call was stopped.

    Links in it are not followed.  Raises FigureGroundError where there is no frame that can be used.
    """
    h5py = library("h5py", "depth", "BlenderProc's .hdf5")
    source = FolderStore(folder)
    files = [name for name in source.list() if name.endswith(_SUFFIXES)]
    if not files:
        raise FigureGroundError("no .hdf5 in this folder", source.name, "give the folder that BlenderProc wrote")
    names = told_apart((file, _safe(file)) for file in files)
    frames = [
        Frame(file, f"{names[file]}.png", PurePosixPath(file).parent.as_posix().removeprefix(".")) for file in files
    ]
    about = {"import": "blenderproc", "files_sha256": digest_of(source, files)}
    return write_frames(about, frames, lambda frame: _frame(h5py, source, frame.file), out, progress)


def _safe(file: str) -> str:
    return "/".join(safe(piece, "frame") for piece in PurePosixPath(file).with_suffix("").parts)


def _frame(h5py: Any, source: FolderStore, file: str) -> tuple[bytes, Singles]:
    """Return a frame's picture as PNG, and its depth in metres.  Raises SetAsideError for what is no such frame."""
    colours, depth = arrays(h5py, bounded(source, file), ("colors", "depth"))
    if colours.dtype != np.uint8 or colours.ndim != 3 or colours.shape[2] not in (3, 4):
        raise SetAsideError(f"its colors are no picture: {colours.dtype} {colours.shape}")
    if depth.dtype.kind != "f" or depth.shape != colours.shape[:2]:
        raise SetAsideError(f"its depth is none of its picture: {depth.dtype} {depth.shape}")
    with np.errstate(over="ignore"):  # what nothing was hit for may be beyond float32
        return png.encode(np.ascontiguousarray(colours[..., :3])), depth.astype(np.float32)
