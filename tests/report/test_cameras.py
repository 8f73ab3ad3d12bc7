"""The report's line about cameras."""

import dataclasses
from pathlib import Path

from figureground import Catalog, build, open_dataset
from figureground.core.camera import UNKNOWN
from figureground.report.cameras import camera_line
from tests.builders import ground_recipe, small_recipe, write_floor_photos, write_photos


def test_the_page_counts_where_cameras_are_from(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    data = open_dataset(build(ground_recipe(tmp_path), tmp_path / "out"))
    line = camera_line(data.catalog)
    assert line == (
        "focal length 3 given; principal point 3 assumed; height 3 given; pitch 3 given; roll 3 given; horizon 3 given"
    )
    assert f"by background: {line}." in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    first, second, third = data.catalog.backgrounds
    exif = dataclasses.replace(second, camera=dataclasses.replace(second.camera, focal_from="exif"))
    old = dataclasses.replace(third, camera=UNKNOWN)
    assert camera_line(Catalog((first, exif, old), ())).startswith(
        "focal length 1 given, 1 from EXIF; principal point 2 "
    )
    assert camera_line(Catalog((old,), ())) == ""


def test_without_depth_all_is_assumed(tmp_path: Path) -> None:
    write_photos(tmp_path)
    data = open_dataset(build(small_recipe(tmp_path), tmp_path / "out"))
    assert camera_line(data.catalog).count("3 assumed") == 6
