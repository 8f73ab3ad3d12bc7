import functools
import math
import random
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from figureground import stats


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
        "figures": [{"area": int(mask.sum()), "box": [x, y, x + 10, y + 15], "foreground": f"fg{seed % 3}"}],
        "background": f"bg{seed % 2}",
        "split": "train",
        "depth_invalid": 0,
    }
    decoded = stored if checked else None
    return stats.of_sample(stored, decoded, record, {"image": 100 + seed % 50, "mask": 20}), stored


def add_all(parts: list[stats.Statistics]) -> stats.Statistics:
    return functools.reduce(stats.Statistics.__add__, parts, stats.Statistics())


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
    found = stats.summary(total, "m", 0.001)
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
    heat = np.array(total.heat).reshape(32, 32)
    slow = np.sum([stored["mask"] > 0 for _, stored in made], axis=0)
    edges = np.arange(33) * 48 // 32
    assert heat[3, 5] == slow[edges[3] : edges[4], edges[5] : edges[6]].sum()


def test_checks_pass_on_sound_data_and_fail_on_each_fault() -> None:
    sound = add_all([one(seed, checked=True)[0] for seed in range(6)])
    assert all(check.passed for check in stats.checks(sound))

    def failing(broken: stats.Statistics) -> set[str]:
        return {
            check.name.split(":")[0].split(" ")[0] + " " + check.name.split(" ")[1]
            for check in stats.checks(broken)
            if not check.passed
        }

    def replaced(**changes: Any) -> stats.Statistics:
        return stats.from_json({**stats.to_json(sound), **changes})

    assert "mask mean" in failing(replaced(area=sound.area + 40))
    assert "boxes are" in failing(replaced(wrong_boxes=1))
    assert "backgrounds are" in failing(replaced(backgrounds={"bg0": 30, "bg1": 3}))
    plain = stats.to_json(sound)
    count, total, square = plain["layers"]["mask"]["all"]
    plain["layers"]["mask"]["all"] = [count, total, [int(square[0] * 0.9)]]  # grey values: smaller squares
    assert "mask std" in failing(stats.from_json(plain))
    plain = stats.to_json(sound)
    count, total, square = plain["layers"]["image"]["all"]
    plain["layers"]["image"]["all"] = [count, total, [3 * s for s in square]]
    assert "image variance" in failing(stats.from_json(plain))


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
