"""Every attack by its name: datasets from elsewhere that mean harm, a small sound one changed in one way each."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figureground.dataset.parts import METADATA, add_member
from tests.hostile.changes import (
    FILES,
    FOLDERS,
    SCRIPT,
    Attack,
    catalog_rows,
    changed_json,
    folder_for_file,
    folder_in_links,
    folder_outside,
    link_to_own,
    link_to_secret,
    member_named,
    members_of,
    part_rows,
    picture_in_catalog,
    picture_in_part,
    pipe,
    png_of,
    raw,
    rewritten,
    sparse,
    with_part,
)

BAD = (
    *("../secret", "../../outside/secret", "Background/../../../outside/secret", "/etc/passwd", "", ".", "a//b", "a/"),
    *(
        "C:/x.jpg",
        "c:x",
        "a\\b",
        "..\\..\\outside\\secret",
        "a\nb",
        "a\tb.jpg",
        "a\x00b",
        "\u202egpj.exe",
        "a.jpg:stream",
    ),
    *(
        "nul",
        "Background/CON.jpg",
        "x/aux",
        "a./b",
        "a /b",
        "//server/share",
        "~/x",
        "a|b",
        "\ud800",
        "n" * 300 + ".jpg",
    ),
)


def put(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what gives a table another value of a key."""
    return lambda table: table | {key: value}


def put_in_part(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what gives a manifest's first part another value of a key."""
    return lambda manifest: manifest | {"parts": [manifest["parts"][0] | {key: value}, *manifest["parts"][1:]]}


def put_in_figures(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what gives the figures of a row another value of a key."""
    return lambda row: row | {"figures": [figure | {key: value} for figure in row["figures"]]}


def put_in_splits(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what gives the statistics of each split another value of a key."""
    by_split = "accumulated_by_split"
    return lambda plain: plain | {by_split: {split: one | {key: value} for split, one in plain[by_split].items()}}


def attacks() -> dict[str, Attack]:
    """Return every attack by its name."""
    found: dict[str, Attack] = {}
    for name in FILES:
        found[f"{name} is a link to a user's file"] = link_to_secret(name)
        found[f"{name} lies outside"] = link_to_own(name)
        found[f"{name} is a pipe"] = pipe(name)
        found[f"{name} is a folder"] = folder_for_file(name)
    for name in FOLDERS:
        found[f"{name}/ lies outside"] = folder_outside(name)
        found[f"{name}/ lies outside by two links"] = folder_in_links(name)
    for name in ("manifest.json", "statistics.json", "build.json", "recipe.toml", "catalog/catalog.jsonl"):
        found[f"{name} is sparse"] = sparse(name)
    for name in ("parts/part-00000.zip", "state/part-00000.json", "catalog/Background/bg001.jpg"):
        found[f"{name} is sparse"] = sparse(name)
    for bad in BAD:
        for kind, field in (
            *(("background", "file"), ("background", "depth_file"), ("background", "floor_file")),
            *(("foreground", "file"), ("foreground", "mask_file"), ("background", "people_file")),
        ):
            found[f"catalog {kind} {field} {bad[:40]!r}"] = catalog_rows(
                put(field, bad),
                kind,
            )
        found[f"manifest part {bad[:40]!r}"] = changed_json(
            "manifest.json",
            put_in_part("file", bad),
        )
        found[f"row's image {bad[:40]!r}"] = part_rows(put("image_file_name", bad))
        if "\ud800" not in bad and "\0" not in bad and bad:
            found[f"member {bad[:40]!r}"] = member_named(bad)
    found |= _json_attacks() | _zip_attacks() | _picture_attacks() | _script_attacks()
    return found


DEEP = b"[" * 200_000
HUGE = b'{"parts": [], "samples": 1' + b"0" * 5000 + b"}"
VALUES: tuple[Any, ...] = (None, True, -1, 0, 10**18, 10**400, 1e308, "x", [], {}, [[]], [1e999])


# keys whose values are replaced by each of VALUES
_MANIFEST = "parts samples size layers classes name backgrounds bytes networks"
_MANIFEST += " depth_model made_with build_id format no_depth recipe"
_STATISTICS = "summary checks accumulated_by_split summary_of no_depth"
_SPLIT = "heat area_histogram depth_histogram splits samples backgrounds layers worst no_depth bytes pixels values"
_BUILD = "root format recipe made_with depth_model build_id plan"
_SIDECAR = "samples statistics bytes number file"
_ROW = "index key background position split figures depth_unit depth_scale depth_offset depth_invalid doubts camera_fx"
_ROW += " image_file_name plausibility"
_FIGURE = "foreground x width box area whole look contact class_name class_id"
_CATALOG = {
    "background": "id sha256 appearance depth_unit depth_scale ground camera people source",
    "foreground": "id height width area scale foot cut pose class_id class_name",
    "state": "state networks classes",
}
_TEXTS = {
    "deep": DEEP,
    "a deep value": b'{"parts": ' + DEEP,
    "huge number": HUGE,
    "NaN": b'{"parts": NaN}',
    "null": b"null",
    "a list": b"[]",
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "twice": b'{"parts": [], "parts": 3}',
}


def _json_attacks() -> dict[str, Attack]:
    found: dict[str, Attack] = {}
    for name in ("manifest.json", "build.json", "statistics.json", "catalog/catalog.jsonl", "state/part-00000.json"):
        found |= {f"{name}: {what}": raw(name, data) for what, data in _TEXTS.items()}
    for value in VALUES:
        says = str(value)[:20]
        for what, name, keys in (
            ("manifest", "manifest.json", _MANIFEST),
            ("statistics", "statistics.json", _STATISTICS),
            ("build", "build.json", _BUILD),
            ("sidecar", "state/part-00000.json", _SIDECAR),
        ):
            found |= {f"{what} {key} = {says}": changed_json(name, put(key, value)) for key in keys.split()}
        for kind, keys in _CATALOG.items():
            found |= {f"catalog {kind} {key} = {says}": catalog_rows(put(key, value), kind) for key in keys.split()}
        found |= {f"row {key} = {says}": part_rows(put(key, value)) for key in _ROW.split()}
        found |= {f"figure {key} = {says}": part_rows(put_in_figures(key, value)) for key in _FIGURE.split()}
        for key in _SPLIT.split():
            name = f"statistics of train {key} = {says}"
            found[name] = changed_json("statistics.json", put_in_splits(key, value))
        found[f"part samples = {says}"] = changed_json("manifest.json", put_in_part("samples", value))
    found["rle that shifts for ever"] = part_rows(put_in_figures("whole", "o" * 3_000_000))
    found["a million samples in the recipe"] = _recipe_line("samples = ", "samples = 1000000000000")
    found["huge canvas in the recipe"] = _recipe_line("size = 64", "size = 2048")
    return found


def _recipe_line(start: str, new: str) -> Attack:
    def attack(dataset: Path, outside: Path) -> None:
        path = dataset / "recipe.toml"
        path.write_text("\n".join(new if line.startswith(start) else line for line in path.read_text().splitlines()))

    return attack


def _zip_attacks() -> dict[str, Attack]:
    def deflated(dataset: Path, outside: Path) -> None:
        held = members_of(dataset / "parts/part-00000.zip")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in held.items():
                archive.writestr(name, bytes(300_000_000) if name == METADATA else data)
        with_part(dataset, out.getvalue())

    def overlapping(dataset: Path, outside: Path) -> None:
        """Every image of the directory is the first one's bytes, as in Fifield's bomb."""
        path = dataset / "parts/part-00000.zip"
        with zipfile.ZipFile(path, "a") as archive:
            first = archive.filelist[0]
            for entry in archive.filelist:
                if entry.filename.startswith("images/"):
                    entry.header_offset, entry.CRC = first.header_offset, first.CRC
                    entry.file_size = entry.compress_size = first.file_size
            archive._didModify = True  # type: ignore[attr-defined]
        with_part(dataset, path.read_bytes())

    def sparse_member(dataset: Path, outside: Path) -> None:
        """A stored member of 64 GB of zeros in a sparse file."""
        path, size = dataset / "parts/part-00000.zip", 2**36
        held = members_of(path)
        with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
            for name, data in held.items():
                if name != METADATA:
                    add_member(archive, name, data)
            entry = zipfile.ZipInfo(METADATA)
            entry.file_size, entry.compress_size, entry.CRC = size, size, 0
            entry.header_offset = archive.start_dir
            file.write(entry.FileHeader(zip64=True))
            file.seek(size, 1)
            archive.start_dir = file.tell()
            archive.filelist.append(entry)
            archive.NameToInfo[METADATA] = entry

    def newlines(held: dict[str, bytes]) -> dict[str, bytes]:
        return held | {METADATA: b"\n" * 60_000_000}

    return {
        "compressed members": deflated,
        "overlapping members": overlapping,
        "a sparse member": sparse_member,
        "a row a byte": rewritten(newlines),
        "a million members": rewritten(lambda held: {**held, **{f"x/{i}": b"" for i in range(300_000)}}),
        "no rows": rewritten(lambda held: held | {METADATA: b""}),
        "too many rows": rewritten(lambda held: held | {METADATA: held[METADATA] * 2}),
        "no metadata": rewritten(lambda held: {name: data for name, data in held.items() if name != METADATA}),
        "encrypted": lambda dataset, _: with_part(
            dataset,
            (dataset / "parts/part-00000.zip")
            .read_bytes()
            .replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
        ),
    }


def _picture_attacks() -> dict[str, Attack]:
    bomb, wide = png_of(60_000, 60_000), png_of(13_000, 13_000)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n(x) run\n"
    found: dict[str, Attack] = {}
    for what, data in {
        "bomb": bomb,
        "large": wide,
        "other size": png_of(64, 32),
        "EPS": eps,
        "text": b"no picture, but a text\n",
        "empty": b"",
        "cut": bomb[:60],
        "other kind": png_of(64, 64, 6, 8),
        "wide": png_of(100_000, 1),
    }.items():
        for layer in ("image", "mask", "depth"):
            found[f"{layer}: {what}"] = picture_in_part(layer, data)
        for kind, field in (
            ("background", ""),
            ("foreground", ""),
            ("background", "depth_"),
            ("background", "floor_"),
            ("foreground", "mask_"),
        ):
            found[f"catalog {kind} {field}: {what}"] = picture_in_catalog(kind, field, data)
    return found


_LONG = "x" * 2_000_000  # a name of it takes for ever to shorten, letter by letter
_COUNTED = "bytes doubts classes placements backgrounds splits fewer cut no_depth_why worst"


def _script_attacks() -> dict[str, Attack]:
    def strings(keys: str, text: str = SCRIPT) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return lambda row: row | {key: text for key in keys.split() if key in row}

    texts = "source tag licence credit group twins no_floor class_name cutout reason"
    check = {"name": SCRIPT, "passed": False, "detail": SCRIPT}
    network = {"use": SCRIPT, "file": SCRIPT, "sha256": SCRIPT}
    found = {
        "script as classes": changed_json("manifest.json", put("classes", {"1": SCRIPT})),
        "script as layers": changed_json("manifest.json", put("layers", [SCRIPT])),
        "script as sha256": changed_json("manifest.json", put_in_part("sha256", SCRIPT)),
        "script as unit": changed_json(
            "statistics.json", put("summary", {"depth": {"mean": [1], "std": [1], "unit": SCRIPT}})
        ),
        "script as checks": changed_json("statistics.json", put("checks", [check])),
        "script in the catalog": catalog_rows(strings(texts)),
        "script in classes of the catalog": catalog_rows(put("classes", [SCRIPT]), "state"),
        "script in networks": catalog_rows(put("networks", [network]), "state"),
        "script in the recipe": _recipe_line("name = ", f"name = {json.dumps(SCRIPT)}"),
        "the template's own words": catalog_rows(put("source", "{{ 7 * 191 }}{% raw %}")),
        "endless names of photos": catalog_rows(strings(texts, _LONG)),
        "endless keys": part_rows(strings("key background_tag fewer", _LONG)),
    }
    for key in ("name", "figureground", "build_id"):
        found[f"script in the manifest's {key}"] = changed_json("manifest.json", put(key, SCRIPT))
    for key in _COUNTED.split():
        found[f"script in {key}"] = changed_json("statistics.json", put_in_splits(key, {SCRIPT: 3}))
    for key in (
        "key",
        "background_tag",
        "background_credit",
        "fewer",
        "doubts",
        "depth_unit",
        "depth_direction",
        "split",
    ):
        found[f"script in rows' {key}"] = part_rows(strings(key))
    for key in ("placement", "class_name", "licence", "foreground"):
        found[f"script in figures' {key}"] = part_rows(put_in_figures(key, SCRIPT))
    return found
