"""BlenderProc's frames become backgrounds with known depth, those of one scene in one split."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.imports.blenderproc import import_blenderproc
from tests.builders import scene_photo, small_recipe, write_photos
from tests.faults import ResumeLaws

h5py = pytest.importorskip("h5py", reason="h5py is not installed")


def depth_of(seed: int) -> NDArray[np.float32]:
    """Return metres, farther to the top, where nothing is hit at two pixels."""
    rows = np.mgrid[0:96, 0:120][0]
    found = (6.0 - 0.04 * rows + 0.1 * seed).astype(np.float32)
    found[0, :2] = 1e10, np.inf
    return found


def write_frame(path: Path, seed: int, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in {"colors": scene_photo(seed), "depth": depth_of(seed), **more}.items():
            if values is not None:
                file.create_dataset(name, data=values, compression="gzip")
        file["object_states"] = b"[]"


def test_pictures_and_depth_come_as_they_are(tmp_path: Path) -> None:
    write_frame(tmp_path / "frames/kitchen/0.hdf5", 3)
    found = import_blenderproc(tmp_path / "frames", tmp_path / "out")
    assert (found.frames, dict(found.set_aside)) == (1, {})
    with Image.open(tmp_path / "out/photos/kitchen/0.png") as picture:
        assert np.array_equal(np.asarray(picture), scene_photo(3))
    with Image.open(tmp_path / "out/depth/kitchen/0.png") as picture:
        codes = np.asarray(picture).astype(np.int64)
    assert codes[0, :2].tolist() == [0, 0]
    assert np.abs(codes[1:] / 1000 - depth_of(3)[1:]).max() <= 0.0005 + 1e-6


def test_a_dataset_is_built_on_them_with_metric_depth_and_a_scene_in_one_split(tmp_path: Path) -> None:
    for i in range(4):
        write_frame(tmp_path / f"frames/scene{i // 2}/{i}.hdf5", i)
    import_blenderproc(tmp_path / "frames", tmp_path / "bg")
    write_photos(tmp_path, 0, 1)
    recipe = small_recipe(
        tmp_path,
        backgrounds={"path": "bg/photos", "depth": "bg/depth", "depth_per_unit": 1000, "depth_invalid": 0},
        depth={"source": "layered"},
        split={"backgrounds": 0.5, "foregrounds": 0.0},
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    groups = {one.id: one.group for one in data.catalog.backgrounds}
    splits: dict[str, set[str]] = {}
    for i in range(len(data)):
        splits.setdefault(groups[data.record(i).background], set()).add(data.record(i).split)
    assert sorted(map(sorted, splits.values())) == [["new_background"], ["train"]]
    assert data.record(0).depths["depth"].unit == "m"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"depth": None}, "it has no depth"),
        ({"colors": None}, "it has no colors"),
        ({"colors": np.zeros((2, 96, 120, 3), np.uint8)}, "its colors are no picture"),
        ({"colors": np.zeros((96, 120, 3), np.float32)}, "its colors are no picture"),
        ({"depth": np.zeros((96, 121), np.float32)}, "its depth is none of its picture"),
        ({"depth": np.zeros((96, 120), np.uint16)}, "its depth is none of its picture"),
    ],
)
def test_what_is_no_frame_is_set_aside(tmp_path: Path, more: dict[str, Any], reason: str) -> None:
    write_frame(tmp_path / "frames/0.hdf5", 0)
    write_frame(tmp_path / "frames/1.hdf5", 1, **more)
    found = import_blenderproc(tmp_path / "frames", tmp_path / "out")
    assert (found.frames, dict(found.set_aside)) == (1, {reason: 1})
    with (tmp_path / "out/set-aside.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["1.hdf5"]


def test_values_of_other_files_are_not_read(tmp_path: Path) -> None:
    write_frame(tmp_path / "secret.hdf5", 5)
    write_frame(tmp_path / "frames/0.hdf5", 0)
    (tmp_path / "frames/linked.hdf5").symlink_to(tmp_path / "secret.hdf5")
    (tmp_path / "frames/text.hdf5").write_text("none")
    with h5py.File(tmp_path / "frames/external.hdf5", "w") as file:
        file["colors"] = scene_photo(0)
        file["depth"] = h5py.ExternalLink(str(tmp_path / "secret.hdf5"), "/depth")
    with h5py.File(tmp_path / "frames/raw.hdf5", "w") as file:
        file["colors"] = scene_photo(0)
        place = [(str(tmp_path / "secret.hdf5"), 0, 96 * 120 * 4)]
        file.create_dataset("depth", (96, 120), np.float32, external=place)
    layout = h5py.VirtualLayout((96, 120), np.float32)
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.hdf5"), "depth", (96, 120))
    with h5py.File(tmp_path / "frames/virtual.hdf5", "w") as file:
        file["colors"] = scene_photo(0)
        file.create_virtual_dataset("depth", layout)
    with h5py.File(tmp_path / "frames/huge.hdf5", "w") as file:
        file["colors"] = scene_photo(0)
        file.create_dataset("depth", (10**6, 10**6), np.float32, chunks=(100, 100), compression="gzip")
    found = import_blenderproc(tmp_path / "frames", tmp_path / "out")
    assert found.frames == 1
    assert dict(found.set_aside) == {
        "it has no depth": 1,
        "it takes its values from other files": 2,
        "it is larger than any picture": 1,
        "it cannot be read": 1,
    }


def test_a_folder_without_frames_and_one_in_use_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FigureGroundError, match=r"no \.hdf5"):
        import_blenderproc(tmp_path / "empty", tmp_path / "out")
    write_frame(tmp_path / "frames/0.hdf5", 0, depth=None)
    with pytest.raises(FigureGroundError, match="in use"):
        import_blenderproc(tmp_path / "frames", tmp_path / "frames")
    with pytest.raises(FigureGroundError, match="no frame could be used"):
        import_blenderproc(tmp_path / "frames", tmp_path / "out")


class TestResume(ResumeLaws):
    points = 8

    @pytest.fixture(autouse=True)
    def _frames(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self.folder = tmp_path_factory.mktemp("frames")
        write_frame(self.folder / "room/0.hdf5", 0)
        write_frame(self.folder / "room/1.hdf5", 1, depth=None)

    def run(self, out: Path) -> None:
        import_blenderproc(self.folder, out)
