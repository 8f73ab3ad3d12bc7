"""A plain folder of pictures -> a depth map and its meaning for each."""

from __future__ import annotations

import functools
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import write_whole
from figureground.core.job import DepthModel, Running
from figureground.core.sample import DepthMap
from figureground.geometry.codes import quantise
from figureground.image import png
from figureground.ingest import photos
from figureground.make.build import Progress
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.samples import codec

ENCODINGS = ("png16", "npy")
SIZES = ("image", "native")


def estimate_folder(
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
    inside = out.resolve()
    jobs = []
    for path in photos.find([str(folder)], Path(), "the folder"):
        if path.name.endswith(".depth.png") or path.resolve().is_relative_to(inside):
            continue  # what an earlier call wrote
        stem = path.relative_to(folder).with_suffix("").as_posix()
        jobs.append((str(path), str(out / f"{stem}.depth.{'npy' if encoding == 'npy' else 'png'}")))
    if len({target for _, target in jobs}) < len(jobs):
        raise FigureGroundError("two pictures differ only in their suffix", str(folder), "rename one of them")
    open_network(model, how)  # a network that does not load is an error before anything is written
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(out), "choose another folder") from None
    todo = [job for job in jobs if not Path(job[1]).is_file()]
    start = len(jobs) - len(todo)
    progress("pictures", start, len(jobs))
    aside: list[str] = []
    failed: FigureGroundError | None = None
    work = functools.partial(_estimate, model, how, encoding, size == "native")
    for done, outcome in enumerate(engine.map(work, todo), start + 1):
        if isinstance(outcome.error, SetAsideError):
            aside.append(f"{outcome.job[0]}: {outcome.error.reason}")
        elif isinstance(outcome.error, FigureGroundError):
            aside.append(f"{outcome.job[0]}: {outcome.error.what}")
            failed = outcome.error
        elif outcome.error is not None:
            raise outcome.error
        progress("pictures", done, len(jobs))
    if failed is not None and len(aside) == len(jobs):
        raise failed  # not one picture's fault
    return sorted(aside)


def _estimate(model: DepthModel, how: Running, encoding: str, native: bool, job: tuple[str, str]) -> None:
    picture = np.ascontiguousarray(photos.decode(photos.read_bytes(Path(job[0])), 4096).pixels[..., :3])
    values = _network(model, how)(picture[None], native=native)[0]
    depth = DepthMap(values, model.card.unit, model.card.direction)
    fields: dict[str, Any]
    if encoding == "npy":
        out = io.BytesIO()
        np.save(out, values, allow_pickle=False)
        data = out.getvalue()
        fields = {
            "depth_unit": depth.unit,
            "depth_direction": depth.direction,
            "depth_scale": 1.0,
            "depth_offset": 0.0,
            "depth_invalid": None,
            "depth_valid_fraction": 1.0,
        }
    else:
        code = quantise(depth, encoding)
        data, fields = png.encode(code.codes), codec.depth_fields(code)
    target = Path(job[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    about = {**fields, "model": model.card.name, "model_sha256": model.sha256, "licence": model.card.licence}
    # the meaning first: a map without it is never there
    write_whole(target.with_suffix(".json"), json.dumps(about, indent=1).encode())
    write_whole(target, data)


@functools.lru_cache(maxsize=1)
def _network(model: DepthModel, how: Running) -> DepthNetwork:
    return open_network(model, how)
