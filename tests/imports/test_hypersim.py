"""Hypersim's scenes become backgrounds with planar depth, those of one scene in one group."""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground import build, open_dataset
from figureground.cli import main
from figureground.core.errors import FigureGroundError
from figureground.imports.hypersim import import_hypersim, planar
from tests.builders import scene_photo, small_recipe, write_photos
from tests.faults import ResumeLaws

h5py = pytest.importorskip("h5py", reason="h5py is not installed")
SHAPE = (96, 128)
HALF_WIDTH = math.tan(math.radians(30))  # of the plane 1 m away: the field of view is 60 degrees across


def wall(metres: float) -> NDArray[np.float64]:
    """Return distances along the ray to a wall across the view."""
    height, width = SHAPE
    y, x = np.mgrid[0:height, 0:width] + 0.5
    across, down = (x / (width / 2) - 1) * HALF_WIDTH, (y - height / 2) / (width / 2) * HALF_WIDTH
    return metres * np.sqrt(1 + across**2 + down**2)


def write_frame(scene: Path, camera: str, number: int, metres: float, kind: str = "tonemap", **more: Any) -> None:
    preview, geometry = (scene / f"images/scene_{camera}_{name}" for name in ("final_preview", "geometry_hdf5"))
    for folder in (preview, geometry):
        folder.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    Image.fromarray(scene_photo(number, *SHAPE)).save(out, "JPEG")
    (preview / f"frame.{number:04}.{kind}.jpg").write_bytes(more.get("picture", out.getvalue()))
    values = more.get("depth", wall(metres).astype(np.float16))
    if values is not None:
        with h5py.File(geometry / f"frame.{number:04}.depth_meters.hdf5", "w") as file:
            file.create_dataset("dataset", data=values)


def test_distances_become_planar_metres() -> None:
    found = planar(wall(3).astype(np.float32))
    assert np.abs(found - 3).max() < 1e-5
    assert wall(3).max() > 3.6  # as they are, the corners would be 0.7 m off


def test_pictures_come_as_they_are_and_depth_as_millimetres(tmp_path: Path) -> None:
    scene = tmp_path / "all/ai_001_001"
    hole = wall(2).astype(np.float16)
    hole[0, 0] = np.nan
    write_frame(scene, "cam_00", 0, 2, depth=hole)
    write_frame(scene, "cam_00", 0, 2, "color", depth=hole, picture=b"darker")
    write_frame(scene, "cam_01", 0, 4, "color")  # the same number, another camera
    (scene / "images/scene_cam_00_final_preview/frame.0000.gamma.jpg").write_bytes(b"another view of it")
    found = import_hypersim(tmp_path / "all", tmp_path / "out")
    assert (found.frames, dict(found.set_aside)) == (2, {})
    for camera, metres, kind in (("cam_00", 2, "tonemap"), ("cam_01", 4, "color")):
        name = f"ai_001_001/scene_{camera}/frame_0000"
        source = scene / f"images/scene_{camera}_final_preview/frame.0000.{kind}.jpg"
        assert (tmp_path / f"out/photos/{name}.jpg").read_bytes() == source.read_bytes()
        with Image.open(tmp_path / f"out/depth/{name}.png") as picture:
            codes = np.asarray(picture).astype(np.int64)
        assert codes[0, 0] == (0 if camera == "cam_00" else 4000)
        assert np.abs(codes.ravel()[1:] - 1000 * metres).max() <= 1000 * metres * 2**-10
    with (tmp_path / "out/photos/credits.csv").open(newline="") as file:
        assert {row["group"] for row in csv.DictReader(file)} == {"ai_001_001"}


def test_a_dataset_is_built_on_them(tmp_path: Path) -> None:
    for number in range(2):
        write_frame(tmp_path / f"all/ai_001_00{number}", "cam_00", 5 + number, 3)
    import_hypersim(tmp_path / "all", tmp_path / "bg")
    write_photos(tmp_path, 0, 1)
    recipe = small_recipe(
        tmp_path,
        backgrounds={"path": "bg/photos", "depth": "bg/depth", "depth_per_unit": 1000, "depth_invalid": 0},
        depth={"source": "layered"},
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert len(data.catalog.backgrounds) == 2
    behind = data[0].background_depth
    assert behind is not None
    assert (behind.unit, behind.direction) == ("m", "larger is farther")
    assert np.nanmax(np.abs(behind.values - 3)) < 0.005


@pytest.mark.usefixtures("one_core")
def test_the_command_ends_with_the_lines_for_a_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_frame(tmp_path / "all/ai_001_001", "cam_00", 0, 3)
    write_frame(tmp_path / "all/ai_001_001", "cam_00", 1, 3, depth=None)
    with pytest.raises(SystemExit) as caught:
        main(["import", "hypersim", str(tmp_path / "all"), str(tmp_path / "out"), "--json"])
    assert not caught.value.code
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["set_aside"]) == (1, {"it has no depth": 1})
    assert tomllib.loads(told["recipe"])["backgrounds"][0]["depth"].endswith("out/depth")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"depth": None}, "it has no depth"),
        ({"depth": np.zeros((96, 128, 3), np.float32)}, "its depth is no map"),
        ({"depth": np.zeros((96, 128), np.uint16)}, "its depth is no map"),
        ({"depth": np.zeros((95, 128), np.float32)}, "its sides are not Hypersim's"),
        ({"picture": b"none"}, "it is no picture"),
    ],
)
def test_what_is_no_frame_is_set_aside(tmp_path: Path, more: dict[str, Any], reason: str) -> None:
    write_frame(tmp_path / "all/ai_001_001", "cam_00", 0, 3)
    write_frame(tmp_path / "all/ai_001_001", "cam_00", 1, 3, **more)
    found = import_hypersim(tmp_path / "all", tmp_path / "out")
    assert (found.frames, dict(found.set_aside)) == (1, {reason: 1})


def test_links_are_not_followed_and_other_folders_are_told_what_to_do(tmp_path: Path) -> None:
    write_frame(tmp_path / "all/ai_001_001", "cam_00", 0, 3)
    depth = tmp_path / "all/ai_001_001/images/scene_cam_00_geometry_hdf5/frame.0000.depth_meters.hdf5"
    depth.rename(tmp_path / "secret.hdf5")
    with h5py.File(depth, "w") as file:
        file["dataset"] = h5py.ExternalLink(str(tmp_path / "secret.hdf5"), "/dataset")
    with pytest.raises(FigureGroundError, match="no frame could be used"):
        import_hypersim(tmp_path / "all", tmp_path / "out")
    (tmp_path / "other/rgb").mkdir(parents=True)
    with pytest.raises(FigureGroundError, match="final_preview") as caught:
        import_hypersim(tmp_path / "other", tmp_path / "out")
    assert "backgrounds.depth" in caught.value.remedy


class TestResume(ResumeLaws):
    points = 8

    @pytest.fixture(autouse=True)
    def _frames(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self.folder = tmp_path_factory.mktemp("scenes")
        write_frame(self.folder / "ai_001_001", "cam_00", 0, 3)
        write_frame(self.folder / "ai_001_001", "cam_00", 1, 3, depth=None)

    def run(self, out: Path) -> None:
        import_hypersim(self.folder, out)
