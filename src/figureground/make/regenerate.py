"""One sample of a dataset, made again from recipe and catalog, beside the one that is stored."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work, require_writable
from figureground.core.folder_store import is_file_instead
from figureground.core.places import Place, store_at
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.dataset.opening import Networks, open_dataset
from figureground.dataset.parts import PartReader
from figureground.dataset.virtual import VirtualDataset
from figureground.make import made_with
from figureground.make.differences import few, picture_unlike, unlike
from figureground.samples import codec
from figureground.samples.maker import Made, Maker

MADE, STORED, RECORD = "made", "stored", "record.json"


@dataclass(frozen=True)
class Again:
    """A sample made again.  `stored`: the members that are in its part, by layer, {} where there is no such part.

    `differences`: in what the stored sample is another, "" as key for its record; none where they are equal, byte for
    byte.  `unlike_libraries`: those that may give other bytes here.
    """

    made: Made
    stored: Mapping[str, bytes]
    stored_row: Mapping[str, object] | None
    differences: Mapping[str, str]
    unlike_libraries: tuple[str, ...] = ()

    @property
    def is_stored(self) -> bool:
        return self.stored_row is not None

    @property
    def equal(self) -> bool:
        return self.is_stored and not self.differences

    def made_members(self) -> dict[str, bytes]:
        """Return the members that were made, by layer."""
        return {layer: self.made.members[name] for layer, name in self.made.record.files.items()}


def regenerate(dataset: Place, id: str, out: Place | None = None, networks: Networks = ()) -> Again:
    """Make a sample again, by its number or key, and hold it against the one that is stored.

    `out`: a new or empty folder for its members, its record and, where the stored one differs, both.  `networks`: as
    for `open_dataset`.  Raises FigureGroundError where there is no such sample, and where recipe, catalog or network
    are not those it was made by.
    """
    store = store_at(dataset)
    data = open_dataset(dataset, virtual=True, networks=networks)
    index = _number(data, id)
    catalog = store.below(names.CATALOG)
    (made,) = Maker(data.job, data.catalog, catalog).make([index])
    recorded = names.read_json(store, names.BUILD).get("made_with", {})
    again = _beside_stored(store, index // data.recipe.parts.size, index % data.recipe.parts.size, made)
    libraries = tuple(made_with.others(recorded, data.job, data.job.layers))
    again = Again(made, again.stored, again.stored_row, again.differences, libraries)
    if out is not None:
        _write(store_at(out), again)
    return again


def _number(data: VirtualDataset, name: str) -> int:
    """Return the index of the sample of a number or key, which is planned and not rendered."""
    try:
        index = int(name)
    except ValueError:
        index = next((i for i in range(len(data)) if data.key(i) == name), len(data))
    if not 0 <= index < len(data):
        raise FigureGroundError(f"no sample {name}", str(data._store.name), f"0 to {len(data) - 1}, or a key")
    return index


def _beside_stored(store: Store, number: int, row: int, made: Made) -> Again:
    """Return a sample that was made beside the one that a part has in this row."""
    file = parts.part_file(number)
    if store.size(file) is None:
        return Again(made, {}, None, {})
    reader = PartReader(store, file)
    differences: dict[str, str] = {}
    stored: dict[str, bytes] = {}
    plain: dict[str, object] = {}
    try:
        record = reader.record(row)
        plain = record.to_row()
        for layer, name in record.files.items():
            try:
                stored[layer] = reader.member(name)
            except FigureGroundError as error:
                differences[layer] = error.what
    except (FigureGroundError, IndexError) as error:
        differences[""] = getattr(error, "what", "its part has no such row")
    finally:
        reader.close()
    for layer, name in made.record.files.items():
        if layer in stored and stored[layer] != made.members[name]:
            differences[layer] = _unlike(stored[layer], made.members[name])
        elif layer not in stored:
            differences.setdefault(layer, "is not stored")
    if plain and (lines := few(unlike(plain, json.loads(json.dumps(made.record.to_row()))))):
        differences[""] = "; ".join(lines)
    return Again(made, stored, plain, differences)


def _unlike(stored: bytes, made: bytes) -> str:
    try:
        said = picture_unlike(codec.pixels(stored), codec.pixels(made))
    except (OSError, ValueError, SyntaxError) as error:
        return f"what is stored cannot be decoded: {error}"
    return said or f"the same pixels in other bytes ({len(stored):,}, made {len(made):,})"


def _write(store: Store, again: Again) -> None:
    """Write what was made, what is stored where that differs, and a picture of both; or what a run that was stopped did
    not write of it."""
    if is_file_instead(store):
        raise _in_use(store)
    files = _files(again)
    if any(name not in files or _other(store, name, files[name]) for name in store.list()):
        raise _in_use(store)
    require_writable(store)
    with at_work(store):
        for name, data in files.items():
            store.write(name, data)


def _in_use(store: Store) -> FigureGroundError:
    return FigureGroundError("the output folder holds other things", store.name, "give a new or empty folder")


def _other(store: Store, name: str, data: bytes) -> bool:
    return store.size(name) != len(data) or store.read(name) != data


def _files(again: Again) -> dict[str, bytes]:
    """Return the files of what was made and, where that differs, of what is stored, by their names."""
    sides = {MADE: (again.made_members(), again.made.record.to_row())}
    files = {}
    if again.differences and again.stored_row is not None:
        sides[STORED] = (dict(again.stored), dict(again.stored_row))
        files["both.png"] = _both(again)
    for side, (members, row) in sides.items():
        for layer, data in members.items():
            suffix = again.made.record.files.get(layer, "x.bin").rpartition(".")[2]
            files[f"{side}/{layer}.{suffix}"] = data
        files[f"{side}/{RECORD}"] = json.dumps(row, indent=1, ensure_ascii=False).encode()
    return files


def _both(again: Again) -> bytes:
    """Return a PNG: a row a layer, what is stored at the left, what was made in the middle, where they differ at the
    right."""
    rows = []
    for layer, data in again.made_members().items():
        made = _seen(data)
        try:
            stored = _seen(again.stored[layer])
        except (KeyError, OSError, ValueError, SyntaxError):
            stored = np.zeros_like(made)
        if stored.shape != made.shape:
            stored = np.zeros_like(made)
        differ = np.where((stored != made).any(-1, keepdims=True), np.uint8(255), np.uint8(0))
        rows.append(np.hstack([stored, made, np.broadcast_to(differ, made.shape)]))
    out = io.BytesIO()
    Image.fromarray(np.vstack(rows)).save(out, "PNG")
    return out.getvalue()


def _seen(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a member as RGB, its values stretched over 0..255 where they are codes."""
    values = codec.pixels(data)
    if values.ndim == 3:
        return values.astype(np.uint8)
    top = max(int(values.max()), 1)
    grey = (values.astype(np.float64) * (255 / top)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)
