"""What the command line prints: catalogs, estimates, datasets, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from figureground.core.sample import Catalog
    from figureground.dataset.stored import Dataset
    from figureground.make.build import Estimate


def plural(n: int, noun: str) -> str:
    """Return "1 part" or "1,200 parts"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def print_catalog(catalog: Catalog, everything: bool = False) -> None:
    """Print how many photos are used and which are set aside: ten of them, or everything with the notes."""
    print(
        f"{plural(len(catalog.backgrounds), 'background')}, {plural(len(catalog.foregrounds), 'foreground')}, "
        f"{plural(len(catalog.set_aside), 'photo')} set aside"
    )
    few = len(catalog.set_aside) if everything else 10
    for photo in catalog.set_aside[:few]:
        print(f"  set aside: {photo.source}: {photo.reason}")
    if len(catalog.set_aside) > few:
        print(f"  ... and {len(catalog.set_aside) - few} more; `figureground check` lists them, and so does the report")
    if everything:
        for photo in catalog.notes:
            print(f"  note: {photo.source}: {photo.reason}")


def print_estimate(cost: Estimate, workers: int) -> None:
    """Print what a build would cost."""
    workers = workers or os.cpu_count() or 1
    print(f"{plural(cost.samples, 'sample')} in {plural(cost.parts, 'part')}")
    layers = ", ".join(f"{layer} {size / 1000:.1f} kB" for layer, size in cost.bytes.items() if size)
    print(f"about {_bytes(cost.total_bytes)}: a sample is {sum(cost.bytes.values()) / 1000:.1f} kB ({layers})")
    each = sum(cost.seconds.values())
    share = cost.seconds["depth"] / each if each else 0.0
    print(
        f"about {_seconds(cost.total_seconds(workers))} with {workers} workers: {1000 * each:.1f} ms a sample on a core"
    )
    print(
        f"depth: {1000 * cost.seconds['depth']:.1f} ms a sample, {share:.0%} of the time; "
        f"rendering {1000 * cost.seconds['render']:.1f} ms, encoding {1000 * cost.seconds['encode']:.1f} ms"
    )
    print("nothing was written")


def print_dataset(data: Dataset) -> None:
    """Print what a finished dataset holds, and which of its self-checks failed."""
    manifest, statistics = data.manifest, data.statistics
    print(
        f"{manifest['name']}: {plural(manifest['samples'], 'sample')} of {manifest['size']} px "
        f"in {plural(data.parts, 'part')}, "
        f"{_bytes(manifest['bytes'])} ({manifest['bytes'] / manifest['samples'] / 1000:.1f} kB a sample)"
    )
    for layer, moments in statistics["summary"].items():
        values = [" ".join(f"{value:.4f}" for value in moments[name]) for name in ("mean", "std")]
        print(f"  {layer:<5} mean {values[0]}  std {values[1]}  {moments.get('unit', 'of 0..1')}")
    model = manifest["depth_model"]
    if model is not None and not model["card"]["commercial"]:
        print(f"  note: depth by {model['card']['name']}, licensed {model['card']['licence']}: no commercial use")
    failed = [check for check in statistics["checks"] if not check["passed"]]
    for one in failed:
        print(f"  CHECK FAILED: {one['name']}: {one['detail']}")
    if not failed:
        print(f"  all {len(statistics['checks'])} self-checks passed")


def _bytes(n: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000:
            return f"{n:.1f} {unit}" if unit != "B" else f"{n:.0f} B"
        n /= 1000
    return f"{n:.2f} TB"


def _seconds(s: float) -> str:
    minutes, seconds = divmod(round(s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{s:.1f} s"


class ProgressBars:
    """Bars with rate and time left on a terminal; a plain line a tenth of the way when piped.  Goes to stderr."""

    def __enter__(self) -> Callable[[str, int, int], None]:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._printed: dict[str, int] = {}
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bars = Progress(
                TextColumn("{task.description:<8}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bars.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def _show(self, stage: str, done: int, total: int) -> None:
        if self._bars is None:
            tenth = 10 * done // max(total, 1)
            if self._printed.get(stage) != tenth:
                self._printed[stage] = tenth
                print(f"{stage} {done:,}/{total:,}", file=sys.stderr, flush=True)
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total, completed=done, rate="")
        task = self._bars.tasks[self._tasks[stage]]
        rate = f"{task.speed:.0f}/s" if task.speed else ""
        self._bars.update(self._tasks[stage], completed=done, total=total, rate=rate)
