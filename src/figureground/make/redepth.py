"""Make or replace the depth of a finished dataset.

Its other layers are copied byte for byte.  Its composites are rendered again from recipe and catalog, so the
depth is what a build with that network would have given; a sample whose rendering does not encode to the stored image
(another version made it) is estimated from the stored image instead.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError
from figureground.core.files import only_writer, partial_of, write_whole
from figureground.core.recipe import DepthOptions, Recipe
from figureground.core.recipe_toml import load_recipe, to_toml
from figureground.core.store import FolderStore
from figureground.dataset import parts
from figureground.dataset.parts import Made, PartReader
from figureground.dataset.stored import open_dataset
from figureground.ingest.catalog import load_catalog
from figureground.make.build import MARK, Progress, build_id, describe_build, failed_parts
from figureground.make.finish import finish
from figureground.plan import plan
from figureground.samples import codec
from figureground.samples.maker import Look, Workshop, depth_model

_KEPT = ("image", "mask", "instances")  # layers that are copied byte for byte


def redo_dataset(source: Path, out: Path, depth: DepthOptions, root: Path, engine: Engine, progress: Progress) -> Path:
    """Make or replace the depth of a finished dataset, in `out` or, where that is `source`, in place.

    Part by part; the same call again goes on where it was stopped.  `root`: the folder that depth.model starts from.
    """
    in_place = out.resolve() == source.resolve()
    if not (in_place and (source / MARK).is_file()):
        open_dataset(source)
    recipe = dataclasses.replace(load_recipe(source / "recipe.toml"), depth=depth, root=root)
    catalog = load_catalog(source / "catalog")
    model = depth_model(recipe)
    if model is None:
        raise FigureGroundError("this makes depth by a network", f"depth.source = {depth.source!r}", "give --model")
    identity = build_id(recipe, catalog, model)
    numbers = range(-(-plan.count(recipe, catalog) // recipe.parts.size))
    gone = [n for n in numbers if not (source / parts.FOLDER / f"{parts.part_name(n)}.zip").is_file()]
    if gone:
        raise FigureGroundError(
            f"{len(gone)} of {len(numbers)} parts are missing", str(source), "run the dataset's build command first"
        )
    _try_out(Workshop(recipe, catalog, FolderStore(source / "catalog"), model))
    if not in_place:
        _begin(source, out, identity)
    with only_writer(out):
        if in_place:
            # without a manifest it is no finished dataset, until every part has the new depth
            write_whole(out / MARK, json.dumps({"build_id": identity}).encode())
            (out / "manifest.json").unlink(missing_ok=True)
        parts.sweep(out)
        missing = [n for n in numbers if parts.read_info(out, n, identity) is None]
        _redo_parts(recipe, source, out, identity, missing, len(numbers), engine, progress)
        write_whole(out / "recipe.toml", to_toml(recipe).encode())
        write_whole(out / "build.json", json.dumps(describe_build(recipe, identity, model), indent=1).encode())
        finish(recipe, catalog, out, identity, len(numbers), progress)
        (out / MARK).unlink(missing_ok=True)
    return out


def _try_out(workshop: Workshop) -> None:
    """Run the network on one sample, so that one that does not work is an error before anything is touched."""
    (scene,) = workshop.scenes([0])
    workshop.depths([workshop.render(scene)])


def _begin(source: Path, out: Path, identity: str) -> None:
    """Begin a new folder, or check that it was begun by the same call, and complete its catalog."""
    try:
        begun = [
            json.loads((out / name).read_bytes())["build_id"] for name in (MARK, "build.json") if (out / name).is_file()
        ]
    except (OSError, ValueError, KeyError, TypeError):
        begun = [""]
    if begun and begun[0] != identity:
        raise FigureGroundError(
            "the output was begun with another depth network or options",
            str(out),
            "repeat that call, or give another folder",
        )
    if not begun and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FigureGroundError("the output folder holds other things", str(out), "give a new or empty folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / MARK, json.dumps({"build_id": identity}).encode())
        (out / parts.FOLDER).mkdir(exist_ok=True)
        if not (out / "catalog").exists():
            copy = partial_of(out / "catalog")
            shutil.copytree(source / "catalog", copy)
            copy.rename(out / "catalog")
    except OSError as error:
        raise FigureGroundError(
            f"the output folder cannot be written: {error.strerror}", str(out), "choose another folder"
        ) from None


def _redo_parts(
    recipe: Recipe,
    source: Path,
    out: Path,
    identity: str,
    missing: list[int],
    total: int,
    engine: Engine,
    progress: Progress,
) -> None:
    failures = []
    done = total - len(missing)
    progress("parts", done, total)
    for outcome in engine.map(functools.partial(_redo_part, recipe, str(source), str(out), identity), missing):
        if outcome.error is not None:
            failures.append((outcome.job, outcome.error))
        else:
            done += 1
            progress("parts", done, total)
    if failures:
        raise failed_parts(failures, len(missing), out)


def _redo_part(recipe: Recipe, source: str, out: str, identity: str, number: int) -> int:
    workshop = _workshop(recipe, source, identity)
    path = Path(source) / parts.FOLDER / f"{parts.part_name(number)}.zip"
    parts.write_part(Path(out), number, identity, _redo(workshop, path))
    return number


@functools.lru_cache(maxsize=1)
def _workshop(recipe: Recipe, source: str, identity: str) -> Workshop:
    """Keep a worker's workshop between parts; `identity` tells networks apart that two recipes name alike."""
    folder = Path(source) / "catalog"
    return Workshop(recipe, load_catalog(folder), FolderStore(folder), depth_model(recipe))


def _redo(workshop: Workshop, path: Path) -> Iterator[Made]:
    """Yield a part's samples with new depth; the part is closed when they are out, before it is replaced."""
    reader = PartReader(path)
    try:
        yield from _redo_records(workshop, reader)
    finally:
        reader.close()


def _redo_records(workshop: Workshop, reader: PartReader) -> Iterator[Made]:
    for i in range(0, len(reader.records), workshop.group):
        records = reader.records[i : i + workshop.group]
        scenes = workshop.scenes(record["index"] for record in records)
        members = [reader.members(record) for record in records]
        looks = [
            _as_stored(workshop, workshop.render(scene), stored["image"])
            for scene, stored in zip(scenes, members, strict=True)
        ]
        depths = workshop.depths(looks)
        for look, depth, record, stored in zip(looks, depths, records, members, strict=True):
            made = workshop.finish(look, depth)
            # image and mask stay the bytes that they were
            names = {f"{layer}_file_name": record[f"{layer}_file_name"] for layer in _KEPT if layer in stored}
            kept = {record[f"{layer}_file_name"]: stored[layer] for layer in _KEPT if layer in stored}
            depth_name = made.record.get("depth_file_name")
            if depth_name is not None:
                kept[depth_name] = made.members[depth_name]
            sizes = {**made.statistics.bytes, **{layer: len(stored[layer]) for layer in _KEPT if layer in stored}}
            yield Made({**made.record, **names}, kept, dataclasses.replace(made.statistics, bytes=sizes))


def _as_stored(workshop: Workshop, look: Look, stored: bytes) -> Look:
    """Return a rendered scene, with the stored picture where its own does not encode to the stored bytes."""
    if codec.jpeg(look.rendered.image, workshop.recipe.image) == stored:
        return look
    everything = slice(0, workshop.recipe.size)
    rendered = dataclasses.replace(look.rendered, image=codec.pixels(stored), changed=(everything, everything))
    return dataclasses.replace(look, rendered=rendered)
