"""The numbers of an evaluation of cut-outs, as text and as JSON: means with intervals, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from figureground.evaluate.cutouts import Cut
from figureground.evaluate.intervals import Interval, mean_interval, paired_interval, shown, span

MEASURES = {"iou": "IoU", "boundary_f": "boundary F"}  # a field of Cut -> how it is called
_COLUMNS = (
    *(("IoU mean", 10), ("95 %", 13), ("median", 8), ("boundary F", 12), ("95 %", 13), ("kept", 6)),
    *(("their IoU", 11), ("gave up", 9), ("ms", 7)),
)

Results = Mapping[str, Sequence[Cut]]  # method -> its cuts of the same pictures


def intervals(cuts: Sequence[Cut]) -> dict[str, Interval]:
    """Return each measure's mean over the pictures with its interval, and the IoU of those that a build would use."""
    found = {key: mean_interval([getattr(cut, key) for cut in cuts]) for key in (*MEASURES, "seconds")}
    return {**found, "kept_iou": mean_interval([cut.iou for cut in cuts if cut.kept])}


def paired(cuts: Sequence[Cut], first: Sequence[Cut]) -> dict[str, Interval]:
    """Return each measure's mean difference to another method's, picture by picture.

    Raises ValueError where they are not of the same pictures.
    """
    if [cut.name for cut in cuts] != [cut.name for cut in first]:
        raise ValueError("cut-outs of different pictures")
    return {
        key: paired_interval([getattr(cut, key) for cut in cuts], [getattr(cut, key) for cut in first])
        for key in MEASURES
    }


def table(results: Results) -> str:
    """Return the comparison as text.  "kept": what a build would use, by softness; "gave up": without a cut-out.

    Below it, what each further method has more than the first, picture by picture.
    """
    wide = max(10, *(len(name) for name in results)) + 1
    lines = ["method".ljust(wide) + "".join(title.rjust(width) for title, width in _COLUMNS)]
    for name, cuts in results.items():
        lines.append(name.ljust(wide) + "".join(t.rjust(w) for t, (_, w) in zip(_cells(cuts), _COLUMNS, strict=True)))
    (name, first), *others = results.items()
    if others:
        lines += ["", f"more than {name}, picture by picture, with the 95 % interval"]
    for other, cuts in others:
        says = (
            f"{MEASURES[key]} {shown(one.mean, signed=True)} ({span(one, signed=True)})"
            for key, one in paired(cuts, first).items()
        )
        lines.append(f"{other:<{wide}}  " + "   ".join(says))
    return "\n".join(lines)


def _cells(cuts: Sequence[Cut]) -> list[str]:
    found = intervals(cuts)
    return [
        *(shown(found["iou"].mean), span(found["iou"]), shown(float(np.median([cut.iou for cut in cuts])))),
        *(shown(found["boundary_f"].mean), span(found["boundary_f"]), str(found["kept_iou"].pictures)),
        *(shown(found["kept_iou"].mean), str(sum(cut.alpha is None for cut in cuts))),
        f"{1000 * np.median([cut.seconds for cut in cuts]):.0f}",
    ]


def to_json(results: Results) -> dict[str, Any]:
    """Return all numbers, method by method: means, their intervals, differences to the first, and each picture's."""
    first = next(iter(results.values()))
    return {
        "pictures": len(first),
        "methods": {name: _method(cuts, first) for name, cuts in results.items()},
    }


def _method(cuts: Sequence[Cut], first: Sequence[Cut]) -> dict[str, Any]:
    found = intervals(cuts)
    rows = [
        {
            "name": cut.name,
            "found": cut.alpha is not None,
            "kept": cut.kept,
            "iou": cut.iou,
            "boundary_f": cut.boundary_f,
            "softness": cut.softness,
            "seconds": cut.seconds,
        }
        for cut in cuts
    ]
    facts: dict[str, Any] = {
        "mean": {key: found[key].mean for key in (*MEASURES, "seconds")},
        "intervals": {key: one.to_json() for key, one in found.items()},
    }
    if cuts is not first:
        facts["minus_first"] = {key: one.to_json() for key, one in paired(cuts, first).items()}
    return {**facts, "rows": rows}
