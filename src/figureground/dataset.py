"""The reading side of a finished dataset: len, [i], parts.  Needs numpy and Pillow only."""

from __future__ import annotations

import bisect
import json
import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from figureground import catalog as catalogs
from figureground import codec
from figureground.errors import FigureGroundError
from figureground.parts import PartReader
from figureground.recipe import Recipe, load_recipe
from figureground.sample import Catalog, Sample

_OPEN_PARTS = 8


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
        return catalogs.load_catalog(self.path / "catalog")

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


def open_dataset(path: Path | str) -> Dataset:
    """Open a finished dataset folder.  Raises FigureGroundError when it is none, or not finished."""
    path = Path(path)
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())
        parts = len(manifest["parts"])
    except FileNotFoundError:
        begun = (path / "build.json").is_file()
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
