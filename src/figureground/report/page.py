"""DATASET/report.html: one file that opens from disk, with nothing fetched and no scripts."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from figureground.core.job import DepthPlan
from figureground.core.nouns import Catalog, SetAside
from figureground.core.record import SPLITS, DepthMeaning
from figureground.dataset.names import RECIPE, REPORT
from figureground.dataset.stored import Dataset
from figureground.image.colourmap import DepthScale
from figureground.image.masks import mask_of
from figureground.report import floors, plots, samples
from figureground.report.snippets import snippets
from figureground.resolve import depth_plan, placing_of
from figureground.samples import stats

SAMPLES = 10
KEY_SAMPLES = 32
_SIDE, _CUTOUT_SIDE = 224, 168  # px of a thumbnail, at most
_LISTED = 2000  # lines of a list of photos, at most
_BINS = 48  # bars of a histogram, at most
_STRAY = 0.1  # % of the pixels at each end that the depth histogram leaves out


def write_report(dataset: Dataset) -> Path:
    """Write report.html into the dataset's folder and return its path.  The same dataset gives the same bytes."""
    dataset.store.write(REPORT, page(dataset).encode("utf-8", "xmlcharrefreplace"))  # a folder's name may be no text
    return dataset.path / REPORT


def page(dataset: Dataset) -> str:
    """Return the page of a dataset."""
    plain = dataset.statistics
    accumulated = stats.from_json(plain["accumulated"])
    catalog = dataset.catalog
    meaning = dataset.record(0).depths.get("depth")
    depth = depth_plan(dataset.recipe)
    folder = dataset.path.resolve().name
    unit = (meaning.unit, meaning.direction) if meaning else None
    keyed = samples.difference_key_ious(samples.load(dataset, samples.spread(dataset, KEY_SAMPLES)))
    context = {
        "manifest": dataset.manifest,
        "recipe": dataset.recipe,
        "catalog": catalog,
        "bytes": human_bytes(dataset.manifest["bytes"]),
        "depth": depth_facts(meaning, depth, dataset.manifest.get("depth_model")) if meaning else None,
        "exact_masks": dataset.recipe.mask.format == "png",
        "twins": placing_of(dataset.recipe).twins == 2,
        **_sample_rows(dataset),
        "summary": plain["summary"],
        "checks": plain["checks"],
        "failed": sum(not check["passed"] for check in plain["checks"]),
        "plots": {
            name: _markup(svg)
            for name, svg in statistics_plots(accumulated, catalog, depth, plain["summary"], meaning).items()
        },
        "geometry": _geometry(dataset, catalog, accumulated),
        "set_aside": photo_list(catalog.set_aside, catalog),
        "notes": photo_list(catalog.notes, catalog),
        "key": {
            "mean": float(np.mean(keyed)),
            "least": min(keyed),
            "most": max(keyed),
            "samples": len(keyed),
            "threshold": samples.KEY_THRESHOLD,
        }
        if keyed
        else None,
        "snippets": snippets(folder, dataset.manifest["parts"][0]["file"], dataset.manifest["size"], unit),
        "folder": folder,
        "recipe_toml": dataset.store.read(RECIPE).decode(),
        "icon": _icon(),
    }
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = files("figureground.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(context)


def _geometry(dataset: Dataset, catalog: Catalog, total: stats.Statistics) -> dict[str, Any] | None:
    found = floors.geometry(dataset, catalog, total)
    if found is None:
        return None
    return {**found, "floors": [(name, jpeg_uri(picture)) for name, picture in found["floors"]]}


def human_bytes(count: float) -> str:
    """Return a size as "532 B", "12.6 MB": powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{plots.number(count)} {unit}"
        count /= 1000
    return f"{plots.number(count)} TB"


def depth_facts(meaning: DepthMeaning, plan: DepthPlan, model: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what must be known of the depth, in words.  `model`: the manifest's entry of the network, if any."""
    unit = meaning.unit
    names = {"m": "metres", "1/m": "inverse depth, 1/m", "relative": "relative, known up to scale and shift"}
    short = {"m": "metric, m", "1/m": "inverse, 1/m"}.get(unit, unit)
    facts = {"unit": names[unit], "short": short, "direction": meaning.direction}
    form = {"png16": "16-bit PNG", "png8": "8-bit PNG", "jpeg8": "8-bit JPEG"}[plan.encoding]
    if plan.wide and unit != "relative":
        facts["stored"] = f"{form}; one step is {plots.number(meaning.scale)} {unit}, the same in every image"
    else:
        facts["stored"] = f"{form}, stretched in each image by its own scale and offset, which the metadata keeps"
    facts["invalid"] = "no code: every pixel has a value" if meaning.invalid is None else f"code {meaning.invalid}"
    card = model["card"] if model else {}
    named = f"the network {card['name']} ({model['file']})" if model else ""
    known = f"the backgrounds' depth by {named}, run once on each" if named else "the backgrounds' known depth"
    standing = f"{known}, with the figures standing in it"
    each = f"{named}, run on each composite"
    source = standing if plan.layered else each
    return facts | {
        "from": f"{standing}; and beside it {each}" if plan.layered and plan.on_composites else source,
        "model": card.get("name", "layered"),
        "licence": card.get("licence", ""),
        "sha256": model["sha256"] if model else "",
        "origin": card.get("figures_from", ""),
    }


def _sample_rows(dataset: Dataset) -> dict[str, Any]:
    """Return what the template needs to draw the sample rows and their depth legends."""
    shown = list(samples.load(dataset, samples.spread(dataset, SAMPLES)))
    rows = []
    scales = samples.scales(shown)
    striped = [bool(np.isnan(row.depth.values).any()) if row.depth is not None else False for row in shown]
    for i, (row, scale) in enumerate(zip(shown, scales, strict=True)):
        figure = row.record.figures[0]
        rows.append(
            {
                "record": row.record,
                "figure": figure,
                "background": row.background_entry,
                "foreground": row.foreground_entry,
                "contact": _depth_text(figure.depth_at_contact, scale),
                "pictures": {
                    "background": jpeg_uri(row.background),
                    "cutout": png_uri(row.cutout, _CUTOUT_SIDE),
                    "cutout_mask": png_uri(mask_of(row.cutout[..., 3]) * np.uint8(255), _CUTOUT_SIDE),
                    "image": jpeg_uri(row.image),
                    "mask": png_uri(row.mask * np.uint8(255), _SIDE) if row.mask is not None else "",
                    "depth": jpeg_uri(scale.picture(row.depth)) if row.depth is not None and scale is not None else "",
                },
                "legend": _legend(scale, f"depth-{i}", striped[i], compact=True),
            }
        )
    common = len(set(scales)) == 1 and scales[0] is not None
    legend = _legend(scales[0], "depth-all", any(striped)) if common else ""
    return {"rows": rows, "legend": legend, "common_scale": common}


def _markup(svg: str) -> Markup:
    """Return SVG from `plots`, which escapes its texts itself, as what the template need not escape."""
    return Markup(svg)  # noqa: S704


def _legend(scale: DepthScale | None, name: str, striped: bool, compact: bool = False) -> str:
    return _markup(plots.depth_legend(scale, name, striped, compact)) if scale is not None else ""


def _depth_text(value: float | None, scale: DepthScale | None) -> str:
    if value is None:
        return "unknown" if scale is not None else ""
    return plots.measure(value, scale.unit if scale is not None else "")


def statistics_plots(
    total: stats.Statistics,
    catalog: Catalog,
    depth: DepthPlan,
    summary: Mapping[str, Any],
    meaning: DepthMeaning | None,
) -> dict[str, str]:
    """Return the plots: name -> SVG."""
    side = math.isqrt(total.pixels // max(1, total.samples))
    edges = np.append(np.arange(stats.HEAT_CELLS) * side // stats.HEAT_CELLS, side)
    cells = np.outer(np.diff(edges), np.diff(edges)) * max(1, total.samples)
    heat = np.reshape(total.heat or (0,) * stats.HEAT_CELLS**2, (stats.HEAT_CELLS, -1)) / cells
    area, low, high = rebin(tuple(total.area_histogram), 0.0, 100.0 / max(1, len(total.area_histogram)))
    uses = {
        "backgrounds": ([b.id for b in catalog.backgrounds], total.backgrounds),
        "foregrounds": ([f.id for f in catalog.foregrounds], total.foregrounds),
    }
    out = {
        "heat": plots.heat_map(heat, "where figures stand: share of the samples whose mask covers each place"),
        "area": plots.histogram(area, low, high, "mask area, % of the picture", "samples", "histogram of mask areas"),
        "bytes": plots.share_rows(
            [
                (name, float(size), f"{human_bytes(size)}, {human_bytes(size / max(1, total.samples))} a sample")
                for name, size in sorted(total.bytes.items(), key=lambda item: -item[1])
            ],
            "bytes of each layer",
        ),
        "splits": plots.share_rows(
            [
                (name, float(count), f"{count:,} ({100 * count / max(1, total.samples):.1f} %)")
                for name, count in sorted(total.splits.items(), key=lambda item: SPLITS.index(item[0]))
            ],
            "samples in each split",
        ),
    }
    for kind, (ids, used) in uses.items():
        out[kind] = plots.use_strip(ids, [used.get(i, 0) for i in ids], f"samples of each of the {len(ids)} {kind}")
    if any(total.depth_histogram) and meaning is not None:
        unit = summary["depth"]["unit"]
        out["depth"] = _depth_histogram(tuple(total.depth_histogram), unit, meaning, depth.wide)
    return out


def _depth_histogram(counts: Sequence[int], unit: str, meaning: DepthMeaning, wide: bool) -> str:
    """Return the plot of bins that are 64 codes wide for 16-bit depth (`wide`), else one code.

    Codes that differ from image to image are shown over 0..1.
    """
    codes = 64 if wide else 1
    fixed = unit in ("m", "1/m")
    step = codes * (meaning.scale if fixed else 1 / (65535 if wide else 255))
    shares = np.asarray(counts, np.float64) * 100 / sum(counts)
    below = np.cumsum(shares)
    stray = (below <= _STRAY) | (below - shares >= 100 - _STRAY)  # a few far pixels would flatten the rest
    values, low, high = rebin(np.where(stray, 0, shares), 0.0, step)
    axis = f"depth, {unit}" if fixed else "depth code, stretched in each image over 0..1"
    axis = f"{axis} ({meaning.direction})"
    if shares[stray].sum() > 0:
        axis += f"; {plots.number(shares[stray].sum())} % lie outside"
    return plots.histogram(values, low, high, axis, "% of the pixels", "histogram of depth")


def rebin(counts: Sequence[float] | NDArray[np.float64], start: float, step: float) -> tuple[list[float], float, float]:
    """Return at most 48 wider bins around those that are not empty, and the range they span."""
    array = np.asarray(counts, np.float64)
    used = np.flatnonzero(array)
    if not used.size:
        return [0.0], start, start + step * max(1, array.size)
    first, end = int(used[0]), int(used[-1]) + 1
    merge = -(-(end - first) // _BINS)
    first -= first % merge
    padded = np.pad(array[first:end], (0, -(end - first) % merge))
    return padded.reshape(-1, merge).sum(1).tolist(), start + first * step, start + (first + padded.size) * step


def photo_list(found: Sequence[SetAside], catalog: Catalog) -> dict[str, Any]:
    """Return photos with reasons: how many in all, counts by general reason, and the list itself."""
    known = {p.source for p in catalog.backgrounds} | {p.source for p in catalog.foregrounds}
    known |= {Path(source).name for source in known}
    groups: dict[tuple[str, str], list[str]] = {}
    for item in found:
        groups.setdefault((item.kind, general(item.reason, known)), []).append(item.reason)
    counts = [
        {"kind": kind, "reason": reasons[0] if len(set(reasons)) == 1 else reason, "count": len(reasons)}
        for (kind, reason), reasons in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]
    return {"total": len(found), "counts": counts, "items": found[:_LISTED], "more": max(0, len(found) - _LISTED)}


def general(reason: str, known: Iterable[str]) -> str:
    """Return a reason without what differs from photo to photo: names of other photos, and numbers."""
    for name in sorted((name for name in known if name and name in reason), key=len, reverse=True):
        reason = reason.replace(name, "another photo")
    return re.sub(r"\d+(?:[.,]\d+)*", "…", reason)


def jpeg_uri(picture: NDArray[np.uint8], side: int = _SIDE) -> str:
    """Return a data URI of an RGB picture (h, w, 3), at most `side` px large."""
    out = io.BytesIO()
    _within(Image.fromarray(picture), side).save(out, "JPEG", quality=86, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def png_uri(picture: NDArray[np.uint8], side: int) -> str:
    """Return a data URI of a cut-out (h, w, 4) or a mask (h, w) of 0 and 255, at most `side` px large."""
    image = Image.fromarray(picture)
    if image.mode == "L":
        image = _within(image, side)
        image = image.convert("1") if image.size == (picture.shape[1], picture.shape[0]) else image
    else:
        image = _within(image.convert("RGBa"), side).convert("RGBA") if max(image.size) > side else image
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _within(image: Image.Image, side: int) -> Image.Image:
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _icon() -> str:
    """Return the page's icon: a figure, and the same shape as ground."""
    row, column = np.indices((32, 32)) - 15.5
    inside = row**2 + column**2 < 11**2
    left = column < 0
    return png_uri(((inside ^ left) * np.uint8(255)).astype(np.uint8), 32)
