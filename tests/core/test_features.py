import json

import pytest

from figureground.core.features import as_json, as_yaml, fields_of, figure_columns, label_columns, row_features
from figureground.core.nouns import Look
from figureground.core.record import COLUMNS, DepthMeaning, FigureRecord, Record

FIGURE = FigureRecord("fg001", "ground", 1, 2, 3, 4, 0.5, True, (1, 2, 4, 6), 9, 1.0, None, 0, None, None, None, Look())
RECORD = Record(
    *(7, "bg001-fg001-00", "bg001", 0, False, "train", (FIGURE,)),
    depths={"depth": DepthMeaning("m", "larger is farther", 0.001, 0.0, 0, 1.0)},
    files={"image": "images/000000007.jpg", "depth": "depth/000000007.png"},
)


def test_they_are_the_columns_of_a_row_in_its_order() -> None:
    assert list(row_features(RECORD)) == [name.removesuffix("_file_name") for name in RECORD.to_row()]


def fits(kind: object, value: object) -> bool:
    if isinstance(kind, dict):
        return isinstance(value, dict) and list(kind) == list(value) and all(fits(kind[k], value[k]) for k in kind)
    if isinstance(kind, list):
        return isinstance(value, list) and all(fits(kind[0], one) for one in value)
    return type(value) is {"int64": int, "float64": float, "string": str, "bool": bool, "image": str}[str(kind)]


def test_a_row_is_of_these_types() -> None:
    row = RECORD.to_row()
    for name, kind in row_features(RECORD).items():
        assert fits(kind, row[f"{name}_file_name" if kind == "image" else name]), name
    assert row_features(RECORD)["figures"] == [fields_of(FigureRecord)]


def test_labels_and_figures_have_flat_columns() -> None:
    assert tuple(label_columns()) == COLUMNS
    assert {label_columns()[name] for name in ("mirrored", "flip")} == {"bool"}
    flat = figure_columns()
    assert {"box_x0", "contact_y", "look_shadow", "class_name"} <= set(flat)
    assert all(isinstance(kind, str) for kind in flat.values())


def test_datasets_reads_both_forms_alike() -> None:
    datasets = pytest.importorskip("datasets")
    features = row_features(RECORD)
    read = datasets.Features.from_dict(as_json(features))
    assert read == datasets.Features._from_yaml_list(json.loads(json.dumps(as_yaml(features))))
    assert read["image"] == datasets.Image()
    assert read["figures"].feature["box"] == datasets.List(datasets.Value("int64"))
