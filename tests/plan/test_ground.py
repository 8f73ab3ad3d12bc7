"""Figures on the floor, over a real catalog: where they stand, how tall they are, how much of them is seen."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bools
from figureground.core.canvas import Canvas
from figureground.core.engines import Serial
from figureground.core.job import Job
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Background, Catalog, Figure, Foreground, Scene
from figureground.core.recipe import Recipe
from figureground.geometry.glance import barrier_of
from figureground.geometry.perspective import figure_heights
from figureground.image.masks import mask_of
from figureground.ingest import ingest
from figureground.ingest.pixels import Pixels
from figureground.plan import places, plan
from figureground.plan.ground import as_it_may_be, figure_at, stand
from figureground.plan.heights import limits
from figureground.plan.place import Setting, Slot
from figureground.plan.sight import Sight
from figureground.plan.split import split
from figureground.render import composite
from figureground.render.composite import Composite, Sprite, compose
from figureground.render.sprites import Sprites
from tests.builders import NO_LOOK, ground_recipe, job_of, write_floor_photos
from tests.plan.sights import PLAIN, Cards, flat_room, rules


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standing")
    write_floor_photos(folder, 4, 6)
    return folder


@pytest.fixture(scope="module")
def prepared(photos: Path) -> tuple[Catalog, MemoryStore]:
    store = MemoryStore()
    return ingest.ingest(job_of(ground_recipe(photos)), Serial(), store, lambda *_: None), store


@dataclass(frozen=True)
class Stage:
    """A job over prepared photos, and its sprites."""

    job: Job
    sprites: Sprites

    @property
    def catalog(self) -> Catalog:
        return self.sprites.catalog

    @property
    def pixels(self) -> Pixels:
        return self.sprites.pixels

    def render(self, scene: Scene) -> tuple[Composite, list[Sprite]]:
        sprites = self.sprites.of(scene)
        floor = self.pixels.floor(scene.background) if any(figure.stands for figure in scene.figures) else None
        return compose(self.pixels.background(scene.background), sprites, floor), sprites


def stage_of(recipe: Recipe, catalog: Catalog, store: MemoryStore) -> Stage:
    job = job_of(recipe)
    return Stage(job, Sprites(catalog, Pixels(catalog, store), job.canvas))


def staged(photos: Path, prepared: tuple[Catalog, MemoryStore], **sections: Any) -> Stage:
    recipe = ground_recipe(photos, **{"look": NO_LOOK, **sections})
    return stage_of(recipe, *prepared)


def scenes_of(stage: Stage, indices: Iterable[int] | None = None) -> list[Scene]:
    wanted = range(plan.count(stage.job.placing, stage.catalog)) if indices is None else indices
    return plan.scenes(stage.job.placing, stage.catalog, list(wanted), stage.sprites)


def whole(stage: Stage, figure: Figure) -> tuple[Bools, int]:
    """Return the mask of a figure that nothing hides, on a canvas with room all around, and where the frame begins."""
    room = stage.job.canvas.height
    planes, margin = composite.sized(stage.pixels.planes(figure.foreground), figure)
    alpha = planes[3, :, ::-1] if figure.flip else planes[3]
    canvas = np.zeros((3 * room, 3 * room), np.uint8)
    y, x = figure.y - margin + room, figure.x - margin + room
    canvas[y : y + alpha.shape[0], x : x + alpha.shape[1]] = alpha
    return mask_of(canvas), room


def test_feet_are_on_the_contact(photos: Path, prepared: tuple[Catalog, MemoryStore]) -> None:
    """The middle of the pasted mask's lowest row, of figures and their mirrored twins, within a pixel."""
    stage = staged(photos, prepared)
    standing = 0
    for scene in scenes_of(stage):
        (figure,) = scene.figures
        assert figure.contact is not None
        mask, edge = whole(stage, figure)
        row = np.flatnonzero(mask.any(1))[-1]
        columns = np.flatnonzero(mask[row])
        assert abs(row - edge - figure.contact[1]) <= 1
        assert abs(columns.mean() - edge - figure.contact[0]) <= 1
        standing += 1
    assert standing == 4 * 6 * 2 * 2


@settings(max_examples=200)
@given(st.integers(1, 80), st.integers(1, 60), st.floats(0, 1), st.floats(0.5, 1), st.integers(1, 90), st.booleans())
def test_a_cutouts_foot_is_put_on_the_pixel(
    height: int, width: int, foot_x: float, foot_y: float, wanted: int, flip: bool
) -> None:
    foot_y = min(foot_y, 1 - 0.5 / height)
    cutout = Foreground("a", "", "", "", "", "", height, width, 1, 1.0, "alpha", PLAIN, (foot_x, foot_y))
    figure = figure_at(cutout, 3, (40, 50), wanted, flip, 0.25)
    assert (figure.height, figure.flip, figure.inverse_depth, figure.contact) == (wanted, flip, 0.25, (40, 50))
    assert figure.width == max(1, round(width * wanted / height))
    many = places.corners_of(cutout, np.array([[40, 50]]), np.array([figure.width]), np.array([wanted]), flip)
    assert many.tolist() == [[figure.x, figure.y]]
    inside_x = (40 + 0.5 - figure.x) / figure.width  # where the contact's middle lies in the cut-out
    inside_y = (50 + 0.5 - figure.y) / figure.height
    assert abs((1 - inside_x if flip else inside_x) - foot_x) <= 1 / figure.width + 1e-9
    assert abs(inside_y - foot_y) <= 1 / figure.height + 1e-9
    other = figure_at(cutout, 3, (40, 50), wanted, not flip, 0.25)
    assert figure.x + figure.width - 1 - 40 == 40 - other.x  # mirrored about the contact


def test_heights_and_depth_follow_from_the_place(photos: Path, prepared: tuple[Catalog, MemoryStore]) -> None:
    stage = staged(photos, prepared, placement={"per_pair": 4})
    heights, below = [], 0
    for scene in scenes_of(stage):
        room = stage.catalog.backgrounds[scene.background]
        assert room.ground is not None
        for figure in scene.figures:
            assert figure.contact is not None
            x, y = figure.contact
            cutout = stage.catalog.foregrounds[figure.foreground]
            expected = float(figure_heights(room.ground, cutout.real_height, x + 0.5, y + 1.0, stage.job.canvas))
            assert abs(figure.height - expected) <= 0.5
            assert figure.width == round(cutout.width * figure.height / cutout.height)
            if y < 96:
                assert stage.pixels.floor(scene.background)[y, x]
                code = stage.pixels.depth(scene.background)
                assert figure.inverse_depth == pytest.approx(1 / (code.scale * code.codes[y, x]), rel=1e-5)
            else:
                plane = room.ground
                q = plane.a * (x + 0.5) + plane.b * (y + 0.5) + plane.c
                assert figure.inverse_depth == pytest.approx(q, rel=1e-5)
                assert figure.y + figure.height > 96
                below += 1
            # one camera of focal length 1.0: metres and pixels agree, but for the camera's tilt
            metres = figure.height / 96 / figure.inverse_depth
            assert metres == pytest.approx(cutout.real_height, rel=0.15, abs=0.5 / 96 / figure.inverse_depth)
            heights.append(figure.height)
    assert max(heights) > 3 * min(heights)
    assert 0.1 < below / len(heights) < 0.9


def test_on_an_unsure_floor_heights_follow_from_the_floor_as_a_sample_draws_it() -> None:
    """Each sample draws its own, which all figures of its scene stand on, twins too; a sure floor is what it is."""
    room, cutout = flat_room()
    assert room.ground is not None
    unsure = dataclasses.replace(room, ground=dataclasses.replace(room.ground, horizon_sd=1.5, camera_height_sd=0.2))
    canvas = Canvas(64, 64)
    sight = Cards(canvas, [(x, y) for y in range(40, 60) for x in range(64)])
    for background in (room, unsure):
        setting = Setting(rules(64, mode="ground", min_visible=0.5), Catalog((background,), (cutout,)), sight)
        floors = []
        for counter in range(40):
            slot = Slot(0, 0, counter, 0, (False, True), (0.0,) * 8)
            floor = as_it_may_be(setting, slot)
            assert floor is not None
            assert floor == as_it_may_be(setting, dataclasses.replace(slot, turn=1, again=2, flips=(True,)))
            floors.append(floor)
            found = stand(setting, slot, [(), ()])
            assert found is not None
            one, two = found
            assert (one.contact, one.height) == (two.contact, two.height)
            assert one.contact is not None
            x, y = one.contact
            assert abs(one.height - figure_heights(floor, cutout.real_height, x + 0.5, y + 1.0, canvas)) <= 0.5
        assert len(set(floors)) == (40 if background is unsure else 1)
        assert background is unsure or floors[0] == room.ground


def test_limits_of_height_hold(photos: Path, prepared: tuple[Catalog, MemoryStore]) -> None:
    free = staged(photos, prepared, placement={"per_pair": 5})
    bound = staged(photos, prepared, placement={"per_pair": 5}, foregrounds={"height": [80 / 224, 120 / 224]})
    heights = [s.figures[0].height for s in scenes_of(free)]
    assert min(heights) < 80 * 96 / 224 - 1
    assert max(heights) > 120 * 96 / 224 + 1
    held = [f.height for s in scenes_of(bound) for f in s.figures if f.stands]
    assert len(held) == len(heights)
    assert min(held) >= 80 * 96 / 224 - 0.5
    assert max(held) <= 120 * 96 / 224 + 0.5
    small = dataclasses.replace(free.catalog.foregrounds[0], height=11)
    least, most = limits(free.job.placing.heights, free.job.canvas, small)
    assert (least, most) == (0.15 * 96, 22.0)  # no cut-out is enlarged more than twice


@pytest.mark.parametrize(
    ("least", "figures", "most"), [(0.5, [1, 1], 0.5), (0.9, [2, 3], 0.3), (0.4, [3, 4], 0.5), (1.0, [1, 2], 0.0)]
)
def test_enough_of_every_figure_is_seen(
    photos: Path, prepared: tuple[Catalog, MemoryStore], least: float, figures: list[int], most: float
) -> None:
    """Counted in the rendered picture, against the whole mask of each figure and against the figure on its own."""
    placement = {"min_visible": least, "figures": figures, "overlap": most}
    stage = staged(photos, prepared, placement=placement, split={"foregrounds": 0})
    counts = []
    for scene in scenes_of(stage):
        rendered, _ = stage.render(scene)
        counts.append(len(scene.figures))
        for i, figure in enumerate(scene.figures):
            mask, edge = whole(stage, figure)
            frame_ = mask[edge : edge + 96, edge : edge + 96]
            seen = rendered.instances == i + 1
            assert seen.sum() >= least * mask.sum()
            # what is seen of it is of it, but where soft edges of two figures make a solid pixel together
            assert (seen & ~frame_).sum() <= 4 + 0.02 * mask.sum()
            alone, _ = stage.render(dataclasses.replace(scene, figures=(figure,)))
            assert seen.sum() >= (1 - most) * alone.mask.sum()
            if least == 1:
                assert (seen != frame_).sum() <= 2
                assert mask.sum() == frame_.sum()
    assert max(counts) == figures[1]


def test_things_in_front_hide_figures_behind_them(photos: Path, prepared: tuple[Catalog, MemoryStore]) -> None:
    """Room 1 has a box: what of a figure is hidden lies where depth is nearer, and some of its figures are cut."""
    stage = staged(photos, prepared, placement={"per_pair": 24, "min_visible": 0.4, "mirror": "none"})
    hidden = 0
    for scene in scenes_of(stage):
        (figure,) = scene.figures
        rendered, (one,) = stage.render(scene)
        full = np.zeros((96, 96), bool)
        full[one.rows, one.columns] = mask_of(one.whole)
        covered = full & ~rendered.mask
        hidden += bool(covered.sum() > 5)
        metres = stage.pixels.depth(scene.background).codes / 1000
        nearer = metres < 1 / figure.inverse_depth
        assert (covered & ~nearer).sum() <= 12 + 0.1 * covered.sum()  # but for the soft rim
    assert hidden > 3


def test_bodies_have_room(photos: Path, prepared: tuple[Catalog, MemoryStore]) -> None:
    """In rooms of known depth hardly anything is where a figure is: neither before its feet nor well behind them."""
    stage = staged(photos, prepared, placement={"per_pair": 24, "min_visible": 0.4, "mirror": "none"})
    for scene in scenes_of(stage):
        (figure,) = scene.figures
        full, edge = whole(stage, figure)
        inside = full[edge : edge + 96, edge : edge + 96]
        metres, feet = stage.pixels.depth(scene.background).codes / 1000, 1 / figure.inverse_depth
        there = (metres > feet / 1.03) & (metres < feet + 0.25) & ~stage.pixels.floor(scene.background)
        assert (inside & there).sum() <= 0.15 * full.sum()  # a tenth of its points, which are some hundred


def test_a_scene_does_not_hang_on_what_is_asked_beside_it(photos: Path, prepared: tuple[Catalog, MemoryStore]) -> None:
    sections: dict[str, Any] = {"placement": {"figures": [1, 3], "mirror": "own"}, "look": {}}
    stage = staged(photos, prepared, **sections)
    together = scenes_of(stage)
    assert scenes_of(stage) == together
    order = np.random.default_rng(0).permutation(len(together))[:30].tolist()
    assert scenes_of(staged(photos, prepared, **sections), order) == [together[k] for k in order]
    for k in order[:6]:
        assert scenes_of(staged(photos, prepared, **sections), [k]) == [together[k]]
    assert len({s.figures for s in together}) == len(together)


@pytest.mark.parametrize("mirror", ["same", "own"])
def test_mirrored_twins_stand_in_the_same_place_or_in_their_own(
    photos: Path, prepared: tuple[Catalog, MemoryStore], mirror: str
) -> None:
    stage = staged(photos, prepared, placement={"mirror": mirror, "figures": [1, 2]})
    scenes = scenes_of(stage)
    same = []
    for one, two in zip(scenes[::2], scenes[1::2], strict=True):
        assert {f.flip for f in one.figures} == {False}
        assert {f.flip for f in two.figures} == {True}
        same.append(
            [(f.foreground, f.contact, f.height) for f in one.figures]
            == [(f.foreground, f.contact, f.height) for f in two.figures]
        )
    assert all(same) if mirror == "same" else np.mean(same) < 0.2


def test_companions_are_others_of_the_same_split_and_used_evenly(
    photos: Path, prepared: tuple[Catalog, MemoryStore]
) -> None:
    stage = staged(
        photos,
        prepared,
        placement={"figures": [2, 3], "min_visible": 0.3, "per_pair": 12, "mirror": "none"},
        split={"foregrounds": 0.34},
    )
    held = split(stage.job.placing, stage.catalog).foregrounds
    assert 1 <= len(held) <= 2
    used = np.zeros(6)
    for scene in scenes_of(stage):
        numbers = [figure.foreground for figure in scene.figures]
        assert len(set(numbers)) == len(numbers)
        assert len({number in held for number in numbers}) == 1
        used += np.bincount(numbers[1:], minlength=6)
    for group in (sorted(held), sorted(set(range(6)) - held)):
        assert used[group].max() < 1.5 * used[group].min()


def test_rooms_without_a_floor_have_figures_without_geometry(
    photos: Path, prepared: tuple[Catalog, MemoryStore]
) -> None:
    first, *rest = prepared[0].backgrounds
    bare = dataclasses.replace(first, ground=None, no_floor="a wall")
    catalog = dataclasses.replace(prepared[0], backgrounds=(bare, *rest))
    recipe = ground_recipe(photos, look=NO_LOOK, placement={"no_floor": "uniform", "figures": [1, 3]})
    stage = stage_of(recipe, catalog, prepared[1])
    for scene in scenes_of(stage):
        for figure in scene.figures:
            assert figure.stands == (scene.background != 0)
            if not figure.stands:
                assert figure.inverse_depth == 0
                assert 0.15 * 96 - 1 <= figure.height <= 1.3 * 96 + 1
                assert stage.sprites.areas(0, figure)[1] >= 0.5 * stage.sprites.areas(0, figure)[0]
    grid = ground_recipe(photos, look=NO_LOOK, placement={"no_floor": "grid", "per_pair": 4, "mirror": "none"})
    stage = stage_of(grid, catalog, prepared[1])
    middles = [(2 * f.x + f.width, 2 * f.y + f.height) for s in scenes_of(stage, range(4)) for f in s.figures]
    assert [(x > 96, y > 96) for x, y in middles] == [(False, False), (True, False), (False, True), (True, True)]


def put(
    room: Background, cutout: Foreground, min_visible: float, flips: tuple[bool, ...], sight: Sight
) -> tuple[Figure, ...] | None:
    """Return the cut-out where it stands in the room, alone."""
    setting = Setting(rules(64, mode="ground", min_visible=min_visible), Catalog((room,), (cutout,)), sight)
    return stand(setting, Slot(0, 0, 7, 0, flips, (0.0,) * 8), [()] * len(flips))


def test_a_floor_without_a_place_has_no_figure() -> None:
    room, cutout = flat_room()
    canvas = Canvas(64, 64)

    def ask(sight: Cards, flips: tuple[bool, ...] = (False, True)) -> tuple[Figure, ...] | None:
        return put(room, cutout, 0.5, flips, sight)

    found = ask(Cards(canvas, [(30, 50)]))
    assert found is not None
    assert [f.flip for f in found] == [False, True]
    assert [f.height for f in found] == [51 - 16] * 2  # from the horizon to the lower edge of the contact
    assert [f.contact for f in found] == [(30, 50)] * 2
    assert ask(Cards(canvas, [])) is None
    assert ask(Cards(canvas, [(30, 20)])) is None  # 5 px tall there, less than foregrounds.height allows
    assert ask(Cards(canvas, [(30, 50)], q=0.0)) is None  # depth unknown
    assert ask(Cards(canvas, [(30, 50)], q=float("nan"))) is None
    few = [(30, 20)] * 4000 + [(31, 50)] + [(30, 21)] * 4000  # one place that hardly any draw finds
    last = ask(Cards(canvas, few))
    assert last is None or last[0].contact == (31, 50)


def test_nobody_stands_in_what_is_behind_them() -> None:
    """A wall where the floor ends, 2.94 m away: feet are 0.3 m or more before it; what is slim may be nearer."""
    room, cutout = flat_room()
    canvas, ends = Canvas(64, 64), 50
    floor = [(30, y) for y in range(ends, 62)]

    class Before(Cards):
        width = 64  # px of the wall, from the left

        def inverse_depths(self) -> Any:
            return np.clip(0.01 * (np.arange(64) + 0.5) - 0.16, 0, None)[:, None].repeat(64, 1)

        def outlook(self, background: int, foreground: int) -> Any:
            nearness = np.zeros(canvas.shape, np.float32)
            nearness[:ends, : self.width] = 0.01 * ends - 0.16
            return dataclasses.replace(
                super().outlook(background, foreground), barrier=barrier_of(nearness, nearness == 0)
            )

    def rows(sight: Cards) -> set[int]:
        setting = Setting(rules(64, mode="ground", min_visible=0.5), Catalog((room,), (cutout,)), sight)
        found = (stand(setting, Slot(0, 0, counter, 0, (False, True), (0.0,) * 8), [(), ()]) for counter in range(60))
        return {figure.contact[1] for one in found if one is not None for figure in one if figure.contact}

    def metres(row: float) -> float:  # the rule of horizons, of a focal length of 1.1 heights
        return 1.1 * 64 * 1.4 / (row - 16)

    sight = Before(canvas, floor)
    assert min(rows(sight)) == min(y for _, y in floor if metres(ends) - metres(y + 0.5) >= 0.3)
    sight.width = 25  # behind one column of somebody who is 12 px wide around column 30
    assert min(rows(sight)) == ends
    sight.width = 28
    assert min(rows(sight)) > ends


@pytest.mark.parametrize(("times", "taken"), [(0.85, True), (1.05, False), (1.15, False), (1.25, True)])
def test_where_depth_cannot_tell_who_is_in_front_nobody_stands(times: float, taken: bool) -> None:
    """A third of the figure is before or behind something at so many times its inverse depth, known to a tenth."""
    room, cutout = flat_room()
    canvas, at = Canvas(64, 64), (30, 55)

    class Beside(Cards):
        def outlook(self, background: int, foreground: int) -> Any:
            nearness = np.zeros(canvas.shape, np.float32)
            nearness[: at[1], 32:] = times * self.q
            barrier = barrier_of(nearness, nearness == 0)
            return dataclasses.replace(super().outlook(background, foreground), barrier=barrier, margin=0.1)

    assert (put(room, cutout, 0.5, (False,), Beside(canvas, [at])) is not None) == taken


def test_a_place_that_only_one_twin_could_take_is_not_taken() -> None:
    """A cut-out with its foot at one side, at the frame's edge: its twin would be half outside."""
    room, cutout = flat_room()
    cutout = dataclasses.replace(cutout, foot=(0.05, 0.99), width=60)
    sight = Cards(Canvas(64, 64), [(5, 50)])
    alone = put(room, cutout, 0.9, (False,), sight)
    assert alone is not None
    assert put(room, cutout, 0.9, (True,), sight) is None
    assert put(room, cutout, 0.9, (False, True), sight) is None


def test_a_pair_without_a_place_is_known_after_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its other samples, and their twins, look at what they draw alone, and none makes a picture."""
    room, cutout = flat_room()
    known: dict[object, Any] = {}

    glances: list[int] = []
    promising = places.promising

    def counted(wanted: Any, outlook: Any, some: Any, floor: Any) -> Any:
        glances.append(len(some))
        return promising(wanted, outlook, some, floor)

    monkeypatch.setattr(places, "promising", counted)

    class Walled(Cards):
        def outlook(self, background: int, foreground: int) -> Any:
            free = super().outlook(background, foreground)
            return dataclasses.replace(free, barrier=np.full_like(free.barrier, np.inf))

        def known(self, key: object, find: Any) -> Any:
            if key not in known:
                known[key] = find()
            return known[key]

        def areas(self, background: int, figure: Figure) -> tuple[int, int]:
            raise AssertionError("a picture")

    sight = Walled(Canvas(64, 64), [(x, y) for y in range(40, 60) for x in range(64)])
    setting = Setting(rules(64, mode="ground", min_visible=0.5), Catalog((room,), (cutout,)), sight)
    costs = []
    for counter in range(5):
        before = sum(glances)
        assert stand(setting, Slot(0, 0, counter, 0, (False, True), (0.0,) * 8), [(), ()]) is None
        costs.append(sum(glances) - before)
    assert costs[0] > 100
    assert max(costs[1:]) <= 24
    assert list(known.values()) == [[]]


def test_a_place_is_looked_at_closely_only_where_it_promises_well(
    photos: Path, prepared: tuple[Catalog, MemoryStore]
) -> None:
    """And then nearly always taken: a figure is resized about once a scene, its mirrored twin included."""
    stage = staged(photos, prepared, placement={"min_visible": 0.7, "per_pair": 6})
    looks = []
    original = stage.sprites.areas

    def counting(background: int, figure: Figure) -> tuple[int, int]:
        looks.append((figure.foreground, figure.height, figure.contact))
        return original(background, figure)

    stage.sprites.areas = counting  # type: ignore[method-assign]
    scenes = scenes_of(stage)
    standing = sum(scene.figures[0].stands for scene in scenes) / 2
    assert standing > 100
    assert len(set(looks)) < 1.25 * standing
