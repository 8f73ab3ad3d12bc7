"""The reading side: len, [i], parts of a finished dataset, and datasets that are rendered on the fly.

Stored samples need numpy and Pillow only.
"""

from __future__ import annotations

import bisect
import json
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import load_recipe
from figureground.core.sample import Catalog, DepthMap, Picture, Sample
from figureground.core.store import FolderStore, MemoryStore, Store
from figureground.dataset.parts import PartReader
from figureground.geometry.codes import dequantise
from figureground.ingest.catalog import FILE, load_catalog
from figureground.samples import codec

if TYPE_CHECKING:
    from figureground.samples.maker import Workshop

_OPEN_PARTS = 8
_TOGETHER = 16  # virtual samples planned together when all are walked through


class Dataset:
    """A finished dataset, or one of its parts, as a sequence of Samples.

    Random access decodes only what is asked for.  It can be pickled, and each process opens its own files, so it works
    as a PyTorch map-style dataset under any number of workers.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any], numbers: range) -> None:
        self.path = path
        self.manifest = manifest
        self._numbers = numbers
        ends, end = [], 0
        for number in numbers:
            end += manifest["parts"][number]["samples"]
            ends.append(end)
        self._ends = ends
        self._open: OrderedDict[int, PartReader] = OrderedDict()
        self._process = os.getpid()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, i: int) -> Sample:
        """Return sample i (negative counts from the end).  Raises IndexError outside."""
        reader, row = self._locate(i)
        record = reader.records[row]
        return codec.decode(reader.members(record), record)

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))

    def record(self, i: int) -> Mapping[str, Any]:
        """Return the metadata of sample i without decoding pixels."""
        reader, row = self._locate(i)
        return reader.records[row]

    def members(self, i: int) -> dict[str, bytes]:
        """Return the encoded members of sample i as they are stored: layer -> bytes."""
        reader, row = self._locate(i)
        return reader.members(reader.records[row])

    def part(self, k: int) -> Dataset:
        """Return part k as a dataset of its own (negative counts from the end).  Raises IndexError outside."""
        number = self._numbers[k]
        return Dataset(self.path, self.manifest, range(number, number + 1))

    @property
    def parts(self) -> int:
        return len(self._numbers)

    @property
    def recipe(self) -> Recipe:
        return load_recipe(self.path / "recipe.toml")

    @property
    def catalog(self) -> Catalog:
        return load_catalog(self.path / "catalog")

    @property
    def statistics(self) -> Mapping[str, Any]:
        """Return statistics.json: mean and std a layer under "summary", "checks", and what they were made from."""
        try:
            plain: dict[str, Any] = json.loads((self.path / "statistics.json").read_bytes())
        except (OSError, ValueError) as error:
            raise FigureGroundError(
                f"the statistics cannot be read: {error}", self.path.name, "run its build command again"
            ) from None
        return plain

    def _locate(self, i: int) -> tuple[PartReader, int]:
        n = len(self)
        if not -n <= i < n:
            raise IndexError(f"sample {i} of {n}")
        i %= n
        slot = bisect.bisect_right(self._ends, i)
        number = self._numbers[slot]
        if self._process != os.getpid():
            # a forked child shares the parent's file offsets: it leaves those files alone and opens its own
            self._process, self._open = os.getpid(), OrderedDict()
        if number not in self._open:
            self._open[number] = PartReader(self.path / self.manifest["parts"][number]["file"])
            if len(self._open) > _OPEN_PARTS:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(number)
        return self._open[number], i - (self._ends[slot - 1] if slot else 0)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}


class VirtualDataset:
    """A dataset whose samples are rendered when they are asked for, from recipe and catalog: no parts are read.

    Sample i holds the arrays that its stored form has before lossy coding.  It can be pickled; each process decodes
    photos of its own.
    """

    def __init__(self, recipe: Recipe, catalog: Catalog, store: Store) -> None:
        from figureground.plan.plan import count

        self.recipe = recipe
        self.catalog = catalog
        self._store = store
        self._samples = count(recipe, catalog)
        self._workshop: Workshop | None = None

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, i: int) -> Sample:
        """Return sample i (negative counts from the end).  Raises IndexError outside."""
        return self.batch([i])[0]

    def __iter__(self) -> Iterator[Sample]:
        for first in range(0, len(self), _TOGETHER):
            yield from self.batch(range(first, min(first + _TOGETHER, len(self))))

    def batch(self, indices: Iterable[int]) -> list[Sample]:
        """Return some samples; planning them together is cheaper than one by one."""
        n = len(self)
        wanted = list(indices)
        for i in wanted:
            if not -n <= i < n:
                raise IndexError(f"sample {i} of {n}")
        workshop = self._made()
        looks = [workshop.render(scene) for scene in workshop.scenes(i % n for i in wanted)]
        return [workshop.sample(look, depth) for look, depth in zip(looks, workshop.depths(looks), strict=True)]

    def record(self, i: int) -> Mapping[str, Any]:
        """Return the metadata of sample i; it takes rendering it."""
        return self[i].record

    def background(self, i: int) -> tuple[Picture, DepthMap | None]:
        """Return a background's prepared picture, and its depth where the catalog has it; i counts the catalog."""
        pixels = self._made().pixels
        known = bool(self.catalog.backgrounds[i].depth_file)
        return pixels.background(i), dequantise(pixels.depth(i)) if known else None

    def _made(self) -> Workshop:
        if self._workshop is None:
            from figureground.samples.maker import Workshop, depth_model

            self._workshop = Workshop(self.recipe, self.catalog, self._store, depth_model(self.recipe))
        return self._workshop

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workshop": None}


@overload
def open_dataset(path: Path | str, virtual: Literal[False] = False) -> Dataset: ...
@overload
def open_dataset(path: Path | str, virtual: Literal[True]) -> VirtualDataset: ...
def open_dataset(path: Path | str, virtual: bool = False) -> Dataset | VirtualDataset:
    """Open a finished dataset folder; or, `virtual`, one whose samples are rendered when asked for.

    A virtual dataset needs recipe and catalog alone: a dataset's folder with or without its parts (`build
    --catalog-only` writes one without), or a recipe file, whose photos are then prepared in memory each time.
    Raises FigureGroundError when it is none, or not finished.
    """
    path = Path(path)
    if virtual:
        return _open_virtual(path)
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())
        parts = len(manifest["parts"])
    except FileNotFoundError:
        begun = (path / "build.json").is_file() or (path / "catalog" / FILE).is_file()
        raise FigureGroundError(
            "the dataset is not finished" if begun else "no dataset here",
            str(path),
            "run its build command again to finish it" if begun else "give the folder that `figureground build` wrote",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FigureGroundError(
            f"the manifest cannot be read: {error}", str(path / "manifest.json"), "run its build command again"
        ) from None
    return Dataset(path, manifest, range(parts))


def _open_virtual(path: Path) -> VirtualDataset:
    folder = path / "catalog"
    if (folder / FILE).is_file():
        return VirtualDataset(load_recipe(path / "recipe.toml"), load_catalog(folder), FolderStore(folder))
    recipe = load_recipe(path)
    from figureground.core.engines import choose
    from figureground.ingest.ingest import ingest

    store = MemoryStore()
    return VirtualDataset(recipe, ingest(recipe, choose("serial", 1), store, lambda *_: None), store)
