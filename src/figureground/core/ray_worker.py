"""A worker of `engines.Ray`: what its process holds and answers.  Any machine of a cluster may run it."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import threading
import zlib
from collections.abc import Callable, Sequence
from importlib import metadata
from multiprocessing.reduction import ForkingPickler
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import code_sha256
from figureground.core.steps import Stepping

Attempt = Callable[[Callable[[Any], Any], Any], Any]  # (function, job) -> its outcome, which can be pickled

_LIBRARIES = ("numpy", "pillow", "onnxruntime")


class Worker:
    """An actor: it is told once what to do, and does it for one job after the other.

    `begin` and `do` run in one thread, `steps` and `end` in another, so that they answer meanwhile.
    """

    def __init__(self) -> None:
        self._work: Callable[[Any], Any] = _nothing
        self._attempt: Attempt = _nothing_of
        self._ticket, self._steps = -1, 0

    def begin(
        self, attempt: Attempt, function: Callable[[Any], Any], conditions: Sequence[Callable[[], None]], folder: str
    ) -> Any:
        """Take the function that jobs are for, whose paths start in `folder`, as on the machine that gives them out.

        Returns Ray's name of this machine, its host name, the `versions` here, and what of the conditions does not
        hold: a FigureGroundError's texts, () for nothing.
        """
        with contextlib.suppress(OSError):  # where it is not there, neither is what lies below it: conditions tell
            os.chdir(folder)
        place = importlib.import_module("ray").get_runtime_context().get_node_id(), platform.node()
        self._attempt = attempt
        self._work = Stepping(function.function, self._heard) if isinstance(function, Stepping) else function
        try:
            for condition in conditions:
                condition()
        except FigureGroundError as error:
            return *place, versions(), (error.what, error.where, error.remedy)
        return *place, versions(), ()

    def do(self, ticket: int, job: Any) -> bytes:
        """Return the pickled outcome of a job.  Bytes, since Ray's own copy of an array cannot be written to."""
        self._ticket, self._steps = ticket, 0
        return bytes(ForkingPickler.dumps(self._attempt(self._work, job), -1))

    def steps(self) -> tuple[int, int]:
        """Return the ticket of the job in work, or of the last one, and how many of its steps are done."""
        return self._ticket, self._steps

    def end(self) -> None:
        """End this process in the midst of its work.  Whoever called learns of it once the process is gone."""
        threading.Timer(0, os._exit, (0,)).start()
        threading.Event().wait()

    def _heard(self, _: Any, steps: int) -> None:
        self._steps = steps


def versions() -> dict[str, str]:
    """Return what makes a machine give the bytes it gives: this package's code, and the libraries beneath."""
    told = {"figureground": code_sha256()[:12], "zlib": zlib.ZLIB_RUNTIME_VERSION}
    for name in _LIBRARIES:
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            told[name] = "unknown"
    return told


def _nothing(job: Any) -> Any:
    raise AssertionError("a job before the function")


def _nothing_of(function: Callable[[Any], Any], job: Any) -> Any:
    return function(job)
