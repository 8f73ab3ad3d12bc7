"""Kinds of damage, each planted in a copy of one small dataset.

`sealed` ones are mended over: the hashes in sidecar and manifest, and the sizes, say that all is well.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from figureground.core.folder_store import FolderStore
from figureground.dataset import parts
from figureground.image import png
from figureground.make.finish import file_facts

Plant = Callable[[Path, Path], object]  # (the dataset, another one of the same recipe but for its seed)
KINDS: dict[str, Plant] = {}
PART, SIDECAR = "parts/part-00001.zip", "state/part-00001.json"


def kind(name: str) -> Callable[[Plant], Plant]:
    def keep(plant: Plant) -> Plant:
        assert name not in KINDS
        KINDS[name] = plant
        return plant

    return keep


def _row(name: str, plant: Callable[[Path], object]) -> None:
    kind(name)(lambda folder, other: plant(folder))


def flip(path: Path, at: int | Callable[[bytes], int]) -> None:
    data = bytearray(path.read_bytes())
    data[at if isinstance(at, int) else at(bytes(data))] ^= 1
    path.write_bytes(data)


def edit_json(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file, written as it is written by us."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain = change(plain) or plain
    indent = None if path.parent.name == "state" else 1
    text = json.dumps(plain, indent=indent, ensure_ascii=path.name != "manifest.json")
    path.write_text(text, encoding="utf-8")


def put(*keys: Any, value: Any) -> Callable[[Any], None]:
    """Return what sets plain[key][key]... to a value, or to value(old)."""

    def change(plain: Any) -> None:
        for key in keys[:-1]:
            plain = plain[key]
        plain[keys[-1]] = value(plain[keys[-1]]) if callable(value) else value

    return change


def facts(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def seal(folder: Path, *files: str) -> None:
    """Let the manifest say of files what they are."""
    store = FolderStore(folder)
    edit_json(folder / "manifest.json", lambda m: m["files"].update({name: file_facts(store, name) for name in files}))


def seal_part(folder: Path, at: int = 1, **changes: Any) -> None:
    """Let sidecar, manifest and croissant.json say of a part what it is; `changes` lie over the sidecar."""
    zipped, about = facts(folder / parts.part_file(at)), folder / parts.sidecar(at)
    edit_json(about, lambda a: a.update({**zipped, **changes}))

    def change(manifest: Any) -> None:
        manifest["parts"][at].update(zipped)
        manifest["bytes"] = sum(part["bytes"] for part in manifest["parts"])

    def told(croissant: Any) -> None:
        (one,) = (one for one in croissant["distribution"] if one["@id"] == parts.part_file(at))
        one.update(sha256=zipped["sha256"], contentSize=f"{zipped['bytes']} B")

    edit_json(folder / "manifest.json", change)
    edit_json(folder / "croissant.json", told)
    seal(folder, parts.sidecar(at), "croissant.json")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_part(path: Path, content: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            if compression:
                archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, compression)
            else:
                parts.add_member(archive, name, data)


def repacked(folder: Path, change: Callable[[dict[str, bytes]], dict[str, bytes] | None]) -> None:
    """Change the members of a part, and seal it."""
    content = members(folder / PART)
    write_part(folder / PART, change(content) or content)
    seal_part(folder)


def folder_of(content: Mapping[str, bytes], layer: str) -> list[str]:
    return [name for name in content if name.startswith(f"{layer}/")]


def swap_members(layer: str) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        first, second = folder_of(content, layer)[:2]
        content[first], content[second] = content[second], content[first]

    return change


def edit_row(change: Callable[[dict[str, Any]], None], row: int = 1) -> Callable[[dict[str, bytes]], None]:
    def edit(content: dict[str, bytes]) -> None:
        lines = content["metadata.jsonl"].decode().splitlines()
        plain = json.loads(lines[row])
        change(plain)
        lines[row] = json.dumps(plain, ensure_ascii=False)
        content["metadata.jsonl"] = "".join(f"{line}\n" for line in lines).encode()

    return edit


def edit_picture(layer: str, change: Callable[[Any], Any]) -> Callable[[dict[str, bytes]], None]:
    def edit(content: dict[str, bytes]) -> None:
        name = folder_of(content, layer)[1]
        with Image.open(io.BytesIO(content[name])) as picture:
            values = np.array(picture)
        values = values.astype(np.uint16) if layer == "depth" else values
        content[name] = change(values)

    return edit


def one_pixel(bits: int = 8) -> Callable[[Any], bytes]:
    def change(values: Any) -> bytes:
        values = values.copy()
        values[5, 5] = ~values[5, 5] if values.dtype == bool else values[5, 5] ^ 1
        return png.encode(values, 1) if bits == 1 else png.encode(values)

    return change


def as_jpeg(values: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "JPEG", quality=60)
    return out.getvalue()


def edit_text(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text, path
    path.write_text(changed, encoding="utf-8", newline="")


def swap_files(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def lines_changed(change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    return lambda text: "".join(change(text.splitlines(keepends=True)))


def _after(mark: bytes, by: int = 0) -> Callable[[bytes], int]:
    return lambda data: data.index(mark) + by


# the zip, region by region
_row("part: a flip in a member's header (its date)", lambda f: flip(f / PART, 10))
_row("part: a flip in an image", lambda f: flip(f / PART, _after(b"PK\x03\x04", 600)))
_row("part: a flip in a mask", lambda f: flip(f / PART, _after(b"masks/", 60)))
_row("part: a flip in depth", lambda f: flip(f / PART, _after(b"depth/", 200)))
_row("part: a flip in the rows", lambda f: flip(f / PART, _after(b'"background": "', 15)))
_row("part: a flip in the directory", lambda f: flip(f / PART, _after(b"PK\x01\x02", 16)))
_row("part: a flip in the directory's dates", lambda f: flip(f / PART, _after(b"PK\x01\x02", 12)))
_row("part: a flip in the end record", lambda f: flip(f / PART, -10))
_row("part: cut off", lambda f: (f / PART).write_bytes((f / PART).read_bytes()[:-300]))
_row("part: bytes appended", lambda f: (f / PART).write_bytes((f / PART).read_bytes() + b"more"))
_row("part: empty", lambda f: (f / PART).write_bytes(b""))
_row("part: zeros in the middle", lambda f: _zeros(f / PART))
_row("part: missing", lambda f: (f / PART).unlink())
_row("sidecar: missing", lambda f: (f / SIDECAR).unlink())
_row("part and sidecar: missing", lambda f: list(map(os.remove, (f / PART, f / SIDECAR))))
_row("stray part", lambda f: shutil.copy(f / PART, f / "parts/part-00099.zip"))
_row("stray sidecar", lambda f: shutil.copy(f / SIDECAR, f / "state/part-00099.json"))
_row("stray file among parts", lambda f: (f / "parts/part-00001 (copy).zip").write_bytes(b"x"))
_row("stray picture in the catalog", lambda f: (f / "catalog/Background/bg099.jpg").write_bytes(b"x"))


def _zeros(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 512] = bytes(512)
    path.write_bytes(data)


@kind("parts: two swapped")
def _swapped(folder: Path, other: Path) -> None:
    swap_files(folder / PART, folder / "parts/part-00000.zip")


@kind("parts: two swapped with their sidecars")
def _swapped_with_sidecars(folder: Path, other: Path) -> None:
    swap_files(folder / PART, folder / "parts/part-00000.zip")
    swap_files(folder / SIDECAR, folder / "state/part-00000.json")


@kind("parts: two swapped with their sidecars, sealed")
def _swapped_and_sealed(folder: Path, other: Path) -> None:
    _swapped_with_sidecars(folder, other)
    for number in (0, 1):
        seal_part(folder, number, number=number, file=parts.part_file(number))


@kind("part: another dataset's, with its sidecar")
def _foreign(folder: Path, other: Path) -> None:
    for name in (PART, SIDECAR):
        shutil.copy(other / name, folder / name)


@kind("part: another dataset's, sealed")
def _foreign_sealed(folder: Path, other: Path) -> None:
    identity = json.loads((folder / "manifest.json").read_text())["build_id"]
    _foreign(folder, other)
    seal_part(folder, build_id=identity)


# members and rows, with valid CRCs and hashes
_row("part: images of two samples swapped, sealed", lambda f: repacked(f, swap_members("images")))
_row("part: masks of two samples swapped, sealed", lambda f: repacked(f, swap_members("masks")))
_row("part: depth of two samples swapped, sealed", lambda f: repacked(f, swap_members("depth")))
_row("part: a pixel of a mask, sealed", lambda f: repacked(f, edit_picture("masks", one_pixel(1))))
_row("part: a pixel of depth by one code, sealed", lambda f: repacked(f, edit_picture("depth", one_pixel())))
_row("part: a pixel of instances, sealed", lambda f: repacked(f, edit_picture("instances", one_pixel())))
_row("part: a pixel of alpha by one level, sealed", lambda f: repacked(f, edit_picture("alpha", one_pixel())))
_row("part: a pixel of semantic, sealed", lambda f: repacked(f, edit_picture("semantic", one_pixel())))
_row("part: an image recoded, sealed", lambda f: repacked(f, edit_picture("images", as_jpeg)))
_row("part: an image of another size, sealed", lambda f: repacked(f, edit_picture("images", lambda v: as_jpeg(v[::2]))))
_row("part: a mask that is no picture, sealed", lambda f: repacked(f, edit_picture("masks", lambda v: b"no picture")))
_row(
    "part: a mask in 8 bits, sealed",
    lambda f: repacked(f, edit_picture("masks", lambda v: png.encode(v * np.uint8(255)))),
)
_row("row: a box by one px, sealed", lambda f: repacked(f, edit_row(put("figures", 0, "x", value=lambda x: x + 1))))
_row(
    "row: an area by one px, sealed", lambda f: repacked(f, edit_row(put("figures", 0, "area", value=lambda a: a + 1)))
)
_row("row: a run length, sealed", lambda f: repacked(f, edit_row(put("figures", 0, "whole", value="0123"))))
_row(
    "row: a scale of depth by 1e-3, sealed",
    lambda f: repacked(f, edit_row(put("depth_scale", value=lambda s: s * 1.001))),
)
_row("row: a split, sealed", lambda f: repacked(f, edit_row(put("split", value="new_both"))))
_row("row: a camera, sealed", lambda f: repacked(f, edit_row(put("camera_fx", value=lambda x: x + 1e-3))))
_row("row: a field too many, sealed", lambda f: repacked(f, edit_row(lambda row: row.update(more=1))))
_row("row: an index, sealed", lambda f: repacked(f, edit_row(put("index", value=0))))


def rows_changed(change: Callable[[list[str]], list[str]]) -> Callable[[dict[str, bytes]], None]:
    edit = lines_changed(change)
    return lambda content: content.update({"metadata.jsonl": edit(content["metadata.jsonl"].decode()).encode()})


_row("rows: one gone, sealed", lambda f: repacked(f, rows_changed(lambda lines: lines[:-1])))
_row("rows: in another order, sealed", lambda f: repacked(f, rows_changed(lambda lines: lines[::-1])))
_row("rows: one twice, sealed", lambda f: repacked(f, rows_changed(lambda lines: [*lines, lines[-1]])))
_row("rows: no JSON, sealed", lambda f: repacked(f, rows_changed(lambda lines: ["{\n", *lines[1:]])))
_row("part: a member too many, sealed", lambda f: repacked(f, lambda c: {**c, "images/more.jpg": b"x"}))
_row(
    "part: a member gone, sealed",
    lambda f: repacked(f, lambda c: {k: v for k, v in c.items() if k != folder_of(c, "masks")[0]}),
)
_row("part: members in another order, sealed", lambda f: repacked(f, lambda c: dict(reversed(c.items()))))


@kind("part: members compressed, sealed")
def _compressed(folder: Path, other: Path) -> None:
    write_part(folder / PART, members(folder / PART), zipfile.ZIP_DEFLATED)
    seal_part(folder)


@kind("part: other dates, sealed")
def _dates(folder: Path, other: Path) -> None:
    content = members(folder / PART)
    with zipfile.ZipFile(folder / PART, "w") as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 2, 2, 0, 0, 0)), data)
    seal_part(folder)


# sidecars
_row("sidecar: sha256", lambda f: edit_json(f / SIDECAR, put("sha256", value="0" * 64)))
_row("sidecar: build id", lambda f: edit_json(f / SIDECAR, put("build_id", value="0" * 64)))
_row("sidecar: samples", lambda f: edit_json(f / SIDECAR, put("samples", value=1)))
_row("sidecar: number", lambda f: edit_json(f / SIDECAR, put("number", value=2)))
_row("sidecar: cut off", lambda f: (f / SIDECAR).write_bytes((f / SIDECAR).read_bytes()[:99]))
_row("sidecar: a flip in its statistics", lambda f: flip(f / SIDECAR, _after(b'"area": ', 8)))


def _more_area(statistics: Any) -> None:
    one = next(iter(statistics.values()))
    one["area"] += 1


@kind("sidecar: statistics by one px, sealed")
def _statistics_sealed(folder: Path, other: Path) -> None:
    edit_json(folder / SIDECAR, lambda a: _more_area(a["statistics"]))
    seal_part(folder)


# the manifest
MANIFEST = "manifest.json"


def manifest(*keys: Any, value: Any) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / MANIFEST, put(*keys, value=value))


_row("manifest: samples", manifest("samples", value=lambda n: n + 1))
_row("manifest: a part's samples", manifest("parts", 1, "samples", value=lambda n: n - 1))
_row("manifest: a part's bytes", manifest("parts", 1, "bytes", value=lambda n: n + 1))
_row("manifest: a part's sha256", manifest("parts", 1, "sha256", value="0" * 64))
_row("manifest: a part's name", manifest("parts", 1, "file", value="parts/part-00000.zip"))
_row("manifest: parts in another order", manifest("parts", value=lambda listed: listed[::-1]))
_row("manifest: a part left out", manifest("parts", value=lambda listed: listed[:-1]))
_row("manifest: bytes", manifest("bytes", value=lambda n: n + 1))
_row("manifest: build id", manifest("build_id", value="0" * 64))
_row("manifest: a class", manifest("classes", "1", value="cat"))
_row("manifest: backgrounds", manifest("backgrounds", value=lambda n: n + 1))
_row("manifest: size", manifest("size", value=128))
_row("manifest: layers", manifest("layers", value=lambda layers: layers[:-1]))
_row("manifest: recipe", manifest("recipe", "seed", value=7))
_row("manifest: libraries", manifest("made_with", "Pillow", value="1.0"))
_row("manifest: code", manifest("code", value="0" * 64))
_row("manifest: format", manifest("format", value=1))
_row("manifest: name", manifest("name", value="other"))
_row("manifest: no_depth", manifest("no_depth", value=[3]))
_row("manifest: a file's sha256", manifest("files", "labels.csv", "sha256", value="0" * 64))
_row("manifest: a file left out", lambda f: edit_json(f / MANIFEST, lambda m: m["files"].pop("labels.csv") and None))
_row("manifest: no files", lambda f: edit_json(f / MANIFEST, lambda m: m.pop("files") and None))
_row("manifest: a key too many", lambda f: edit_json(f / MANIFEST, lambda m: m.update(more=1)))
_row("manifest: written otherwise", lambda f: edit_text(f / MANIFEST, lambda text: text.replace(",\n", " ,\n", 1)))
_row("manifest: cut off", lambda f: (f / MANIFEST).write_bytes((f / MANIFEST).read_bytes()[:500]))
_row("manifest: missing", lambda f: (f / MANIFEST).unlink())


# what is derived
def labels(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    return lambda folder: edit_text(folder / "labels.csv", lines_changed(change))


def off(text: str) -> str:
    """Return a text with its first number with a point off by 1e-3."""
    return re.sub(r"\d+\.\d+", lambda found: str(float(found[0]) + 1e-3), text, count=1)


_row("labels: a value off by 1e-3", labels(lambda rows: [*rows[:3], off(rows[3]), *rows[4:]]))
_row("labels: a row gone", labels(lambda rows: rows[:-1]))
_row("labels: two rows swapped", labels(lambda rows: [*rows[:2], rows[3], rows[2], *rows[4:]]))
_row("labels: a row twice", labels(lambda rows: [*rows, rows[-1]]))
_row("labels: a column renamed", labels(lambda rows: [rows[0].replace("key", "name", 1), *rows[1:]]))
_row("labels: other line ends", labels(lambda rows: [row.replace("\n", "\r\n") for row in rows]))
_row("labels: missing", lambda f: (f / "labels.csv").unlink())


@kind("labels: a value off by 1e-3, sealed")
def _labels_sealed(folder: Path, other: Path) -> None:
    labels(lambda rows: [*rows[:3], off(rows[3]), *rows[4:]])(folder)
    seal(folder, "labels.csv")


STATISTICS = "statistics.json"
_mean = put("summary", "image", "mean", 0, value=lambda m: m + 1e-3)
_row("statistics: a mean off by 1e-3", lambda f: edit_json(f / STATISTICS, _mean))
_row("statistics: a sum by one", lambda f: edit_json(f / STATISTICS, lambda s: _more_area(s["accumulated_by_split"])))
_row("statistics: a check", lambda f: edit_json(f / STATISTICS, put("checks", 0, "passed", value=False)))
_probe = put("probes", "found", "difference_key", "threshold", value=lambda level: level + 1)
_row("statistics: a probe", lambda f: edit_json(f / STATISTICS, _probe))
_row("statistics: samples", lambda f: edit_json(f / STATISTICS, put("samples", value=1)))
_row("statistics: missing", lambda f: (f / STATISTICS).unlink())


@kind("statistics: a mean off by 1e-3, sealed")
def _mean_sealed(folder: Path, other: Path) -> None:
    edit_json(folder / STATISTICS, _mean)
    seal(folder, STATISTICS)


@kind("statistics: a probe, sealed")
def _probe_sealed(folder: Path, other: Path) -> None:
    edit_json(folder / STATISTICS, _probe)
    seal(folder, STATISTICS)


_row("data card: a word", lambda f: edit_text(f / "README.md", lambda text: text.replace("composites", "pictures", 1)))
_row("data card: missing", lambda f: (f / "README.md").unlink())
_row("croissant: a word", lambda f: _other_type(f))
_row("croissant: missing", lambda f: (f / "croissant.json").unlink())


def _other_type(folder: Path) -> None:
    edit_text(folder / "croissant.json", lambda text: text.replace("sc:Text", "sc:Float", 1))


@kind("croissant: a word, sealed")
def _croissant_sealed(folder: Path, other: Path) -> None:
    _other_type(folder)
    seal(folder, "croissant.json")


_row("report: a flip", lambda f: flip(f / "report.html", 20_000))
_row("report: missing", lambda f: (f / "report.html").unlink())
kind("report: of another build")(lambda f, other: shutil.copy(other / "report.html", f / "report.html"))


@kind("report: a figure in it, sealed")
def _report_sealed(folder: Path, other: Path) -> None:
    edit_text(folder / "report.html", lambda text: text.replace("<td>build id</td>", "<td>build number</td>", 1))
    seal(folder, "report.html")


# the catalog
LINES = "catalog/catalog.jsonl"


def catalog(key: str, value: Callable[[Any], Any], kind_: str = "foreground") -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        def edit(rows: list[str]) -> list[str]:
            at = next(i for i, row in enumerate(rows) if json.loads(row)["kind"] == kind_)
            plain = json.loads(rows[at])
            plain[key] = value(plain[key])
            return [*rows[:at], json.dumps(plain, ensure_ascii=False) + "\n", *rows[at + 1 :]]

        edit_text(folder / LINES, lines_changed(edit))

    return change


_row("catalog: a line gone", lambda f: edit_text(f / LINES, lines_changed(lambda rows: [*rows[:2], *rows[3:]])))
_row("catalog: two lines swapped", lambda f: edit_text(f / LINES, lines_changed(lambda r: [r[0], r[2], r[1], *r[3:]])))
_row("catalog: a height", catalog("real_height", lambda h: h + 1e-3))
_row("catalog: a photo's name", catalog("source", lambda name: f"{name}x"))
_row("catalog: a sha256", catalog("sha256", lambda s: s[::-1]))
_row("catalog: the classes", catalog("classes", lambda c: ["cat"], "state"))
_row("catalog: the state", catalog("state", lambda s: s[::-1], "state"))
_row("catalog: the reason why a photo is set aside", catalog("reason", lambda s: f"{s}!", "set aside"))
_row("catalog: no JSON", lambda f: flip(f / LINES, 0))
_row("catalog: missing", lambda f: (f / LINES).unlink())
for _name in ("Background/bg001.jpg", "Foreground/fg001.png", "Depth/bg001.png", "Floor/bg001.png", "Relief/fg001.png"):
    _row(f"catalog: a flip in {_name}", lambda f, name=_name: flip(f / "catalog" / name, -20))  # type: ignore[misc]
_row("catalog: a picture missing", lambda f: (f / "catalog/Foreground/fg001.png").unlink())
_row("catalog: a mask missing", lambda f: (f / "catalog/Mask/fg001.png").unlink())
_row("catalog: a flip in a mask", lambda f: flip(f / "catalog/Mask/fg001.png", -20))
_row("catalog: a sheet", lambda f: flip(f / "catalog/Background.jpg", 5000))
_row("catalog: a sheet missing", lambda f: (f / "catalog/Mask.jpg").unlink())


@kind("catalog: a mask of another figure")
def _other_mask(folder: Path, other: Path) -> None:
    swap_files(folder / "catalog/Mask/fg001.png", folder / "catalog/Mask/fg002.png")


# recipe and build.json
_row("recipe: the seed", lambda f: edit_text(f / "recipe.toml", lambda t: re.sub(r"(?m)^seed = .*$", "seed = 99", t)))
_row("recipe: more samples", lambda f: edit_text(f / "recipe.toml", lambda t: t.replace("samples = 4", "samples = 40")))
_row("recipe: a path", lambda f: edit_text(f / "recipe.toml", lambda t: t.replace('"rooms"', '"other"', 1)))
_row("recipe: a line end", lambda f: edit_text(f / "recipe.toml", lambda t: f"{t}\n"))
_row("recipe: no TOML", lambda f: (f / "recipe.toml").write_text("= no"))
_row("recipe: missing", lambda f: (f / "recipe.toml").unlink())
BUILD = "build.json"
_row("build.json: build id", lambda f: edit_json(f / BUILD, put("build_id", value="0" * 64)))
_row("build.json: root", lambda f: edit_json(f / BUILD, put("root", value="elsewhere")))
_row("build.json: libraries", lambda f: edit_json(f / BUILD, put("made_with", "Pillow", value="1.0")))
_row("build.json: render version", lambda f: edit_json(f / BUILD, put("render", value=1)))
_row("build.json: format", lambda f: edit_json(f / BUILD, put("format", value=1)))
_row("build.json: cut off", lambda f: (f / BUILD).write_bytes((f / BUILD).read_bytes()[:200]))
_row("build.json: missing", lambda f: (f / BUILD).unlink())
_row("new depth begun", lambda f: (f / "redepth.json").write_text("{}"))
