"""What people's editors save is read, and what is wrong with it is told by what to write instead."""

import codecs
from pathlib import Path
from typing import Any

import pytest

from figureground.core.errors import FigureGroundError
from figureground.core.files import user_path
from figureground.core.recipe_toml import load_recipe, parse
from figureground.core.texts import decoded
from figureground.networks.cards import read_card

TEXT = 'name = "café"\nsize = 96\n'


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF8 + codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
    ids=["mark", "two marks", "16", "16 be", "16 le bare", "16 be bare", "32", "windows", "old mac"],
)
def test_a_text_is_read_whatever_the_editor_saved(tmp_path: Path, data: bytes) -> None:
    assert decoded(data) == TEXT
    (tmp_path / "recipe.toml").write_bytes(data)
    recipe = load_recipe(tmp_path)
    assert (recipe.name, recipe.size) == ("café", 96)


def test_cards_are_read_so_too(tmp_path: Path) -> None:
    card = tmp_path / "n.card.toml"
    card.write_text('name = "n"\ninput_size = 64\noutput = "metric"\n', encoding="utf-16")
    assert read_card(card).input_size == 64


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"size = 96\nname = 'caf\xe9'\n", "line 2 is not UTF-8 (byte 0xe9); save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is no text"),
        (b"size\0 = 96", "it is no text"),
        (codecs.BOM_UTF16_LE + b"odd", "it is no text"),
    ],
)
def test_what_is_no_text_is_refused_by_its_reason(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "recipe.toml").write_bytes(data)
    with pytest.raises(FigureGroundError) as caught:
        load_recipe(tmp_path)
    assert caught.value.what == f"the recipe cannot be read: {why}"


@pytest.mark.parametrize(
    ("line", "write"),
    [
        (r'path = "C:\Users\me\rooms"', r"""write "C:/Users/me/rooms", or 'C:\Users\me\rooms' in single quotes"""),
        (r'path = "C:\photos\new"', r"""write "C:/photos/new", or 'C:\photos\new' in single quotes"""),
        (r'path = ["a", "my\photos"]', r"""write "my/photos", or 'my\photos' in single quotes"""),
        (r'path = "photos\rooms\"', r"""write "photos/rooms", or 'photos\rooms' in single quotes"""),
        # escapes that TOML knows: these would be control characters in a name
        (r'path = "photos\new"', r"""write "photos/new", or 'photos\new' in single quotes"""),
        (r'path = ["a", "rooms\bed"]', r"""write "rooms/bed", or 'rooms\bed' in single quotes"""),
        (r'depth = "d\true"', r"""write "d/true", or 'd\true' in single quotes"""),
        (r'path = "\\server\new"', r"""write "//server/new", or '\\server\new' in single quotes"""),
        ("path = “rooms”", 'write straight quotes, like "photos"'),
        ("path = rooms", "texts need quotes"),
        ('path = "a"\npath = "b"', "leave one of the two out"),
        ('path = "a"\n[backgrounds]\npath = "b"', "of several sources, each as [[foregrounds]] or [[backgrounds]]"),
        ('path = "a"\n[image]\noptimize = True', "write true or false, in small letters"),
    ],
)
def test_a_wrong_line_is_answered_by_what_to_write(line: str, write: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        parse(f"[backgrounds]\n{line}\n", "my.toml")
    assert write in caught.value.remedy
    assert caught.value.where == "my.toml"


def test_backslashes_that_are_written_rightly_stay() -> None:
    assert parse("[backgrounds]\npath = 'C:\\new\\rooms'").backgrounds[0].path == (r"C:\new\rooms",)
    assert parse('[backgrounds]\npath = "C:\\\\new"').backgrounds[0].path == (r"C:\new",)
    assert parse('name = "two\\nlines"').name == "two\nlines"  # no file's name


def test_a_path_that_windows_wrote_is_found_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "photos/new").mkdir(parents=True)
    assert user_path(r"photos\new", tmp_path).is_dir()
    (tmp_path / r"odd\name").mkdir()
    assert user_path(r"odd\name", tmp_path) == tmp_path / r"odd\name"


SETTINGS: list[tuple[str, str]] = [
    ("size", "--set size=VALUE"),
    ("size 512", "--set size=512"),
    ("figures=3", "--set placement.figures='[3,3]'"),
    ("placement.figures=3", "--set placement.figures='[3,3]'"),
    ("placement.figures=(1,3)", "--set placement.figures='[1,3]'"),
    ("placement.figures=1-3", "--set placement.figures='[1,3]'"),
    ("size=640,480", "--set size='[640,480]'"),
    ("size=640x480", "--set size='[640,480]'"),
    ("size=[640,480", "--set size='[640,480]'"),
    ("size==512", "--set size=512"),
    ("Size=512", "--set size=512"),
    ("placement.Per-Pair=3", "--set placement.per_pair=3"),
    ("per-pair=3", "--set placement.per_pair=3"),
    ("path=rooms", "--set backgrounds.path=rooms or --set foregrounds.path=rooms"),
    ("placement.mode=Ground", "--set placement.mode=ground"),
    ("depth=none", "--set depth.source=none"),
    ("samples=1e3", "--set placement.samples=1000"),
    ("placement.samples=1,000", "--set placement.samples=1000"),
    ("foregrounds.height=0.5", "--set foregrounds.height='[0.5,0.5]'"),
    ("image.optimize=yes", "--set image.optimize=true"),
    ("seed=abc", "for example --set seed=0"),
    ("size=16", "for example --set size=224"),
    ("nobody.knows=1", "known sections: "),
]


@pytest.mark.parametrize(("setting", "write"), SETTINGS, ids=[setting for setting, _ in SETTINGS])
def test_a_wrong_setting_is_answered_by_a_right_one(setting: str, write: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        parse("size = 96", "my.toml", settings=[setting])
    assert write in caught.value.remedy
    assert caught.value.where.startswith("--set")
    if write.startswith("--set") and "VALUE" not in write:
        for way in write.split(" or "):
            parse("", settings=[way.removeprefix("--set ").replace("'", "")])  # it works


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("[placement]\nfigures = 3", "write figures = [3,3]"),
        ('size = "640x480"', "write size = [640,480]"),
        ('[image]\noptimize = "yes"', "write optimize = true"),
        ("[placement]\nper_pair = 3.0", "write per_pair = 3"),
        ('[backgrounds]\nfit = "Contain"', 'write fit = "contain"'),
        ("[Placement]\nper_pair = 3", "'placement'"),
        ("[placement]\nPer-Pair = 3", "'placement.per_pair'"),
        ("mode = 'grid'", "'placement.mode'"),
        ("path = 'rooms'", "'backgrounds.path' or 'foregrounds.path'"),
    ],
)
def test_a_wrong_value_or_key_of_the_file_is_answered_so_too(text: str, write: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        parse(text, "my.toml")
    assert write in caught.value.remedy


def test_a_recipe_that_is_not_there_is_looked_for(tmp_path: Path) -> None:
    def remedy(path: Path, *settings: Any) -> str:
        with pytest.raises(FigureGroundError) as caught:
            load_recipe(path, settings)
        return caught.value.remedy

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.JPG").write_bytes(b"")
    (tmp_path / "my set").mkdir()
    (tmp_path / "my set/rooms.toml").write_text("")
    (tmp_path / "my set/net.card.toml").write_text("")
    assert "a folder of photos" in remedy(tmp_path / "photos")
    assert remedy(tmp_path / "my set") == f"did you mean '{tmp_path}/my set/rooms.toml'?"
    assert remedy(tmp_path / "my set/room.toml") == f"did you mean '{tmp_path}/my set/rooms.toml'?"
    assert remedy(tmp_path / "my set/rooms") == f"did you mean '{tmp_path}/my set/rooms.toml'?"
    assert "init DIR" in remedy(tmp_path / "nowhere/recipe.toml")
    assert "--set size=VALUE" in remedy(tmp_path / "512", "size")  # of `--set size 512`
