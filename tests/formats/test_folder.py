"""The folders that Hugging Face's `datasets` and Ultralytics open."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, export, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.dataset.stored import Dataset
from figureground.formats.choice import Choice
from figureground.formats.members import class_ids
from figureground.geometry.normals import coloured, normals
from tests.builders import small_recipe, write_photos

yaml = pytest.importorskip("yaml")  # which comes with datasets
SPLITS = {"train", "new_background", "new_foreground", "new_both"}
LOAD = """
import json, sys
import datasets
import numpy as np

datasets.disable_progress_bars()
found = datasets.load_dataset(sys.argv[1], cache_dir=sys.argv[2])
for split, rows in found.items():
    for row in rows:
        depth = np.asarray(row["depth"])
        print(json.dumps([split, row["index"], row["split"], row["image"].size, row["mask"].mode, row["depth"].mode,
                          row["amodal_depth"].mode, int(depth.astype(np.int64).sum()), len(row["figures"])]))
    assert "null" not in str(rows.features), rows.features
streamed = datasets.load_dataset(sys.argv[1], split="new_both", streaming=True)
print(json.dumps([row["index"] for row in streamed]))
"""


def rows_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        path.parent.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(folder.glob("*/metadata.jsonl"))
    }


@pytest.fixture(scope="module")
def folder(varied: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("folder") / "out"
    assert export(varied, "folder", out, amodal=True) == len(varied)
    return out


def test_every_sample_is_in_the_folder_of_its_split_once_as_it_is_stored(varied: Dataset, folder: Path) -> None:
    rows = rows_of(folder)
    assert rows.keys() == SPLITS
    assert sorted(row["index"] for split in rows.values() for row in split) == list(range(len(varied)))
    for split, found in rows.items():
        for row in found:
            i = row["index"]
            record, members = varied.record(i), varied.members(i)
            assert (record.split, row["split"], row["key"]) == (split, split, record.key)
            for layer, data in members.items():
                assert (folder / split / row[f"{layer}_file_name"]).read_bytes() == data
            plain = {k: v for k, v in record.to_row().items() if not k.endswith("_file_name")}
            assert {k: row[k] for k in plain} == plain


def test_hugging_face_opens_it_split_by_split_and_keeps_16_bits(varied: Dataset, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    command = [sys.executable, "-W", "ignore", "-c", LOAD, str(folder), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    *lines, streamed = map(json.loads, done.stdout.splitlines())
    assert sorted(line[1] for line in lines) == list(range(len(varied)))
    for split, i, said, size, mask, depth, behind, total, figures in lines:
        sample = varied[i]
        assert sample.depth is not None
        assert split == said == sample.record.split
        assert (size, mask, depth, behind) == ([96, 64], "1", "I;16", "I;16")
        assert total == np.rint(np.nan_to_num(sample.depth.values) * 1000).sum(dtype=np.float64)
        assert figures == len(sample.record.figures)
    assert sorted(streamed) == [i for i in range(len(varied)) if varied.split(i) == "new_both"]


def test_data_yaml_is_what_ultralytics_reads(varied: Dataset, folder: Path) -> None:
    """Its rules: images in a folder of that name, depth and masks beside it, by the same stem."""
    said = yaml.safe_load((folder / "data.yaml").read_text())
    assert said == {
        "train": "train/images",
        "val": "new_both/images",
        "depth_scale": 1000,
        "masks_dir": "semantic",
        "names": {0: "background", 1: "person", 2: "thing"},
    }
    pictures = sorted((folder / said["train"]).iterdir())
    assert len(pictures) == len(varied.select(split="train"))
    for picture in [*pictures, *(folder / said["val"]).iterdir()]:
        sample = varied[int(picture.stem)]
        depth = np.asarray(Image.open(picture.parents[1] / "depth" / f"{picture.stem}.png"))
        assert sample.depth is not None
        assert depth.dtype == np.uint16
        np.testing.assert_array_equal(depth.astype(np.float32) / 1000, np.nan_to_num(sample.depth.values))
        classes = np.asarray(Image.open(picture.parents[1] / said["masks_dir"] / f"{picture.stem}.png"))
        np.testing.assert_array_equal(classes, sample.semantic)


def test_val_is_one_split_and_never_a_mixture(varied: Dataset, tmp_path: Path) -> None:
    export(varied, "folder", tmp_path / "other", val="new_background", layers="mask")
    text = (tmp_path / "other/data.yaml").read_text()
    assert yaml.safe_load(text)["val"] == "new_background/images"
    assert "neither trained on nor chosen by: new_both/images" in text
    assert "depth" not in yaml.safe_load(text)
    assert not (tmp_path / "other/train/depth").exists()
    assert {path.name for path in (tmp_path / "other").iterdir() if path.is_dir()} == SPLITS
    export(varied, "folder", tmp_path / "half", choice=Choice(splits=("train",)))
    assert yaml.safe_load((tmp_path / "half/data.yaml").read_text()).keys().isdisjoint({"val"})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"val": "train"}, "unknown val 'train'"),
        ({"layers": "mask,normals"}, "unknown layers 'normals'"),
        ({"layers": "depth_network"}, "needs the layer depth_network"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    varied: Dataset, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(FigureGroundError, match=said):
        export(varied, "folder", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_val_without_samples_is_refused(single: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no chosen sample is in the split 'new_background'"):
        export(single, "folder", tmp_path / "out", val="new_background")


def test_the_amodal_pair_is_the_whole_figure_and_the_depth_behind_it(varied: Dataset, folder: Path) -> None:
    for split, rows in rows_of(folder).items():
        for row in rows:
            sample = varied[row["index"]]
            whole = np.asarray(Image.open(folder / split / row["amodal_mask_file_name"]))
            behind = np.asarray(Image.open(folder / split / row["amodal_depth_file_name"]))
            own = np.asarray(Image.open(folder / split / row["depth_file_name"]))
            assert sample.mask is not None
            assert (whole | ~sample.mask).all()
            np.testing.assert_array_equal(behind[~sample.mask], own[~sample.mask])
            assert (behind[sample.mask] >= own[sample.mask]).all()
            assert (behind[sample.mask] > own[sample.mask]).any() or not sample.mask.any()
            assert [row[f"amodal_depth_{name}"] for name in ("unit", "scale", "invalid")] == ["m", 0.001, 0]


def test_amodal_without_known_depth_is_refused(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    out = build(small_recipe(tmp_path), tmp_path / "out")
    with pytest.raises(FigureGroundError, match=r"depth behind figures is not known: the catalog has none of bg001"):
        export(out, "folder", tmp_path / "folder", amodal=True)
    assert not (tmp_path / "folder").exists()


def test_normals_are_those_of_what_is_seen(varied: Dataset, tmp_path: Path) -> None:
    export(varied, "folder", tmp_path / "out", normals=True, layers="mask")
    for row in rows_of(tmp_path / "out")["train"]:
        sample = varied[row["index"]]
        assert sample.depth is not None
        colours = np.asarray(Image.open(tmp_path / "out/train" / row["normals_file_name"]))
        expected = coloured(normals(sample.depth.values, sample.intrinsics))
        np.testing.assert_array_equal(colours, expected)
        assert (colours.any(-1)).mean() > 0.9


def test_normals_without_metres_are_refused(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    recipe = small_recipe(
        tmp_path, backgrounds={"depth": "depth", "depth_unit": "relative"}, depth={"source": "layered"}
    )
    out = build(recipe, tmp_path / "out")
    with pytest.raises(FigureGroundError, match="its depth is relative"):
        export(out, "folder", tmp_path / "folder", normals=True)
    assert not (tmp_path / "folder").exists()


def test_class_ids_are_there_where_the_dataset_does_not_store_them(varied: Dataset, tmp_path: Path) -> None:
    """Of one figure a sample and of several: what the layer would hold."""
    write_photos(tmp_path, 1, 2)
    plain = open_dataset(build(small_recipe(tmp_path), tmp_path / "plain"))
    export(plain, "folder", tmp_path / "folder")
    for picture in (tmp_path / "folder/train/semantic").iterdir():
        np.testing.assert_array_equal(np.asarray(Image.open(picture)), plain[int(picture.stem)].mask)
    ids = set()
    for i in range(len(varied)):
        found = varied.members(i)
        del found["semantic"]
        drawn = class_ids(found, varied.record(i))
        np.testing.assert_array_equal(drawn, varied[i].semantic)
        ids |= set(np.unique(drawn).tolist())
    assert ids == {0, 1, 2}


def test_relative_depth_lies_where_nobody_takes_it_for_millimetres(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 2)
    recipe = small_recipe(
        tmp_path,
        backgrounds={"depth": "depth", "depth_unit": "relative"},
        depth={"source": "layered"},
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert data.record(0).depths["depth"].unit == "relative"
    export(data, "folder", tmp_path / "folder", amodal=True)
    said = yaml.safe_load((tmp_path / "folder/data.yaml").read_text())
    assert "depth_scale" not in said
    assert not (tmp_path / "folder/train/depth").exists()
    for row in rows_of(tmp_path / "folder")["train"]:
        sample = data[row["index"]]
        behind = np.asarray(Image.open(tmp_path / "folder/train" / row["amodal_depth_file_name"]))
        values = row["amodal_depth_offset"] + row["amodal_depth_scale"] * behind.astype(np.float64)
        assert sample.depth is not None
        assert sample.mask is not None
        around = ~sample.mask
        np.testing.assert_allclose(values[around], sample.depth.values[around], rtol=1e-3)
        data_of = (tmp_path / "folder/train" / row["depth_file_name"]).read_bytes()
        assert data_of == data.members(row["index"])["depth"]


def test_inverse_depth_becomes_millimetres_with_all_that_speaks_of_it(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 2)
    for path in (tmp_path / "depth").iterdir():  # 1/m in steps of 0.0001
        metres = np.asarray(Image.open(path)).astype(np.float64) / 1000
        Image.fromarray(np.rint(10000 / metres).astype(np.uint16)).save(path)
    recipe = small_recipe(
        tmp_path,
        backgrounds={"depth": "depth", "depth_unit": "1/m", "depth_per_unit": 10000},
        depth={"source": "layered"},
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert data.record(0).depths["depth"].unit == "1/m"
    export(data, "folder", tmp_path / "folder")
    for row in rows_of(tmp_path / "folder")["train"]:
        sample = data[row["index"]]
        codes = np.asarray(Image.open(tmp_path / "folder/train" / row["depth_file_name"]))
        assert sample.depth is not None
        np.testing.assert_allclose(codes / 1000, 1 / sample.depth.values, atol=6e-4)
        assert [row[f"depth_{name}"] for name in ("unit", "direction", "scale", "offset", "invalid")] == [
            "m", "larger is farther", 0.001, 0.0, 0,
        ]  # fmt: skip
        inverse = sample.record.figures[0].depth_at_contact
        assert inverse is not None
        assert row["figures"][0]["depth_at_contact"] == pytest.approx(1 / inverse)
