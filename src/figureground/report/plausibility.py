"""How believable a dataset is: its samples' scores, what speaks against them, and the worst of them, enlarged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL import Image

from figureground.core.nouns import Mask, Picture
from figureground.core.record import Record
from figureground.dataset.stored import Dataset
from figureground.plan.plausible import FEET_HIDDEN, HIDDEN, SIZE
from figureground.report import plots
from figureground.report.template import markup
from figureground.report.thumbnails import jpeg_uri
from figureground.samples import stats
from figureground.samples.sample import Sample

SIDE = 448  # px of the longer side of an enlarged sample
_SEEN, _BEHIND, _HORIZON = (236, 64, 200), (255, 190, 40), (90, 220, 255)  # outlines of what is doubted
_LINE = 2  # px


@dataclass(frozen=True)
class Doubtful:
    """One of the least plausible samples: its record, its picture enlarged and outlined, and its score in per cent."""

    record: Record
    uri: str
    percent: str


@dataclass(frozen=True)
class Plausibility:
    """What the page shows of it.  `scored`: how many samples have a score; `half`: the part of them, in per cent, that
    score 0.5 or more; `doubts`: what speaks against how many, None where nothing does."""

    scored: int
    half: str
    plot: Markup
    doubts: Markup | None
    worst: tuple[Doubtful, ...]


def plausibility(dataset: Dataset, total: stats.Statistics) -> Plausibility | None:
    """Return what the page shows of plausibility; None for a dataset whose samples have no scores."""
    counts = tuple(total.plausibility_histogram)
    scored = sum(counts)
    if not scored:
        return None
    half = 100 * sum(counts[len(counts) // 2 :]) / scored
    rows = [
        (name, float(count), f"{count:,} ({100 * count / scored:.0f} %)")
        for name, count in sorted(total.doubts.items(), key=lambda item: (-item[1], item[0]))
    ]
    numbers = [int(number) for number in total.worst]
    return Plausibility(
        scored,
        f"{half:.0f}",
        markup(plots.histogram(counts, 0.0, 1.0, "plausibility", "samples", "histogram of plausibility")),
        markup(plots.share_rows(rows, "what speaks against how many samples")) if rows else None,
        tuple(_doubtful(sample) for sample in dataset.batch(numbers)),
    )


def _doubtful(sample: Sample) -> Doubtful:
    return Doubtful(sample.record, jpeg_uri(outlined(sample), SIDE), f"{100 * sample.record.plausibility:.0f}")


def outlined(sample: Sample) -> Picture:
    """Return a sample's picture, SIDE px on its longer side, with outlines of what is doubted: what is seen of figures,
    what of them is hidden where that is doubted, and the horizon where sizes are."""
    height, width = sample.image.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = np.array(Image.fromarray(sample.image).resize(size, Image.Resampling.LANCZOS))
    doubts, camera = sample.record.doubts, sample.record.camera
    if SIZE in " ".join(doubts) and camera.horizon_from:
        row = round(camera.horizon_y * scale)
        dashes = np.arange(size[0]) // 8 % 2 == 0
        picture[max(0, row) : max(0, row + _LINE), dashes] = _HORIZON
    if not doubts or (sample.mask is None and sample.instances is None):
        return picture
    for i in range(len(sample.record.figures)):
        seen = sample.figure_mask(i)
        if FEET_HIDDEN in doubts or HIDDEN in doubts:
            picture[_outline(sample.whole_mask(i) & ~seen, size)] = _BEHIND
        picture[_outline(seen, size)] = _SEEN
    return picture


def _outline(mask: Mask, size: tuple[int, int]) -> Mask:
    """Return the inner edge of a mask enlarged to (width, height), `_LINE` px wide."""
    large = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)) > 0
    inner = np.pad(large, _LINE, mode="edge")
    core = large.copy()
    for down, across in ((0, 1), (2, 1), (1, 0), (1, 2)):
        rows = slice(down * _LINE, down * _LINE + large.shape[0])
        core &= inner[rows, across * _LINE : across * _LINE + large.shape[1]]
    return np.asarray(large & ~core, np.bool_)
