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

from figureground import catalog as catalogs
from figureground import codec, parts
from figureground.catalog import FolderStore
from figureground.dataset import open_dataset
from figureground.engines import Engine
from figureground.errors import FigureGroundError
from figureground.files import only_writer, write_whole
from figureground.finish import finish
from figureground.matte import mask_of
from figureground.models import open_network
from figureground.parts import Made, PartReader
from figureground.pipeline import Progress, build_id, describe_build, failed_parts
from figureground.recipe import DepthOptions, Recipe, load_recipe, to_toml
from figureground.sample import Mask, Picture, Scene
from figureground.workshop import Workshop, depth_model, running

MARK = "redepth.json"  # stands in a dataset whose depth is being made; says under which build id


def redo_dataset(source: Path, out: Path, depth: DepthOptions, root: Path, engine: Engine, progress: Progress) -> Path:
    """Make or replace the depth of a finished dataset, in `out` or, where that is `source`, in place.

    Part by part; the same call again goes on where it was stopped.  `root`: the folder that depth.model starts from.
    """
    in_place = out.resolve() == source.resolve()
    begun = in_place and (source / MARK).is_file()
    if not begun:
        open_dataset(source)
    recipe = dataclasses.replace(load_recipe(source / "recipe.toml"), depth=depth, root=root)
    catalog = catalogs.load_catalog(source / "catalog")
    model = depth_model(recipe)
    if model is not None:
        open_network(model, running(recipe))  # a network that does not load is an error before anything is touched
    identity = build_id(recipe, catalog, model)
    numbers = sorted(int(path.stem.split("-")[1]) for path in (source / parts.FOLDER).glob("part-*.zip"))
    if in_place:
        # without a manifest it is no finished dataset, until every part has the new depth
        write_whole(out / MARK, json.dumps({"build_id": identity}).encode())
        (out / "manifest.json").unlink(missing_ok=True)
    else:
        _new_folder(source, out, identity)
    with only_writer(out):
        parts.sweep(out)
        missing = [n for n in numbers if parts.read_info(out, n, identity) is None]
        progress("parts", len(numbers) - len(missing), len(numbers))
        failures = []
        done = len(numbers) - len(missing)
        for outcome in engine.map(functools.partial(_redo_part, recipe, str(source), str(out), identity), missing):
            if outcome.error is not None:
                failures.append((outcome.job, outcome.error))
            else:
                done += 1
                progress("parts", done, len(numbers))
        if failures:
            raise failed_parts(failures, len(missing), out)
        write_whole(out / "recipe.toml", to_toml(recipe).encode())
        write_whole(out / "build.json", json.dumps(describe_build(recipe, identity, model), indent=1).encode())
        finish(recipe, catalog, out, identity, len(numbers), progress)
        (out / MARK).unlink(missing_ok=True)
    return out


def _new_folder(source: Path, out: Path, identity: str) -> None:
    """Copy what is not parts into a new folder, or check that the folder was begun by the same call."""
    mark = out / MARK
    if mark.is_file():
        if json.loads(mark.read_bytes())["build_id"] != identity:
            raise FigureGroundError(
                "the output was begun with another depth network or options",
                str(out),
                "repeat that call, or give another folder",
            )
        return
    if (out / "manifest.json").is_file() and json.loads((out / "build.json").read_bytes())["build_id"] == identity:
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FigureGroundError("the output folder holds other things", str(out), "give a new or empty folder")
    try:
        (out / parts.FOLDER).mkdir(parents=True)
        write_whole(mark, json.dumps({"build_id": identity}).encode())
        shutil.copytree(source / "catalog", out / "catalog", dirs_exist_ok=True)
    except OSError as error:
        raise FigureGroundError(
            f"the output folder cannot be written: {error.strerror}", str(out), "choose another folder"
        ) from None


def _redo_part(recipe: Recipe, source: str, out: str, identity: str, number: int) -> int:
    workshop = _workshop(recipe, source)
    reader = PartReader(Path(source) / parts.FOLDER / f"{parts.part_name(number)}.zip")
    try:
        parts.write_part(Path(out), number, identity, _redo(workshop, reader))
    finally:
        reader.close()
    return number


@functools.lru_cache(maxsize=1)
def _workshop(recipe: Recipe, source: str) -> Workshop:
    folder = Path(source) / "catalog"
    return Workshop(recipe, catalogs.load_catalog(folder), FolderStore(folder), depth_model(recipe))


def _redo(workshop: Workshop, reader: PartReader) -> Iterator[Made]:
    batch = workshop.recipe.depth.batch
    scenes = workshop.scenes(record["index"] for record in reader.records)
    for i in range(0, len(scenes), batch):
        group, records = scenes[i : i + batch], reader.records[i : i + batch]
        members = [reader.members(record) for record in records]
        looks = [_look(workshop, scene, stored["image"]) for scene, stored in zip(group, members, strict=True)]
        masks = [mask for _, mask in looks]
        depths = workshop.depths(group, [image for image, _ in looks], masks)
        for scene, (image, mask), depth, record, stored in zip(group, looks, depths, records, members, strict=True):
            made = workshop.finish(scene, image, mask, depth)
            # image and mask stay the bytes that they were
            kept = {record[f"{layer}_file_name"]: stored[layer] for layer in ("image", "mask")}
            names = {f"{layer}_file_name": record[f"{layer}_file_name"] for layer in ("image", "mask")}
            depth_name = made.record.get("depth_file_name")
            if depth_name is not None:
                kept[depth_name] = made.members[depth_name]
            sizes = {**made.statistics.bytes, "image": len(stored["image"]), "mask": len(stored["mask"])}
            yield Made({**made.record, **names}, kept, dataclasses.replace(made.statistics, bytes=sizes))


def _look(workshop: Workshop, scene: Scene, stored: bytes) -> tuple[Picture, Mask]:
    """Return (image, mask) of a scene: as rendered if that encodes to the stored bytes, else the image as stored."""
    image, alpha = workshop.render(scene)
    if codec.jpeg(image, workshop.recipe.image) != stored:
        image = codec.pixels(stored)
    return image, mask_of(alpha)
