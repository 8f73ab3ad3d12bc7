"""Depth maps' files, decoded: PNG, TIFF, NumPy, PFM, OpenEXR, HDF5.

`decode_map` is the only way in.  It raises SetAsideError with a reason that a person understands, FigureGroundError
where an extra is missing, and nothing else; nothing is unpickled, and no more is read than a map may have.
"""

from __future__ import annotations

import io
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from figureground.core.errors import SetAsideError

MAX_PIXELS = 80_000_000
MAX_BYTES = 8 * MAX_PIXELS  # of a file, and of what is unpacked of it
# what numpy's, zipfile's, Pillow's, h5py's and OpenEXR's readers raise for files that are damaged or mean to be
_DAMAGED = (
    *(OSError, ValueError, TypeError, SyntaxError, LookupError, ArithmeticError, MemoryError, RuntimeError, EOFError),
    *(AttributeError, struct.error, zlib.error, zipfile.BadZipFile, tokenize.TokenError, Image.DecompressionBombError),
)


@dataclass(frozen=True, eq=False)
class RawMap:
    """What a file holds: numbers (height, width) as they are stored, and of how many bits each is."""

    values: NDArray[Any]
    bits: int

    @property
    def whole(self) -> bool:
        """Whether the numbers are whole: codes, rather than values in a unit."""
        return bool(np.issubdtype(self.values.dtype, np.integer))


def decode_map(data: bytes, suffix: str) -> RawMap:
    """Return the depth map in a file's bytes.  `suffix`: one of `SUFFIXES`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, of odd metadata
            values, bits = _READERS[suffix](data)
    except SetAsideError:
        raise
    except _DAMAGED as error:
        raise SetAsideError(f"its depth map cannot be read: damaged, or no {suffix} ({type(error).__name__})") from None
    return RawMap(_flat(values), bits or 8 * values.dtype.itemsize)


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers (height, width) of an array that may have axes of length 1 before and after."""
    if values.dtype.kind not in "iuf":
        raise SetAsideError(f"its depth map holds {values.dtype.name} values, not numbers of depth")
    shape = values.shape
    while values.ndim > 2 and 1 in (values.shape[0], values.shape[-1]):
        values = values[0] if values.shape[0] == 1 else values[..., 0]
    if values.ndim != 2 or not values.size:
        raise SetAsideError(f"its depth map has shape {shape}, not (height, width)")
    _require_small(values.size)
    return values


def _require_small(pixels: int) -> None:
    if pixels > MAX_PIXELS:
        raise SetAsideError(f"its depth map claims {pixels:,} values, more than {MAX_PIXELS // 10**6} million")


def _png(data: bytes) -> tuple[NDArray[Any], int]:
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 33:
        raise SetAsideError("its depth map is no PNG, whatever its name says")
    bits, colour = data[24], data[25]
    with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
        _require_small(picture.width * picture.height)
        if colour == 0 and bits in (8, 16):
            return np.asarray(picture), bits
        if colour not in (2, 6) or bits != 8:
            raise SetAsideError(f"its depth map is no grey 8 or 16-bit PNG (mode {picture.mode}, {bits} bits)")
        return _grey(np.asarray(picture)), bits


def _grey(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the one channel of a picture whose three are alike."""
    red, green, blue = (pixels[..., i] for i in range(3))
    floats = pixels.dtype.kind == "f"
    if not all(np.array_equal(red, other, equal_nan=floats) for other in (green, blue)):
        raise SetAsideError("its depth map is a colour picture: made to be looked at; give the map before colouring")
    return np.asarray(red)


def _tiff(data: bytes) -> tuple[NDArray[Any], int]:
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as picture:
            _require_small(picture.width * picture.height)
            if getattr(picture, "n_frames", 1) > 1:
                raise SetAsideError("its depth map is a TIFF of several pages")
            if picture.mode == "L":
                return np.asarray(picture), 8
            if picture.mode.startswith("I;16"):
                return np.asarray(picture).astype(np.uint16), 16
            if picture.mode not in ("I", "F"):
                raise SetAsideError(f"its depth map is no TIFF of one channel of numbers (mode {picture.mode})")
            return np.asarray(picture), 32
    except UnidentifiedImageError:
        raise SetAsideError("its depth map is no TIFF of whole numbers or 32-bit floats") from None


def _npy(data: bytes) -> tuple[NDArray[Any], int]:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    readers: Mapping[tuple[int, int], Callable[..., tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    shape, fortran, dtype = readers[version](file)
    if dtype.hasobject or dtype.kind not in "iuf":
        raise SetAsideError(f"its depth map holds {dtype.name} values, not numbers of depth")
    count = 1
    for side in shape:  # not numpy's product, which wraps around
        if side < 0:
            raise SetAsideError(f"its depth map has shape {shape}, not (height, width)")
        count *= side
    _require_small(count)
    left = len(data) - file.tell()
    if left < count * dtype.itemsize:
        raise SetAsideError(f"its depth map is cut off: {left:,} of {count * dtype.itemsize:,} bytes")
    values = np.frombuffer(data, dtype, count, file.tell())
    return values.reshape(shape, order="F" if fortran else "C"), 0


def _npz(data: bytes) -> tuple[NDArray[Any], int]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        arrays = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
        name = arrays[_named(list(arrays))]
        if archive.getinfo(name).file_size > MAX_BYTES:
            raise SetAsideError("its depth map unpacks to more than a map may have")
        with archive.open(name) as member:
            return _npy(member.read(MAX_BYTES))


def _named(names: list[str]) -> str:
    """Return which of a file's arrays is the depth map: the one named so, else the only one."""
    known = [name for name in names if name.lower() in ("depth", "depths")]
    chosen = known or names
    if len(chosen) != 1:
        said = ", ".join(sorted(names)[:8]) or "none"
        raise SetAsideError(f"its file of depth holds several arrays or none, and not one named depth ({said})")
    return chosen[0]


def _pfm(data: bytes) -> tuple[NDArray[Any], int]:
    head = re.match(rb"P([fF])\s+(\d{1,9})\s+(\d{1,9})\s+([+-]?[\d.]+(?:[eE][+-]?\d+)?)[ \t\r]?\n?", data[:200])
    if head is None:
        raise SetAsideError("its depth map is no PFM, whatever its name says")
    channels, width, height = (3 if head[1] == b"F" else 1), int(head[2]), int(head[3])
    _require_small(width * height)
    need = 4 * width * height * channels
    if len(data) - head.end() < need:
        raise SetAsideError(f"its depth map is cut off: {len(data) - head.end():,} of {need:,} bytes")
    order = "<" if float(head[4]) < 0 else ">"
    values = np.frombuffer(data, f"{order}f4", width * height * channels, head.end())
    shaped = values.reshape(height, width, channels)[::-1]  # from the bottom row up
    return (_grey(shaped) if channels == 3 else shaped[..., 0]), 0


def _exr(data: bytes) -> tuple[NDArray[Any], int]:
    from figureground.networks.runtimes import library

    exr = library("OpenEXR", "depth", "a depth map, .exr")
    window = exr.File(io.BytesIO(data), header_only=True).header()["dataWindow"]
    width, height = (int(high) - int(low) + 1 for low, high in zip(*window, strict=True))
    _require_small(width * height)
    file = exr.File(io.BytesIO(data), separate_channels=True)
    found = {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}
    depth = [name for name in found if name == "Z" or name.endswith(".Z") or "depth" in name.lower()]
    if not depth and {"R", "G", "B"} <= set(found):
        return _grey(np.stack([found[name] for name in "RGB"], -1)), 0
    return found[_named_channel(depth or list(found))], 0


def _named_channel(names: list[str]) -> str:
    exact = [name for name in names if name == "Z"] or names
    if len(exact) != 1:
        raise SetAsideError(f"its EXR holds several channels, and not one of depth ({', '.join(sorted(names)[:8])})")
    return exact[0]


def _hdf5(data: bytes) -> tuple[NDArray[Any], int]:
    from figureground.networks.runtimes import library

    h5py = library("h5py", "depth", "a depth map, .mat or .h5")
    with h5py.File(io.BytesIO(data), "r") as file:
        found = {}
        for name in file:
            item = file.get(name, getlink=True)
            if not isinstance(item, h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
                continue  # a link may lead out of the file
            one = file[name]
            if one.is_virtual or one.external:
                raise SetAsideError("its file of depth takes its values from other files")
            if one.dtype.kind in "iuf" and one.ndim >= 2:
                found[name] = one
        chosen = found[_named(list(found))]
        if chosen.ndim > 2 and 1 not in chosen.shape:
            raise SetAsideError(
                f"its file of depth holds {chosen.shape[0]} maps: save each as a .npy of its photo's name"
            )
        _require_small(int(np.prod(chosen.shape, dtype=np.float64)))
        return np.asarray(chosen[()]), 0


def _mat(data: bytes) -> tuple[NDArray[Any], int]:
    if data[:19] == b"MATLAB 5.0 MAT-file":
        raise SetAsideError("its depth map is a .mat of an old version: save it with -v7.3, or as .npy")
    values, bits = _hdf5(data)
    return values.T, bits  # MATLAB stores columns


_READERS: dict[str, Callable[[bytes], tuple[NDArray[Any], int]]] = {
    ".png": _png,
    ".npy": _npy,
    ".npz": _npz,
    ".pfm": _pfm,
    ".tif": _tiff,
    ".tiff": _tiff,
    ".exr": _exr,
    ".mat": _mat,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
}
SUFFIXES = frozenset(_READERS)
