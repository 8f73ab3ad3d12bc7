"""Every function of the compiled kernel gives what the numpy function gives that calls it, byte by byte."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from figureground import native
from figureground.core.nouns import Appearance, Figure, Look
from figureground.geometry import layering, occlusion
from figureground.geometry.codes import DepthCode
from figureground.geometry.layering import Surface
from figureground.image import filters, masks
from figureground.render import composite, harmonise, shadows
from figureground.render.view import view_of
from figureground.samples import count, sums

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


def box_blur(drawn: Drawn) -> Any:
    height, width = drawn.integers(1, 90, 2)
    values = drawn.random((height, width, int(drawn.integers(1, 5))), np.float32)
    values[drawn.random(values.shape) < 0.5] = 0
    if drawn.random() < 0.5:
        spread = int(drawn.integers(1, 38))  # so far apart, some of them, that their order tells
        values *= np.float32(10.0) ** drawn.integers(-spread, spread, values.shape) * drawn.choice([-1, 1])
    return filters.box_blur(values[:, ::-1] if drawn.random() < 0.5 else values, int(drawn.integers(0, 100)))


def tent(drawn: Drawn) -> Any:
    height, width = drawn.integers(1, 40, 2)
    along, across = drawn.integers(0, drawn.choice([2, 50, 5000]), (2, height))
    values = drawn.integers(0, 256, (height, width), np.uint8)
    values[drawn.random((height, width)) < 0.5] = drawn.choice([0, 255])
    return shadows._tent(values, along, across)


def changed_sums(drawn: Drawn) -> Any:
    rows, columns = drawn.integers(0, 300, 2) if drawn.random() < 0.1 else drawn.integers(0, 30, 2)
    shape = (rows, columns, 3) if drawn.random() < 0.5 else (rows, columns)
    old, new = drawn.integers(0, 256, (2, *shape), np.uint8)
    base = sums.Sums(7, (1, 2, 3)[: 1 if old.ndim == 2 else 3], (4, 5, 6)[: 1 if old.ndim == 2 else 3])
    if drawn.random() < 0.3:  # of all that there is most
        old[:], new[:] = (0, 255) if drawn.random() < 0.5 else (255, 0)
    step = int(drawn.choice([1, 1, -1]))
    return dataclasses.astuple(sums.changed_sums(base, old[:, ::step], new[:, ::step]))


def matched(drawn: Drawn) -> Any:
    planes = drawn.integers(0, 256, (int(drawn.integers(4, 6)), *drawn.integers(1, 30, 2)), np.uint8)
    planes[3][drawn.random(planes[3].shape) < 0.5] = drawn.choice([0, 255])
    own, other = (
        Appearance(tuple(drawn.uniform(-40, 90, 3)), tuple(drawn.uniform(0, 40, 3)), 0, 0, float(drawn.choice([4, 99])))
        for _ in range(2)
    )
    return composite.matched(planes, float(drawn.choice([0, drawn.random(), 1])), own, other)


def grained(drawn: Drawn) -> Any:
    height, width = (int(n) for n in drawn.integers(1, 300, 2) // drawn.choice([1, 10], 2) + 1)
    cutout = drawn.integers(0, 256, (height, width, 4), np.uint8)
    if drawn.random() < 0.5:
        cutout = cutout[:, ::-1]
    x, y = (int(n) for n in drawn.integers(-300, 600, 2))
    return harmonise.add_noise(cutout, float(drawn.choice([0.3, drawn.random() * 9, 80])), x, y)


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


def under_soles(drawn: Drawn) -> Any:
    height, width, margin = (int(n) for n in drawn.integers((8, 1, 0), (400, 60, 4)))
    alpha = np.kron(drawn.integers(0, 256, (height // 8, width), np.uint8), np.ones((8, 1), np.uint8))
    alpha = np.where(drawn.random(alpha.shape) < 0.01, 255, alpha & 191).astype(np.uint8)[:, ::-1]
    look = Look(shadow=float(drawn.random()))
    figure = Figure(0, 3, 5, width, height, False, 0.3, (4, 5 + height - int(drawn.integers(0, 30))), look)
    return shadows._under_soles(figure, alpha, margin)


def nearer(drawn: Drawn) -> Any:
    nearness = drawn.choice([-1.0, 0.0, 0.1, 0.3, 30.0, np.nan], drawn.integers(1, 60, 2)).astype(np.float32)
    floor = drawn.random(nearness.shape) < drawn.random()
    place = tuple(slice(*sorted(drawn.integers(0, side + 1, 2).tolist())) for side in nearness.shape)
    return occlusion._nearer(nearness[place], floor[place], np.float32(drawn.choice([0.0, 0.1, 0.29, 1e30])))


def thrown(drawn: Drawn) -> Any:
    matte = np.pad(drawn.integers(0, 256, drawn.integers(1, 40, 2), np.uint8), 1)
    y, x = (drawn.integers(-20, 200) + np.arange(0.5, drawn.integers(1, 40)) for _ in range(2))
    card = shadows._Card(
        (float(drawn.normal() * 1e-3), 0.005, -0.2, 0.3),
        (float(drawn.choice([-0.5, 0.01, 2.0])), 112.0, float(drawn.normal() * 60), 0.5, float(drawn.random())),
        (100.5, int(drawn.integers(1, 150)), int(drawn.integers(0, 99)), int(drawn.integers(-9, 99)), 0.4),
    )
    dark = shadows._thrown(matte, y, x, card)
    return dark, shadows._finer(dark, int(drawn.integers(1, 5)))


def darkened(drawn: Drawn) -> Any:
    shape = int(drawn.integers(1, 40)), int(drawn.integers(1, 40))
    image = drawn.integers(0, 256, (*shape, 3), np.uint8) // np.uint8(drawn.integers(1, 5))
    found = []
    for _ in range(int(drawn.integers(1, 4))):
        top, left = (int(n) for n in drawn.integers(0, shape))
        height, width = (int(drawn.integers(1, side - at + 1)) for side, at in zip(shape, (top, left), strict=True))
        planes = drawn.integers(0, 256, (2, height, width), np.uint8)
        planes[drawn.random(planes.shape) < 0.3] = 0
        found.append(shadows.Shadow(slice(top, top + height), slice(left, left + width), planes[0], planes[1]))
    floor = None if drawn.random() < 0.3 else drawn.random(shape) < 0.8
    return shadows.darken(image, found, floor), image


def layered(drawn: Drawn) -> Any:
    height, width = shape = int(drawn.integers(1, 40)), int(drawn.integers(1, 40))
    codes = drawn.integers(0, drawn.choice([9, 65536]), shape).astype(np.uint16)
    codes[drawn.random(shape) < 0.2] = 0
    farther = drawn.random() < 0.5
    depth = DepthCode(codes, 0.001, 0.0, 0, *(("m", "larger is farther") if farther else ("1/m", "larger is nearer")))
    surfaces = []
    for _ in range(int(drawn.integers(1, 4))):
        top, left = (int(n) for n in drawn.integers(0, shape))
        place = slice(top, int(drawn.integers(top, height + 1))), slice(left, int(drawn.integers(left, width + 1)))
        seen = np.zeros(shape, np.bool_)
        seen[place] = drawn.random(seen[place].shape) < drawn.choice([0.5, 0.95])
        relief = drawn.integers(0, 256, seen[place].shape, np.uint8)[:, ::-1] if drawn.random() < 0.7 else None
        code = None if drawn.random() < 0.2 else float(drawn.choice([1, 3000, 40000, 90000]) * drawn.random())
        bulge, deeper = float(drawn.choice([0, 0.2, 0.5])), float(drawn.choice([0, -0.3, 0.7]))
        surfaces.append(Surface(seen, place, code, bulge, relief, deeper, int(drawn.integers(0, 9))))
    return layering.layered(depth, surfaces).codes


def changed_codes(drawn: Drawn) -> Any:
    old, new = drawn.integers(0, drawn.choice([70, 65536]), (2, *drawn.integers(0, 30, 2))).astype(np.uint16)
    new = np.where(drawn.random(new.shape) < 0.5, new, old)
    old[drawn.random(old.shape) < 0.2] = 0
    histogram = drawn.integers(0, 1000, 1024)
    before = histogram.copy()
    found, bins = sums.changed_codes(sums.Sums(7, (1,), (4,)), histogram, old[:, ::-1], new[:, ::-1])
    assert np.array_equal(histogram, before)
    return dataclasses.astuple(found), bins


def viewed(drawn: Drawn) -> Any:
    shape = tuple(drawn.integers(1, 30, 2))
    whole = drawn.integers(0, 256, shape, np.uint8)[:, ::-1]
    mask = drawn.random(shape) < 0.6
    top = int(drawn.integers(0, 5))
    seen = composite.Seen(slice(top, top + shape[0]), slice(2, 2 + shape[1]), whole, whole, 99)
    return view_of(Figure(0, 2, int(drawn.integers(-9, 9)), 20, int(drawn.integers(1, 60)), False), seen, mask)


def boxes(drawn: Drawn) -> Any:
    mask = np.pad(mask_of(drawn), drawn.integers(32, 60, (2, 2)))  # no canvas is smaller
    mask = np.asarray(mask & (drawn.random(mask.shape) < drawn.choice([0.01, 0.5])))
    top, left = (int(drawn.integers(0, side)) for side in mask.shape)
    place = slice(top, mask.shape[0]), slice(left, mask.shape[1])
    part = np.zeros_like(mask)
    part[place] = mask[place]
    box, area = masks.box_and_area(part, place)
    assert box == masks.tight_box(part)
    return area if box is None else (box, area, count._heat(part, box))


TWINS = (
    *(pieces, without_crumbs, window_sums, tent, changed_sums, matched, composed, under_soles, thrown, darkened),
    *(layered, changed_codes, viewed, boxes, box_blur, grained, nearer),
)


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
        assert found.tobytes() == right.tobytes(), f"case {seed}: a zero of another sign"
    else:
        assert found == right, seed


def test_every_colour_under_every_alpha_is_straightened_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha, colour = np.divmod(np.arange(65536), 256)
    planes = np.stack([colour, colour, colour, alpha]).astype(np.uint8).reshape(4, 256, 256)
    found = composite.matched(planes, 0, GREY, GREY)
    monkeypatch.setattr(native, "kernel", None)
    np.testing.assert_array_equal(found, composite.matched(planes, 0, GREY, GREY))


def test_every_colour_is_looked_up_as_pillow_does(monkeypatch: pytest.MonkeyPatch) -> None:
    colours = np.arange(1 << 21) * 2654435761 >> 8  # 24 bits of them scattered
    planes = np.stack([colours, colours >> 8, colours >> 16, colours | 255]).astype(np.uint8).reshape(4, 2048, 1024)
    found = composite.matched(planes, 0.8, GREY, BRIGHT)
    monkeypatch.setattr(native, "kernel", None)
    np.testing.assert_array_equal(found, composite.matched(planes, 0.8, GREY, BRIGHT))


def bytes_of(*shape: int) -> Any:
    return np.zeros(shape, np.uint8)


def longs_of(*shape: int) -> Any:
    return np.zeros(shape, np.int64)


SHORTS = np.zeros((4, 4), np.uint16)
TABLE, TILE = np.zeros(2187, np.float32), np.zeros((2, 2), np.float32)
ROWS = np.zeros(4), np.zeros(3)
REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("paste", (bytes_of(4, 4, 3), bytes_of(4, 4), bytes_of(2, 2, 3), bytes_of(2, 2), 3, 0)),
    ("paste", (bytes_of(4, 4, 3), bytes_of(4, 4), bytes_of(2, 2, 3), bytes_of(2, 2), 0, -1)),
    ("paste", (bytes_of(4, 4, 3), bytes_of(4, 4), bytes_of(2, 2, 3), bytes_of(2, 3), 0, 0)),
    ("paste", (bytes_of(4, 4, 3), bytes_of(3, 4), bytes_of(2, 2, 3), bytes_of(2, 2), 0, 0)),
    ("cover", (bytes_of(2, 4, 4), bytes_of(4, 4), bytes_of(2, 2), 2, 0, 0)),
    ("cover", (bytes_of(2, 4, 4), bytes_of(4, 4), bytes_of(2, 2), 0, 2**62, 0)),
    ("owners", (bytes_of(2, 4, 4), bytes_of(4, 3))),
    ("owners", (bytes_of(256, 4, 4), bytes_of(4, 4))),
    ("straight", (bytes_of(3, 4, 4), bytes_of(4, 4, 4))),
    ("straight", (bytes_of(4, 4, 4), bytes_of(4, 3, 4))),
    ("coloured", (bytes_of(4, 4, 3), TABLE)),
    ("coloured", (bytes_of(4, 4, 4), TABLE[:-1])),
    ("coloured", (bytes_of(4, 4, 4), TABLE + np.float32(1.1))),
    ("grained", (bytes_of(4, 4, 4), TILE, 1.0, 0, 0, bytes_of(4, 3, 4))),
    ("grained", (bytes_of(4, 4, 4), TILE, 1.0, 0, 2, bytes_of(4, 4, 4))),
    ("grained", (bytes_of(4, 4, 4), TILE, -1.0, 0, 0, bytes_of(4, 4, 4))),
    ("grained", (bytes_of(4, 4, 4), TILE[:1], 1.0, 0, 0, bytes_of(4, 4, 4))),
    ("pieces", (bytes_of(4, 4), np.zeros((4, 3), np.int32))),
    ("window_sums", (bytes_of(4, 4), 8, bytes_of(4, 4))),
    ("window_sums", (bytes_of(4, 4), 1, bytes_of(4, 3))),
    ("window_sums", (bytes_of(0, 4), 1, bytes_of(0, 4))),
    ("box_blur", (np.zeros((4, 4, 1), np.float32), -1)),
    ("box_blur", (np.zeros((4, 4), np.float32), 1)),
    ("without_crumbs", (bytes_of(4, 4, 1), 3.0)),
    ("tent", (bytes_of(4, 4), longs_of(3), longs_of(4))),
    ("tent", (bytes_of(4, 4), longs_of(4), longs_of(4) - 1)),
    ("tent", (bytes_of(4, 4), longs_of(4) + 2**40, longs_of(4))),
    ("nearer", (TILE, bytes_of(2, 3), 1.0, bytes_of(2, 2))),
    ("nearer", (TILE, bytes_of(2, 2), 1.0, bytes_of(1, 2))),
    ("nearer", (TILE[:, ::-1], bytes_of(2, 2), 1.0, bytes_of(2, 2))),
    ("soles", (longs_of(4), bytes_of(3), 1, 1, 0, bytes_of(4, 4))),
    ("soles", (longs_of(4), bytes_of(4), 1, 1, 1, bytes_of(4, 4))),
    ("soles", (longs_of(4), bytes_of(4), -1, 1, 0, bytes_of(4, 4))),
    ("lowest", (bytes_of(4, 5), 2, longs_of(2))),
    ("lowest", (bytes_of(4, 5), 0, longs_of(5))),
    ("spread", (bytes_of(4, 4), longs_of(3, 2), 16, bytes_of(4, 4))),
    ("spread", (bytes_of(4, 4), longs_of(3, 3) - 1, 16, bytes_of(4, 4))),
    ("spread", (bytes_of(4, 4), longs_of(3, 3), 0, bytes_of(4, 4))),
    ("spread", (bytes_of(4, 4), longs_of(3, 3), 16, bytes_of(4, 3))),
    ("thrown", (bytes_of(1, 4), *ROWS, (1.0,) * 4, (1.0,) * 5, (1.0,) * 5, np.zeros((4, 3)))),
    ("thrown", (bytes_of(4, 4), *ROWS, (1.0,) * 4, (1.0,) * 5, (1.0,) * 5, np.zeros((3, 4)))),
    ("finer", (np.zeros((4, 4)), 2, bytes_of(8, 7))),
    ("finer", (np.zeros((4, 4)), 0, bytes_of(0, 0))),
    ("finer", (np.full((4, 4), np.nan), 1, bytes_of(4, 4))),
    ("weighed", (bytes_of(2, 2), bytes_of(4, 4, 3), None, 3, 0)),
    ("weighed", (bytes_of(2, 2), bytes_of(4, 4, 4), None, 0, 0)),
    ("weighed", (bytes_of(2, 2), bytes_of(4, 4, 3), bytes_of(2, 1), 0, 0)),
    ("darken", (bytes_of(4, 4, 3), bytes_of(2, 2), bytes_of(2, 3), None, 0, 0)),
    ("darken", (bytes_of(4, 4, 3), bytes_of(2, 2), bytes_of(2, 2), bytes_of(1, 2), 0, 0)),
    ("darken", (bytes_of(4, 4, 3), bytes_of(2, 2), bytes_of(2, 2), None, 0, -(2**62))),
    ("layer", (SHORTS, bytes_of(4, 5), (0, 4, 0, 4), None, None, True, 0)),
    ("layer", (SHORTS, bytes_of(4, 4), (0, 5, 0, 4), None, None, True, 0)),
    ("layer", (SHORTS, bytes_of(4, 4), (3, 2, 0, 4), None, None, True, 3)),
    ("layer", (SHORTS, bytes_of(4, 4), (0, 4, 0, 4), None, None, True, 8)),
    ("layer", (SHORTS, bytes_of(4, 4), (0, 4, 0, 4), np.zeros(255, np.uint16), None, True, 0)),
    ("layer", (SHORTS, bytes_of(4, 4), (0, 4, 0, 4), np.zeros(256, np.uint16), bytes_of(3, 4), True, 0)),
    ("changed_codes", (SHORTS, SHORTS[:3], longs_of(1024))),
    ("changed_codes", (SHORTS, SHORTS, longs_of(1023))),
    ("view", (bytes_of(4, 4), bytes_of(4, 3), 0)),
    ("tight_box", (bytes_of(4, 4, 1),)),
    ("heat", (bytes_of(4, 4), np.array([0, 5]), np.array([0, 4]), longs_of(1, 1))),
    ("heat", (bytes_of(4, 4), np.array([0, 4]), np.array([3, 2]), longs_of(1, 1))),
    ("heat", (bytes_of(4, 4), np.array([0, 4]), np.array([0, 4]), longs_of(1, 2))),
    ("changed_sums", (bytes_of(4, 4, 3), bytes_of(4, 4, 1))),
    ("changed_sums", (bytes_of(4, 4, 5), bytes_of(4, 4, 5))),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED, ids=lambda one: one if isinstance(one, str) else "")
def test_sizes_that_do_not_fit_are_refused(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"fit|canvas|shape|reach|dimensions"):
        getattr(kernel, name)(*arguments)


def test_every_function_has_its_twin_here() -> None:
    functions = {name for name in dir(kernel) if not name.startswith("_")}
    have_files = {"rle", "jpeg_begin", "jpeg_changed", "deflate_code", "resize", "promising"}
    have_files |= {"png_counts", "png_data", "png_differing", "png_pieces", "png_unfiltered", "crc32"}
    assert functions - have_files == {name for name, _ in REFUSED}
