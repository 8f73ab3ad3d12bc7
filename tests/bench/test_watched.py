"""What a command takes is that of all its processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import watched

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
CHILD = "kept = bytearray(b'x') * (96 << 20); import time; time.sleep(1.4)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}], check=True)"


def test_the_memory_of_a_child_counts() -> None:
    taken = watched.watch([sys.executable, "-c", PARENT])
    assert taken.peak("worker") > 96
    assert taken.peak("first") < 96
    assert taken.peak("total") >= taken.peak("worker")
    assert taken.peak("worker", until=0.0) == 0


def test_the_cpu_time_of_a_child_counts() -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    taken = watched.watch(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"]
    )
    assert taken.cpu >= 0.5
    assert taken.first_cpu < taken.cpu - 0.4
    assert taken.wall >= 0.5


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        watched.watch([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_cpu_time_of_the_first_process_is_its_own() -> None:
    taken = watched.watch([sys.executable, "-c", "import time\nwhile time.process_time() < 1.5: pass"])
    assert 0.5 < taken.first_cpu <= taken.cpu + 0.1
