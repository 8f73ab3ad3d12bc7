"""What the command line says: each result as facts (for --json) and as text made from the same facts; progress; errors.

The functions `..._facts` are the only ones that read the library's values.
"""

from __future__ import annotations

import json
import logging
import math
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from figureground import native
from figureground.core.canvas import Canvas
from figureground.core.errors import printable
from figureground.core.faults import bytes_said
from figureground.core.places import place_of
from figureground.core.progress import Progress, bars, on_terminal, silent

if TYPE_CHECKING:
    from figureground.core.errors import FigureGroundError
    from figureground.core.nouns import Catalog
    from figureground.dataset.stored import Dataset
    from figureground.make.cost import Cost

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Console:
    """Where a command's results go.  `quiet`: only what was asked for; `json`: as one object on stdout."""

    quiet: bool = False
    json: bool = False

    def tell(self, facts: Facts, text: str, *, asked: bool = True) -> None:
        """Say a command's result, once a command.  `asked`: it is what the user wants to know, also with --quiet."""
        if self.json:
            print(json.dumps(_plain(facts), indent=1, allow_nan=False), flush=True)
        elif text and (asked or not self.quiet):
            print(printable(text, keep="\n"), flush=True)

    def note(self, text: str) -> None:
        """Say something besides, which the facts of the result hold as well."""
        if not (self.quiet or self.json):
            print(printable(text, keep="\n"), flush=True)

    def fail(self, problem: FigureGroundError) -> None:
        """Say what went wrong: three lines on stderr, or an object on stdout."""
        if self.json:
            self.tell({"error": {"what": problem.what, "where": problem.where, "remedy": problem.remedy}}, "")
        else:
            print(f"error: {problem}", file=sys.stderr)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Give what shows progress on stderr: bars on a terminal, a plain line a tenth of the way when piped."""
        if self.quiet:
            yield silent
        elif on_terminal():
            with bars() as show:
                yield show
        else:
            yield plain_lines()


def plain_lines() -> Progress:
    """Return what prints "step 3/10" on stderr at every tenth of a step."""
    printed: dict[str, int] = {}

    def show(step: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if printed.get(step) != tenth:
            printed[step] = tenth
            with suppress(OSError):  # whoever read it may have gone, and the work goes on
                print(f"{step} {done:,}/{total:,}", file=sys.stderr, flush=True)

    return show


class _OneLine(logging.Formatter):
    """A message in a line that the terminal does not obey; a traceback below it keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), keep="\n")


class _Stderr(logging.StreamHandler[TextIO]):
    """Logs to what sys.stderr is at that moment: bars replace it while they are drawn."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def logging_to_stderr(level: str) -> None:
    """Let the logger "figureground" write to stderr, from `level` on; called again, only the level changes."""
    logger = logging.getLogger("figureground")
    logger.setLevel(level.upper())
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        logger.addHandler(_Stderr())


def for_terminal(value: Any) -> Any:
    """Return facts with every text as a line for a terminal: names of files may hold what breaks or moves lines."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {for_terminal(key): for_terminal(inner) for key, inner in value.items()}
    return [for_terminal(inner) for inner in value] if isinstance(value, list | tuple) else value


def catalog_facts(catalog: Catalog) -> dict[str, Any]:
    """Return how many photos are used, which are set aside and why, and what was noted of those in use."""

    from figureground.report.classes import poses_of

    def reasons(photos: Sequence[Any]) -> list[dict[str, str]]:
        return [{"source": photo.source, "reason": photo.reason} for photo in photos]

    return {
        "backgrounds": len(catalog.backgrounds),
        "foregrounds": len(catalog.foregrounds),
        "classes": {name: sum(f.class_name == name for f in catalog.foregrounds) for name in catalog.classes},
        "poses": poses_of(catalog),
        "set_aside": reasons(catalog.set_aside),
        "notes": reasons(catalog.notes),
        "warnings": reasons(catalog.warnings),
    }


def catalog_text(facts: Facts, everything: bool = False) -> str:
    """Return how many photos are used and which are set aside: ten of them, or everything with the notes."""
    facts = for_terminal(facts)
    aside, classes = facts["set_aside"], facts["classes"]
    shown = f" ({', '.join(f'{n} {name}' for name, n in classes.items())})" if len(classes) > 1 else ""
    lines = [
        f"{plural(facts['backgrounds'], 'background')}, {plural(facts['foregrounds'], 'foreground')}{shown}, "
        f"{plural(len(aside), 'photo')} set aside"
    ]
    if set(facts["poses"]) - {"standing"}:
        lines.append(f"  poses: {', '.join(f'{n} {pose}' for pose, n in facts['poses'].items())}")
    few = len(aside) if everything else 10
    lines += [f"  set aside: {photo['source']}: {photo['reason']}" for photo in aside[:few]]
    if len(aside) > few:
        lines.append(f"  ... and {len(aside) - few} more; `figureground check` lists them, and so does the report")
    lines += [f"  WARNING: {line}" for line in _joined(facts["warnings"])]
    if everything:
        lines += [f"  note: {photo['source']}: {photo['reason']}" for photo in facts["notes"]]
    return "\n".join(lines)


_FEW = 3  # photos that are named of those with one warning


def _joined(warnings: Sequence[Mapping[str, str]]) -> list[str]:
    """Return a line for each warning, and one for all photos that share it but for their numbers."""
    from figureground.report.photo_lists import general

    alike: dict[str, list[Mapping[str, str]]] = {}
    for photo in warnings:
        alike.setdefault(general(photo["reason"], ()), []).append(photo)
    lines = []
    for group in alike.values():
        names = ", ".join(photo["source"] for photo in group[:_FEW])
        if len(group) > _FEW:
            names = f"{plural(len(group), 'photo')} ({names} ...)"
        lines.append(f"{names}: {group[0]['reason']}")
    return lines


def cost_facts(cost: Cost, workers: int) -> dict[str, Any]:
    """Return what a build would cost.  Bytes a sample by layer; seconds a sample of one core by stage."""
    return {
        "samples": cost.samples,
        "parts": cost.parts,
        "bytes_per_sample": cost.bytes,
        "bytes": round(cost.total_bytes),
        "seconds_per_sample": cost.seconds,
        "workers": workers,
        "seconds": cost.total_seconds(workers),
        "better_parts_size": cost.better_size,
        "without_kernel": native.absent,
    }


def cost_text(facts: Facts) -> str:
    """Return what a build would cost."""
    sizes, seconds = facts["bytes_per_sample"], facts["seconds_per_sample"]
    layers = ", ".join(f"{layer} {size / 1000:.1f} kB" for layer, size in sizes.items() if size)
    each = sum(seconds.values())
    share = seconds["depth"] / each if each else 0.0
    return "\n".join(
        [
            f"{plural(facts['samples'], 'sample')} in {plural(facts['parts'], 'part')}",
            f"about {bytes_said(facts['bytes'])}: a sample is {sum(sizes.values()) / 1000:.1f} kB ({layers})",
            f"about {_seconds(facts['seconds'])} with {plural(facts['workers'], 'worker')}: "
            f"{1000 * each:.1f} ms a sample on a core",
            f"depth: {1000 * seconds['depth']:.1f} ms a sample, {share:.0%} of the time; "
            f"rendering {1000 * seconds['render']:.1f} ms, encoding {1000 * seconds['encode']:.1f} ms",
            *_cost_notes(facts),
            "nothing was built",
        ]
    )


def _cost_notes(facts: Facts) -> Iterator[str]:
    if facts["without_kernel"]:
        yield f"note: {facts['without_kernel']}"
    if size := facts["better_parts_size"]:
        yield f"note: these are many parts; with parts.size = {size} there would be {-(-facts['samples'] // size):,}"


def dataset_facts(data: Dataset) -> dict[str, Any]:
    """Return what a finished dataset holds: counts, bytes, statistics a layer (`layers_of` says of which samples),
    depth network, self-checks."""
    from figureground.report.facts import read_numbers

    manifest, statistics = data.manifest, data.statistics
    read_numbers(statistics)  # refuses what is not what it says
    everything = {"split": "all samples", "samples": manifest["samples"]}  # before statistics were kept by split
    return {
        "path": place_of(data.store),
        "name": manifest["name"],
        "samples": manifest["samples"],
        "size": manifest["size"],
        "parts": data.parts,
        "bytes": manifest["bytes"],
        "layers": statistics["summary"],
        "layers_of": statistics.get("summary_of", everything),
        "layers_of_all": statistics.get("summary_all", statistics["summary"]),
        "depth_model": manifest["depth_model"],
        "no_depth": statistics.get("no_depth", {"samples": [], "reasons": {}}),
        "checks": statistics["checks"],
        "without_kernel": native.absent,
    }


def dataset_text(facts: Facts) -> str:
    """Return what a finished dataset holds, and which of its self-checks failed."""
    facts = for_terminal(facts)
    lines = [
        f"{facts['name']}: {plural(facts['samples'], 'sample')} of {Canvas.of(facts['size'])} "
        f"in {plural(facts['parts'], 'part')}, "
        f"{bytes_said(facts['bytes'])} ({facts['bytes'] / facts['samples'] / 1000:.1f} kB a sample)"
    ]
    of, told = facts["layers_of"], facts["layers"]
    lines.append(
        f"  of {plural(of['samples'], 'sample')}"
        + (f" ({of['split']})" if of["samples"] < facts["samples"] else "")
        + ":"
    )
    lines += [_moments_text(layer, moments) for layer, moments in told.items()]
    model = facts["depth_model"]
    if model is not None and not model["card"]["commercial"]:
        lines.append(
            f"  note: depth by {model['card']['name']}, licensed {model['card']['licence']}: no commercial use"
        )
    lines += [f"  note: {facts['without_kernel']}"] if facts["without_kernel"] else []
    lines += no_depth_lines(facts)
    failed = failed_checks(facts)
    return "\n".join([*lines, *(failed or [f"  all {len(facts['checks'])} self-checks passed"])])


def _moments_text(layer: str, moments: Facts) -> str:
    """Return a line of a layer's mean and deviation, or of the shares of its values."""
    if "shares" in moments:
        return f"  {layer:<5} " + "  ".join(f"{value}: {share:.2%}" for value, share in moments["shares"].items())
    mean, std = (" ".join(f"{value:.4f}" for value in moments[name]) for name in ("mean", "std"))
    return f"  {layer:<5} mean {mean}  std {std}  {moments.get('unit', 'of 0..1')}"


def no_depth_lines(facts: Facts) -> list[str]:
    """Return a line that names the samples for which the network gave no depth; none where there are none."""
    lacking = facts["no_depth"]["samples"]
    if not lacking:
        return []
    named = ", ".join(map(str, lacking[:10])) + (f" and {len(lacking) - 10} more" if len(lacking) > 10 else "")
    why = "; ".join(facts["no_depth"]["reasons"])
    return [f"  WARNING: no depth for {plural(len(lacking), 'sample')} ({named}): {why}"]


def failed_checks(facts: Facts) -> list[str]:
    """Return a line for each self-check of a dataset that failed."""
    return [f"  CHECK FAILED: {one['name']}: {one['detail']}" for one in facts["checks"] if not one["passed"]]


def in_shell(path: Path | str) -> str:
    """Return a path as a shell takes it, in quotes where it has spaces."""
    text = str(path)
    if os.name == "nt":  # where single quotes are letters like others
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)


def plural(n: int, noun: str) -> str:
    """Return "1 part" or "1,200 parts"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: paths as text, numpy's numbers as numbers, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return _plain(value.item()) if hasattr(value, "item") else str(value)


def _seconds(s: float) -> str:
    minutes, seconds = divmod(round(s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{s:.1f} s"
