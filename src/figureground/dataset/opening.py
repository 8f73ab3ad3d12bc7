"""Opening datasets: a finished folder, or one whose samples are rendered when they are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, overload

from figureground.core.engines import choose
from figureground.core.errors import FigureGroundError
from figureground.core.progress import silent
from figureground.core.recipe_toml import load_recipe
from figureground.core.store import FolderStore, MemoryStore, Store
from figureground.dataset import names
from figureground.dataset.stored import Dataset
from figureground.dataset.virtual import VirtualDataset
from figureground.ingest import catalog as catalogs
from figureground.ingest.ingest import ingest
from figureground.resolve import resolve


@overload
def open_dataset(path: Path | str | Store, virtual: Literal[False] = False) -> Dataset: ...
@overload
def open_dataset(path: Path | str | Store, virtual: Literal[True]) -> VirtualDataset: ...
def open_dataset(path: Path | str | Store, virtual: bool = False) -> Dataset | VirtualDataset:
    """Open a finished dataset; or, `virtual`, one whose samples are rendered when asked for.

    `path`: its folder.  A virtual dataset needs recipe and catalog alone: a dataset's folder with or without its parts
    (`build --catalog-only` writes one without), or a recipe file, whose photos are then prepared in memory each time.
    Raises FigureGroundError when it is none, or not finished.
    """
    if not virtual:
        return _stored(_store(path))
    if isinstance(path, str | Path) and not _store(path).below(names.CATALOG).size(catalogs.FILE):
        job = resolve(load_recipe(path))
        memory = MemoryStore()
        return VirtualDataset(job, ingest(job, choose("serial", 1), memory, silent), memory)
    store = _store(path)
    catalog = store.below(names.CATALOG)
    return VirtualDataset(resolve(names.recipe_in(store), prepared=True), catalogs.load_catalog(catalog), catalog)


def _store(path: Path | str | Store) -> Store:
    return FolderStore(path) if isinstance(path, str | Path) else path


def _stored(store: Store) -> Dataset:
    try:
        manifest = json.loads(store.read(names.MANIFEST))
        parts = len(manifest["parts"])
    except FileNotFoundError:
        begun = names.is_begun(store) or store.size(f"{names.CATALOG}/{catalogs.FILE}") is not None
        raise FigureGroundError(
            "the dataset is not finished" if begun else "no dataset here",
            store.name,
            "run its build command again to finish it" if begun else "give the folder that `figureground build` wrote",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FigureGroundError(
            f"the manifest cannot be read: {error}", f"{store.name}/{names.MANIFEST}", "run its build command again"
        ) from None
    return Dataset(store, manifest, range(parts))
