"""The files that decide what a network gives: found, hashed, and held to while a run goes on."""

from __future__ import annotations

import functools
import hashlib
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from figureground.core.errors import FREE_SOME, FigureGroundError, is_short_of_memory
from figureground.core.files import file_sha256
from figureground.core.job import WeightsFile
from figureground.networks.onnx_file import external_locations

SOURCE = "source.json"  # what `hub.get` notes in a folder; it is none of the weights
_HDF5, _ORT = b"\x89HDF\r\n\x1a\n", b"ORTM"


class ChangedError(FigureGroundError):
    """A network's files are no longer what the run began with."""


@dataclass(frozen=True)
class Weights:
    """The files of a network, and one sha256 over all of them: of a single file it is that file's own."""

    sha256: str
    files: tuple[WeightsFile, ...]


def weights_of(path: Path, purpose: str = "depth") -> Weights:
    """Return the files of a network: an ONNX file and those beside it that hold its tensors, or all of a folder.

    Raises FigureGroundError, naming the file, where one is missing, cannot be read or lies outside of the folder.
    """
    names = _names(path, purpose)
    base = path if path.is_dir() else path.parent
    try:
        files = tuple(WeightsFile(name, _stamp(base / name), file_sha256(base / name)) for name in names)
    except OSError as error:
        raise _unreadable(error, path, purpose) from None
    if not path.is_dir() and len(files) == 1:
        return Weights(files[0].sha256, files)
    total = hashlib.sha256()
    for file in files:
        named = file.name if path.is_dir() or file is not files[0] else ""  # the ONNX file itself may be renamed
        total.update(f"{named}\0{file.sha256}\n".encode())
    return Weights(total.hexdigest(), files)


def _unreadable(error: OSError, path: Path, purpose: str) -> FigureGroundError:
    remedy = FREE_SOME if is_short_of_memory(error) else "check the file"
    what = f"the {purpose} network cannot be read: {error.strerror}"
    return FigureGroundError(what, str(error.filename or path), remedy)


def require_same(path: Path, files: Sequence[WeightsFile], purpose: str = "depth") -> None:
    """Raise FigureGroundError, naming the file, where the network is no longer what it was found to be.

    Cheap: a file is read again only where its size, times or place on the disk differ.
    """
    if not files:
        return
    base = path if path.is_dir() else path.parent
    if path.is_dir() and (new := sorted({*_in_folder(path)} - {file.name for file in files})):
        raise _changed(f"{new[0]} is new in the {purpose} network's folder", path)
    for file in files:
        try:
            same = _stamp(base / file.name) == file.stamp or file_sha256(base / file.name) == file.sha256
        except OSError as error:
            raise _changed(f"{file.name} of the {purpose} network is gone: {error.strerror}", path) from None
        if not same:
            raise _changed(f"{file.name} of the {purpose} network has other content than when this run began", path)


def _changed(what: str, path: Path) -> ChangedError:
    return ChangedError(what, str(path), "restore it and run the same command again; leave it alone meanwhile")


def difference(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> list[str]:
    """Return what became of a network's files, (name, sha256) each, in words: "m.onnx_data has other content"."""
    old, new = dict(before), dict(after)
    if len(old) == len(new) == 1:  # one file under another name is that file's affair
        ((was, one),), ((now, other),) = old.items(), new.items()
        if one == other:
            return []
        return [f"{now} has other content" if was == now else f"{now} in place of {was}"]
    found = [f"{name} is gone" for name in old if name not in new]
    found += [f"{name} is new" for name in new if name not in old]
    return found + [f"{name} has other content" for name in new if name in old and old[name] != new[name]]


def _names(path: Path, purpose: str) -> list[str]:
    """Return the names of a network's files, as seen from its folder; an ONNX file comes before those beside it."""
    if path.is_dir():
        return _in_folder(path)
    try:
        outside = () if path.suffix.lower() in (".h5", ".hdf5") else _outside(path, _stamp(path))
    except ValueError as error:
        raise FigureGroundError(
            f"the {purpose} network cannot be loaded: {error}", str(path), "give a valid ONNX file"
        ) from None
    except OSError as error:
        raise _unreadable(error, path, purpose) from None
    for name in outside:
        _require_beside(path, name, purpose)
    return [path.name, *outside]


def _in_folder(folder: Path) -> list[str]:
    """Return the files of a folder at any depth, `source.json` and hidden ones left out."""
    found = []
    for place in sorted(folder.rglob("*")):
        inside = place.relative_to(folder)
        if place.is_file() and place.name != SOURCE and not any(part.startswith(".") for part in inside.parts):
            found.append(inside.as_posix())
    return found


@functools.lru_cache(maxsize=16)  # a network's graph takes longer to walk than its bytes to hash
def _outside(path: Path, _of: object) -> tuple[str, ...]:
    """Return the files that an ONNX file names, as it names them; none for an empty file and for other formats.

    `_of`: the file's stamp, by which it is read again where it has changed.
    """
    with path.open("rb") as file:
        head = file.read(len(_HDF5))
        if not head or head == _HDF5 or head[4:8] == _ORT:
            return ()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return tuple(external_locations(data))


def _require_beside(path: Path, name: str, purpose: str) -> None:
    """Raise FigureGroundError unless a name is that of a file in the network's folder, or where its link leads."""
    parts = PureWindowsPath(name).parts
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in parts or "\0" in name:
        raise FigureGroundError(
            f"the {purpose} network keeps weights outside of its folder: {name!r}",
            str(path),
            "save it again with its weights inside the file, or in a file beside it",
        )
    place = path.parent / name
    if not place.is_file():
        raise FigureGroundError(
            f"{name} is missing: it holds weights of the {purpose} network",
            str(path),
            f"put {name} into the folder of {path.name}; the two belong together",
        )
    real, homes = os.path.realpath(place), (os.path.realpath(path.parent), os.path.dirname(os.path.realpath(path)))
    if not any(Path(real).is_relative_to(home) for home in homes):  # the hub's cache links both into one folder
        raise FigureGroundError(
            f"{name} is a link that leads out of the {purpose} network's folder",
            str(path),
            "put the file itself there",
        )


def _stamp(path: Path) -> tuple[int, ...]:
    """Return by what a change of a file is noticed without reading it."""
    seen = path.stat()
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino
