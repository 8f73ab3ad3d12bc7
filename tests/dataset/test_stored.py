import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.record import Record
from figureground.dataset import archive, handles, parts
from figureground.dataset.stored import Dataset
from tests.builders import small_recipe, write_photos


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder)
    recipe = small_recipe(folder, depth={"source": "layered"}, backgrounds={"depth": "depth"})
    return open_dataset(build(recipe, folder / "out"))


def test_samples_come_by_index_in_any_order(data: Dataset) -> None:
    assert len(data) == 36
    forward = [data[i] for i in range(36)]
    assert [sample.record.index for sample in forward] == list(range(36))
    for i in (35, 0, 17, -1, -36):
        assert np.array_equal(data[i].image, forward[i].image)
        assert data[i].record == data.record(i)
    for i in (36, -37):
        with pytest.raises(IndexError):
            data[i]


def test_a_sample_has_the_stated_shapes(data: Dataset) -> None:
    sample = data[3]
    assert sample.image.shape == (64, 64, 3)
    assert sample.image.dtype == np.uint8
    assert sample.mask is not None
    assert sample.mask.dtype == bool
    assert sample.depth is not None
    assert sample.depth.values.dtype == np.float32
    assert (sample.depth.unit, sample.depth.direction) == ("m", "larger is farther")


def test_parts_are_datasets(data: Dataset) -> None:
    assert data.parts == 6
    assert [len(data.part(k)) for k in range(6)] == [7, 7, 7, 7, 7, 1]
    together = [sample.record.key for k in range(6) for sample in data.part(k)]
    assert together == [sample.record.key for sample in data]
    assert data.part(-1)[0].record.index == 35
    with pytest.raises(IndexError):
        data.part(6)


def test_what_is_known_of_parts_stays_and_a_copy_opens_its_own(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few files may stay open, a part's directory is read once."""
    monkeypatch.setattr(handles, "most_open", lambda: 2)
    read: list[int] = []

    def counting(ranges: archive.Read, size: int) -> archive.Contents:
        read.append(size)
        return archive.read_contents(ranges, size)

    monkeypatch.setattr(parts, "read_contents", counting)
    fresh = open_dataset(data.path)
    for i in np.random.default_rng(0).permutation(36).tolist():
        assert fresh.record(i) == data.record(i)
    assert len(read) >= 6  # those of `data` may be among them
    before = len(read)
    for i in np.random.default_rng(1).permutation(36).tolist():
        assert np.array_equal(fresh[i].image, data[i].image)
    assert len(read) == before
    assert len(fresh._handles._open) == 2
    copy = pickle.loads(pickle.dumps(fresh))  # noqa: S301
    assert not copy._readers
    assert not copy._handles._open
    assert np.array_equal(copy[20].image, data[20].image)


def test_batches_and_layers_on_request(data: Dataset) -> None:
    assert [s.record.index for s in data.batch([3, -1, 3])] == [3, 35, 3]
    assert [s.record.index for s in data[10:20].__getitems__([0, -1])] == [10, 19]
    with pytest.raises(IndexError, match="sample 36 of 36"):
        data.batch([0, 36])
    some = open_dataset(data.path, layers=["mask"])
    sample, whole = some[7], data[7]
    assert sample.record == whole.record
    assert sample.mask is not None
    assert whole.mask is not None
    assert np.array_equal(sample.mask, whole.mask)
    assert sample.depth is None
    assert whole.depth is not None
    for wrong in (["mask", "heat"], "heat"):
        with pytest.raises(FigureGroundError, match="no layer 'heat'"):
            open_dataset(data.path, layers=wrong)


def test_members_are_those_that_the_record_names(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the record itself is not read for them."""
    whole = [data._locate(i)[0].members(data.record(i)) for i in range(len(data))]
    monkeypatch.setattr(Record, "from_row", lambda _: pytest.fail("the record was read"))
    assert [data.members(i) for i in range(len(data))] == whole
    assert list(data.members(3)) == ["image", "mask", "depth"]
    assert data.members(-1, ["depth", "image", "alpha"]) == {name: whole[-1][name] for name in ("image", "depth")}
    assert data.members(0, []) == {}
    with pytest.raises(IndexError, match="sample 36 of 36"):
        data.members(36)


def test_threads_read_what_one_reads(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "most_open", lambda: 1)
    fresh = open_dataset(data.path)
    order = np.random.default_rng(2).integers(0, 36, 200).tolist()
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(fresh.members, order))
    assert read == [data.members(i) for i in order]


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no dataset here"):
        open_dataset(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(FigureGroundError, match="manifest cannot be read"):
        open_dataset(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forked_readers_do_not_disturb_each_other(data: Dataset) -> None:
    """As PyTorch's workers on Linux do: the parent has read, then children read at random at the same time."""
    expected = [data.members(i)["image"] for i in range(36)]
    children = []
    for seed in range(3):
        pid = os.fork()
        if pid == 0:
            wrong = 1
            try:
                order = np.random.default_rng(seed).integers(0, 36, 400).tolist()
                wrong = int(any(data.members(i)["image"] != expected[i] for i in order))
            finally:
                os._exit(wrong)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
