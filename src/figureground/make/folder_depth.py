"""A plain folder of pictures -> a depth map and its meaning for each."""

from __future__ import annotations

import functools
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.engines import Engine, run_error
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.job import DepthModel, Running
from figureground.core.nouns import DepthMap
from figureground.core.progress import Progress
from figureground.core.record import DepthMeaning
from figureground.core.store import FolderStore, Store
from figureground.geometry.codes import quantise
from figureground.image import png
from figureground.ingest import photos
from figureground.make.identity import cannot_write
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.samples.records import meaning_of

ENCODINGS = ("png16", "npy")
SIZES = ("image", "native")


@dataclass(frozen=True)
class MapTask:
    """How the maps of a folder are made: `floats` as .npy, else 16-bit codes; `native`: at the network's own size."""

    model: DepthModel
    how: Running
    store: Store
    floats: bool
    native: bool


def depth_of_folder(
    folder: Path,
    out: Path,
    model: DepthModel,
    how: Running,
    engine: Engine,
    progress: Progress,
    encoding: str = "png16",
    size: str = "image",
) -> list[str]:
    """Write NAME.depth.png (or .npy) and NAME.depth.json for each picture of a folder.

    `encoding`: "png16", codes as in a dataset, or "npy", float32 in the network's unit.  `size`: "image", or "native",
    the network's own output size.  The JSON says unit, direction, scale, offset, invalid code and network.  Maps that
    exist are kept, so the same call goes on where it was stopped.  Returns a line for each picture that was set aside.
    """
    for name, value, known in (("--encoding", encoding, ENCODINGS), ("--size", size, SIZES)):
        if value not in known:
            raise FigureGroundError(f"unknown {name[2:]} {value!r}", name, f"one of {', '.join(known)}")
    if not folder.is_dir():
        raise FigureGroundError("no such folder of pictures", str(folder), "give a finished dataset, or a folder")
    task = MapTask(model, how, FolderStore(out), encoding == "npy", size == "native")
    pairs = _pairs(folder, out, ".depth.npy" if task.floats else ".depth.png")
    open_network(model, how)  # a network that does not load is an error before anything is written
    _require_writable(task.store)
    todo = [pair for pair in pairs if task.store.size(pair[1]) is None]
    start = len(pairs) - len(todo)
    progress("pictures", start, len(pairs))
    aside: list[str] = []
    failed: FigureGroundError | None = None
    for done, outcome in enumerate(engine.map(functools.partial(_write_map, task), todo), start + 1):
        if isinstance(outcome.error, SetAsideError):
            aside.append(f"{outcome.job[0]}: {outcome.error.reason}")
        elif isinstance(outcome.error, FigureGroundError):
            aside.append(f"{outcome.job[0]}: {outcome.error.what}")
            failed = outcome.error
        elif outcome.error is not None:
            raise run_error(outcome.error, outcome.job[0], "the maps made so far are kept") or outcome.error
        progress("pictures", done, len(pairs))
    if failed is not None and len(aside) == len(pairs):
        raise failed  # not one picture's fault
    return sorted(aside)


def _pairs(folder: Path, out: Path, suffix: str) -> list[tuple[str, str]]:
    """Return (path of a picture, name of its map) for every picture of a folder but the maps themselves."""
    inside = out.resolve()
    pairs = []
    for path in photos.find([str(folder)], Path(), "the folder"):
        if path.name.endswith(".depth.png") or path.resolve().is_relative_to(inside):
            continue  # what an earlier call wrote
        pairs.append((str(path), path.relative_to(folder).with_suffix("").as_posix() + suffix))
    if len({name for _, name in pairs}) < len(pairs):
        raise FigureGroundError("two pictures differ only in their suffix", str(folder), "rename one of them")
    return pairs


def _require_writable(store: Store) -> None:
    try:
        store.write("write-test", b"")
        store.delete("write-test")
    except OSError as error:
        raise cannot_write(store, error) from None


def _write_map(task: MapTask, pair: tuple[str, str]) -> None:
    path, name = pair
    picture = np.ascontiguousarray(photos.decode(photos.read_bytes(Path(path)), 4096).pixels[..., :3])
    values = _network(task.model, task.how)(picture[None], native=task.native)[0]
    card = task.model.card
    if task.floats:
        data, meaning = _npy(values), DepthMeaning(card.unit, card.direction, 1.0, 0.0, None, 1.0)
    else:
        code = quantise(DepthMap(values, card.unit, card.direction), "png16")
        data, meaning = png.encode(code.codes), meaning_of(code)
    fields = {f"depth_{field}": value for field, value in vars(meaning).items()}
    about = {**fields, "model": card.name, "model_sha256": task.model.sha256, "licence": card.licence}
    # the meaning first: a map without it is never there
    task.store.write(str(Path(name).with_suffix(".json")), json.dumps(about, indent=1).encode())
    task.store.write(name, data)


def _npy(values: Singles) -> bytes:
    out = io.BytesIO()
    np.save(out, values, allow_pickle=False)
    return out.getvalue()


@functools.lru_cache(maxsize=1)
def _network(model: DepthModel, how: Running) -> DepthNetwork:
    return open_network(model, how)
