import csv
import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, export, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import ImageOptions
from figureground.dataset.stored import Dataset
from figureground.formats.layout2020 import JPEG_2020, filled
from figureground.samples import codec, stats
from tests.builders import ground_recipe, small_recipe, standing_cutout, write_floor_photos, write_photos

BACKGROUNDS, PEOPLE, POSITIONS, ZIPS = 3, 7, 2, 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, BACKGROUNDS, PEOPLE)
    for i in range(PEOPLE):  # nobody whom a frame cut off at a side: twins of those have places of their own
        Image.fromarray(standing_cutout(i)).save(folder / f"people/person{i}.png")
    recipe = small_recipe(folder, depth={"source": "layered"}, backgrounds={"depth": "depth"}, parts={"size": 11})
    return open_dataset(build(recipe, folder / "out"))


def expected_lines(mask: str, depth: str) -> list[str]:
    """The numbering rule, written as the loops of the rule."""
    lines = []
    number = 1
    for p in range(1, ZIPS + 1):
        for background in range(1, BACKGROUNDS + 1):
            for foreground in range((p - 1) * PEOPLE // ZIPS + 1, p * PEOPLE // ZIPS + 1):
                for _ in range(2 * POSITIONS):
                    lines.append(
                        f"Foreground/fg{foreground}.png\tBackground/bg{background}.jpg\t"
                        f"data_{p}/Fg-Bg/fg-bg{number}.jpg\tdata_{p}/Fg-Bg-Mask/fg-bg-mask{number}.{mask}\t"
                        f"data_{p}/Depth/depth{number}.{depth}"
                    )
                    number += 1
    return lines


@pytest.mark.parametrize(
    ("mask", "depth", "suffixes"), [("png", "stored", ("png", "png")), ("jpeg", "jpeg8", ("jpg", "jpg"))]
)
def test_labels_follow_the_numbering_rule_and_every_path_exists(
    data: Dataset, tmp_path: Path, mask: str, depth: str, suffixes: tuple[str, str]
) -> None:
    export(data, "2020", tmp_path / "zips", parts=ZIPS, mask=mask, depth=depth)
    lines = (tmp_path / "zips/labels.txt").read_text().splitlines()
    assert lines == expected_lines(*suffixes)
    held: set[str] = set()
    for p in range(1, ZIPS + 1):
        with zipfile.ZipFile(tmp_path / f"zips/data_part{p}.zip") as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            assert all(name.startswith(f"data_{p}/") for name in names)
            held |= set(names)
    for line in lines:
        foreground, background, *inside = line.split("\t")
        assert (tmp_path / "zips" / foreground).is_file()
        assert (tmp_path / "zips" / background).is_file()
        assert set(inside) <= held
    assert len(held) == 3 * len(data)
    suffix = suffixes[0]
    assert len(list((tmp_path / "zips/Mask").glob(f"mask*.{suffix}"))) == PEOPLE


def test_members_are_copied_and_twins_follow_each_other(data: Dataset, tmp_path: Path) -> None:
    export(data, "2020", tmp_path / "zips", parts=ZIPS, mask="png", depth="stored")
    stored = {}
    for i in range(len(data)):
        record = data.record(i)
        stored[data.members(i)["image"]] = (record, data.members(i))
    lines = [line.split("\t") for line in (tmp_path / "zips/labels.txt").read_text().splitlines()]
    before: Any = None
    for k, (foreground, background, image, mask, depth) in enumerate(lines):
        with zipfile.ZipFile(tmp_path / f"zips/data_part{image[5]}.zip") as archive:
            record, members = stored[archive.read(image)]
            assert archive.read(mask) == members["mask"]
            assert archive.read(depth) == members["depth"]
        assert record.background == f"bg{int(background[13:-4]):03d}"
        assert record.figures[0].foreground == f"fg{int(foreground[13:-4]):03d}"
        assert record.mirrored is bool(k % 2)
        if k % 2:
            assert (before.position, before.figures[0].x) == (record.position, record.figures[0].x)
        before = record


def test_depth_says_its_meaning_in_the_export_too(data: Dataset, tmp_path: Path) -> None:
    """The 2020 form of depth, with depth.csv, gives metres back to within JPEG's error."""
    export(data, "2020", tmp_path / "zips", parts=1, mask="jpeg", depth="jpeg8")
    rows = list(csv.DictReader((tmp_path / "zips/depth.csv").read_text().splitlines()))
    assert len(rows) == len(data)
    with zipfile.ZipFile(tmp_path / "zips/data_part1.zip") as archive:
        for i in (0, 5, 40):  # with one zip, export order is the dataset's own
            row, depth = rows[i], data[i].depth
            assert depth is not None
            codes = np.asarray(Image.open(io.BytesIO(archive.read(row["depth"])))).astype(float)
            assert (row["depth_unit"], row["depth_direction"], row["depth_invalid"]) == ("m", "larger is farther", "")
            metres = float(row["depth_offset"]) + float(row["depth_scale"]) * codes
            assert np.abs(metres - depth.values).mean() < 0.15
            assert (codes.min(), codes.max()) == (pytest.approx(0, abs=25), pytest.approx(255, abs=25))


def test_composites_are_jpeg_there_whatever_they_are_stored_as(data: Dataset, tmp_path: Path) -> None:
    recipe = dataclasses.replace(data.recipe, image=ImageOptions(format="webp"))
    lossless = open_dataset(build(recipe, tmp_path / "lossless"))
    for source, name in ((data, "jpeg"), (lossless, "webp")):
        export(source, "2020", tmp_path / name, parts=1)
    with (
        zipfile.ZipFile(tmp_path / "jpeg/data_part1.zip") as copied,
        zipfile.ZipFile(tmp_path / "webp/data_part1.zip") as coded,
    ):
        assert copied.namelist() == coded.namelist()
        for i in (0, 7):
            member = f"data_1/Fg-Bg/fg-bg{i + 1}.jpg"
            assert copied.read(member) == data.members(i)["image"]
            assert coded.read(member) == codec.jpeg(lossless[i].image, JPEG_2020)


def test_jpeg_masks_are_the_masks(data: Dataset, tmp_path: Path) -> None:
    export(data, "2020", tmp_path / "zips", parts=1, mask="jpeg", depth="stored")
    with zipfile.ZipFile(tmp_path / "zips/data_part1.zip") as archive:
        for i in range(0, len(data), 9):
            grey = np.asarray(Image.open(io.BytesIO(archive.read(f"data_1/Fg-Bg-Mask/fg-bg-mask{i + 1}.jpg"))))
            mask = data[i].mask
            assert mask is not None
            assert ((grey >= 128) == mask).mean() > 0.99


def test_subsets_keep_the_rule_with_gaps(tmp_path: Path) -> None:
    write_photos(tmp_path, 3, 4)
    recipe = small_recipe(tmp_path, placement={"per_pair": 3, "samples": 29})
    data = open_dataset(build(recipe, tmp_path / "out"))
    export(data, "2020", tmp_path / "zips", parts=2, mask="png", depth="stored")
    rows = [line.split("\t") for line in (tmp_path / "zips/labels.txt").read_text().splitlines()]
    assert len(rows) == 29
    order = [(row[2].split("/")[0], int(row[1][13:-4]), int(row[0][13:-4])) for row in rows]
    assert order == sorted(order)
    assert [int(row[2].split("fg-bg")[1][:-4]) for row in rows] == list(range(1, 30))
    assert all(row[4] == "" for row in rows)  # no depth in this dataset


def test_wrong_options_are_refused(data: Dataset, tmp_path: Path) -> None:
    for parts, mask, depth, what in (
        (1, "gif", "stored", "unknown mask"),
        (1, "png", "x", "unknown depth"),
        (9, "png", "stored", "9 zips"),
    ):
        with pytest.raises(FigureGroundError, match=what):
            export(data, "2020", tmp_path / "zips", parts=parts, mask=mask, depth=depth)
    (tmp_path / "used").mkdir()
    (tmp_path / "used/x").write_text("mine")
    with pytest.raises(FigureGroundError, match="in use"):
        export(data, "2020", tmp_path / "used", parts=1)


def zips_of(folder: Path) -> list[int]:
    """Return how many members each zip has."""
    return [len(zipfile.ZipFile(path).namelist()) for path in sorted(folder.glob("data_part*.zip"))]


@pytest.mark.parametrize(("people", "samples", "zips"), [(1, "all", 1), (2, "all", 2), (7, "all", 5), (7, 8, None)])
def test_there_are_as_many_zips_as_can_be_filled(
    tmp_path: Path, people: int, samples: int | str, zips: int | None
) -> None:
    write_photos(tmp_path, 1, people)
    recipe = small_recipe(tmp_path, placement={"samples": samples, "per_pair": 2})
    data = open_dataset(build(recipe, tmp_path / "out"))
    export(data, "2020", tmp_path / "zips")
    counts = zips_of(tmp_path / "zips")
    assert all(counts)
    assert sum(counts) == 2 * len(data)
    if zips is not None:
        assert len(counts) == zips
        with pytest.raises(FigureGroundError) as caught:
            export(data, "2020", tmp_path / "more", parts=people + 1)
        assert f"--parts {people}, or leave it out" in caught.value.remedy
        assert not (tmp_path / "more").exists()


@pytest.mark.parametrize("parts", [0, -3])
def test_no_zips_are_refused(data: Dataset, tmp_path: Path, parts: int) -> None:
    with pytest.raises(FigureGroundError, match="cannot be filled"):
        export(data, "2020", tmp_path / "zips", parts=parts)


def test_no_zip_is_left_without_samples() -> None:
    """Of six foregrounds the first four are used: four zips would leave the last empty, and so would three."""
    rows = np.array([[0, foreground, 0, 0] for foreground in range(4)])
    assert filled(rows, 6, None) == 2
    assert filled(rows, 6, 1) == 1
    for zips in (3, 4, 5, 6):
        with pytest.raises(FigureGroundError, match="cannot be filled") as caught:
            filled(rows, 6, zips)
        assert caught.value.remedy == "--parts 2, or leave it out"


@pytest.mark.parametrize(
    ("sections", "what"),
    [
        ({"placement": {"figures": [2, 3]}}, "knows one figure a sample, and this one has [23]"),
        ({"placement": {"figures": [0, 1]}}, "knows one figure a sample, and this one has none"),
    ],
)
def test_other_than_one_figure_is_refused(tmp_path: Path, sections: dict[str, Any], what: str) -> None:
    write_photos(tmp_path)
    data = open_dataset(build(small_recipe(tmp_path, split={"foregrounds": 0.0}, **sections), tmp_path / "out"))
    with pytest.raises(FigureGroundError, match=what):
        export(data, "2020", tmp_path / "zips")


def test_stand_ins_are_refused_by_name(tmp_path: Path) -> None:
    """Somebody of half a metre is nowhere as tall as is asked for."""
    write_floor_photos(tmp_path)
    tall = {"height": [0.5, 0.8]}
    sources = [
        {"path": "people/person0.png", "real_height": [0.3, 0.3], **tall},
        {"path": "people/person[1-9].png", **tall},
    ]
    recipe = ground_recipe(tmp_path, foregrounds=sources, placement={"min_visible": 0.9}, split={"foregrounds": 0.0})
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert any(data.record(i).turn_foreground for i in range(len(data)))
    with pytest.raises(FigureGroundError, match="another photo stands in"):
        export(data, "2020", tmp_path / "zips")
    total = stats.total(stats.by_split_from_json(data.statistics["accumulated_by_split"]).values())
    assert total.stood_in["foreground"] == sum(bool(data.record(i).turn_foreground) for i in range(len(data)))
    assert all(check["passed"] for check in data.statistics["checks"])  # each had its turn
    assert b"the next one of its split stands in" in (tmp_path / "out/report.html").read_bytes()
