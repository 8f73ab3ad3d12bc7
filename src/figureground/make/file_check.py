"""The files of a dataset, but for its parts: there, of the size and sha256 that catalog and manifest say."""

from __future__ import annotations

import hashlib

import numpy as np

from figureground.core.damage import Damage
from figureground.core.store import Store, asked
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
    files = catalogs.files(one.catalog)
    lines = asked(store, lambda of: _held(store, *of), files)
    for (file, _), line in zip(files, lines, strict=True):
        found += [Damage(f"{names.CATALOG}/{file}", None, line)] if line else []
    return found


def _held(store: Store, file: str, sha256: str) -> str:
    """Return in what a picture is not what the catalog says, "" where it is."""
    try:
        there = hashlib.sha256(store.read(file)).hexdigest()
    except (OSError, ValueError) as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
    if sha256 and there != sha256:  # of masks of older catalogs no hash was kept
        return f"has sha256 {there[:12]}; the catalog says {sha256[:12]}"
    return ""


def masks_damage(one: About) -> list[Damage]:
    """Return which masks in the catalog are not those of their cut-outs."""
    if one.catalog is None:
        return []
    store, found = one.store.below(names.CATALOG), []
    cutouts = one.catalog.foregrounds
    lines = asked(store, lambda each: _masked(store, each.file, each.mask_file), cutouts)
    for each, line in zip(cutouts, lines, strict=True):
        found += [Damage(f"{names.CATALOG}/{each.mask_file}", None, line)] if line else []
    return found


def _masked(store: Store, file: str, mask_file: str) -> str:
    """Return in what a mask is not that of its cut-out, "" where it is, and where that is told already."""
    try:
        alpha = pixels(store.read(file))[..., 3]
    except (OSError, ValueError, SyntaxError, IndexError):
        return ""
    try:
        mask = pixels(store.read(mask_file))
        wrong = mask.shape != alpha.shape or not np.array_equal(mask, np.where(mask_of(alpha), 255, 0))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, SyntaxError) as error:
        return f"cannot be decoded: {error}"
    return f"is not where the alpha of {file} is half or more" if wrong else ""


def files_damage(one: About) -> list[Damage]:
    """Return which files are not what the manifest says of them; sidecars are looked at with their parts."""
    files = one.manifest.get("files")
    if not isinstance(files, dict):
        return [Damage(names.MANIFEST, None, "says nothing of the files")] if one.same_code and one.manifest else []
    found, beside = [], [name for name in files if not name.startswith(f"{parts.STATE}/")]
    lines = asked(one.store, lambda name: _as_said(one, name, files[name]), beside)
    for name, line in zip(beside, lines, strict=True):
        found += [Damage(name, None, line)] if line else []
    if one.catalog is not None:
        count = len(one.manifest.get("parts", ()))
        told = {f"{names.CATALOG}/{file}" for file, _ in catalogs.files(one.catalog)}
        wanted = [name for name in own_files(one.catalog, count) if name not in told]
        untold = [name for name in wanted if name not in files and one.store.size(name) is not None]
        found += [Damage(names.MANIFEST, None, f"files lacks {name}") for name in untold]
        found += [Damage(names.MANIFEST, None, f"files has {name!r}") for name in files if name not in wanted]
    return found


def _as_said(one: About, name: str, said: object) -> str:
    """Return in what a file is not what the manifest says, "" where it is."""
    try:
        fits = is_as_told(one.store, name, said)
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"
    return "" if fits else f"is not what {names.MANIFEST} says of it (bytes, sha256)"


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
