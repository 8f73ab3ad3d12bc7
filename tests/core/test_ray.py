"""The engine of many machines, on this one: a Ray of two workers for the whole file."""

import functools
import importlib.util
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from figureground import build
from figureground.core import ray_crew
from figureground.core.engines import Engine, Outcome, Ray, Serial, WorkerDiedError, choose, on_condition
from figureground.core.errors import FigureGroundError
from figureground.core.ray_session import Cluster
from figureground.core.ray_worker import versions
from figureground.core.steps import Stepping
from tests.builders import small_recipe, write_depth_network, write_photos
from tests.core.ray_jobs import counting, die_on_seven, noted, refuse, work
from tests.core.ray_processes import LINUX, listening, none_left, processes
from tests.make.test_build import files

ray_is_here = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra [ray] is not installed")
MARK = f"figureground-{os.getpid()}-"  # the folder of what Ray runs for this process


class Noting(Ray):
    """Two workers that leave notes in `folder` (`ray_jobs.noted`)."""

    folder: Path | None = None

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        if isinstance(function, Stepping) and self.folder is not None:
            function = Stepping(functools.partial(noted, self.folder, function), function.heard)
        return super().map(function, jobs)


@pytest.fixture(scope="module")
def engine() -> Iterator[Noting]:
    """All that is started is gone once the engine is closed."""
    found = Noting(2)
    yield found
    found.close()
    if LINUX:
        assert none_left(MARK) == {}
    assert list(Path("/tmp").glob(f"{MARK}*")) == []  # noqa: S108


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
def test_a_dataset_has_the_bytes_of_one_process(
    engine: Noting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Photos are prepared there, too; a worker loads what it needs once."""
    write_photos(tmp_path, backgrounds=2, people=2)
    write_depth_network(tmp_path / "grey.onnx")
    depth = {"source": "network", "model": "grey.onnx"}
    parts = {"placement": {"per_pair": 2}, "parts": {"size": 2}}
    recipe = small_recipe(tmp_path, depth=depth, **parts)
    serial = files(build(recipe, tmp_path / "serial/out"))
    assert len([name for name in serial if name.endswith(".zip")]) == 8
    notes_in = tmp_path / "notes"
    notes_in.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "folder", notes_in)
        assert files(build(recipe, tmp_path / "ray/out", engine=engine)) == serial
    notes = [note.read_text() for note in notes_in.iterdir()]
    assert 1 <= len(notes) <= 2
    assert {note.split(" of ")[0] for note in notes} == {"1"}
    assert sum(int(note.split(" of ")[1]) for note in notes) == 8


@ray_is_here
@pytest.mark.skipif(not LINUX, reason="asks Linux who listens")
def test_no_other_machine_reaches_what_is_started_here(engine: Noting) -> None:
    outcomes = engine.map(die_on_seven, range(3))
    next(outcomes)
    started = processes(MARK)
    addresses = listening([os.getpid(), *started])
    assert len(list(outcomes)) == 2
    assert any("ray::Worker" in line for line in started.values())
    assert addresses
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert set(addresses) <= loopback


@ray_is_here
def test_a_machine_that_will_not_do_ends_the_run_with_its_name(engine: Noting, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lacks what the jobs need, and one that may make other bytes."""
    with (
        on_condition(engine, refuse),
        pytest.raises(FigureGroundError, match=f"on {platform.node()} of the cluster: the photos are not there"),
    ):
        list(engine.map(die_on_seven, range(2)))
    assert engine.conditions == []
    monkeypatch.setattr(ray_crew, "versions", lambda: versions() | {"figureground": "another", "numpy": "0.1"})
    with pytest.raises(FigureGroundError, match=r"other versions: figureground .*, not another, numpy .*, not 0.1"):
        list(engine.map(die_on_seven, range(2)))


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
