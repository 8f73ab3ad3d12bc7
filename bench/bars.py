"""What figureground wants of its speed, beside what `pipeline.py` found."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.commands import Whole, faster


@dataclass(frozen=True)
class Bar:
    """What is wanted of a figure: at least, or at most, so much."""

    what: str
    found: float
    wanted: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.found >= self.wanted if self.at_least else self.found <= self.wanted

    def told(self) -> str:
        """Return a line: the figure, the bar and whether it is met."""
        bar = f"{'>=' if self.at_least else '<='} {self.wanted:,g}"
        return f"  {'met   ' if self.met else 'missed'}{self.found:10,.2f}   {bar:<10} {self.what}"


def bars(found: Mapping[str, Any]) -> list[Bar]:
    """Return all bars, of what `report.run` puts into its JSON: lists of a number a round."""
    return [*_beside(found["beside"]), *_ways(found["ways"]), *_commands(found["commands"]), _help(found["help_cpu_s"])]


def _beside(found: Mapping[str, list[float]]) -> Iterator[Bar]:
    value = {name: statistics.median(rounds) for name, rounds in found.items()}
    ours, loop = value["ours"], value["loop"]
    yield Bar("times the loop with its statistics, uniform", (loop + value["statistics"]) / ours, 20)
    yield Bar("times the loop without, uniform", loop / ours, 8)
    yield Bar("s for 400,000 of uniform on two cores, by what a sample costs", 400_000 * ours / 2e6, 40, at_least=False)
    yield Bar("of the loop's bytes, pictures alone", value["ours bytes"] / value["loop bytes"], 1, at_least=False)
    in_all = value["ours in all bytes"] / value["loop in all bytes"]
    yield Bar("of the loop's bytes, with our records", in_all, 1, at_least=False)


def _ways(found: Mapping[str, Mapping[str, Mapping[str, list[float]]]]) -> Iterator[Bar]:
    wanted = {("kernel", "samples = N"): 1200, ("numpy", "samples = N"): 150, ("kernel", "when read"): 1500}
    for dataset, engines in found.items():
        for (engine, way), rate in wanted.items():
            if way in engines[engine]:
                cost = statistics.median(engines[engine][way])
                yield Bar(f"samples/s of {dataset} on one core, {way}, {engine}", 1e6 / cost, rate)


def _commands(found: Mapping[str, Mapping[str, Mapping[str, list[dict[str, Any]]]]]) -> Iterator[Bar]:
    for dataset, by_workers in ((name, by_side["ours"]) for name, by_side in found.items()):
        one, two = ([Whole(**row) for row in by_workers[workers]] for workers in ("1", "2"))
        by_clock, by_cpu = faster(one, two)
        yield Bar(f"times as fast with two workers, {dataset}", by_clock, 1.8)
        yield Bar(f"times by CPU time, were the cores free, {dataset}", by_cpu, 1.8)
        peak = max(whole.worker_mib for whole in (*one, *two))
        yield Bar(f"MiB of the largest worker, {dataset}", peak, 300, at_least=False)


def _help(found: list[float]) -> Bar:
    return Bar("CPU-seconds of figureground --help", statistics.median(found), 0.4, at_least=False)
