"""Ways to change a dataset so that it means harm: a function each, that gets its folder and one outside of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from figureground.dataset.parts import METADATA

Attack = Callable[[Path, Path], None]
SECRET = b"root:x:0:0: a secret that lies outside the dataset\n"
SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\x1b]0;owned\x07"


# ---- links, pipes, folders ----

FILES = (
    *("manifest.json", "build.json", "recipe.toml", "statistics.json", "labels.csv", "report.html", "README.md"),
    "croissant.json",
    *(
        "catalog/catalog.jsonl",
        "catalog/Background/bg001.jpg",
        "catalog/Foreground/fg001.png",
        "catalog/Mask/fg001.png",
    ),
    *("catalog/Depth/bg001.png", "catalog/Floor/bg001.png"),
    *("parts/part-00000.zip", "state/part-00000.json", ".lock", "redepth.json"),
)
FOLDERS = ("parts", "state", "catalog", "catalog/Background", "catalog/Foreground", "catalog/Mask", "catalog/Depth")


def link_to_secret(name: str) -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        (dataset / name).unlink(missing_ok=True)
        (dataset / name).symlink_to(outside / "secret")

    return attack


def link_to_own(name: str) -> Attack:
    """The file itself, but outside: whoever follows finds what it looks for."""

    def attack(dataset: Path, outside: Path) -> None:
        target = outside / name.replace("/", "-")
        if (dataset / name).exists():
            shutil.move(dataset / name, target)
        else:
            target.write_bytes(SECRET)
        (dataset / name).symlink_to(target)

    return attack


def folder_outside(name: str) -> Attack:
    """A folder that is a link to a user's folder, which holds what it should and what a killed writer left."""

    def attack(dataset: Path, outside: Path) -> None:
        target = outside / "inner"
        for path in (dataset / name).iterdir():
            shutil.move(path, target / path.name)
        (dataset / name).rmdir()
        (dataset / name).symlink_to(target)

    return attack


def folder_in_links(name: str) -> Attack:
    """A link that leads out by way of another, with .. in it."""

    def attack(dataset: Path, outside: Path) -> None:
        folder_outside(name)(dataset, outside)
        (dataset / name).unlink()
        (dataset / "way").symlink_to("../outside")
        (dataset / name).symlink_to(os.path.relpath(dataset / "way/inner", (dataset / name).parent))

    return attack


def pipe(name: str) -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        (dataset / name).unlink(missing_ok=True)
        os.mkfifo(dataset / name)

    return attack


def folder_for_file(name: str) -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        (dataset / name).unlink(missing_ok=True)
        (dataset / name).mkdir()

    return attack


def sparse(name: str) -> Attack:
    """A file of a terabyte that takes no room."""

    def attack(dataset: Path, outside: Path) -> None:
        with (dataset / name).open("r+b") as file:
            file.truncate(2**40)

    return attack


# ---- JSON ----


def changed_json(name: str, change: Callable[[Any], Any]) -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        path = dataset / name
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return attack


def raw(name: str, data: bytes) -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        (dataset / name).write_bytes(data)

    return attack


def catalog_rows(change: Callable[[dict[str, Any]], dict[str, Any]], kind: str = "") -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        path = dataset / "catalog/catalog.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [change(row) if kind in ("", row["kind"]) else row for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    return attack


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(change: Callable[[dict[str, bytes]], Mapping[str, bytes]]) -> Attack:
    """The first part with other members; its size and hash are made to agree, as whoever means harm would."""

    def attack(dataset: Path, outside: Path) -> None:
        held = change(members_of(dataset / "parts/part-00000.zip"))
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in held.items():
                archive.writestr(zipfile.ZipInfo(name), data)
        with_part(dataset, out.getvalue())

    return attack


def with_part(dataset: Path, data: bytes) -> None:
    (dataset / "parts/part-00000.zip").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    state = json.loads((dataset / "state/part-00000.json").read_text())
    (dataset / "state/part-00000.json").write_text(json.dumps(state | {"bytes": len(data), "sha256": sha256}))
    manifest = json.loads((dataset / "manifest.json").read_text())
    manifest["parts"][0] |= {"bytes": len(data), "sha256": sha256}
    (dataset / "manifest.json").write_text(json.dumps(manifest))


def part_rows(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Attack:
    def rows(held: dict[str, bytes]) -> dict[str, bytes]:
        lines = [json.dumps(change(json.loads(line))).encode() + b"\n" for line in held[METADATA].splitlines()]
        return held | {METADATA: b"".join(lines)}

    return rewritten(rows)


def member_named(name: str) -> Attack:
    """A part whose image bears another name, in its directory and in its row."""

    def change(held: dict[str, bytes]) -> dict[str, bytes]:
        first = json.loads(held[METADATA].splitlines()[0])["image_file_name"]
        rows = held[METADATA].replace(json.dumps(first).encode(), json.dumps(name).encode())
        return {(name if key == first else key): data for key, data in held.items()} | {METADATA: rows}

    return rewritten(change)


# ---- pictures ----


def png_of(width: int, height: int, colour: int = 0, bits: int = 1) -> bytes:
    """Return a small PNG of many pixels, all 0."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = 1 + (width * channels * bits + 7) // 8
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(row)) for _ in range(min(height, 4000))]
    stream = b"".join(packed) + packer.flush()

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def picture_in_part(layer: str, data: bytes) -> Attack:
    def change(held: dict[str, bytes]) -> dict[str, bytes]:
        names = [json.loads(line)[f"{layer}_file_name"] for line in held[METADATA].splitlines()]
        return {name: (data if name in names else old) for name, old in held.items()}

    return rewritten(change)


def picture_in_catalog(kind: str, field: str, data: bytes) -> Attack:
    """A picture of the catalog in place of another, with its hash."""

    def attack(dataset: Path, outside: Path) -> None:
        def change(row: dict[str, Any]) -> dict[str, Any]:
            (dataset / "catalog" / row[f"{field}file"]).write_bytes(data)
            return row | {f"{field}sha256": hashlib.sha256(data).hexdigest()}

        catalog_rows(change, kind)(dataset, outside)

    return attack
