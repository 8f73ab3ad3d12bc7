import errno
import gc
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import pytest

from figureground.core import engines
from figureground.core.attempts import attempt
from figureground.core.crew import Crew
from figureground.core.engines import (
    ENGINES,
    Engine,
    Processes,
    Serial,
    WorkerDiedError,
    choose,
    mapped,
    run_error,
    workforce,
)
from figureground.core.errors import FigureGroundError
from figureground.core.steps import Stepping


def work(job: int) -> int:
    if job % 5 == 3:
        raise ValueError(f"job {job}")
    return job * job


def square(job: int) -> int:
    return job * job


def sleep(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


def die_on_seven(job: int) -> int:
    if job == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return job


def unpicklable(job: int) -> Callable[[], int]:
    return lambda: job


@pytest.fixture(params=["serial", "processes"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param](2)


def test_every_job_has_one_outcome_and_errors_do_not_stop_the_rest(engine: Engine) -> None:
    outcomes = {outcome.job: outcome for outcome in engine.map(work, range(20))}
    assert sorted(outcomes) == list(range(20))
    for job, outcome in outcomes.items():
        if job % 5 == 3:
            assert isinstance(outcome.error, ValueError)
        else:
            assert outcome.value == job * job
            assert outcome.error is None


def test_no_jobs_no_outcomes(engine: Engine) -> None:
    assert list(engine.map(square, [])) == []


def test_a_killed_worker_costs_its_job_alone() -> None:
    outcomes = {outcome.job: outcome for outcome in Processes(2).map(die_on_seven, range(16))}
    assert sorted(outcomes) == list(range(16))
    assert [job for job, outcome in outcomes.items() if outcome.error is not None] == [7]
    assert isinstance(outcomes[7].error, WorkerDiedError)


def half_an_answer(job: int) -> int:
    """Begin to answer, holding the lock of all who answer; then die of it (0), or take one's time (1)."""
    answers: Any
    (answers,) = [thing for thing in gc.get_objects() if isinstance(thing, SimpleQueue)]
    if job > 1:
        time.sleep(0.5)
        return job
    with answers._wlock:
        os.write(answers._writer.fileno(), struct.pack("!i", 1000) + b"half")
        if "HALF_AN_ANSWER" in os.environ:
            Path(os.environ["HALF_AN_ANSWER"]).touch()
        time.sleep(600 * job)
        os._exit(1)


def test_a_worker_that_dies_half_way_through_its_answer_costs_its_job_alone() -> None:
    outcomes = {outcome.job: outcome for outcome in Processes(2).map(half_an_answer, [2, 0, 3, 4])}
    assert sorted(outcomes) == [0, 2, 3, 4]
    assert [job for job, outcome in outcomes.items() if outcome.error is not None] == [0]


def test_a_map_that_is_given_up_in_the_midst_of_an_answer_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALF_AN_ANSWER", str(tmp_path / "half"))

    def give_up() -> None:
        with Crew(2) as crew:
            crew.submit(attempt, half_an_answer, 1)
            while not (tmp_path / "half").exists():
                time.sleep(0.01)
            raise KeyError

    with pytest.raises(KeyError):
        give_up()


def test_a_map_ends_with_its_block_whatever_still_holds_it() -> None:
    """As the traceback of an error does."""
    began = time.monotonic()
    with mapped(Processes(2), sleep, [0, 300, 300, 300]) as outcomes:
        assert next(outcomes).value == 0
    assert next(outcomes, None) is None
    assert time.monotonic() - began < 120


def counting(job: int, tick: Callable[[int], None]) -> int:
    for step in range(1, job + 1):
        tick(step)
    time.sleep(0.5)  # long enough to be looked at
    return job


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_steps_of_jobs_in_flight_are_heard(workers: int) -> None:
    heard: dict[int, int] = {}
    engine: Engine = Processes(workers) if workers else Serial()
    outcomes = list(engine.map(Stepping(counting, heard.__setitem__), range(9)))
    assert sorted(outcome.value for outcome in outcomes) == list(range(9))
    assert {job: steps for job, steps in heard.items() if steps} == {job: job for job in range(1, 9)}


def test_a_value_that_cannot_travel_is_an_outcome_too() -> None:
    outcomes = list(Processes(1).map(unpicklable, range(3)))
    assert len(outcomes) == 3
    assert all(outcome.error is not None for outcome in outcomes)


def test_engines_are_chosen_by_name() -> None:
    assert isinstance(choose("auto", 1), Serial)
    assert isinstance(choose("auto", 3), Processes)
    many: Any = choose("processes", 0)
    assert many.workers >= 1
    with pytest.raises(FigureGroundError, match="unknown engine 'threads'"):
        choose("threads", 2)


def test_no_more_workers_start_than_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    for memory, workers in ((0, 1), (engines.A_WORKER * 3 + 1, 3), (engines.A_WORKER * 99, 16)):
        monkeypatch.setattr(engines, "usable_memory", lambda memory=memory: memory)
        many: Any = choose("processes", 0)
        assert many.workers == workers
        named: Any = choose("processes", 8)
        assert named.workers == 8  # the user knows


def program(path: Path, code: str, stdin: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a script that says what it finds."""
    head = "from figureground.core.engines import Processes, workforce\n"
    path.write_text(head + code)
    text = path.read_text() if stdin else ""
    command = [sys.executable, "-" if stdin else str(path)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)


MAP = "print(sorted(done.value for done in Processes(2).map(abs, [1, -2, -3])))\n"


def test_a_script_that_every_worker_would_run_anew_is_told_so(tmp_path: Path) -> None:
    done = program(tmp_path / "bare.py", f"print('begun')\n{MAP}")
    assert done.returncode == 1
    assert done.stdout.count("begun") <= 4  # the parent's, at most one a worker, and one of the second try
    assert 'put what the script does below `if __name__ == "__main__":`' in done.stderr
    assert str(tmp_path / "bare.py") in done.stderr
    assert done.stderr.count("Traceback") == 1  # the workers say nothing


def test_a_worker_that_imports_the_script_ends_before_it_repeats_the_work(tmp_path: Path) -> None:
    code = f"workforce(None, 2)\nopen({str(tmp_path / 'log')!r}, 'a').write('x')\n{MAP}"
    assert "__main__" in program(tmp_path / "bare.py", code).stderr
    assert (tmp_path / "log").read_text() == "x"


@pytest.mark.parametrize("stdin", [False, True])
def test_scripts_that_guard_themselves_or_have_no_file_work(tmp_path: Path, stdin: bool) -> None:
    guarded = f"engine = Processes(2)\nif __name__ == '__main__':\n    {MAP}    print(__file__)\n"
    done = program(tmp_path / "good.py", guarded, stdin)
    assert done.stdout == f"[1, 2, 3]\n{'<stdin>' if stdin else tmp_path / 'good.py'}\n", done.stderr


KILLED_AS_IT_STARTS = """
import os, signal
if __name__ == "__main__":
    {map}
elif not os.path.exists({flag!r}):
    open({flag!r}, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_worker_that_is_killed_as_it_starts_costs_nothing(tmp_path: Path) -> None:
    """None has started yet: it is not the script's fault, as the second try shows."""
    code = KILLED_AS_IT_STARTS.format(map=MAP.replace("(2)", "(1)").strip(), flag=str(tmp_path / "flag"))
    done = program(tmp_path / "killed.py", code)
    assert (done.stdout, done.stderr) == ("[1, 2, 3]\n", "")
    assert (tmp_path / "flag").exists()


SLOW_TO_START = """
import sys, time
if __name__ != "__main__":
    print("starting", file=sys.stderr, flush=True)
    time.sleep(2)
else:
    list(Processes(1).map(abs, [1, -2]))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_is_the_parents_also_while_a_worker_starts(tmp_path: Path) -> None:
    """A terminal sends it to all processes; a worker that is still importing would print its own traceback."""
    script = tmp_path / "slow.py"
    script.write_text("from figureground.core.engines import Processes\n" + SLOW_TO_START)
    with subprocess.Popen(
        [sys.executable, str(script)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "starting\n"
        os.killpg(process.pid, signal.SIGINT)
        told = process.communicate(timeout=60)[1]
    assert told.count("Traceback") == 1
    assert told.rstrip().endswith("KeyboardInterrupt")


def test_errors_that_are_the_runs_are_told_from_a_jobs_own() -> None:
    told = FigureGroundError("no network", "x.onnx", "give one")
    assert run_error(None, "a", "b") is None
    assert run_error(ValueError("odd"), "a", "b") is None
    assert run_error(OSError("a picture that Pillow refuses"), "a", "b") is None
    assert run_error(FileNotFoundError(errno.ENOENT, "gone"), "a", "b") is None
    assert run_error(told, "a", "b") is told
    for error in (WorkerDiedError("died"), MemoryError(), ImportError("no scipy"), OSError(errno.ENOSPC, "full")):
        found = run_error(error, "preparing x.jpg", "the rest is kept")
        assert found is not None
        assert (found.where, found.remedy.endswith("; the rest is kept")) == ("preparing x.jpg", True)
        assert ("--workers 1" in found.remedy) == isinstance(error, WorkerDiedError | MemoryError)


def test_the_workforce_is_the_engine_that_is_given_or_so_many_workers() -> None:
    own = Serial()
    assert workforce(own, 3) is own
    assert isinstance(workforce(None, 1), Serial)
    assert isinstance(workforce(None, 2), Processes)
