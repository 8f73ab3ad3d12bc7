"""Samples as clouds of points: exact where the room was drawn, and refused where there are no metres."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import Dataset, FigureGroundError, Sample, VirtualDataset, build, open_dataset
from figureground.core.camera import UNKNOWN
from figureground.core.nouns import DepthMap
from figureground.drawn import LABELS, Rendering, render_room
from figureground.geometry.intrinsics import projected
from figureground.image import png
from tests.builders import NO_LOOK, ground_recipe, small_recipe, standing_cutout, write_photos

SIZE = 96


@pytest.fixture(scope="module")
def room() -> Rendering:
    return render_room(3, SIZE)


@pytest.fixture(scope="module")
def out(room: Rendering, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of a drawn room, with its exact depth and its camera's focal length."""
    folder = tmp_path_factory.mktemp("drawn")
    for name in ("rooms", "people", "depth"):
        (folder / name).mkdir()
    Image.fromarray(room.rgb).save(folder / "rooms/room.png")
    (folder / "depth/room.png").write_bytes(png.encode(np.rint(1000 * room.depth_m).astype(np.uint16)))
    for i in range(2):
        Image.fromarray(standing_cutout(i)).save(folder / f"people/p{i}.png")
    return build(ground_recipe(folder, depth={"focal": room.camera.focal}, look=NO_LOOK), folder / "out")


@pytest.fixture(params=[False, True], ids=["stored", "virtual"])
def data(request: pytest.FixtureRequest, out: Path) -> Dataset | VirtualDataset:
    return open_dataset(out, virtual=True) if request.param else open_dataset(out)


def test_the_camera_is_the_one_that_drew_the_room(data: Dataset | VirtualDataset, room: Rendering) -> None:
    camera, drawn = data[0].record.camera, room.camera
    assert camera.fx == camera.fy == pytest.approx(drawn.focal * SIZE, abs=1e-3)
    assert camera.height_m == pytest.approx(drawn.eye[1], rel=0.01)
    assert camera.pitch_deg == pytest.approx(drawn.pitch_deg, abs=0.4)
    right, up, forward = drawn.basis
    np.testing.assert_allclose(camera.down, [-right[1], up[1], -forward[1]], atol=0.01)
    assert camera.horizon_y == pytest.approx(float(drawn.horizon_y(SIZE / 2, SIZE)), abs=0.5)
    for sample in data:
        assert sample.record.camera == camera


def test_projecting_points_gives_their_pixels_back(data: Dataset | VirtualDataset) -> None:
    sample = data[1]
    xyz, rgb = sample.points()
    assert sample.depth is not None
    assert xyz.shape == rgb.shape == (SIZE * SIZE, 3)
    assert xyz.dtype == np.float64
    assert rgb.dtype == np.uint8
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    np.testing.assert_allclose(projected(xyz, sample.intrinsics), np.stack([x.ravel(), y.ravel()], -1), atol=1e-9)
    np.testing.assert_array_equal(xyz[:, 2], sample.depth.values.ravel().astype(np.float64))
    np.testing.assert_array_equal(rgb, sample.image.reshape(-1, 3))


def test_the_floor_lies_flat_and_walls_are_upright(data: Dataset | VirtualDataset, room: Rendering) -> None:
    sample = data[0]
    assert sample.mask is not None
    camera, points = sample.record.camera, sample.points().xyz.reshape(SIZE, SIZE, 3)
    seen = {name: points[(room.labels == LABELS[name]) & ~sample.mask] for name in ("floor", "wall", "ceiling")}
    below = seen["floor"] @ camera.down
    assert len(below) > 200
    assert np.abs(below - camera.height_m).max() < 0.03
    above = seen["ceiling"] @ camera.down
    assert not above.size or np.ptp(above) < 0.06
    # a room's walls are two families of planes at right angles: their normals, from neighbours, lie level
    wall = (room.labels == LABELS["wall"]) & ~sample.mask
    whole = wall[:-2, :-2] & wall[2:, :-2] & wall[:-2, 2:]
    normals = np.cross(points[:-2, 2:] - points[:-2, :-2], points[2:, :-2] - points[:-2, :-2])[whole]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert len(normals) > 200
    assert np.quantile(np.abs(normals @ camera.down), 0.8) < 0.05


def test_a_figure_stands_on_the_floor_as_tall_as_it_is(data: Dataset | VirtualDataset) -> None:
    tall = 0
    for sample in data:
        figure, camera = sample.record.figures[0], sample.record.camera
        assert sample.mask is not None
        if figure.visible_fraction < 0.999 or figure.real_height is None:
            continue
        up = camera.height_m - sample.points().xyz.reshape(SIZE, SIZE, 3)[sample.mask] @ camera.down
        assert up.min() == pytest.approx(0, abs=0.12)
        assert up.max() == pytest.approx(figure.real_height, rel=0.1)
        tall += 1
    assert tall


def test_pixels_without_depth_are_left_out(out: Path) -> None:
    sample = open_dataset(out)[0]
    assert sample.depth is not None
    values = sample.depth.values.copy()
    values[:10] = np.nan
    values[10, :5] = 0
    xyz, rgb = dataclasses.replace(sample, depth=dataclasses.replace(sample.depth, values=values)).points()
    assert len(xyz) == len(rgb) == SIZE * (SIZE - 10) - 5
    np.testing.assert_array_equal(xyz, sample.points().xyz[10 * SIZE + 5 :])
    inverse = DepthMap((1 / sample.depth.values).astype(np.float32), "1/m", "larger is nearer")
    np.testing.assert_allclose(dataclasses.replace(sample, depth=inverse).points().xyz, sample.points().xyz, rtol=1e-6)


def refused(sample: Sample, what: str) -> None:
    with pytest.raises(FigureGroundError, match=what) as caught:
        sample.points()
    assert sample.record.key in caught.value.where


def test_what_has_no_metres_is_refused(out: Path) -> None:
    sample = open_dataset(out)[0]
    assert sample.depth is not None
    refused(dataclasses.replace(sample, depth=None), "no depth")
    refused(dataclasses.replace(sample, depth=DepthMap(sample.depth.values, "relative", "larger is nearer")), "scale")
    old = dataclasses.replace(sample, record=dataclasses.replace(sample.record, camera=UNKNOWN))
    refused(old, "no camera")
    with pytest.raises(FigureGroundError, match="no camera"):
        old.intrinsics  # noqa: B018


def test_samples_are_called_by_number_or_key(data: Dataset | VirtualDataset) -> None:
    key = data[3].record.key
    chosen = data[2:6]
    for samples, name, index in (
        *((data, name, 3) for name in ("3", key, str(3 - len(data)))),
        (data, "-1", len(data) - 1),
        (chosen, "1", 3),
        (chosen, key, 3),
    ):
        assert samples.called(name).record.index == index
    assert data.key(3) == chosen.key(1) == key
    for name in (str(len(data)), str(-len(data) - 1), "nobody", "", "1.5"):
        with pytest.raises(FigureGroundError, match="no sample"):
            data.called(name)
    with pytest.raises(FigureGroundError, match="no sample"):
        chosen.called("4")


@pytest.mark.parametrize("depth", [{"source": "layered"}, {"source": "none"}])
def test_relative_depth_and_none_in_datasets(tmp_path: Path, depth: dict[str, Any]) -> None:
    write_photos(tmp_path, 1, 1)
    backgrounds = {"depth": "depth", "depth_unit": "relative"} if depth["source"] == "layered" else {}
    sample = open_dataset(build(small_recipe(tmp_path, depth=depth, backgrounds=backgrounds), tmp_path / "out"))[0]
    refused(sample, "relative depth" if backgrounds else "no depth")
    assert sample.intrinsics.shape == (3, 3)
    assert sample.record.camera.focal_from == "assumed"
