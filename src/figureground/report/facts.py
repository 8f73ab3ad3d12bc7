"""What a dataset's manifest.json and statistics.json say, as the page reads them: the only place that knows their keys.

A key that is missing raises KeyError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from figureground.core.canvas import Canvas
from figureground.samples import stats
from figureground.samples.checks import Check


@dataclass(frozen=True)
class Part:
    """A part's file in the dataset's folder."""

    file: str
    samples: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class NetworkFile:
    """The depth network's file, and what its card says.  `origin`: where the card's figures are from."""

    file: str
    sha256: str
    name: str
    licence: str
    origin: str


@dataclass(frozen=True)
class Manifest:
    """The manifest.  `network` is None where no network made the depth."""

    name: str
    figureground: str
    format: int
    build_id: str
    samples: int
    canvas: Canvas
    backgrounds: int
    foregrounds: int
    bytes: int
    parts: tuple[Part, ...]
    network: NetworkFile | None


@dataclass(frozen=True)
class Moments:
    """Means and deviations, one a channel, in `unit`; image and mask are over 0..1 and have none."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: str = ""


@dataclass(frozen=True)
class Summary:
    """Means and deviations of each layer that the page shows; the image's in RGB order."""

    image: Moments
    mask: Moments | None
    depth: Moments | None


@dataclass(frozen=True)
class Numbers:
    """The statistics: the summary, the self-checks, and all that was accumulated."""

    summary: Summary
    checks: tuple[Check, ...]
    total: stats.Statistics


def read_manifest(plain: Mapping[str, Any]) -> Manifest:
    """Return what manifest.json says."""
    parts = (Part(row["file"], row["samples"], row["bytes"], row["sha256"]) for row in plain["parts"])
    model = plain.get("depth_model")
    return Manifest(
        name=plain["name"],
        figureground=plain["figureground"],
        format=plain["format"],
        build_id=plain["build_id"],
        samples=plain["samples"],
        canvas=Canvas.of(plain["size"]),
        backgrounds=plain["backgrounds"],
        foregrounds=plain["foregrounds"],
        bytes=plain["bytes"],
        parts=tuple(parts),
        network=_network(model) if model else None,
    )


def _network(model: Mapping[str, Any]) -> NetworkFile:
    card = model["card"]
    return NetworkFile(
        model["file"], model["sha256"], card["name"], card.get("licence", ""), card.get("figures_from", "")
    )


def read_numbers(plain: Mapping[str, Any]) -> Numbers:
    """Return what statistics.json says."""
    found = {
        layer: Moments(tuple(row["mean"]), tuple(row["std"]), row.get("unit", ""))
        for layer, row in plain["summary"].items()
    }
    checks = (Check(row["name"], row["passed"], row["detail"]) for row in plain["checks"])
    summary = Summary(found["image"], found.get("mask"), found.get("depth"))
    return Numbers(summary, tuple(checks), stats.from_json(plain["accumulated"]))
