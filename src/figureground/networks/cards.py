"""Cards of depth networks: what must be known of one to use it.  Nothing about a network is guessed.

A card ships here, stands in TOML beside the weights (`NETWORK.card.toml`), or is known by the weights' sha256.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from figureground.core.card import HALVES, IMAGENET, KINDS, READINGS, RESIZES, RUNTIMES, Card
from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256, user_path

_GATHERED = "facts gathered from the project's own files, November 2026"
_FREE, _NC = "Apache-2.0", "CC-BY-NC-4.0"


def _dav2(name: str, size: str, licence: str, cost: str, **extra: Any) -> Card:
    values: dict[str, Any] = {
        "repository": f"onnx-community/depth-anything-v2-{size}",
        "file": "onnx/model.onnx",
        "output": "relative-inverse",
        **extra,
    }
    return Card(
        name,
        518,
        multiple=14,
        licence=licence,
        commercial=licence == _FREE,
        cost=cost,
        figures_from=_GATHERED + "; cost counted from the configuration",
        **IMAGENET,
        **values,
    )


_CARDS = (
    Card(
        "fastdepth-nyu",
        224,
        "metric",
        resize="bilinear",
        valid=(0.1, 20.0),
        licence="MIT",
        cost="0.74 GFLOP at 224",
        sha256="7e47e1d823a0e6632d17a7ed74b052b7a41a8d606e648d31616cf6c4b6455c0f",
        run_by_us=True,
        figures_from="Wofk et al. 2019; input RGB 0..1, output metres, checked against the authors' own output",
    ),
    Card(
        "densedepth-nyu",
        448,
        "metric",
        runtime="densedepth",
        multiple=32,
        reading="densedepth",
        valid=(0.1, 10.0),
        licence="GPL-3.0 (repository)",
        cost="160 GFLOP at 448",
        figures_from="Alhashim and Wonka 2018; layout and formula of the released nyu.h5",
    ),
    _dav2("depth-anything-v2-small", "small", _FREE, "80.7 GFLOP at 518"),
    _dav2("depth-anything-v2-base", "base", _NC, "233 GFLOP at 448"),
    _dav2("depth-anything-v2-large", "large", _NC, "837 GFLOP at 448"),
    _dav2(
        "depth-anything-v2-indoor-small",
        "small",
        _FREE,
        "80.7 GFLOP at 518",
        output="metric",
        runtime="transformers",
        valid=(0.05, 20.0),
        repository="depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf",
        file="",
    ),
    Card(
        "midas-v2.1-small",
        256,
        "relative-inverse",
        multiple=32,
        licence="MIT",
        cost="about 4 GFLOP at 256",
        **IMAGENET,
        figures_from="the project's release notes; given as a file (it is no hub repository)",
    ),
    Card(
        "zoedepth-nyu",
        384,
        "metric",
        runtime="transformers",
        multiple=32,
        valid=(0.001, 10.0),
        licence="MIT",
        repository="Intel/zoedepth-nyu",
        cost="694 GFLOP at 384 x 512",
        figures_from=_GATHERED,
        resize="bilinear",
        **HALVES,
    ),
    Card(
        "glpn-nyu",
        448,
        "metric",
        runtime="transformers",
        multiple=32,
        valid=(0.001, 10.0),
        licence=_FREE,
        repository="vinvino02/glpn-nyu",
        cost="97 GFLOP at 448",
        resize="bilinear",
        figures_from=_GATHERED + "; input 0..1 without mean and std",
    ),
    Card(
        "dpt-large",
        384,
        "relative-inverse",
        runtime="transformers",
        licence="MIT/Apache-2.0",
        repository="Intel/dpt-large",
        cost="516 GFLOP at 384",
        figures_from=_GATHERED,
        **HALVES,
    ),
    Card(
        "metric3d-v2-small",
        616,
        "metric",
        multiple=14,
        reading="focal",
        unit_scale=1 / 1000,
        valid=(0.05, 200.0),
        repository="onnx-community/metric3d-vit-small",
        file="onnx/model.onnx",
        licence="CC0 (ONNX), BSD-2 (code)",
        figures_from=_GATHERED + "; canonical focal length 1000 px",
        output_name="predicted_depth",
        **IMAGENET,
    ),
    Card(
        "moge-2-small",
        518,
        "metric",
        multiple=14,
        reading="moge",
        valid=(0.01, 1000.0),
        licence="MIT",
        repository="Ruicheng/moge-2-vits-normal-onnx",
        file="model.onnx",
        figures_from=_GATHERED + "; raw heads",
    ),
    Card(
        "da3-metric-large",
        504,
        "metric",
        multiple=14,
        reading="focal",
        unit_scale=1 / 300,
        valid=(0.05, 200.0),
        repository="Heliosoph/da3metric-large-onnx",
        licence=_FREE,
        cost="about 840 GFLOP at 448",
        **IMAGENET,
        figures_from=_GATHERED + "; third-party ONNX; depth = focal px x output / 300",
    ),
    Card(
        "da3-mono-large",
        504,
        "relative-depth",
        multiple=14,
        repository="SpatialHub/depth-anything-3-onnx",
        licence=_FREE,
        cost="about 840 GFLOP at 448",
        figures_from=_GATHERED + "; third-party ONNX",
        **IMAGENET,
    ),
)
CARDS = {card.name: card for card in _CARDS}


def read_card(path: Path) -> Card:
    """Read a card from TOML: the fields of Card, of which name, input_size and output are required.

    Raises FigureGroundError naming the file for a wrong key, a wrong value or a missing unit.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FigureGroundError("no such card", str(path), f"a TOML file, or one of {', '.join(CARDS)}") from None
    except (OSError, ValueError) as error:
        raise FigureGroundError(f"the card cannot be read: {error}", str(path), "see docs/models.md") from None
    known = {f.name: f.type for f in fields(Card)}
    unknown, missing = set(table) - set(known), {"name", "input_size", "output"} - set(table)
    if unknown or missing:
        text = "unknown: " + ", ".join(sorted(unknown)) if unknown else "missing: " + ", ".join(sorted(missing))
        raise FigureGroundError(f"the card has wrong keys; {text}", str(path), f"keys: {', '.join(known)}")
    for key, kind in known.items():
        wanted: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}
        if key in table and not isinstance(table[key], wanted.get(str(kind), (list,))):
            raise FigureGroundError(f"{key} = {table[key]!r} is no {kind}", str(path), "see docs/models.md")
    for key, choices in (
        ("output", KINDS),
        ("reading", READINGS),
        ("runtime", RUNTIMES),
        ("resize", RESIZES),
        ("layout", ("nchw", "nhwc")),
    ):
        if table.get(key, next(iter(choices))) not in choices:
            raise FigureGroundError(f"{key} = {table[key]!r} is unknown", str(path), f"one of {', '.join(choices)}")
    if table["input_size"] < 8:
        raise FigureGroundError(f"input_size = {table['input_size']} is no picture", str(path), "the side in px")
    for key, sizes in (("mean", (3,)), ("std", (3,)), ("valid", (0, 2))):
        numbers = table.get(key, [0.0] * sizes[0])
        if len(numbers) not in sizes or any(type(n) not in (int, float) for n in numbers):
            text = " or ".join(map(str, sizes))
            raise FigureGroundError(
                f"{key} = {numbers!r} is no list of {text} numbers", str(path), "see docs/models.md"
            )
    if min(table.get("std", [1.0])) <= 0 or list(table.get("valid", [])) != sorted(table.get("valid", [])):
        raise FigureGroundError("std is not positive, or valid not [smallest, largest]", str(path), "docs/models.md")
    if table.get("multiple", 0) < 0:
        raise FigureGroundError(f"multiple = {table['multiple']} is negative", str(path), "0, or the side's multiple")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Card(**values)


def find_card(weights: Path, card: str, root: Path) -> Card:
    """Return the card of a weight file: the one asked for, the one beside it, or the one known by its hash.

    Raises FigureGroundError when there is none.
    """
    if card in CARDS:
        return CARDS[card]
    if card:
        return read_card(user_path(card, root))
    beside = weights.with_suffix(".card.toml")
    if beside.is_file():
        return read_card(beside)
    if weights.suffix.lower() in (".h5", ".hdf5"):
        return CARDS["densedepth-nyu"]
    digest = file_sha256(weights)
    for known in _CARDS:
        if known.sha256 == digest:
            return known
    raise FigureGroundError(
        "this depth network has no card, so its unit is not known",
        str(weights),
        f"write {beside.name} beside it (docs/models.md), or set depth.card to one of {', '.join(CARDS)}",
    )
