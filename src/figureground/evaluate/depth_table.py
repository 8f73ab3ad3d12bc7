"""The numbers of depth evaluations, as text and as JSON: means with their intervals, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from figureground.evaluate.depth import Evaluation
from figureground.evaluate.intervals import Interval, known, mean_interval, paired_interval, shown, span
from figureground.evaluate.metrics import DepthErrors

MEASURES = {
    "abs_rel": "AbsRel",
    "rmse_m": "RMSE, m",
    "log10_": "log10",
    "delta1": "δ1",
    "boundary_f1": "boundary F1",
}  # a field of DepthErrors -> how it is called

Intervals = Mapping[str, Interval]  # by MEASURES
_WIDE = 18  # of a column


def digits(measure: str) -> int:
    """Return with how many digits after the point a measure is told: a blurred map's boundary F1 is below 0.001."""
    return 4 if measure == "boundary_f1" else 3


def intervals(rows: Sequence[Mapping[str, DepthErrors]]) -> dict[str, Intervals]:
    """Return alignment -> each measure's mean over pictures with its interval.  `rows`: by picture, then alignment."""
    return {a: {key: mean_interval([getattr(row[a], key) for row in rows]) for key in MEASURES} for a in rows[0]}


def paired(evaluation: Evaluation, first: Evaluation) -> dict[str, Intervals]:
    """Return alignment -> each measure's mean difference to another network's, for the alignments that both have.

    Raises ValueError where they are not of the same pictures.
    """
    if [row.name for row in evaluation.rows] != [row.name for row in first.rows]:
        raise ValueError("evaluations of different pictures")
    both = [a for a in evaluation.rows[0].network if a in first.rows[0].network]

    def column(of: Evaluation, a: str, key: str) -> list[float]:
        return [getattr(row.network[a], key) for row in of.rows]

    return {
        a: {key: paired_interval(column(evaluation, a, key), column(first, a, key)) for key in MEASURES} for a in both
    }


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return all numbers of an evaluation, without its pictures, as what `json.dumps` takes."""
    network, constant = [row.network for row in evaluation.rows], [row.constant for row in evaluation.rows]
    return {
        "network": evaluation.name,
        "unit": evaluation.unit,
        "direction": evaluation.direction,
        "max_m": evaluation.max_m,
        "constant_m": evaluation.constant_m,
        "pictures": len(evaluation.rows),
        "overall": {"network": _plain(evaluation.overall()), "constant": _plain(evaluation.overall_constant())},
        "intervals": {"network": named(intervals(network)), "constant": named(intervals(constant))},
        "rows": [
            {"name": r.name, "network": _plain(r.network), "constant": _plain(r.constant)} for r in evaluation.rows
        ],
    }


def named(found: Mapping[str, Intervals]) -> dict[str, Any]:
    """Return intervals by alignment and measure as JSON has them."""
    return {a: {key.rstrip("_"): one.to_json() for key, one in measures.items()} for a, measures in found.items()}


def _plain(found: Mapping[str, DepthErrors]) -> dict[str, dict[str, float | None]]:
    return {a: {key.rstrip("_"): known(value) for key, value in asdict(e).items()} for a, e in found.items()}


def table(first: Evaluation, *others: Evaluation) -> str:
    """Return the means as a Markdown table that also reads well in a terminal, each above its 95 % interval.

    `others`: further networks on the same pictures, with their paired differences to the first in a table below.
    """
    sources = [(one.name, intervals([row.network for row in one.rows])) for one in (first, *others)]
    sources.append(("constant", intervals([row.constant for row in first.rows])))
    parts = [_lines("estimate", sources, signed=False)]
    if others:
        parts.append(_lines(f"minus {first.name}", [(one.name, paired(one, first)) for one in others], signed=True))
    return "\n\n".join(["\n".join(lines) for lines in parts] + [_note(first)])


def _lines(title: str, sources: Sequence[tuple[str, Mapping[str, Intervals]]], signed: bool) -> list[str]:
    names = [" ".join(name.replace("|", "\\|").split()) for name in (title, *(name for name, _ in sources))]
    wide = max(map(len, names))
    lines = [
        f"| {names[0]:<{wide}} | aligned by      |" + "".join(f" {name:>{_WIDE}} |" for name in MEASURES.values()),
        f"|{'-' * (wide + 2)}|-----------------|" + f"{'-' * (_WIDE + 1)}:|" * len(MEASURES),
    ]
    for name, (_, found) in zip(names[1:], sources, strict=True):
        for alignment, measures in found.items():
            means = "".join(f" {shown(one.mean, signed, digits(k)):>{_WIDE}} |" for k, one in measures.items())
            spans = "".join(f" {span(one, signed, digits(k)):>{_WIDE}} |" for k, one in measures.items())
            lines += [f"| {name:<{wide}} | {alignment:<15} |{means}", f"| {'':<{wide}} | {'':<15} |{spans}"]
    return lines


def _note(first: Evaluation) -> str:
    count = len(first.rows)
    errors = [next(iter(row.constant.values())) for row in first.rows]
    edges = next(iter(intervals([row.constant for row in first.rows]).values()))["boundary_f1"].pictures
    lines = [
        f"Mean over {count} picture{'' if count == 1 else 's'}, {sum(e.pixels for e in errors):,} pixels with sensor "
        f"depth up to {first.max_m:g} m, above its 95 % interval. Constant: {first.constant_m:.3f} m, the median of "
        "them all."
    ]
    if edges < count:
        lines.append(f"Boundary F1: of {edges}; the others' true depth has no edge.")
    return " ".join(lines)
