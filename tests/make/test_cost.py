"""What is made, and what room it takes: no sample is made for nothing, and a disk that is too small is noticed."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import FigureGroundError, build, dry_run, open_dataset
from figureground.cli.console import cost_facts, cost_text
from figureground.core.engines import Serial
from figureground.core.memory_store import MemoryStore
from figureground.core.progress import silent
from figureground.dataset import parts
from figureground.image import png
from figureground.ingest.ingest import ingest
from figureground.ingest.pixels import Pixels
from figureground.make.build import load_or_ingest
from figureground.make.cost import PROBES, Cost, require_space
from figureground.make.identity import build_id
from figureground.make.part_task import PartTask, make_part
from figureground.plan import plan
from figureground.resolve import resolve
from figureground.samples import codec
from figureground.samples.maker import Made, Maker, Rendered
from tests.builders import small_recipe, write_depth_network, write_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder)
    write_depth_network(folder / "grey.onnx")
    return folder


def test_larger_parts_are_advised_where_there_would_be_very_many() -> None:
    """Of 250 MB at most, and none smaller than those that are chosen."""
    for samples, each, size, advised in (
        (4_096_000, 60_000, 1_000, 0),  # as many as a manifest lists
        (4_097_000, 60_000, 1_000, 4_000),
        (100_000_000, 7_000, 1_000, 16_000),
        (100_000_000, 3_000, 1_000, 64_000),
        (100_000_000, 60_000, 4_000, 0),
        (100_000_000, 7_000, 5_000, 16_000),
        (100_000_000, 7_000, 16_000, 0),
        (100_000_000, 900_000, 1_000, 0),
    ):
        cost = Cost(samples, -(-samples // size), 9, 9, {"image": each / 2, "depth": each / 2}, {})
        assert cost.better_size == advised, (samples, each, size)
    assert "parts.size = 4000 there would be 1,025" in cost_text(
        cost_facts(Cost(4_097_000, 4097, 9, 9, {"image": 6e4}, {"depth": 0, "render": 0.1, "encode": 0.1}), 1)
    )


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The samples that were encoded, in the order in which they were."""
    calls: list[int] = []
    encode = Maker.encode

    def counted(maker: Maker, one: Rendered, depths: Any) -> Made:
        calls.append(one.scene.index)
        return encode(maker, one, depths)

    monkeypatch.setattr(Maker, "encode", counted)
    return calls


DEPTHS: tuple[dict[str, str], ...] = ({}, {"source": "layered"}, {"source": "network", "model": "grey.onnx"})


@pytest.mark.parametrize("depth", DEPTHS, ids=["none", "layered", "network"])
def test_a_build_makes_each_sample_once_and_goes_on_with_the_missing_ones(
    photos: Path, tmp_path: Path, encoded: list[int], depth: dict[str, str]
) -> None:
    recipe = small_recipe(photos, depth=depth, backgrounds={"depth": "depth"})
    out = build(recipe, tmp_path / "out")
    assert encoded == list(range(36))
    encoded.clear()
    build(recipe, out)
    assert encoded == []
    for number in (1, 4):
        (out / parts.part_file(number)).unlink()
    (out / parts.sidecar(5)).unlink()
    build(recipe, out)
    assert encoded == [*range(7, 14), *range(28, 35), 35]
    encoded.clear()
    build(recipe, tmp_path / "bare", catalog_only=True)
    open_dataset(out).select(split="train")
    assert encoded == []


def test_a_dry_run_makes_its_probes_alone(photos: Path, encoded: list[int]) -> None:
    dry_run(small_recipe(photos))
    assert encoded == [0, *range(0, 36, 3)]  # the first is not counted: it loads what is loaded once
    assert len(encoded) == 1 + PROBES


class Disk(MemoryStore):
    """A store with so much room left."""

    def __init__(self, free: int | None) -> None:
        super().__init__()
        self.free = free

    def free_bytes(self) -> int | None:
        return self.free


def begun(photos: Path, free: int | None = None, **sections: Any) -> tuple[PartTask, Any]:
    """Return the task of a dataset of 36 samples in 6 parts of which none is made, and its catalog."""
    job, store = resolve(small_recipe(photos, **sections)), Disk(free)
    catalog = ingest(job, Serial(), store.below("catalog"), silent)
    assert load_or_ingest(store, job, Serial(), silent, strict=False, fresh=False) == catalog
    return PartTask(job, store, build_id(job, catalog), plan.count(job.placing, catalog)), catalog


def assert_needs(task: PartTask, catalog: Any, missing: Iterable[int], needed: float) -> None:
    """Check that so many bytes, and not one less, are taken for enough."""
    assert isinstance(task.store, Disk)
    number = list(missing)
    task.store.free = int(np.ceil(needed + 1e-6))
    require_space(task, catalog, number)
    task.store.free = int(np.floor(needed - 1e-6))
    with pytest.raises(FigureGroundError, match="disk is too small") as caught:
        require_space(task, catalog, number)
    assert caught.value.where == "memory"
    assert "free some space" in caught.value.remedy
    task.store.free = None
    require_space(task, catalog, number)  # where nothing is known nothing is refused


@pytest.mark.parametrize("layered", [False, True])
def test_without_parts_backgrounds_are_reckoned_with(photos: Path, layered: bool) -> None:
    depth = {"source": "layered"} if layered else {}
    task, catalog = begun(photos, depth=depth, backgrounds={"depth": "depth"})
    pixels = Pixels(catalog, task.store.below("catalog"))
    sizes = []
    for i in range(3):
        size = len(codec.jpeg(pixels.background(i), task.job.recipe.image))
        sizes.append(size + (len(png.encode(pixels.depth(i).codes)) if layered else 0))
    assert_needs(task, catalog, range(6), 36 * float(np.mean(sizes)))
    assert_needs(task, catalog, [1, 5], 8 * float(np.mean(sizes)))
    for number in range(6):
        make_part(task, number)
    # what backgrounds alone take is less than what the samples do
    infos = [parts.read_info(task.store, number, task.identity) for number in range(6)]
    assert 36 * float(np.mean(sizes)) < sum(info.bytes for info in infos if info is not None)


def test_finished_parts_are_reckoned_with_where_there_are_some(photos: Path) -> None:
    task, catalog = begun(photos)
    for number in (2, 5):  # of 7 samples and of 1
        make_part(task, number)
    total = sum(len(task.store.read(parts.part_file(number))) for number in (2, 5))
    missing = task.missing()
    assert missing == [0, 1, 3, 4]
    assert_needs(task, catalog, missing, 28 * total / 8)
    # parts of another build say nothing
    other = replace(task, identity="another")
    pixels = Pixels(catalog, task.store.below("catalog"))
    mean = np.mean([len(codec.jpeg(pixels.background(i), task.job.recipe.image)) for i in range(3)])
    assert_needs(other, catalog, range(6), 36 * float(mean))


def test_a_full_disk_is_enough_for_nothing(photos: Path) -> None:
    task, catalog = begun(photos, free=0)
    make_part(task, 0)
    require_space(task, catalog, [])
