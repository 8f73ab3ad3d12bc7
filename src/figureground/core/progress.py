"""How far a long call has come: what callers are told, and how it is shown where nobody asked otherwise."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = Callable[[str, int, int], None]  # (name of the step, how many are done, how many there are)

PAUSE_S = 0.2  # what is told at each sample is passed on no more often


def silent(step: str, done: int, total: int) -> None:
    """Report nothing."""


class Paced:
    """Passes on what a step tells at each of its samples: the first, the last, and between them five a second."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._step, self._told = "", 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step == self._step and done < total and now - self._told < PAUSE_S:
            return
        self._step, self._told = step, now
        self._progress(step, done, total)


@contextmanager
def watched(progress: Progress | None) -> Iterator[Progress]:
    """Give what a long call reports to: `progress` itself, or for None what suits the place where it runs.

    One line that updates in a Jupyter notebook, bars where stderr is a terminal, else nothing.  A call hands what it
    is given here down to the calls inside it, so that nothing is shown twice.
    """
    if progress is not None:
        yield progress
    elif _notebook() is not None:
        yield line()
    elif on_terminal():
        with bars() as show:
            yield show
    else:
        yield silent


def on_terminal() -> bool:
    """Say whether stderr is a terminal; it is none where it is closed or missing (pythonw)."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


@contextmanager
def bars() -> Iterator[Progress]:
    """Draw a bar a step on stderr, with count, rate and time left, until the block ends."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<8}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    # what is printed meanwhile goes above the bars; but a piped stdout stays what it is
    shared = sys.stdout is not None and sys.stdout.isatty()
    console = Console(stderr=True, force_jupyter=False)
    with Bars(*columns, console=console, redirect_stdout=shared) as drawn:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = drawn.add_task(step, total=total, completed=done, rate="")
            speed = drawn.tasks[tasks[step]].speed
            drawn.update(tasks[step], completed=done, total=total, rate=f"{speed:.0f}/s" if speed else "")

        yield show


def line() -> Progress:
    """Return what shows the step under way as one line of a notebook's output, updated in place; no widgets."""
    display = importlib.import_module("IPython.display").display
    handle: Any = None
    step_now, first, began, shown = "", 0, 0.0, 0.0

    def show(step: str, done: int, total: int) -> None:
        nonlocal handle, step_now, first, began, shown
        now = time.monotonic()
        if step != step_now:
            step_now, first, began, shown = step, done, now, 0.0
        if done < total and now - shown < PAUSE_S:
            return
        shown = now
        text = {"text/plain": _described(step, done, total, done - first, now - began)}
        if handle is None:
            handle = display(text, raw=True, display_id=True)
        else:
            handle.update(text, raw=True)

    return show


def _described(step: str, done: int, total: int, made: int, seconds: float) -> str:
    """Return "samples 120/400 (30%), 60/s, 5 s left"; `made` of them took `seconds`."""
    text = f"{step} {done:,}/{total:,} ({done / max(total, 1):.0%})"
    if made < 1 or seconds <= 0:
        return text
    rate = made / seconds
    left = "" if done >= total else f", {(total - done) / rate:,.0f} s left"
    return f"{text}, {rate:,.3g}/s{left}"


def _notebook() -> Any:
    """Return the shell of the Jupyter kernel that runs us, None elsewhere.  Does not import IPython."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get() if get is not None else None
    return shell if getattr(shell, "kernel", None) is not None else None  # IPython on a terminal has no kernel
