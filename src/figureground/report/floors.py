"""The floors that figures stand on, and what the report says of placement and of depth kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from figureground.core.canvas import Canvas
from figureground.core.nouns import Catalog, Ground, Mask, Picture
from figureground.dataset.names import CATALOG
from figureground.dataset.stored import Dataset
from figureground.geometry import perspective
from figureground.ingest.pixels import Pixels
from figureground.report.plots import number
from figureground.samples import stats

SHOWN = 8
_TINT, _LINE = np.array([40, 190, 120]), (226, 60, 50)


def floor_picture(picture: Picture, floor: Mask, plane: Ground) -> Picture:
    """Return a background with its floor tinted green and its horizon as a red line."""
    canvas = Canvas(*picture.shape[:2])
    tinted = picture.astype(np.float32)
    tinted[floor] = 0.55 * tinted[floor] + 0.45 * _TINT
    image = Image.fromarray(np.rint(tinted).astype(np.uint8))
    left, right = (float(perspective.horizon_y(plane, x, canvas)) for x in (0, canvas.width))
    ImageDraw.Draw(image).line((0, left, canvas.width, right), _LINE, max(1, canvas.height // 112))
    return np.asarray(image)


def floors(catalog: Catalog, pixels: Pixels, most: int) -> list[tuple[str, Picture]]:
    """Return (id, picture) of up to `most` backgrounds with a floor, spread over the catalog."""
    with_floor = [i for i, background in enumerate(catalog.backgrounds) if background.ground is not None]
    if len(with_floor) > most:
        with_floor = [with_floor[i] for i in np.linspace(0, len(with_floor) - 1, most).round().astype(int)]
    found = []
    for i in with_floor:
        entry = catalog.backgrounds[i]
        if entry.ground is not None:
            found.append((entry.id, floor_picture(pixels.background(i), pixels.floor(i), entry.ground)))
    return found


def geometry(dataset: Dataset, catalog: Catalog, total: stats.Statistics) -> dict[str, Any] | None:
    """Return what the report shows of floors and placement: rows of (what, value, note), and pictures of floors.

    None for a dataset whose figures are placed without geometry, by one depth, one at a time.
    """
    rows: list[tuple[str, str, str]] = []
    planes = [b.ground for b in catalog.backgrounds if b.ground is not None]
    if planes:
        rows += _floor_rows(catalog, planes)
    if total.placements and (planes or set(total.placements) == {"ground"}):
        figures = sum(total.placements.values())
        said = ", ".join(f"{count:,} by {mode}" for mode, count in sorted(total.placements.items()))
        rows.append(
            ("figures", f"{figures:,}", said + ("" if len(total.figures) < 2 else f"; {_numbers(total)} a sample"))
        )
        rows.append(("seen of a figure", *_visible(total.visible_histogram)))
    if total.around:
        share = f"{total.around_moved:,} of {total.around:,} px"
        rows.append(("background pixels that layered depth moves", share, "outside the masks, in decoded samples"))
    if len(total.shift_histogram):
        meaning = dataset.record(0).depths["depth"]
        code = meaning.scale * stats.SHIFT_STEP
        middle = _median_bin(total.shift_histogram) * code
        of_network = all(b.depth_from != "file" for b in catalog.backgrounds)
        note = "against its own depth of the background alone" if of_network else "against the known depth"
        rows.append(("background pixels that the network moves", f"{number(middle)} {meaning.unit}, median", note))
    if not rows:
        return None
    pixels = Pixels(catalog, dataset.store.below(CATALOG))
    return {"rows": rows, "floors": floors(catalog, pixels, SHOWN)}


def _floor_rows(catalog: Catalog, planes: Sequence[Ground]) -> list[tuple[str, str, str]]:
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
        ("backgrounds with a floor", f"{len(planes):,} of {len(catalog.backgrounds):,}", f"found in {source}"),
        ("horizon, px from the top", _range(horizons), "at the middle column"),
        ("camera above the floor", f"{_range(heights)} m", how),
    ]


def _range(values: Sequence[float]) -> str:
    low, middle, high = (number(float(np.quantile(values, q))) for q in (0, 0.5, 1))
    return low if low == high else f"{low} to {high}, median {middle}"


def _numbers(total: stats.Statistics) -> str:
    counts = sorted(int(n) for n in total.figures)
    return f"{counts[0]} to {counts[-1]}"


def _visible(histogram: stats.Vector) -> tuple[str, str]:
    counts = np.asarray(histogram)
    whole = counts[-1] / max(1, counts.sum())
    return f"{whole:.0%} all but whole", f"{1 - whole:.0%} hidden or cut off by more than 5 %"


def _median_bin(histogram: stats.Vector) -> float:
    below: NDArray[np.int64] = np.cumsum(histogram)
    return float(np.searchsorted(below, below[-1] / 2)) + 0.5
