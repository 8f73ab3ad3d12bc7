"""Kills commands at random moments, runs them again, and looks whether anything differs from an undisturbed run.

    python -m tests.long.kills --kills 1000 --log kills.jsonl

A trial draws a command and up to four stops: a signal, whom it is sent to (the command itself, one of its workers, or
all of them), and a moment: a time, or the n-th change of a file.  The command is stopped so one time after the other,
and then let finish.  It passes where
- a run that was stopped leaves no process behind, and says so where it can: SIGTERM and SIGINT print "stopped", no
  traceback, and end in 143 and 130; one worker's death ends nothing;
- the last run ends in 0, and the folder holds, byte by byte, what an undisturbed run leaves in it: every file of it.
The log has a JSON object a trial.  The same seed draws the same trials, but not the same moments of their work.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tests.long.commands import COMMANDS, Command

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
GONE_S = 1.0  # how long workers may outlive whoever started them


@dataclass(frozen=True)
class Usual:
    """An undisturbed run of a command: the files it leaves, how long it takes and how often it changes files."""

    files: dict[str, str]
    seconds: float
    events: int


@dataclass(frozen=True)
class Stop:
    """A signal that is sent to a command (`to` "parent"), to one of its workers, or to all of them.

    Just before a change of a file (`event`), or `after` so many seconds.
    """

    signal: str
    to: str = "parent"
    after: float = 0.0
    event: int | None = None


@dataclass
class Found:
    """What became of a trial: the exit codes, how many of the signals met a run, and what is wrong.

    `gone_s`: how long after a stopped command its last process ended, at most.
    """

    codes: list[int] = field(default_factory=list)
    met: int = 0
    gone_s: float = 0.0
    faults: list[str] = field(default_factory=list)


class Runs:
    """Command lines, run by a process that has imported everything."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
        environment["HOME"] = environment["XDG_CACHE_HOME"] = os.devnull  # nothing is to be written there
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.long.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        assert self._line() == "ready"

    def start(self, arguments: str, folder: Path, event: int | None = None, number: int = 0) -> int:
        """Begin a command line in a folder; return its pid, which is its session's as well."""
        request: dict[str, Any] = {"arguments": arguments.split(), "folder": str(folder), "log": f"{folder}.log"}
        request |= {"event": event, "signal": number}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Wait for the command line that was begun and return its exit code; negative for a signal."""
        return int(self._line())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def running() -> Iterator[Runs]:
    runs = Runs()
    try:
        yield runs
    finally:
        runs.close()


def _processes() -> Iterator[tuple[int, str, int, int]]:
    """Yield pid, state, parent and session of every process, from where Linux tells them: quicker than ps."""
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, parent, _, session = place.read_text().rpartition(")")[2].split()[:4]
            yield int(place.parent.name), state, int(parent), int(session)


def at_work(session: int) -> list[int]:
    """Return the processes of a session that have not ended; zombies have."""
    return [pid for pid, state, _, own in _processes() if own == session and state != "Z"]


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a command."""
    workers = []
    for child, _, parent, _ in _processes():
        with contextlib.suppress(OSError):
            if parent == pid and b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                workers.append(child)
    return workers


def files_of(folder: Path, command: Command) -> dict[str, str]:
    """Return the hash of every file below a folder, and of those whose bytes vary that they are there.

    Temporaries in the cache are left out: any process may be at one, so they are removed once they are an hour old.
    """
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: "there" if name in command.varies else hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if not (name.startswith(".figureground-cache/") and name.endswith(".partial"))
    }


def usual(runs: Runs, inputs: Path, folder: Path, command: Command) -> Usual:
    """Run a command undisturbed, in a copy of its inputs."""
    shutil.copytree(inputs, folder)
    began = time.monotonic()
    runs.start(command.arguments, folder, event=0)
    code = runs.ended()
    seconds = time.monotonic() - began
    told = Path(f"{folder}.log").read_text()
    assert code == 0, told
    files = files_of(folder, command)
    shutil.rmtree(folder)
    return Usual(files, seconds, int(told.rpartition("events ")[2]))


def drawn(draws: random.Random, command: Command, usual: Usual) -> list[Stop]:
    """Draw by what, and when, a command and the runs that go on with it are stopped."""
    return [_drawn(draws, command, usual) for _ in range(1 if command.anew else draws.randint(1, 4))]


def _drawn(draws: random.Random, command: Command, usual: Usual) -> Stop:
    number = draws.choice(SIGNALS).name
    to = draws.choice(["parent", "worker", "all"]) if command.workers else "parent"
    if to == "parent" and draws.random() < 0.5:
        return Stop(number, event=draws.randint(1, usual.events))
    return Stop(number, to, after=round(draws.uniform(0, 1.1 * usual.seconds), 4))


def disturb(runs: Runs, command: Command, stop: Stop, folder: Path, found: Found) -> None:
    """Run a command and stop it."""
    number = getattr(signal, stop.signal)
    pid, victims, left = runs.start(command.arguments, folder, stop.event, number), list[int](), list[int]()
    if stop.event is None:
        time.sleep(stop.after)
        victims = {"parent": [pid], "worker": workers_of(pid)[:1], "all": at_work(pid)}[stop.to]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, number)
    code, began = runs.ended(), time.monotonic()
    gone_s = 0.0  # as far as anybody was seen: a busy machine may keep us waiting, too
    while (looked := time.monotonic() - began) < 30 and (left := at_work(pid)):
        gone_s = round(looked, 3)
        time.sleep(0.02)
    found.codes.append(code)
    found.met += code != 0 or (stop.to == "worker" and number != signal.SIGINT and bool(victims))  # that is not theirs
    found.gone_s = max(found.gone_s, gone_s)
    found.faults += [f"{len(left)} processes are left"] if left else []
    found.faults += [f"{gone_s} s until the workers had gone"] if gone_s > GONE_S else []
    found.faults += _manners(stop, number, code, Path(f"{folder}.log").read_text())
    for process in left:
        os.kill(process, signal.SIGKILL)


def _manners(stop: Stop, number: int, code: int, told: str) -> list[str]:
    """Return what is wrong with how a stopped run ended."""
    faults = []
    if stop.to == "worker":
        expected = {0}
    elif number == signal.SIGKILL:
        expected = {0, -number}
    else:
        expected = {0, 128 + number}
        if "begun" not in told or "ended" in told:  # Python itself starts or ends: no work of ours
            expected.add(-number)
        if code == 128 + number and "error: stopped" not in told:
            faults.append("no word of the stop")
    if code not in expected:
        faults.append(f"exit code {code}")
    if "Traceback" in told and number != signal.SIGKILL:  # a worker that starts may miss what its parent has to tell
        faults.append(f"a traceback: {told[told.index('Traceback') :]}")
    return faults


def tried(runs: Runs, command: Command, stops: Sequence[Stop], usual: Usual, inputs: Path, folder: Path) -> Found:
    """Stop a command, and the runs that go on with it; then let it finish, and return what is wrong."""
    found = Found()
    shutil.copytree(inputs, folder)
    for stop in stops:
        disturb(runs, command, stop, folder, found)
        for name in command.anew if found.codes[-1] else ():
            shutil.rmtree(folder / name, ignore_errors=True)
    if not (command.anew and found.codes[-1] == 0):
        runs.start(command.arguments, folder)
        if (code := runs.ended()) != 0:
            found.faults.append(f"the next run ended in {code}: {Path(f'{folder}.log').read_text()[-2000:]}")
    now = files_of(folder, command)
    odd = sorted(name for name in {*now, *usual.files} if now.get(name) != usual.files.get(name))
    if odd:
        found.faults.append(f"other files: {', '.join(odd[:9])}")
    return found


class Campaign:
    """Trials of all commands, by several threads, until so many stops have met a run.

    Undisturbed runs come first; a command is then drawn so often that each gets as much time as another.
    """

    def __init__(self, inputs: Path, names: list[str], kills: int, draws: random.Random, log: TextIO) -> None:
        self._inputs, self._kills, self._draws, self._log = inputs, kills, draws, log
        self._new, self._usuals = list(names), dict[str, Usual]()
        self._lock = threading.Lock()
        self.count: Counter[str] = Counter()
        self.longest = 0.0

    def work(self, folder: Path) -> None:
        """Take trials until there are enough, in a folder of this thread's own."""
        with running() as runs:
            while name := self._unknown():
                found = usual(runs, self._inputs, folder, COMMANDS[name])
                with self._lock:
                    self._usuals[name] = found
            while self.count["met"] < self._kills:
                self._try(runs, folder)

    def _unknown(self) -> str:
        with self._lock:
            return self._new.pop() if self._new else ""

    def _try(self, runs: Runs, folder: Path) -> None:
        with self._lock:
            known = list(self._usuals)
            (name,) = self._draws.choices(known, [1 / self._usuals[name].seconds for name in known])
            command, ordinary = COMMANDS[name], self._usuals[name]
            stops = drawn(self._draws, command, ordinary)
        found = tried(runs, command, stops, ordinary, self._inputs, folder)
        shutil.rmtree(folder)
        with self._lock:
            self.count.update({"trials": 1, "met": found.met, "faults": bool(found.faults)})
            self.longest = max(self.longest, found.gone_s)
            told = {"command": name, "stops": [asdict(stop) for stop in stops], **asdict(found)}
            self._log.write(json.dumps(told) + "\n")
            self._log.flush()
            if found.faults:
                print(name, stops, found, sep="\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="how many stops that meet a run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, default=Path("kills.jsonl"))
    parser.add_argument("--at-once", type=int, default=1, help="how many trials side by side")
    parser.add_argument("--only", default="", help="commands whose names hold this")
    asked = parser.parse_args()
    names = [name for name in COMMANDS if asked.only in name]
    with tempfile.TemporaryDirectory(prefix="kills-") as place, asked.log.open("a") as log:
        inputs = Path(place, "inputs")
        subprocess.run([sys.executable, "-m", "tests.long.commands", str(inputs)], check=True, cwd=ROOT)
        campaign = Campaign(inputs, names, asked.kills, random.Random(asked.seed), log)  # noqa: S311
        threads = [
            threading.Thread(target=campaign.work, args=(Path(place, f"trial{n}"),)) for n in range(asked.at_once)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    count = campaign.count
    print(
        f"{count['met']} kills in {count['trials']} trials, {count['faults']} with a fault; "
        f"a command's last process had gone after {campaign.longest:.2f} s at most"
    )
    return 1 if count["faults"] or not count["met"] else 0


if __name__ == "__main__":
    sys.exit(main())
