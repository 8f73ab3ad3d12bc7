"""A manifest as the files that hold it: one, or with very many parts lists of them beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from figureground.core.store import Store
from figureground.dataset import names, part_table, parts
from figureground.dataset.labels import labels_file
from figureground.dataset.part_table import list_count, list_file

Facts = Callable[[Sequence[str]], Iterable[Mapping[str, Any] | None]]


def manifest_files(manifest: Mapping[str, Any], beside: Facts | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file of a manifest, manifest.json last.

    `manifest`: the whole one, as `dataset.manifest.whole_manifest` gives it back.  Of more than 4,096 parts, rows and
    what is said of their sidecars and labels stand in lists of so many, and the manifest says what these are.
    `beside`: says what such files are, a list's at a time, so that what is said of all need not be held; without it the
    manifest's `files` do.
    """
    rows = manifest.get("parts")
    if not isinstance(rows, list) or not list_count(len(rows)):
        yield names.MANIFEST, _bytes(manifest)
        return
    length = part_table.A_LIST
    files, heads = dict(manifest.get("files") or {}), list[Any]()
    tell: Facts = beside or (lambda names: [files.pop(name, None) for name in names])
    for k in range(list_count(len(rows))):
        some = rows[k * length : (k + 1) * length]
        numbers = range(k * length, k * length + len(some))
        own = [*map(parts.sidecar, numbers), *map(labels_file, numbers)]
        facts = {name: one for name, one in zip(own, tell(own), strict=True) if one is not None}
        data = _bytes({"parts": some, "files": facts})
        counts = {"parts": len(some), "samples": sum(row["samples"] for row in some)}
        heads.append({"file": list_file(k), **counts, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        yield list_file(k), data
    told = {"files": files} if "files" in manifest else {}
    yield names.MANIFEST, _bytes({**manifest, "parts": {"lists": heads}, **told})


def put_manifest(store: Store, manifest: Mapping[str, Any], beside: Facts | None = None) -> None:
    """Write the files of a whole manifest that are not there as they should be, manifest.json last, and remove lists
    of parts that are none of it.  `beside`: as for `manifest_files`."""
    written = set()
    for name, data in manifest_files(manifest, beside):
        written.add(name)
        if name == names.MANIFEST or store.size(name) != len(data) or store.read(name) != data:
            store.write(name, data)
    for name in store.list(f"{parts.STATE}/list-"):
        if name not in written:
            store.delete(name)


def _bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
