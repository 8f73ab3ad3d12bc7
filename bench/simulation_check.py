"""Does the simulation tell how long real runs take?  Both, side by side.

    PYTHONPATH=src:. python bench/simulation_check.py [--parts 20] [--seconds 1] [--rounds 3]

Parts that take as long as the simulation draws are made by serial and processes with 1 and 2 workers, undisturbed and
with one worker killed in the middle, and written to a folder.  They sleep, so that others on the machine do not count.
What a start takes is measured before each run, with as many workers.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.scale import Done, Part, make
from bench.simulated import Costs, Storage, World, part_seconds
from bench.simulation import simulate
from figureground.core.engines import Engine, Processes, Serial, mapped

SIZE = 1_000_000  # bytes of a part


def real(engine: Engine, jobs: Sequence[Part], kill_at: float | None) -> tuple[float, list[Done]]:
    """Return the seconds that parts take, and what workers tell; kill one of them at a moment."""
    done = list[Done]()
    called = time.monotonic()

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended a moment before
            os.kill(done[-1].worker, signal.SIGKILL)

    timer = threading.Timer(kill_at or 0.0, kill)
    if kill_at is not None:
        timer.start()
    with mapped(engine, make, jobs) as outcomes:
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
            done.append(outcome.value)
    timer.cancel()
    return time.monotonic() - called, done


def check(workers: int, kill: bool, seconds: Sequence[float], folder: str) -> tuple[float, float]:
    """Return (simulated, real) seconds of a run; 0 workers: in this process."""
    engine = Processes(workers) if workers else Serial()
    jobs = [Part(n, took, False, folder, SIZE) for n, took in enumerate(seconds)]
    starts = [real(engine, [Part(0, 0.0, False, folder, SIZE)] * max(1, workers), None) for _ in range(3)]
    start_s = statistics.median(took for took, _ in starts)
    kill_at = start_s + sum(seconds) / max(1, workers) / 2 if kill else None
    took, done = real(engine, jobs, kill_at)
    put_s = statistics.median(one.ended - one.worked for one in done)
    costs = replace(Costs(), start_s=start_s if workers else 0.0, gap_s=put_s, note_s=0.0, bytes=0.0, sidecar_bytes=0.0)
    ends = () if kill_at is None else (kill_at,)
    world = World(samples=len(seconds), part_size=1, workers=max(1, workers), costs=costs, ends=ends, pool=True)
    result = simulate(replace(world, storage=Storage(latency_s=0.0)), np.array(seconds))
    return result.make_s, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    costs = replace(Costs(), seconds=chosen.seconds, spread=0.3)
    seconds = part_seconds(World(samples=chosen.parts, part_size=1, costs=costs)).tolist()
    print(f"{chosen.parts} parts of {sum(seconds):.1f} s together")
    print(f"{'workers':<22}{'simulated':>10}{'real':>10}{'real / simulated':>19}")
    with tempfile.TemporaryDirectory() as folder:
        for name, workers, kill in (
            ("serial", 0, False),
            ("1 process", 1, False),
            ("2 processes", 2, False),
            ("1 process, killed", 1, True),
            ("2 processes, killed", 2, True),
        ):
            pairs = [check(workers, kill, seconds, folder) for _ in range(chosen.rounds)]
            told, took = (statistics.median(pair[k] for pair in pairs) for k in (0, 1))
            ratio = statistics.median(one / other for other, one in pairs)
            print(f"{name:<22}{told:8.1f} s{took:8.1f} s{ratio:19.3f}", flush=True)


if __name__ == "__main__":
    importlib.import_module("bench.simulation_check").main()  # workers find its parts under this name
