"""What a dataset's manifest.json and statistics.json say, as the page reads them: the only place that knows their keys.

Whatever is not as it should be raises FigureGroundError.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.layers import LAYERS
from figureground.core.typed import typed
from figureground.evaluate import probe_table, probes
from figureground.samples import stats
from figureground.samples.checks import EVERYTHING, Check
from figureground.samples.lacking import Lacking

PARTS = 2000  # that the page lists
_MOST_CHANNELS = 4


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
    """The manifest.  `parts`: the first of the `part_count` ones.  `network` is None where no network made the
    depth."""

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
    part_count: int
    network: NetworkFile | None


@dataclass(frozen=True)
class Moments:
    """Means and deviations, one a channel, in `unit`; image and mask are over 0..1 and have none."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: str = ""


@dataclass(frozen=True)
class Probed:
    """How well shortcuts do: (what one does, what it gives) each, and why others were not tried."""

    samples: int
    backgrounds: int
    rows: tuple[tuple[str, str], ...]
    absent: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Numbers:
    """The statistics: the published mean and std a layer, the image's in RGB order; the self-checks; and all that was
    accumulated.  `shares`: layer -> the share of each of its values; `of`: which of the `samples` published ones;
    `probes`: None in older datasets."""

    summary: Mapping[str, Moments]
    shares: Mapping[str, Mapping[str, float]]
    of: str
    samples: int
    checks: tuple[Check, ...]
    total: stats.Statistics
    probes: Probed | None = None

    @property
    def no_depth(self) -> str:
        """Which samples have no depth because the network gave none, and why; "" for none."""
        lacking = Lacking()
        lacking.add([self.total])
        return f"{lacking.named} ({lacking.why})" if lacking.samples else ""

    def rows(self) -> list[tuple[str, float, float]]:
        """Return (what, mean, std) a channel of each layer that has them, and of each value but 0 of other layers."""
        found = []
        for layer, moments in self.summary.items():
            channels = ["image, red", "image, green", "image, blue"]
            words = layer.replace("_", " ") + (f", {moments.unit}" if moments.unit else "")
            names = channels if len(moments.mean) > 1 else [words]
            found += list(zip(names, moments.mean, moments.std, strict=False))
        for layer, shares in self.shares.items():
            found += [(f"{layer} {v}", p, math.sqrt(p * (1 - p))) for v, p in shares.items() if v != "0"]
        return found


@dataclass(frozen=True)
class _NoDepth:
    samples: tuple[int, ...]
    reasons: Mapping[str, int]


def read_manifest(plain: Mapping[str, Any]) -> Manifest:
    """Return what manifest.json says."""
    rows = itertools.islice(plain["parts"], PARTS)
    parts = (Part(row["file"], row["samples"], row["bytes"], row["sha256"]) for row in rows)
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
        part_count=len(plain["parts"]),
        network=_network(model) if model else None,
    )


def _network(model: Mapping[str, Any]) -> NetworkFile:
    card = model["card"]
    return NetworkFile(
        model["file"], model["sha256"], card["name"], card.get("licence", ""), card.get("figures_from", "")
    )


def read_numbers(plain: Mapping[str, Any]) -> Numbers:
    """Return what statistics.json says."""
    try:
        return _numbers(plain)
    except (KeyError, ValueError) as error:
        raise FigureGroundError(
            f"the statistics cannot be read: {error}", "statistics.json", "run the dataset's build command again"
        ) from None


def _numbers(plain: Mapping[str, Any]) -> Numbers:
    rows = typed(Mapping[str, Mapping[str, Any]], plain["summary"])
    summary = {layer: _moments(rows[layer]) for layer in LAYERS if "mean" in rows.get(layer, ())}
    checks = typed(tuple[Check, ...], plain["checks"])
    typed(Mapping[str, Mapping[str, Any]], plain.get("summary_all", {}))
    typed(_NoDepth, plain.get("no_depth", {"samples": [], "reasons": {}}))
    shares = {layer: _shares(row["shares"]) for layer, row in rows.items() if "shares" in row}
    if "accumulated" in plain:  # before statistics were kept by split
        total = stats.from_json(plain["accumulated"])
        return Numbers(summary, shares, EVERYTHING, total.samples, checks, total)
    total = stats.total(stats.by_split_from_json(plain["accumulated_by_split"]).values())
    of = typed(Mapping[str, Any], plain["summary_of"])
    whose = typed(str, of["split"]), typed(int, of["samples"])
    return Numbers(summary, shares, *whose, checks, total, _probed(plain["probes"]) if "probes" in plain else None)


def _probed(value: Any) -> Probed:
    one = probes.from_json(value)
    return Probed(one.samples, one.backgrounds, tuple(probe_table.rows(one)), tuple(probe_table.absent(one)))


def _moments(row: Mapping[str, Any]) -> Moments:
    mean, std = (typed(tuple[float, ...], row[name]) for name in ("mean", "std"))
    if not 0 < len(mean) == len(std) <= _MOST_CHANNELS:
        raise ValueError("means and deviations of no layer")
    return Moments(mean, std, typed(str, row.get("unit", "")))


def _shares(value: Any) -> Mapping[str, float]:
    found: Mapping[str, float] = typed(Mapping[str, float], value)
    if not all(0 <= share <= 1 for share in found.values()):
        raise ValueError("shares that are none")
    return found
