"""Runs command lines in processes that have imported everything, so that a run that is killed costs little more than
its work.

Reads a JSON object a line: {"arguments", "folder", "log", "event", "signal"}.  Forks, says the pid, runs the command
line in a session of its own, and says the exit status (negative: the signal that ended it).  With an `event` the
process sends itself the signal just before its file operation of that number; files that are only read do not count.
The log has "begun", what the command says, "ended" where it came so far, and how many file operations there were.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from typing import Any

_CHANGES = ("os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def signal_at(event: int, number: int) -> None:
    """Send this process a signal just before its file operation of that number; tell how many there were."""
    seen, home = 0, os.getpid()
    sys.dont_write_bytecode = True  # what Python keeps of a module is no operation of ours, and there but once
    atexit.register(lambda: print(f"events {seen}"))

    def look(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if name in _CHANGES or (name == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES):
            seen += 1
            if seen == event and os.getpid() == home:
                os.kill(home, number)

    sys.addaudithook(look)


def serve() -> dict[str, Any]:
    """Answer requests until there are none; return, in a forked process, what it is to do."""
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return request
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    sys.exit(0)


def become(request: dict[str, Any]) -> None:
    """Make this forked process one that a shell might have started in that folder."""
    os.setsid()
    os.chdir(request["folder"])
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, place in enumerate((nothing, log, log)):
        os.dup2(place, number)
    if request["event"] is not None:
        signal_at(request["event"], request["signal"])


if __name__ == "__main__":
    import figureground.cli.run
    import figureground.drawn.demo
    import figureground.evaluate.depth
    import figureground.formats
    import figureground.make.build
    import figureground.make.folder_cutouts
    import figureground.make.folder_depth
    import figureground.make.preview
    import figureground.make.redepth
    import figureground.networks.runtimes

    figureground.networks.runtimes.library("onnxruntime")
    print("ready", flush=True)
    todo = serve()
    become(todo)
    print("begun", flush=True)
    try:
        figureground.cli.run.main(todo["arguments"])
    finally:
        print("ended", flush=True)
