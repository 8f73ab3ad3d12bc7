"""What Ray runs on this machine for one of our processes, as Linux tells it."""

import contextlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

LINUX = Path("/proc/self/stat").exists()
_LISTENS = "0A"  # of a row in /proc/net/tcp


def processes(mark: str) -> dict[int, str]:
    """Return the command lines, by pid, of living processes but this one that have `mark` in theirs or in the path of
    an open file: Ray's have the folder of their session there, ours are called figureground-PID-."""
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it is gone, or another user's
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if mark in line or any(mark in file for file in _open_files(int(entry.name))):
                    found[int(entry.name)] = line
    return found


def none_left(mark: str, seconds: float = 30.0) -> dict[int, str]:
    """Wait until there are none of `processes(mark)`, and return those that are there for all that."""
    end = time.monotonic() + seconds
    while (left := processes(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def listening(pids: Iterable[int]) -> list[str]:
    """Return the addresses, in hexadecimal, that processes listen on."""
    sockets = {
        found[1] for pid in pids for file in _open_files(pid) if (found := re.fullmatch(r"socket:\[(\d+)\]", file))
    }
    rows = [row.split() for kind in ("tcp", "tcp6") for row in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return [row[1].partition(":")[0] for row in rows if row[3] == _LISTENS and row[9] in sockets]


def _open_files(pid: int) -> list[str]:
    files = []
    for entry in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed by now
            files.append(os.readlink(f"/proc/{pid}/fd/{entry}"))
    return files
