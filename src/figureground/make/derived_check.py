"""Statistics, data card, manifest, report and sheets: made again of parts and catalog, and compared."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figureground.core.damage import Damage
from figureground.core.errors import FigureGroundError
from figureground.core.overlay import OverlayStore
from figureground.dataset import names, parts
from figureground.dataset.stored import Dataset
from figureground.make import made_with
from figureground.make.about import About
from figureground.make.differences import few, json_unlike, text_unlike, unlike
from figureground.make.finish import SHEETS, has_depth, is_as_told, manifest_of, summed, tables
from figureground.make.identity import describe
from figureground.make.manifest_files import manifest_files
from figureground.make.part_check import PartFound, PartLook
from figureground.make.probing import probes_of
from figureground.report import write_contact_sheets, write_report
from figureground.samples import stats

_FOLDER = re.compile(r"folder that holds <code>(.*?)</code>")
_OTHER_CODE = "README.md and croissant.json are not made again: other code made them"


def derived_damage(one: About, found: Sequence[PartFound], deep: bool) -> tuple[list[Damage], list[str]]:
    """Return in what manifest, statistics and data card are not those of the sidecars, and what is not compared."""
    damage = _report_build(one)
    if one.task is None or one.catalog is None or not one.beside:
        return damage + _sums(one), [
            "statistics.json, README.md and croissant.json are not made again: " + one.why_no_task
        ]
    infos = (one.task.finished(number) for number in range(one.task.count))
    known, by_split = summed(info for info in infos if info is not None)
    first = next(
        (each.first for each in found if each.first and has_depth(each.first)), found[0].first if found else None
    )
    if len(known) < one.task.count or first is None:
        return damage, ["statistics, data card and manifest are not made again while parts are damaged"]
    total = stats.total(by_split.values())
    about = describe(one.task.job, one.task.identity, one.build.get("made_with", {}))
    made = {**manifest_of(one.task, one.catalog, known, total, about), "files": one.manifest.get("files")}
    shared = not one.same_code
    said = one.build or one.manifest  # a lost build.json is told already
    if not one.build:
        made["made_with"] = said.get("made_with")
    if one.task.job.depth.model is None:  # it is not looked for where depth is in the catalog
        made["depth_model"] = said.get("depth_model")
    if shared:
        made |= {key: one.manifest.get(key) for key in ("figureground", "code", "made_with", "recipe", "files")}
    damage += _manifest(one, made, shared)
    probes, unchecked = ({}, [_OTHER_CODE]) if shared else _probes(one, deep, made, any(each.damage for each in found))
    for name, content in tables(one.task, one.catalog, made, by_split, first, probes).items():
        damage += _table(one, name, content, shared)
    return damage, unchecked


def _probes(one: About, deep: bool, made: Mapping[str, Any], damaged: bool) -> tuple[Mapping[str, Any], list[str]]:
    """Return the probes that tables are held to, and what is not compared.

    A deep look takes them again, and so does a fast one where statistics.json is not what the manifest tells of; else
    they are as they stand.
    """
    said, files = names.read_json(one.store, names.STATISTICS).get("probes"), one.manifest.get("files")
    told = said if isinstance(said, dict) else {}
    if not deep and isinstance(files, dict) and _as_told(one, files.get(names.STATISTICS)):
        return told, []
    if damaged:
        return told, ["the probes in statistics.json are not taken again while parts are damaged"]
    job = one.task.job if one.task is not None else None
    if job is None or made_with.others(one.build.get("made_with", {}), job, job.layers):
        return told, ["the probes in statistics.json are not taken again: other libraries made the samples"]
    try:
        return probes_of(Dataset(one.store, made, range(len(made["parts"])))), []
    except FigureGroundError as error:
        return told, [f"the probes in statistics.json are not taken again: {error.what}"]


def _as_told(one: About, told: object) -> bool:
    try:
        return is_as_told(one.store, names.STATISTICS, told)
    except (OSError, ValueError):
        return False


def _manifest(one: About, made: dict[str, Any], shared: bool) -> list[Damage]:
    if not one.manifest:
        return []  # told already
    plain = json.loads(json.dumps(made))
    lines = few(unlike(dict(one.manifest), plain, shared))
    if lines or shared:
        return [Damage(names.MANIFEST, None, line) for line in lines]
    said = "is written otherwise than it would be, though it says the same"
    return [Damage(name, None, said) for name, data in manifest_files(made) if one.store.read(name) != data]


def _table(one: About, name: str, made: bytes, shared: bool) -> list[Damage]:
    try:
        there = one.store.read(name)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        if missing and name == names.CROISSANT and name not in (one.manifest.get("files") or ()) and shared:
            return []  # older datasets have none
        return [Damage(name, None, "is missing" if missing else f"cannot be read: {error}")]
    if name == names.STATISTICS:
        lines = json_unlike(_without_checks(there), _without_checks(made), True) if shared else json_unlike(there, made)
    else:
        lines = [] if shared else text_unlike(there, made)
    return [Damage(name, None, line) for line in lines]


def _without_checks(data: bytes) -> bytes:
    """Return statistics without the self-checks, of which other code may know others."""
    try:
        plain = json.loads(data)
    except ValueError:
        return data
    return json.dumps({key: value for key, value in plain.items() if key != "checks"}).encode()


def _sums(one: About) -> list[Damage]:
    """Return in what a manifest contradicts itself and the catalog, where no task says what it would be."""
    manifest, damage = one.manifest, []
    if not manifest:
        return []
    try:
        listed = manifest["parts"]
        wanted = {
            "samples": sum(part["samples"] for part in listed),
            "bytes": sum(part["bytes"] for part in listed),
        }
        for number, part in enumerate(listed):
            if part["file"] != parts.part_file(number):
                damage.append(Damage(names.MANIFEST, None, f"parts[{number}].file is {part['file']!r}"))
        if one.catalog is not None:
            wanted |= {"backgrounds": len(one.catalog.backgrounds), "foregrounds": len(one.catalog.foregrounds)}
    except (KeyError, TypeError) as error:
        return [*damage, Damage(names.MANIFEST, None, f"does not say what its parts are: {error}")]
    lines = unlike({key: manifest.get(key) for key in wanted}, wanted)
    damage += [Damage(names.MANIFEST, None, line) for line in lines]
    statistics = names.read_json(one.store, names.STATISTICS)
    said = statistics.get("samples")
    if said is None and isinstance(statistics.get("accumulated"), dict):
        said = statistics["accumulated"].get("samples")
    if said != wanted["samples"]:
        damage.append(Damage(names.STATISTICS, None, f"is of {said} samples, the dataset has {wanted['samples']}"))
    return damage


def _report_build(one: About) -> list[Damage]:
    """Return whether the report is of this build; format version 1 may have none."""
    try:
        page = one.store.read(names.REPORT).decode(errors="replace")
    except FileNotFoundError:
        return [Damage(names.REPORT, None, "is missing")] if one.same_code else []
    except OSError as error:
        return [Damage(names.REPORT, None, f"cannot be read: {error}")]
    if one.identity and f"<code>{one.identity}</code>" not in page:
        return [Damage(names.REPORT, None, f"is not of this build: it does not name {one.identity}")]
    return []


def pages_damage(one: About, look: PartLook, count: int) -> tuple[list[Damage], list[str]]:
    """Return whether report and contact sheets are those that would be made, of a dataset that is sound otherwise; and
    what is not compared."""
    if not one.same_code or one.task is None or one.catalog is None or not look.exact:
        return [], ["report and contact sheets are not made again: other code or libraries made them"]
    page = one.store.read(names.REPORT)
    held = _FOLDER.search(page.decode(errors="replace"))
    # in the page stands the name that the folder had when it was written
    called = str(Path(one.store.name).absolute().parent / html.unescape(held[1])) if held else one.store.name
    over = OverlayStore(one.store, called)
    try:
        write_report(Dataset(over, one.manifest, range(count)))
        write_contact_sheets(over.below(names.CATALOG), one.catalog, one.task.job.canvas)
    except FigureGroundError as error:
        return [Damage(names.REPORT, None, f"cannot be made again: {error.what}")], []
    damage = [Damage(names.REPORT, None, line) for line in text_unlike(page, over.written[names.REPORT])]
    for sheet in SHEETS:
        name = f"{names.CATALOG}/{sheet}"
        if name in over.written and (one.store.size(name) is None or one.store.read(name) != over.written[name]):
            damage.append(Damage(name, None, "is not the sheet that would be made"))
    return damage, []
