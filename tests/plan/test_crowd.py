"""Who stands in for a pair without a place, how many figures a scene has, and what is said where they are too few."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground.core.engines import Serial
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Catalog, Scene
from figureground.core.record import SPLITS
from figureground.ingest import ingest
from figureground.ingest.pixels import Pixels
from figureground.plan import crowd, plan
from figureground.plan.place import Setting
from figureground.plan.split import split
from figureground.render.sprites import Sprites
from tests.builders import NO_LOOK, ground_recipe, job_of, write_floor_photos

Prepared = tuple[Path, Catalog, MemoryStore]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("crowd")
    write_floor_photos(folder, 3, 6)
    store = MemoryStore()
    return folder, ingest.ingest(job_of(ground_recipe(folder)), Serial(), store, lambda *_: None), store


def scenes_of(prepared: Prepared, catalog: Catalog, wanted: list[int] | None = None, **sections: Any) -> list[Scene]:
    recipe = ground_recipe(prepared[0], **{"look": NO_LOOK, "split": {"foregrounds": 0.34}, **sections})
    job = job_of(recipe)
    sprites = Sprites(catalog, Pixels(catalog, prepared[2]), job.canvas)
    every = range(plan.count(job.placing, catalog))
    return plan.scenes(job.placing, catalog, wanted or list(every), sprites)


@pytest.mark.parametrize(
    "placement",
    [
        {"figures": [0, 3], "per_pair": 3},
        {"figures": [1, 2], "per_pair": 2, "mirror": "own", "samples": 50},
        {"per_pair": 2, "samples": 61},
    ],
    ids=str,
)
def test_a_number_alone_says_the_split(prepared: Prepared, placement: dict[str, Any]) -> None:
    """Of scenes with figures, with others that stand in, and with none."""
    catalog = without_place(prepared[1], 1, 4)
    shares = {"backgrounds": 0.34, "foregrounds": 0.34}
    scenes = scenes_of(prepared, catalog, placement=placement, split=shares)
    placing = job_of(ground_recipe(prepared[0], placement=placement, split=shares)).placing
    setting, kept_out = Setting(placing, catalog, None), split(placing, catalog)
    said = [kept_out.of(scene) for scene in scenes]
    assert set(said) == set(SPLITS)
    assert [SPLITS[k] for k in plan.splits(setting, range(len(scenes)))] == said
    for name in SPLITS:
        assert list(plan.of_split(setting, name)) == [k for k, own in enumerate(said) if own == name]


def without_place(catalog: Catalog, *numbers: int) -> Catalog:
    """Return a catalog in which some foregrounds lack their heads, which no level camera sees above its frame."""
    changed = [dataclasses.replace(f, cut=("top",)) if n in numbers else f for n, f in enumerate(catalog.foregrounds)]
    return dataclasses.replace(catalog, foregrounds=tuple(changed))


def test_the_next_foreground_of_the_split_stands_in(prepared: Prepared) -> None:
    whole = prepared[1]
    job = job_of(ground_recipe(prepared[0], split={"foregrounds": 0.34}))
    held = split(job.placing, whole).foregrounds
    lost = min(set(range(6)) - held)
    group = [n for n in range(6) if n not in held]
    expected = group[(group.index(lost) + 1) % len(group)]
    catalog = without_place(whole, lost)
    scenes, usual = scenes_of(prepared, catalog), scenes_of(prepared, whole)
    stood_in = [scene for scene in scenes if scene.turn is not None]
    assert len(stood_in) == len(scenes) / 6
    for scene in stood_in:
        assert scene.turn == (scene.background, lost)
        assert scene.figures[0].foreground == expected
        assert scene.figures[0].stands
    # nobody else is moved, and each sample on its own is the same
    assert [s for s in scenes if s.turn is None] == [s for s in usual if s.figures[0].foreground != lost]
    for scene in stood_in[:4]:
        assert scenes_of(prepared, catalog, [scene.index]) == [scene]
    for one, two in zip(stood_in[::2], stood_in[1::2], strict=True):
        assert (one.figures[0].contact, one.figures[0].foreground) == (
            two.figures[0].contact,
            two.figures[0].foreground,
        )
    assert len({s.figures for s in scenes}) == len(scenes)  # they are no copies of the samples of who stands in


def test_its_own_source_stands_in_first_and_none_that_is_never_drawn(prepared: Prepared) -> None:
    folder, whole, _ = prepared
    sources = [1, 2, 1, 2, 3, 3]
    numbered = [dataclasses.replace(f, source_number=n) for f, n in zip(whole.foregrounds, sources, strict=True)]
    tables = [{"path": "people", "weight": weight} for weight in (1.0, 2.0, 0.0)]
    options: dict[str, Any] = {"foregrounds": tables, "split": {"foregrounds": 0.0}, "placement": {"samples": 30}}
    catalog = dataclasses.replace(whole, foregrounds=tuple(numbered))
    first = scenes_of(prepared, without_place(catalog, 0), **options)
    assert {s.figures[0].foreground for s in first if s.turn} == {2}
    both = scenes_of(prepared, without_place(catalog, 0, 2), **options)
    assert {s.figures[0].foreground for s in both if s.turn} == {1, 3}
    assert folder


def test_where_no_foreground_has_a_place_the_next_background_takes_over(prepared: Prepared) -> None:
    whole = prepared[1]
    ground = whole.backgrounds[0].ground
    assert ground is not None
    lofty = dataclasses.replace(ground, camera_height=90.0)  # from up there everybody is too small
    rooms = (dataclasses.replace(whole.backgrounds[0], ground=lofty), *whole.backgrounds[1:])
    catalog = dataclasses.replace(whole, backgrounds=rooms)
    options: dict[str, Any] = {"split": {"backgrounds": 0.0}}
    for scene in scenes_of(prepared, catalog, **options):
        assert scene.background != 0
        assert scene.turn is None or (scene.turn[0] == 0 and scene.background == 1)
        assert scene.figures[0].stands
    nowhere = dataclasses.replace(whole, backgrounds=rooms[:1])
    for scene in scenes_of(prepared, nowhere, **options):
        assert (scene.figures, scene.fewer, scene.background) == ((), crowd.NOBODY, 0)
        assert scene.turn is not None


@pytest.mark.parametrize("mode", ["ground", "uniform"])
def test_as_many_figures_as_wanted_or_it_is_said_why_not(prepared: Prepared, mode: str) -> None:
    placement = {"mode": mode, "figures": [2, 4], "per_pair": 2, "mirror": "none"}
    scenes = scenes_of(prepared, prepared[1], placement=placement)
    counts = [len(scene.figures) for scene in scenes]
    assert min(counts) >= 2
    assert max(counts) == 4
    assert {scene.fewer for scene in scenes} == {""}
    alone = scenes_of(prepared, prepared[1], placement=placement, split={"foregrounds": 0.17})
    assert {(len(s.figures) < 2, s.fewer) for s in alone} == {(False, ""), (True, crowd.NO_OTHERS)}
    tight = {**placement, "overlap": 0.0, "min_visible": 1.0, "figures": [6, 6]}
    tall = {"foregrounds": {"height": [0.6, 0.8]}, "split": {"foregrounds": 0.0}}
    crowded = scenes_of(prepared, prepared[1], [0, 9, 18, 27], placement=tight, **tall)
    assert crowd.NO_PLACE in {s.fewer for s in crowded}
    assert all((s.fewer == "") == (len(s.figures) == 6) for s in crowded)


@pytest.mark.parametrize("mode", ["ground", "uniform"])
def test_from_no_figure_on_there_are_negatives(prepared: Prepared, mode: str) -> None:
    placement = {"mode": mode, "figures": [0, 2], "per_pair": 6}
    scenes = scenes_of(prepared, prepared[1], placement=placement)
    counts = np.bincount([len(scene.figures) for scene in scenes])
    assert counts.size == 3
    assert counts.min() > 0.1 * len(scenes)
    for scene in scenes:
        assert scene.figures or (scene.turn is not None and scene.turn[0] == scene.background)
