"""What `--engine ray` costs a job, and what memory the driver needs, by the number of jobs.

    python -m bench.ray_overhead --jobs 200 1000 2000

Jobs do next to nothing.  Each number of jobs has a process of its own, and two workers in a Ray on this machine.
Prints, for each, the time a job from the first outcome to the last, by the clock and of the driver's cores, and the
driver's memory at the first outcome and at most.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import resource
import time
from pathlib import Path

from figureground.core.engines import Ray, ended


def measured(jobs: int) -> str:
    """Return a line of figures."""
    with ended(Ray(2)) as engine:
        outcomes = engine.map(abs, range(jobs))
        next(outcomes)
        wall, cores, before = time.perf_counter(), time.process_time(), _resident_kb()
        failed = sum(outcome.error is not None for outcome in outcomes)
        wall, cores = time.perf_counter() - wall, time.process_time() - cores
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = f"{1000 * wall / (jobs - 1):.2f} ms a job, {1000 * cores / (jobs - 1):.2f} ms of it the driver's"
    if failed:
        raise RuntimeError(f"{failed} of {jobs} jobs failed")
    return f"{jobs:7,} jobs: {times}; {before / 1024:.1f} MB at first, {most / 1024:.1f} MB at most"


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[200, 1000, 2000])
    for jobs in parser.parse_args().jobs:
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            print(alone.submit(measured, jobs).result(), flush=True)


if __name__ == "__main__":
    main()
