"""Pictures -> a depth map and its meaning for each, in a folder."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.engines import Engine, Outcome, mapped, run_error
from figureground.core.errors import FigureGroundError, NoDepthError, SetAsideError
from figureground.core.faults import at_work, disk_fault, require_writable
from figureground.core.folder_store import FolderStore
from figureground.core.job import DepthModel, Running
from figureground.core.nouns import DepthMap
from figureground.core.progress import Progress
from figureground.core.record import DepthMeaning
from figureground.core.store import Store
from figureground.dataset import names
from figureground.dataset.network_facts import network_changes, network_json
from figureground.geometry.codes import quantise
from figureground.image import png
from figureground.ingest import photos
from figureground.ingest.finding import search
from figureground.ingest.inputs import display_name
from figureground.make.made_names import names_of
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.networks.tensors import resized_map
from figureground.networks.weights import ChangedError, require_same
from figureground.samples.records import meaning_of

ENCODINGS = ("png16", "npy")
SIZES = ("image", "native")
_KEPT = "the maps made so far are kept"
_ENOUGH = 4096  # px of the shorter side: as much as any network sees of a photo
_MOST_PIXELS = 178_000_000  # of a map: 700 MB of float32, and as many as Pillow opens


@dataclass(frozen=True)
class MapTask:
    """How the maps of pictures are made: `floats` as .npy, else 16-bit codes; `native`: at the network's own size."""

    model: DepthModel
    how: Running
    store: Store
    floats: bool
    native: bool

    def about(self) -> dict[str, Any]:
        """Return what decides a map besides its picture."""
        how = {"running": asdict(self.how), "size": SIZES[self.native], "encoding": ENCODINGS[self.floats]}
        return {**network_json(self.model), **how}


@dataclass(frozen=True)
class Picture:
    """A picture that gets a map: its file, its name as seen from the folder, and the name of its map."""

    path: str
    name: str
    map: str


@dataclass(frozen=True)
class FolderMaps:
    """What became of the pictures: how many maps were written and how many were there; a line for each picture that was
    set aside; and the datasets whose pictures were passed over."""

    written: int
    kept: int
    set_aside: tuple[str, ...]
    datasets: tuple[str, ...]


def depth_of_folder(
    target: Path,
    out: Path,
    model: DepthModel,
    how: Running,
    engine: Engine,
    progress: Progress,
    encoding: str = "png16",
    size: str = "image",
) -> FolderMaps:
    """Write NAME.depth.png (or .npy) and NAME.depth.json for each picture of a folder, or for one picture.

    `encoding`: "png16", codes as in a dataset, or "npy", float32 in the network's unit.  `size`: "image", that of the
    upright photo, or "native", the network's own output size.  The JSON says unit, direction, scale, offset, invalid
    code, network and picture.  Maps that exist are kept where picture and network are still theirs, so the same call
    goes on where it was stopped.

    Raises FigureGroundError for maps of another network or form in `out`, and where no picture got depth by it.
    """
    for name, value, known in (("--encoding", encoding, ENCODINGS), ("--size", size, SIZES)):
        if value not in known:
            raise FigureGroundError(f"unknown {name[2:]} {value!r}", name, f"one of {', '.join(known)}")
    task = MapTask(model, how, FolderStore(out), encoding == "npy", size == "native")
    pictures, datasets = _pictures(target, out, ".depth.npy" if task.floats else ".depth.png")
    _refuse_others(task, pictures)
    open_network(model, how)  # a network that does not load is an error before anything is written
    require_writable(task.store)
    progress("pictures", 0, len(pictures))
    kept, aside, failed = 0, [], None
    with at_work(task.store), closing(_outcomes(engine, task, pictures)) as outcomes:
        for done, outcome in enumerate(outcomes, 1):
            kept += outcome.value is False
            if isinstance(outcome.error, SetAsideError):
                aside.append(f"{outcome.job.name}: {outcome.error.reason}")
            elif isinstance(outcome.error, FigureGroundError):
                aside.append(f"{outcome.job.name}: {outcome.error.what}")
                failed = outcome.error
            progress("pictures", done, len(pictures))
    if failed is not None and len(aside) == len(pictures):
        raise failed  # not one picture's fault
    return FolderMaps(len(pictures) - kept - len(aside), kept, tuple(sorted(aside)), datasets)


def _outcomes(engine: Engine, task: MapTask, pictures: Sequence[Picture]) -> Generator[Outcome, None, None]:
    """Yield what became of each picture.  Raises what is no picture's fault."""
    with mapped(engine, functools.partial(_write_map, task), pictures) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome.error, ChangedError) or not isinstance(
                outcome.error, SetAsideError | FigureGroundError | None
            ):
                told = disk_fault(outcome.error, task.store)
                raise told or run_error(outcome.error, outcome.job.name, _KEPT) or outcome.error
            yield outcome


def _pictures(target: Path, out: Path, suffix: str) -> tuple[list[Picture], tuple[str, ...]]:
    """Return the pictures of a folder, or the one that is meant, and the folder's datasets, which are passed over."""
    if target.is_file():
        return [_alone(target, out, suffix)], ()
    if not target.is_dir():
        raise FigureGroundError(
            "no such folder or picture", str(target), "give a finished dataset, a folder of pictures, or one picture"
        )
    inside = out.resolve()
    there = search([str(target)], Path(), "the folder")
    datasets = tuple(folder.relative_to(target).as_posix() for folder in there.ours)
    found = [
        path
        for path in there.files
        # what an earlier call wrote
        if not path.name.endswith(".depth.png") and not path.resolve().is_relative_to(inside)
    ]
    if not found:
        said = f", and datasets: {', '.join(datasets)}" if datasets else ""
        raise FigureGroundError(
            f"the folder holds no pictures but maps{said}", str(target), "give a folder of photos, or one photo"
        )
    maps = names_of([path.relative_to(target).as_posix() for path in found], suffix)
    pictures = [Picture(str(path), display_name(path, target), m) for path, m in zip(found, maps, strict=True)]
    return pictures, datasets


def _alone(path: Path, out: Path, suffix: str) -> Picture:
    """Return one picture that is named by itself; its map keeps the suffix where another's has the short name."""
    shown = display_name(path, path.parent)
    (short,), full = names_of([path.name], suffix), path.name + suffix
    owner = names.read_json(FolderStore(out), _meaning_file(short)).get("picture", shown)
    return Picture(str(path), shown, short if owner == shown else full)


def _refuse_others(task: MapTask, pictures: Sequence[Picture]) -> None:
    """Raise FigureGroundError where maps of these pictures are there that another network made, or in another form."""
    now = task.about()
    for picture in pictures:
        was = names.read_json(task.store, _meaning_file(picture.map)).get("network")
        if not isinstance(was, dict) or was == json.loads(json.dumps(now)):
            continue
        changes = network_changes(was, task.model)
        changes += [f"another {key}" for key in ("running", "size", "encoding") if was.get(key) != now[key]]
        raise FigureGroundError(
            f"the maps that are there were made in another way: {', '.join(changes) or 'another network'}",
            f"{task.store.name}/{_meaning_file(picture.map)}",
            "restore it, give another --out, or delete these maps",
        )


def _meaning_file(name: str) -> str:
    return str(Path(name).with_suffix(".json").as_posix())


def _write_map(task: MapTask, picture: Picture) -> bool:
    """Write one picture's map and its meaning; False where they are there and still its own."""
    data = photos.read_bytes(Path(picture.path))
    sha256, meaning_file = photos.sha256(data), _meaning_file(picture.map)
    there = names.read_json(task.store, meaning_file) if task.store.size(picture.map) is not None else {}
    if there.get("picture_sha256") == sha256:
        return False
    values = _values(task, photos.decode(data, _ENOUGH))
    card = task.model.card
    if task.floats:
        encoded, meaning = _npy(values), DepthMeaning(card.unit, card.direction, 1.0, 0.0, None, _share(values))
    else:
        code = quantise(DepthMap(values, card.unit, card.direction), "png16")
        if not code.codes.any():
            raise NoDepthError("the depth network's output lies outside of what can be stored")
        encoded, meaning = png.encode(code.codes), meaning_of(code)
    require_same(task.model.path, task.model.files)
    fields = {f"depth_{field}": value for field, value in vars(meaning).items()}
    about = {**fields, "model": card.name, "model_sha256": task.model.sha256, "licence": card.licence}
    about |= {"picture": picture.name, "picture_sha256": sha256, "network": task.about()}
    task.store.delete(picture.map)  # an old one does not stand beside the new meaning
    # the meaning first: a map without it is never there
    task.store.write(meaning_file, json.dumps(about, indent=1).encode())
    task.store.write(picture.map, encoded)
    return True


def _values(task: MapTask, photo: photos.Photo) -> Singles:
    """Return a photo's depth at the size that is wanted; a large one may have been reduced while it was decoded."""
    height, width = photo.full_size
    if not task.native and height * width > _MOST_PIXELS:
        raise SetAsideError(f"its map would have {height * width / 1e6:.0f} million pixels; --size native is smaller")
    picture = np.ascontiguousarray(photo.pixels[..., :3])
    values = _network(task.model, task.how)(picture[None], native=True)[0]
    return values if task.native else resized_map(values, height, width)


def _share(values: Singles) -> float:
    return round(float(np.isfinite(values).mean()), 6)


def _npy(values: Singles) -> bytes:
    out = io.BytesIO()
    np.save(out, values, allow_pickle=False)
    return out.getvalue()


@functools.lru_cache(maxsize=1)
def _network(model: DepthModel, how: Running) -> DepthNetwork:
    return open_network(model, how)
