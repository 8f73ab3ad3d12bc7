"""What does a command take?  Wall and CPU seconds, and the memory of all its processes together.

    python bench/watched.py [--json FILE] figureground build RECIPE OUT --workers 2

Memory is PSS, in which what processes share counts once: of all together, of the first process, and of the largest
of the others, the workers.  It is looked at twice a second (Linux only), so a shorter peak may be missed.  The JSON
has each look: seconds since the start, and these three in MiB.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

INTERVAL, MIB = 0.5, 2**20


@dataclasses.dataclass(frozen=True)
class Look:
    """One look at a command's memory, PSS in bytes: all processes, the first one, the largest of the others."""

    seconds: float
    total: int
    first: int
    worker: int


@dataclasses.dataclass(frozen=True)
class Taken:
    """What a command took: seconds of wall and CPU (all processes), those of its first process alone, and the looks at
    its memory."""

    wall: float
    cpu: float
    first_cpu: float
    looks: tuple[Look, ...]

    def peak(self, what: str, until: float = float("inf")) -> float:
        """Return the most MiB that "total", "first" or "worker" had within the first `until` seconds; 0 unseen."""
        return max((getattr(look, what) for look in self.looks if look.seconds <= until), default=0) / MIB


def fields(process: int | str) -> list[str]:
    """Return what the system tells of a process, from its state on (`man proc`, stat); empty once it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parents() -> dict[int, int]:
    """Return the parent of each process of this machine."""
    names = (folder.name for folder in Path("/proc").glob("[0-9]*"))
    return {int(name): int(told[1]) for name in names if (told := fields(name))}


def cpu_of(process: int) -> float:
    """Return the CPU-seconds of a process without its children; 0 once it ended."""
    return sum(map(int, fields(process)[11:13])) / os.sysconf("SC_CLK_TCK")


def below(first: int) -> list[int]:
    """Return a process and all that came of it, itself first."""
    children: dict[int, list[int]] = {}
    for child, parent in parents().items():
        children.setdefault(parent, []).append(child)
    found = [first]
    for process in found:
        found.extend(children.get(process, []))
    return found


def pss(process: int) -> int:
    """Return the bytes that a process has, its part of what it shares with others; 0 once it ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(command: Sequence[str], environment: Mapping[str, str] | None = None, *, output: bool = True) -> Taken:
    """Run a command and return what it took.  Raises `CalledProcessError` where it fails; its output goes to stderr,
    or nowhere where `output` is not wanted."""
    looks, first_cpu, before, start = [], 0.0, cpu_of_children(), time.perf_counter()
    told = sys.stderr if output else subprocess.DEVNULL
    with subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=told) as running:
        while running.poll() is None:
            first, *others = (pss(process) for process in below(running.pid))
            looks.append(Look(time.perf_counter() - start, first + sum(others), first, max(others, default=0)))
            first_cpu = max(first_cpu, cpu_of(running.pid))
            try:
                running.wait(INTERVAL)
            except subprocess.TimeoutExpired:
                continue
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return Taken(time.perf_counter() - start, cpu_of_children() - before, first_cpu, tuple(looks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="a file for the figures and each look")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    taken = watch(chosen.command)
    peaks = {what: round(taken.peak(what), 1) for what in ("total", "first", "worker")}
    print(f"{taken.wall:.1f} s, {taken.cpu:.1f} CPU-seconds, {taken.first_cpu:.1f} of them by the first process")
    print("peak MiB: {total:.0f} together, {first:.0f} first process, {worker:.0f} largest worker".format(**peaks))
    if chosen.json:
        rows = [(round(one.seconds, 1), *(round(n / MIB, 1) for n in (one.total, one.first, one.worker)))
                for one in taken.looks]  # fmt: skip
        row = {"command": chosen.command, "wall_s": taken.wall, "cpu_s": taken.cpu, "first_cpu_s": taken.first_cpu}
        row |= {"peak_mib": peaks, "looks": rows}
        chosen.json.write_text(json.dumps(row) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
