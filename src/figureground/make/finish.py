"""All parts -> a finished dataset: labels.csv, statistics, contact sheets, report, and last of all the manifest."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import PARTIAL, write_whole
from figureground.core.recipe import Recipe
from figureground.core.record import COLUMNS, row
from figureground.core.sample import Catalog
from figureground.dataset import parts
from figureground.dataset.stored import Dataset
from figureground.samples import checks, codec, stats

Progress = Callable[[str, int, int], None]


def finish(recipe: Recipe, catalog: Catalog, out: Path, build_id: str, n_parts: int, progress: Progress) -> None:
    """Write what stands beside the parts.  Raises FigureGroundError when a part is missing.

    A self-check that fails does not stop it: the result stands in statistics.json and in the report.
    """
    infos = []
    for number in range(n_parts):
        info = parts.read_info(out, number, build_id)
        if info is None:
            raise FigureGroundError("a part is missing", parts.part_name(number), "run the same command again")
        infos.append(info)
    total = stats.total([info.statistics for info in infos])
    first = write_labels(out, infos, progress)
    found = checks.checks(total, 65535 if recipe.depth.encoding == "png16" else 255)
    depths = {layer: depth_step(recipe, first, layer) for layer in codec.DEPTHS if f"{layer}_unit" in first}
    write = {
        "samples": total.samples,
        "summary": checks.summary(total, depths),
        "checks": [asdict(check) for check in found],
        "accumulated": stats.to_json(total),
    }
    write_whole(out / "statistics.json", json.dumps(write, indent=1).encode())
    manifest = describe(recipe, catalog, out, infos, total)
    from figureground.report import write_contact_sheets, write_report

    progress("report", 0, 1)
    write_contact_sheets(out / "catalog")
    write_report(Dataset(out, manifest, range(n_parts)))
    write_whole(out / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    progress("report", 1, 1)


def depth_step(recipe: Recipe, record: Mapping[str, Any], layer: str = "depth") -> tuple[str, float]:
    """Return (unit, value of one code) in which depth statistics are given.

    Where every image has its own stretch, codes do not compare between images; they are then given over 0..1.
    """
    if recipe.depth.encoding == "png16" and record[f"{layer}_unit"] != "relative":
        return record[f"{layer}_unit"], record[f"{layer}_scale"]
    return "stretched 0..1", 1 / (65535 if recipe.depth.encoding == "png16" else 255)


def write_labels(out: Path, infos: list[parts.PartInfo], progress: Progress) -> dict[str, Any]:
    """Write labels.csv, a row a sample, part by part; return the first record."""
    path = out / "labels.csv"
    partial = path.with_name(path.name + PARTIAL)
    first: dict[str, Any] = {}
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, info in enumerate(infos):
            reader = parts.PartReader(out / info.file)
            first = first or reader.records[0]
            writer.writerows(row(info.file, record) for record in reader.records)
            reader.close()
            progress("labels", number + 1, len(infos))
    partial.replace(path)
    return first


def describe(
    recipe: Recipe, catalog: Catalog, out: Path, infos: list[parts.PartInfo], total: stats.Statistics
) -> dict[str, Any]:
    """Return the manifest, whose file is the sign that the dataset is finished."""
    about = json.loads((out / "build.json").read_bytes())
    return {
        "name": recipe.name,
        **about,
        "samples": total.samples,
        "size": recipe.size,
        "backgrounds": len(catalog.backgrounds),
        "foregrounds": len(catalog.foregrounds),
        "set_aside": len(catalog.set_aside),
        "networks": [asdict(network) for network in catalog.networks],
        "bytes": sum(info.bytes for info in infos),
        "parts": [{"file": i.file, "samples": i.samples, "bytes": i.bytes, "sha256": i.sha256} for i in infos],
    }
