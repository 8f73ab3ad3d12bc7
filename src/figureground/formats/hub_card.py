"""README.md of an export that Hugging Face's `datasets` opens: a split is a split there, and columns have types."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from figureground.core.errors import FigureGroundError
from figureground.core.features import Type, as_yaml
from figureground.core.layers import LAYERS
from figureground.core.record import DepthMeaning, Record
from figureground.core.texts import in_markdown
from figureground.formats.format import Work

README = "README.md"


@dataclass(frozen=True)
class Files:
    """The files of one split: their pattern, and which samples each has."""

    split: str
    pattern: str
    numbers: Mapping[str, Sequence[int]]


def shared_out(work: Work, per_file: int, called: str) -> list[Files]:
    """Return the files that hold a format's samples, so many a file, each of one split.

    `called`: how they are called, of `split`, `number` and `count`.  Raises FigureGroundError for less than one a file.
    """
    if per_file < 1:
        raise FigureGroundError(f"{per_file} samples a file", "--per-file", "1 or more")
    found = []
    for split, numbers in work.by_split().items():
        count = math.ceil(len(numbers) / per_file)
        parts = {
            called.format(split=split, number=f"{k:05d}", count=f"{count:05d}"): numbers[k * per_file :][:per_file]
            for k in range(count)
        }
        pattern = called.format(split=split, number="*", count=f"{count:05d}")
        found.append(Files(split, pattern, parts))
    return found


def card(work: Work, files: Sequence[Files], told: Mapping[str, Type], about: str) -> bytes:
    """Return the card.  `told`: the columns whose types it tells, none where the files do; `about`: a paragraph of what
    the files are."""
    manifest = work.dataset.manifest
    samples, first = len(work.numbers), speaking(work)
    # `datasets` caches by the header: what the export holds must stand in it
    content = f"build {manifest.get('build_id', '')[:16]}, {samples} samples"
    header = [
        "---",
        f"pretty_name: {json.dumps(str(manifest.get('name', '')))}",
        "configs:",
        "- config_name: default",
        f"  description: {json.dumps(content)}",
        "  data_files:",
        *(f'  - {{"split": "{one.split}", "path": "{one.pattern}"}}' for one in files),
    ]
    if told:
        header += ["dataset_info:", "  config_name: default", "  features:"]
        header += [f"  - {json.dumps(column)}" for column in as_yaml(told)]
    header += ["task_categories: [depth-estimation, image-segmentation]", "tags: [synthetic, figureground]", "---", ""]
    layers = [f"| {name} | {LAYERS[name].meaning} |" for name in LAYERS if name in first.files]
    splits = [f"| {one.split} | {sum(map(len, one.numbers.values())):,} | `{one.pattern}` |" for one in files]
    body = [
        f"# {in_markdown(str(manifest.get('name', '')))}",
        f"{samples:,} samples of a [figureground](https://github.com/figureground/figureground) dataset. {about}",
        "\n".join(["| layer | what it is |", "|---|---|", *layers]),
        *(f"{layer}: {said_of(meaning)}" for layer, meaning in first.depths.items()),
        "Only `train` may be trained on; no photo of it is met in the other splits.",
        "\n".join(["| split | samples | files |", "|---|---|---|", *splits]),
    ]
    return ("\n".join(header) + "\n\n".join(["", *body]).lstrip("\n") + "\n").encode("utf-8", "xmlcharrefreplace")


def speaking(work: Work) -> Record:
    """Return the first chosen record whose depth has a value, or else the first."""
    records: Iterator[Record] = (record for _, record in work.records())
    first = next(records)
    if _speaks(first):
        return first
    return next((record for record in records if _speaks(record)), first)


def _speaks(record: Record) -> bool:
    return "depth" not in record.depths or record.depths["depth"].valid_fraction > 0


def said_of(meaning: DepthMeaning) -> str:
    """Return in a sentence what a depth layer's codes mean."""
    invalid = "every code has a value" if meaning.invalid is None else f"code {meaning.invalid} means no value"
    return (
        f"value = offset + scale * code in {meaning.unit}, {meaning.direction}; {invalid}; scale and offset stand in "
        f"each row (here {meaning.scale:g} and {meaning.offset:g})."
    )
