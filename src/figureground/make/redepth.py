"""Make or replace the depth of a finished dataset.

Its other layers are copied byte for byte.  Its composites are rendered again from recipe and catalog, so the
depth is what a build with that network would have given; a sample whose rendering does not encode to the stored image
(another version made it) is estimated from the stored image instead.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work, require_writable
from figureground.core.files import user_path
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.layers import DEPTHS
from figureground.core.progress import Progress
from figureground.core.recipe import DepthOptions
from figureground.core.steps import Tick
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.dataset.opening import open_dataset
from figureground.dataset.parts import PartReader
from figureground.dataset.versions import require_same_versions
from figureground.ingest.catalog import FILE, load_catalog
from figureground.make import made_with
from figureground.make.finish import finish
from figureground.make.identity import build_id, write_identity
from figureground.make.made_with import MadeWith
from figureground.make.missing import making
from figureground.make.no_depth import require_some
from figureground.make.part_task import PartTask, maker_of, require_same_network, require_there, watch_of
from figureground.networks.registry import is_known
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples import codec
from figureground.samples.maker import Made, Maker, Rendered


def redo_dataset(source: Path, out: Path, depth: DepthOptions, root: Path, engine: Engine, progress: Progress) -> Path:
    """Make or replace the depth of a finished dataset, in `out` or, where that is `source`, in place.

    Part by part; the same call again goes on where it was stopped.  `root`: the folder that depth.model starts from.
    """
    old, new = FolderStore(source), FolderStore(out)
    in_place = out.resolve() == source.resolve()
    if not (in_place and old.size(names.REDEPTH) is not None):
        open_dataset(old)
    require_same_versions(old, "new depth")
    before = names.recipe_in(old)
    # its photos are prepared already, so no network is looked for but the user's own
    job = resolve(dataclasses.replace(before, depth=depth, root=root, networks=None), prepared=True)
    if not job.depth.on_composites:
        raise FigureGroundError("this makes depth by a network", f"depth.source = {depth.source!r}", "give --model")
    catalog = load_catalog(old.below(names.CATALOG))
    task = PartTask(job, new, build_id(job, catalog), plan.count(job.placing, catalog))
    _require_parts(old, task)
    # a network that does not work is an error before anything is touched
    require_some(Maker(job, catalog, old.below(names.CATALOG)), task.samples)
    libraries = _libraries(task)
    if not in_place:
        _require_ours(new, task.identity)
    require_writable(new)
    with at_work(new):
        if not in_place:
            _begin(old, new, task.identity, libraries)
        else:
            # without a manifest it is no finished dataset, until every part has the new depth
            _mark(new, task.identity, libraries)
            new.delete(names.MANIFEST)
        with making(task, functools.partial(_redo_part, RedepthTask(task, old)), engine, progress) as (outcomes, note):
            for outcome in outcomes:
                note(outcome)
        both = made_with.joined(names.read_identity(old).get("made_with", {}), libraries)  # the other layers'
        write_identity(new, _rooted(job, Path(before.root).absolute()), task.identity, both)
        finish(task, catalog, progress)
        new.delete(names.REDEPTH)
    return out


@dataclass(frozen=True)
class RedepthTask:
    """The parts of a dataset that get new depth, and where their other layers are."""

    parts: PartTask
    source: Store


def _rooted(job: Job, root: Path) -> Job:
    """Return the job as the dataset keeps it: its photos start where they did, and so does the network's path now."""
    own = job.recipe.depth

    def seen_from_root(text: str) -> str:
        path = user_path(text, job.inputs.root)
        return (
            Path(os.path.relpath(path, root)).as_posix()
            if text and path.exists() and path.drive == root.drive
            else text
        )

    # a name from the list of networks wins over a file of that name
    model = own.model if is_known(own.model) else seen_from_root(own.model)
    depth = dataclasses.replace(own, model=model, card=seen_from_root(own.card))
    inputs = dataclasses.replace(job.inputs, root=root)
    return dataclasses.replace(job, inputs=inputs, recipe=dataclasses.replace(job.recipe, depth=depth))


def _require_parts(old: Store, task: PartTask) -> None:
    there = set(old.list(f"{parts.FOLDER}/part-"))
    # a recipe from elsewhere may speak of any number
    gone = max(task.count - len(there), 0) or sum(parts.part_file(n) not in there for n in range(task.count))
    if gone:
        raise FigureGroundError(
            f"{gone} of {task.count} parts are missing", old.name, "run the dataset's build command first"
        )


def _libraries(task: PartTask) -> MadeWith:
    """Return what the new depth is made with.  Raises FigureGroundError where it was begun with what gives other bytes;
    other layers are copied."""
    begun = names.read_identity(task.store, names.REDEPTH) or names.read_identity(task.store)
    missing = task.missing()
    if begun.get("build_id") != task.identity or len(missing) == task.count:
        return made_with.versions(task.job)
    before: MadeWith = begun.get("made_with", {})
    if not missing:
        return before
    ways_out = "give another folder with --out, or build the dataset anew with --fresh"
    new = [layer for layer in task.job.layers if layer in DEPTHS]
    made_with.require_libraries(before, task.job, new, f"{task.store.name}/{names.REDEPTH}", ways_out)
    return made_with.joined(before, made_with.versions(task.job))


def _mark(store: Store, identity: str, libraries: MadeWith) -> None:
    store.write(names.REDEPTH, json.dumps({"build_id": identity, "made_with": libraries}).encode())


def _require_ours(new: FolderStore, identity: str) -> None:
    """Raise FigureGroundError where the output was not begun by the same call, and is not new either."""
    begun = [name for name in (names.REDEPTH, names.BUILD) if new.size(name) is not None]
    if begun and names.read_identity(new, begun[0]).get("build_id") != identity:
        raise FigureGroundError(
            "the output was begun with another depth network or options",
            new.name,
            "repeat that call, or give another folder",
        )
    if not begun and (new.list() or (new.folder.exists() and not new.folder.is_dir())):
        raise FigureGroundError("the output folder holds other things", new.name, "give a new or empty folder")


def _begin(old: Store, new: Store, identity: str, libraries: MadeWith) -> None:
    """Begin a new folder, and complete its catalog."""
    _mark(new, identity, libraries)
    last = f"{names.CATALOG}/{FILE}"
    if new.size(last) is None:
        for name in [*(name for name in old.list(f"{names.CATALOG}/") if name != last), last]:
            new.write(name, old.read(name))


def _redo_part(task: RedepthTask, number: int, tick: Tick) -> int:
    """Make one part anew and return its number; the old one is closed before it is replaced."""
    maker = maker_of(task.parts)
    watch = watch_of(task.parts, maker)
    with parts.writing(task.parts.store, number, task.parts.identity) as part:
        reader = PartReader(task.source, parts.part_file(number))
        try:
            for done, made in enumerate(_redone(maker, reader), 1):
                watch.note(made)
                part.add(made)
                tick(done)
            require_same_network(task.parts.job)
            require_there(task.parts.store)
        finally:
            reader.close()
    return number


def _redone(maker: Maker, reader: PartReader) -> Iterator[Made]:
    """Yield a part's samples with new depth, and the stored bytes of every other layer."""
    for first in range(0, len(reader), maker.together):
        records = [reader.record(row) for row in range(first, min(first + maker.together, len(reader)))]
        stored = [reader.members(record) for record in records]
        scenes = maker.scenes(record.index for record in records)
        rendered = [
            _as_stored(maker, maker.render(scene), members["image"])
            for scene, members in zip(scenes, stored, strict=True)
        ]
        depths = maker.depths(rendered)
        for one, codes, record, members in zip(rendered, depths, records, stored, strict=True):
            made = maker.encode(one, codes)
            kept = {layer: data for layer, data in members.items() if layer not in DEPTHS}
            names = {**made.record.files, **{layer: record.files[layer] for layer in kept}}
            data = {name: kept[layer] if layer in kept else made.members[name] for layer, name in names.items()}
            sizes = {**made.counts.sizes, **{layer: len(content) for layer, content in kept.items()}}
            counts = dataclasses.replace(made.counts, sizes=sizes)
            yield Made(dataclasses.replace(made.record, files=names), data, counts)


def _as_stored(maker: Maker, one: Rendered, stored: bytes) -> Rendered:
    """Return a rendered scene, with the stored picture where its own is another one, or does not encode to it."""
    own = one.composite.image
    if np.array_equal(codec.pixels(stored), own) or codec.encode("image", own, maker.job.formats)[1] == stored:
        return one
    changed = maker.job.canvas.everything
    composite = dataclasses.replace(one.composite, image=codec.pixels(stored), changed=changed)
    return dataclasses.replace(one, composite=composite)
