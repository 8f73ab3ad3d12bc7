import json
import tarfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import export
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap
from figureground.core.record import SPLITS
from figureground.dataset.stored import Dataset
from figureground.formats.webdataset import decode
from tests.hub import said

STREAMED = """
whole = datasets.load_dataset(paths[0], cache_dir=cache)
flow = datasets.load_dataset(paths[0], streaming=True)
data = open_dataset(paths[1])
assert list(whole) == list(flow)
for split, rows in whole.items():
    for row, streamed in zip(rows, flow[split], strict=True):
        sample = data[row["json"]["index"]]
        assert row["json"] == streamed["json"] and row["json"]["split"] == split
        assert row["__key__"] == f"{sample.record.index:09d}"
        assert np.array_equal(np.asarray(row["image.jpg"]), sample.image)
        for one in (row, streamed):
            assert np.array_equal(np.asarray(one["mask.png"]), sample.mask)
            assert np.array_equal(np.asarray(one["instances.png"]), sample.instances)
            assert one["depth.png"].mode == "I;16"
            far = np.asarray(one["depth.png"]) * row["json"]["depth_scale"]
            assert np.allclose(far, np.nan_to_num(sample.depth.values), atol=1e-4)
    print(split, len(rows))
"""


@pytest.fixture(scope="module")
def tars(varied: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("webdataset") / "out"
    export(varied, "webdataset", out, per_file=5)
    return out


def read(tars: Path) -> list[dict[str, Any]]:
    """Return what the real library gives of all tars, decoded by ours."""
    wds = pytest.importorskip("webdataset")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(wds.WebDataset(sorted(map(str, tars.glob("*.tar"))), shardshuffle=False).map(decode))


def test_webdataset_gives_every_sample_as_it_is(varied: Dataset, tars: Path) -> None:
    found = read(tars)
    assert sorted(sample["record"].index for sample in found) == list(range(len(varied)))
    for sample in found:
        own = varied[sample["record"].index]
        assert sample["__key__"] == f"{own.record.index:09d}"
        assert sample["record"].figures == own.record.figures
        for layer in ("image", "mask", "instances", "alpha", "semantic", "depth"):
            expected = getattr(own, layer)
            expected = expected.values if isinstance(expected, DepthMap) else expected
            assert sample[layer].dtype == expected.dtype
            np.testing.assert_array_equal(sample[layer], expected)
        assert np.nanmax(sample["depth"]) - np.nanmin(sample["depth"]) > 0.256  # more codes than 8 bits have


def test_a_tar_holds_so_many_samples_of_one_split(varied: Dataset, tars: Path) -> None:
    for split in SPLITS:
        files = sorted(tars.glob(f"{split}-[0-9]*.tar"))
        sizes = []
        for k, path in enumerate(files):
            assert path.name == f"{split}-{k:05d}.tar"
            with tarfile.open(path) as archive:
                rows = [name for name in archive.getnames() if name.endswith(".json")]
                assert {json.loads(archive.extractfile(name).read())["split"] for name in rows} == {split}  # type: ignore[union-attr]
                sizes.append(len(rows))
        assert sum(sizes) == len(varied.select(split=split))
        assert set(sizes[:-1]) <= {5}


def test_tars_are_ustar_and_tell_of_no_time_or_owner(tars: Path) -> None:
    for path in tars.glob("*.tar"):
        assert path.read_bytes()[257:265] == b"ustar\x0000"
        with tarfile.open(path) as archive:
            for one in archive:
                assert (one.uid, one.gid, one.uname, one.gname) == (0, 0, "", "")
                assert (one.mode, one.mtime) == (0o644, 1577836800)
                assert one.isfile()


def test_datasets_opens_it_whole_and_as_a_stream(varied: Dataset, tars: Path, tmp_path: Path) -> None:
    lines = said(STREAMED, tmp_path / "cache", tars, varied.path)
    assert lines == [f"{split} {len(varied.select(split=split))}" for split in SPLITS]


def test_the_card_says_what_depth_is(tars: Path) -> None:
    body = (tars / "README.md").read_text().split("---\n", 2)[2]
    assert "depth: value = offset + scale * code in m, larger is farther; code 0 means no value" in body


@pytest.mark.parametrize("count", [0, -2])
def test_no_samples_a_tar_are_refused(varied: Dataset, tmp_path: Path, count: int) -> None:
    with pytest.raises(FigureGroundError, match="samples a file"):
        export(varied, "webdataset", tmp_path / "out", per_file=count)
    assert not (tmp_path / "out").exists()


def test_other_samples_are_refused_by_name(tars: Path) -> None:
    with tarfile.open(min(tars.glob("train-*.tar"))) as archive:
        held = {name.partition(".")[2]: archive.extractfile(name).read() for name in archive.getnames()[:7]}  # type: ignore[union-attr]
    good = {"__key__": "000000000", **held}
    assert decode(good)["record"].index == 0
    row = json.loads(held["json"])
    for change, what in (
        ({"json": b"{"}, "not a sample"),
        ({"json": json.dumps({**row, "depth_scale": 1e39}).encode()}, "depth_scale"),
        ({"depth.png": held["image.jpg"]}, "depth is a picture"),
        ({"depth.png": held["depth.png"][:60]}, "not a sample"),
        ({"mask.png": np.zeros((4, 4))}, "not a sample"),
    ):
        with pytest.raises(FigureGroundError, match=what) as caught:
            decode({**good, **change})
        assert caught.value.where == "000000000"
    with pytest.raises(FigureGroundError, match="it has no json"):
        decode({"__key__": "k", "image.jpg": held["image.jpg"]})
