"""Each probe against a slow reference, and where its answer is known."""

import dataclasses
import json

import numpy as np
import pytest

from figureground.core import random
from figureground.core.camera import Camera
from figureground.core.nouns import DepthMap, Look
from figureground.core.record import DepthMeaning, FigureRecord, Record
from figureground.evaluate import probe_table
from figureground.evaluate.metrics import iou
from figureground.evaluate.probes import PROBES, Probes, from_json, probes, weighted_median
from figureground.evaluate.seen import GRID, Seen, on_grid, seen_of
from figureground.samples.sample import Sample

SIDE = 60
FIGURE = FigureRecord(
    *("person", "ground", 0, 0, 20, 40, 1.0, False, None, 0, 1.0, None, 0, (30, 50), 2.0, 1.7),
    look=Look(*[0.0] * len(dataclasses.fields(Look))),
)


def sample(number: int, background: str, depth_m: float = 4.0, contact: tuple[int, int] = (30, 50)) -> Sample:
    """Return a figure 60 levels lighter than its plate, 2 m before a wall that is `depth_m` away."""
    grain = random.integers(number, np.arange(SIDE * SIDE * 3), "plate", 0, 180).reshape(SIDE, SIDE, 3)
    plate = grain.astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[10:50, 20 + number % 3 : 40] = True
    wall = np.full((SIDE, SIDE), depth_m, np.float32)
    depth = np.where(mask, 2.0, wall).astype(np.float32)
    behind = DepthMap(wall, "m", "larger is farther")
    figure = dataclasses.replace(FIGURE, contact=contact, depth_at_contact=100 / contact[1])
    meaning = DepthMeaning("m", "larger is farther", 0.001, 0.0, 0, 1.0)
    camera = Camera(horizon_y=0.5, horizon_from="given")
    record = Record(
        number, f"{number}", background, 0, False, "train", (figure,), depths={"depth": meaning}, camera=camera
    )
    return Sample(
        image=np.where(mask[..., None], plate + 60, plate).astype(np.uint8),
        record=record,
        mask=mask,
        depth=DepthMap(depth, "m", "larger is farther"),
        scenery=lambda name: (plate, behind, None),
    )


def several() -> list[Seen]:
    rows = [(20, 30), (30, 40), (25, 50), (30, 55)]
    return [seen_of(sample(k, f"room{k % 2}", 3.0 + k, rows[k])) for k in range(4)]


def without(found: list[Seen], **values: object) -> list[Seen]:
    return [dataclasses.replace(one, **values) for one in found]  # type: ignore[arg-type]


def test_a_paste_on_a_known_plate_is_found_by_the_difference() -> None:
    found = PROBES["difference_key"](several())
    assert found == {"iou": pytest.approx(1), "threshold": 0}
    noisy = sample(0, "room")
    noisy.image[:5] += 70  # outside the mask, more than the figure differs
    (one,) = (seen_of(noisy),)
    told = PROBES["difference_key"]([one])
    plate = noisy.background
    assert plate is not None
    differ = np.abs(noisy.image.astype(int) - plate).max(-1)
    assert noisy.mask is not None
    slow = max((iou(np.asarray(differ > level), noisy.mask), -level) for level in range(256))
    assert told == {"iou": pytest.approx(slow[0]), "threshold": -slow[1]}


def test_the_background_alone_has_all_depth_but_the_figures() -> None:
    found = PROBES["background_depth"](several()[:1])
    assert isinstance(found, dict)
    share = float(on_grid(np.asarray(sample(0, "").mask)).mean())
    assert found["abs_rel_figures"] == pytest.approx(0.5)  # 3 m where 2 m are
    assert found["abs_rel"] == pytest.approx(0.5 * share)
    assert found["delta1"] == pytest.approx(1 - share)
    assert found["delta1_figures"] == 0
    same = [dataclasses.replace(one, behind_m=one.depth_m) for one in several()]
    assert PROBES["background_depth"](same) == {"abs_rel": 0, "delta1": 1, "abs_rel_figures": 0, "delta1_figures": 1}


def test_maps_of_all_pictures_are_made_of_other_backgrounds() -> None:
    seen = several()
    found, masked = PROBES["mean_depth"](seen), PROBES["mean_mask"](seen)
    assert isinstance(found, dict)
    assert isinstance(masked, dict)
    slow = []
    for one in seen:
        others = np.stack([other.depth_m for other in seen if other.background != one.background])  # type: ignore[misc]
        slow.append(np.mean(np.abs(others.mean(0) - one.depth_m) / one.depth_m))
    assert found["abs_rel"] == pytest.approx(np.mean(slow))
    assert found["abs_rel_constant"] > found["abs_rel"] > 0
    ious = []
    for one in seen:
        parts = [other.mask for other in seen if other.background != one.background and other.mask is not None]
        assert one.mask is not None
        ious.append(iou(np.asarray(np.mean(parts, 0) > masked["threshold"]), one.mask))
    assert masked["iou"] == pytest.approx(np.mean(ious))
    assert masked["iou_whole_picture"] == pytest.approx(
        np.mean([one.mask.mean() for one in seen if one.mask is not None])
    )


def test_feet_on_a_level_floor_tell_their_depth() -> None:
    """Depth is 100 m / row there: a line in inverse depth, but for the ends, where nothing farther was seen."""
    rows = [(5, row) for row in (20, 30, 40, 58, 20, 34, 46, 58)]
    seen = [seen_of(sample(k, f"room{k // 4}", contact=rows[k])) for k in range(8)]
    found = PROBES["feet"](seen)
    assert isinstance(found, dict)
    assert found["abs_rel"] < 0.03 < found["abs_rel_constant"]
    assert found["abs_rel_horizon"] == pytest.approx(
        0, abs=1e-9
    )  # the horizon stands half a pixel down, so row = rows below
    assert found["figures"] == 8
    below = [seen_of(sample(k, f"room{k}", contact=(5, SIDE + 3))) for k in range(2)]
    assert PROBES["feet"](below) == "no figure stands where depth is known"


def test_what_is_absent_says_why() -> None:
    seen = several()
    bare = without(
        seen, depth_m=None, behind_m=None, no_depth="there is no depth", no_behind="there is no depth", feet=()
    )
    told = probes(without(bare, mask=None, inside=None, outside=None, seam=None))
    assert not told.found
    assert told.absent == {
        **dict.fromkeys(("difference_key", "seam"), "there are no masks"),
        **dict.fromkeys(("background_depth", "mean_depth", "feet"), "there is no depth"),
        "mean_mask": "there are no masks, or none shows anything",
    }
    lonely = probes(without(seen, background="room"))
    assert {name for name, why in lonely.absent.items() if why == "all samples show one background"} == {
        "mean_mask",
        "mean_depth",
        "feet",
    }
    relative = sample(0, "room")
    assert relative.depth is not None
    relative = dataclasses.replace(relative, depth=dataclasses.replace(relative.depth, unit="relative"))
    assert seen_of(relative).no_depth == "depth is relative, and has no ratios"


def test_inverse_depth_is_read_in_metres() -> None:
    one = sample(0, "room")
    assert one.depth is not None
    values = (1 / one.depth.values).astype(np.float32)
    values[0, 0] = 0  # infinitely far
    inverse = dataclasses.replace(one, depth=DepthMap(values, "1/m", "larger is nearer"))
    both = seen_of(one).depth_m, seen_of(inverse).depth_m
    assert both[0] is not None
    assert both[1] is not None
    assert np.isnan(both[1]).sum() <= 1
    assert np.nanmax(np.abs(both[0] - both[1])) < 1e-6


def test_they_are_written_and_read_and_shown() -> None:
    told = probes(several())
    assert from_json(json.loads(json.dumps(told.to_json()))) == told
    assert set(told.found) | set(told.absent) == set(PROBES)
    rows = dict(probe_table.rows(told))
    assert "IoU 1.000" in rows["mask: what differs from the clean background by more than 0 grey levels"]
    assert len(rows) + len(probe_table.absent(told)) == len(PROBES)
    with pytest.raises(ValueError, match="found"):
        from_json({**told.to_json(), "found": {"feet": {"abs_rel": "<b>"}}})


def test_weighted_median_has_the_least_sum() -> None:
    values, weights = random.uniform(3, np.arange(30), "v"), random.uniform(3, np.arange(30), "w")
    best = weighted_median(values, weights)
    sums = [float((weights * np.abs(values - c)).sum()) for c in values]
    assert float((weights * np.abs(values - best)).sum()) == pytest.approx(min(sums))


def test_a_grid_keeps_small_maps_and_spreads_over_large_ones() -> None:
    small, large = np.arange(12).reshape(3, 4), np.arange(480 * 96).reshape(480, 96)
    assert np.array_equal(on_grid(small), small)
    assert on_grid(large).shape == (GRID, GRID)
    assert on_grid(large)[0, 0] == 5 * 96 + 1


def test_order_of_values_and_names_is_that_of_the_table() -> None:
    assert list(Probes(0, 0, {}, {}).to_json()) == ["samples", "backgrounds", "found", "absent"]
    assert set(probe_table.LINES) == set(PROBES)
