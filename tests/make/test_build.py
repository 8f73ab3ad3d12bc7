import dataclasses
import errno
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, dry_run, open_dataset
from figureground.core import engines
from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.memory_store import MemoryStore
from figureground.dataset import names, parts
from figureground.geometry.codes import dequantise
from figureground.image.masks import tight_box
from figureground.ingest import ingest
from figureground.ingest.inputs import Photo
from figureground.ingest.outcome import Outcome
from figureground.ingest.pixels import Pixels
from figureground.make.identity import claim
from figureground.make.part_task import PartTask
from figureground.resolve import resolve
from figureground.samples.maker import Made, Maker
from tests.builders import NO_LOOK, scene_photo, small_recipe, write_depth_network, write_photos


def members(dataset: Path) -> dict[str, bytes]:
    """Return every sample's member in all parts, by name."""
    found: dict[str, bytes] = {}
    for path in sorted((dataset / "parts").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            found |= {name: archive.read(name) for name in archive.namelist() if name != "metadata.jsonl"}
    return found


def files(dataset: Path) -> dict[str, bytes]:
    return {p.relative_to(dataset).as_posix(): p.read_bytes() for p in sorted(dataset.rglob("*")) if p.is_file()}


class Backwards:
    """Does the jobs in reverse order."""

    def map(self, function: Any, jobs: Iterable[Any]) -> Iterator[engines.Outcome]:
        return Serial().map(function, list(jobs)[::-1])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder)
    write_depth_network(folder / "grey.onnx")
    write_depth_network(folder / "nan.onnx", "nan")
    return folder


@pytest.fixture(scope="module")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the dataset of `small_recipe(photos)`, for reading."""
    return build(small_recipe(photos), tmp_path_factory.mktemp("finished") / "out")


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of it, as far from its photos, to do with as one likes."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


@pytest.mark.parametrize(
    "depth",
    [
        {"source": "layered"},
        {"source": "network", "model": "grey.onnx"},
    ],
)
def test_every_engine_order_and_part_size_gives_the_same_bytes(
    photos: Path, tmp_path: Path, depth: dict[str, str]
) -> None:
    sections: dict[str, Any] = {"depth": depth, "backgrounds": {"depth": "depth"}, "look": {"poisson": [0.2, 0.8]}}
    recipe = small_recipe(photos, **sections)
    serial = files(build(recipe, tmp_path / "serial/out"))
    assert files(build(recipe, tmp_path / "two/out", engine=Processes(2))) == serial
    assert files(build(recipe, tmp_path / "backwards/out", engine=Backwards())) == serial
    whole = build(small_recipe(photos, **sections, parts={"size": 1000}), tmp_path / "whole")
    assert members(whole) == members(tmp_path / "serial/out")
    assert len(members(whole)) == 36 * 3


def test_a_sample_is_what_plan_and_render_say(photos: Path, tmp_path: Path) -> None:
    """Masks, boxes, areas and depth of the stored samples against the catalog's own pixels, placed by hand."""
    recipe = small_recipe(
        photos,
        depth={"source": "layered"},
        backgrounds={"depth": "depth"},
        placement={"height_for": "photo"},  # as the catalog has them: pasted as they are
        image={"quality": 95},
        look=NO_LOOK,
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert len(data) == 3 * 3 * 2 * 2
    pixels = Pixels(data.catalog, FolderStore(data.path / "catalog"))
    backgrounds = {b.id: i for i, b in enumerate(data.catalog.backgrounds)}
    foregrounds = {f.id: i for i, f in enumerate(data.catalog.foregrounds)}
    for sample in data:
        (figure,) = sample.record.figures
        cutout = pixels.cutout(foregrounds[figure.foreground])
        shown = cutout[:, ::-1] if figure.flip else cutout
        y, x = figure.y, figure.x
        mask = np.zeros((64, 64), bool)
        mask[y : y + len(shown), x : x + shown.shape[1]] = shown[..., 3] >= 128
        assert sample.mask is not None
        assert sample.depth is not None
        assert np.array_equal(sample.mask, mask)
        assert figure.box == tight_box(mask)
        assert figure.area == mask.sum()
        assert figure.visible_fraction == 1.0
        known = dequantise(pixels.depth(backgrounds[sample.record.background])).values
        assert np.array_equal(sample.depth.values[~mask], known[~mask])
        assert (sample.depth.values[mask] == known[mask].min()).all()
        assert figure.depth_at_contact == pytest.approx(float(known[mask].min()), abs=1e-3)
        outside = np.ones((64, 64), bool)
        outside[max(y - 8, 0) : y + len(shown) + 8, max(x - 8, 0) : x + shown.shape[1] + 8] = False
        background = pixels.background(backgrounds[sample.record.background])
        if outside.any():  # JPEG's own error, away from the figure
            assert np.abs(sample.image[outside].astype(int) - background[outside]).mean() < 6


@pytest.mark.parametrize("options", [{}, {"mask": {"format": "jpeg"}, "depth": {"encoding": "jpeg8"}}])
def test_statistics_equal_a_slow_recomputation(photos: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    """From the decoded files: exact for lossless layers; within 0.002 (of 0..1) for JPEG, corrected by 1/16 decoded."""
    depth = {"source": "network", "model": "grey.onnx", **options.get("depth", {})}
    recipe = small_recipe(photos, **{**options, "depth": depth}, placement={"per_pair": 8})
    data = open_dataset(build(recipe, tmp_path / "out"))
    found = data.statistics["summary"]
    images = np.stack([sample.image for sample in data]) / 255
    bound = 0.002
    assert np.abs(found["image"]["mean"] - images.mean((0, 1, 2))).max() < bound
    assert np.abs(found["image"]["std"] - images.std((0, 1, 2))).max() < bound
    raw_masks = np.stack([read(data.members(i)["mask"]) for i in range(len(data))]) / 255
    exact = 1e-9 if not options else bound
    assert abs(found["mask"]["mean"][0] - raw_masks.mean()) < exact
    assert abs(found["mask"]["std"][0] - raw_masks.std()) < exact
    codes = np.stack([read(data.members(i)["depth"]) for i in range(len(data))]).astype(float)
    step = 0.001 if not options else 1 / 255
    assert abs(found["depth"]["mean"][0] - codes.mean() * step) < (1e-9 if not options else 2 * bound)
    assert abs(found["depth"]["std"][0] - codes.std() * step) < (1e-9 if not options else 2 * bound)
    failed = [check["name"] for check in data.statistics["checks"] if not check["passed"]]
    assert failed == [] if not options else any("binary" in name for name in failed)  # grey "binary" masks are noticed


def read(data: bytes) -> np.ndarray[Any, Any]:
    picture = Image.open(io.BytesIO(data))
    return np.asarray(picture.convert("L") if picture.mode == "1" else picture)


def test_labels_name_what_is_there(finished: Path) -> None:
    import csv

    data = open_dataset(finished)
    rows = list(csv.DictReader((data.path / "labels.csv").read_text().splitlines()))
    assert len(rows) == len(data)
    assert len({row["key"] for row in rows}) == len(data)
    for i, row in enumerate(rows):
        assert int(row["index"]) == i
        with zipfile.ZipFile(data.path / row["part"]) as archive:
            assert {row["image"], row["mask"]} <= set(archive.namelist())
        record = data.record(i)
        assert [int(row[f"box_{n}"]) for n in ("x0", "y0", "x1", "y1")] == list(record.figures[0].box or ())
        assert row["depth"] == ""
    assert {row["split"] for row in rows} <= {"train", "new_background", "new_foreground", "new_both"}


def test_the_same_command_finishes_what_is_missing(out: Path, photos: Path) -> None:
    recipe = small_recipe(photos)
    whole = files(out)
    (out / "parts/part-00002.zip").unlink()
    (out / "state/part-00003.json").unlink()
    (out / "parts/part-00004.zip").write_bytes(b"half")
    (out / "parts/part-00001.zip.12ab34cd.partial").write_bytes(b"left over")
    (out / "manifest.json").unlink()
    kept = (out / "parts/part-00000.zip").stat().st_mtime_ns
    build(recipe, out)
    assert files(out) == whole
    assert (out / "parts/part-00000.zip").stat().st_mtime_ns == kept


def test_a_crash_between_parts_loses_only_the_part_under_way(
    photos: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, whole = small_recipe(photos), files(finished)
    calls = 0

    def crashing(part: parts.PartWriter, made: Made) -> None:
        nonlocal calls
        calls += 1
        if calls == 2 * 7 + 3:  # in the midst of the third part
            raise KeyboardInterrupt
        add(part, made)

    add = parts.PartWriter.add
    monkeypatch.setattr(parts.PartWriter, "add", crashing)
    with pytest.raises(KeyboardInterrupt):
        build(recipe, tmp_path / "out")
    with pytest.raises(FigureGroundError, match="not finished"):
        open_dataset(tmp_path / "out")
    for folder, suffix in (("parts", "zip"), ("state", "json")):
        names = {path.name for path in (tmp_path / "out" / folder).glob("*")}
        assert names == {f"part-0000{n}.{suffix}" for n in (0, 1)}
    monkeypatch.undo()
    assert files(build(recipe, tmp_path / "out")) == whole


def test_a_changed_recipe_is_refused_by_the_changed_keys(out: Path, photos: Path) -> None:
    before = files(out)
    with pytest.raises(FigureGroundError, match=r"seed: 0 -> 5; placement.per_pair: 2 -> 3") as caught:
        build(small_recipe(photos, seed=5, placement={"per_pair": 3}), out)
    assert "--fresh" in caught.value.remedy
    assert files(out) == before
    build(small_recipe(photos, name="renamed"), out)  # a name is no content
    build(small_recipe(photos, seed=5), out, fresh=True)
    anew = files(out)
    shutil.rmtree(out)
    assert files(build(small_recipe(photos, seed=5), out)) == anew


def test_changed_photos_and_networks_are_refused(tmp_path: Path) -> None:
    write_photos(tmp_path)
    write_depth_network(tmp_path / "grey.onnx")
    recipe = small_recipe(tmp_path, depth={"source": "network", "model": "grey.onnx"})
    out = build(recipe, tmp_path / "out")
    before = files(out)
    original = (tmp_path / "rooms/room1.png").read_bytes()
    Image.fromarray(scene_photo(77)).save(tmp_path / "rooms/room1.png")
    with pytest.raises(FigureGroundError, match=r"rooms/room1.png has other content"):
        build(recipe, out)
    (tmp_path / "rooms/room1.png").write_bytes(original)
    card = tmp_path / "grey.card.toml"
    card.write_text(card.read_text() + "unit_scale = 2.0\n")
    with pytest.raises(FigureGroundError, match="the depth network's card has another unit_scale"):
        build(recipe, out)
    card.write_text(card.read_text().replace("unit_scale = 2.0\n", ""))
    build(recipe, out)
    assert files(out) == before


def test_a_build_stopped_while_preparing_photos_goes_on(
    photos: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = files(finished)
    real = ingest.prepare_photo

    def stop(job: Job, photo: Photo) -> Outcome:
        if "room2" in photo.path:
            raise KeyboardInterrupt
        return real(job, photo)

    monkeypatch.setattr(ingest, "prepare_photo", stop)
    with pytest.raises(KeyboardInterrupt):
        build(small_recipe(photos), tmp_path / "out")
    monkeypatch.setattr(ingest, "prepare_photo", real)
    assert files(build(small_recipe(photos), tmp_path / "out")) == whole


def test_a_stopped_fresh_build_is_no_finished_dataset(out: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("figureground.make.build.finish", stop)
    with pytest.raises(KeyboardInterrupt):
        build(small_recipe(photos, seed=5), out, fresh=True)
    with pytest.raises(FigureGroundError, match="not finished"):
        open_dataset(out)
    monkeypatch.undo()
    assert len(open_dataset(build(small_recipe(photos, seed=5), out))) == 36


def test_the_recipes_own_folder_is_no_output(tmp_path: Path) -> None:
    write_photos(tmp_path)
    (tmp_path / "recipe.toml").write_text("# my notes")
    before = files(tmp_path)
    with pytest.raises(FigureGroundError, match="holds other things"):
        build(small_recipe(tmp_path), tmp_path)
    assert files(tmp_path) == before


def test_a_damaged_catalog_is_prepared_again(out: Path, photos: Path) -> None:
    whole = files(out)
    swapped = (out / "catalog/Background/bg002.jpg").read_bytes()
    for name, data in (("Background/bg001.jpg", swapped), ("Foreground/fg002.png", b""), ("catalog.jsonl", b"{")):
        (out / "catalog" / name).write_bytes(data)
        (out / "parts/part-00000.zip").unlink()
        build(small_recipe(photos), out)
        assert files(out) == whole, name
    (out / "catalog/Background/bg003.jpg").unlink()
    assert files(build(small_recipe(photos), out)) == whole


def test_odd_names_end_no_run(tmp_path: Path) -> None:
    write_photos(tmp_path)
    names = [b"line\xe2\x80\xa8end.png", "a5²3.png".encode(), b"caf\xe9.png", b"new\x0bline.png"]
    for i, name in enumerate(names):
        path = os.path.join(os.fsencode(tmp_path / "rooms"), name)
        try:
            with open(path, "wb") as file:
                Image.fromarray(scene_photo(50 + i)).save(file, "PNG")
        except OSError:
            continue  # a file system that takes no such name
    data = open_dataset(build(small_recipe(tmp_path), tmp_path / "out"))
    assert len(data.catalog.backgrounds) > 3


def test_a_damaged_part_is_named(out: Path) -> None:
    part = out / "parts/part-00000.zip"
    damaged = bytearray(part.read_bytes())
    damaged[200] ^= 1
    part.write_bytes(damaged)
    with pytest.raises(FigureGroundError, match="part cannot be read") as caught:
        open_dataset(out)[0]
    assert "delete it" in caught.value.remedy


def test_two_builds_do_not_share_a_folder(out: Path, photos: Path) -> None:
    before = files(out)
    with FolderStore(out).lock(), pytest.raises(FigureGroundError, match="another build is at work"):
        build(small_recipe(photos), out)
    assert {name: data for name, data in files(out).items() if name != ".lock"} == before
    assert files(build(small_recipe(photos), out)) == before


def test_a_nan_fails_its_part_is_reported_and_never_written(photos: Path, tmp_path: Path) -> None:
    recipe = small_recipe(photos, depth={"source": "network", "model": "nan.onnx"})
    with pytest.raises(FigureGroundError, match="NaN"):
        build(recipe, tmp_path / "out")
    assert not list((tmp_path / "out/parts").glob("*"))


def test_one_failing_part_leaves_the_others_finished(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = parts.PartWriter.add

    def failing(part: parts.PartWriter, made: Made) -> None:
        if made.record.index == 7 + 3:  # in the midst of part 1
            raise OSError("disk on fire")
        add(part, made)

    monkeypatch.setattr(parts.PartWriter, "add", failing)
    with pytest.raises(FigureGroundError, match="1 of 6 parts failed; the first: OSError: disk on fire") as caught:
        build(small_recipe(photos), tmp_path / "out")
    assert "same command again" in caught.value.remedy
    assert len(list((tmp_path / "out/parts").glob("*.zip"))) == 5


def test_a_dry_run_tells_the_truth_and_writes_nothing(photos: Path, tmp_path: Path) -> None:
    recipe = small_recipe(photos, depth={"source": "network", "model": "grey.onnx"}, placement={"per_pair": 10})
    before = files(photos)
    cost, catalog = dry_run(recipe)
    assert files(photos) == before
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert (cost.samples, cost.parts) == (len(data), data.parts)
    assert len(catalog.backgrounds) == 3
    assert cost.total_bytes == pytest.approx(data.manifest["bytes"], rel=0.1)
    assert cost.seconds["depth"] > 0


def test_a_small_disk_is_noticed_before_the_first_part(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(FigureGroundError, match="disk is too small"):
        build(small_recipe(photos), tmp_path / "out")
    assert not list((tmp_path / "out/parts").glob("*"))


def test_odd_outputs_are_refused_and_left_alone(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FigureGroundError, match="a file, not a folder"):
        build(small_recipe(photos), tmp_path / "file")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.doc").write_text("mine")
    with pytest.raises(FigureGroundError, match="holds other things"):
        build(small_recipe(photos), tmp_path / "full")
    assert files(tmp_path / "full") == {"thesis.doc": b"mine"}
    with pytest.raises(FigureGroundError, match="cannot be written"):
        build(small_recipe(photos), tmp_path / "file" / "below")


def test_a_folder_that_another_build_begins_meanwhile_holds_no_other_things(photos: Path) -> None:
    """It is looked for, then begun by the other, and only then listed; the lock says the rest."""

    class Meanwhile(MemoryStore):
        def list(self, prefix: str = "") -> Any:
            self.write(names.BUILD, b"{}")
            return super().list(prefix)

    store = Meanwhile()
    claim(store, small_recipe(photos))
    assert store.read(names.BUILD) == b"{}"


def test_the_manifest_matches_the_parts(photos: Path, tmp_path: Path) -> None:
    import hashlib

    out = build(small_recipe(photos, depth={"source": "network", "model": "grey.onnx"}), tmp_path / "out")
    manifest = json.loads((out / "manifest.json").read_text())
    for part in manifest["parts"]:
        assert hashlib.sha256((out / part["file"]).read_bytes()).hexdigest() == part["sha256"]
    assert manifest["depth_model"]["sha256"] == hashlib.sha256((photos / "grey.onnx").read_bytes()).hexdigest()
    assert manifest["depth_model"]["card"]["output"] == "metric"
    text = "".join(data.decode("utf-8", "replace") for name, data in files(out).items() if not name.endswith(".zip"))
    assert str(photos) not in text  # no path of this machine in a dataset


@pytest.mark.parametrize(("batch", "threads"), [(1, 0), (4, 0), (1, 2), (5, 3)])
def test_batches_and_threads_give_the_same_samples(photos: Path, batch: int, threads: int) -> None:
    """Beside an accelerator samples are rendered and encoded in threads; what comes out is the same, in order."""
    recipe = small_recipe(photos, depth={"source": "network", "model": "grey.onnx", "batch": batch})
    store = MemoryStore()
    job = resolve(recipe)
    catalog = ingest.ingest(job, Serial(), store, lambda *_: None)
    plain = resolve(small_recipe(photos, depth={"source": "network", "model": "grey.onnx"}))
    expected = list(Maker(plain, catalog, store).make(range(36)))
    maker = Maker(job, catalog, store)
    maker.threads = threads
    made = list(maker.make(range(36)))
    assert [m.record for m in made] == [m.record for m in expected]
    assert [m.members for m in made] == [m.members for m in expected]
    assert list(maker.make([])) == []


def test_workers_agree_on_a_build(photos: Path) -> None:
    assert dataclasses.is_dataclass(small_recipe(photos))
    assert hash(small_recipe(photos)) == hash(small_recipe(photos))
    recipe = small_recipe(photos, depth={"source": "network", "model": "grey.onnx"})
    one, other = (PartTask(resolve(recipe), FolderStore(photos / "out"), "build", 36) for _ in range(2))
    sent = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own object
    assert one == other == sent  # workers keep their maker by the task
    assert hash(one) == hash(other) == hash(sent)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            engines.WorkerDiedError("a worker process died"),
            "try --workers 1 (workers=1) and run the same command again",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "free some space, look at `df -i`, or use another disk and run the same command again",
        ),
        (ValueError("odd"), "mend the cause and run the same command again"),
        (FigureGroundError("odd", "here", "do this"), "mend the cause and run the same command again"),
    ],
)
def test_parts_that_fail_are_told_together(photos: Path, tmp_path: Path, error: Exception, remedy: str) -> None:
    class Failing:
        def map(self, function: Any, jobs: Iterable[Any]) -> Iterator[engines.Outcome]:
            for task in jobs:
                good = not isinstance(task, int) or task == 0  # photos, and the first part
                yield engines.Outcome(task, function(task)) if good else engines.Outcome(task, error=error)

    with pytest.raises(FigureGroundError, match="5 of 6 parts failed") as caught:
        build(small_recipe(photos), tmp_path / "out", engine=Failing())
    assert (
        caught.value.remedy
        == f"1 of 6 parts are finished and kept; {'free some memory or ' * ('workers' in remedy)}{remedy}"
    )
