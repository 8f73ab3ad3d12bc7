"""How others find their way in exported folders: data.yaml for Ultralytics, README.md for Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from figureground.core.record import SPLITS
from figureground.formats.members import PER_METRE

_MEANT = {
    "depth": f"16-bit PNG, metres along the optical axis = code / {PER_METRE}, 0 is no value, larger is farther",
    "relative_depth": "as stored: value = depth_offset + depth_scale * code (metadata.jsonl), up to scale and shift",
}


def data_yaml(
    splits: Collection[str], val: str, depth: str | None, semantic: str | None, classes: Iterable[str]
) -> str:
    """Return data.yaml.

    `splits`: those with samples.  `depth`, `semantic`: the folders of these layers, None where they are not written;
    a depth of which Ultralytics could read no metres is not named.  `classes`: from number 1.
    """
    lines = ["# for Ultralytics: its depth task reads depth_scale, its semantic task masks_dir and names"]
    if depth:
        lines.append(f"# SPLIT/{depth}: {_MEANT[depth]}")
    named = {SPLITS[0]: "train", val: "val"}
    for split, key in named.items():
        lines.append(f"{key}: {split}/images" if split in splits else f"# no {key}: no sample is in {split}")
    lines += [
        f"# not named, so neither trained on nor chosen by: {split}/images" for split in splits if split not in named
    ]
    if depth == "depth":
        lines.append(f"depth_scale: {PER_METRE}")
    if semantic:
        lines.append(f"masks_dir: {semantic}")
    lines.append("names:")
    lines += [f"  {number}: {json.dumps(name)}" for number, name in enumerate(("background", *classes))]
    return "\n".join(lines) + "\n"


def readme(splits: Iterable[str], depth: str | None) -> str:
    """Return README.md, whose header tells `datasets.load_dataset` the splits."""
    files = "".join(f"  - split: {split}\n    path: {split}/**\n" for split in splits)
    said = f"Depth, `SPLIT/{depth}`: {_MEANT[depth]}.\n" if depth else ""
    return f"""---
configs:
- config_name: default
  data_files:
{files}---

Composites exported by [figureground](https://github.com/figureground/figureground). Only `train` may be trained on; of
`new_background`, `new_foreground` and `new_both` the name says what of a sample was never seen there.
{said}"""
