"""The reading side of a finished dataset: len, [i], slices, selections, parts.  It needs numpy and Pillow only."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from figureground.core.addresses import is_address
from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DEFAULT_CLASS, Catalog
from figureground.core.recipe import Recipe
from figureground.core.record import Record
from figureground.core.store import Store, asked
from figureground.core.typed import parsed_object
from figureground.dataset import names
from figureground.dataset.free_checks import require_size
from figureground.dataset.handles import Handles
from figureground.dataset.part_table import PartTable
from figureground.dataset.parts import PartReader
from figureground.dataset.scenery import BackgroundsById
from figureground.dataset.select import Samples
from figureground.ingest.catalog import load_catalog
from figureground.samples import codec
from figureground.samples.sample import Sample


class Dataset(Samples):
    """A finished dataset, or one of its parts, as a sequence of Samples.

    Random access decodes only what is asked for, in any order at the cost of reading in order: where the samples of a
    part lie is looked for once and kept, 0.1 MB for 1,000 samples.  It can be pickled, and each process opens its own
    files, so it works as a PyTorch map-style dataset under any number of workers.

    `layers`: those that samples have, None for all that are stored; others are neither read nor decoded.
    """

    def __init__(
        self, store: Store, manifest: Mapping[str, Any], numbers: range, layers: tuple[str, ...] | None = None
    ) -> None:
        self.store = store
        self.manifest = manifest
        self._numbers = numbers
        self._table = PartTable.of(manifest["parts"])
        self._first = self._table.start(numbers.start)  # of the samples in these parts
        self._samples = self._table.start(numbers.stop) - self._first
        self.layers = layers
        self._handles = Handles(store)
        self._readers: dict[int, PartReader] = {}

    @property
    def path(self) -> Path:
        """The dataset's folder.  Raises FigureGroundError for one in object storage, whose address is `store.name`."""
        if is_address(self.store.name):
            raise FigureGroundError("a dataset in object storage has no path", self.store.name, "take its store.name")
        return Path(self.store.name)

    def __len__(self) -> int:
        return self._samples

    def sample(self, i: int) -> Sample:
        """Return sample i."""
        reader, row = self._locate(i)
        record = reader.record(row)
        shape = Canvas.of(self.manifest["size"]).shape
        members = reader.members(record, self.layers, row)
        if "image" not in members:
            raise reader.damaged(f"its row {row} has no image")
        try:
            layers: dict[str, Any] = {
                layer: codec.decode(layer, data, record.depths.get(layer), shape) for layer, data in members.items()
            }
        except ValueError as error:
            raise reader.damaged(f"sample {record.index} cannot be decoded: {error}") from None
        return Sample(**layers, record=record, scenery=self._backgrounds)

    def batch(self, indices: Iterable[int]) -> list[Sample]:
        """Return some samples, in the order asked for (negative ones count from the end).  Raises IndexError outside.

        Those of a dataset in object storage are fetched side by side.
        """
        wanted = self._numbers_of(indices)
        readers = {id(reader): reader for reader, _ in map(self._locate, wanted)}.values()
        for _ in asked(self.store, PartReader.prepare, readers):
            pass
        return list(asked(self.store, self.sample, wanted))

    def record(self, i: int) -> Record:
        """Return the metadata of sample i without decoding pixels."""
        reader, row = self._locate(i)
        return reader.record(row)

    def split(self, i: int) -> str:
        """Return the split of sample i."""
        return self.record(i).split

    @property
    def classes(self) -> dict[int, str]:
        """The classes of figures by their number, from 1; 0 is the background."""
        return {int(number): name for number, name in self.manifest.get("classes", {"1": DEFAULT_CLASS}).items()}

    def class_names(self, i: int) -> frozenset[str]:
        """Return the classes of the figures of sample i."""
        return frozenset(figure.class_name for figure in self.record(i).figures)

    def members(self, i: int, layers: Collection[str] | None = None) -> dict[str, bytes]:
        """Return the encoded members of sample i as they are stored, layer -> bytes of JPEG, PNG or WebP.

        `layers`: those that are wanted, None for all.  The cheapest way to a sample: of its row nothing is read but the
        names of its members, which lie side by side, and each is held to its checksum.
        """
        reader, row = self._locate(i)
        return reader.row_members(row, layers)

    def part(self, k: int) -> Dataset:
        """Return part k as a dataset of its own (negative counts from the end).  Raises IndexError outside."""
        number = self._numbers[k]
        return Dataset(self.store, self.manifest, range(number, number + 1), self.layers)

    @property
    def parts(self) -> int:
        return len(self._numbers)

    @functools.cached_property
    def recipe(self) -> Recipe:
        return names.recipe_in(self.store)

    @functools.cached_property
    def catalog(self) -> Catalog:
        return load_catalog(self.store.below(names.CATALOG))

    @functools.cached_property
    def _backgrounds(self) -> BackgroundsById:
        return BackgroundsById(self.store.below(names.CATALOG))

    @functools.cached_property
    def statistics(self) -> Mapping[str, Any]:
        """statistics.json: mean and std a layer under "summary", of the split that "summary_of" names, of all samples
        under "summary_all"; "checks", and what they were made from."""
        try:
            plain = parsed_object(names.read_bounded(self.store, names.STATISTICS))
        except (OSError, ValueError) as error:
            raise FigureGroundError(
                f"the statistics cannot be read: {error}", PurePath(self.store.name).name, "run its build command again"
            ) from None
        return plain

    def _locate(self, i: int) -> tuple[PartReader, int]:
        n = len(self)
        if not -n <= i < n:
            raise IndexError(f"sample {i} of {n}")
        number, row = self._table.find(i % n + self._first)
        if number not in self._readers:
            part = self._table[number]
            if self._table.lists:  # of fewer parts it was looked at when the dataset was opened
                require_size(self.store, part)
            self._readers[number] = PartReader(self.store, part["file"], self._handles)
        return self._readers[number], row

    def __getstate__(self) -> dict[str, Any]:
        cached = ("recipe", "catalog", "statistics", "_backgrounds")
        return {name: value for name, value in vars(self).items() if name not in cached} | {"_readers": {}}

    def __repr__(self) -> str:
        said = f"{len(self):,} samples of {Canvas.of(self.manifest['size'])} in {self.parts:,} parts"
        layers = ", ".join(self.manifest.get("layers", ()))  # of version 1 the manifest does not say them
        return f"Dataset({self.store.name!r}: {said}{': ' if layers else ''}{layers})"
