"""What a dataset says of itself, held together: recipe, catalog, build.json, manifest, and the build id of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from figureground.core.damage import Damage
from figureground.core.errors import FigureGroundError
from figureground.core.files import code_sha256
from figureground.core.job import Job
from figureground.core.nouns import Catalog
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.dataset.manifest import whole_manifest
from figureground.dataset.network_facts import network_changes
from figureground.dataset.versions import IMPORT, VERSIONS
from figureground.ingest import catalog as catalogs
from figureground.make.begin import what_differs
from figureground.make.finish import is_as_told
from figureground.make.identity import build_id, root_sha256
from figureground.make.part_task import PartTask
from figureground.plan import plan
from figureground.resolve import resolve


@dataclass(frozen=True)
class About:
    """A dataset's own account.

    `manifest` and `build`: what these files say, {} where they cannot be read.  `catalog`: None likewise.  `task`: what
    would make the dataset, None where that is not known (`why_no_task`).  `identity`: the build id that its parts are
    held to.  `same_code`: what stands beside the parts was written by this very code, so that each byte is known.
    `beside`: sidecars lie in state/, as they do but for format version 1.
    """

    store: Store
    manifest: Mapping[str, Any]
    build: Mapping[str, Any]
    catalog: Catalog | None
    task: PartTask | None
    why_no_task: str
    identity: str
    same_code: bool
    beside: bool
    no_parts: bool
    damage: tuple[Damage, ...] = ()
    unchecked: tuple[str, ...] = ()


@dataclass
class _Found:
    damage: list[Damage] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    why: str = ""

    def wrong(self, file: str, what: str) -> None:
        self.damage.append(Damage(file, None, what))


def about(store: Store, networks: tuple[Path, ...] = ()) -> About:
    """Return what a dataset says of itself, and what of that contradicts itself.

    `networks`: as for `names.recipe_in`.  Raises FigureGroundError where there is no dataset.
    """
    found = _Found()
    catalog_there = store.size(f"{names.CATALOG}/{catalogs.FILE}") is not None
    if not names.is_begun(store) and store.size(names.MANIFEST) is None and not catalog_there:
        raise FigureGroundError("no dataset here", store.name, "give the folder that `figureground build` wrote")
    no_parts = not (parts.any_part(store) or store.list(f"{parts.STATE}/") or store.size(names.MANIFEST) is not None)
    manifest = {} if no_parts else _manifest(store, found)
    build = _json(store, names.BUILD, found)
    catalog = _catalog(store, found)
    same_code = manifest.get("code", build.get("code")) == code_sha256()
    job = None if build.get("origin") == IMPORT else _job(store, found, networks)
    if build.get("origin") == IMPORT:
        found.why = "it was imported, and its samples were made elsewhere"
    said = {name: int((build or manifest).get(name, 1)) for name in VERSIONS}
    others = [f"{name} version {n}, here is {VERSIONS[name]}" for name, n in said.items() if n != VERSIONS[name]]
    if others and not same_code and (build or manifest):
        found.why = f"made with {', '.join(others)}"
        found.unchecked.append(f"the build id is not worked out again: {found.why}")
        job = None
    task = _task(store, job, catalog, manifest, build, same_code, found) if job and catalog else None
    identity = task.identity if task else str(build.get("build_id") or manifest.get("build_id") or "")
    if (store.size(names.REDEPTH)) is not None:
        found.wrong(names.REDEPTH, "new depth was begun, and is not finished")
    _agree(manifest, build, found)
    root = build.get("root")
    if "root_sha256" in build and (not isinstance(root, str) or build["root_sha256"] != root_sha256(root)):
        found.wrong(names.BUILD, f"root is {root!r}, which is not what was written")
    return About(
        store=store,
        manifest=manifest,
        build=build,
        catalog=catalog,
        task=task,
        why_no_task=found.why or "recipe, build.json or catalog are damaged",
        identity=identity,
        same_code=same_code,
        beside=said["format"] > 1,
        no_parts=no_parts,
        damage=tuple(found.damage),
        unchecked=tuple(found.unchecked),
    )


def _json(store: Store, name: str, found: _Found) -> dict[str, Any]:
    try:
        plain = json.loads(store.read(name))
        if not isinstance(plain, dict):
            raise ValueError("it is no object")
    except FileNotFoundError:
        found.wrong(name, "is missing" + (": the dataset is not finished" if name == names.MANIFEST else ""))
        return {}
    except (OSError, ValueError, RecursionError) as error:
        found.wrong(name, f"cannot be read: {error}")
        return {}
    return plain


def _manifest(store: Store, found: _Found) -> dict[str, Any]:
    """Return the whole manifest; {} where it, or a list of parts that it names, is damaged."""
    try:
        return whole_manifest(store, _json(store, names.MANIFEST, found))
    except ValueError as error:
        found.wrong(names.MANIFEST, f"cannot be read: {error}")
    except FigureGroundError as error:
        found.wrong(error.where.removeprefix(f"{store.name}/"), error.what)
    return {}


def _catalog(store: Store, found: _Found) -> Catalog | None:
    try:
        return catalogs.load_catalog(store.below(names.CATALOG))
    except FigureGroundError as error:
        missing = store.size(f"{names.CATALOG}/{catalogs.FILE}") is None
        found.wrong(f"{names.CATALOG}/{catalogs.FILE}", "is missing" if missing else error.what)
        return None


def _job(store: Store, found: _Found, networks: tuple[Path, ...]) -> Job | None:
    try:
        recipe = names.recipe_in(store, networks)
    except FigureGroundError as error:
        found.wrong(names.RECIPE, error.what)
        return None
    except (OSError, ValueError, TypeError) as error:
        found.wrong(names.RECIPE, f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return None
    try:
        return resolve(recipe, prepared=True)
    except FigureGroundError as error:
        found.why = f"{error.what} ({error.where}); {error.remedy}"
        found.unchecked.append(f"the build id is not worked out again: {found.why}")
        return None


def _task(
    store: Store,
    job: Job,
    catalog: Catalog,
    manifest: Mapping[str, Any],
    build: Mapping[str, Any],
    same_code: bool,
    found: _Found,
) -> PartTask | None:
    """Return what would make a dataset, where that has the build id which the dataset says."""
    model, was = job.depth.model, build.get("depth_model")
    if job.depth.on_composites and model and isinstance(was, dict) and (changes := network_changes(was, model)):
        found.why = f"the depth network here is another one: {', '.join(changes)}"
        found.unchecked.append(f"the build id is not worked out again: {found.why}")
        return None
    identity = build_id(job, catalog)
    recorded = {file: one["build_id"] for file, one in _files(manifest, build).items() if "build_id" in one}
    if not recorded and not same_code:
        found.why = "no file says under which build id it was made"
        return None
    if recorded and identity not in recorded.values():
        if not same_code:
            found.why = "another figureground made it, whose recipes or catalogs say other things"
            found.unchecked.append(f"the build id is not worked out again: {found.why}")
            return None
        differs = what_differs(dict(build), job)
        of_photos = differs.startswith("photos")
        file, differs = (f"{names.CATALOG}/{catalogs.FILE}", "its photos") if of_photos else (names.RECIPE, differs)
        found.wrong(file, f"is not that of the build id: {differs}")
        found.why = "recipe or catalog are damaged"
        return None
    for file, one in recorded.items():
        if one != identity:
            found.wrong(file, f"build_id is {one}, recipe and catalog have {identity}")
    if (wanted := _samples_said(store, job, manifest)) is not None:
        found.wrong(names.RECIPE, f"placement.samples is {job.recipe.placement.samples}, would be {wanted}")
        recipe = replace(job.recipe, placement=replace(job.recipe.placement, samples=wanted))
        job = resolve(recipe, prepared=True)
    try:
        return PartTask(job, store, identity, plan.count(job.placing, catalog))
    except FigureGroundError as error:
        found.wrong(names.RECIPE, error.what)
        return None


def _samples_said(store: Store, job: Job, manifest: Mapping[str, Any]) -> Any:
    """Return the number of samples by the manifest, where it is the recipe that is wrong: the build id does not hold
    it, as datasets grow.  None where they agree, or nothing tells."""
    try:
        said = manifest["recipe"]["placement.samples"]
        is_told = is_as_told(store, names.RECIPE, manifest["files"][names.RECIPE])
    except (KeyError, TypeError, OSError):
        return None
    fits = said == "all" or (isinstance(said, int) and said > 0)
    return said if fits and not is_told and said != job.recipe.placement.samples else None


def _files(manifest: Mapping[str, Any], build: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {names.MANIFEST: manifest, names.BUILD: build}


def _agree(manifest: Mapping[str, Any], build: Mapping[str, Any], found: _Found) -> None:
    """Note what manifest and build.json both say, each something else."""
    for key in manifest:
        if key in build and manifest[key] != build[key] and key != "build_id":
            found.wrong(names.MANIFEST, f"{key} is not what {names.BUILD} says")
