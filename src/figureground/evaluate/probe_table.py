"""The bias probes in words: what each shortcut does, and what it gives, for data card and report."""

from __future__ import annotations

from collections.abc import Mapping

from figureground.evaluate.probes import PROBES, Probes
from figureground.evaluate.seams import PHOTOS_AUC

# probe -> what it does, and what it gives; each value by its name
LINES: Mapping[str, tuple[str, str]] = {
    "difference_key": (
        "mask: what differs from the clean background by more than {threshold} grey levels",
        "IoU {iou:.3f}",
    ),
    "mean_mask": (
        "mask: one for all pictures, where more than {threshold:.0%} of masks are; the whole picture",
        "IoU {iou:.3f}; {iou_whole_picture:.3f}",
    ),
    "background_depth": (
        "depth: that of the background, as though nobody were there",
        "AbsRel {abs_rel:.3f}, δ1 {delta1:.3f}",
    ),
    "mean_depth": (
        "depth: one map for all pictures, the mean; the best constant",
        "AbsRel {abs_rel:.3f}, δ1 {delta1:.3f}; {abs_rel_constant:.3f}, {delta1_constant:.3f}",
    ),
    "feet": (
        "depth of {figures} figures: by the row of their feet; the best constant",
        "AbsRel {abs_rel:.3f}; {abs_rel_constant:.3f}",
    ),
    "seam": (
        f"outlines: noise and sharpness on either side ({PHOTOS_AUC:.2f} on photographed people, 0.5 is chance)",
        "AUC {auc:.3f}",
    ),
}
# what some datasets have besides: a value that has to be there -> what it adds
_MORE = {
    "abs_rel_figures": ("; on figures alone", "; AbsRel {abs_rel_figures:.3f}, δ1 {delta1_figures:.3f}"),
    "abs_rel_horizon": ("; by the rows below the horizon", "; {abs_rel_horizon:.3f}"),
}


def rows(probes: Probes) -> list[tuple[str, str]]:
    """Return (what it does, what it gives) of each probe that was taken.  Raises KeyError where a value is missing."""
    return [_row(name, probes.found[name]) for name in PROBES if name in probes.found]


def absent(probes: Probes) -> list[tuple[str, str]]:
    """Return (probe, why) of each that was not."""
    return [(name.replace("_", " "), probes.absent[name]) for name in PROBES if name in probes.absent]


def _row(name: str, values: Mapping[str, float]) -> tuple[str, str]:
    what, gives = LINES[name]
    for key, (also, more) in _MORE.items():
        if key in values:
            what, gives = what + also, gives + more
    return what.format(**values), gives.format(**values)
