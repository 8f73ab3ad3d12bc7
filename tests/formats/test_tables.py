import csv
from pathlib import Path
from typing import Any

import pytest

from figureground import build, export, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.record import COLUMNS, label_values
from figureground.dataset.stored import Dataset
from tests.builders import small_recipe, write_photos


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One with samples that have no figure, and no depth."""
    folder = tmp_path_factory.mktemp("sparse")
    write_photos(folder)
    return open_dataset(build(small_recipe(folder, placement={"figures": [0, 1]}), folder / "out"))


def rows_of(data: Dataset, out: Path, **options: Any) -> list[dict[str, str]]:
    export(data, "tables", out, **options)
    with (out / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_of_samples_are_those_of_labels_csv_with_true_and_false(varied: Dataset, tmp_path: Path) -> None:
    with (varied.path / "labels.csv").open(newline="") as file:
        own = list(csv.DictReader(file))
    rows = rows_of(varied, tmp_path / "out")
    assert len(rows) == len(own)
    for row, said in zip(rows, own, strict=True):
        truth = {name: {"1": "true", "0": "false"}[said[name]] for name in ("mirrored", "flip")}
        assert row == said | truth


def test_rows_of_figures_say_all_that_is_known_of_each(varied: Dataset, tmp_path: Path) -> None:
    rows = rows_of(varied, tmp_path / "out", rows="figures")
    expected = [(i, j) for i in range(len(varied)) for j in range(len(varied.record(i).figures))]
    assert [(int(row["index"]), int(row["figure"])) for row in rows] == expected
    for row, (i, j) in zip(rows, expected, strict=True):
        record = varied.record(i)
        figure = record.figures[j]
        assert (row["key"], row["split"], row["class_name"]) == (record.key, record.split, figure.class_name)
        assert (int(row["area"]), row["flip"]) == (figure.area, str(figure.flip).lower())
        assert [row[f"box_{edge}"] for edge in ("x0", "y0", "x1", "y1")] == [str(v) for v in figure.box or [""] * 4]
        assert float(row["look_noise"]) == figure.look.noise
        assert row["whole"] == (figure.whole or "")
        assert row["part"] == f"parts/part-{i // 7:05d}.zip"


def test_a_sample_without_figures_has_a_row_of_samples_alone(sparse: Dataset, tmp_path: Path) -> None:
    empty = {i for i in range(len(sparse)) if not sparse.record(i).figures}
    assert empty
    samples = rows_of(sparse, tmp_path / "samples")
    assert {int(row["index"]) for row in samples if row["area"] == ""} == empty
    figures = rows_of(sparse, tmp_path / "figures", rows="figures")
    assert {int(row["index"]) for row in figures} == set(range(len(sparse))) - empty


@pytest.mark.parametrize("rows", ["samples", "figures"])
def test_pandas_and_polars_read_the_same_types(sparse: Dataset, varied: Dataset, tmp_path: Path, rows: str) -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for data, name in ((sparse, "sparse"), (varied, "varied")):
        for file in ("csv", "parquet"):
            export(data, "tables", tmp_path / f"{name} {file}", rows=rows, file=file)
        typed = pl.read_parquet(tmp_path / f"{name} parquet/labels.parquet")
        assert not any(kind == pl.Null for kind in typed.schema.values())
        assert typed.schema["mirrored"] == typed.schema["flip"] == pl.Boolean
        read = pl.read_csv(tmp_path / f"{name} csv/labels.csv", schema=typed.schema)
        empty = pl.col(pl.String).fill_null("")  # which of the two it was, CSV does not tell
        assert read.with_columns(empty).equals(typed.with_columns(empty))
        guessed = pl.read_csv(tmp_path / f"{name} csv/labels.csv")
        assert guessed.schema["mirrored"] == guessed.schema["flip"] == pl.Boolean
        panda = pd.read_csv(tmp_path / f"{name} csv/labels.csv")
        assert panda["mirrored"].dtype == bool
        assert pd.read_parquet(tmp_path / f"{name} parquet/labels.parquet").shape == panda.shape == typed.shape


def test_parquet_rows_are_the_values(varied: Dataset, tmp_path: Path) -> None:
    pq: Any = pytest.importorskip("pyarrow.parquet")
    export(varied, "tables", tmp_path / "out", file="parquet")
    rows = pq.read_table(tmp_path / "out/labels.parquet").to_pylist()
    assert list(rows[0]) == list(COLUMNS)
    for i, row in enumerate(rows):
        said = label_values(varied.record(i)) | {"part": row["part"]}
        assert row == said


def test_wrong_options_are_refused(varied: Dataset, tmp_path: Path) -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"rows": "boxes"}, "unknown rows"),
        ({"file": "tsv"}, "unknown file"),
    )
    for options, what in wrong:
        with pytest.raises(FigureGroundError, match=what):
            export(varied, "tables", tmp_path / "out", **options)
