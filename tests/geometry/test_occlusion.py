import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.arrays import Bools
from figureground.core.nouns import DepthMap
from figureground.geometry.occlusion import MARGIN, hidden, nearness, reaching

SIZE = 96
NO_FLOOR = np.zeros((SIZE, SIZE), bool)
EVERYWHERE = slice(0, SIZE), slice(0, SIZE)


def scene(*boxes: tuple[int, int, int, int, float], far: float = 0.1) -> NDArray[np.float32]:
    """Return inverse depth: `far`, and in each box (x0, y0, x1, y1) its own."""
    q = np.full((SIZE, SIZE), far, np.float32)
    for x0, y0, x1, y1, value in boxes:
        q[y0:y1, x0:x1] = value
    return q


def grown(mask: Bools, by: int) -> Bools:
    """Return the pixels within `by` px, along both axes, of a mask."""
    padded = np.pad(mask, by)
    out = np.zeros_like(mask)
    for dy in range(2 * by + 1):
        for dx in range(2 * by + 1):
            out |= padded[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
    return out


@pytest.mark.parametrize("estimated", [False, True])
def test_nothing_nearer_hides_nothing(estimated: bool) -> None:
    q = scene((20, 20, 60, 60, 0.5))
    assert hidden(q, NO_FLOOR, 0.5, EVERYWHERE, estimated) is None
    assert hidden(q, NO_FLOOR, 0.9, EVERYWHERE, estimated) is None
    within = 0.5 / (1 + 0.99 * MARGIN[estimated])  # nearer, but by less than depth is to be trusted
    assert hidden(q, NO_FLOOR, within, EVERYWHERE, estimated) is None
    beyond = 0.5 / (1 + 1.01 * MARGIN[estimated])
    assert hidden(q, NO_FLOOR, beyond, EVERYWHERE, estimated) is not None
    unknown = np.zeros((SIZE, SIZE), np.float32)
    assert hidden(unknown, NO_FLOOR, 0.2, EVERYWHERE, estimated) is None


@settings(max_examples=80)
@given(st.integers(0, 2**31), st.booleans())
def test_a_nearer_box_hides_exactly_itself_but_for_a_soft_rim(seed: int, estimated: bool) -> None:
    rng = np.random.default_rng(seed)
    x0, y0 = rng.integers(0, SIZE - 12, 2).tolist()
    x1, y1 = min(SIZE, x0 + int(rng.integers(12, 60))), min(SIZE, y0 + int(rng.integers(12, 60)))
    q = scene((0, 0, 3, 96, 0.15), (x0, y0, x1, y1, 0.6))
    box = np.zeros((SIZE, SIZE), bool)
    box[y0:y1, x0:x1] = True
    found = hidden(q, NO_FLOOR, 0.3, EVERYWHERE, estimated)
    assert found is not None
    assert found.dtype == np.uint8
    assert found.shape == (SIZE, SIZE)
    inside = ~grown(~box, 2)
    assert (found[inside] == 255).all()
    assert (found[~grown(box, 2)] == 0).all()
    flat = found[y0 + 4 : y1 - 4, :] if y1 - y0 > 8 else found[:0]
    if x0 >= 3 and x1 <= SIZE - 3 and flat.size:  # at straight edges the rim is even and half is half
        assert (flat[:, x0 - 2] == 0).all()
        assert (flat[:, x0 - 1] < 128).all()
        assert (flat[:, x0] >= 128).all()
        assert (flat[:, x1 - 1] >= 128).all()
        assert (flat[:, x1] < 128).all()


def test_only_the_figures_own_box_is_looked_at() -> None:
    q = scene((10, 10, 90, 90, 0.6))
    found = hidden(q, NO_FLOOR, 0.3, (slice(30, 50), slice(40, 70)), False)
    assert found is not None
    assert found.shape == (20, 30)
    assert (found == 255).all()
    assert hidden(q, NO_FLOOR, 0.3, (slice(0, 4), slice(0, 4)), False) is None


@settings(max_examples=40)
@given(st.integers(0, 2**31))
def test_what_the_box_holds_does_not_hang_on_the_rest(seed: int) -> None:
    """A box with room around it sees what the whole canvas sees, where nothing is cut off at its edge."""
    rng = np.random.default_rng(seed)
    x0, y0 = rng.integers(20, 50, 2).tolist()
    q = scene((x0, y0, x0 + 20, y0 + 25, 0.6))
    whole = hidden(q, NO_FLOOR, 0.3, EVERYWHERE, False)
    part = hidden(q, NO_FLOOR, 0.3, (slice(y0 - 8, y0 + 33), slice(x0 - 8, x0 + 28)), False)
    assert whole is not None
    assert part is not None
    assert np.array_equal(whole[y0 - 8 : y0 + 33, x0 - 8 : x0 + 28], part)
    assert np.count_nonzero(whole) == np.count_nonzero(part)


def test_floor_hides_nothing() -> None:
    q = scene((0, 50, SIZE, SIZE, 0.6))
    floor = NO_FLOOR.copy()
    floor[50:] = True
    assert hidden(q, floor, 0.3, EVERYWHERE, False) is None
    q[60:90, 30:60] = 0.9  # a chair on it
    floor[60:90, 30:60] = False
    found = hidden(q, floor, 0.3, EVERYWHERE, False)
    assert found is not None
    assert (found[62:88, 32:58] == 255).all()
    found[58:92, 28:62] = 0
    assert not found.any()


def test_crumbs_are_no_objects() -> None:
    """Specks and pinholes, which depth maps are full of, do not sprinkle a figure."""
    rng = np.random.default_rng(0)
    q = scene((20, 20, 70, 70, 0.6))
    clean = hidden(q, NO_FLOOR, 0.3, EVERYWHERE, False)
    for y, x in rng.integers(2, SIZE - 2, (40, 2)).tolist():
        q[y, x] = 0.1 if 24 <= y < 66 and 24 <= x < 66 else 0.6 if not (16 <= y < 74 and 16 <= x < 74) else q[y, x]
    found = hidden(q, NO_FLOOR, 0.3, EVERYWHERE, False)
    assert clean is not None
    assert found is not None
    assert np.array_equal(found, clean)
    least = 0.004 * SIZE * SIZE
    side = int(least**0.5)  # a block just below the size of a crumb, and one above
    assert hidden(scene((40, 40, 40 + side, 40 + side, 0.6)), NO_FLOOR, 0.3, EVERYWHERE, False) is None
    assert hidden(scene((40, 40, 44 + side, 44 + side, 0.6)), NO_FLOOR, 0.3, EVERYWHERE, False) is not None


def step_scene() -> tuple[NDArray[np.uint8], DepthMap, DepthMap]:
    """Return a picture, 224 px, with an edge at x = 112; depth with the same edge; and that depth as networks give it:
    blurred, its edge 2 px off."""
    rng = np.random.default_rng(1)
    picture = np.full((224, 224, 3), 60, np.uint8)
    picture[:, 112:] = 190
    picture += rng.integers(0, 8, picture.shape, np.uint8)
    x = np.arange(224)
    moved = np.where(x < 110, 51, 128).astype(np.uint8)
    soft = Image.fromarray(np.repeat(moved[None], 224, 0)).filter(ImageFilter.GaussianBlur(3))
    true, blurred = np.repeat(np.where(x < 112, 5.0, 255 / 128)[None], 224, 0), 255 / np.asarray(soft)
    exact, seen = (DepthMap(m.astype(np.float32), "m", "larger is farther") for m in (true, blurred))
    return picture, exact, seen


def test_estimated_depth_is_moved_to_the_pictures_edges() -> None:
    picture, exact, seen = step_scene()
    true, blurred = 1 / exact.values, 1 / seen.values
    found = nearness(seen, picture, True)
    inner = np.s_[10:-10]
    half = (1 / 5 + 128 / 255) / 2
    assert ((blurred[inner] > half).argmax(1) == 110).all()
    assert ((found[inner] > half).argmax(1) == 112).all()
    steps = np.diff(found[inner], axis=1)
    assert (steps.argmax(1) == 111).all()  # the steepest place is the picture's edge
    assert (steps.max(1) > 2 * np.diff(blurred[inner], axis=1).max(1)).all()
    assert np.abs(found - true)[:, :90].max() < 0.01  # away from edges nothing moves


def test_known_depth_is_taken_as_it_is() -> None:
    picture, exact, _ = step_scene()
    exact.values[3, 4:9] = np.nan
    found = nearness(exact, picture, False)
    assert found.dtype == np.float32
    assert (found[3, 4:9] == 0).all()
    known = np.isfinite(exact.values)
    assert np.allclose(found[known], 1 / exact.values[known], rtol=1e-6)
    inverse = DepthMap(np.where(known, 1 / exact.values, np.nan).astype(np.float32), "relative", "larger is nearer")
    assert np.allclose(nearness(inverse, picture, False), found, rtol=1e-6)
    farther = DepthMap(exact.values, "relative", "larger is farther")
    assert not nearness(farther, picture, True).any()  # no order is known


@pytest.mark.parametrize("power", [0.1, 1.0, 50.0])
def test_the_order_of_relative_depth_does_not_hang_on_its_scale(power: float) -> None:
    """Inverse depth of unknown scale: what the guided filter does to it is done to any multiple of it."""
    picture, _, seen = step_scene()
    one = DepthMap((1 / seen.values).astype(np.float32), "relative", "larger is nearer")
    other = DepthMap((power / seen.values).astype(np.float32), "relative", "larger is nearer")
    assert np.allclose(nearness(other, picture, True), power * nearness(one, picture, True), rtol=1e-4)


def test_what_hides_a_figure_goes_on_beside_it() -> None:
    """An island inside the figure is noise of the depth; what crosses its outline, or ends with its box, is a thing."""
    alpha = np.zeros((60, 40), np.uint8)
    alpha[4:56, 8:32] = 255
    island, table, below = (np.zeros_like(alpha) for _ in range(3))
    island[20:30, 14:26] = 255
    table[36:44, 2:30] = 255
    below[50:60, 12:28] = 255
    assert reaching(island, alpha) is None
    for thing in (table, below):
        kept = reaching(np.maximum(island, thing), alpha)
        assert kept is not None
        assert np.array_equal(kept, thing)
    grazing = island.copy()
    grazing[24:26, 26:33] = 255  # a thread of it leaves the figure
    assert reaching(grazing, alpha) is None
    filled = np.full_like(alpha, 255)
    held = reaching(island, filled)
    assert held is None
    wide = np.zeros_like(alpha)
    wide[:, :12] = 255  # the box, and with it the frame, ends there
    assert reaching(wide, filled) is not None


def test_slivers_hide_nothing_in_estimated_depth() -> None:
    """A strip of noise along the floor's rim; a pole of exact depth is a pole."""
    q = scene((10, 60, 90, 64, 0.6))
    assert hidden(q, NO_FLOOR, 0.3, EVERYWHERE, True) is None
    pole = hidden(q, NO_FLOOR, 0.3, EVERYWHERE, False)
    assert pole is not None
    assert (pole[61:63, 14:86] == 255).all()
    thick = hidden(scene((10, 60, 90, 68, 0.6)), NO_FLOOR, 0.3, EVERYWHERE, True)
    assert thick is not None
    assert (thick[62:66, 14:86] == 255).all()
