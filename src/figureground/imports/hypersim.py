"""Scenes of Hypersim as they are downloaded -> backgrounds with known depth (frames.py).

    SCENE/images/scene_CAM_final_preview/frame.NNNN.tonemap.jpg       the picture, or frame.NNNN.color.jpg
    SCENE/images/scene_CAM_geometry_hdf5/frame.NNNN.depth_meters.hdf5 metres along the ray, in `dataset`

(apple/ml-hypersim, README and issue 9.)  Depth becomes planar with the focal length of its cameras, whose field of
view is 60 degrees across: 886.81 px where 1024 are the width.  NaN, where nothing was hit, becomes 0, unknown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.camera import Camera
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import DepthMap
from figureground.core.progress import Progress
from figureground.geometry.intrinsics import planar_from_distance
from figureground.imports.frames import Frame, Imported, arrays, bounded, digest_of, write_frames
from figureground.imports.members2020 import shape_of
from figureground.imports.safe_names import safe, told_apart
from figureground.networks.runtimes import library

FOCAL = 886.81 / 1024  # of its width
_PICTURES = ("tonemap", "color")  # the first that is there
_PICTURE = re.compile(
    r"(?P<scene>(?:.*/)?)images/(?P<cam>scene_[^/]+)_final_preview/(?P<frame>frame\.\d+)\.(?P<kind>tonemap|color)\.jpg"
)


def import_hypersim(folder: Path | str, out: Path | str, *, progress: Progress | None = None) -> Imported:
    """Write pictures and planar depth of all frames below a folder, or go on where the same call was stopped.

    A scene is a group.  Links are not followed.  Raises FigureGroundError where there is no frame that can be used.
    """
    h5py = library("h5py", "depth", "Hypersim's .hdf5")
    source = FolderStore(folder)
    pictures = _pictures(source.list())
    if not pictures:
        raise FigureGroundError(
            "no images/scene_*_final_preview/frame.*.tonemap.jpg below this folder",
            source.name,
            "give the folder that holds Hypersim's scenes (ai_001_001 ...); other RGB-D folders need no import: name "
            "their depth in backgrounds.depth",
        )
    names = told_apart((file, _safe(found)) for file, found in pictures.items())
    frames = [Frame(file, f"{names[file]}.jpg", found["scene"].rstrip("/")) for file, found in pictures.items()]
    about = {"import": "hypersim", "files_sha256": digest_of(source, list(pictures))}
    return write_frames(
        about, frames, lambda frame: _frame(h5py, source, frame.file, _depth_of(pictures[frame.file])), out, progress
    )


def planar(distance_m: Singles) -> Singles:
    """Return planar depth, m, of distances along the ray by a camera of Hypersim; both float32 (height, width)."""
    height, width = distance_m.shape
    focal = FOCAL * width
    camera = Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2)
    return planar_from_distance(DepthMap(distance_m, "m", "larger is farther"), camera).values


def _pictures(files: list[str]) -> dict[str, re.Match[str]]:
    """Return the picture of each frame by its file, in the order of files."""
    best: dict[tuple[str, ...], re.Match[str]] = {}
    for file in files:
        if found := _PICTURE.fullmatch(file):
            key = found["scene"], found["cam"], found["frame"]
            if key not in best or found["kind"] == _PICTURES[0]:
                best[key] = found
    return {found[0]: found for found in best.values()}


def _depth_of(found: re.Match[str]) -> str:
    return f"{found['scene']}images/{found['cam']}_geometry_hdf5/{found['frame']}.depth_meters.hdf5"


def _safe(found: re.Match[str]) -> str:
    pieces = [*filter(None, found["scene"].split("/")), found["cam"], found["frame"].replace(".", "_")]
    return "/".join(safe(piece, "frame") for piece in pieces)


def _frame(h5py: Any, source: FolderStore, picture: str, depth: str) -> tuple[bytes, Singles]:
    """Return a frame's picture as it is, and its planar depth.  Raises SetAsideError for what is no such frame."""
    if source.size(depth) is None:
        raise SetAsideError("it has no depth: no .depth_meters.hdf5 of its own")
    data = bounded(source, picture)
    (distance,) = arrays(h5py, bounded(source, depth), ("dataset",))
    if distance.dtype.kind != "f" or distance.ndim != 2:
        raise SetAsideError(f"its depth is no map: {distance.dtype} {distance.shape}")
    try:
        shape = shape_of(data)
    except ValueError as error:
        raise SetAsideError(f"it is no picture: {error}") from None
    if distance.shape != shape or 3 * shape[1] != 4 * shape[0]:
        raise SetAsideError(f"its sides are not Hypersim's: picture {shape}, depth {distance.shape}, not 3 to 4")
    with np.errstate(over="ignore", invalid="ignore"):
        return data, planar(distance.astype(np.float32))
