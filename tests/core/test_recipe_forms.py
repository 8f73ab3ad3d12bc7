"""Recipes of version 1: refused where they are given, translated where they are a dataset's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from figureground.core.errors import FigureGroundError
from figureground.core.recipe_forms import from_version_1
from figureground.core.recipe_toml import from_mapping, load_recipe, parse

OLD = """
size = 96
[foregrounds]
path = ["people"]
height = [100, 120]
real_heights = ["chairs/* 0.8 1.0"]
[placement]
mode = "MODE"
size = [30, 210]
"""


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("[foregrounds]\nheight = [100, 120]", "fraction of the frame's height", "write height = [0.4464, 0.5357]"),
        ("[[foregrounds]]\n[[foregrounds]]\nheight = [56, 112]", "not px", "write height = [0.25, 0.5]"),
        ("[placement]\nsize = [30, 210]", "placement.size is now", "write height = [0.1339, 0.9375] in [foregrounds]"),
        ("[placement]\nsize = 'large'", "placement.size is now", "write height = [low, high] in [foregrounds]"),
        (
            '[foregrounds]\npath = "things"\nreal_heights = ["chairs/* 0.8 1.0", "vase.png 0.3 0.3"]',
            "each source has its own real_height",
            'path = "things/chairs/*" and real_height = [0.8, 1.0]; path = "things/vase.png" and real_height = [0.3, ',
        ),
        ("[foregrounds]\nreal_heights = []", "foregrounds.real_heights is gone", "leave it out"),
        ("[foregrounds]\nreal_heights = 3", "foregrounds.real_heights is gone", "leave it out"),
    ],
)
def test_old_keys_are_refused_with_what_to_write(text: str, what: str, remedy: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        parse(text, "my.toml")
    assert what in caught.value.what
    assert "my.toml: " in caught.value.where
    assert remedy in caught.value.remedy
    assert "\n" not in caught.value.what + caught.value.where + caught.value.remedy


def test_old_settings_are_refused_too() -> None:
    with pytest.raises(FigureGroundError, match="not px"):
        parse("", settings=["foregrounds.height=[50, 60]"])


@pytest.mark.parametrize(
    ("mode", "height", "size", "expected"),
    [
        ("uniform", [100, 120], [30, 210], "auto"),
        ("ground", [100, 120], [30, 210], "auto"),
        ("uniform", [56, 112], [30, 210], [0.25, 0.5]),
        ("ground", [56, 112], [30, 210], "auto"),
        ("ground", [100, 120], [28, 112], [0.125, 0.5]),
        ("grid", [100, 120], [28, 112], "auto"),
    ],
)
def test_a_dataset_of_version_1_keeps_the_height_that_its_mode_went_by(
    mode: str, height: list[int], size: list[int], expected: Any
) -> None:
    old = {
        "foregrounds": {"height": height, "real_heights": ["a 1 2"], "path": ["people"]},
        "placement": {"mode": mode, "size": size},
    }
    new = from_version_1(old)
    assert new == {"foregrounds": {"height": expected, "path": ["people"]}, "placement": {"mode": mode}}
    assert from_version_1(new) == new
    assert old["placement"] == {"mode": mode, "size": size}  # left as it was
    assert from_mapping(new).foregrounds[0].path == ("people",)


def test_todays_form_is_left_as_it_is() -> None:
    several: dict[str, Any] = {"foregrounds": [{"height": [0.2, 0.4]}, {"class": "folder"}], "size": 96}
    assert from_version_1(several) == several
    assert from_version_1({}) == {}
    assert from_version_1({"foregrounds": 3}) == {"foregrounds": 3}


def test_a_datasets_own_recipe_is_translated_by_its_format(tmp_path: Path) -> None:
    text = OLD.replace("MODE", "ground")
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(FigureGroundError):
        load_recipe(tmp_path)
    (tmp_path / "build.json").write_text(json.dumps({"format": 1, "root": ".."}))
    recipe = load_recipe(tmp_path)
    assert recipe == from_mapping({"size": 96, "foregrounds": {"path": "people"}, "placement": {"mode": "ground"}})
    assert parse(text, version=1) == recipe
    (tmp_path / "build.json").write_text(json.dumps({"format": 2, "root": ".."}))
    with pytest.raises(FigureGroundError):
        load_recipe(tmp_path)


@pytest.mark.parametrize("several", [False, True])
def test_people_used_is_refused_and_read_in_a_dataset(several: bool) -> None:
    """The word of before is told what it is now; a dataset's own recipe means what it meant."""
    table = "[[backgrounds]]" if several else "[backgrounds]"
    text = f'{table}\npath = ["rooms"]\npeople = "use"\n[foregrounds]\npath = ["people"]\n'
    with pytest.raises(FigureGroundError, match='is now "keep"'):
        parse(text)
    own = parse(text, version=2)
    assert own.backgrounds[0].people == "do not ask"
    assert parse(text.replace("use", "keep")).backgrounds[0].people == "keep"
