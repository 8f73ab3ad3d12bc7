"""README.md of a dataset: its data card, whose YAML header lets `datasets.load_dataset("DATASET")` find the parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from figureground.core.layers import LAYERS
from figureground.core.record import SPLITS, Record
from figureground.dataset import parts
from figureground.samples.stats import Statistics

_HEADER = """\
---
pretty_name: {name}
configs:
- config_name: default
  data_files: {parts}/*.zip
  description: {content}
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

{samples:,} composites of {foregrounds:,} foregrounds on {backgrounds:,} backgrounds, {width} x {height} px, made by
[figureground](https://github.com/figureground/figureground) {version}. `report.html` shows them, `recipe.toml` is
how they were made.

## Layers

| layer | what it is | file name in a row |
|---|---|---|
{layers}

{depth}
## Splits

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

rows = datasets.load_dataset("DATASET", split="train")  # all rows are called train there: use the column `split`
rows = rows.filter(lambda row: row["split"] == "train")
```

Every part is a stored zip with `metadata.jsonl` inside. Mean and standard deviation stand in `statistics.json`, where
each photo comes from in `catalog/catalog.jsonl`.
"""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def data_card(manifest: Mapping[str, Any], total: Statistics, first: Record) -> str:
    """Return the data card of a dataset, Markdown under a YAML header.  `first`: any of its records."""
    samples, size = manifest["samples"], manifest["size"]
    width, height = (size, size) if isinstance(size, int) else size
    rows = [f"| {name} | {LAYERS[name].meaning} | `{name}_file_name` |" for name in LAYERS if name in first.files]
    splits = [f"| {name} | {total.splits.get(name, 0):,} |" for name in SPLITS]
    # `datasets` caches by this header: what the dataset holds must stand in it, or a grown one is read as it was before
    content = _yaml(f"build {manifest['build_id'][:16]}, {samples} samples")
    header = _HEADER.format(name=_yaml(manifest["name"]), parts=parts.FOLDER, content=content, size=_size(samples))
    return header + _BODY.format(
        title=" ".join(str(manifest["name"]).split()).replace("<", "&lt;"),
        samples=samples,
        foregrounds=manifest["foregrounds"],
        backgrounds=manifest["backgrounds"],
        width=width,
        height=height,
        version=manifest["figureground"],
        layers="\n".join(rows),
        depth=_depth(first),
        splits="\n".join(splits),
    )


def _depth(first: Record) -> str:
    """Return what a reader must know of the depth's codes; "" without depth."""
    if "depth" not in first.depths:
        return ""
    meaning = first.depths["depth"]
    invalid = "every code has a value" if meaning.invalid is None else f"code {meaning.invalid} means no value"
    return (
        f"Depth is in {meaning.unit} ({meaning.direction}): `depth_offset + depth_scale * code`, by each row's own "
        f"numbers (the first row's scale is {meaning.scale:g}); {invalid}.\n\n"
    )


def _size(samples: int) -> str:
    return next((text for most, text in _SIZES if samples < most), "n>1M")


def _yaml(text: str) -> str:
    """Return a text as YAML takes it: JSON's form is YAML's."""
    return json.dumps(str(text), ensure_ascii=True)
