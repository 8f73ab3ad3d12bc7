"""Run a program whose stderr is a terminal."""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence

import pytest


def on_terminal(command: Sequence[str], seconds: float = 60) -> tuple[bytes, bytes]:
    """Return (stdout, what the terminal was sent) of a program that ends well within `seconds`; else fail.

    The terminal is read while the program runs: its buffer holds a few kilobytes, and a full one blocks the writer.
    """
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    until = time.monotonic() + seconds
    seen = b""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=terminal, env=environment)
        os.close(terminal)
        try:
            while True:
                if not select.select([controller], [], [], max(0.0, until - time.monotonic()))[0]:
                    pytest.fail(f"not done after {seconds} s; the terminal shows {seen[-2000:]!r}")
                try:
                    chunk = os.read(controller, 65536)
                except OSError:  # how Linux says that the last writer has gone
                    break
                if not chunk:
                    break
                seen += chunk
            assert child.wait(max(1.0, until - time.monotonic())) == 0, seen
        finally:
            child.kill()
            child.wait()
            os.close(controller)
        out.seek(0)
        return out.read(), seen
