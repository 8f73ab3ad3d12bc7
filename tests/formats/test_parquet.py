import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import export
from figureground.core.errors import FigureGroundError
from figureground.core.record import SPLITS
from figureground.dataset.stored import Dataset
from figureground.formats import arrow
from tests.hub import said

pytest.importorskip("pyarrow")

LOAD = """
whole = datasets.load_dataset(paths[0], cache_dir=cache)
flow = datasets.load_dataset(paths[0], streaming=True)
data = open_dataset(paths[1])
for split, rows in whole.items():
    assert rows["index"][:] == sorted(rows["index"])
    for row, streamed in zip(rows, flow[split], strict=True):
        sample = data[row["index"]]
        assert row["split"] == split and row["key"] == streamed["key"] == sample.record.key
        assert len(row["figures"]) == len(sample.record.figures)
        for one in (row, streamed):
            assert np.array_equal(np.asarray(one["image"]), sample.image)
            assert np.array_equal(np.asarray(one["mask"]), sample.mask)
            assert np.array_equal(np.asarray(one["instances"]), sample.instances)
            assert one["depth"].mode == "I;16"
            far = np.asarray(one["depth"]) * one["depth_scale"]
            assert np.allclose(far, np.nan_to_num(sample.depth.values), atol=1e-4)
    print(split, len(rows))
pair = [whole["train"], datasets.load_dataset(paths[2], split="train", cache_dir=cache)]
print(len(datasets.concatenate_datasets(pair)))
"""


@pytest.fixture(scope="module")
def files(varied: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("parquet") / "out"
    export(varied, "parquet", out, per_file=9)
    return out


def table(files: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa.concat_tables([pq.read_table(path) for path in sorted(files.glob("*.parquet"))]).sort_by("index")


def test_pyarrow_reads_rows_as_they_are(varied: Dataset, files: Path) -> None:
    rows = table(files).to_pylist()
    assert [row["index"] for row in rows] == list(range(len(varied)))
    for i in (0, 7, len(varied) - 1):
        members, row = varied.members(i), varied.record(i).to_row()
        assert {name: rows[i][name]["bytes"] for name in members} == members
        assert {name: value for name, value in rows[i].items() if name not in members} == {
            name: value for name, value in row.items() if not name.endswith("_file_name")
        }
    assert np.asarray(Image.open(io.BytesIO(rows[0]["depth"]["bytes"]))).dtype == np.uint16


def test_files_are_counted_and_of_one_split(varied: Dataset, files: Path) -> None:
    import pyarrow.parquet as pq

    for split in SPLITS:
        samples = len(varied.select(split=split))
        count = -(-samples // 9)
        for k in range(count):
            held = pq.read_table(files / f"{split}-{k:05d}-of-{count:05d}.parquet", columns=["split"])
            assert held.num_rows == min(9, samples - 9 * k)
            assert set(held["split"].to_pylist()) == {split}


def test_columns_are_typed_and_told_to_datasets(files: Path) -> None:
    schema = table(files).schema
    assert "null" not in str(schema.types)
    told = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(told) == schema.names
    assert told["depth"] == {"_type": "Image"}
    assert schema.names[:2] == ["image", "mask"]


def test_datasets_opens_four_splits(varied: Dataset, single: Dataset, files: Path, tmp_path: Path) -> None:
    export(single, "parquet", tmp_path / "single")
    lines = said(LOAD, tmp_path / "cache", files, varied.path, tmp_path / "single")
    own = [f"{split} {len(varied.select(split=split))}" for split in SPLITS]
    both = len(varied.select(split="train")) + len(single.select(split="train"))
    assert lines == [*own, str(both)]


def test_pandas_and_polars_read_it(varied: Dataset, files: Path) -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    found = pd.concat(map(pd.read_parquet, files.glob("*.parquet")))
    assert len(found) == len(varied)
    assert found["mirrored"].dtype == bool
    frame = pl.read_parquet(files / "*.parquet").sort("index")
    assert frame["key"].to_list() == [varied.record(i).key for i in range(len(varied))]
    seen = frame.explode("figures").unnest("figures", separator=".")["figures.area"].sum()
    assert seen == sum(figure.area for i in range(len(varied)) for figure in varied.record(i).figures)


def test_rows_are_written_in_groups(varied: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that memory holds one group, whatever a file holds."""
    import pyarrow.parquet as pq

    monkeypatch.setattr(arrow, "_GROUP_BYTES", 3 * sum(map(len, varied.members(0).values())))
    export(varied, "parquet", tmp_path / "out")
    (path,) = (tmp_path / "out").glob("train-*.parquet")
    about = pq.ParquetFile(path).metadata
    assert 5 < about.num_row_groups < about.num_rows


@pytest.mark.parametrize(("layout", "options"), [("parquet", {}), ("tables", {"file": "parquet"})])
def test_without_pyarrow_it_says_what_to_install(
    layout: str, options: dict[str, Any], single: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(FigureGroundError, match="not installed") as caught:
        export(single, layout, tmp_path / "out", **options)
    assert caught.value.remedy == "pip install 'figureground[parquet]'"
    assert not (tmp_path / "out").exists()
