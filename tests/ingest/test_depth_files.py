"""Depth maps' files: each kind gives its numbers, and bad ones give a reason and nothing else."""

from __future__ import annotations

import contextlib
import importlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.ingest import depth_files
from figureground.ingest.depth_files import SUFFIXES, decode_map

METRES = (np.arange(12, dtype=np.float32).reshape(3, 4) / 8 + 0.5).astype(np.float32)
CODES = (METRES * 1000).astype(np.uint16)


def npy(values: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    np.save(out, values, allow_pickle=values.dtype.hasobject)
    return out.getvalue()


def npz(**arrays: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=True, **arrays)
    return out.getvalue()


def picture(values: NDArray[np.generic], kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, kind)
    return out.getvalue()


def pfm(values: NDArray[np.float32], order: str = "<", head: bytes = b"Pf") -> bytes:
    scale = b"-1.0" if order == "<" else b"1.0"
    size = f"{values.shape[1]} {values.shape[0]}".encode()
    return b"\n".join([head, size, scale, b""]) + values[::-1].astype(f"{order}f4").tobytes()


def exr(**channels: NDArray[np.generic]) -> bytes:
    module = pytest.importorskip("OpenEXR", reason="the extra [depth] is not installed")
    file = module.File({"type": module.scanlineimage}, {name.replace("_", "."): c for name, c in channels.items()})
    out = io.BytesIO()
    file.write(out)
    return out.getvalue()


def hdf5(matlab: bool = False, **arrays: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=512 if matlab else 0) as file:
        for name, values in arrays.items():
            file[name] = values
    head = b"MATLAB 7.3 MAT-file".ljust(512)
    return head + out.getvalue()[512:] if matlab else out.getvalue()


GOOD: list[tuple[str, Callable[[], bytes], NDArray[np.generic]]] = [
    (".png", lambda: picture(CODES, "PNG"), CODES),
    (".png", lambda: picture(CODES.astype(np.uint8), "PNG"), CODES.astype(np.uint8)),
    (".png", lambda: picture(np.dstack([CODES.astype(np.uint8)] * 3), "PNG"), CODES.astype(np.uint8)),
    (".tif", lambda: picture(CODES, "TIFF"), CODES),
    (".tiff", lambda: picture(METRES, "TIFF"), METRES),
    (".npy", lambda: npy(METRES), METRES),
    (".npy", lambda: npy(METRES[..., None]), METRES),
    (".npy", lambda: npy(METRES[None]), METRES),
    (".npy", lambda: npy(METRES[None, None]), METRES),
    (".npy", lambda: npy(np.asfortranarray(METRES)), METRES),
    (".npy", lambda: npy(METRES.astype(">f8")), METRES),
    (".npy", lambda: npy(METRES.astype(np.float16)), METRES),
    (".npz", lambda: npz(anything=METRES), METRES),
    (".npz", lambda: npz(rgb=np.zeros((3, 4, 3)), Depth=METRES), METRES),
    (".pfm", lambda: pfm(METRES), METRES),
    (".pfm", lambda: pfm(METRES, ">"), METRES),
    (".exr", lambda: exr(Z=METRES), METRES),
    (".exr", lambda: exr(R=METRES, G=METRES, B=METRES), METRES),
    (".exr", lambda: exr(ViewLayer_Combined_R=METRES + 1, ViewLayer_Depth_Z=METRES.astype(np.float16)), METRES),
    (".h5", lambda: hdf5(dataset=METRES), METRES),
    (".hdf5", lambda: hdf5(rgb=np.zeros((3, 4, 3)), depth=METRES), METRES),
    (".mat", lambda: hdf5(True, depths=METRES.T), METRES),
]


@pytest.mark.parametrize(("suffix", "data", "values"), GOOD)
def test_each_kind_of_file_gives_its_numbers(
    suffix: str, data: Callable[[], bytes], values: NDArray[np.generic]
) -> None:
    found = decode_map(data(), suffix)
    assert np.array_equal(found.values, values)
    assert found.whole == np.issubdtype(values.dtype, np.integer)
    if found.whole:
        assert found.bits == 8 * values.dtype.itemsize


def test_all_kinds_are_tried_above() -> None:
    assert {suffix for suffix, *_ in GOOD} == SUFFIXES


def claims(shape: tuple[int, ...]) -> bytes:
    """Return a .npy that says that it is that large, and is not."""
    head = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(64)


def png_claims(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    head = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + head + picture(CODES, "PNG")[33:]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        member.write(claims((3, 4))[:-64] + bytes(2**20))
    return out.getvalue()


def linked() -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["depth"] = h5py.ExternalLink("/etc/other.h5", "/depth")
    return out.getvalue()


def v5() -> bytes:
    return b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(200)


COLOURS = np.random.default_rng(0).integers(0, 255, (3, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("suffix", "data", "reason"),
    [
        (".npy", lambda: npy(METRES.astype(np.complex64)), "complex64 values"),
        (".npy", lambda: npy(np.array([[{}]], object)), "object values"),
        (".npy", lambda: npy(METRES > 1), "bool values"),
        (".npy", lambda: npy(np.zeros((3, 4), [("a", "f4")])), "values, not numbers"),
        (".npy", lambda: npy(np.zeros((3, 4, 3))), "has shape (3, 4, 3), not (height, width)"),
        (".npy", lambda: npy(np.zeros(12)), "has shape (12,)"),
        (".npy", lambda: npy(np.zeros((0, 4))), "has shape (0, 4)"),
        (".npy", lambda: claims((100_000, 100_000)), "claims 10,000,000,000 values"),
        (".npy", lambda: claims((2**40, 2**40)), "values, more than 80 million"),
        (".npy", lambda: claims((300, 400)), "cut off: 64 of 480,000 bytes"),
        (".npy", lambda: npy(METRES).replace(b"(3, 4)", b"(3,(4)"), "cannot be read"),
        (".npy", lambda: b"", "cannot be read"),
        (".npz", lambda: npz(a=METRES, b=METRES), "several arrays or none, and not one named depth (a, b)"),
        (".npz", lambda: npz(depth=np.array([[{}]], object)), "object values"),
        (".npz", lambda: npz(a=METRES)[:-30], "cannot be read"),
        (".png", lambda: picture(COLOURS, "PNG"), "a colour picture: made to be looked at"),
        (".png", lambda: picture(COLOURS, "JPEG"), "no PNG, whatever its name says"),
        (".png", lambda: picture(CODES, "PNG")[:60], "cannot be read"),
        (".png", lambda: png_claims(60_000, 60_000), "cannot be read"),
        (".png", lambda: png_claims(9_000, 9_000), "claims 81,000,000 values"),
        (".tif", lambda: picture(COLOURS, "TIFF"), "no TIFF of one channel"),
        (".tif", lambda: b"II*\0junk", "no TIFF"),
        (".pfm", lambda: pfm(METRES)[:-8], "cut off: 40 of 48 bytes"),
        (".pfm", lambda: b"Pf\n999999 999999\n-1.0\n", "claims"),
        (".pfm", lambda: b"P5\n3 4\n255\n", "no PFM"),
        (".exr", lambda: exr(R=METRES, G=METRES + 1, B=METRES), "colour picture"),
        (".exr", lambda: exr(U=METRES, V=METRES), "several channels, and not one of depth (U, V)"),
        (".exr", lambda: b"v/1\x01junk", "cannot be read"),
        (".h5", linked, "several arrays or none"),
        (".h5", lambda: hdf5(depths=np.zeros((5, 3, 4))), "holds 5 maps: save each as a .npy"),
        (".h5", lambda: hdf5(a=METRES)[:100], "cannot be read"),
        (".mat", v5, "save it with -v7.3, or as .npy"),
    ],
)
def test_a_bad_file_gives_its_reason(suffix: str, data: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(SetAsideError) as caught:
        decode_map(data(), suffix)
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason


def test_what_is_unpacked_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_files, "MAX_BYTES", 2**16)
    with pytest.raises(SetAsideError, match="unpacks to more than a map may have"):
        decode_map(bomb(), ".npz")


@pytest.mark.parametrize(("suffix", "data"), [(s, d) for s, d, _ in GOOD])
def test_damage_never_raises_anything_else(suffix: str, data: Callable[[], bytes]) -> None:
    whole = data()
    rng = np.random.default_rng(len(whole))
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 4):
            damaged[at] = int(rng.integers(0, 256))
        with contextlib.suppress(SetAsideError):
            decode_map(bytes(damaged[: int(rng.integers(1, len(whole) + 1))]), suffix)


@pytest.mark.parametrize("suffix", [".exr", ".mat", ".h5"])
def test_a_missing_extra_is_named(suffix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(FigureGroundError, match=r"the extra \[depth\] is not installed") as caught:
        decode_map(b"MATLAB 7.3", suffix)
    assert caught.value.remedy == "pip install 'figureground[depth]'"
