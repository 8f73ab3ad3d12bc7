"""Whatever bytes a reader gets, it reads them or raises its own error.  `tests/long/fuzz.py` goes on from here."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.running import small_dataset
from tests.readers import Reader, attempt, chance, readers, unsound

NAMES = (
    *("manifest", "catalog", "sidecar", "part", "statistics", "build", "recipe", "recipe of a dataset", "picture"),
    *("run lengths", "prepared photo", "JSON of a map", "photo"),
    *("depth map .png", "depth map .tiff", "depth map .npy", "depth map .npz", "depth map .pfm", "depth map .h5"),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    return readers(small_dataset(tmp_path_factory.mktemp("base")))


def test_every_reader_is_named(found: dict[str, Reader]) -> None:
    assert set(found) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_sound_bytes_are_read(found: dict[str, Reader], name: str) -> None:
    for data in found[name].sound:
        assert not attempt(found[name], data)


@pytest.mark.parametrize("name", NAMES)
def test_unsound_bytes_are_read_or_refused(found: dict[str, Reader], name: str) -> None:
    """Bytes that begin as sound ones, changed by chance, the same in every run."""
    refused = 0
    for seed in range(60):
        choose = chance(seed)
        sound = found[name].sound
        refused += attempt(found[name], unsound(sound[choose(len(sound))], choose))
    assert refused or name in ("build", "sidecar")  # of which what is wrong is as if it were not there


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.binary(max_size=300), at=st.integers(0, 10**9), seed=st.integers(0, 2**32))
def test_any_bytes_are_read_or_refused(found: dict[str, Reader], name: str, data: bytes, at: int, seed: int) -> None:
    """Any bytes, alone and amid sound ones."""
    sound = random.Random(seed).choice(found[name].sound)  # noqa: S311
    at %= len(sound) + 1
    for made in (data, sound[:at] + data + sound[at:], sound[:at] + data):
        attempt(found[name], made)


def test_a_reader_that_raises_another_error_is_found() -> None:
    def read(data: bytes) -> None:
        raise KeyError(data)

    with pytest.raises(KeyError):
        attempt(Reader(read, (ValueError,), (b"",)), b"")


def test_sound_bytes_are_of_a_dataset_that_is_small(found: dict[str, Reader]) -> None:
    """Else fuzzing them would be slow."""
    assert max(len(data) for reader in found.values() for data in reader.sound) < 200_000
    assert isinstance(found["manifest"], Reader)
    assert Path(__file__).with_name("long").joinpath("fuzz.py").is_file()
