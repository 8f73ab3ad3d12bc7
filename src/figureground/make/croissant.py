"""croissant.json of a dataset: what it holds, for search engines and loaders that read MLCommons' Croissant 1.0."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from figureground.core.features import label_columns
from figureground.core.layers import LAYERS
from figureground.core.record import Record, described
from figureground.dataset import labels, names
from figureground.dataset.part_table import list_count

_ALL = "parts/part-*.zip"  # of very many parts each is not named
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {"int64": "sc:Integer", "float64": "sc:Float", "string": "sc:Text", "bool": "sc:Boolean"}
_MEDIA = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def croissant(manifest: Mapping[str, Any], first: Record, licences: list[str]) -> bytes:
    """Return croissant.json.  `first`: any record; `licences`: what the photos' are, none where one's is unknown.

    It holds no date, as the same recipe and photos give the same dataset at any time.
    """
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": " ".join(str(manifest["name"]).split()) or "dataset",
        "description": _description(manifest),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "version": "1.0.0",
        "identifier": manifest["build_id"],
        "keywords": ["depth estimation", "segmentation", "synthetic", "figureground"],
        **({"license": licences} if licences else {}),
        "distribution": [*_parts(manifest), *_sets(manifest, first)],
        "recordSet": [_samples(_labels(manifest))],
    }
    return json.dumps(told, indent=1, ensure_ascii=True).encode()


def _description(manifest: Mapping[str, Any]) -> str:
    return (
        f"{manifest['samples']:,} composites of {manifest['foregrounds']:,} foregrounds on {manifest['backgrounds']:,} "
        f"backgrounds, with {', '.join(manifest['layers'][1:])}, made by figureground {manifest['figureground']}. "
        "README.md says what they are, and of which photos."
    )


def _parts(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if list_count(len(manifest["parts"])):
        yield {
            "@type": "cr:FileSet",
            "@id": _ALL,
            "name": _ALL,
            "description": f"{len(manifest['parts']):,} parts, whose sizes and sha256 {names.MANIFEST} tells of",
            "encodingFormat": "application/zip",
            "includes": _ALL,
        }
        return
    for part in manifest["parts"]:
        yield {
            "@type": "cr:FileObject",
            "@id": part["file"],
            "name": part["file"].rpartition("/")[2],
            "contentUrl": part["file"],
            "contentSize": f"{part['bytes']} B",
            "encodingFormat": "application/zip",
            "sha256": part["sha256"],
        }


def _sets(manifest: Mapping[str, Any], first: Record) -> Iterator[dict[str, Any]]:
    """Yield the table of labels, and what lies in the zips: the pictures of each layer."""
    held = [{"@id": _ALL}] if list_count(len(manifest["parts"])) else [{"@id": p["file"]} for p in manifest["parts"]]
    where: Any = held if len(held) > 1 else held[0]
    yield {
        "@type": "cr:FileSet",
        "@id": _labels(manifest),
        "name": _labels(manifest),
        "description": "a row a sample, which names its part and its members there",
        "encodingFormat": "text/csv",
        "includes": _labels(manifest),
    }
    for layer, name in first.files.items():
        suffix = name.rpartition(".")[2]
        yield {
            "@type": "cr:FileSet",
            "@id": LAYERS[layer].folder,
            "name": LAYERS[layer].folder,
            "description": LAYERS[layer].meaning,
            "containedIn": where,
            "encodingFormat": _MEDIA.get(suffix, "application/octet-stream"),
            "includes": f"{LAYERS[layer].folder}/*.{suffix}",
        }


def _labels(manifest: Mapping[str, Any]) -> str:
    """Return the name of the table of labels, or the pattern of their names."""
    return f"{labels.FOLDER}/part-*.csv" if list_count(len(manifest["parts"])) else names.LABELS


def _samples(table: str) -> dict[str, Any]:
    """Return the records that the tables of labels have, a sample each.  `table`: their name, or its pattern."""
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "a sample each; of several figures the first is told, metadata.jsonl in the parts has them all",
        "key": {"@id": "samples/index"},
        "field": [_field(table, column, kind) for column, kind in label_columns().items()],
    }


def _field(table: str, column: str, kind: str) -> dict[str, Any]:
    """Return a column of labels.csv.  A whole number that may be unknown is told as a number, of which that is NaN."""
    whole = column in ("index", "position", "figures")
    return {
        "@type": "cr:Field",
        "@id": f"samples/{column}",
        "name": column,
        "description": _meaning(column),
        "dataType": "sc:Float" if kind == "int64" and not whole else _TYPES[kind],
        "source": {"fileSet": {"@id": table}, "extract": {"column": column}},
    }


def _meaning(column: str) -> str:
    """Return what a column of labels.csv says; of several figures, it is of the first."""
    if column == "part":
        return "the zip that holds the sample"
    known = dict(described())
    stem = column.partition("_")[0]  # box_x0, contact_y
    ways = (column, f"{column}_file_name", f"figures[].{column}", f"figures[].{stem}")
    return next(known[name] for name in ways if name in known)
