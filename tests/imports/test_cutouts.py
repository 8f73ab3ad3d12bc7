"""Labelled pictures become cut-outs that a recipe uses: exact, safely named, one split for those of one picture."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Cutout
from figureground.imports.coco import coco_labels
from figureground.imports.cutouts import Imported, cutouts_of
from figureground.imports.yolo import yolo_labels
from tests.builders import small_recipe, write_photos
from tests.faults import ResumeLaws, tree
from tests.imports.labelled import SHAPE, SQUARE, STAR, coco, disc, write_coco, write_people, write_pictures


def imported(folder: Path, annotations: list[dict[str, Any]], out: str = "out", **more: Any) -> Imported:
    write_pictures(folder / "pictures")
    labels = coco_labels(write_coco(folder / "labels.json", annotations, **more))
    return cutouts_of(labels, folder / "pictures", folder / out)


def asides(out: Path) -> list[dict[str, str]]:
    with (out / "set-aside.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def opened(path: Path) -> Cutout:
    with Image.open(path) as picture:
        assert picture.mode == "RGBA"
        return np.asarray(picture)


def test_an_instance_is_cropped_by_its_mask_and_keeps_its_pixels(tmp_path: Path) -> None:
    found = imported(tmp_path, [{"segmentation": [SQUARE]}, {"segmentation": [STAR], "category_id": 3}])
    assert found.cutouts == {"person": 1, "traffic light": 1}
    cut = opened(tmp_path / "out/person/pic0-100.png")
    assert cut.shape == (180 + 18, 100 + 18, 4), "a margin shows that it ends by itself"
    assert (cut[9:-9, 9:-9, 3] == 255).all()
    assert cut[..., 3].sum() == 255 * 100 * 180
    assert not cut[cut[..., 3] == 0].any(), "nothing is told of its ground"
    with Image.open(tmp_path / "pictures/train/pic0.png") as picture:
        assert np.array_equal(cut[9:-9, 9:-9, :3], np.asarray(picture)[30:210, 40:140])
    star = opened(tmp_path / "out/traffic light/pic0-101.png")
    assert star[..., 3].any()
    assert not star[star[..., 3] == 0].any()


def test_a_side_that_the_picture_cuts_has_no_margin(tmp_path: Path) -> None:
    imported(tmp_path, [{"segmentation": [[0, 100, 160, 100, 160, 240, 0, 240]]}])
    cut = opened(tmp_path / "out/person/pic0-100.png")
    assert cut[-1, :-8, 3].all(), "below"
    assert cut[8:, 0, 3].all(), "to the left"
    assert not cut[0].any()
    assert not cut[:, -1].any()


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({"segmentation": [SQUARE], "iscrowd": 1}, "a crowd, not one thing"),
        ({"segmentation": []}, "no outline, a box at most"),
        ({}, "no outline, a box at most"),
        ({"segmentation": [[10, 10, 40, 10, 40, 50, 10, 50]]}, "too small: 30 x 40 px"),
        ({"segmentation": [[0, 0, 100, 0, 100, 240, 0, 240]]}, "cut off at three sides by the picture's edge"),
        ({"segmentation": [[400, 400, 500, 400, 500, 500]]}, "its mask is empty"),
        ({"segmentation": [[1, 2, 3]]}, "its outline cannot be read: a polygon of 3 numbers is none"),
        ({"segmentation": ["x"]}, "its label cannot be read: 'x' is no list"),
        (
            {"segmentation": {"size": [2, 2], "counts": "04"}},
            "its outline cannot be read: its run lengths are of",
        ),
        ({"segmentation": [SQUARE], "category_id": 9}, "its class is not listed: category 9"),
        ({"segmentation": [SQUARE], "image_id": 99}, "its picture is not listed: image 99"),
        ({"segmentation": [SQUARE], "image_id": None}, "its picture is not listed: image unknown"),
    ],
)
def test_what_cannot_be_used_is_set_aside_with_its_reason_and_counted(
    tmp_path: Path, annotation: dict[str, Any], reason: str
) -> None:
    found = imported(tmp_path, [{"segmentation": [STAR]}, annotation])
    (row,) = asides(tmp_path / "out")
    assert row["instance"] == "101"
    assert row["reason"].startswith(reason)
    assert found.cutouts == {"person": 1}
    assert found.set_aside == {row["reason"].partition(":")[0]: 1}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("../secret.png", "a file name that leads out"),
        ("/etc/passwd", "a file name that leads out"),
        ("C:\\secret.png", "a file name that leads out"),
        ("..\\secret.png", "a file name that leads out"),
        (None, "no file name"),
        (5, "no file name"),
        ("lost.png", "its picture cannot be used: there is no such file"),
        ("text.png", "its picture cannot be used: "),
        ("linked.png", "its picture cannot be used: a link stands in this folder"),
        ("by-link/secret.png", "its picture cannot be used: a link stands in this folder"),
        ("small.png", "its picture cannot be used: it has 40 x 40 px, its labels 320 x 240"),
    ],
)
def test_pictures_are_read_below_their_folder_alone(tmp_path: Path, written: Any, reason: str) -> None:
    write_pictures(tmp_path / "pictures")
    Image.new("RGB", SHAPE[::-1], "red").save(tmp_path / "secret.png")
    (tmp_path / "pictures/text.png").write_text("no picture")
    (tmp_path / "pictures/linked.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "pictures/by-link").symlink_to(tmp_path, target_is_directory=True)
    Image.effect_noise((40, 40), 60).save(tmp_path / "pictures/small.png")
    plain = coco([{"segmentation": [SQUARE]}, {"segmentation": [SQUARE], "image_id": 8}])
    plain["images"][1]["file_name"] = written
    (tmp_path / "labels.json").write_text(json.dumps(plain))
    found = cutouts_of(coco_labels(tmp_path / "labels.json"), tmp_path / "pictures", tmp_path / "out")
    assert found.cutouts == {"person": 1}
    assert asides(tmp_path / "out")[0]["reason"].startswith(reason)


def test_names_are_safe_and_no_two_alike(tmp_path: Path) -> None:
    names = {1: "../up", 2: "aux", 3: "dog", 4: "Dog", 5: ".hidden", 6: "credits.csv", 7: "人/🐕", 8: "=1+1"}
    rows = [{"segmentation": [SQUARE], "category_id": n, "id": 1} for n in names]
    categories = [{"id": n, "name": name} for n, name in names.items()]
    imported(tmp_path, [*rows, {"segmentation": [STAR], "id": 1}], categories=categories)
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png"))
    assert found == sorted(
        [
            "_._up/pic0-1.png",
            "_._up/pic0-1~2.png",
            "aux_/pic0-1.png",
            "dog/pic0-1.png",
            "Dog~2/pic0-1.png",
            "_hidden/pic0-1.png",
            "credits.csv~2/pic0-1.png",
            "人_🐕/pic0-1.png",
            "_1+1/pic0-1.png",
        ]
    )


def test_a_picture_that_lies_on_its_side_has_its_labels_turned_with_it(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    with Image.open(tmp_path / "pictures/train/pic0.png") as picture:
        upright = picture.transpose(Image.Transpose.ROTATE_270)
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(tmp_path / "pictures/train/pic0.png", exif=exif)
    labels = coco_labels(write_coco(tmp_path / "labels.json", [{"segmentation": [SQUARE]}]))
    cutouts_of(labels, tmp_path / "pictures", tmp_path / "out")
    cut = opened(tmp_path / "out/person/pic0-100.png")
    assert np.array_equal(cut[9:-9, 9:-9, :3], np.asarray(upright)[40:140, 30:210])


def test_lvis_names_its_pictures_by_their_address(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    plain = coco([{"segmentation": [SQUARE]}])
    for row in plain["images"]:
        row["coco_url"] = f"http://images.cocodataset.org/{row.pop('file_name')}"
    (tmp_path / "labels.json").write_text(json.dumps(plain))
    labels = coco_labels(tmp_path / "labels.json")
    assert [picture.file for picture in labels.pictures] == ["train/pic0.png"]
    assert labels.pictures[0].credit == "http://images.cocodataset.org/train/pic0.png"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"images": [], "annotations": [], "categories": []}', "{" * 10**5, '{"images": 3}', "nul"]
)
def test_what_is_no_label_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(FigureGroundError, match="annotations cannot be read"):
        coco_labels(tmp_path / "labels.json")


def test_a_folder_in_use_and_other_labels_are_refused(tmp_path: Path) -> None:
    imported(tmp_path, [{"segmentation": [SQUARE]}])
    before = tree(tmp_path / "out")
    with pytest.raises(FigureGroundError, match="another annotations_sha256"):
        imported(tmp_path, [{"segmentation": [STAR]}])
    with pytest.raises(FigureGroundError, match="in use"):
        imported(tmp_path, [{"segmentation": [STAR]}], out="pictures")
    assert tree(tmp_path / "out") == before
    with pytest.raises(FigureGroundError, match="no instance could be used"):
        imported(tmp_path, [{"segmentation": []}], out="none")


def test_people_cut_out_of_pictures_are_built_into_a_dataset_and_share_a_split_by_picture(tmp_path: Path) -> None:
    labels = coco_labels(write_people(tmp_path / "pictures"))
    found = cutouts_of(labels, tmp_path / "pictures", tmp_path / "out", workers=2)
    assert found.cutouts == {"person": 4}
    assert not found.set_aside
    write_photos(tmp_path, 2, 0)
    recipe = small_recipe(
        tmp_path,
        foregrounds={"path": "out", "class": "folder", "cutout": "alpha"},
        split={"foregrounds": 0.5, "backgrounds": 0.0},
        placement={"per_pair": 1},
    )
    data = open_dataset(build(recipe, tmp_path / "built"))
    groups = {one.id: (one.group, one.licence) for one in data.catalog.foregrounds}
    assert sorted(groups.values()) == sorted([("train/pic0.png", "CC BY 2.0"), ("val/pic1.png", "CC BY 2.0")] * 2)
    splits: dict[str, set[str]] = {}
    for i in range(len(data)):
        record = data.record(i)
        splits.setdefault(groups[record.figures[0].foreground][0], set()).add(record.split)
    assert sorted(map(sorted, splits.values())) == [["new_foreground"], ["train"]]
    assert data.classes == {1: "person"}


def write_yolo(folder: Path) -> Path:
    """Write two splits of pictures with their label files."""
    write_pictures(folder / "images", 2)
    star = " ".join(str(v / size) for v, size in zip(STAR, [SHAPE[1], SHAPE[0]] * 8, strict=True))
    for place, i in (("train", 0), ("val", 1)):
        (folder / "labels" / place).mkdir(parents=True)
        (folder / f"labels/{place}/pic{i}.txt").write_text(f"1 {star}\n0 0.5 0.5 0.2 0.3\n\n7 {star}\n0 what\n")
    (folder / "data.yaml").write_text(
        "path: /somewhere/else\ntrain: ../images/train\nval: [images/val]\nnames:\n  0: cat\n  1: star fish\n"
    )
    return folder / "data.yaml"


def test_labels_of_yolo_give_the_same_cutouts(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = write_yolo(tmp_path / "data")
    found = cutouts_of(yolo_labels(path, path.parent), path.parent, tmp_path / "out")
    assert found.cutouts == {"star fish": 2}
    assert found.set_aside == {
        "no outline, a box at most": 2,
        "its class is not listed": 2,
        "its label cannot be read": 2,
    }
    imported(tmp_path, [{"segmentation": [STAR]}], out="coco")
    assert np.array_equal(opened(tmp_path / "out/star fish/pic0-1.png"), opened(tmp_path / "coco/person/pic0-100.png"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("names: [a]\ntrain: /etc\n", "leads out"),
        ("names: [a]\ntrain: images/../../x\n", "leads out"),
        ("names: [a]\ntrain: nowhere\n", "no labelled pictures"),
        ("train: images/train\n", "no list of classes"),
        ("names: {a: b}\ntrain: images/train\n", "no whole number"),
        ("a: &a [*a]\nnames: !!python/object/apply:os.system [ls]\n", "cannot be read"),
        ("- 1\n", "is no table"),
        ("a: [", "cannot be read"),
    ],
)
def test_what_is_no_data_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = write_yolo(tmp_path)
    path.write_text(text)
    with pytest.raises(FigureGroundError, match=said):
        yolo_labels(path, tmp_path)


class TestResume(ResumeLaws):
    points = 8

    @pytest.fixture(autouse=True)
    def _pictures(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self.folder = tmp_path_factory.mktemp("pictures")
        write_pictures(self.folder)
        rows: list[dict[str, Any]]
        rows = [{"segmentation": [SQUARE]}, {"segmentation": [STAR], "image_id": 8}, {"segmentation": []}]
        write_coco(self.folder / "labels.json", rows)

    def run(self, out: Path) -> None:
        cutouts_of(coco_labels(self.folder / "labels.json"), self.folder, out)


def test_two_workers_give_the_same_bytes(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"segmentation": [SQUARE]}, {"segmentation": [STAR], "image_id": 8}]
    imported(tmp_path, rows)
    cutouts_of(coco_labels(tmp_path / "labels.json"), tmp_path / "pictures", tmp_path / "two", workers=2)
    assert tree(tmp_path / "two") == tree(tmp_path / "out")


def test_a_disc_of_run_lengths_is_cut_out_exactly(tmp_path: Path) -> None:
    coco_mask = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    mask = disc(160, 120, 50)
    counts = coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    imported(tmp_path, [{"segmentation": {"size": list(SHAPE), "counts": counts}}])
    cut = opened(tmp_path / "out/person/pic0-100.png")
    assert np.array_equal(cut[8:-8, 8:-8, 3] == 255, mask[70:171, 110:211])
