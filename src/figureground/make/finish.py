"""All parts -> a finished dataset: labels, statistics, contact sheets, report, and last of all the manifest."""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, BinaryIO

from figureground.core.errors import FigureGroundError
from figureground.core.job import DepthPlan
from figureground.core.nouns import Catalog
from figureground.core.progress import Progress
from figureground.core.record import DepthMeaning, Record
from figureground.core.store import Store, asked
from figureground.dataset import names, parts
from figureground.dataset.manifest import read_whole_manifest
from figureground.dataset.part_table import list_count
from figureground.dataset.parts import PartInfo
from figureground.dataset.stored import Dataset
from figureground.ingest import catalog as catalogs
from figureground.make.card import data_card
from figureground.make.card_inputs import licences
from figureground.make.croissant import croissant
from figureground.make.labels_table import label_files, write_labels
from figureground.make.manifest_files import put_manifest
from figureground.make.no_depth import require_few
from figureground.make.part_task import PartTask, require_there
from figureground.make.probing import probes_or_none
from figureground.plan.plan import spread_of_backgrounds
from figureground.samples import checks, stats
from figureground.samples.checks import Check
from figureground.samples.lacking import Lacking
from figureground.samples.stats import Statistics

_TOGETHER = 64  # parts whose statistics are added up at a time
_PLACE = 2**20  # bytes that build.json or the report may have beyond what is said of it: the name of its place
_ROOT = re.compile(rb'\n "root(_sha256)?": "[^\n]*",?')
FOLDER_IN_REPORT = re.compile(rb"from the folder that holds <code>([^\n]*?)</code>")
SHEETS = ("Background.jpg", "Foreground.jpg", "Mask.jpg", "Floor.jpg")  # of the catalog, for people


def finish(task: PartTask, catalog: Catalog, progress: Progress) -> None:
    """Write what stands beside the parts.  Raises FigureGroundError when a part is missing, and where too many samples
    have no depth.

    A self-check that fails does not stop it: the result stands in statistics.json and in the report.
    """
    require_there(task.store)
    data = write_tables(task, catalog, progress)
    progress("report", 0, 1)
    write_pages(task, catalog, data)
    write_manifest(task.store, data.manifest, catalog)
    progress("report", 1, 1)


def write_pages(task: PartTask, catalog: Catalog, data: Dataset) -> None:
    """Write contact sheets and report.  Raises FigureGroundError where a picture of the catalog is damaged."""
    from figureground.report import write_contact_sheets, write_report

    write_contact_sheets(task.store.below(names.CATALOG), catalog, task.job.canvas)
    write_report(data)


def write_tables(task: PartTask, catalog: Catalog, progress: Progress) -> Dataset:
    """Write labels, statistics.json, data card and croissant.json; return the dataset, its manifest not written
    yet."""
    infos, by_split = summed(_finished(task))
    total = stats.total(by_split.values())
    lacking = Lacking()
    lacking.add([total])
    require_few(lacking, total.samples)
    about = {key: value for key, value in names.read_identity(task.store).items() if not key.startswith("root")}
    manifest = manifest_of(task, catalog, infos, total, about)
    data = Dataset(task.store, manifest, range(task.count))
    write_labels(task.store, infos, progress)
    for name, content in tables(task, catalog, manifest, by_split, first_of(data), probes_or_none(data)).items():
        task.store.write(name, content)
    return data


def summed(infos: Iterable[PartInfo]) -> tuple[list[PartInfo], dict[str, Statistics]]:
    """Return what sidecars say, without their statistics, and the sums of these, by split.

    Some are added up at a time, so that memory does not grow with the parts' statistics.
    """
    known, sums = list[PartInfo](), list[Mapping[str, Statistics]]()
    for info in infos:
        known.append(replace(info, statistics={}))
        sums.append(info.statistics)
        if len(sums) == _TOGETHER:
            sums = [stats.total_by_split(sums)]
    return known, stats.total_by_split(sums)


def tables(
    task: PartTask,
    catalog: Catalog,
    manifest: Mapping[str, Any],
    by_split: Mapping[str, Statistics],
    first: Record,
    probes: Mapping[str, Any],
) -> dict[str, bytes]:
    """Return statistics.json, data card and croissant.json of a dataset by what its sidecars say.

    `by_split`: the sums of all parts.  `first`: as `first_of` has it.  `probes`: as `probing.probes_of` has them,
    {} where none were taken.
    """
    total = stats.total(by_split.values())
    lacking = Lacking()
    lacking.add([total])
    steps = {layer: depth_step(task.job.depth, meaning) for layer, meaning in first.depths.items()}
    whose, published = checks.published(by_split)
    write = {
        "samples": total.samples,
        "summary": checks.summary(published, steps),
        "summary_of": {"split": whose, "samples": published.samples},
        "summary_all": checks.summary(total, steps),
        "checks": [asdict(check) for check in _checks(task, catalog, total)],
        "no_depth": {"samples": lacking.samples, "reasons": dict(lacking.reasons)},
        **({"probes": probes} if probes else {}),
        "accumulated_by_split": stats.by_split_to_json(by_split),
    }
    return {
        names.STATISTICS: json.dumps(write, indent=1).encode(),
        names.README: data_card(manifest, total, first, catalog, probes).encode("utf-8", "xmlcharrefreplace"),
        names.CROISSANT: croissant(manifest, first, licences(catalog)),
    }


def write_manifest(store: Store, manifest: Mapping[str, Any], catalog: Catalog) -> None:
    """Write the manifest, with the bytes and sha256 of every file that neither it nor the catalog tells them of."""
    told = {f"{names.CATALOG}/{file}" for file, _ in catalogs.files(catalog)}
    count = len(manifest["parts"])
    own = sorted(_own(catalog)) if list_count(count) else own_files(catalog, count)
    files = [name for name in own if name not in told]
    tell = functools.partial(asked, store, functools.partial(file_facts, store))
    facts = {name: one for name, one in zip(files, tell(files), strict=True) if one is not None}
    put_manifest(store, {**manifest, "files": facts}, tell)


def note_files(store: Store, written: Iterable[str]) -> None:
    """Let the manifest say of some files what they are now; one that tells of no files, as in older datasets, stays."""
    manifest = read_whole_manifest(store)
    if not isinstance(manifest.get("files"), dict):
        return
    facts = {name: file_facts(store, name) for name in written}
    manifest["files"] |= {name: one for name, one in facts.items() if one is not None}
    put_manifest(store, {**manifest, "files": dict(sorted(manifest["files"].items()))})


def own_files(catalog: Catalog, count: int) -> list[str]:
    """Return, sorted, the files that a dataset of so many parts has, but for its parts and the manifest."""
    return sorted([*_own(catalog), *label_files(count), *map(parts.sidecar, range(count))])


def _own(catalog: Catalog) -> list[str]:
    """Return those that a dataset has whatever its parts."""
    beside = [names.RECIPE, names.BUILD, names.STATISTICS, names.REPORT, names.README, names.CROISSANT]
    pictures = {file for file, _ in catalogs.files(catalog)} | {one.mask_file for one in catalog.foregrounds}
    in_catalog = [f"{names.CATALOG}/{name}" for name in {*pictures, *SHEETS, catalogs.FILE}]
    return [*beside, *in_catalog]


def file_facts(store: Store, name: str) -> dict[str, Any] | None:
    """Return what the manifest says of a file; None where there is none.

    Of build.json and the report, which name the place that they were written for, it is as though they named none, so
    that a manifest is the same wherever a dataset is made.
    """
    try:
        with store.open(name) as file:
            return _facts_of(name, file)
    except FileNotFoundError:
        return None


def _facts_of(name: str, file: BinaryIO) -> dict[str, Any]:
    if name in (names.BUILD, names.REPORT):
        data = file.read()
        data = _ROOT.sub(b"", data) if name == names.BUILD else _without_folder(data)
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    digest = parts.sha256_of(file)
    return {"bytes": file.seek(0, 2), "sha256": digest}


def is_as_told(store: Store, name: str, told: object) -> bool:
    """Tell whether a file is what a manifest says of it.  Its size is looked at first: one of a terabyte is not hashed.

    Of object storage that takes one question, for a file of ordinary size.  Raises OSError and ValueError where it
    cannot be read, FileNotFoundError where there is none.
    """
    most = told.get("bytes") if isinstance(told, dict) else None
    with store.open(name) as file:
        size = file.seek(0, 2)
        if type(most) is not int or size > most + _PLACE * (name in (names.BUILD, names.REPORT)):
            return False
        file.seek(0)
        return _facts_of(name, file) == told


def _without_folder(page: bytes) -> bytes:
    found = FOLDER_IN_REPORT.search(page)
    if found is None:
        return page
    folder = html.unescape(found[1].decode(errors="replace"))
    in_code = html.escape(json.dumps(folder)[1:-1]).encode("utf-8", "xmlcharrefreplace")
    name = b"|".join(map(re.escape, {found[1], in_code}))
    return re.sub(rb"(<code>|&#34;)(?:" + name + rb")(?=</code>|&#34;|/)", rb"\1", page)


def _checks(task: PartTask, catalog: Catalog, total: Statistics) -> list[Check]:
    weights = task.job.placing.weights
    if not weights:
        return checks.checks(total, task.job.depth.top)
    of_each = {f.id: weights[f.source_number - 1] for f in catalog.foregrounds}
    return checks.checks(total, task.job.depth.top, of_each, spread_of_backgrounds(task.job.placing))


def _finished(task: PartTask) -> Iterator[PartInfo]:
    for number, info in task.infos(range(task.count)):
        if info is None:
            raise FigureGroundError("a part is missing", parts.part_file(number), "run the same command again")
        yield info


def depth_step(depth: DepthPlan, meaning: DepthMeaning) -> tuple[str, float]:
    """Return (unit, value of one code) in which depth statistics are given.

    Where every image has its own stretch, codes do not compare between images; they are then given over 0..1.
    """
    if depth.wide and meaning.unit != "relative":
        return meaning.unit, meaning.scale
    return "stretched 0..1", 1 / depth.top


def first_of(data: Dataset) -> Record:
    """Return the first record that has depth where there is any, or else the first."""
    if not len(data):
        raise FigureGroundError("there are no samples", data.store.name, "run the same command again")
    return next(filter(has_depth, map(data.record, range(len(data)))), data.record(0))


def has_depth(record: Record) -> bool:
    """Tell whether a record's depth has a value, so that it can speak for others; so does one without depth."""
    return "depth" not in record.depths or record.depths["depth"].valid_fraction > 0


def manifest_of(
    task: PartTask, catalog: Catalog, infos: Sequence[PartInfo], total: Statistics, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the manifest, whose file is the sign that the dataset is finished.

    `about`: what build.json says of what the parts are made from, without its root.
    """
    return {
        "name": task.job.recipe.name,
        **about,
        "samples": total.samples,
        "size": task.job.canvas.size,
        "layers": list(task.job.layers),
        "backgrounds": len(catalog.backgrounds),
        "foregrounds": len(catalog.foregrounds),
        "classes": {str(number): name for number, name in enumerate(catalog.classes, 1)},
        "set_aside": len(catalog.set_aside),
        "no_depth": sorted(map(int, total.no_depth)),
        "networks": [asdict(network) for network in catalog.networks],
        "bytes": sum(info.bytes for info in infos),
        "parts": [{"file": i.file, "samples": i.samples, "bytes": i.bytes, "sha256": i.sha256} for i in infos],
    }
