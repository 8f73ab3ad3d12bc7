import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.canvas import Canvas
from figureground.core.errors import SetAsideError
from figureground.core.job import Job
from figureground.core.nouns import Background, DepthMap, Picture
from figureground.core.recipe_toml import from_mapping
from figureground.drawn import render_person
from figureground.image.masks import mask_of, tight_box
from figureground.ingest import prepare
from figureground.ingest.appearance import measure
from figureground.ingest.lens import lens
from figureground.ingest.prepare import Prepared, Source, Tools
from tests.builders import FLOOR_VIEWS, figure_cutout, floor_scene, job_of, scene_photo

PHOTO = Source("a.png", "ab" * 32)


def meant(table: dict[str, Any]) -> Job:
    return job_of(from_mapping(table))


def read(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_poor_backgrounds_are_set_aside() -> None:
    canvas = Canvas(224, 224)
    with pytest.raises(SetAsideError, match="less than half"):
        prepare.background(scene_photo(0, 100, 300), canvas, "cover", PHOTO)
    with pytest.raises(SetAsideError, match="one flat colour"):
        prepare.background(np.full((300, 300, 3), 7, np.uint8), canvas, "cover", PHOTO)
    with pytest.raises(SetAsideError, match="transparent"):
        prepare.background(
            np.dstack([scene_photo(0, 300, 300), np.zeros((300, 300), np.uint8)]), canvas, "cover", PHOTO
        )
    assert "enlarged 1.49 times" in prepare.background(scene_photo(0, 150, 300), canvas, "cover", PHOTO).notes


def test_a_cutout_is_trimmed_scaled_and_masked() -> None:
    job = meant({"size": 224, "foregrounds": {"height": [110 / 224, 110 / 224]}, "placement": {"mode": "uniform"}})
    padded = np.zeros((400, 300, 4), np.uint8)
    padded[60:360, 90:210] = figure_cutout(0, 300, 120)
    found = prepare.foreground(padded, job, PHOTO, Tools())
    entry, scaled = found.entry, found.pixels
    assert (entry.height, entry.source, entry.source_sha256) == (110, "a.png", "ab" * 32)
    assert scaled.shape == (entry.height, entry.width, 4)
    assert np.array_equal(read(found.files["picture"]), scaled)
    mask = read(found.files["mask"])
    assert np.array_equal(mask, mask_of(scaled[..., 3]))
    assert entry.area == mask.sum()
    box = tight_box(mask)
    assert box is not None
    assert box[0] <= 1
    assert box[1] <= 1
    assert box[3] >= 109
    ratio = entry.width / entry.height
    assert ratio == pytest.approx(72 / 285, abs=0.03)  # the drawn figure's own aspect


def test_hidden_colours_do_not_bleed_into_the_edge() -> None:
    job = meant({"foregrounds": {"height": [100 / 224, 100 / 224]}, "placement": {"mode": "uniform"}})
    cutout = figure_cutout(0, 400, 160)
    cutout[..., :3] = np.where(cutout[..., 3:] > 0, [200, 30, 30], [0, 255, 0])
    scaled = prepare.foreground(cutout.astype(np.uint8), job, PHOTO, Tools()).pixels
    seen = scaled[scaled[..., 3] > 24]
    assert seen[:, 1].max() < 60


def test_figures_too_small_or_too_wide_are_set_aside() -> None:
    job = meant({"placement": {"mode": "uniform", "min_visible": 1.0, "height_for": "photo"}})
    small = np.zeros((600, 600, 4), np.uint8)
    small[100:126, 100:112] = figure_cutout(0, 26, 12)
    with pytest.raises(SetAsideError, match="px high"):
        prepare.foreground(small, job, PHOTO, Tools())
    wide = np.zeros((310, 810, 4), np.uint8)
    down, across = np.ogrid[-1:1:310j, -1:1:810j]
    wide[down**2 + across**2 < 0.9] = (200, 30, 30, 255)  # round: a straight side would be a cut
    with pytest.raises(SetAsideError, match="larger than the canvas"):
        prepare.foreground(wide, job, PHOTO, Tools())
    part = {"mode": "uniform", "min_visible": 0.5, "height_for": "photo"}
    assert prepare.foreground(wide, meant({"placement": part}), PHOTO, Tools())
    # where each sample draws its height, it is never drawn wider than the frame has room for
    assert prepare.foreground(wide, meant({"placement": {"mode": "uniform", "min_visible": 1.0}}), PHOTO, Tools())


FILE = prepare.Seen(1.0, depth_from="file")
GROUND: dict[str, Any] = {"size": 96, "placement": {"mode": "ground"}}
NO_DEPTH: dict[str, Any] = {"depth": {"source": "none"}}
KNOWN: dict[str, Any] = {"backgrounds": {"depth": "depth"}}


def bare(picture: Picture) -> Prepared[Background]:
    """Return a background that is prepared but for its depth."""
    return Prepared(Background("", "", "", "a.png", "ab" * 32, measure(picture)), {"picture": b""}, picture)


def test_a_standing_cutout_is_kept_as_large_as_it_is_ever_pasted() -> None:
    """Up to the tallest allowed figure, never enlarged; with the foot and the height in metres that it stands by."""
    heights = {"foregrounds": {"real_height": [1.2, 1.2]}}
    job = meant(GROUND | heights | {"depth": {"source": "layered", "relief": "round"}})
    tall = round(1.3 * 96)
    for height, kept in ((300, tall), (70, None)):
        source = Source("people/a.png", "ab" * 32)
        found = prepare.foreground(figure_cutout(0, height, height * 2 // 5), job, source, Tools())
        entry, scaled = found.entry, found.pixels
        assert entry.height == (kept or entry.height) == len(scaled)
        assert entry.height <= tall
        assert entry.real_height == 1.2
        mask = read(found.files["mask"])
        rows, columns = np.nonzero(mask)
        x, y = entry.foot
        assert int(y * mask.shape[0]) == rows.max()
        assert abs(x * mask.shape[1] - (columns[rows == rows.max()].mean() + 0.5)) <= 1.5
        relief = read(found.files["relief"])
        assert relief.shape == mask.shape
        assert not relief[~mask].any()
        assert relief[mask].max() > 150
    assert (
        "relief" not in prepare.foreground(figure_cutout(0), meant(GROUND | heights | NO_DEPTH), PHOTO, Tools()).files
    )


def test_somebody_in_black_and_white_is_doubtful_where_figures_stand() -> None:
    person = render_person(4, 300)
    grey = person.copy()
    grey[..., :3] = person[..., :3].mean(-1, keepdims=True)
    yellowed = grey.copy()
    yellowed[..., 2] = grey[..., 2] * 0.95
    for one in (grey, yellowed):
        with pytest.raises(SetAsideError, match="black-and-white"):
            prepare.foreground(one, meant(GROUND), PHOTO, Tools())
        used = meant(GROUND | {"foregrounds": {"doubtful": "use"}})
        assert prepare.foreground(one, used, PHOTO, Tools()).entry.appearance.hues <= 3
        assert (
            prepare.foreground(one, meant({"placement": {"mode": "uniform"}}), PHOTO, Tools()).entry.pose == "standing"
        )
        assert prepare.foreground(one, meant(GROUND), PHOTO, Tools(person=False)).entry.pose == "object"
    assert prepare.foreground(person, meant(GROUND), PHOTO, Tools()).entry.pose == "standing"


def test_somebody_in_the_light_of_one_colour_is_doubtful_where_figures_stand() -> None:
    person = render_person(4, 300)
    grey = person[..., :3].mean(-1)
    lit, dressed = person.copy(), person.copy()
    lit[..., :3] = np.stack([grey * 0.25, grey * 0.3, 40 + 0.8 * grey], -1) + 0.06 * person[..., :3]  # as on a stage
    rows = slice(90, 300)
    dressed[rows, :, :3] = dressed[rows, :, :3] * 0.15 + [10, 20, 190]  # a blue overall, by daylight
    with pytest.raises(SetAsideError, match="one strong colour"):
        prepare.foreground(lit, meant(GROUND), PHOTO, Tools())
    taken = prepare.foreground(lit, meant(GROUND | {"foregrounds": {"doubtful": "use"}}), PHOTO, Tools()).entry
    other = prepare.foreground(dressed, meant(GROUND), PHOTO, Tools()).entry
    assert np.hypot(*other.appearance.lab_mean[1:]) > 25  # as strong a colour, and others beside it
    assert taken.appearance.hues < other.appearance.hues


@pytest.mark.parametrize("table", [GROUND, {"size": 96}])
def test_pose_and_cut_are_known_in_every_mode(table: dict[str, Any]) -> None:
    person = render_person(4, 300)
    bust, whole = person[:150], prepare.foreground(person, meant(table), PHOTO, Tools()).entry
    half = prepare.foreground(bust, meant(table), PHOTO, Tools()).entry
    thing = prepare.foreground(
        np.pad(bust, ((30, 0), (30, 30), (0, 0))), meant(table), PHOTO, Tools(person=False)
    ).entry
    assert (whole.pose, whole.cut) == ("standing", ())
    assert (half.pose, half.cut) == ("half-length", ("bottom",))
    assert thing.pose == "cropped"  # its margins show the frame below


def test_a_backgrounds_depth_is_kept_with_its_floor() -> None:
    view = FLOOR_VIEWS[1]
    picture, depth_m, seen = floor_scene(1, view, 96, 96)
    depth = DepthMap(depth_m.astype(np.float32), "m", "larger is farther")
    found = prepare.with_depth(bare(picture), depth, meant(GROUND | KNOWN), FILE)
    assert np.abs(read(found.files["depth"]) - 1000 * depth_m).max() <= 0.51
    floor = read(found.files["floor"])
    assert (floor & (seen != 0)).sum() < 0.02 * floor.sum()
    assert (floor & (seen == 0)).sum() > 0.9 * (seen == 0).sum()
    assert found.entry.ground is not None
    assert found.entry.ground.camera_height == pytest.approx(1.4, rel=0.01)
    assert (found.entry.depth_unit, found.entry.depth_from, found.entry.depth_scale) == ("m", "file", 0.001)
    grid = meant({"size": 96, "placement": {"mode": "grid"}} | KNOWN)
    found = prepare.with_depth(bare(picture), depth, grid, FILE)
    assert set(found.files) == {"picture", "depth"}  # no floor is looked for where nothing stands on it
    assert found.entry.ground is None


@pytest.mark.parametrize(("told", "origin"), [(0.0, "estimated"), (0.8, "exif")])
def test_figures_stand_by_the_camera_that_the_catalog_tells(told: float, origin: str) -> None:
    """EXIF tells the focal length where a network gives the depth, too; else it is estimated with the height."""
    picture, depth_m, _ = floor_scene(1, FLOOR_VIEWS[1], 96, 96)
    job, depth = meant(GROUND), DepthMap(depth_m.astype(np.float32), "m", "larger is farther")
    found = prepare.with_depth(bare(picture), depth, job, prepare.Seen(told))
    seen_through = lens((96, 96, 3), job.canvas, "cover", 0.0, told / math.sqrt(2))
    entry = prepare.with_camera(found, seen_through, job).entry
    ground, camera = entry.ground, entry.camera
    assert ground is not None
    assert ground.focal == pytest.approx(camera.fx / 96, abs=1e-5)
    assert (camera.focal_from, camera.pitch_from) == (origin, "estimated")
    assert (camera.height_m, camera.height_from) == (ground.camera_height, "estimated")
    assert camera.horizon_y == pytest.approx(ground.horizon_y, abs=0.01)
    assert (ground.focal_sd == 0) == (told > 0)


def test_backgrounds_without_a_usable_floor_say_why() -> None:
    picture, depth_m, _ = floor_scene(0, height=96, width=96)
    wall = DepthMap(np.full((96, 96), 3.0, np.float32), "m", "larger is farther")
    with pytest.raises(SetAsideError, match="no usable floor: "):
        prepare.with_depth(bare(picture), wall, meant(GROUND | KNOWN), FILE)
    stay = meant({"size": 96, "placement": {"mode": "ground", "no_floor": "uniform"}} | KNOWN)
    found = prepare.with_depth(bare(picture), wall, stay, FILE)
    assert set(found.files) == {"picture", "depth"}
    assert found.entry.no_floor
    assert found.notes == (f"no usable floor: {found.entry.no_floor}",)
    far = DepthMap((8 * depth_m).astype(np.float32), "m", "larger is farther")  # a camera 11 m above a yard
    with pytest.raises(SetAsideError, match=r"a figure of 1.70 m would be \d+ to \d+ px tall on it"):
        prepare.with_depth(bare(picture), far, meant(GROUND | KNOWN), FILE)
    empty = DepthMap(np.full((96, 96), np.nan, np.float32), "m", "larger is farther")
    with pytest.raises(SetAsideError, match="no valid value"):
        prepare.with_depth(bare(picture), empty, meant(GROUND | KNOWN), FILE)
    farther = DepthMap(depth_m.astype(np.float32), "relative", "larger is farther")
    with pytest.raises(SetAsideError, match="cannot be used"):
        prepare.with_depth(bare(picture), farther, meant(GROUND), prepare.Seen())
