from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core import random
from figureground.core.record import Record
from figureground.image.masks import tight_box
from figureground.samples import stats
from figureground.samples.count import base_of, is_checked
from figureground.samples.sums import Sums, changed_sums
from tests.samples.counting import Arrays, as_read, counted, figure, record


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
    about = record(
        *(figure(200, None, f"fg{i}", "ground", v) for i, v in enumerate((1.0, 0.52))),
        depths=("depth", "depth_network"),
    )
    stored: dict[str, np.ndarray[Any, Any]] = {"image": np.zeros((48, 48, 3), np.uint8), "mask": mask}
    stored |= {"depth": depth, "depth_network": network}
    base = {"depth": base_of("depth", own, 0)}
    read = as_read(stored)
    found = counted(about, stored, read, bases=base)
    assert found.area == 400
    assert (found.figures, found.placements, found.foregrounds) == ({"2": 1}, {"ground": 2}, {"fg0": 1})
    assert {i: n for i, n in enumerate(found.visible_histogram) if n} == {10: 1, 19: 1}
    assert (found.around, found.around_moved) == (48 * 48 - 400, 4)
    assert {i: n for i, n in enumerate(found.shift_histogram) if n} == {0: 48 * 48 - 400 - 7 - 23, 5: 20, 511: 3}
    for decoded, bases in ((None, base), (read, None)):
        unchecked = counted(about, stored, decoded, bases=bases)
        assert (unchecked.around, unchecked.around_moved, unchecked.shift_histogram) == (0, 0, ())
    twice = found + found
    assert (twice.around, twice.around_moved, twice.figures) == (2 * found.around, 8, {"2": 2})
    assert sum(twice.shift_histogram) == 2 * sum(found.shift_histogram)
    assert stats.from_json(stats.to_json(twice)) == twice


@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([np.uint16, np.uint8]))
def test_sums_from_the_background_and_a_box_are_those_of_all_pixels(seed: int, checked: bool, dtype: Any) -> None:
    """A sample's sums are its background's, less and plus those of the box that a figure changed: a short cut."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max + 1
    image = rng.integers(0, 256, (48, 48, 3), np.uint8)
    depth = (rng.integers(0, top, (48, 48)) * (rng.random((48, 48)) < 0.9)).astype(dtype)
    (y0, y1), (x0, x1) = (np.sort(rng.choice(49, 2, replace=False)).tolist() for _ in range(2))
    changed = slice(y0, y1), slice(x0, x1)
    mask = np.zeros((48, 48), bool)
    mask[changed] = rng.integers(0, 2, (y1 - y0, x1 - x0)) > 0
    box = tight_box(mask)
    about = record(figure(int(mask.sum()), box))
    bases = {"image": base_of("image", image), "depth": base_of("depth", depth, 0)}
    stored = {"image": image.copy(), "mask": mask, "depth": depth.copy()}
    stored["image"][changed] = rng.integers(0, 256, (y1 - y0, x1 - x0, 3), np.uint8)
    stored["depth"][changed] = rng.integers(0, top, (y1 - y0, x1 - x0)).astype(dtype)
    decoded = as_read(stored) if checked else None
    short = counted(about, stored, decoded, {"image": 7}, bases, changed)
    long = counted(about, stored, decoded, {"image": 7})
    around = 48 * 48 - int(mask.sum()) if checked else 0
    assert short.around == around
    plain = stats.to_json(stats.total([short])) | {"around": 0, "around_moved": 0, "shift_histogram": []}
    assert plain == stats.to_json(stats.total([long])) | {"shift_histogram": []}
    heat = np.reshape(stats.total([short]).heat, (32, 32))
    edges = np.arange(33) * 48 // 32
    by_cell = [[int(mask[a:b, c:d].sum()) for c, d in pairwise(edges)] for a, b in pairwise(edges)]
    assert heat.tolist() == by_cell


def slow(
    about: Record, stored: Arrays, decoded: Arrays | None, own: Arrays, sizes: Mapping[str, int]
) -> dict[str, Any]:
    """Return what `to_json` gives, counted by whole pictures and in the plainest way."""

    def sums(layer: str, values: np.ndarray[Any, Any]) -> list[Any]:
        wide = (255 * values if values.dtype == bool else values).astype(np.int64).reshape(values.shape[0], -1)
        wide = wide.reshape(-1, 3 if layer == "image" else 1)
        if layer == "depth":
            wide = wide[wide[:, 0] != 0]
        return [len(wide), wide.sum(0).tolist(), (wide**2).sum(0).tolist()]

    def bins(values: list[int], count: int) -> list[int]:
        counted = Counter(values)
        return [counted[i] for i in range(count)]

    mask, codes = stored["mask"], stored["depth"]
    shift = 6 if codes.dtype == np.uint16 else 0
    height, width = mask.shape
    edges = [[i * side // 32 for i in range(33)] for side in (height, width)]
    heat = [[int(mask[a:b, c:d].sum()) for c, d in pairwise(edges[1])] for a, b in pairwise(edges[0])]
    figures = about.figures
    nothing: list[Any] = [0, [], []]
    layers = {}
    for layer in stored:
        before = sums(layer, stored[layer])
        layers[layer] = {
            "all": before,
            "before": before if decoded else nothing,
            "after": sums(layer, decoded[layer]) if decoded else nothing,
        }
    outside = decoded["mask"] < 128 if decoded else np.zeros(mask.shape, bool)
    wrong = decoded is not None and len(figures) == 1 and tight_box(decoded["mask"] >= 128) != figures[0].box
    return {
        "samples": 1,
        "pixels": mask.size,
        "area": sum(one.area for one in figures),
        "layers": layers,
        "values": {},
        "against_mask": {"alpha": int(((decoded["alpha"] >= 128) != mask).sum())} if decoded else {},
        "bytes": sizes,
        "backgrounds": {about.background: 1},
        "foregrounds": {about.turn[1]: 1},
        "stood_in": {},
        "fewer": {},
        "splits": {about.split: 1},
        "heat": [count for row in heat for count in row],
        "area_histogram": bins([min(sum(one.area for one in figures) * 200 // mask.size, 199)], 200),
        "depth_histogram": bins([code >> shift for code in codes.ravel().tolist() if code], 1024),
        "checked": int(decoded is not None),
        "wrong_boxes": int(wrong),
        "placements": {name: sum(one.placement == name for one in figures) for name in {f.placement for f in figures}},
        "figures": {str(len(figures)): 1},
        "classes": {"person": len(figures)} if figures else {},
        "visible_histogram": bins([min(int(one.visible_fraction * 20), 19) for one in figures], 20) if figures else [],
        "around": int(outside.sum()),
        "around_moved": int((decoded["depth"][outside] != own["depth"][outside]).sum()) if decoded else 0,
        "no_depth": {},
        "no_depth_why": {},
        "shift_histogram": [],
        **slow_framing(mask),
        "plausibility_histogram": bins([13], 20),
        "doubts": {"enlarged": 1, "pose unsure": 1},
        "worst": {str(about.index): 654},
    }


def slow_framing(mask: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return what is counted of how a mask fills the frame, in the plainest way."""
    y, x = np.nonzero(mask)
    if not y.size:
        return {"framed": 0, "height_histogram": [], "width_histogram": [], "cut": {}}
    height, width = mask.shape
    tall, wide = int(y.max() - y.min()) + 1, int(x.max() - x.min()) + 1
    edges = {"top": mask[0, :], "right": mask[:, -1], "bottom": mask[-1, :], "left": mask[:, 0]}
    cut = [side for side, edge in edges.items() if sum(edge) >= 0.02 * len(edge)]
    return {
        "framed": 1,
        "height_histogram": [int(i == min(tall * 200 // height, 199)) for i in range(200)],
        "width_histogram": [int(i == min(wide * 200 // width, 199)) for i in range(200)],
        "cut": dict.fromkeys(cut or ["none"], 1),
    }


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.booleans(),
    st.sampled_from([np.uint16, np.uint8]),
    st.sampled_from([(64, 64), (64, 96), (320, 32), (32, 544)]),
)
def test_statistics_are_those_of_counting_every_pixel(
    seed: int, checked: bool, dtype: Any, shape: tuple[int, int]
) -> None:
    """Two figures anywhere, or one, or none; a box that holds them, and changes beside them."""
    rng = np.random.default_rng(seed)
    height, width = shape
    top = np.iinfo(dtype).max + 1
    own = {"image": rng.integers(0, 256, (*shape, 3), np.uint8), "alpha": np.zeros(shape, np.uint8)}
    own["depth"] = (rng.integers(0, top, shape) * (rng.random(shape) < 0.9)).astype(dtype)
    stored = {name: values.copy() for name, values in own.items()} | {"mask": np.zeros(shape, bool)}
    figures, x0, y0, x1, y1 = [], width, height, 0, 0
    for i in range(int(rng.integers(0, 3))):
        (top_row, bottom), (left, right) = (np.sort(rng.integers(0, side + 1, 2)).tolist() for side in shape)
        seen = np.zeros(shape, bool)
        seen[top_row:bottom, left:right] = rng.random((bottom - top_row, right - left)) < rng.random()
        seen &= ~stored["mask"]
        stored["mask"] |= seen
        stored["depth"][seen] = rng.integers(0, top, int(seen.sum())).astype(dtype)
        stored["alpha"][top_row:bottom, left:right] = rng.integers(0, 256, (bottom - top_row, right - left))
        stored["image"][top_row:bottom, left:right] = rng.choice([0, 255, 7])
        x0, y0, x1, y1 = min(x0, left), min(y0, top_row), max(x1, right), max(y1, bottom)
        figures.append(figure(int(seen.sum()), tight_box(seen), f"fg{i}", "ground", float(rng.random())))
    about = replace(record(*figures), plausibility=0.654, doubts=("pose unsure", "enlarged"))
    if not figures:
        x0 = y0 = 0
        about = replace(about, turn_foreground="fg9")
    bases = {layer: base_of(layer, values, 0) for layer, values in own.items()}
    decoded = as_read(stored) if checked else None
    if decoded is not None:
        decoded = {**decoded, "image": decoded["image"] // 2, "mask": rng.permutation(decoded["mask"])}
    changed = slice(y0, max(y0, y1)), slice(x0, max(x0, x1))
    found = counted(about, stored, decoded, {"image": 7}, bases, changed)
    assert stats.to_json(stats.total([found])) == slow(about, stored, decoded, own, {"image": 7})
    twice = stats.to_json(found + found)
    assert (twice["layers"]["image"]["all"][0], twice["heat"]) == (2 * height * width, [2 * n for n in found.heat])


def test_changes_of_many_rows_are_summed_exactly() -> None:
    """Squares of more rows than float32 holds the sums of, and than 32 bits do."""
    old, new = np.zeros((70_000, 3, 3), np.uint8), np.full((70_000, 3, 3), 255, np.uint8)
    new[::2] = 253
    assert changed_sums(Sums.of(old.reshape(-1, 3)), old, new) == Sums.of(new.reshape(-1, 3))
    assert changed_sums(Sums.of(new.reshape(-1, 3)), new, old) == Sums.of(old.reshape(-1, 3))


def test_cells_of_more_rows_than_bytes_count_are_counted() -> None:
    mask = np.ones((9000, 64), bool)
    found = counted(record(figure(mask.size, (0, 0, 64, 9000))), {"mask": mask})
    assert (min(found.heat), max(found.heat), sum(found.heat)) == (281 * 2, 282 * 2, mask.size)


def test_each_draw_of_the_check_is_that_of_the_sample_alone() -> None:
    for k in (0, 1, 1023, 1024, 5000, 10**9):
        assert is_checked(k) == (k == 0 or float(random.uniform(0, k, "decode check")) < 1 / 16)


def test_a_sixteenth_is_checked_and_always_the_first() -> None:
    chosen = [k for k in range(8000) if is_checked(k)]
    assert chosen[0] == 0
    assert 400 < len(chosen) < 600


def test_stand_ins_and_scenes_with_too_few_are_counted_and_the_turn_is_whose_it_was() -> None:
    one = figure(5, (0, 0, 5, 1), "fg2", "ground", 1.0)
    about = replace(record(one), turn_foreground="fg1", turn_background="bg7", fewer="no place")
    shape = 64, 64
    mask = np.zeros(shape, bool)
    mask[0, :5] = True
    stored = {"image": np.zeros((*shape, 3), np.uint8), "mask": mask}
    found = stats.to_json(counted(about, stored, None, {}, {}, (slice(0, 1), slice(0, 5))))
    assert (found["backgrounds"], found["foregrounds"]) == ({"bg7": 1}, {"fg1": 1})
    assert (found["stood_in"], found["fewer"]) == ({"foreground": 1, "background": 1}, {"no place": 1})
