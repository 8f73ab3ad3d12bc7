from typing import Any

import numpy as np

from figureground.samples import checks, stats
from tests.samples.counting import add_all, one


def test_statistics_equal_a_slow_computation() -> None:
    made = [one(seed) for seed in range(6)]
    total = add_all([statistics for statistics, _ in made])
    images = np.concatenate([stored["image"].reshape(-1, 3) for _, stored in made]).astype(float)
    masks = np.concatenate([stored["mask"].ravel() for _, stored in made]).astype(float)
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
    slow = np.sum([stored["mask"] for _, stored in made], axis=0)
    edges = np.arange(33) * 48 // 32
    assert heat[3, 5] == slow[edges[3] : edges[4], edges[5] : edges[6]].sum()


def test_weights_are_compared_with_what_was_drawn() -> None:
    sound = stats.to_json(add_all([one(seed, checked=True)[0] for seed in range(6)]))

    def passes(used: dict[str, int], weights: dict[str, float] | None, spread: int = 1) -> list[bool]:
        found = checks.checks(
            stats.from_json({**sound, "foregrounds": used, "backgrounds": used}), 65535, weights, spread
        )
        return [check.passed for check in found[-2:]]

    weights = {"fg1": 1.0, "fg2": 2.0, "fg3": 0.0}
    assert passes({"fg1": 10, "fg2": 21}, weights, 11) == [True, True]
    assert passes({"fg1": 10, "fg2": 21}, weights) == [False, True]
    assert passes({"fg1": 12, "fg2": 18}, weights, 11) == [True, False]
    assert passes({"fg1": 9, "fg2": 20, "fg3": 2}, weights, 20) == [True, False]
    assert passes({"fg2": 6}, weights, 20) == [True, False]  # one that was never drawn
    assert passes({"fg1": 10, "fg2": 20}, None, 20) == [True, False]


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


def test_too_many_samples_that_nobody_would_believe_fail_and_are_told() -> None:
    """Where figures stand; of others nobody says that they are to be believed."""
    low, high = [0] * 20, [0] * 20
    low[2], high[15] = 6, 5

    def found(counts: list[int], **placements: int) -> list[checks.Check]:
        told = stats.Statistics(
            samples=sum(counts),
            plausibility_histogram=tuple(counts),
            placements=placements,
            doubts={"its feet are hidden": 6},
        )
        return checks.plausible(told)

    both = [a + b for a, b in zip(low, high, strict=True)]
    (bad,) = found(both, ground=9, uniform=2)
    assert not bad.passed
    assert bad.detail == (
        "45% of the samples score 0.5 or more, 55% below 0.2; 2 figures are placed without a floor; "
        "6 samples: its feet are hidden"
    )
    both[15] += 1
    (good,) = found(both, ground=11)
    assert good.passed
    assert found(both, uniform=11) == found([], ground=11) == []
