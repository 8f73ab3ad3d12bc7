from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.errors import FigureGroundError
from figureground.core.recipe import PRESETS, Recipe, keys
from figureground.core.recipe_toml import changed_keys, digest, from_mapping, load_recipe, parse, real_heights, to_toml


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(0, 2**63 - 1),
    st.integers(64, 1024),
    st.floats(0.01, 1.0),
    st.one_of(st.just("all"), st.integers(1, 10**12)),
)
def test_toml_round_trip(name: str, seed: int, size: int, visible: float, samples: int | str) -> None:
    table = {"name": name, "seed": seed, "size": size, "placement": {"min_visible": visible, "samples": samples}}
    recipe = from_mapping(table)
    assert parse(to_toml(recipe)) == recipe
    if "\n" not in name:
        assert parse(to_toml(recipe, comments=True)) == recipe


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets_are_recipes(preset: str) -> None:
    assert parse(to_toml(from_mapping(PRESETS[preset]), comments=True)) == from_mapping(PRESETS[preset])


def test_eva4_has_the_numbers_of_2020() -> None:
    recipe = from_mapping(PRESETS["eva4"])
    assert (recipe.size, recipe.foregrounds.height, recipe.placement.per_pair) == (224, (100, 120), 20)
    assert (recipe.placement.mirror, recipe.placement.clip) == ("same", "2020")
    assert (recipe.image.quality, recipe.image.optimize, recipe.depth.encoding) == (30, True, "jpeg8")
    assert recipe.mask.format == "png"  # JPEG masks only if asked
    assert recipe.placement.mode == "uniform"
    look = recipe.look
    assert {look.shadow, look.colour, look.sharpness, look.noise, look.feather} == {(0.0, 0.0)}  # pasted as they are


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("sizes = 224", "unknown recipe key 'sizes'", "'size'"),
        ("[placement]\nper_pairs = 3", "'placement.per_pairs'", "'placement.per_pair'"),
        ("per_pair = 3", "'per_pair'", "'placement.per_pair'"),
        ("[placment]\nper_pair = 3", "'placment'", "'placement'"),
        ("size = 2000", "size = 2000 is not between 64 and 1024", ""),
        ("size = 224.0", "a whole number", ""),
        ("seed = true", "a whole number", ""),
        ('[depth]\nsource = "netwrk"', "one of network, layered, both, none (did you mean 'network'?)", ""),
        ("[foregrounds]\nheight = [120, 100]", "two numbers [low, high]", ""),
        ("[foregrounds]\nheight = 100", "a list of whole numbers", ""),
        ("[foregrounds]\nheight = [100]", "two numbers [low, high]", ""),
        ("[placement]\nsamples = 'most'", "'all' or a whole number", ""),
        ("[look]\nshadow = [0.2, 1.5]", "between 0 and 1", ""),
        ("[look]\nshadow = [0.5, 0.2]", "two numbers [low, high]", ""),
        ('[look]\nshadow = ["0", "1"]', "a list of numbers", ""),
        ("[placement]\nmode = 'floor'", "one of uniform, grid, ground", ""),
        ("[placement]\nfigures = [1, 99]", "between 1 and 16", ""),
        ('[foregrounds]\nreal_heights = ["chairs/*"]', "'chairs/*' is not understood", "PATTERN LOW HIGH"),
        ('[foregrounds]\nreal_heights = ["chairs/* 1.0 0.8"]', "is not understood", "PATTERN LOW HIGH"),
        ('[foregrounds]\nreal_heights = ["chairs/* 1.0 80"]', "is not understood", "PATTERN LOW HIGH"),
        ("size = ", "not a TOML file", ""),
    ],
)
def test_wrong_recipes_are_refused_by_name(text: str, what: str, remedy: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        parse(text, "my.toml")
    assert what in caught.value.what
    assert caught.value.where == "my.toml"
    assert remedy in caught.value.remedy


def test_settings_lie_over_the_file() -> None:
    recipe = parse(
        "size = 96\n[placement]\nper_pair = 2", settings=["size=128", "placement.mirror=own", "image.quality=30"]
    )
    assert (recipe.size, recipe.placement.mirror, recipe.placement.per_pair, recipe.image.quality) == (
        128,
        "own",
        2,
        30,
    )
    assert parse("", settings=["placement.clip=2020", "name=7"]).placement.clip == "2020"
    assert parse("", settings=["placement.samples=12"]).placement.samples == 12
    with pytest.raises(FigureGroundError, match="has no '='"):
        parse("", settings=["size"])
    with pytest.raises(FigureGroundError, match="unknown recipe key 'sise'"):
        parse("", settings=["sise=3"])


def test_names_of_files_are_not_content() -> None:
    one = from_mapping({"backgrounds": {"path": "a"}, "name": "x"})
    other = from_mapping({"backgrounds": {"path": ["b", "c"]}, "name": "y"})
    assert digest(one) == digest(other)
    assert digest(one) != digest(from_mapping({"seed": 1}))
    assert changed_keys(one, from_mapping({"seed": 1, "placement": {"per_pair": 3}})) == [
        "seed: 0 -> 1",
        "placement.per_pair: 20 -> 3",
    ]


def test_every_knob_says_what_it_means() -> None:
    for key, knob, _ in keys(Recipe()):
        assert len(knob.metadata["meaning"]) > 10, key


def test_a_missing_recipe_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError) as caught:
        load_recipe(tmp_path / "no.toml")
    assert "figureground init" in caught.value.remedy


def test_a_single_path_is_a_list_of_one() -> None:
    table: dict[str, Any] = {"backgrounds": {"path": "rooms"}}
    assert from_mapping(table).backgrounds.path == ("rooms",)


def test_whole_numbers_are_numbers() -> None:
    assert from_mapping({"look": {"colour": [0, 1]}}) == from_mapping({"look": {"colour": [0.0, 1.0]}})
    assert parse("", settings=["look.colour=[0, 1]"]).look.colour == (0.0, 1.0)


def test_real_heights_are_patterns_with_ranges() -> None:
    recipe = from_mapping({"foregrounds": {"real_heights": ["chairs/* 0.8 1.0", "a name.png 0.3 0.3"]}})
    assert real_heights(recipe) == [("chairs/*", 0.8, 1.0), ("a name.png", 0.3, 0.3)]
    assert parse(to_toml(recipe)) == recipe
