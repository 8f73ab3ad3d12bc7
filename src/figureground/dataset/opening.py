"""Opening datasets: a finished folder, or one whose samples are rendered when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

from figureground.core.engines import choose
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.layers import LAYERS
from figureground.core.memory_store import MemoryStore
from figureground.core.places import Place, store_at
from figureground.core.progress import silent
from figureground.core.recipe_toml import load_recipe
from figureground.core.store import Store
from figureground.dataset import names
from figureground.dataset.free_checks import require_counts
from figureground.dataset.manifest import load_manifest
from figureground.dataset.network_facts import network_changes
from figureground.dataset.several import Several
from figureground.dataset.stored import Dataset
from figureground.dataset.versions import require_same_versions
from figureground.dataset.virtual import VirtualDataset
from figureground.ingest import catalog as catalogs
from figureground.ingest.ingest import ingest
from figureground.networks.named import as_named
from figureground.resolve import resolve

Folders = list[Path] | list[str] | list[Path | str] | tuple[Path | str, ...]


Layers = Sequence[str] | None
Networks = Sequence[Path | str] | Path | str


@overload
def open_dataset(
    path: Place, virtual: Literal[False] = False, layers: Layers = None, networks: Networks = ()
) -> Dataset: ...
@overload
def open_dataset(
    path: Place, virtual: Literal[True], layers: Layers = None, networks: Networks = ()
) -> VirtualDataset: ...
@overload
def open_dataset(
    path: Folders, virtual: Literal[False] = False, layers: Layers = None, networks: Networks = ()
) -> Several: ...
def open_dataset(
    path: Place | Folders, virtual: bool = False, layers: Layers = None, networks: Networks = ()
) -> Dataset | VirtualDataset | Several:
    """Open a finished dataset, or several as one; or, `virtual`, one whose samples are rendered when asked for.

    `path`: its folder, its address in object storage ("s3://bucket/x"), or a list of such, whose splits are then made
    anew so that no photo stands on both sides.
    A virtual dataset needs recipe and catalog alone: a dataset's folder with or without its parts (`build
    --catalog-only` writes one without), or a recipe file, whose photos are then prepared in memory each time.
    `layers`: which layers samples have beside their image, like ["mask", "depth"]; the others are not read, not decoded
    and, `virtual`, not made: without depth a virtual sample's record says nothing of it.  None for all.
    `networks`: paths of networks that may be loaded though the dataset's own recipe names them by a path, which nobody
    else's word is enough for; those that figureground knows by name need no word.  A recipe file is followed as it is.
    Raises FigureGroundError when it is none, not finished or, `virtual`, of another version or network.
    """
    if isinstance(path, list | tuple):
        if virtual or not path:
            said = ", ".join(map(str, path)) or "an empty list"
            raise FigureGroundError("several datasets are read as they are stored", said, "open one, or name them")
        return Several([_stored(store_at(one), layers) for one in path])
    store = store_at(path)
    if not virtual:
        return _stored(store, layers)
    catalog = store.below(names.CATALOG)
    if isinstance(path, str | Path) and isinstance(store, FolderStore) and catalog.size(catalogs.FILE) is None:
        return _from_recipe(store.folder, layers, as_named(networks))
    require_same_versions(store, "rendering samples when they are read", stored=False)
    job = _only(resolve(names.recipe_in(store, as_named(networks)), prepared=True), layers, store.name)
    _require_same_network(job, store)
    return VirtualDataset(job, catalogs.load_catalog(catalog), catalog)


def _require_same_network(job: Job, store: Store) -> None:
    """Raise FigureGroundError where samples would be rendered with another network than the dataset's."""
    was, model = names.read_identity(store).get("depth_model"), job.depth.model
    if not job.depth.on_composites or model is None:
        return
    if not isinstance(was, dict):
        raise FigureGroundError(
            "nothing says by which network the dataset was made",
            f"{store.name}/{names.BUILD}",
            f"{names.TO_VERIFY}; or read the samples as they are stored",
        )
    if changes := network_changes(was, model):
        raise FigureGroundError(
            f"the dataset was made by another network: {', '.join(changes)}",
            f"{store.name}/{names.BUILD}",
            "restore it, read the samples as they are stored, or build anew",
        )


def _only(job: Job, layers: Layers, where: str) -> Job:
    """Return the job of these layers alone, without its network where none of them is the network's."""
    if layers is None:
        return job
    chosen = _chosen(layers, job.layers, where)
    depth = replace(job.depth, on_composites=job.depth.on_composites and job.depth.network_layer in chosen)
    return replace(job, layers=chosen, depth=depth)


def _chosen(layers: Sequence[str], there: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the layers that are wanted, the image among them, in the order of the table."""
    known = [name for name in LAYERS if name in there]
    if unknown := [name for name in ([layers] if isinstance(layers, str) else layers) if name not in known]:
        raise FigureGroundError(
            f"this dataset has no layer {', '.join(map(repr, unknown))}",
            where,
            f"a list of some of: {', '.join(known)}",
        )
    return tuple(name for name in known if name == "image" or name in layers)


def _from_recipe(path: Path, layers: Layers, networks: tuple[Path, ...]) -> VirtualDataset:
    """Return the virtual dataset of a recipe file, its photos prepared in memory; of the recipe in a folder, which may
    be a dataset from elsewhere, with no network by its path but these."""
    recipe = load_recipe(path)
    if path.is_dir():
        recipe = replace(recipe, networks=networks)
    job, memory = _only(resolve(recipe), layers, str(path)), MemoryStore()
    return VirtualDataset(job, ingest(job, choose("serial", 1), memory, silent), memory)


def _stored(store: Store, layers: Layers) -> Dataset:
    try:
        manifest = load_manifest(store)
    except FileNotFoundError:
        begun = names.is_begun(store) or store.size(f"{names.CATALOG}/{catalogs.FILE}") is not None
        remedy = "run its build command again to finish it"
        if store.size(names.SHARD) is not None:
            remedy = "it holds a shard: put all together with `figureground merge`"
        raise FigureGroundError(
            "the dataset is not finished" if begun else "no dataset here",
            store.name,
            remedy if begun else "give the folder that `figureground build` wrote",
        ) from None
    require_counts(store, manifest)
    parts = len(manifest["parts"])
    data = Dataset(store, manifest, range(parts))
    if layers is None:
        return data
    # of version 1 the manifest does not say them
    there = manifest.get("layers") or (list(data.record(0).files) if len(data) else list(LAYERS))
    return Dataset(store, manifest, range(parts), _chosen(layers, there, store.name))
