import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.errors import FigureGroundError
from figureground.core.presets import FIRST, PRESETS, starting_recipe
from figureground.core.recipe import Foregrounds, keys
from figureground.core.recipe_toml import changed_keys, content, from_mapping, load_recipe, parse, to_toml


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
@pytest.mark.parametrize("every_knob", [False, True])
def test_the_recipe_to_start_from_is_the_preset(preset: str, every_knob: bool) -> None:
    recipe, text = starting_recipe(preset, every_knob=every_knob)
    assert parse(text) == recipe
    assert (recipe.backgrounds[0].path, recipe.foregrounds[0].path) == (("photos/backgrounds",), ("photos/people",))
    written = {f"{section}.{name}" for section, table in tomllib.loads(text).items() for name in vars_of(table)}
    assert {key for key in FIRST if "." in key} <= written
    knobs = [key for key, _, _ in keys(recipe) if "." in key]
    assert (written == set(knobs)) == every_knob


def vars_of(table: object) -> tuple[str, ...]:
    return tuple(table) if isinstance(table, dict) else ()


def test_a_beginner_reads_twelve_knobs() -> None:
    _, text = starting_recipe("default")
    assert len(FIRST) == sum(" = " in line.split("#")[0] for line in text.splitlines()) == 12
    assert "--all" in text


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets_are_recipes(preset: str) -> None:
    assert parse(to_toml(from_mapping(PRESETS[preset]), comments=True)) == from_mapping(PRESETS[preset])


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("sizes = 224", "unknown recipe key 'sizes'", "'size'"),
        ("[placement]\nper_pairs = 3", "'placement.per_pairs'", "'placement.per_pair'"),
        ("per_pair = 3", "'per_pair'", "'placement.per_pair'"),
        ("[placment]\nper_pair = 3", "'placment'", "'placement'"),
        ("size = 3000", "size = 3000 is not between 64 and 2048", ""),
        ("size = [640, 32]", "size = [640, 32] is not between 64 and 2048", "the canvas in px"),
        ("size = [640]", "a whole number or [width, height]", ""),
        ("size = [640, 480, 3]", "a whole number or [width, height]", ""),
        ("size = [640, 480.0]", "a whole number or [width, height]", ""),
        ('size = "640x480"', "a whole number or [width, height]", ""),
        ("size = 224.0", "a whole number", ""),
        ("seed = true", "a whole number", ""),
        ('[depth]\nsource = "netwrk"', "one of network, layered, both, none (did you mean 'network'?)", ""),
        ("[foregrounds]\nheight = [0.6, 0.5]", "two numbers [low, high]", ""),
        ("[foregrounds]\nheight = 0.5", "a list of numbers", ""),
        ("[foregrounds]\nheight = [0.5]", "two numbers [low, high]", ""),
        ("[foregrounds]\nheight = [0.01, 0.5]", "between 0.02 and 5", ""),
        ("[foregrounds]\nheight = 'all'", "'auto' or two numbers [low, high]", "of the frame's height"),
        ("[foregrounds]\nweight = -1", "foregrounds.weight = -1 is not between 0 and 1000", ""),
        ("[foregrounds]\nclass = 3", "foregrounds.class = 3 is not text", ""),
        ("[foregrounds]\nclass_ = 'x'", "unknown recipe key 'foregrounds.class_'", "'foregrounds.class'"),
        ("[placement]\nsamples = 'most'", "'all' or a whole number", ""),
        ("[look]\nshadow = [0.2, 1.5]", "between 0 and 1", ""),
        ("[look]\nshadow = [0.5, 0.2]", "two numbers [low, high]", ""),
        ('[look]\nshadow = ["0", "1"]', "a list of numbers", ""),
        ("[placement]\nmode = 'floor'", "one of uniform, grid, ground", ""),
        ("[placement]\nfigures = [1, 99]", "between 0 and 16", ""),
        ("size = ", "not a TOML file", ""),
        (f"size = {'9' * 5000}", "not a TOML file", ""),
        (f"[placement]\ncamera_height = 1{'0' * 400}", "is not between 0.1 and 10", ""),
        ("[placement]\ncamera_height = nan", "is not between 0.1 and 10", ""),
        ("[mask]\nformat = 1", "mask.format = 1 is not one of png, jpeg", ""),
        ("[mask]\nformat = ['png']", "is not one of png, jpeg", ""),
        ("name = 2020-01-01", "is not text", ""),
        ("[image]\noptimize = 1", "is not true or false", ""),
        ("[[placement]]\nmode = 'grid'\n[[placement]]", "[[placement]] is a list of tables", "[placement]"),
        ("foregrounds = []", "foregrounds = [] is not a table", "write [foregrounds]"),
        ("foregrounds = 'people'", "foregrounds = 'people' is not a table", "write [foregrounds]"),
        ("[[foregrounds]]\n[[foregrounds]]\npaht = 'b'", "'foregrounds.paht'", "'foregrounds.path'"),
        ("[[size]]\nwidth = 3", "is not a whole number", "the canvas in px"),
        ("[size]\nwidth = 3", "[size] is a table, not a whole number", "the canvas in px"),
        ("[placement.mode]\nname = 'grid'", "[placement.mode] is a table, not one of uniform", ""),
        ("[placement.more]\nmode = 'grid'", "unknown recipe key 'placement.more'", "'placement.mode'"),
        ("[placement.more]", "unknown recipe key 'placement.more'", "'placement.mode'"),
        ("placement = 'grid'", "placement = 'grid' is not a table", "write [placement] and its keys below it"),
        ("look = []", "look = [] is not a table", "write [look]"),
        ("root = '.'", "unknown recipe key 'root'", ""),
        ("zzzzzzzz = 1", "unknown recipe key 'zzzzzzzz'", "known sections: backgrounds, depth, foregrounds,"),
        ('"image.quality" = 3', "unknown recipe key 'image.quality'", "without quotes"),
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
    assert parse("", settings=["name=2020-01-01", "depth.card=true"]).name == "2020-01-01"
    with pytest.raises(FigureGroundError, match="has no '='"):
        parse("", settings=["size"])
    with pytest.raises(FigureGroundError, match="unknown recipe key 'sise'"):
        parse("", settings=["sise=3"])
    with pytest.raises(FigureGroundError, match=r"unknown recipe key 'size\.x'"):
        parse("size = 224", settings=["size.x=3"])
    several = parse("[[foregrounds]]\n[[foregrounds]]\nheight = [0.1, 0.2]", settings=["foregrounds.height=[0.4, 0.5]"])
    assert [own.height for own in several.foregrounds] == [(0.4, 0.5), (0.4, 0.5)]
    with pytest.raises(FigureGroundError, match=r"\[\[placement\]\] is a list of tables"):
        parse("[[placement]]\nmode = 'grid'", settings=["placement.mode=grid"])
    with pytest.raises(FigureGroundError, match="placement = 'grid' is not a table"):
        parse("", settings=["placement=grid"])


def test_names_of_files_are_not_content() -> None:
    one = from_mapping({"backgrounds": {"path": "a"}, "name": "x"})
    other = from_mapping({"backgrounds": {"path": ["b", "c"]}, "name": "y"})
    assert content(one) == content(other)
    assert content(one) != content(from_mapping({"seed": 1}))
    assert changed_keys(one, from_mapping({"seed": 1, "placement": {"per_pair": 3}})) == [
        "seed: 0 -> 1",
        "placement.per_pair: 20 -> 3",
    ]


def test_a_missing_recipe_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError) as caught:
        load_recipe(tmp_path / "no.toml")
    assert "figureground init" in caught.value.remedy


@pytest.mark.parametrize("kind", [str, Path])
def test_a_recipe_with_a_byte_order_mark_loads(tmp_path: Path, kind: type) -> None:
    (tmp_path / "recipe.toml").write_bytes(b'\xef\xbb\xbfname = "\xc3\xa4"\r\nsize = 96\r\n')
    recipe = load_recipe(kind(tmp_path / "recipe.toml"))
    assert (recipe.name, recipe.size, recipe.root) == ("ä", 96, tmp_path)
    assert load_recipe(kind(tmp_path)) == recipe
    assert parse("size = 96", kind(tmp_path / "my.toml"), kind(tmp_path)).root == tmp_path
    with pytest.raises(FigureGroundError) as caught:
        parse("size = 9", kind(tmp_path / "my.toml"), kind(tmp_path))
    assert caught.value.where == str(tmp_path / "my.toml")


def test_a_single_path_is_a_list_of_one() -> None:
    table: dict[str, Any] = {"backgrounds": {"path": "rooms"}}
    assert from_mapping(table).backgrounds[0].path == ("rooms",)


def test_whole_numbers_are_numbers() -> None:
    assert from_mapping({"look": {"colour": [0, 1]}}) == from_mapping({"look": {"colour": [0.0, 1.0]}})
    assert parse("", settings=["look.colour=[0, 1]"]).look.colour == (0.0, 1.0)


def test_one_source_is_a_table_and_several_are_a_list() -> None:
    one = from_mapping({"foregrounds": {"path": "a", "class": "dog"}})
    assert from_mapping({"foregrounds": [{"path": "a", "class": "dog"}]}) == one
    assert "[foregrounds]\npath" in to_toml(one)
    assert "[[" not in to_toml(one)
    rooms = [{"path": "rooms", "tag": "indoor"}, {"path": "streets", "tag": "outdoor", "fit": "contain"}]
    people = [{"path": "a"}, {"path": ["b", "c"], "class": "folder", "weight": 2, "height": [0.1, 0.2]}]
    several = from_mapping({"backgrounds": rooms, "foregrounds": people})
    assert to_toml(several).count("[[foregrounds]]\n") == to_toml(several).count("[[backgrounds]]\n") == 2
    assert parse(to_toml(several)) == parse(to_toml(several, comments=True)) == several
    assert several.foregrounds[0].class_ == "person"
    assert several.foregrounds[1] == Foregrounds(("b", "c"), "folder", (0.1, 0.2), weight=2.0)


def test_what_changes_in_a_source_is_named_with_its_number() -> None:
    people: list[dict[str, Any]] = [{"path": "a"}, {"path": "b", "class": "dog"}]
    old = from_mapping({"foregrounds": people})
    new = from_mapping({"foregrounds": [people[0], {"path": "x", "class": "cat", "weight": 2}]})
    assert changed_keys(old, new) == [
        "foregrounds[2].class: 'dog' -> 'cat'",
        "foregrounds[2].weight: 1.0 -> 2.0",
    ]
    assert changed_keys(old, from_mapping({"foregrounds": people[0]})) == ["[[foregrounds]]: 2 -> 1 sources"]
    assert content(old)["foregrounds[1].class"] == "person"
    assert "foregrounds[1].path" not in content(old)


def test_a_canvas_is_a_side_or_two() -> None:
    wide = parse("size = [640, 480]")
    assert wide.size == (640, 480)
    assert "size = [640, 480]\n" in to_toml(wide)
    assert parse(to_toml(wide)) == wide
    assert parse("", settings=["size=[640,480]"]) == wide
    assert parse("size = [96, 96]") == parse("size = 96")  # one dataset has one name
    assert changed_keys(parse("size = 96"), wide) == ["size: 96 -> [640, 480]"]
