"""COCO as pycocotools reads it, and panoptic pictures by the rule of their colours."""

import collections
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, export, open_dataset
from figureground.core.nouns import Mask
from figureground.core.record import SPLITS
from figureground.dataset.stored import Dataset
from figureground.formats import coco, figures
from figureground.formats.choice import Choice
from figureground.formats.figures import Shown
from figureground.formats.json_rows import write_object
from figureground.image.colourmap import LABELS
from tests.builders import small_recipe, write_photos
from tests.faults import ResumeLaws

tools = pytest.importorskip("pycocotools.coco", reason="pycocotools, which reads COCO, is not installed")
cocoeval = pytest.importorskip("pycocotools.cocoeval")
masks = pytest.importorskip("pycocotools.mask")


@pytest.fixture(scope="module")
def folder(varied: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("coco") / "out"
    assert export(varied, "coco", out, amodal=True, panoptic=True) == len(varied)
    return out


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Figures before each other."""
    folder = tmp_path_factory.mktemp("crowded")
    write_photos(folder, 1, 3)
    placement = {"figures": [4, 4], "min_visible": 0.3, "overlap": 0.7, "mirror": "none"}
    recipe = small_recipe(folder, size=[96, 64], foregrounds={"height": [0.7, 0.9]}, placement=placement)
    return open_dataset(build(recipe, folder / "out"))


def opened(folder: Path, kind: str, split: str) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return tools.COCO(folder / f"annotations/{kind}_{split}.json")


def expected(varied: Dataset, split: str) -> dict[int, int]:
    """Return the sample that each picture's id should be of."""
    return {i + 1: i for i in range(len(varied)) if varied.split(i) == split}


def own(coco: Any, image: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = coco.loadAnns(coco.getAnnIds(imgIds=image))
    return found


@pytest.mark.parametrize("split", SPLITS)
def test_masks_boxes_and_classes_are_those_of_the_samples(folder: Path, varied: Dataset, split: str) -> None:
    coco = opened(folder, "instances", split)
    assert list(coco.imgs) == list(expected(varied, split))
    assert {one["id"]: one["name"] for one in coco.cats.values()} == varied.classes
    for image, i in expected(varied, split).items():
        sample, about = varied[i], coco.imgs[image]
        assert (folder / split / about["file_name"]).read_bytes() == varied.members(i)["image"]
        assert (about["height"], about["width"]) == sample.image.shape[:2] == (64, 96)
        assert (about["key"], about["index"], about["split"]) == (sample.record.key, i, split)
        assert (about["background"], about["plausibility"]) == (sample.record.background, sample.record.plausibility)
        seen = [k for k, figure in enumerate(sample.record.figures) if figure.area]
        for k, one in zip(seen, own(coco, image), strict=True):
            figure = sample.record.figures[k]
            assert (coco.annToMask(one) == sample.figure_mask(k)).all()
            coded = masks.encode(np.asfortranarray(sample.figure_mask(k).astype(np.uint8)))
            assert one["segmentation"] == {"size": [64, 96], "counts": coded["counts"].decode()}
            assert figure.box is not None
            x0, y0, x1, y1 = figure.box
            assert one["bbox"] == [x0, y0, x1 - x0, y1 - y0] == masks.toBbox(coded).tolist()
            assert (one["area"], one["iscrowd"], one["category_id"]) == (figure.area, 0, figure.class_id)
            assert (one["foreground"], one["visible_fraction"]) == (figure.foreground, figure.visible_fraction)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_truth_scores_one_against_itself(folder: Path, kind: str) -> None:
    truth = opened(folder, "instances", "train")
    fields = ("image_id", "category_id", "segmentation", "bbox")
    results = [{**{name: one[name] for name in fields}, "score": 1.0} for one in truth.anns.values()]
    assert len(results) > 10
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = cocoeval.COCOeval(truth, truth.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)


def test_ids_are_of_one_figure_in_all_files(folder: Path, varied: Dataset) -> None:
    ids: collections.Counter[int] = collections.Counter()
    for split in SPLITS:
        coco, whole = opened(folder, "instances", split), opened(folder, "amodal", split)
        ids.update(coco.anns.keys())
        for number, one in coco.anns.items():
            assert (one["image_id"], one["foreground"]) == (
                whole.anns[number]["image_id"],
                whole.anns[number]["foreground"],
            )
    assert min(ids) == 1
    assert set(ids.values()) == {1}
    assert len(ids) == sum(figure.area > 0 for i in range(len(varied)) for figure in varied.record(i).figures)


def test_amodal_annotations_are_whole_masks(crowded: Dataset, tmp_path: Path) -> None:
    export(crowded, "coco", tmp_path / "out", amodal=True)
    coco, hidden = opened(tmp_path / "out", "amodal", "train"), 0
    for i in range(len(crowded)):
        sample, found = crowded[i], own(coco, i + 1)
        assert sorted(one["order"] for one in found) == list(range(1, len(sample.record.figures) + 1))
        for k, one in enumerate(found):
            whole, seen = sample.whole_mask(k), sample.figure_mask(k)
            assert (coco.annToMask(one) == whole).all()
            assert (one["area"], one["visible_area"]) == (whole.sum(), seen.sum())
            assert one["bbox"] == masks.toBbox(one["segmentation"]).tolist()
            assert one["occlude_rate"] == pytest.approx(1 - seen.sum() / whole.sum(), abs=1e-6)
            assert ("visible_mask" in one) == ("invisible_mask" in one) == bool((whole != seen).any())
            if "visible_mask" in one:
                hidden += 1
                gone = whole & ~seen
                assert (masks.decode(one["visible_mask"]) == seen).all()
                assert (masks.decode(one["invisible_mask"]) == gone).all()
                assert one["visible_bbox"] == masks.toBbox(one["visible_mask"]).tolist()
                nearer = [n for n, other in enumerate(found) if other["order"] < one["order"]]
                assert (gone <= np.any([sample.figure_mask(n) for n in nearer], 0)).all(), "nearer ones hide it"
    assert hidden > 1


@pytest.mark.parametrize("split", SPLITS)
def test_panoptic_pictures_show_each_pixels_segment(folder: Path, varied: Dataset, split: str) -> None:
    found = json.loads((folder / f"annotations/panoptic_{split}.json").read_bytes())
    things = {one["id"]: one["name"] for one in found["categories"] if one["isthing"]}
    (ground,) = (one["id"] for one in found["categories"] if not one["isthing"])
    assert things == varied.classes
    assert [one["image_id"] for one in found["annotations"]] == [one["id"] for one in found["images"]]
    for one, (image, i) in zip(found["annotations"], expected(varied, split).items(), strict=True):
        assert one["image_id"] == image
        with Image.open(folder / f"panoptic_{split}" / one["file_name"]) as picture:
            colours = np.asarray(picture).astype(int)
        number = colours @ [1, 256, 65536]
        sample = varied[i]
        assert set(np.unique(number)) == {segment["id"] for segment in one["segments_info"]}
        categories = [segment["category_id"] for segment in one["segments_info"]]
        assert categories == [f.class_id for f in sample.record.figures if f.area] + [ground]
        assert sample.mask is not None
        seen: list[Mask] = [sample.figure_mask(k) for k, f in enumerate(sample.record.figures) if f.area]
        for segment, mask in zip(one["segments_info"], [*seen, ~sample.mask], strict=True):
            assert ((number == segment["id"]) == mask).all()
            assert segment["area"] == mask.sum()
            y, x = np.nonzero(mask)
            x0, y0, width, height = segment["bbox"]
            assert (x0, y0, x0 + width - 1, y0 + height - 1) == (x.min(), y.min(), x.max(), y.max())


def test_no_two_segments_have_one_colour() -> None:
    colours = [coco.GROUND, *LABELS[1:]]
    assert len({coco.segment_id(colour) for colour in colours} | {0}) == len(colours) + 1


def test_options_add_files_and_change_none(folder: Path, varied: Dataset, tmp_path: Path) -> None:
    export(varied, "coco", tmp_path / "out")
    for path in sorted((tmp_path / "out").rglob("*.*")):
        name = path.relative_to(tmp_path / "out")
        assert not {"amodal", "panoptic"} & set(path.stem.split("_")), name
        assert path.name == "export.json" or path.read_bytes() == (folder / name).read_bytes(), name


def test_killed_anywhere_it_goes_on_to_the_same_bytes_with_all_its_files(single: Dataset, tmp_path: Path) -> None:
    class WithAll(ResumeLaws):
        points = 5

        def run(self, out: Path) -> None:
            few = Choice(where=("index < 3",))
            export(single.path, "coco", out, choice=few, amodal=True, panoptic=True)

    WithAll().test_killed_anywhere_it_goes_on_to_the_same_bytes(tmp_path)


def test_of_whom_nothing_is_seen_is_in_the_amodal_file_alone(
    single: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behind(dataset: Dataset, i: int) -> list[Shown]:
        return [Shown(one.record, one.visible & False, one.visible) for one in figures.figures_of(dataset, i)]

    monkeypatch.setattr(coco, "figures_of", behind)
    export(single, "coco", tmp_path / "out", amodal=True, panoptic=True)
    assert not opened(tmp_path / "out", "instances", "train").anns
    whole = opened(tmp_path / "out", "amodal", "train")
    assert len(whole.anns) == len(single)
    for one in whole.anns.values():
        assert (one["occlude_rate"], one["visible_area"], one["visible_bbox"]) == (1, 0, [0, 0, 0, 0])
        assert not masks.decode(one["visible_mask"]).any()
    found = json.loads((tmp_path / "out/annotations/panoptic_train.json").read_bytes())
    assert {len(one["segments_info"]) for one in found["annotations"]} == {1}


def test_rows_are_written_as_they_come() -> None:
    out = io.BytesIO()
    behind = []

    def rows(name: str) -> Iterator[dict[str, Any]]:
        for k in range(5):
            behind.append(k - out.getvalue().count(f'"{name}":'.encode()))
            yield {name: k}

    write_object(out, {"info": {"é": 1}, "none": []}, {"a": rows("x"), "b": rows("y"), "c": []})
    assert behind == [0] * 10
    assert json.loads(out.getvalue()) == {
        "info": {"é": 1},
        "none": [],
        "a": [{"x": k} for k in range(5)],
        "b": [{"y": k} for k in range(5)],
        "c": [],
    }
