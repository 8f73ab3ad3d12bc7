"""Slices and selections, of stored datasets and of those that are rendered on the fly."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import Dataset, FigureGroundError, Record, Sample, Selection, VirtualDataset, build, open_dataset
from figureground.core.record import SPLITS
from tests.builders import small_recipe, write_photos

HELD_OUT = {"backgrounds": 0.34, "foregrounds": 0.34}  # one of three each


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selections")
    write_photos(folder)
    return build(small_recipe(folder, split=HELD_OUT), folder / "out")


@pytest.fixture(scope="module")
def stored(out: Path) -> Dataset:
    return open_dataset(out)


@pytest.fixture(scope="module")
def virtual(out: Path) -> VirtualDataset:
    return open_dataset(out, virtual=True)


@pytest.fixture(params=["stored", "virtual"])
def data(request: pytest.FixtureRequest) -> Dataset | VirtualDataset:
    found: Dataset | VirtualDataset = request.getfixturevalue(request.param)
    return found


def numbers(selection: Selection) -> list[int]:
    """Return the samples of a selection by their numbers in the dataset, however it is read."""
    found = [sample.record.index for sample in selection]
    assert len(selection) == len(found)
    assert [selection.record(i).index for i in range(len(found))] == found
    return found


SLICES = [
    *(slice(None), slice(0, 0), slice(3, 9), slice(-4, None), slice(None, -30), slice(2, 30, 7), slice(30, 2, -7)),
    *(slice(None, None, -9), slice(33, 99), slice(9, 3), slice(-99, 2)),
]


@pytest.mark.parametrize("cut", SLICES, ids=str)
def test_a_slice_is_the_slice_of_the_numbers(data: Dataset | VirtualDataset, cut: slice) -> None:
    part = data[cut]
    assert isinstance(part, Selection)
    assert numbers(part) == list(range(36))[cut]


def test_a_slice_is_indexed_and_sliced_like_a_list(data: Dataset | VirtualDataset) -> None:
    part = data[5:31:3]
    expected = list(range(36))[5:31:3]
    for i in range(-len(expected), len(expected)):
        sample = part[i]
        assert isinstance(sample, Sample)
        assert sample.record.index == expected[i]
        assert part.record(i).index == expected[i]
    for i in (len(expected), -len(expected) - 1):
        with pytest.raises(IndexError, match=f"of {len(expected)}"):
            part[i]
    for cut in (slice(2, 5), slice(None, None, -2), slice(-3, None)):
        assert numbers(part[cut]) == expected[cut]
    assert numbers(part[1:][1:][::-1]) == expected[2:][::-1]
    numpys: Any = np.int64(2)  # as samplers draw them
    assert part[numpys].record.index == expected[2]
    with pytest.raises(IndexError):
        data[3:3][0]


def test_its_samples_are_the_datasets_own(data: Dataset | VirtualDataset) -> None:
    for sample in data[4:30:12]:
        own = data[sample.record.index]
        assert sample.record == own.record
        assert np.array_equal(sample.image, own.image)


def test_splits_are_those_of_the_records(data: Dataset | VirtualDataset, stored: Dataset) -> None:
    by_split = {split: [i for i in range(36) if stored.record(i).split == split] for split in SPLITS}
    assert [len(found) for found in by_split.values()] == [16, 8, 8, 4]
    for split, expected in by_split.items():
        assert numbers(data.select(split=split)) == expected
        assert [data.split(i) for i in expected] == [split] * len(expected)


def test_the_last_samples_split_is_asked_for_by_negative_numbers(data: Dataset | VirtualDataset) -> None:
    assert [data.split(i - 36) for i in range(36)] == [data.split(i) for i in range(36)]
    for i in (36, -37):
        with pytest.raises(IndexError):
            data.split(i)


WHERE: dict[str, Callable[[Record], bool]] = {
    "mirrored": lambda record: record.mirrored,
    "wide": lambda record: record.figures[0].width > 8,
    "all": lambda record: True,
    "none": lambda record: False,
}


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_where_is_asked_of_every_record(
    data: Dataset | VirtualDataset, stored: Dataset, where: Callable[[Record], bool]
) -> None:
    expected = [i for i in range(36) if where(stored.record(i))]
    assert numbers(data.select(where=where)) == expected
    train = [i for i in expected if stored.record(i).split == "train"]
    assert numbers(data.select(split="train", where=where)) == train
    assert numbers(data.select(split="train").select(where=where)) == train
    assert numbers(data.select(where=where).select(split="train")) == train


def test_selections_are_selected_from_in_their_own_order(data: Dataset | VirtualDataset, stored: Dataset) -> None:
    backwards = data[::-1].select(split="train")
    train = [i for i in range(36) if stored.record(i).split == "train"]
    assert numbers(backwards) == train[::-1]
    assert numbers(backwards[2:9].select(where=lambda r: not r.mirrored)) == [
        i for i in train[::-1][2:9] if not stored.record(i).mirrored
    ]
    assert numbers(data.select(split="train").select(split="new_both")) == []
    assert numbers(data.select()) == list(range(36))
    assert numbers(backwards) == train[::-1]  # reading it twice is the same


def test_where_is_asked_only_of_the_split(stored: Dataset) -> None:
    asked: list[int] = []

    def note(record: Record) -> bool:
        asked.append(record.index)
        return True

    chosen = stored.select(split="new_both", where=note)
    assert asked == list(chosen.indices)
    assert len(asked) == 4


def test_an_unknown_split_is_refused_with_those_that_there_are(data: Dataset | VirtualDataset) -> None:
    for source in (data, data[3:9]):
        with pytest.raises(FigureGroundError, match="unknown split 'validation'") as caught:
            source.select(split="validation")
        for split in SPLITS:
            assert split in caught.value.remedy


def test_parts_are_selected_from(stored: Dataset) -> None:
    part = stored.part(2)
    assert numbers(part[1:4]) == [15, 16, 17]
    expected = [i for i in range(14, 21) if stored.record(i).split == "train"]
    assert numbers(part.select(split="train")) == expected


def test_a_selection_survives_pickling(data: Dataset | VirtualDataset) -> None:
    chosen = data.select(split="new_background")[1:]
    copy: Selection = pickle.loads(pickle.dumps(chosen))  # noqa: S301 - our own object
    assert numbers(copy) == numbers(chosen)
    assert np.array_equal(copy[-1].image, chosen[-1].image)
