"""Statistics -> means and deviations in their units, and the self-checks of a dataset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from figureground.core.layers import LAYERS
from figureground.core.record import SPLITS
from figureground.plan.plausible import NO_FLOOR
from figureground.samples import stats
from figureground.samples.stats import Statistics

TRAIN, EVERYTHING = SPLITS[0], "all samples"


@dataclass(frozen=True)
class Check:
    """One self-check of a dataset: its name, whether it held, and the figures that decided it."""

    name: str
    passed: bool
    detail: str


def published(by_split: Mapping[str, Statistics]) -> tuple[str, Statistics]:
    """Return (whose they are, the statistics to normalise by): those of training, or of all where nothing is for it."""
    return (TRAIN, by_split[TRAIN]) if TRAIN in by_split else (EVERYTHING, stats.total(by_split.values()))


def summary(statistics: Statistics, depths: Mapping[str, tuple[str, float]]) -> dict[str, Any]:
    """Return mean and std a layer: image in RGB order, mask and alpha over 0..1, depth in its unit; of a layer of
    values the share of the pixels that each has.

    `depths`: depth layer -> (unit, value of one code, at offset 0); stretched 8-bit depth is over 0..1, "stretched".
    """
    out: dict[str, Any] = {}
    for name, layer in statistics.layers.items():
        step = depths[name][1] if name in depths else 1 / 255
        means, deviations = layer.moments()
        out[name] = {"mean": [m * step for m in means], "std": [d * step for d in deviations]}
    for name, counts in statistics.values.items():
        out[name] = {"shares": {value: count / statistics.pixels for value, count in counts.items()}}
    for depth, (unit, _) in depths.items():
        out[depth]["unit"] = unit
    return {name: out[name] for name in LAYERS if name in out}


def checks(
    statistics: Statistics, depth_top: int = 65535, weights: Mapping[str, float] | None = None, spread: int = 1
) -> list[Check]:
    """Return the self-checks.  Each compares two figures that were gathered in different ways.

    `depth_top` is the largest depth code of the encoding: 65535 or 255.  `weights`: of each foreground by its id, None
    where all are drawn equally often.  `spread`: by how much the samples of two backgrounds may differ.
    """
    found: list[Check] = []
    mask_mean, mask_std = (values[0] / 255 for values in statistics.layers["mask"].moments())
    p = statistics.area / statistics.pixels if statistics.pixels else 0.0
    bound = 1e-6
    found.append(
        Check(
            "mask mean equals the recorded areas",
            abs(mask_mean - p) < bound,
            f"mean {mask_mean:.6f}, recorded p {p:.6f}",
        )
    )
    expected = math.sqrt(max(p * (1 - p), 0.0))
    found.append(
        Check(
            "mask std equals sqrt(p(1-p)): the masks are binary",
            abs(mask_std - expected) < bound,
            f"std {mask_std:.6f}, sqrt(p(1-p)) {expected:.6f}",
        )
    )
    found.append(
        Check(
            "boxes are the boxes of the decoded masks",
            statistics.wrong_boxes == 0,
            f"{statistics.wrong_boxes} wrong of {statistics.checked} decoded",
        )
    )
    for name, layer in statistics.layers.items():
        top = depth_top if LAYERS[name].statistics == "codes" else 255
        means, deviations = layer.moments()
        inside = all(d > 0 and d * d <= m * (top - m) * (1 + 1e-9) for m, d in zip(means, deviations, strict=True))
        found.append(
            Check(
                f"{name} variance lies within its bounds",
                inside,
                f"std {', '.join(f'{d / top:.4f}' for d in deviations)} of the range",
            )
        )
    found += _between_layers(statistics)
    if statistics.around:
        found.append(
            Check(
                "background pixels keep exactly the background's depth",
                statistics.around_moved == 0,
                f"{statistics.around_moved:,} of {statistics.around:,} decoded px differ",
            )
        )
    return [*found, *plausible(statistics), *_used(statistics, weights, spread)]


def _used(statistics: Statistics, weights: Mapping[str, float] | None, spread: int) -> list[Check]:
    """Return whether photos are used as often as the rules want it."""
    backgrounds = _even("backgrounds", statistics.backgrounds, spread)
    if weights is None:
        return [backgrounds, _even("foregrounds", statistics.foregrounds, 1)]
    return [backgrounds, _weighted(statistics.foregrounds, weights)]


def _between_layers(statistics: Statistics) -> list[Check]:
    """Return whether the layers that say where figures are agree with the mask."""
    found = []
    for layer, wrong in statistics.against_mask.items():
        name = f"mask is where {layer} >= {LAYERS[layer].figure_from}"
        found.append(Check(name, wrong == 0, f"{wrong:,} px differ in {statistics.checked:,} decoded"))
    for layer, counts in statistics.values.items():
        px = sum(counts.values()) - counts.get("0", 0)
        detail = f"{px:,} px, recorded {statistics.area:,} px"
        found.append(Check(f"{layer} covers the recorded areas", px == statistics.area, detail))
    return found


def plausible(statistics: Statistics) -> list[Check]:
    """Return whether most samples are likely to be taken for real, where figures are meant to stand; of others nobody
    says so."""
    counts = statistics.plausibility_histogram
    if not sum(counts) or "ground" not in statistics.placements:
        return []
    share = sum(counts[stats.PLAUSIBLE_BINS // 2 :]) / sum(counts)
    floating = sum(count for how, count in statistics.placements.items() if how != "ground")
    said = [f"{share:.0%} of the samples do", f"{floating:,} figures are placed without a floor"]
    told = sorted(statistics.doubts.items(), key=lambda item: (-item[1], item[0]))
    said += [f"{count:,} samples: {doubt}" for doubt, count in told if doubt != NO_FLOOR]
    return [Check("most samples score 0.5 or more in plausibility", share >= 0.5, "; ".join(said))]


def _even(kind: str, used: Mapping[str, int], spread: int) -> Check:
    few, many = min(used.values(), default=0), max(used.values(), default=0)
    even = many - few <= max(spread, 0.01 * many)
    return Check(f"{kind} are used evenly", even, f"{few if few == many else f'{few} to {many}'} samples each")


def _weighted(used: Mapping[str, int], weights: Mapping[str, float]) -> Check:
    share = sum(used.values()) / sum(weights.values())
    off = max(abs(used.get(name, 0) - weight * share) for name, weight in weights.items())
    most = max(weights.values()) * share
    said = f"{off:.2f} samples off at most, where the heaviest have {most:.2f}"
    return Check("foregrounds are used by the weights of their sources", off <= max(1, 0.01 * most), said)
