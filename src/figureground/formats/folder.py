"""Plain folders, a split each, which Hugging Face's `datasets` and Ultralytics' depth and semantic tasks open.

    SPLIT/images/000000007.jpg    members as they are stored
    SPLIT/masks/000000007.png     ... and so on, a folder a layer
    SPLIT/depth/000000007.png     16 bits, millimetres, 0 = no value
    SPLIT/relative_depth/         instead of it where depth is relative: as stored
    SPLIT/semantic/000000007.png  class ids, also of datasets that do not store them
    SPLIT/amodal_mask/, SPLIT/amodal_depth/    with `amodal`: the whole figures, and the depth of the background alone
    SPLIT/normals/                with `normals`: red right, green up, blue towards the camera; 0, 0, 0 = unknown
    SPLIT/metadata.jsonl          a row a sample: LAYER_file_name, and the record's fields
    README.md                     for `datasets.load_dataset(FOLDER)`: which folder is which split
    data.yaml                     for Ultralytics; written last

Relative depth has a folder of its own, as Ultralytics would take what is in `depth` for millimetres.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figureground.core.errors import FigureGroundError
from figureground.core.layers import LAYERS
from figureground.core.options import option
from figureground.core.record import SPLITS, Record
from figureground.formats.folder_about import data_yaml, readme
from figureground.formats.format import Format, Prepared, Work, require_choice
from figureground.formats.members import (
    PER_METRE,
    class_ids,
    depth_png,
    members,
    metres,
    millimetres,
    require_behind,
    require_layers,
    suffix_of,
)
from figureground.formats.pairs import a_file_a_split, require_pairs
from figureground.geometry.codes import DepthCode, quantise
from figureground.geometry.intrinsics import planar_metres
from figureground.geometry.normals import coloured, normals
from figureground.image import png
from figureground.samples import codec
from figureground.samples.amodal import amodal
from figureground.samples.sample import Sample

RELATIVE = "relative_depth"
SEMANTIC = "semantic"
METRES = {"unit": "m", "direction": "larger is farther", "scale": 1 / PER_METRE, "offset": 0.0, "invalid": 0}


@dataclass(frozen=True)
class Options:
    """`layers`: names with commas between; "" for all that the dataset has, and semantic."""

    layers: str = option("", "Layers to write, like mask,depth; left out: all that the dataset has, and semantic.")
    amodal: bool = option(False, "Also the mask of the whole figures and the depth of the background behind them.")
    normals: bool = option(False, "Also surface normals as colours, of depth in metres by the sample's camera.")
    val: str = option("new_both", f"Which split data.yaml calls val: {', '.join(SPLITS[1:])}.")


@dataclass(frozen=True)
class _Plan:
    """What is written: `layers` beside the image, `splits` that have samples, in their order."""

    work: Work
    layers: tuple[str, ...]
    splits: tuple[str, ...]
    options: Options


def prepare(work: Work, options: Options) -> Prepared:
    """Check what can be refused.  Raises FigureGroundError for layers that there are not, depth of several units, a
    `val` without samples, `amodal` without known depth of a background, and `normals` without camera or metres."""
    require_choice("val", options.val, SPLITS[1:])
    splits = tuple(work.by_split())
    if options.val not in splits and options.val != Options.val:
        raise FigureGroundError(f"no chosen sample is in the split {options.val!r}", "--val", "choose another split")
    layers = _layers(work, options.layers)
    relative = {record.depths["depth"].unit == "relative" for _, record in work.records() if "depth" in record.depths}
    if "depth" in layers and len(relative) > 1:
        raise FigureGroundError(
            "some of the samples have relative depth, others depth in metres", "--layers", "choose samples of one kind"
        )
    if options.amodal:
        require_behind(work)
    if options.normals:
        require_pairs(work, camera=True)
    return Prepared(options, lambda: _write(_Plan(work, layers, splits, options), True in relative))


def _layers(work: Work, wanted: str) -> tuple[str, ...]:
    """Return the layers to write beside the image, in the order of the table."""
    there = work.dataset.manifest.get("layers") or list(work.dataset.record(work.numbers[0]).files)
    drawn = {SEMANTIC} if "mask" in there else set()
    chosen = [name.strip() for name in wanted.split(",") if name.strip()] or [*there, *drawn]
    for name in chosen:
        require_choice("layers", name, list(LAYERS))
    require_layers(work.dataset, *(name for name in chosen if name not in drawn))
    return tuple(name for name in LAYERS if name in chosen and name != "image")


def _write(plan: _Plan, relative: bool) -> None:
    work = plan.work
    with a_file_a_split(work, "{}/metadata.jsonl") as rows:
        for done, (i, record) in enumerate(work.records(), 1):
            row = record.to_row()
            row = {name: value for name, value in row.items() if not name.endswith("_file_name")}
            names: dict[str, str] = {}
            meanings: dict[str, Any] = {}
            for field, place, data, meaning in _pictures(plan, i, record):
                work.put(f"{record.split}/{place}", data)
                names[f"{field}_file_name"] = place
                meanings |= {f"{field}_{name}": value for name, value in meaning.items()}
            line = json.dumps({**names, **_in_metres(row, meanings), **meanings}, ensure_ascii=False)
            rows[record.split].write(f"{line}\n".encode())
            work.progress("export", done, len(work.numbers))
    depth = None if "depth" not in plan.layers else RELATIVE if relative else "depth"
    work.put("README.md", readme(plan.splits, depth).encode())
    semantic = SEMANTIC if SEMANTIC in plan.layers else None
    work.put(
        "data.yaml", data_yaml(plan.splits, plan.options.val, depth, semantic, work.dataset.classes.values()).encode()
    )


def _in_metres(row: dict[str, Any], meanings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose figures say their depth in the unit that the written depth has."""
    if row.get("depth_unit") == "1/m" and meanings.get("depth_unit") == "m":
        for figure in row["figures"]:
            inverse = figure["depth_at_contact"]
            figure["depth_at_contact"] = 1 / inverse if inverse else 0.0
    return row


def _pictures(plan: _Plan, i: int, record: Record) -> Iterator[tuple[str, str, bytes, Mapping[str, Any]]]:
    """Yield each picture of sample i: the name of its column, its name below the split, its bytes, and what its codes
    mean where they are others than the record says."""
    found, name = members(plan.work.dataset, i), f"{record.index:09d}"
    for layer in ("image", *plan.layers):
        folder = LAYERS[layer].folder
        if layer == "depth" and layer in found:
            if record.depths[layer].unit == "relative":
                yield layer, f"{RELATIVE}/{name}.{suffix_of(record, layer)}", found[layer], {}
            else:
                data = millimetres(found[layer], record)
                yield layer, f"{folder}/{name}.png", data, {} if data is found[layer] else _metric(data)
        elif layer in found:
            yield layer, f"{folder}/{name}.{suffix_of(record, layer)}", found[layer], {}
        elif layer == SEMANTIC:
            yield layer, f"{folder}/{name}.png", png.encode(class_ids(found, record)), {}
    if plan.options.normals:
        colours = coloured(normals(metres(found["depth"], record), record.camera.matrix))
        yield "normals", f"normals/{name}.png", png.encode(colours), {}
    if plan.options.amodal:
        yield from _amodal(plan.work.dataset.sample(i), name)


def _metric(data: bytes) -> dict[str, Any]:
    return {**METRES, "valid_fraction": float(np.count_nonzero(codec.pixels(data)) / codec.pixels(data).size)}


def _amodal(sample: Sample, name: str) -> Iterator[tuple[str, str, bytes, Mapping[str, Any]]]:
    whole, behind = amodal(sample)
    yield "amodal_mask", f"amodal_mask/{name}.png", png.encode(whole), {}
    if behind.unit == "relative":
        code = quantise(behind, "png16")
        yield "amodal_depth", f"amodal_depth/{name}.png", png.encode(code.codes), _meaning(code)
    else:
        data = depth_png(planar_metres(behind).astype(np.float32), PER_METRE)
        yield "amodal_depth", f"amodal_depth/{name}.png", data, METRES


def _meaning(code: DepthCode) -> dict[str, Any]:
    said: Sequence[str] = tuple(METRES)
    return {name: getattr(code, name) for name in said}


FORMAT = Format(
    "folder", "A folder a split with images, masks, depth and metadata: Hugging Face, Ultralytics.", Options, prepare
)
