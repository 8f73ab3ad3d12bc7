import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.errors import SetAsideError
from figureground.core.nouns import DepthMap
from figureground.core.recipe_toml import from_mapping
from figureground.image.masks import mask_of, tight_box
from figureground.ingest import prepare
from figureground.ingest.relief import network_relief
from tests.builders import FLOOR_VIEWS, figure_cutout, floor_scene, scene_photo


def read(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize(("height", "width"), [(96, 120), (300, 100), (64, 64)])
@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
@pytest.mark.parametrize("size", [64, 97])
def test_backgrounds_become_square(height: int, width: int, fit: str, size: int) -> None:
    assert prepare.square(scene_photo(0, height, width), size, fit).shape == (size, size, 3)


def test_cover_takes_the_middle_contain_takes_all() -> None:
    bands = np.zeros((60, 180, 3), np.uint8)
    bands[:, :60, 0] = bands[:, 60:120, 1] = bands[:, 120:, 2] = 255
    cover = prepare.square(bands, 64, "cover")
    assert cover[32, 32].tolist() == [0, 255, 0]
    assert cover[..., 1].min() > 200
    contain = prepare.square(bands, 63, "contain")
    assert [contain[31, x].argmax() for x in (8, 31, 55)] == [0, 1, 2]
    assert np.ptp(contain[2].astype(int), axis=0).max() == 0  # one colour above the picture, and it is not black
    assert contain[2].min() > 50
    stretch = prepare.square(bands, 63, "stretch")
    assert [stretch[2, x].argmax() for x in (8, 31, 55)] == [0, 1, 2]


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_depth_follows_its_photo(fit: str) -> None:
    """A depth map that encodes the photo's grey value stays aligned with it under every fit."""
    v, u = np.mgrid[0:90, 0:150]
    grey = (40 + u + v // 2).astype(np.uint8)
    square = prepare.square(np.repeat(grey[..., None], 3, 2), 75, fit)
    depth = prepare.square_depth(grey.astype(np.float32) / 100, (90, 150, 3), 75, fit)
    known = np.isfinite(depth)
    if fit == "contain":
        known[[14, 15, 58, 59, 60]] = False  # the rows where picture and margin meet
    assert np.abs(square[..., 0] - 100 * depth)[known].max() <= 4
    assert (fit == "contain") == np.isnan(depth).any()


def test_depth_is_never_averaged() -> None:
    depth_m = np.where(np.indices((100, 100))[1] < 37, 1.0, 9.0).astype(np.float32)
    assert set(np.unique(prepare.square_depth(depth_m, (100, 100), 64, "cover"))) == {1, 9}


def test_depth_is_sampled_at_pixel_centres() -> None:
    """Shrunk three times, each pixel takes the middle of its three; a mirrored map gives the mirrored result."""
    depth_m = np.random.default_rng(0).uniform(1, 9, (192, 192)).astype(np.float32)
    small = prepare.square_depth(depth_m, (192, 192), 64, "cover")
    assert np.array_equal(small, depth_m[1::3, 1::3])
    assert np.array_equal(prepare.square_depth(depth_m[:, ::-1], (192, 192), 64, "cover"), small[:, ::-1])


def test_what_is_no_depth_is_unknown() -> None:
    values = np.array([[0.0, -1.0], [np.nan, np.inf]], np.float32).repeat(40, 0).repeat(40, 1)
    values[0, 0] = 2.5
    found = prepare.square_depth(values, (80, 80), 80, "cover")
    assert found[0, 0] == 2.5
    assert np.isnan(found.ravel()[1:]).all()


def test_a_depth_map_of_another_shape_is_refused() -> None:
    with pytest.raises(SetAsideError, match="another shape"):
        prepare.square_depth(np.ones((100, 100), np.float32), (90, 150, 3), 64, "cover")
    with pytest.raises(SetAsideError, match="no valid value"):
        prepare.square_depth(np.full((100, 100), np.nan, np.float32), (50, 50), 64, "cover")


def test_poor_backgrounds_are_set_aside() -> None:
    recipe = from_mapping({"size": 224})
    with pytest.raises(SetAsideError, match="less than half"):
        prepare.background(scene_photo(0, 100, 300), recipe)
    with pytest.raises(SetAsideError, match="one flat colour"):
        prepare.background(np.full((300, 300, 3), 7, np.uint8), recipe)
    with pytest.raises(SetAsideError, match="transparent"):
        prepare.background(np.dstack([scene_photo(0, 300, 300), np.zeros((300, 300), np.uint8)]), recipe)
    _, _, notes = prepare.background(scene_photo(0, 150, 300), recipe)
    assert "enlarged 1.49 times" in notes


def test_a_cutout_is_trimmed_scaled_and_masked() -> None:
    recipe = from_mapping({"size": 224, "foregrounds": {"height": [110, 110]}})
    padded = np.zeros((400, 300, 4), np.uint8)
    padded[60:360, 90:210] = figure_cutout(0, 300, 120)
    files, fields, scaled = prepare.foreground(padded, recipe, "a.png", "ab" * 32, None)
    assert fields["height"] == 110
    assert scaled.shape == (fields["height"], fields["width"], 4)
    assert np.array_equal(read(files["picture"]), scaled)
    mask = read(files["mask"])
    assert np.array_equal(mask, mask_of(scaled[..., 3]))
    assert fields["area"] == mask.sum()
    box = tight_box(mask)
    assert box is not None
    assert box[0] <= 1
    assert box[1] <= 1
    assert box[3] >= 109
    ratio = fields["width"] / fields["height"]
    assert ratio == pytest.approx(72 / 285, abs=0.03)  # the drawn figure's own aspect


def test_hidden_colours_do_not_bleed_into_the_edge() -> None:
    recipe = from_mapping({"foregrounds": {"height": [100, 100]}})
    cutout = figure_cutout(0, 400, 160)
    cutout[..., :3] = np.where(cutout[..., 3:] > 0, [200, 30, 30], [0, 255, 0])
    _, _, scaled = prepare.foreground(cutout.astype(np.uint8), recipe, "a.png", "ab" * 32, None)
    seen = scaled[scaled[..., 3] > 24]
    assert seen[:, 1].max() < 60


def test_methods_of_cutting_out() -> None:
    cutout = figure_cutout(2, 300, 140)
    a = cutout[..., 3:] / 255
    studio = np.rint(a * cutout[..., :3] + (1 - a) * 245).astype(np.uint8)
    studio = np.pad(studio, ((20, 20), (40, 40), (0, 0)), constant_values=245)
    opaque = np.dstack([studio, np.full(studio.shape[:2], 255, np.uint8)])
    assert prepare.cut_out(cutout, "auto", None)[1] == "alpha"
    for picture in (studio, opaque):  # alpha that says nothing is no alpha
        keyed, method = prepare.cut_out(picture, "auto", None)
        assert method == "key"
        true = np.pad(cutout[..., 3], ((20, 20), (40, 40))) >= 128
        found = keyed[..., 3] >= 128
        assert (true & found).sum() / (true | found).sum() > 0.94
    with pytest.raises(SetAsideError, match="no transparency"):
        prepare.cut_out(opaque, "alpha", None)
    busy = scene_photo(1, 200, 200)
    with pytest.raises(SetAsideError, match="names no file"):
        prepare.cut_out(busy, "auto", None)
    network = lambda picture: np.pad(np.full((100, 60), 255, np.uint8), ((50, 50), (70, 70)))  # noqa: E731
    assert prepare.cut_out(busy, "auto", network)[1] == "network"
    assert prepare.cut_out(studio[:200, :200], "network", network)[1] == "network"
    with pytest.raises(SetAsideError, match="unsure"):
        prepare.cut_out(busy, "network", lambda p: np.pad(np.full((100, 60), 140, np.uint8), ((50, 50), (70, 70))))


def test_weak_alpha_is_named() -> None:
    cutout = figure_cutout(0)
    cutout[..., 3] //= 255
    with pytest.raises(SetAsideError, match="stored as 0/1"):
        prepare.cut_out(cutout, "auto", None)


def test_figures_too_small_or_too_wide_are_set_aside() -> None:
    recipe = from_mapping({})
    small = np.zeros((600, 600, 4), np.uint8)
    small[100:126, 100:112] = figure_cutout(0, 26, 12)
    with pytest.raises(SetAsideError, match="px high"):
        prepare.foreground(small, recipe, "a.png", "ab" * 32, None)
    wide = np.zeros((310, 810, 4), np.uint8)
    wide[5:-5, 5:-5] = (200, 30, 30, 255)
    with pytest.raises(SetAsideError, match="larger than the canvas"):
        prepare.foreground(wide, recipe, "a.png", "ab" * 32, None)
    assert prepare.foreground(wide, from_mapping({"placement": {"min_visible": 0.5}}), "a.png", "ab" * 32, None)


GROUND = {"size": 96, "placement": {"mode": "ground"}}


def test_a_standing_cutout_is_kept_as_large_as_it_is_ever_pasted() -> None:
    """Up to the tallest allowed figure, never enlarged; with the foot and the height in metres that it stands by."""
    recipe = from_mapping(GROUND | {"foregrounds": {"real_heights": ["people/a.png 1.2 1.2"]}})
    tall = round(210 * 96 / 224)
    for height, kept in ((300, tall), (70, None)):
        files, fields, scaled = prepare.foreground(
            figure_cutout(0, height, height * 2 // 5), recipe, "people/a.png", "ab" * 32, None, "round"
        )
        assert fields["height"] == (kept or fields["height"]) == len(scaled)
        assert fields["height"] <= tall
        assert fields["real_height"] == 1.2
        mask = read(files["mask"])
        rows, columns = np.nonzero(mask)
        x, y = fields["foot"]
        assert int(y * mask.shape[0]) == rows.max()
        assert abs(x * mask.shape[1] - (columns[rows == rows.max()].mean() + 0.5)) <= 1.5
        relief = read(files["relief"])
        assert relief.shape == mask.shape
        assert not relief[~mask].any()
        assert relief[mask].max() > 150
    assert "relief" not in prepare.foreground(figure_cutout(0), recipe, "a.png", "ab" * 32, None)[0]


def test_a_half_length_portrait_cannot_stand() -> None:
    bust = figure_cutout(0, 300, 120)[:180]
    with pytest.raises(SetAsideError, match="cannot stand on a floor: it ends in a straight cut"):
        prepare.foreground(bust, from_mapping(GROUND), "a.png", "ab" * 32, None)
    assert prepare.foreground(bust, from_mapping({"size": 96}), "a.png", "ab" * 32, None)


def test_relief_by_a_network_is_what_it_sees_nearer_inside_the_figure() -> None:
    """The network sees the figure on grey; whatever its direction, nearer is larger, and the range is stretched."""
    cutout = figure_cutout(0, 120, 48)
    mask = mask_of(cutout[..., 3])
    for direction, sign in (("larger is nearer", 1.0), ("larger is farther", -1.0)):

        def depth(picture: Any, sign: float = sign, direction: Any = direction) -> DepthMap:
            assert picture.shape[0] == picture.shape[1] >= 120
            assert picture[0, 0].tolist() == [128, 128, 128]
            down = np.repeat(np.arange(len(picture), dtype=np.float32)[:, None], len(picture), 1)
            return DepthMap(5 + sign * down, "relative", direction)

        relief = network_relief(cutout, depth)
        assert relief.shape == mask.shape
        assert not relief[~mask].any()
        rows = np.nonzero(mask)[0]
        low, high = np.quantile(rows, (0.05, 0.95))
        expected = 255 * np.clip((rows - low) / (high - low), 0, 1)
        assert np.abs(relief[mask] - expected).max() <= 1


@pytest.mark.parametrize(("fit", "side"), [("cover", 90), ("contain", 150), ("stretch", (90 * 150) ** 0.5)])
def test_the_focal_length_follows_its_photo_onto_the_canvas(fit: str, side: float) -> None:
    diagonal = math.hypot(90, 150)
    assert prepare.canvas_focal(0.8, (90, 150, 3), fit) == pytest.approx(0.8 * diagonal / side, abs=1e-5)
    assert prepare.canvas_focal(0.0, (90, 150, 3), fit) == 0


def test_a_backgrounds_depth_is_kept_with_its_floor() -> None:
    view = FLOOR_VIEWS[1]
    picture, depth_m, seen = floor_scene(1, view, 96, 96)
    depth = DepthMap(depth_m.astype(np.float32), "m", "larger is farther")
    files, fields = prepare.depth_files(depth, picture, from_mapping(GROUND), False, 1.0)
    assert np.abs(read(files["depth"]) - 1000 * depth_m).max() <= 0.51
    floor = read(files["floor"])
    assert (floor & (seen != 0)).sum() < 0.02 * floor.sum()
    assert (floor & (seen == 0)).sum() > 0.9 * (seen == 0).sum()
    assert fields["ground"].camera_height == pytest.approx(1.4, rel=0.01)
    assert (fields["depth_unit"], fields["depth_from"], fields["depth_scale"]) == ("m", "file", 0.001)
    files, fields = prepare.depth_files(depth, picture, from_mapping({"size": 96}), False, 1.0)
    assert set(files) == {"depth"}  # no floor is looked for where nothing stands on it
    assert "ground" not in fields


def test_backgrounds_without_a_usable_floor_say_why() -> None:
    picture, depth_m, _ = floor_scene(0, height=96, width=96)
    wall = DepthMap(np.full((96, 96), 3.0, np.float32), "m", "larger is farther")
    with pytest.raises(SetAsideError, match="no usable floor: "):
        prepare.depth_files(wall, picture, from_mapping(GROUND), False, 1.0)
    stay = from_mapping({"size": 96, "placement": {"mode": "ground", "no_floor": "uniform"}})
    files, fields = prepare.depth_files(wall, picture, stay, False, 1.0)
    assert set(files) == {"depth"}
    assert fields["no_floor"]
    far = DepthMap((8 * depth_m).astype(np.float32), "m", "larger is farther")  # a camera 11 m above a yard
    with pytest.raises(SetAsideError, match=r"a figure of 1.70 m would be \d+ to \d+ px tall on it"):
        prepare.depth_files(far, picture, from_mapping(GROUND), False, 1.0)
    empty = DepthMap(np.full((96, 96), np.nan, np.float32), "m", "larger is farther")
    with pytest.raises(SetAsideError, match="no valid value"):
        prepare.depth_files(empty, picture, from_mapping(GROUND), False, 1.0)
    farther = DepthMap(depth_m.astype(np.float32), "relative", "larger is farther")
    with pytest.raises(SetAsideError, match="cannot be used"):
        prepare.depth_files(farther, picture, from_mapping(GROUND), True, 0.0)
