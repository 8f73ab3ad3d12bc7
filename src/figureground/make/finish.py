"""All parts -> a finished dataset: labels.csv, statistics, contact sheets, report, and last of all the manifest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.job import DepthPlan
from figureground.core.nouns import Catalog
from figureground.core.progress import Paced, Progress
from figureground.core.record import COLUMNS, DepthMeaning, Record, labels_row
from figureground.dataset import names, parts
from figureground.dataset.parts import PartInfo
from figureground.dataset.stored import Dataset
from figureground.make.card import data_card
from figureground.make.no_depth import require_few
from figureground.make.part_task import PartTask, require_there
from figureground.plan.plan import spread_of_backgrounds
from figureground.samples import checks, stats
from figureground.samples.checks import Check
from figureground.samples.lacking import Lacking
from figureground.samples.stats import Statistics


def finish(task: PartTask, catalog: Catalog, progress: Progress) -> None:
    """Write what stands beside the parts.  Raises FigureGroundError when a part is missing, and where too many samples
    have no depth.

    A self-check that fails does not stop it: the result stands in statistics.json and in the report.
    """
    store, depth = task.store, task.job.depth
    require_there(store)
    infos = [_finished(task, number) for number in range(task.count)]
    by_split = stats.total_by_split([info.statistics for info in infos])
    total = stats.total(by_split.values())
    lacking = Lacking()
    lacking.add([total])
    require_few(lacking, total.samples)
    manifest = manifest_of(task, catalog, infos, total)
    data = Dataset(store, manifest, range(task.count))
    first = write_labels(data, progress)
    steps = {layer: depth_step(depth, meaning) for layer, meaning in first.depths.items()}
    whose, published = checks.published(by_split)
    write = {
        "samples": total.samples,
        "summary": checks.summary(published, steps),
        "summary_of": {"split": whose, "samples": published.samples},
        "summary_all": checks.summary(total, steps),
        "checks": [asdict(check) for check in _checks(task, catalog, total)],
        "no_depth": {"samples": lacking.samples, "reasons": dict(lacking.reasons)},
        "accumulated_by_split": stats.by_split_to_json(by_split),
    }
    store.write(names.STATISTICS, json.dumps(write, indent=1).encode())
    store.write(names.README, data_card(manifest, total, first).encode("utf-8", "xmlcharrefreplace"))
    from figureground.report import write_contact_sheets, write_report

    progress("report", 0, 1)
    write_contact_sheets(store.below(names.CATALOG), catalog, task.job.canvas)
    write_report(data)
    store.write(names.MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    progress("report", 1, 1)


def _checks(task: PartTask, catalog: Catalog, total: Statistics) -> list[Check]:
    weights = task.job.placing.weights
    if not weights:
        return checks.checks(total, task.job.depth.top)
    of_each = {f.id: weights[f.source_number - 1] for f in catalog.foregrounds}
    return checks.checks(total, task.job.depth.top, of_each, spread_of_backgrounds(task.job.placing))


def _finished(task: PartTask, number: int) -> PartInfo:
    info = task.finished(number)
    if info is None:
        raise FigureGroundError("a part is missing", parts.part_file(number), "run the same command again")
    return info


def depth_step(depth: DepthPlan, meaning: DepthMeaning) -> tuple[str, float]:
    """Return (unit, value of one code) in which depth statistics are given.

    Where every image has its own stretch, codes do not compare between images; they are then given over 0..1.
    """
    if depth.wide and meaning.unit != "relative":
        return meaning.unit, meaning.scale
    return "stretched 0..1", 1 / depth.top


def write_labels(data: Dataset, progress: Progress) -> Record:
    """Write labels.csv, a row a sample, part by part; return the first record, with depth where there is any."""
    first: Record | None = None
    with data.store.writing(names.LABELS) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        next_sample, told = 0, Paced(progress)
        for part in data.manifest["parts"]:
            for i in range(next_sample, next_sample + part["samples"]):
                record = data.record(i)
                first = record if first is None or not _has_depth(first) else first
                writer.writerow(labels_row(part["file"], record))
                told("labels", i + 1, len(data))
            next_sample += part["samples"]
        text.detach()  # flushes; the store closes the file
    if first is None:
        raise FigureGroundError("there are no samples", data.store.name, "run the same command again")
    return first


def _has_depth(record: Record) -> bool:
    """Tell whether a record's depth has a value, so that it can speak for others; so does one without depth."""
    return "depth" not in record.depths or record.depths["depth"].valid_fraction > 0


def manifest_of(task: PartTask, catalog: Catalog, infos: Sequence[PartInfo], total: Statistics) -> dict[str, Any]:
    """Return the manifest, whose file is the sign that the dataset is finished."""
    about = {key: value for key, value in names.read_identity(task.store).items() if key != "root"}
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
