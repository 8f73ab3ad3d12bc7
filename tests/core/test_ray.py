"""The engine of many machines, on this one: a Ray of two workers for the whole file."""

import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from figureground import build
from figureground.core.engines import Engine, Outcome, Ray, Serial, WorkerDiedError, choose, on_condition
from figureground.core.errors import FigureGroundError
from figureground.core.ray_session import Cluster
from figureground.core.steps import Stepping
from tests.builders import small_recipe, write_photos
from tests.core.ray_jobs import counting, die_on_seven, refuse, work
from tests.make.test_build import files

ray_is_here = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra [ray] is not installed")


def processes(mark: str) -> list[str]:
    """Return the command lines of living processes that have `mark` in them or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                line, around = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:  # it is gone, or another user's
                continue
            if mark.encode() in line + around:
                found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


def wait_until_none(mark: str) -> list[str]:
    end = time.monotonic() + 20
    while (left := processes(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


@pytest.fixture(scope="module")
def engine() -> Iterator[Ray]:
    """Two workers; all that is started is gone once the engine is closed."""
    found = Ray(2)
    mark = f"figureground-{os.getpid()}-"  # the folder of sockets that Ray's own processes are told of
    yield found
    if os.path.isdir("/proc/self"):
        assert processes(mark)
    found.close()
    if os.path.isdir("/proc/self"):
        assert wait_until_none(mark) == []
    assert list(Path("/tmp").glob(f"{mark}*")) == []  # noqa: S108


def told(outcomes: Iterator[Outcome]) -> dict[int, tuple[Any, str]]:
    return {one.job: (one.value, repr(one.error)) for one in outcomes}


@ray_is_here
def test_outcomes_are_those_of_processes_and_of_one(engine: Ray) -> None:
    """Values and errors; an answer that cannot travel is an error of its job."""
    outcomes = told(engine.map(work, range(15)))
    serial = told(Serial().map(work, range(15)))
    assert sorted(outcomes) == sorted(serial)
    for job, outcome in outcomes.items():
        if job % 5 == 4:
            assert outcome[0] is None
            assert "pickle" in outcome[1]
        else:
            assert outcome == serial[job]
    assert list(engine.map(work, [])) == []


@ray_is_here
def test_a_killed_worker_costs_its_job_alone(engine: Ray) -> None:
    outcomes = {outcome.job: outcome for outcome in engine.map(die_on_seven, range(12))}
    assert sorted(outcomes) == list(range(12))
    assert [job for job, outcome in outcomes.items() if outcome.error is not None] == [7]
    assert isinstance(outcomes[7].error, WorkerDiedError)


@ray_is_here
def test_steps_of_jobs_in_flight_are_heard(engine: Ray) -> None:
    heard: dict[int, int] = {}
    outcomes = list(engine.map(Stepping(counting, heard.__setitem__), range(1, 5)))
    assert sorted(outcome.value for outcome in outcomes) == [1, 2, 3, 4]
    assert {job: steps for job, steps in heard.items() if steps} == {job: job for job in range(1, 5)}


@ray_is_here
def test_what_a_machine_lacks_ends_the_run_with_its_name(engine: Ray) -> None:
    with (
        on_condition(engine, refuse),
        pytest.raises(FigureGroundError, match="of the cluster: the photos are not there"),
    ):
        list(engine.map(die_on_seven, range(2)))
    assert [one.value for one in engine.map(die_on_seven, [1])] == [1]  # the next run has its own conditions


@ray_is_here
def test_a_dataset_has_the_bytes_of_one_process(engine: Ray, tmp_path: Path) -> None:
    write_photos(tmp_path, backgrounds=2, people=2)
    recipe = small_recipe(tmp_path, placement={"per_pair": 1}, parts={"size": 2})
    serial = files(build(recipe, tmp_path / "serial/out"))
    assert len([name for name in serial if name.endswith(".zip")]) > 1
    assert files(build(recipe, tmp_path / "ray/out", engine=engine)) == serial


def test_ray_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FigureGroundError, match=r"the extra \[ray\] is not installed") as caught:
        choose("ray", 2)
    assert "pip install 'figureground[ray]'" in caught.value.remedy


@pytest.mark.parametrize("cluster", [Cluster("auto"), Cluster(cpus=2.0), Cluster(gpus=1.0)])
@pytest.mark.parametrize("name", ["auto", "serial", "processes"])
def test_options_of_a_cluster_belong_to_ray(name: str, cluster: Cluster) -> None:
    with pytest.raises(FigureGroundError, match="--address, --cpus-per-worker and --gpus-per-worker"):
        choose(name, 2, cluster)
    engine: Engine = choose(name, 2, Cluster())
    assert not isinstance(engine, Ray)


@ray_is_here
@pytest.mark.parametrize(
    ("cluster", "what"),
    [
        (Cluster(cpus=0.0), "0 cores a worker"),
        (Cluster(cpus=float("nan")), "nan cores a worker"),
        (Cluster(gpus=1.5), "1.5 GPUs a worker"),
        (Cluster("ray://head:10001"), "no address of a Ray cluster"),
        (Cluster("head"), "no address of a Ray cluster"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_anything_starts(cluster: Cluster, what: str) -> None:
    with pytest.raises(FigureGroundError, match=what):
        Ray(1, cluster)
