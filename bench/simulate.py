"""What would 100 million samples cost?  A simulation by what was measured here, with its tables and plots.

    PYTHONPATH=src:. python bench/simulate.py [--samples 100000000] [--plots docs/scale.svg] [--json FILE] [--seed 0]

Two datasets: `plain`, images and masks placed anywhere (uniform), and `depth`, figures on floors with 16-bit depth
(ground), both of 224 px.  Machines have 16 workers.  What parts cost is measured by `part_costs.py`, engines by
`scale.py`; what storage bears are the limits that S3 publishes, and its 20 ms an answer an assumption.  Prices are
parameters, in US dollars: of an hour of a machine of 16 cores, on demand and spot, and of a month of a GB.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.line_plots import Plot, drawn
from bench.simulated import HOUR, Costs, Result, Storage, World
from bench.simulation import simulate

MACHINES = 1, 4, 16, 64, 256
SIZES = 1000, 4000, 16_000, 64_000
LIVES_H = 2.0, 8.0, 24.0
SEEDS = 3
PLAIN = Costs()
DEPTH = Costs(seconds=0.0083, spread=0.11, bytes=58_600.0, sidecar_bytes=67_000.0, labels_bytes=273.0)
# as it was: everything that the driver asks one after another, of parts that are not there as well, and of each again
ASKED_BEFORE: dict[str, float] = {"begin_questions": 4, "note_questions": 2, "look_questions": 18}
# as it was: one process reads every record again to write labels.csv
READ_AGAIN: dict[str, float] = {"finish_s": 0.00029, "labels_questions": 4.0}


@dataclass(frozen=True)
class Prices:
    """US dollars: an hour of a machine of 16 cores, a GB-month, a thousand writing and a thousand reading questions."""

    machine_h: float = 0.71
    spot_h: float = 0.28
    gb_month: float = 0.023
    thousand_puts: float = 0.005
    thousand_gets: float = 0.0004


def money(world: World, result: Result, prices: Prices) -> dict[str, float]:
    """Return what a build costs: machines while parts are made, one of them before and after, and questions."""
    machine_h = (world.machines * result.make_s + result.begin_s + result.finish_s) / HOUR
    puts = result.questions["PUT"] + result.questions["LIST"]
    asked = puts / 1000 * prices.thousand_puts + result.questions["GET"] / 1000 * prices.thousand_gets
    stored = weights(world)["total"] / 1e9 * prices.gb_month
    machines = machine_h * prices.machine_h
    return {"machines": machines, "spot": machine_h * prices.spot_h, "questions": asked, "a month": stored}


def weights(world: World) -> dict[str, float]:
    """Return the bytes of what a dataset consists of."""
    costs = world.costs
    found = {
        "samples": world.samples * costs.bytes,
        "sidecars": world.parts * costs.sidecar_bytes,
        "labels": world.samples * costs.labels_bytes,
        "manifest": world.parts * costs.manifest_bytes_a_part,
    }
    return {**found, "total": sum(found.values())}


def by_machines(world: World, sizes: Sequence[int], machines: Sequence[int] = MACHINES) -> dict[int, list[Result]]:
    """Return results by the size of parts, one for each number of machines."""
    return {size: [simulate(replace(world, part_size=size, machines=n)) for n in machines] for size in sizes}


def best_sizes(rows: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return by the number of machines the size of parts with which a build is over first."""
    best: dict[int, Mapping[str, Any]] = {}
    for row in rows:
        if row["hours"]["all"] < best.get(row["machines"], {"hours": {"all": math.inf}})["hours"]["all"]:
            best[row["machines"]] = row
    return {machines: int(row["part_size"]) for machines, row in best.items()}


def failing(world: World, sizes: Sequence[int], lives: Sequence[float]) -> dict[float, list[float]]:
    """Return by machines' mean lives, for each size of parts, how much longer making them takes than undisturbed, as a
    share; by the sums of some seeds."""
    found: dict[float, list[float]] = {life: [] for life in lives}
    for size in sizes:
        worlds = [replace(world, part_size=size, seed=world.seed + k) for k in range(SEEDS)]
        calm = sum(simulate(one).make_s for one in worlds)
        for life in lives:
            found[life].append(sum(simulate(replace(one, mean_life_h=life)).make_s for one in worlds) / calm - 1)
    return found


def hours(result: Result) -> dict[str, float]:
    steps = {"begin": result.begin_s, "make": result.make_s, "finish": result.finish_s, "all": result.seconds}
    return {name: seconds / HOUR for name, seconds in steps.items()}


def figures(samples: int, seed: int, prices: Prices) -> dict[str, Any]:
    """Return all that is told, as plain values."""
    found: dict[str, Any] = {"samples": samples, "prices": vars(prices)}
    for name, costs in (("plain", PLAIN), ("depth", DEPTH)):
        world = World(samples=samples, costs=costs, seed=seed)
        rows = []
        for size, results in by_machines(world, SIZES).items():
            for n, result in zip(MACHINES, results, strict=True):
                own = replace(world, part_size=size, machines=n)
                told = {"hours": hours(result), "use": result.use, "bottleneck": result.bottleneck}
                rows.append({"part_size": size, "machines": n, **told, "money": money(own, result, prices)})
        found[name] = {
            "rows": rows,
            "weights": {size: weights(replace(world, part_size=size)) for size in SIZES},
            "failures": failing(replace(world, machines=16), SIZES, LIVES_H),
            "as it was": hours(simulate(_as_it_was(world))),
            "gone on with": {
                "as it was": hours(simulate(replace(_as_it_was(world), done=0.99))),
                "now": hours(simulate(replace(world, machines=64, done=0.99))),
            },
            "records read again": [
                hours(simulate(replace(world, machines=n, part_size=16_000, costs=replace(costs, **READ_AGAIN))))
                for n in MACHINES
            ],
        }
    return found


def _as_it_was(world: World) -> World:
    costs = replace(world.costs, **ASKED_BEFORE)
    return replace(world, machines=64, costs=costs, storage=replace(Storage(), side_by_side=1))


def plots(found: Mapping[str, Any]) -> list[Plot]:
    """Return the plots of `figures`."""
    drawings = []
    for name, title in (("plain", "images and masks"), ("depth", "with 16-bit depth")):
        rows = found[name]["rows"]
        lines = {
            f"{size:,} a part": [(r["machines"], r["hours"]["make"]) for r in rows if r["part_size"] == size]
            for size in SIZES
        }
        drawings.append(Plot(f"Making parts, {title}", "machines of 16 cores", "hours", lines))
    for name, title in (("plain", "images and masks"), ("depth", "with 16-bit depth")):
        rows = [row for row in found[name]["rows"] if row["part_size"] == 16_000]
        steps = {"making parts": "make", "finishing": "finish", "all": "all"}
        lines = {told: [(row["machines"], row["hours"][step]) for row in rows] for told, step in steps.items()}
        lines["records read again"] = [
            (n, told["all"]) for n, told in zip(MACHINES, found[name]["records read again"], strict=True)
        ]
        drawings.append(Plot(f"A build, parts of 16,000, {title}", "machines of 16 cores", "hours", lines))
    lost = found["depth"]["failures"]
    lines = {
        f"each lives {life:g} h": [(size, max(100 * share, 0.01)) for size, share in zip(SIZES, shares, strict=True)]
        for life, shares in lost.items()
    }
    drawings.append(Plot("What failures cost, 16 machines, with depth", "samples a part", "% longer", lines))
    weigh = found["plain"]["weights"]
    kinds = ("samples", "labels", "sidecars", "manifest")
    lines = {kind: [(size, told[kind] / 1e9) for size, told in weigh.items()] for kind in kinds}
    drawings.append(Plot("What is stored, images and masks", "samples a part", "GB", lines))
    return drawings


def show(found: Mapping[str, Any]) -> None:
    for name in ("plain", "depth"):
        told = found[name]
        print(f"\n{name}: {found['samples']:,} samples")
        print(f"{'a part':>8}{'machines':>9}{'begin':>8}{'make':>9}{'finish':>8}{'all':>9}   $ machines  spot  month")
        for row in told["rows"]:
            h, m = row["hours"], row["money"]
            line = f"{row['part_size']:>8,}{row['machines']:>9}{h['begin']:8.2f}{h['make']:9.2f}{h['finish']:8.2f}"
            print(
                f"{line}{h['all']:9.2f} h{m['machines']:10.0f}{m['spot']:7.0f}{m['a month']:6.0f}   {row['bottleneck']}"
            )
        print("best size of parts by machines:", best_sizes(told["rows"]))
        for size, weighs in told["weights"].items():
            print(f"parts of {size:,}: " + ", ".join(f"{kind} {value / 1e9:,.2f} GB" for kind, value in weighs.items()))
        for life, shares in told["failures"].items():
            said = ", ".join(f"{size:,}: {100 * share:.2f} %" for size, share in zip(SIZES, shares, strict=True))
            print(f"16 machines that live {life:g} h each take longer by {said}")
        print("64 machines, parts of 1,000, as it was:", told["as it was"])
        print("gone on with at 99 %:", told["gone on with"])
        print("records read again, parts of 16,000:", [round(one["all"], 2) for one in told["records read again"]])


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plots", type=Path, help="write the plots to this SVG file")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    for name, price in vars(Prices()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=price, help="US dollars")
    chosen = parser.parse_args(words)
    prices = Prices(**{name: getattr(chosen, name) for name in vars(Prices())})
    found = figures(chosen.samples, chosen.seed, prices)
    show(found)
    if chosen.plots:
        chosen.plots.write_text(drawn(plots(found)), encoding="utf-8")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1).replace("Infinity", str(math.inf)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
