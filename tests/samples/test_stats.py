import functools
import math
import random
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.image.masks import tight_box
from figureground.samples import checks, stats


def one(seed: int, checked: bool = False) -> tuple[stats.Statistics, dict[str, np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(seed)
    mask = np.zeros((48, 48), bool)
    y, x = rng.integers(0, 30, 2)
    mask[y : y + 15, x : x + 10] = True
    stored = {
        "image": rng.integers(0, 256, (48, 48, 3), np.uint8),
        "mask": mask * np.uint8(255),
        "depth": rng.integers(0, 65536, (48, 48)).astype(np.uint16),
    }
    record = {
        "figures": [
            {
                "area": int(mask.sum()),
                "box": [x, y, x + 10, y + 15],
                "foreground": f"fg{seed % 3}",
                "placement": "ground" if seed % 2 else "uniform",
                "visible_fraction": (seed % 21) / 20,
            }
        ],
        "background": f"bg{seed % 2}",
        "split": "train",
        "depth_invalid": 0,
    }
    decoded = stored if checked else None
    return stats.of_sample(stored, decoded, record, {"image": 100 + seed % 50, "mask": 20}), stored


def add_all(parts: list[stats.Statistics]) -> stats.Statistics:
    return functools.reduce(stats.Statistics.__add__, parts, stats.Statistics())


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(0, 100))
def test_sums_do_not_depend_on_order_or_grouping(seeds: list[int], shuffle: int) -> None:
    singles = [one(seed, checked=seed % 2 == 0)[0] for seed in seeds]
    whole = add_all(singles)
    mixed = singles[:]
    random.Random(shuffle).shuffle(mixed)  # noqa: S311
    cut = shuffle % (len(mixed) + 1)
    assert add_all(mixed[:cut]) + add_all(mixed[cut:]) == whole
    assert stats.from_json(stats.to_json(whole)) == whole


def test_statistics_equal_a_slow_computation() -> None:
    made = [one(seed) for seed in range(6)]
    total = add_all([statistics for statistics, _ in made])
    images = np.concatenate([stored["image"].reshape(-1, 3) for _, stored in made]).astype(float)
    masks = np.concatenate([stored["mask"].ravel() for _, stored in made]) / 255
    codes = np.concatenate([stored["depth"].ravel() for _, stored in made]).astype(float)
    codes = codes[codes > 0]
    found = checks.summary(total, {"depth": ("m", 0.001)})
    assert np.allclose(found["image"]["mean"], images.mean(0) / 255, rtol=1e-12)
    assert np.allclose(found["image"]["std"], images.std(0) / 255, rtol=1e-9)
    assert np.allclose([found["mask"]["mean"][0], found["mask"]["std"][0]], [masks.mean(), masks.std()], rtol=1e-9)
    assert np.allclose(
        [found["depth"]["mean"][0], found["depth"]["std"][0]], [codes.mean() / 1000, codes.std() / 1000], rtol=1e-9
    )
    assert total.area == masks.sum()
    assert sum(total.heat) == total.area
    assert sum(total.area_histogram) == 6
    assert sum(total.depth_histogram) == codes.size
    assert total.backgrounds == {"bg0": 3, "bg1": 3}
    assert total.placements == {"ground": 3, "uniform": 3}
    assert total.figures == {"1": 6}
    assert total.visible_histogram == (1, 1, 1, 1, 1, 1, *[0] * 14)
    heat = np.array(total.heat).reshape(32, 32)
    slow = np.sum([stored["mask"] > 0 for _, stored in made], axis=0)
    edges = np.arange(33) * 48 // 32
    assert heat[3, 5] == slow[edges[3] : edges[4], edges[5] : edges[6]].sum()


def test_checks_pass_on_sound_data_and_fail_on_each_fault() -> None:
    sound = add_all([one(seed, checked=True)[0] for seed in range(6)])
    assert all(check.passed for check in checks.checks(sound))

    def failing(broken: stats.Statistics) -> set[str]:
        return {
            check.name.split(":")[0].split(" ")[0] + " " + check.name.split(" ")[1]
            for check in checks.checks(broken)
            if not check.passed
        }

    def replaced(**changes: Any) -> stats.Statistics:
        return stats.from_json({**stats.to_json(sound), **changes})

    assert "mask mean" in failing(replaced(area=sound.area + 40))
    assert "boxes are" in failing(replaced(wrong_boxes=1))
    assert "backgrounds are" in failing(replaced(backgrounds={"bg0": 30, "bg1": 3}))
    assert "background pixels" in failing(replaced(around=5000, around_moved=1))
    assert "background pixels" not in failing(replaced(around=5000, around_moved=0))
    plain = stats.to_json(sound)
    count, total, square = plain["layers"]["mask"]["all"]
    plain["layers"]["mask"]["all"] = [count, total, [int(square[0] * 0.9)]]  # grey values: smaller squares
    assert "mask std" in failing(stats.from_json(plain))
    plain = stats.to_json(sound)
    count, total, square = plain["layers"]["image"]["all"]
    plain["layers"]["image"]["all"] = [count, total, [3 * s for s in square]]
    assert "image variance" in failing(stats.from_json(plain))


def test_several_figures_and_depth_around_them_are_counted() -> None:
    """Against counts made here: figures of a sample, px whose depth is not the background's, the network's shifts."""
    rng = np.random.default_rng(5)
    own = rng.integers(1000, 9000, (48, 48)).astype(np.uint16)
    own[3, :7] = 0  # unknown
    mask = np.zeros((48, 48), bool)
    mask[10:30, 5:15] = mask[10:30, 25:35] = True
    depth, network = own.copy(), own.copy()
    depth[mask] = 700
    depth[2, 2:6] += 1  # four px that should not have moved
    network[:2, :10] += 57  # shifted by 5 steps of 10
    network[2, :3] += 60000 - 9000  # by more than there are bins
    figures = [
        {"area": 200, "box": None, "foreground": f"fg{i}", "placement": "ground", "visible_fraction": v}
        for i, v in enumerate((1.0, 0.52))
    ]
    record: dict[str, Any] = {"figures": figures, "background": "bg0", "split": "train"}
    record |= {f"{layer}_invalid": 0 for layer in ("depth", "depth_network")}
    stored: dict[str, np.ndarray[Any, Any]] = {"image": np.zeros((48, 48, 3), np.uint8), "mask": mask * np.uint8(255)}
    stored |= {"depth": depth, "depth_network": network}
    base = {"depth": stats.base_of("depth", own, record)}
    found = stats.of_sample(stored, stored, record, {"image": 1}, base)
    assert found.area == 400
    assert (found.figures, found.placements, found.foregrounds) == ({"2": 1}, {"ground": 2}, {"fg0": 1})
    assert {i: n for i, n in enumerate(found.visible_histogram) if n} == {10: 1, 19: 1}
    assert (found.around, found.around_moved) == (48 * 48 - 400, 4)
    assert {i: n for i, n in enumerate(found.shift_histogram) if n} == {0: 48 * 48 - 400 - 7 - 23, 5: 20, 511: 3}
    for decoded, bases in ((None, base), (stored, None)):
        unchecked = stats.of_sample(stored, decoded, record, {"image": 1}, bases)
        assert (unchecked.around, unchecked.around_moved, unchecked.shift_histogram) == (0, 0, ())
    twice = found + found
    assert (twice.around, twice.around_moved, twice.figures) == (2 * found.around, 8, {"2": 2})
    assert sum(twice.shift_histogram) == 2 * sum(found.shift_histogram)
    assert stats.from_json(stats.to_json(twice)) == twice


@settings(deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([np.uint16, np.uint8]))
def test_sums_from_the_background_and_a_box_are_those_of_all_pixels(seed: int, checked: bool, dtype: Any) -> None:
    """A sample's sums are its background's, less and plus those of the box that a figure changed: a short cut."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max + 1
    image = rng.integers(0, 256, (48, 48, 3), np.uint8)
    depth = (rng.integers(0, top, (48, 48)) * (rng.random((48, 48)) < 0.9)).astype(dtype)
    (y0, y1), (x0, x1) = (np.sort(rng.choice(49, 2, replace=False)).tolist() for _ in range(2))
    changed = slice(y0, y1), slice(x0, x1)
    mask = np.zeros((48, 48), np.uint8)
    mask[changed] = 255 * rng.integers(0, 2, (y1 - y0, x1 - x0), np.uint8)
    box = tight_box(mask > 0)
    record = {
        "figures": [
            {
                "area": int((mask > 0).sum()),
                "box": list(box) if box else None,
                "foreground": "fg0",
                "placement": "ground",
                "visible_fraction": 1.0,
            }
        ],
        "background": "bg0",
        "split": "train",
        "depth_invalid": 0,
    }
    bases = {"image": stats.base_of("image", image, record), "depth": stats.base_of("depth", depth, record)}
    stored = {"image": image.copy(), "mask": mask, "depth": depth.copy()}
    stored["image"][changed] = rng.integers(0, 256, (y1 - y0, x1 - x0, 3), np.uint8)
    stored["depth"][changed] = rng.integers(0, top, (y1 - y0, x1 - x0)).astype(dtype)
    decoded = stored if checked else None
    short = stats.of_sample(stored, decoded, record, {"image": 7}, bases, changed)
    long = stats.of_sample(stored, decoded, record, {"image": 7})
    around = 48 * 48 - int((mask > 0).sum()) if checked else 0
    assert short.around == around
    plain = stats.to_json(stats.total([short])) | {"around": 0, "around_moved": 0, "shift_histogram": []}
    assert plain == stats.to_json(stats.total([long])) | {"shift_histogram": []}
    heat = np.reshape(stats.total([short]).heat, (32, 32))
    edges = np.arange(33) * 48 // 32
    slow = [[int((mask[a:b, c:d] > 0).sum()) for c, d in pairwise(edges)] for a, b in pairwise(edges)]
    assert heat.tolist() == slow


def test_a_total_is_the_sum() -> None:
    singles = [one(seed, checked=seed % 2 == 0)[0] for seed in range(5)]
    assert stats.total(singles) == add_all(singles)
    assert stats.total([]) == stats.Statistics()
    assert stats.total([stats.total(singles[:2]), stats.Statistics(), *singles[2:]]) == add_all(singles)


def test_the_correction_recovers_what_coding_did() -> None:
    """If decoding lowers every value of the checked share by 2, the corrected mean is 2 lower."""
    values = np.arange(10, 200, dtype=np.uint8).reshape(-1, 1)
    raw, after = stats.Sums.of(values), stats.Sums.of(values - np.uint8(2))
    mean, std = stats.LayerSums(raw, raw, after).moments()
    assert mean[0] == values.mean() - 2
    assert math.isclose(std[0], values.std())


def test_a_sixteenth_is_checked_and_always_the_first() -> None:
    chosen = [k for k in range(8000) if stats.is_checked(k)]
    assert chosen[0] == 0
    assert 400 < len(chosen) < 600
