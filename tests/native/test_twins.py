"""Every function of the compiled kernel gives what the numpy function gives that calls it, byte by byte."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from figureground import native
from figureground.core.nouns import Appearance, Figure
from figureground.image import filters, masks
from figureground.render import composite, shadows
from figureground.samples import sums

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")
Drawn = np.random.Generator
GREY = Appearance((40.0, 2.0, 3.0), (15.0, 5.0, 5.0), 0.0, 0.0)
BRIGHT = dataclasses.replace(GREY, lab_mean=(60.0, 0.0, 9.0))


def mask_of(drawn: Drawn, most: int = 40) -> np.ndarray[Any, np.dtype[np.bool_]]:
    rows, columns = drawn.integers(1, most, 2)
    grain = drawn.random((rows, columns)) < drawn.random()
    by = int(drawn.integers(1, 5))
    return np.asarray(np.kron(grain, np.ones((by, by), np.bool_))[:rows, :columns])


def pieces(drawn: Drawn) -> Any:
    return masks.pieces(mask_of(drawn))


def without_crumbs(drawn: Drawn) -> Any:
    return masks.without_crumbs(mask_of(drawn), float(drawn.choice([0, 1, 2, 3.5, 12, 200])))


def window_sums(drawn: Drawn) -> Any:
    mask = mask_of(drawn)
    return filters.window_sums(mask[:, ::-1] if drawn.random() < 0.5 else mask, int(drawn.integers(1, 8)))


def tent(drawn: Drawn) -> Any:
    height, width = drawn.integers(1, 40, 2)
    least, most = (0, 256) if drawn.random() < 0.8 else (-(2**60), 2**60)
    along, across = drawn.integers(0, 50, (2, height))
    return shadows._tent(drawn.integers(least, most, (height, width)) >> drawn.integers(0, 50), along, across)


def changed_sums(drawn: Drawn) -> Any:
    rows, columns = drawn.integers(0, 300, 2) if drawn.random() < 0.1 else drawn.integers(0, 30, 2)
    shape = (rows, columns, 3) if drawn.random() < 0.5 else (rows, columns)
    old, new = drawn.integers(0, 256, (2, *shape), np.uint8)
    base = sums.Sums(7, (1, 2, 3)[: 1 if old.ndim == 2 else 3], (4, 5, 6)[: 1 if old.ndim == 2 else 3])
    return dataclasses.astuple(sums.changed_sums(base, old[:, ::-1], new[:, ::-1]))


def matched(drawn: Drawn) -> Any:
    planes = drawn.integers(0, 256, (int(drawn.integers(4, 6)), *drawn.integers(1, 30, 2)), np.uint8)
    planes[3][drawn.random(planes[3].shape) < 0.5] = drawn.choice([0, 255])
    return composite.matched(planes, float(drawn.choice([0, 0.5, 1])), GREY, BRIGHT)


def sprites_of(drawn: Drawn, shape: tuple[int, int], count: int) -> list[composite.Sprite]:
    found = []
    for _ in range(count):
        top, left = (int(n) for n in drawn.integers(0, shape))
        height, width = (
            int(drawn.integers(0, side - begin + 1)) for side, begin in zip(shape, (top, left), strict=True)
        )
        cutout = drawn.integers(0, 256, (height, width, 4), np.uint8)
        cutout[..., 3][drawn.random((height, width)) < 0.4] = drawn.choice([0, 255])
        if drawn.random() < 0.5:
            cutout = cutout[:, ::-1]
        figure = Figure(0, left, top, width, height, False, float(drawn.random()))
        place = slice(top, top + height), slice(left, left + width)
        alpha = cutout[..., 3]
        found.append(composite.Sprite(*place, alpha, alpha, 0, figure=figure, colour=cutout[..., :3]))
    return found


def composed(drawn: Drawn) -> Any:
    shape = int(drawn.integers(1, 40)), int(drawn.integers(1, 40))
    background = drawn.integers(0, 256, (*shape, 3), np.uint8)
    sprites = sprites_of(drawn, shape, int(drawn.integers(0, 5)))
    found = composite.compose(background, sprites)
    return found.image, found.alpha, found.mask, found.instances, composite.seen_masks(sprites, shape)


TWINS = (pieces, without_crumbs, window_sums, tent, changed_sums, matched, composed)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
def test_equal_to_the_specification(twin: Callable[[Drawn], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(300):
        found = twin(np.random.default_rng(seed))
        with monkeypatch.context() as changed:
            changed.setattr(native, "kernel", None)
            same(found, twin(np.random.default_rng(seed)), seed)


def same(found: Any, right: Any, seed: int) -> None:
    assert type(found) is type(right)
    if isinstance(found, tuple | list):
        assert len(found) == len(right)
        for one, other in zip(found, right, strict=True):
            same(one, other, seed)
    elif isinstance(found, np.ndarray):
        assert (found.dtype, found.shape) == (right.dtype, right.shape), seed
        np.testing.assert_array_equal(found, right, f"case {seed}")
    else:
        assert found == right, seed


def test_every_colour_under_every_alpha_is_straightened_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha, colour = np.divmod(np.arange(65536), 256)
    planes = np.stack([colour, colour, colour, alpha]).astype(np.uint8).reshape(4, 256, 256)
    found = composite.matched(planes, 0, GREY, GREY)
    monkeypatch.setattr(native, "kernel", None)
    np.testing.assert_array_equal(found, composite.matched(planes, 0, GREY, GREY))


def bytes_of(*shape: int) -> Any:
    return np.zeros(shape, np.uint8)


REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("paste", (bytes_of(4, 4, 3), bytes_of(4, 4), bytes_of(2, 2, 3), bytes_of(2, 2), 3, 0)),
    ("paste", (bytes_of(4, 4, 3), bytes_of(4, 4), bytes_of(2, 2, 3), bytes_of(2, 2), 0, -1)),
    ("paste", (bytes_of(4, 4, 3), bytes_of(4, 4), bytes_of(2, 2, 3), bytes_of(2, 3), 0, 0)),
    ("paste", (bytes_of(4, 4, 3), bytes_of(3, 4), bytes_of(2, 2, 3), bytes_of(2, 2), 0, 0)),
    ("cover", (bytes_of(2, 4, 4), bytes_of(4, 4), bytes_of(2, 2), 2, 0, 0)),
    ("cover", (bytes_of(2, 4, 4), bytes_of(4, 4), bytes_of(2, 2), 0, 2**62, 0)),
    ("owners", (bytes_of(2, 4, 4), bytes_of(4, 3))),
    ("owners", (bytes_of(256, 4, 4), bytes_of(4, 4))),
    ("straight", (bytes_of(3, 4, 4), bytes_of(4, 4, 4), bytes_of(16, 4))),
    ("straight", (bytes_of(4, 4, 4), bytes_of(4, 4, 4), bytes_of(15, 4))),
    ("put_shown", (bytes_of(4, 4, 3), bytes_of(15, 4))),
    ("pieces", (bytes_of(4, 4), np.zeros((4, 3), np.int32))),
    ("window_sums", (bytes_of(4, 4), 8, bytes_of(4, 4))),
    ("window_sums", (bytes_of(4, 4), 1, bytes_of(4, 3))),
    ("window_sums", (bytes_of(0, 4), 1, bytes_of(0, 4))),
    ("without_crumbs", (bytes_of(4, 4, 1), 3.0)),
    ("tent", (np.zeros((4, 4), np.int64), np.zeros(3, np.int64), np.zeros(4, np.int64))),
    ("tent", (np.zeros((4, 4), np.int64), np.zeros(4, np.int64), np.zeros(4, np.int64) - 1)),
    ("tent", (np.zeros((4, 4), np.int64), np.zeros(4, np.int64) + 2**40, np.zeros(4, np.int64))),
    ("changed_sums", (bytes_of(4, 4, 3), bytes_of(4, 4, 1))),
    ("changed_sums", (bytes_of(4, 4, 5), bytes_of(4, 4, 5))),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=lambda one: one if isinstance(one, str) else "")
def test_sizes_that_do_not_fit_are_refused(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"fit|canvas|shape|reach|dimensions"):
        getattr(kernel, name)(*arguments)


def test_every_function_has_its_twin_here() -> None:
    functions = {name for name in dir(kernel) if not name.startswith("_")}
    have_files = {"rle", "jpeg_begin", "jpeg_changed", "deflate_code"}
    have_files |= {"png_counts", "png_data", "png_differing", "png_pieces"}
    assert functions - have_files == {name for name, _ in REFUSED}
