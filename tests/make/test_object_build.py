"""A dataset in object storage is the one of a folder: built, stopped, mended, read, merged and exported there."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground.cli import main
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.object_store import ObjectStore
from figureground.core.recipe_toml import to_toml
from figureground.core.store import Store
from figureground.dataset.opening import open_dataset
from figureground.formats import export
from figureground.make.build import build, build_shard
from figureground.make.merge import merge
from figureground.make.repair import repair
from figureground.make.shard import Shard
from figureground.make.verify import verify
from figureground.testing import contents
from tests.builders import small_recipe, write_photos
from tests.s3_server import BUCKET, KEY, SECRET, Asked, Server, bucket, error, torn

SAMPLES = 12


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with bucket() as server:
        yield server


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos, a recipe.toml, and the dataset "out" of it in a folder."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, 2, 2)
    recipe = small_recipe(folder, placement={"samples": SAMPLES}, parts={"size": 4})
    (folder / "recipe.toml").write_text(to_toml(recipe))
    build(folder / "recipe.toml", folder / "out")
    return folder


@pytest.fixture(scope="module")
def built(server: Server, photos: Path) -> str:
    """Return the address of the same dataset in object storage."""
    out = build(photos / "recipe.toml", f"s3://{BUCKET}/whole/out")
    assert out == f"s3://{BUCKET}/whole/out"
    return str(out)


def tree(store: Store) -> dict[str, bytes]:
    """Return the files of a dataset; of build.json not where the recipe's paths start from, which is another."""
    found = contents(store, "")
    about = {key: value for key, value in json.loads(found["build.json"]).items() if not key.startswith("root")}
    return {**found, "build.json": json.dumps(about).encode()}


def test_it_is_the_dataset_of_a_folder(built: str, photos: Path) -> None:
    assert tree(ObjectStore(built)) == tree(FolderStore(photos / "out"))
    data, near = open_dataset(built), open_dataset(photos / "out")
    assert (len(data), data.classes, data.statistics) == (len(near), near.classes, near.statistics)
    with pytest.raises(FigureGroundError, match="has no path"):
        _ = data.path


def test_its_samples_are_read_in_any_order_by_few_questions(built: str, photos: Path, server: Server) -> None:
    data, near = open_dataset(built), open_dataset(photos / "out")
    order = np.random.default_rng(1).permutation(SAMPLES)
    for i in map(int, order):
        one, other = data[i], near[i]
        assert one.record == other.record
        assert np.array_equal(one.image, other.image)
        assert one.mask is not None
        assert other.mask is not None
        assert np.array_equal(one.mask, other.mask)
    with server.counted() as asked:
        again = open_dataset(built)
        assert [again.record(i) for i in range(SAMPLES)] == [near.record(i) for i in range(SAMPLES)]
    heads = [one for one in asked if one.method == "HEAD"]
    assert len(heads) <= 3  # the size of each part; nobody asks of each whether it is there


def test_a_part_is_never_read_whole(server: Server, built: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from figureground.core import block_cache, object_file, object_store

    for module in (block_cache, object_file):
        monkeypatch.setattr(module, "BLOCK", 512)
    monkeypatch.setattr(object_store, "FIRST", 512)
    monkeypatch.setattr(block_cache, "MEMORY", 0)  # nothing is kept
    block_cache.block_cache.cache_clear()
    try:
        data = open_dataset(built)
        whole = [data.record(i) for i in range(SAMPLES)]  # the index is known then
        for i in (11, 3, 7):
            with server.counted() as asked:
                assert data[i].record == whole[i]
            assert 1 <= len(asked) <= 2, asked
    finally:
        monkeypatch.undo()
        block_cache.block_cache.cache_clear()


def test_torch_reads_it_in_workers(built: str, photos: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs figureground[torch]")
    from figureground.torch import CompositeDataset

    data, near = CompositeDataset(built), CompositeDataset(photos / "out")
    loader = torch.utils.data.DataLoader(data, batch_size=4, num_workers=1)
    images = torch.cat([batch["image"] for batch in loader])
    assert torch.equal(images, torch.stack([near[i]["image"] for i in range(SAMPLES)]))


@pytest.mark.usefixtures("one_core")
def test_commands_take_an_address(built: str, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*tokens: str, code: int = 0) -> str:
        ended: Any = 0
        try:
            main([*tokens])
        except SystemExit as end:
            ended = end.code or 0
        said = capsys.readouterr()
        assert ended == code, said
        return said.out + said.err

    out = f"s3://{BUCKET}/cli/out"
    assert f"report: {out}/report.html" in run("build", str(photos / "recipe.toml"), out)
    assert json.loads(run("info", out, "--json"))["path"] == out
    assert run("report", out).strip() == f"{out}/report.html"
    assert "sound" in run("verify", out, "--workers", "1")
    run("export", "coco", out, f"s3://{BUCKET}/cli/coco")
    run("export", "coco", str(photos / "out"), str(tmp_path / "coco"))
    assert contents(ObjectStore(f"s3://{BUCKET}/cli/coco"), "") == contents(FolderStore(tmp_path / "coco"), "")
    assert "folder alone" in run("demo", f"s3://{BUCKET}/demo", code=1)
    assert not (Path.cwd() / "s3:").exists()


@pytest.mark.parametrize("format", ["2020", "webdataset", "folder"])
def test_it_is_exported_as_the_folder_is(built: str, photos: Path, tmp_path: Path, format: str) -> None:
    options: dict[str, Any] = {"parts": 2} if format == "2020" else {}
    out = f"s3://{BUCKET}/exported/{format}"
    assert export(built, format, out, **options) == SAMPLES
    export(photos / "out", format, tmp_path / "out", **options)
    assert contents(ObjectStore(out), "") == contents(FolderStore(tmp_path / "out"), "")


def test_a_virtual_dataset_needs_the_catalog_alone(photos: Path, server: Server) -> None:
    out = build(photos / "recipe.toml", f"s3://{BUCKET}/virtual/out", catalog_only=True)
    data, near = open_dataset(out, virtual=True), open_dataset(photos / "out", virtual=True)
    assert np.array_equal(data[5].image, near[5].image)


def test_trainers_are_fed_by_recipe_and_catalog_alone(photos: Path, server: Server) -> None:
    """Two ranks with workers, which stop and go on as one: no part is read or written."""
    pytest.importorskip("torch", reason="the extra [torch] is not installed")
    from torch.utils.data import DataLoader

    from figureground.torch import CompositeDataset, Flip, ResumableSampler

    def items(loader: Any) -> list[tuple[int, bytes]]:
        return [
            (int(i), image.numpy().tobytes()) for b in loader for i, image in zip(b["index"], b["image"], strict=True)
        ]

    out = str(build(photos / "recipe.toml", f"s3://{BUCKET}/trainers/out", catalog_only=True))
    assert not ObjectStore(out).list("parts/")
    there = CompositeDataset(out, ["mask"], transforms=[Flip()], virtual=True, raw=True, seed=3)
    near = CompositeDataset(photos / "out", ["mask"], transforms=[Flip()], virtual=True, raw=True, seed=3)
    whole = items(DataLoader(near, 2, sampler=ResumableSampler(SAMPLES, seed=3, epoch=1)))
    first = ResumableSampler(SAMPLES, seed=3, epoch=1, rank=0, world=2)
    second = ResumableSampler(SAMPLES, seed=3, epoch=1, rank=1, world=2)
    loaders = [DataLoader(there, 1, sampler=one, num_workers=1) for one in (first, second)]
    begun = [items(itertools.islice(loader, 2)) for loader in loaders]
    assert [begun[k % 2][k // 2] for k in range(4)] == whole[:4]
    again = ResumableSampler(SAMPLES)
    again.load_state_dict(first.state_dict(taken=2))
    assert items(DataLoader(there, 2, sampler=again)) == whole[4:]


def test_shards_are_merged_there(photos: Path, server: Server) -> None:
    shards = [f"s3://{BUCKET}/merging/{n}" for n in (1, 2)]
    for n, shard in enumerate(shards, 1):
        build_shard(photos / "recipe.toml", shard, Shard(n, 2))
    merge(shards, f"s3://{BUCKET}/merging/out")
    assert tree(ObjectStore(f"s3://{BUCKET}/merging/out")) == tree(FolderStore(photos / "out"))
    with pytest.raises(FigureGroundError, match="was named before"):
        merge([shards[0], shards[0] + "/"], f"s3://{BUCKET}/merging/twice")


def test_damage_is_found_and_mended(photos: Path, server: Server) -> None:
    out = f"s3://{BUCKET}/damaged/out"
    build(photos / "recipe.toml", out)
    store = ObjectStore(out)
    whole = tree(store)
    assert verify(out).sound
    name = "parts/part-00001.zip"
    data = bytearray(store.read(name))
    data[len(data) // 2] ^= 1
    store.write(name, bytes(data))
    store.delete("labels.csv")
    assert {one.part for one in verify(out).damage} == {name, "labels.csv"}
    assert repair(out).left.sound
    assert tree(store) == whole


def _start(photos: Path, out: str, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "figureground", "build", str(photos / "recipe.toml"), out, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _wait_for(store: Store, name: str) -> None:
    until = time.monotonic() + 60
    while store.size(name) is None:
        assert time.monotonic() < until, f"no {name}"
        time.sleep(0.02)


@pytest.mark.timeout(240)
def test_a_killed_build_goes_on_and_two_at_once_are_refused(photos: Path, server: Server) -> None:
    out = f"s3://{BUCKET}/killed/out"
    store = ObjectStore(out, lease_s=2.0)
    killed_now = threading.Event()

    def hold(one: Asked) -> Any:
        if one.method != "PUT" or "part-00000" in one.path or "/parts/" not in one.path:
            return None
        killed_now.wait(60)
        return error(503, "SlowDown")  # nobody hears it

    try:
        with server.failing(hold):
            killed = _start(photos, out, "--workers", "2")
            _wait_for(store, "parts/part-00000.zip")
            with pytest.raises(FigureGroundError, match="another build is at work"), store.lock():
                pass
            killed.send_signal(signal.SIGKILL)
            killed.communicate(timeout=30)
    finally:
        killed_now.set()
    assert store.size("manifest.json") is None
    before = store.read("parts/part-00000.zip")
    with server.counted() as asked:
        build(photos / "recipe.toml", store)
    assert tree(store) == tree(FolderStore(photos / "out"))
    assert store.read("parts/part-00000.zip") == before
    assert not [one for one in asked if one.method == "PUT" and one.path.endswith("part-00000.zip")]


@pytest.mark.timeout(240)
def test_of_two_that_begin_at_the_same_moment_one_goes_on(photos: Path, server: Server) -> None:
    """Both have looked for a lock, and seen none, before either writes its own."""
    out = f"s3://{BUCKET}/race/out"
    both, met, left = threading.Barrier(2), threading.Lock(), [2]

    def meet(one: Asked) -> None:
        with met:
            is_first = one.method == "PUT" and "/.lock/" in one.path and left[0] > 0
            left[0] -= is_first
        if is_first:
            both.wait(60)

    with server.failing(meet):
        builders = [_start(photos, out, "--workers", "1") for _ in range(2)]
        told = [builder.communicate(timeout=200)[0] for builder in builders]
    assert sorted(builder.returncode for builder in builders) == [0, 1], told
    refused = told[[builder.returncode for builder in builders].index(1)]
    assert "another build is at work in this folder" in refused
    assert "Traceback" not in "".join(told)
    assert verify(out).sound
    assert tree(ObjectStore(out)) == tree(FolderStore(photos / "out"))


_CLOCK_OFF = """
import sys, time
recipe, out, seconds = sys.argv[1:]
for name in ("time", "monotonic"):
    setattr(time, name, lambda now=getattr(time, name): now() + float(seconds))
from figureground.core.errors import FigureGroundError
from figureground.core.object_store import ObjectStore
from figureground.make.build import build
try:
    build(recipe, ObjectStore(out, lease_s=1.0))
except FigureGroundError as error:
    sys.exit(str(error))
"""


def _start_with_clock(photos: Path, out: str, off_s: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CLOCK_OFF, str(photos / "recipe.toml"), out, str(off_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.timeout(240)
def test_a_clock_that_is_off_by_an_hour_neither_loses_nor_steals_a_lock(photos: Path, server: Server) -> None:
    """One goes an hour fast and holds the lock for many leases, one an hour slow, and this process's is right."""
    out = f"s3://{BUCKET}/clocks/out"
    go_on = threading.Event()

    def hold(one: Asked) -> None:
        if one.method == "PUT" and "part-00001.zip" in one.path:
            go_on.wait(120)

    try:
        with server.failing(hold):
            fast = _start_with_clock(photos, out, 3600)
            _wait_for(ObjectStore(out), "parts/part-00000.zip")
            slow = _start_with_clock(photos, out, -3600)
            told, _ = slow.communicate(timeout=100)
            assert (slow.returncode, "another build is at work" in told) == (1, True), told
            with pytest.raises(FigureGroundError, match="another build is at work"), ObjectStore(out, 1.0).lock():
                pass
            go_on.set()
            told, _ = fast.communicate(timeout=100)
    finally:
        go_on.set()
        fast.kill()
    assert (fast.returncode, told) == (0, ""), told
    assert tree(ObjectStore(out)) == tree(FolderStore(photos / "out"))


def test_verify_waits_for_many_answers_at_a_time_and_asks_of_no_file_twice(built: str, server: Server) -> None:
    lock, waiting, most = threading.Lock(), 0, 0

    def slow(one: Asked) -> None:
        nonlocal waiting, most
        if "/catalog/" in one.path:
            with lock:
                waiting += 1
                most = max(most, waiting)
            time.sleep(0.05)
            with lock:
                waiting -= 1

    with server.counted() as asked, server.failing(slow):
        assert verify(built).sound
    heads = [one.path for one in asked if one.method == "HEAD"]
    assert sum("/parts/part-" in path for path in heads) <= 2 * 3  # a look at a part, and its sidecar, ask its size
    assert len([path for path in heads if "/parts/" not in path]) <= 6, heads  # what is there, and whether begun
    pictures = [one for one in asked if "/catalog/Foreground/" in one.path]
    assert [one.method for one in pictures] == ["GET"] * 2
    assert most > 3


def _of(part: str, times: int) -> Any:
    """Return what is true for the first `times` questions that read or write what has this in its path."""
    left = [times]

    def meets(one: Asked) -> bool:
        if part not in one.path or left[0] == 0:
            return False
        left[0] -= 1
        return True

    return meets


def test_what_passes_is_lived_through(photos: Path, server: Server) -> None:
    """503, answers that are cut off, and a part whose upload is refused twice."""
    out = f"s3://{BUCKET}/faults/out"
    busy, cut, refused = _of("catalog", 3), _of("state", 4), _of("parts/part", 2)

    def fault(one: Asked) -> Any:
        if busy(one):
            return error(503, "SlowDown")
        if one.method == "GET" and cut(one):
            return torn
        if one.method == "PUT" and refused(one):
            return error(500, "InternalError")
        return None

    with server.failing(fault):
        build(photos / "recipe.toml", out)
    assert tree(ObjectStore(out)) == tree(FolderStore(photos / "out"))


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("ExpiredToken", 400, "have expired"),
        ("InvalidAccessKeyId", 403, "does not know these credentials"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("AccessDenied", 403, "refuses access"),
    ],
)
def test_what_stays_is_named_and_tells_no_secret(
    built: str, photos: Path, server: Server, code: str, status: int, said: str
) -> None:
    with server.failing(lambda one: error(status, code)):
        for call in (lambda: open_dataset(built), lambda: build(photos / "recipe.toml", f"s3://{BUCKET}/refused")):
            with pytest.raises(FigureGroundError, match=said) as caught:
                call()
            assert SECRET not in str(caught.value)
            assert KEY not in str(caught.value)
    assert ObjectStore(f"s3://{BUCKET}/refused").list() == []


def test_a_bucket_that_is_missing_is_named(photos: Path, server: Server) -> None:
    for call in (lambda: open_dataset("s3://nobodys/x"), lambda: build(photos / "recipe.toml", "s3://nobodys/x")):
        with pytest.raises(FigureGroundError, match="no such bucket"):
            call()


def test_nothing_that_is_written_knows_a_secret(built: str) -> None:
    for name, data in contents(ObjectStore(built), "").items():
        assert SECRET.encode() not in data, name
        assert KEY.encode() not in data, name
