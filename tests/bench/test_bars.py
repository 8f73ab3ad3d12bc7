"""A bar that is missed is said to be."""

from __future__ import annotations

from typing import Any

from bench.bars import Bar, bars


def found(**beside: float) -> dict[str, Any]:
    values = {"ours": 100.0, "loop": 900.0, "statistics": 1100.0, "ours bytes": 5000.0, "loop bytes": 5000.0}
    values |= {"ours in all bytes": 7000.0, "loop in all bytes": 5500.0} | beside
    row = {"workers": 1, "samples": 9, "wall_s": 9.0, "cpu_s": 8.0, "first_cpu_s": 8.0, "together_mib": 400.0}
    row |= {"worker_mib": 250.0, "bytes_a_sample": 7000.0}
    other = row | {"workers": 2, "wall_s": 4.0, "worker_mib": 310.0, "first_cpu_s": 2.0}
    return {
        "beside": {name: [value / 2, value, 9 * value] for name, value in values.items()},
        "ways": {"ground": {"kernel": {"samples = N": [800.0], "when read": [700.0]}, "numpy": {}}},
        "commands": {"uniform": {"ours": {"1": [row], "2": [other]}}},
        "help_cpu_s": [0.5, 0.3, 0.2],
    }


def test_bars_are_of_the_medians() -> None:
    told = {bar.what: bar for bar in bars(found())}
    assert {what: bar.found for what, bar in told.items()} == {
        "times the loop with its statistics, uniform": 20.0,
        "times the loop without, uniform": 9.0,
        "s for 400,000 of uniform on two cores, by what a sample costs": 20.0,
        "of the loop's bytes, pictures alone": 1.0,
        "of the loop's bytes, with our records": 7000 / 5500,
        "samples/s of ground on one core, samples = N, kernel": 1250.0,
        "samples/s of ground on one core, when read, kernel": 1e6 / 700,
        "times as fast with two workers, uniform": 2.25,
        "times by CPU time, were the cores free, uniform": 8 / (2 + 6 / 2),
        "MiB of the largest worker, uniform": 310.0,
        "CPU-seconds of figureground --help": 0.3,
    }
    missed = {what for what, bar in told.items() if not bar.met}
    assert missed == {
        "of the loop's bytes, with our records",
        "samples/s of ground on one core, when read, kernel",
        "times by CPU time, were the cores free, uniform",
        "MiB of the largest worker, uniform",
    }


def test_what_is_missed_says_so() -> None:
    assert Bar("x", 2, 3).told().split() == ["missed", "2.00", ">=", "3", "x"]
    assert Bar("x", 2, 3, at_least=False).told().split() == ["met", "2.00", "<=", "3", "x"]
