"""What asks this process to end: SIGTERM and its like stop a command as Ctrl-C does, and cut nothing in two."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

# a service's end, a terminal's end, Ctrl-Break on Windows; which of them there are, the system says
ENDS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
STOPS = (signal.SIGINT, *ENDS)

_ONE_S = 1.0  # what comes so soon after a stop means the same: an impatient user, or a system that sends two signals


class TerminatedError(KeyboardInterrupt):
    """A stop by a signal other than Ctrl-C.  `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextlib.contextmanager
def heeded() -> Iterator[None]:
    """Inside, a signal that asks this process to end raises in the main thread: TerminatedError, or KeyboardInterrupt
    for Ctrl-C.  One that is ignored, as by nohup, stays so."""
    stopped = -_ONE_S

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        if time.monotonic() - stopped < _ONE_S:
            return
        stopped = time.monotonic()
        raise KeyboardInterrupt if number == signal.SIGINT else TerminatedError(number)

    with _handled(stop, (signal.SIG_DFL, signal.default_int_handler)):
        yield


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Put off what would stop this thread until the block has ended.

    A process that is started inside is born deaf to it all: `listening` makes it hear again.
    """
    late: list[int] = []
    handlers: dict[int, Any] = {}
    try:
        with _handled(lambda number, frame: late.append(number), None) as handlers, _masked():
            yield
    finally:
        for number in late[:1]:
            handlers[number](number, None)


def listening() -> None:
    """Let this process, which was started inside `held`, end by signals as any other does, but for Ctrl-C, which is its
    parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in ENDS:
        signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


@contextlib.contextmanager
def _handled(handler: Any, instead_of: tuple[Any, ...] | None) -> Iterator[dict[int, Any]]:
    """Handle stops so, in place of these handlers, or of any that can be called; give those that were there.

    Python calls handlers in its main thread alone, so in another this does nothing.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in STOPS:
            there = signal.getsignal(number)
            if callable(there) if instead_of is None else there in instead_of:
                before[number] = there
    try:
        for number in before:
            signal.signal(number, handler)
        yield before
    finally:
        for number, there in before.items():
            signal.signal(number, there)


@contextlib.contextmanager
def _masked() -> Iterator[None]:
    """Block stops in this thread, and so in the processes and threads that it starts."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
