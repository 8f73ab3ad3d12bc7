import dataclasses
import itertools
import typing

from figureground.core.presets import PRESETS
from figureground.core.recipe import NO_KEYS, Recipe, choices, keys
from figureground.core.recipe_toml import from_mapping
from figureground.resolve import heights_of


def test_eva4_has_the_numbers_of_2020() -> None:
    recipe = from_mapping(PRESETS["eva4"])
    assert (recipe.size, recipe.placement.per_pair) == (224, 20)
    (heights,) = heights_of(recipe)
    assert (round(heights.least), round(heights.most), heights.of_photo) == (100, 120, True)
    assert (recipe.placement.min_visible, recipe.placement.figures) == (1.0, (1, 1))
    assert recipe.depth.source == "network"
    assert (recipe.placement.mirror, recipe.placement.clip) == ("same", "2020")
    assert (recipe.image.quality, recipe.image.optimize, recipe.depth.encoding) == (30, True, "jpeg8")
    assert recipe.mask.format == "png"  # JPEG masks only if asked
    assert recipe.placement.mode == "uniform"
    look = recipe.look
    assert {look.shadow, look.colour, look.sharpness, look.noise, look.feather} == {(0.0, 0.0)}  # pasted as they are


def test_every_knob_says_what_it_means() -> None:
    for key, knob, _ in keys(Recipe()):
        assert len(knob.metadata["meaning"]) > 10, key


def test_every_number_has_a_range_and_only_they() -> None:
    for key, knob, _ in keys(Recipe()):
        inner = typing.get_args(knob.type)
        kinds = {knob.type, *inner, *itertools.chain(*map(typing.get_args, inner))}
        assert bool(kinds & {int, float}) == (knob.metadata["between"] is not None), key


def test_the_defaults_obey_the_knobs() -> None:
    table: dict[str, typing.Any] = {}
    for key, _, value in keys(Recipe()):
        section, _, name = key.rpartition(".")
        (table.setdefault(section, {}) if section else table)[name] = value
    assert from_mapping(table) == Recipe()


def test_choices_are_those_of_the_declared_type() -> None:
    types = {key: knob.type for key, knob, _ in keys(Recipe())}
    assert choices(types["mask.format"]) == ("png", "jpeg")
    assert choices(types["placement.samples"]) == choices(types["seed"]) == choices(types["name"]) == ()
    assert [item.name for item in dataclasses.fields(Recipe)][-3:] == list(NO_KEYS)
    assert "root" not in types
