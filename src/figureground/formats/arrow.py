"""Arrow's types for a row's columns, and Parquet files written so that the same rows give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any

from figureground.core.errors import FigureGroundError
from figureground.core.features import Type, as_json

_GROUP_BYTES = 2**25  # of pictures in a row group, which is what is held in memory
_GROUP_ROWS = 1000


def require_pyarrow() -> Any:
    """Return pyarrow.  Raises FigureGroundError where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise FigureGroundError(
            "Parquet files need pyarrow, which is not installed", "export", "pip install 'figureground[parquet]'"
        ) from None
    return pyarrow


def write_rows(file: IO[bytes], features: Mapping[str, Type], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as Parquet, row group by row group.  A picture is {"bytes": ..., "path": ...}, as `datasets` has it.

    Columns of pictures are not compressed, as they are; readers that know Hugging Face's features decode them.
    """
    pa = require_pyarrow()
    told = json.dumps({"info": {"features": as_json(dict(features))}})
    schema = pa.schema([(name, _arrow(pa, kind)) for name, kind in features.items()], {"huggingface": told})
    pictures = [name for name, kind in features.items() if kind == "image"]
    plain = [name for name, kind in features.items() if isinstance(kind, str) and kind != "image"]
    texts = [name for name in plain if features[name] == "string"]
    packing = {leaf: "NONE" if leaf.removesuffix(".bytes") in pictures else "ZSTD" for leaf in _leaves(schema)}
    with pa.parquet.ParquetWriter(
        file, schema, compression=packing, use_dictionary=texts, write_statistics=plain
    ) as writer:
        group: list[Mapping[str, Any]] = []
        held = 0
        for row in rows:
            group.append(row)
            held += sum(len(row[name]["bytes"]) for name in pictures if row[name])
            if held >= _GROUP_BYTES or len(group) == _GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(group, schema))
                group, held = [], 0
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema))


def _arrow(pa: Any, kind: Type) -> Any:
    if isinstance(kind, dict):
        return pa.struct([(name, _arrow(pa, one)) for name, one in kind.items()])
    if isinstance(kind, list):
        return pa.list_(_arrow(pa, kind[0]))
    if kind == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "bool": pa.bool_()}[kind]


def _leaves(schema: Any) -> list[str]:
    """Return the paths of a schema's leaves, as Parquet calls them."""

    def below(name: str, kind: Any) -> list[str]:
        if hasattr(kind, "value_field"):
            return below(f"{name}.list.element", kind.value_type)
        if hasattr(kind, "fields"):
            return [leaf for one in kind.fields for leaf in below(f"{name}.{one.name}", one.type)]
        return [name]

    return [leaf for one in schema for leaf in below(one.name, one.type)]
