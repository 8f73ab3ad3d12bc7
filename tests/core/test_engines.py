import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from figureground.core.engines import ENGINES, Engine, Processes, Serial, WorkerDiedError, choose
from figureground.core.errors import FigureGroundError


def work(job: int) -> int:
    if job % 5 == 3:
        raise ValueError(f"job {job}")
    return job * job


def square(job: int) -> int:
    return job * job


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
