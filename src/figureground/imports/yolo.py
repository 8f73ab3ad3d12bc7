"""YOLO's data.yaml with its label files -> labelled pictures.

A line of a label file is "class x y x y x y ..." for an outline, in shares of the picture's sides, or "class x y w h"
for a box, which has no outline.  docs.ultralytics.com/datasets/segment; `ultralytics/data/utils.py` is the reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import opened_regular
from figureground.core.folder_store import FolderStore
from figureground.core.typed import typed
from figureground.imports.labelled import Instance, Labelled, Labels, inner_file
from figureground.imports.outlines import Polygons
from figureground.ingest.finding import SUFFIXES

_MOST_BYTES = 2**24  # of data.yaml, of a list of pictures, of a label file
_SPLITS = ("train", "val", "test")


def yolo_labels(path: Path, root: Path) -> Labels:
    """Return what a data.yaml and the label files of its pictures say.

    `root`: the folder of the data set, which `path:` in the file would name: it is the machine's that wrote it.
    Raises FigureGroundError where the file cannot be read, or names no pictures below the root.
    """
    try:
        with opened_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
        plain = _yaml(data)
        classes = _classes(plain.get("names"))
        places = [place for split in _SPLITS for place in _places(plain.get(split))]
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"the data file cannot be read: {getattr(error, 'strerror', None) or error}",
            str(path),
            "give a data.yaml with names, and train, val or test",
        ) from None
    store, digest = FolderStore(root), hashlib.sha256(data)
    pictures = []
    for name in dict.fromkeys(name for place in places for name in _pictures(store, place)):
        text = _label_text(store, name)
        digest.update(f"{name}\0{len(text)}\0".encode() + text)
        if instances := tuple(_instances(text, classes)):
            pictures.append(Labelled(name, instances))
    if not pictures:
        raise FigureGroundError(
            "no labelled pictures", f"{root}: {', '.join(places)}", "name the data set's own folder with --root"
        )
    return Labels(pictures, list(dict.fromkeys(classes.values())), {"labels_sha256": digest.hexdigest()})


def _yaml(data: bytes) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError:
        raise FigureGroundError(
            "reading data.yaml needs PyYAML", "import yolo", "pip install 'figureground[yolo]'"
        ) from None
    if len(data) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES >> 20} MiB")
    try:
        found: Mapping[str, Any] = typed(Mapping[str, Any], yaml.safe_load(data))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from None
    return found


def _classes(value: Any) -> dict[int, str]:
    """Return the classes by their number, of a list or a table.  Raises ValueError."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {typed(int, number): str(typed(str | None, name) or "") for number, name in rows}
    if not found or "" in found.values():
        raise ValueError("names: no list of classes")
    return found


def _places(value: Any) -> list[str]:
    """Return the folders or lists of pictures of a split, below the root.  Raises ValueError for one that leads out.

    Roboflow writes "../train/images" where it means "train/images".
    """
    found = []
    for written in value if isinstance(value, list) else [value] if value else []:
        text = typed(str, written).replace("\\", "/")
        while text.startswith(("../", "./")):
            text = text.partition("/")[2]
        name, why = inner_file(text.rstrip("/"))
        if why:
            raise ValueError(f"{text[:80]!r} is {why}")
        found.append(name)
    return found


def _pictures(store: FolderStore, place: str) -> Iterator[str]:
    """Yield the pictures of a folder, or of a list of them."""
    if not place.endswith(".txt"):
        yield from (name for name in store.list(f"{place}/") if PurePosixPath(name).suffix.lower() in SUFFIXES)
        return
    for line in _text(store, place).decode(errors="replace").splitlines():
        name, _ = inner_file(line.strip())
        if name:
            yield name


def _label_text(store: FolderStore, name: str) -> bytes:
    """Return the labels of a picture: below "labels" where it lies below "images"."""
    before, found, after = f"/{name}".rpartition("/images/")
    stem = f"{before}/labels/{after}" if found else f"/{name}"
    return _text(store, PurePosixPath(stem[1:]).with_suffix(".txt").as_posix())


def _text(store: FolderStore, name: str) -> bytes:
    try:
        return store.read(name, 0, _MOST_BYTES)
    except (OSError, ValueError):
        return b""


def _instances(text: bytes, classes: Mapping[int, str]) -> Iterator[Instance]:
    for number, line in enumerate(text.decode(errors="replace").splitlines(), 1):
        words, key = line.split(), str(number)
        if not words:
            continue
        try:
            name = classes.get(int(float(words[0])), "")
            ring = tuple(map(float, words[1:]))
        except (ValueError, OverflowError):
            yield Instance(key, "", aside="its label cannot be read: no numbers")
            continue
        if not name:
            yield Instance(key, "", aside=f"its class is not listed: {words[0][:20]}")
        elif len(ring) < 6:
            yield Instance(key, name, aside="no outline, a box at most")
        else:
            yield Instance(key, name, Polygons((ring,), relative=True))
