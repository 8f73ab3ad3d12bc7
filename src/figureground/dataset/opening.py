"""Opening datasets: a finished folder, or one whose samples are rendered when they are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, overload

from figureground.core.engines import choose
from figureground.core.errors import FigureGroundError
from figureground.core.job import Job
from figureground.core.progress import silent
from figureground.core.recipe_toml import load_recipe
from figureground.core.store import FolderStore, MemoryStore, Store
from figureground.dataset import names
from figureground.dataset.network_facts import network_changes
from figureground.dataset.several import Several
from figureground.dataset.stored import Dataset
from figureground.dataset.versions import require_same_versions
from figureground.dataset.virtual import VirtualDataset
from figureground.ingest import catalog as catalogs
from figureground.ingest.ingest import ingest
from figureground.resolve import resolve

Folders = list[Path] | list[str] | list[Path | str] | tuple[Path | str, ...]


@overload
def open_dataset(path: Path | str | Store, virtual: Literal[False] = False) -> Dataset: ...
@overload
def open_dataset(path: Path | str | Store, virtual: Literal[True]) -> VirtualDataset: ...
@overload
def open_dataset(path: Folders, virtual: Literal[False] = False) -> Several: ...
def open_dataset(path: Path | str | Store | Folders, virtual: bool = False) -> Dataset | VirtualDataset | Several:
    """Open a finished dataset, or several as one; or, `virtual`, one whose samples are rendered when asked for.

    `path`: its folder, or a list of folders, whose splits are then made anew so that no photo stands on both sides.
    A virtual dataset needs recipe and catalog alone: a dataset's folder with or without its parts (`build
    --catalog-only` writes one without), or a recipe file, whose photos are then prepared in memory each time.
    Raises FigureGroundError when it is none, not finished or, `virtual`, of another version.
    """
    if isinstance(path, list | tuple):
        if virtual or not path:
            said = ", ".join(map(str, path)) or "an empty list"
            raise FigureGroundError("several datasets are read as they are stored", said, "open one, or name them")
        return Several([_stored(FolderStore(one)) for one in path])
    store = FolderStore(path) if isinstance(path, str | Path) else path
    if not virtual:
        return _stored(store)
    catalog = store.below(names.CATALOG)
    if isinstance(path, str | Path) and catalog.size(catalogs.FILE) is None:
        return _from_recipe(path)
    require_same_versions(store, "rendering samples when they are read")
    job = resolve(names.recipe_in(store), prepared=True)
    _require_same_network(job, store)
    return VirtualDataset(job, catalogs.load_catalog(catalog), catalog)


def _require_same_network(job: Job, store: Store) -> None:
    """Raise FigureGroundError where samples would be rendered with another network than the dataset's."""
    was, model = names.read_json(store, names.BUILD).get("depth_model"), job.depth.model
    if not job.depth.on_composites or model is None or not isinstance(was, dict):
        return
    if changes := network_changes(was, model):
        raise FigureGroundError(
            f"the dataset was made by another network: {', '.join(changes)}",
            f"{store.name}/{names.BUILD}",
            "restore it, read the samples as they are stored, or build anew",
        )


def _from_recipe(path: Path | str) -> VirtualDataset:
    """Return the virtual dataset of a recipe file, its photos prepared in memory."""
    job, memory = resolve(load_recipe(path)), MemoryStore()
    return VirtualDataset(job, ingest(job, choose("serial", 1), memory, silent), memory)


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
