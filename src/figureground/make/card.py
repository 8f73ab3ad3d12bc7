"""README.md of a dataset: its data card, whose YAML header lets `datasets.load_dataset("DATASET")` find the parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from figureground.core.features import as_yaml, pictures_first, row_features
from figureground.core.layers import LAYERS
from figureground.core.nouns import SIDES, Catalog
from figureground.core.record import SPLITS, DepthMeaning, Record
from figureground.core.texts import in_markdown
from figureground.dataset import parts
from figureground.evaluate import probe_table
from figureground.evaluate.framings import PHOTOS, QUANTILES
from figureground.evaluate.probes import from_json
from figureground.make.card_inputs import inputs, limits
from figureground.samples.stats import Statistics

_HEADER = """\
---
pretty_name: {name}
configs:
- config_name: default
  data_files: {parts}/*.zip
  description: {content}
  features:
{features}
size_categories:
- {size}
task_categories:
- depth-estimation
- image-segmentation
tags:
- synthetic
- figureground
---
"""
_BODY = """
# {title}

{samples:,} composites of {foregrounds:,} foregrounds on {backgrounds:,} backgrounds, {width} x {height} px, {made} by
[figureground](https://github.com/figureground/figureground) {version}. `report.html` shows them, `recipe.toml` is
{told}.

## Layers

| layer | what it is | file name in a row |
|---|---|---|
{layers}

{depth}
{inputs}{believed}{framed}{probed}{limits}## Splits

The column `split` says where a sample belongs; only `train` may be trained on, and no photo of it is met elsewhere.

| split | samples |
|---|---|
{splits}

## Loading

```python
import figureground

data = figureground.open_dataset("DATASET").select(split="train")
```

```python
import datasets

rows = datasets.load_dataset("DATASET", split="train").sort("index")  # all rows are called train there, in any order
rows = rows.filter(lambda split: split == "train", input_columns="split")
```

Every part is a stored zip with `metadata.jsonl` inside. Mean and standard deviation stand in `statistics.json`, where
each photo comes from in `catalog/catalog.jsonl`; `croissant.json` says it all to machines.
"""
# depth's unit in words
UNITS = {"m": "metres", "1/m": "inverse depth, 1/m", "relative": "relative units, known up to scale and shift"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def data_card(
    manifest: Mapping[str, Any], total: Statistics, first: Record, catalog: Catalog, probes: Mapping[str, Any]
) -> str:
    """Return the data card of a dataset, Markdown under a YAML header.

    `first`: any of its records.  `probes`: as statistics.json has them, {} where none were taken.
    """
    samples, size = manifest["samples"], manifest["size"]
    width, height = (size, size) if isinstance(size, int) else size
    rows = [f"| {name} | {LAYERS[name].meaning} | `{name}_file_name` |" for name in LAYERS if name in first.files]
    splits = [f"| {name} | {total.splits.get(name, 0):,} |" for name in SPLITS]
    # `datasets` caches by this header: what the dataset holds must stand in it, or a grown one is read as it was before
    content = _yaml(f"build {manifest['build_id'][:16]}, {samples} samples")
    header = _HEADER.format(
        name=_yaml(manifest["name"]),
        parts=parts.FOLDER,
        content=content,
        features="\n".join(f"  - {json.dumps(one)}" for one in as_yaml(pictures_first(row_features(first)))),
        size=_size(samples),
    )
    return header + _BODY.format(
        title=in_markdown(str(manifest["name"])),
        samples=samples,
        foregrounds=manifest["foregrounds"],
        backgrounds=manifest["backgrounds"],
        width=width,
        height=height,
        version=manifest["figureground"],
        made="imported" if "origin" in manifest else "made",
        told="what it would take to make their like" if "origin" in manifest else "how they were made",
        layers="\n".join(rows),
        depth="".join(_depth(layer, meaning) for layer, meaning in first.depths.items()),
        inputs=inputs(manifest, catalog),
        limits=limits(total, first, catalog),
        believed=_believed(total),
        framed=_framed(total),
        probed=_probed(probes),
        splits="\n".join(splits),
    )


def _believed(total: Statistics) -> str:
    """Return how plausible the samples are; "" where nobody scored them."""
    counts = total.plausibility_histogram
    if not sum(counts):
        return ""
    half = sum(counts[len(counts) // 2 :]) / sum(counts)
    told = sorted(total.doubts.items(), key=lambda item: (-item[1], item[0]))
    said = "; ".join(f"{count:,} samples: {doubt}" for doubt, count in told) or "nothing is said against any"
    return (
        "## Plausibility\n\nThe column `plausibility` says how likely a person takes a sample for real, 0 to 1: "
        f"{half:.0%} have 0.5 or more. What speaks against them, `doubts`: {said}.\n\n"
    )


def _framed(total: Statistics) -> str:
    """Return how figures fill the frame, beside real photos; "" where nobody counted it."""
    from figureground.report.framings import OWN, spread_of

    own = spread_of(total)
    if own is None:
        return ""
    at = [QUANTILES.index(q) for q in (0.05, 0.5, 0.95)]
    rows = []
    for name, one in {OWN: own, **PHOTOS}.items():
        spans = (" / ".join(f"{100 * values[i]:.0f}" for i in at) for values in (one.heights, one.widths, one.areas))
        cuts = (f"{100 * share:.0f}" for share in (*(one.cut[side] for side in SIDES), one.uncut))
        rows.append(f"| {' | '.join((f'{name} ({one.pictures:,})', *spans, *cuts))} |")
    counts = ", ".join(f"{n} in {count:,}" for n, count in sorted(total.figures.items(), key=lambda one: int(one[0])))
    return (
        "## Framing\n\nWhat is seen of all figures of a picture, in % of the frame (5th percentile / middle / 95th), "
        f"and in how many % of the pictures the frame cuts them off. Figures a sample: {counts}.\n\n"
        f"| | height | width | area | {' | '.join(SIDES)} | not cut |\n|{'---|' * (5 + len(SIDES))}\n"
        + "\n".join(rows)
        + "\n\n"
    )


def _probed(plain: Mapping[str, Any]) -> str:
    """Return how well shortcuts do; "" where nobody tried, or it cannot be read."""
    try:
        probes = from_json(plain)
        rows = [f"| {' | '.join(row)} |" for row in probe_table.rows(probes)]
    except (ValueError, KeyError):
        return ""
    absent = "; ".join(f"{name} ({in_markdown(why)})" for name, why in probe_table.absent(probes))
    return (
        "## What can be had without looking\n\n"
        f"Shortcuts that know nothing of people or rooms, on {probes.samples:,} samples of {probes.backgrounds:,} "
        "backgrounds, drawn over all splits. What is fitted is fitted on other backgrounds; thresholds are the best "
        "for these samples. A network that does no better may have learned no more.\n\n"
        + ("| shortcut | what it gives |\n|---|---|\n" + "\n".join(rows) + "\n\n" if rows else "")
        + (f"Not taken: {absent}.\n\n" if absent else "")
    )


def _depth(layer: str, meaning: DepthMeaning) -> str:
    """Return what a reader must know of a depth layer's codes."""
    invalid = "every code has a value" if meaning.invalid is None else f"code {meaning.invalid} means no value"
    return (
        f"`{layer}` is in {UNITS[meaning.unit]} ({meaning.direction}), along the optical axis:\n"
        f"`{layer}_offset + {layer}_scale * code`, by each row's own numbers (the first row's scale is "
        f"{meaning.scale:g}); {invalid}.\n\n"
    )


def _size(samples: int) -> str:
    return next((text for most, text in _SIZES if samples < most), "n>1M")


def _yaml(text: str) -> str:
    """Return a text as YAML takes it: JSON's form is YAML's."""
    return json.dumps(str(text), ensure_ascii=True)
