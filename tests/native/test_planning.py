"""Planning's functions of the compiled kernel give what their twins in numpy give, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from figureground import native
from figureground.core.nouns import Ground
from figureground.geometry.codes import DepthCode
from figureground.geometry.glance import barrier_of, points_of
from figureground.image import resample
from figureground.plan import places
from tests.native.test_twins import Drawn, mask_of, same
from tests.plan.wanted import wanted_of

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")


def resized(drawn: Drawn) -> Any:
    rows, count, columns = (int(n) for n in drawn.integers(1, [70, 6, 70]))
    planes = drawn.integers(0, 256, (rows, count, columns)).astype(np.uint8)
    if drawn.random() < 0.3:
        planes = drawn.choice([0, 255], planes.shape).astype(np.uint8)
    height, width = (int(n) for n in drawn.integers(1, 90, 2))
    return resample.resized(planes, height, width, float(drawn.choice([0, 0, 0.2, 0.35, 0.7, 1.3, 3.0])))


def promising(drawn: Drawn) -> Any:
    rows, columns = (int(n) for n in drawn.integers(4, 70, 2))
    codes = drawn.integers(0, 3, (rows, columns)) * drawn.integers(1, 30000, (rows, columns))
    unit, direction, scale = (
        ("m", "larger is farther", 0.001),
        ("1/m", "larger is nearer", 0.0001),
        ("relative", "larger is nearer", 0.37),
        ("relative", "larger is farther", 0.37),
    )[int(drawn.integers(4))]
    code = DepthCode(codes.astype(np.uint16), scale, float(drawn.choice([0, 0.1])), 0, unit, direction)  # type: ignore[arg-type]
    ground = Ground(
        float(drawn.normal(0, 0.001)), float(drawn.uniform(0.0002, 0.02)), float(drawn.normal(0, 0.3)),
        float(drawn.uniform(-20, 20)), float(drawn.normal(0, 5)), 0.5, float(drawn.choice([0, 0.5, 1.3])),
        float(drawn.uniform(0.5, 3)), float(drawn.choice([1, 1.4])),
    )  # fmt: skip
    nearness = drawn.choice([0.0, 0.1, 1.0, 30.0], (rows, columns)).astype(np.float32)
    barrier = barrier_of(nearness, drawn.random((rows, columns)) < drawn.choice([0, 0.6, 0.98]))
    points = points_of(mask_of(drawn)) if drawn.random() < 0.9 else np.zeros((0, 2), np.float32)
    outlook = places.Outlook(code, ground if drawn.random() < 0.9 else None, points, barrier, 0.1)
    count = int(drawn.integers(0, 100))
    some = (drawn.random((count, 2)) * [columns, 1.6 * rows]).astype(np.int64)
    return places.promising(wanted_of(drawn, (rows, columns)), outlook, some, ground)


@pytest.mark.parametrize("twin", [resized, promising], ids=lambda twin: twin.__name__)
def test_equal_to_the_specification(twin: Callable[[Drawn], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(600):
        found = twin(np.random.default_rng(seed))
        with monkeypatch.context() as changed:
            changed.setattr(native, "kernel", None)
            same(found, twin(np.random.default_rng(seed)), seed)


def test_the_cases_of_places_are_of_both_kinds() -> None:
    found = [promising(np.random.default_rng(seed)) for seed in range(600)]
    assert sum(map(bool, found)) > 60
    assert max(map(len, found)) > 3


def singles(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


RULES = (0.0,) * 8, (1.0,) * 10, b"\0", np.zeros((4, 4), np.uint16), (0.0,) * 10
PLACE, BARRIER, ONE = np.zeros((1, 2), np.int64), singles(6, 6), np.ones(1, np.int32)
REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("promising", (PLACE + 4, *RULES, singles(5, 2), BARRIER, 12)),
    ("promising", (PLACE - 1, *RULES, singles(5, 2), BARRIER, 12)),
    ("promising", (PLACE[:, :1].copy(), *RULES, singles(5, 2), BARRIER, 12)),
    ("promising", (PLACE, *RULES, singles(5, 3), BARRIER, 12)),
    ("promising", (PLACE, *RULES, singles(5, 2), BARRIER[:5], 12)),
    ("resize", (np.zeros((4, 2, 4), np.uint8), ONE, np.zeros((3, 4, 4), np.uint8))),
    ("resize", (np.zeros((0, 2, 4), np.uint8), ONE, np.zeros((2, 4, 4), np.uint8))),
    ("resize", (np.zeros((4, 2, 4), np.uint8), ONE, np.zeros((2, 0, 4), np.uint8))),
    ("resize", (np.zeros((4, 2, 4), np.uint8), np.ones(2, np.int32), np.zeros((2, 4, 4), np.uint8))),
    ("resize", (np.zeros((4, 2, 4), np.uint8), np.ones(5, np.int32), np.zeros((2, 4, 9), np.uint8))),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=lambda one: one if isinstance(one, str) else "")
def test_sizes_that_do_not_fit_are_refused(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"fit|canvas"):
        getattr(kernel, name)(*arguments)
