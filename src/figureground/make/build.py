"""Recipe and photos -> finished dataset: ingest, make the missing parts, finish.

The same call again finishes what is missing.  What the parts are made from is fixed in `build.json` before the first of
them; a recipe, photo or network that no longer agrees is refused.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from figureground import __version__
from figureground.core.card import meaning
from figureground.core.engines import Engine, choose
from figureground.core.errors import FigureGroundError
from figureground.core.files import PARTIAL, file_sha256, only_writer, write_whole
from figureground.core.job import DepthModel
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import changed_keys, content, load_recipe, to_toml
from figureground.core.sample import Catalog
from figureground.core.store import FolderStore, MemoryStore, Store
from figureground.dataset.parts import FOLDER, part_name, read_info, sweep, write_part
from figureground.ingest import ingest, state
from figureground.ingest.catalog import FILE, digest, files, load_catalog
from figureground.make.finish import finish
from figureground.plan import plan
from figureground.resolve import recipe_model
from figureground.samples import codec
from figureground.samples.maker import Workshop, depth_model

FORMAT = 1
PROBES = 12
MARK = "redepth.json"  # stands in a dataset whose depth is being made anew; says under which build id

Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Estimate:
    """What a build will cost, measured on a few samples.  Seconds are of one core; bytes a sample by layer."""

    samples: int
    parts: int
    backgrounds: int
    foregrounds: int
    bytes: dict[str, float]
    seconds: dict[str, float]

    @property
    def total_bytes(self) -> float:
        return self.samples * sum(self.bytes.values())

    def total_seconds(self, workers: int) -> float:
        return self.samples * sum(self.seconds.values()) / max(1, min(workers, self.parts))


def build_id(recipe: Recipe, catalog: Catalog, model: DepthModel | None) -> str:
    """Return the digest of everything that decides the bytes of the parts, names of files left out."""
    depth = [model.sha256, meaning(model.card)] if model else None
    return hashlib.sha256(
        json.dumps([FORMAT, content(recipe), digest(catalog), depth], sort_keys=True).encode()
    ).hexdigest()


def build(
    recipe: Recipe,
    out: Path,
    *,
    engine: Engine | None = None,
    strict: bool = False,
    fresh: bool = False,
    catalog_only: bool = False,
    progress: Progress = silent,
) -> Path:
    """Build the dataset in `out`, or finish it, and return `out`.

    `catalog_only` stops before the parts: what is there then serves `open_dataset(out, virtual=True)`.
    `fresh` discards parts that were made under another recipe or from other photos, instead of refusing.
    Raises FigureGroundError for a problem that the user can mend; parts that were finished stay.
    """
    engine = engine or choose("serial", 1)
    _door(recipe, out)
    with only_writer(out):
        _belongs(recipe, out, fresh)
        model = depth_model(recipe)
        catalog = _catalog(recipe, out, engine, strict, fresh, progress)
        samples = plan.count(recipe, catalog)
        identity = build_id(recipe, catalog, model)
        _settle(recipe, out, identity, model, fresh)
        if catalog_only:
            return out
        numbers = range(-(-samples // recipe.parts.size))
        missing = [n for n in numbers if read_info(out, n, identity) is None]
        if missing:
            workshop = Workshop(recipe, catalog, FolderStore(out / "catalog"), model)
            share = min(1.0, len(missing) * recipe.parts.size / samples)
            _room(out, estimate(workshop).total_bytes * share)
            _make(recipe, out, identity, engine, missing, samples, progress)
        finish(recipe, catalog, out, identity, len(numbers), progress)
    return out


def dry_run(recipe: Recipe, *, engine: Engine | None = None, progress: Progress = silent) -> tuple[Estimate, Catalog]:
    """Return what a build would cost and the catalog it would use; writes nothing."""
    model = depth_model(recipe)
    store = MemoryStore()
    catalog = ingest.ingest(recipe, engine or choose("serial", 1), store, progress)
    return estimate(Workshop(recipe, catalog, store, model)), catalog


def estimate(workshop: Workshop) -> Estimate:
    """Return the cost a sample, as the mean over a few spread samples, made in memory."""
    recipe, catalog = workshop.recipe, workshop.catalog
    samples = plan.count(recipe, catalog)
    step = max(1, samples // PROBES)
    probes = range(0, samples, step)[:PROBES]
    list(workshop.make(probes[:1]))  # loads the network; not counted
    before = dict(workshop.clock.seconds)
    made = list(workshop.make(probes))
    seconds = {stage: (workshop.clock.seconds[stage] - before[stage]) / len(probes) for stage in before}
    sizes = dict.fromkeys((*codec.FOLDERS, "metadata"), 0.0)
    for sample in made:
        for layer, size in sample.statistics.bytes.items():
            sizes[layer] += size / len(made)
        # a zip entry: two headers of 46 + 30 bytes and twice the name, per member; and the metadata row
        sizes["metadata"] += (len(json.dumps(sample.record)) + sum(76 + 2 * len(n) for n in sample.members)) / len(made)
    number = -(-samples // recipe.parts.size)
    return Estimate(samples, number, len(catalog.backgrounds), len(catalog.foregrounds), sizes, seconds)


def _door(recipe: Recipe, out: Path) -> None:
    """Check, before any work, that `out` can be written and is ours; mark it as ours with the recipe."""
    if out.exists() and not out.is_dir():
        raise FigureGroundError("the output is a file, not a folder", str(out), "give a folder's name")
    kept = out / "recipe.toml"
    ours = kept.is_file() and (out / FOLDER).is_dir()
    if out.is_dir() and any(out.iterdir()) and not ours:
        raise FigureGroundError("the output folder holds other things", str(out), "give a new or empty folder")
    try:
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
        probe = out / f".write-test.{secrets.token_hex(4)}{PARTIAL}"
        probe.write_bytes(b"")
        probe.unlink()
        if not kept.is_file():
            write_whole(kept, to_toml(recipe).encode())
    except OSError as error:
        raise FigureGroundError(
            f"the output folder cannot be written: {error.strerror}",
            str(out),
            "choose another folder, or change its permissions",
        ) from None


def _belongs(recipe: Recipe, out: Path, fresh: bool) -> None:
    """Sweep what a killed run left, and refuse parts that were made under another recipe."""
    sweep(out)
    for leftover in out.glob(f"catalog.*{PARTIAL}"):
        shutil.rmtree(leftover)
    kept = out / "recipe.toml"
    if not fresh:
        changed = changed_keys(load_recipe(kept), recipe)
        if changed and _has_parts(out):
            raise FigureGroundError(
                "the recipe has changed since this dataset was begun: " + "; ".join(changed),
                str(kept),
                "undo the change, build into another folder, or discard the parts made so far with --fresh",
            )


def _has_parts(out: Path) -> bool:
    return any((out / FOLDER).glob("part-*.zip"))


def _catalog(recipe: Recipe, out: Path, engine: Engine, strict: bool, fresh: bool, progress: Progress) -> Catalog:
    """Return the catalog in `out`, prepared anew where the photos or their knobs have changed."""
    folder = out / "catalog"
    if folder.exists() and not (folder / FILE).is_file():
        raise FigureGroundError("there is a folder named catalog that is no catalog", str(folder), "move it away")
    before = _known_catalog(folder)
    if before is not None and before.state == state.state(recipe) and not (strict and before.set_aside):
        return before
    partial = out / f"catalog.{secrets.token_hex(4)}{PARTIAL}"
    try:
        after = ingest.ingest(recipe, engine, FolderStore(partial), progress, strict)
        if before is not None and _has_parts(out) and not fresh and digest(before) != digest(after):
            raise FigureGroundError(
                "the photos have changed since this dataset was begun: " + _difference(before, after),
                str(folder),
                "restore them, build into another folder, or discard the parts made so far with --fresh",
            )
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return after


def _known_catalog(folder: Path) -> Catalog | None:
    """Return the catalog in a folder; None where there is none, it is damaged, or its pictures are not what it says."""
    try:
        catalog = load_catalog(folder)
        if any(file_sha256(folder / name) != sha256 for name, sha256 in files(catalog)):
            return None
    except (FigureGroundError, OSError):
        return None
    return catalog


def _difference(before: Catalog, after: Catalog) -> str:
    old, new = (
        {**{b.source: b.source_sha256 for b in c.backgrounds}, **{f.source: f.source_sha256 for f in c.foregrounds}}
        for c in (before, after)
    )
    changes = [f"{name} is new" for name in new if name not in old]
    changes += [f"{name} is gone" for name in old if name not in new]
    changes += [f"{name} has other content" for name in new if name in old and new[name] != old[name]]
    more = f" and {len(changes) - 5} more" if len(changes) > 5 else ""
    return ", ".join(changes[:5]) + more if changes else "they are prepared differently"


def _settle(recipe: Recipe, out: Path, identity: str, model: DepthModel | None, fresh: bool) -> None:
    """Fix what the parts are made from, or check that it is what it was."""
    path = out / "build.json"
    if _has_parts(out):
        try:
            known = json.loads(path.read_bytes())["build_id"]
        except (OSError, ValueError, KeyError, TypeError):
            known = None
        if known != identity:
            if not fresh:
                raise FigureGroundError(
                    "the finished parts were made from something else (another depth network, card or version)",
                    str(path),
                    "restore it, build into another folder, or discard the parts made so far with --fresh",
                )
            (out / "manifest.json").unlink(missing_ok=True)
            for old in (out / FOLDER).glob("part-*"):
                old.unlink()
    if _manifest_id(out) != identity:
        # it speaks of other parts: without it the folder is not taken for a finished dataset
        (out / "manifest.json").unlink(missing_ok=True)
    (out / MARK).unlink(missing_ok=True)
    write_whole(out / "recipe.toml", to_toml(recipe).encode())
    write_whole(path, json.dumps(describe_build(recipe, identity, model), indent=1).encode())


def _manifest_id(out: Path) -> str | None:
    try:
        known: str = json.loads((out / "manifest.json").read_bytes())["build_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known


def describe_build(recipe: Recipe, identity: str, model: DepthModel | None) -> dict[str, Any]:
    """Return what build.json says: what the parts are made from."""
    if model is None and ingest.estimates_depth(recipe):
        model = recipe_model(recipe)
    depth = {"file": model.path.name, "sha256": model.sha256, "card": asdict(model.card)} if model else None
    return {
        "build_id": identity,
        "format": FORMAT,
        "figureground": __version__,
        "recipe": content(recipe),
        "depth_model": depth,
    }


def _room(out: Path, needed: float) -> None:
    free = shutil.disk_usage(out).free
    if needed * 1.1 > free:
        raise FigureGroundError(
            f"the disk is too small: about {needed / 1e9:.2f} GB are needed, {free / 1e9:.2f} GB are free",
            str(out),
            "free some space, choose another disk, or lower placement.samples",
        )


def _make(
    recipe: Recipe, out: Path, identity: str, engine: Engine, missing: list[int], samples: int, progress: Progress
) -> None:
    """Make the missing parts.  Every one is tried; failures are reported together at the end."""
    sizes = {n: min(recipe.parts.size, samples - n * recipe.parts.size) for n in missing}
    done, total = samples - sum(sizes.values()), samples
    progress("samples", done, total)
    failures: list[tuple[int, BaseException]] = []
    for outcome in engine.map(functools.partial(make_part, recipe, str(out), identity, samples), missing):
        if outcome.error is not None:
            failures.append((outcome.job, outcome.error))
        else:
            done += sizes[outcome.job]
            progress("samples", done, total)
    if failures:
        raise failed_parts(failures, len(missing), out)


def failed_parts(failures: list[tuple[int, BaseException]], tried: int, out: Path) -> FigureGroundError:
    """Return the error that reports some parts' failures by the first of them."""
    number, error = failures[0]
    what = error.what if isinstance(error, FigureGroundError) else f"{type(error).__name__}: {error}"
    where = f"; {error.where}" if isinstance(error, FigureGroundError) else ""
    report = FigureGroundError(
        f"{len(failures)} of {tried} parts failed; the first: {what}",
        f"{part_name(number)} in {out}{where}",
        "the other parts are finished; mend the cause and run the same command again",
    )
    report.__cause__ = error
    return report


def make_part(recipe: Recipe, out: str, identity: str, samples: int, number: int) -> int:
    """Make one part and return its number.  The job that engines run; a worker keeps its workshop between parts."""
    workshop = _workshop(recipe, out, identity)
    first = number * recipe.parts.size
    indices = range(first, min(first + recipe.parts.size, samples))
    write_part(Path(out), number, identity, workshop.make(indices))
    return number


@functools.lru_cache(maxsize=1)
def _workshop(recipe: Recipe, out: str, identity: str) -> Workshop:
    folder = Path(out) / "catalog"
    catalog = load_catalog(folder)
    model = depth_model(recipe)
    if build_id(recipe, catalog, model) != identity:
        raise FigureGroundError(
            "the catalog or the depth network changed during the build", str(folder), "run the same command again"
        )
    store: Store = FolderStore(folder)
    return Workshop(recipe, catalog, store, model)
