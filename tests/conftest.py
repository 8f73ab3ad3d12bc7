"""What every test runs under: set here, before any test module or onnxruntime is imported."""

import os
import signal
import threading

import pytest
from hypothesis import settings

if threading.current_thread() is threading.main_thread():
    # in the background of a shell Ctrl-C is ignored, as is under nohup what a terminal sends that closes; and so they
    # would be by the processes that tests start and stop
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def _at_once(handle: object) -> None:
    """Do not wait for the disk."""


# no test's files outlive it; what a power cut leaves is tested on a disk of our own (tests/power.py)
os.fsync = _at_once  # type: ignore[assignment]

# the laws of stores live in the package, and their assertions should show their values like any test's
pytest.register_assert_rewrite("figureground.testing")

# examples are no faster on a busy machine, and the same on every one
settings.register_profile("figureground", deadline=None, derandomize=True)
settings.load_profile("figureground")


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process have one core, so that commands that would start a worker for each start none."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
