"""What a build asks of object storage grows with the parts that there are, not with those that are still to be made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.part_costs import drawn_recipe, method_of
from figureground.core.engines import Serial
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.object_store import ObjectStore
from figureground.core.progress import silent
from figureground.core.recipe import Recipe
from figureground.core.store import Store
from figureground.dataset import names, parts
from figureground.ingest.catalog import load_catalog
from figureground.make.build import build
from figureground.make.identity import build_id
from figureground.make.part_task import PartTask
from figureground.make.taken_over import without_damaged_parts
from figureground.resolve import resolve
from tests.s3_server import BUCKET, Server, bucket


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with bucket() as found:
        yield found


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    drawn = drawn_recipe(tmp_path_factory.mktemp("photos"))
    return replace(drawn, placement=replace(drawn.placement, samples=8))


@pytest.fixture(scope="module")
def built(server: Server, recipe: Recipe) -> ObjectStore:
    """A dataset of four parts."""
    build(recipe, f"s3://{BUCKET}/built")
    return ObjectStore(f"s3://{BUCKET}/built")


def task_of(recipe: Recipe, store: Store, samples: int = 8) -> PartTask:
    job: Job = resolve(recipe)
    return PartTask(job, store, build_id(job, load_catalog(store.below(names.CATALOG))), samples)


def test_parts_that_are_not_there_are_not_asked_for(server: Server, recipe: Recipe, built: ObjectStore) -> None:
    task = task_of(recipe, built, samples=8_000)
    with server.counted() as asked:
        assert task.missing() == list(range(4, 4000))
        without_damaged_parts(task, Serial(), silent)
    named = [one for one in asked if method_of(one) != "LIST"]
    assert len(named) < 40
    assert not [one for one in named if "part-00004" in one.path or "part-03999" in one.path]


def test_a_sidecar_that_is_as_it_was_is_not_read_again(server: Server, recipe: Recipe, built: ObjectStore) -> None:
    task = task_of(recipe, built)
    assert task.missing() == []
    with server.counted() as asked:
        assert (task.missing(), task.kept) == ([], 8)
    assert [method_of(one) for one in asked] == ["LIST"] * 4


def test_what_became_of_a_part_meanwhile_is_seen(recipe: Recipe, tmp_path: Path) -> None:
    build(recipe, tmp_path / "out")
    store = FolderStore(tmp_path / "out")
    task = task_of(recipe, store)
    assert (task.missing(), task.any_finished()) == ([], True)
    zip_, sidecar = store.read(parts.part_file(1)), store.read(parts.sidecar(2))
    store.write(parts.part_file(1), zip_ + b"!")
    store.delete(parts.sidecar(2))
    store.delete(parts.part_file(3))
    store.write(parts.sidecar(0), store.read(parts.sidecar(0)).replace(b'"number": 0', b'"number": 11'))
    assert task.missing() == [0, 1, 2, 3]
    assert [info for _, info in task.infos(range(4))] == [None] * 4
    store.write(parts.part_file(1), zip_)
    store.write(parts.sidecar(2), sidecar)
    assert task.missing() == [0, 3]
    assert [n for n, info in task.infos(range(1, 4)) if info is not None and info.number == n] == [1, 2]
    assert task_of(recipe, store, samples=3).missing() == [0, 1]
