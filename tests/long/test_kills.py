"""Commands that are stopped at any moment leave nothing behind, and the next run finishes what they began.

A bounded form of `python -m tests.long.kills`, by the same draws.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.long.commands import COMMANDS, Command, write_inputs
from tests.long.kills import ROOT, Runs, Stop, Usual, at_work, drawn, running, tried, usual, workers_of

OURS = os.environ | {"PYTHONPATH": str(ROOT / "src")}
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks ps of sessions as Linux has it")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kills") / "inputs"
    write_inputs(folder)
    return folder


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with running() as started:
        yield started


@pytest.mark.parametrize(
    "name",
    ["build, serial", "build, workers", "build, grown", "build, fresh", "cutout", "depth, photos", "depth, in place"],
)
def test_a_command_that_was_killed_is_finished_by_the_next_run(
    runs: Runs, inputs: Path, tmp_path: Path, name: str
) -> None:
    often = usual(runs, inputs, tmp_path / "usual", COMMANDS[name])
    draws = random.Random(name)  # noqa: S311
    stops = [Stop("SIGKILL", event=draws.randint(1, often.events)), *drawn(draws, COMMANDS[name], often)]
    found = tried(runs, COMMANDS[name], stops, often, inputs, tmp_path / "stopped")
    assert found.met
    assert not [fault for fault in found.faults if "until the workers" not in fault], (stops, found)


def begun(runs: Runs, inputs: Path, folder: Path, name: str) -> tuple[int, list[int]]:
    """Start a command and return its pid and those of its workers, once they are there."""
    shutil.copytree(inputs, folder)
    pid = runs.start(COMMANDS[name].arguments, folder)
    until = time.monotonic() + 60
    while not (workers := workers_of(pid)) and time.monotonic() < until:
        time.sleep(0.05)
    return pid, workers


WITH_WORKERS = [name for name, command in COMMANDS.items() if command.workers]
# a signal each by turns, and both where workers are stopped while they prepare photos and while they make parts
STOPPED = [
    (how, name)
    for number, name in enumerate(WITH_WORKERS)
    for turn, how in enumerate((signal.SIGTERM, signal.SIGKILL))
    if number % 2 == turn or name in ("build, workers", "depth, dataset, workers")
]


def test_every_command_with_workers_is_stopped_and_by_each_signal_some() -> None:
    assert {name for _, name in STOPPED} == set(WITH_WORKERS)
    assert min(sum(how == one for one, _ in STOPPED) for how in (signal.SIGTERM, signal.SIGKILL)) >= 4


@pytest.mark.parametrize(("how", "name"), STOPPED)
def test_no_worker_outlives_its_command(
    runs: Runs, inputs: Path, tmp_path: Path, name: str, how: signal.Signals
) -> None:
    pid, workers = begun(runs, inputs, tmp_path / "run", name)
    assert workers
    os.kill(pid, how)
    code, began = runs.ended(), time.monotonic()
    while at_work(pid) and time.monotonic() - began < 10:  # a second at most, on a machine that does nothing else
        time.sleep(0.02)
    assert at_work(pid) == []
    assert code == (143 if how == signal.SIGTERM else -how)
    told = (tmp_path / "run.log").read_text()
    assert "Traceback" not in told or how == signal.SIGKILL  # of a worker that was starting
    assert ("error: stopped" in told) == (how == signal.SIGTERM)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_reads_a_command_that_was_stopped_comes_to_the_end(
    inputs: Path, tmp_path: Path, how: signal.Signals
) -> None:
    """`build | tee log` returns: nobody has the pipe open any more."""
    folder = tmp_path / "run"
    shutil.copytree(inputs, folder)
    command = [sys.executable, "-m", "figureground", *COMMANDS["build, workers"].arguments.split()]
    build = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True, env=OURS
    )
    with (
        open(tmp_path / "log", "wb") as log,
        subprocess.Popen(["tee", "-i", "/dev/null"], stdin=build.stdout, stdout=log) as tee,
    ):
        assert build.stdout is not None
        build.stdout.close()
        while not workers_of(build.pid) and build.poll() is None:
            time.sleep(0.05)
        build.send_signal(how)
        assert tee.wait(timeout=60) == 0
    assert build.wait() == (143 if how == signal.SIGTERM else -how)
    assert ("error: stopped" in (tmp_path / "log").read_text()) == (how == signal.SIGTERM)


def test_a_reader_that_has_gone_ends_no_build(inputs: Path, tmp_path: Path) -> None:
    """`build 2>&1 | head -1`: progress is told to nobody, and the build is finished."""
    shutil.copytree(inputs, tmp_path / "run")
    command = [sys.executable, "-m", "figureground", *COMMANDS["build, no cache"].arguments.split()]
    build = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=tmp_path / "run", env=OURS)
    assert build.stderr is not None
    assert build.stderr.readline().startswith(b"photos")
    build.stderr.close()
    assert build.wait(timeout=60) == 0
    assert (tmp_path / "run/out/manifest.json").is_file()


def test_the_harness_sees_what_is_wrong(
    runs: Runs,
    inputs: Path,
    tmp_path: Path,
) -> None:
    """A command that leaves half of its work is told, and so is one whose folder has another file in the end."""
    init = COMMANDS["init"]
    often = usual(runs, inputs, tmp_path / "usual", init)
    less = Usual({**often.files, "mine/other": "x"}, often.seconds, often.events)
    found = tried(runs, init, [Stop("SIGKILL", event=1)], less, inputs, tmp_path / "a")
    assert (found.met, found.faults) == (1, ["other files: mine/other"])
    bold = Command("init mine --all")  # as if it took up what it left
    found = tried(runs, bold, [Stop("SIGKILL", event=often.events + 1)], often, inputs, tmp_path / "b")
    assert found.met == 0
    assert "there is a recipe already" in "".join(found.faults)
