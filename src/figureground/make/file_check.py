"""The files of a dataset, but for its parts: there, of the size and sha256 that catalog and manifest say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from figureground.core.damage import Damage
from figureground.core.store import Store
from figureground.dataset import labels, names, parts
from figureground.dataset.part_table import list_count, list_file
from figureground.image.masks import mask_of
from figureground.ingest import catalog as catalogs
from figureground.make.about import About
from figureground.make.finish import SHEETS, is_as_told, own_files
from figureground.make.labels_table import label_files
from figureground.samples.codec import pixels

_JUNK = (".DS_Store", "Thumbs.db", "desktop.ini")  # what file managers leave


def catalog_damage(one: About) -> list[Damage]:
    """Return which prepared pictures are missing, or not what the catalog says."""
    if one.catalog is None:
        return []
    store, found = one.store.below(names.CATALOG), []
    for file, sha256 in catalogs.files(one.catalog):
        found += [Damage(f"{names.CATALOG}/{file}", None, line) for line in _held(store, file, sha256)]
    return found


def _held(store: Store, file: str, sha256: str) -> Iterator[str]:
    try:
        there = hashlib.sha256(store.read(file)).hexdigest()
    except (OSError, ValueError) as error:
        yield "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        return
    if sha256 and there != sha256:  # of masks of older catalogs no hash was kept
        yield f"has sha256 {there[:12]}; the catalog says {sha256[:12]}"


def masks_damage(one: About) -> list[Damage]:
    """Return which masks in the catalog are not those of their cut-outs."""
    if one.catalog is None:
        return []
    store, found = one.store.below(names.CATALOG), []
    for each in one.catalog.foregrounds:
        try:
            alpha = pixels(store.read(each.file))[..., 3]
        except (OSError, ValueError, SyntaxError, IndexError):
            continue  # told already
        try:
            mask = pixels(store.read(each.mask_file))
            wrong = mask.shape != alpha.shape or not np.array_equal(mask, np.where(mask_of(alpha), 255, 0))
        except FileNotFoundError:
            continue  # told already
        except (OSError, ValueError, SyntaxError) as error:
            found.append(Damage(f"{names.CATALOG}/{each.mask_file}", None, f"cannot be decoded: {error}"))
            continue
        if wrong:
            what = f"is not where the alpha of {each.file} is half or more"
            found.append(Damage(f"{names.CATALOG}/{each.mask_file}", None, what))
    return found


def files_damage(one: About) -> list[Damage]:
    """Return which files are not what the manifest says of them; sidecars are looked at with their parts."""
    files = one.manifest.get("files")
    if not isinstance(files, dict):
        return [Damage(names.MANIFEST, None, "says nothing of the files")] if one.same_code and one.manifest else []
    found = []
    for name, said in files.items():
        if name.startswith(f"{parts.STATE}/"):
            continue
        found += [Damage(name, None, line) for line in _as_said(one, name, said)]
    if one.catalog is not None:
        count = len(one.manifest.get("parts", ()))
        told = {f"{names.CATALOG}/{file}" for file, _ in catalogs.files(one.catalog)}
        wanted = [name for name in own_files(one.catalog, count) if name not in told]
        there = [name for name in wanted if one.store.size(name) is not None]
        found += [Damage(names.MANIFEST, None, f"files lacks {name}") for name in there if name not in files]
        found += [Damage(names.MANIFEST, None, f"files has {name!r}") for name in files if name not in wanted]
    return found


def _as_said(one: About, name: str, said: object) -> Iterator[str]:
    try:
        missing = one.store.size(name) is None
        fits = missing or is_as_told(one.store, name, said)
    except (OSError, ValueError) as error:
        yield f"cannot be read: {error}"
        return
    if missing:
        yield "is missing"
    elif not fits:
        yield f"is not what {names.MANIFEST} says of it (bytes, sha256)"


def strays(one: About, count: int) -> list[Damage]:
    """Return the files among parts, sidecars and catalog that no dataset of so many parts has there."""
    known = {parts.part_file(n) for n in range(count)} | {parts.sidecar(n) for n in range(count)}
    known |= {list_file(k) for k in range(list_count(count))} | set(label_files(count))
    if not one.beside:
        known |= {f"{parts.FOLDER}/part-{n:05d}.json" for n in range(count)}
    folders = [parts.FOLDER, parts.STATE]
    if one.catalog is not None:
        known |= set(own_files(one.catalog, count))
        known |= {f"{names.CATALOG}/{file}" for file, _ in catalogs.files(one.catalog)}
        known |= {f"{names.CATALOG}/{name}" for name in SHEETS}
        folders.append(names.CATALOG)
    there = [name for folder in folders for name in one.store.list(f"{folder}/") if not _is_junk(name)]
    there += one.store.list(f"{labels.FOLDER}/part-")
    return [Damage(name, None, "is no file of this dataset") for name in there if name not in known]


def guests(one: About) -> list[str]:
    """Return the files in a dataset's folder that are none of its own, and lie where they do no harm."""
    own = {names.RECIPE, names.BUILD, names.MANIFEST, names.STATISTICS, names.LABELS, names.REPORT, names.README}
    own |= {names.REDEPTH, names.CROISSANT}
    folders = (*(f"{folder}/" for folder in (parts.FOLDER, parts.STATE, names.CATALOG)), f"{labels.FOLDER}/part-")
    there = [name for name in one.store.list() if not name.startswith(folders) and not _is_junk(name)]
    return [f"{name} is no file of the dataset" for name in there if name not in own]


def _is_junk(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last in _JUNK or last.startswith("._")
