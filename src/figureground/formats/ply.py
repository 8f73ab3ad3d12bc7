"""Clouds of points as PLY files (Turk 1994), which MeshLab, CloudCompare, Blender, Open3D and trimesh read.

ply
format binary_little_endian 1.0
comment ...
element vertex N
property float x | y | z               metres: x right, y down, z forward
property uchar red | green | blue      sRGB
end_header
N records of 15 bytes
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from figureground.core.camera import Points
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore

_VERTEX = np.dtype([*((axis, "<f4") for axis in "xyz"), *((name, "u1") for name in ("red", "green", "blue"))])
_TYPES = {"<f4": "float", "|u1": "uchar"}


def encode(points: Points) -> bytes:
    """Return a binary little-endian PLY of points: float32 metres, uint8 colours."""
    n = len(points.xyz)
    records = np.empty(n, _VERTEX)
    for axis, name in enumerate("xyz"):
        records[name] = points.xyz[:, axis]
    for channel, name in enumerate(("red", "green", "blue")):
        records[name] = points.rgb[:, channel]
    properties = [f"property {_TYPES[_VERTEX[name].str]} {name}" for name in _VERTEX.names or ()]
    head = ["ply", "format binary_little_endian 1.0", "comment figureground: metres; x right, y down, z forward"]
    lines = [*head, f"element vertex {n}", *properties, "end_header"]
    return ("\n".join(lines) + "\n").encode("ascii") + records.tobytes()


def write_ply(points: Points, path: Path | str) -> None:
    """Write points as a PLY file, whole or not at all.  Raises FigureGroundError where that cannot be done."""
    path = Path(path)
    try:
        store = FolderStore(path.parent)
        store.sweep(f"{path.name}.")
        store.write(path.name, encode(points))
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(path), "name another file") from None
