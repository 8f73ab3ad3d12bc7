"""How figures are placed: floors, how much is seen of each, and how much the background's depth moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import Catalog, Ground
from figureground.dataset.names import CATALOG
from figureground.dataset.stored import Dataset
from figureground.ingest.pixels import Pixels
from figureground.report.floors import floors
from figureground.report.plots import number
from figureground.report.thumbnails import jpeg_uri
from figureground.samples import stats

FLOORS = 8


@dataclass(frozen=True)
class Fact:
    """A line of the table: what is told, its value, and a note on it."""

    what: str
    value: str
    note: str


@dataclass(frozen=True)
class Floor:
    """A background's id, and the data URI of its picture with the floor."""

    background: str
    uri: str


@dataclass(frozen=True)
class Placement:
    """What the page shows of placement."""

    facts: tuple[Fact, ...]
    floors: tuple[Floor, ...]


def placement(dataset: Dataset, catalog: Catalog, total: stats.Statistics) -> Placement | None:
    """Return what the page shows of floors and placement.

    None for a dataset whose figures are placed without geometry, by one depth, one at a time.
    """
    facts: list[Fact] = []
    planes = [b.ground for b in catalog.backgrounds if b.ground is not None]
    if planes:
        facts += _floor_facts(catalog, planes)
    if total.placements and (planes or set(total.placements) == {"ground"}):
        facts += _figure_facts(total)
    if total.around:
        share = f"{total.around_moved:,} of {total.around:,} px"
        facts.append(Fact("background pixels that layered depth moves", share, "outside the masks, in decoded samples"))
    if len(total.shift_histogram):
        facts.append(_shift_fact(dataset, catalog, total))
    if not facts:
        return None
    pixels = Pixels(catalog, dataset.store.below(CATALOG))
    return Placement(
        tuple(facts), tuple(Floor(name, jpeg_uri(picture)) for name, picture in floors(catalog, pixels, FLOORS))
    )


def _figure_facts(total: stats.Statistics) -> list[Fact]:
    figures = sum(total.placements.values())
    note = ", ".join(f"{count:,} by {mode}" for mode, count in sorted(total.placements.items()))
    if len(total.figures) >= 2:
        note += f"; {_figure_counts(total)} a sample"
    facts = [Fact("figures", f"{figures:,}", note), Fact("seen of a figure", *_visible(total.visible_histogram))]
    for kind, count in total.stood_in.items():
        why = f"no place for the {kind} whose turn it was: the next one of its split stands in"
        facts.append(Fact(f"samples with another {kind}", f"{count:,} of {total.samples:,}", why))
    for why, count in total.fewer.items():
        facts.append(Fact("samples with fewer figures than wanted", f"{count:,} of {total.samples:,}", why))
    return facts


def _shift_fact(dataset: Dataset, catalog: Catalog, total: stats.Statistics) -> Fact:
    meaning = dataset.record(0).depths["depth"]
    middle = meaning.scale * stats.SHIFT_STEP * _median_bin(total.shift_histogram)
    of_network = all(b.depth_from != "file" for b in catalog.backgrounds)
    note = "against its own depth of the background alone" if of_network else "against the known depth"
    return Fact("background pixels that the network moves", f"{number(middle)} {meaning.unit}, median", note)


def _floor_facts(catalog: Catalog, planes: Sequence[Ground]) -> list[Fact]:
    horizons = [plane.horizon_y for plane in planes]
    heights = [plane.camera_height for plane in planes]
    measured = sum(1 for plane in planes if plane.focal)
    how = (
        "focal length known: heights follow from perspective"
        if measured == len(planes)
        else "focal length unknown: heights follow from horizon and camera height"
        if not measured
        else f"focal length known in {measured:,} of {len(planes):,}"
    )
    source = "known depth" if catalog.backgrounds[0].depth_from == "file" else "the network's depth"
    return [
        Fact("backgrounds with a floor", f"{len(planes):,} of {len(catalog.backgrounds):,}", f"found in {source}"),
        Fact("horizon, px from the top", _range(horizons), "at the middle column"),
        Fact("camera above the floor", f"{_range(heights)} m", how),
    ]


def _range(values: Sequence[float]) -> str:
    low, middle, high = (number(float(np.quantile(values, q))) for q in (0, 0.5, 1))
    return low if low == high else f"{low} to {high}, median {middle}"


def _figure_counts(total: stats.Statistics) -> str:
    counts = sorted(int(n) for n in total.figures)
    return f"{counts[0]} to {counts[-1]}"


def _visible(histogram: stats.Vector) -> tuple[str, str]:
    counts = np.asarray(histogram)
    whole = 100 * counts[-1] / max(1, counts.sum())
    return f"{whole:.0f} % all but whole", f"{100 - whole:.0f} % hidden or cut off by more than 5 %"


def _median_bin(histogram: stats.Vector) -> float:
    below: NDArray[np.int64] = np.cumsum(histogram)
    return float(np.searchsorted(below, below[-1] / 2)) + 0.5
