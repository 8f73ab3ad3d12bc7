"""Networks that a dataset's own recipe names by a path: nobody but whoever reads the dataset has them opened."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import FigureGroundError, build, open_dataset
from figureground.cli import main
from figureground.make.regenerate import regenerate
from figureground.make.repair import repair
from figureground.make.verify import verify
from figureground.networks.named import as_named, network_path
from tests.builders import (
    ground_recipe,
    small_recipe,
    write_depth_network,
    write_floor_photos,
    write_photos,
    write_saliency_network,
)

TOLD = "which is followed only if you name it"
Change = Callable[[Path, Path], None]
_OPENED: list[str] = []
_LISTENING = [False]


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and _LISTENING[0]:
        _OPENED.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else "")


sys.addaudithook(_hear)  # it cannot be taken away again, and hears nothing but while a test listens


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The paths that are opened from here on."""
    _OPENED.clear()
    _LISTENING[0] = True
    yield _OPENED
    _LISTENING[0] = False


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset in out/ whose depth is by nets/own.onnx, which its recipe names by that path."""
    folder = tmp_path_factory.mktemp("base")
    write_photos(folder, 2, 2)
    (folder / "nets").mkdir()
    write_depth_network(folder / "nets/own.onnx")
    build(small_recipe(folder, depth={"source": "network", "model": "nets/own.onnx"}), folder / "out")
    return folder


@pytest.fixture
def there(base: Path, tmp_path: Path) -> Path:
    """A copy of the dataset, as one from elsewhere: its network lies in a user's folder now, who did not name it."""
    shutil.copytree(base, tmp_path / "there")
    (tmp_path / "user").mkdir()
    for file in (tmp_path / "there/nets").iterdir():
        shutil.move(file, tmp_path / "user" / file.name)
    return tmp_path / "there/out"


def _recipe(old: str, new: str) -> Change:
    def change(out: Path, user: Path) -> None:
        text = (out / "recipe.toml").read_text()
        changed, count = re.subn(old, lambda _: new.replace("USER", str(user)), text)
        assert count
        (out / "recipe.toml").write_text(changed)

    return change


def _without_a_record(out: Path, user: Path) -> None:
    """Whoever does not know the sha256 of a user's file leaves it away."""
    _recipe("nets/own.onnx", "USER/own.onnx")(out, user)
    build_json = json.loads((out / "build.json").read_text())
    (out / "build.json").write_text(json.dumps({key: v for key, v in build_json.items() if key != "depth_model"}))


def _planted(out: Path, user: Path) -> None:
    """A file of the dataset's own, whose sha256 is the one that the dataset says."""
    for file in user.iterdir():
        shutil.copy(file, out)
    _recipe("nets/own.onnx", "out/own.onnx")(out, user)


def _folder(out: Path, user: Path) -> None:
    (user / "own").mkdir()
    (user / "own/config.json").write_text("{}")
    _recipe("nets/own.onnx", "USER/own")(out, user)
    _recipe('card = ""', 'card = "depth-anything-v2-small"')(out, user)


ATTACKS: dict[str, Change] = {
    "a user's network": _recipe("nets/own.onnx", "USER/own.onnx"),
    "a user's network, without a record": _without_a_record,
    "a planted network": _planted,
    "a user's folder": _folder,
    "a device": _recipe("nets/own.onnx", "/dev/zero"),
    "a device as card": _recipe('card = ""', 'card = "/dev/zero"'),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobody_but_the_reader_has_it_opened(there: Path, attack: str, opened: list[str]) -> None:
    user = there.parent.parent / "user"
    ATTACKS[attack](there, user)
    (there / "parts/part-00000.zip").unlink()
    opened.clear()
    for read in (lambda: open_dataset(there, virtual=True), lambda: regenerate(there, "0")):
        with pytest.raises(FigureGroundError, match=TOLD) as caught:
            read()
        assert caught.value.where.startswith(("depth.model = '", "depth.card = '"))
        assert "--network PATH/" in caught.value.remedy
        assert "networks=[PATH]" in caught.value.remedy
    deep = verify(there, deep=True)
    assert any(TOLD in line and "networks=[PATH]" in line for line in deep.unchecked)
    assert any(TOLD in line for line in repair(there).why)
    assert not [path for path in opened if str(user) in path or path.startswith("/dev/zero") or "own" in path]


@pytest.mark.parametrize("key", ["network", "room", "model"])
def test_nor_where_photos_are_prepared_again(tmp_path: Path, key: str, opened: list[str]) -> None:
    """`verify --repair` does that where the catalog is damaged, and opening a folder that has a recipe alone."""
    write_floor_photos(tmp_path, 2, 2)
    (tmp_path / "nets").mkdir()
    out = build(ground_recipe(tmp_path, placement={"per_pair": 1}), tmp_path / "out")
    _recipe(rf'(?m)^{key} = ".*"$', f'{key} = "nets/own.onnx"')(out, tmp_path)
    if key == "model":  # which nothing asks for where depth is known
        _recipe('depth = "depth"', 'depth = ""')(out, tmp_path)
    write_saliency_network(tmp_path / "nets/own.onnx")
    (out / "catalog/Mask/fg001.png").unlink()
    opened.clear()
    assert any(TOLD in line for line in repair(out).why)
    shutil.rmtree(out / "catalog")
    with pytest.raises(FigureGroundError, match=TOLD):
        open_dataset(out, virtual=True)
    assert not [path for path in opened if "nets" in path]
    if key == "network":  # a recipe that is named itself is its user's
        assert len(open_dataset(out / "recipe.toml", virtual=True)) == 8


def test_whoever_names_it_has_it_read(base: Path, there: Path) -> None:
    """Also where it lies elsewhere by now, and by each command."""
    own = there.parent.parent / "user/own.onnx"
    stored, virtual = open_dataset(base / "out"), open_dataset(there, virtual=True, networks=[own])
    one, other = stored[3].depth, virtual[3].depth
    assert one is not None
    assert other is not None
    assert np.array_equal(one.values, other.values)
    assert regenerate(there, "3", networks=own).equal
    assert verify(there, deep=True, networks=[own]).unchecked == ()
    (there / "parts/part-00000.zip").unlink()
    assert repair(there, networks=[own]).left.sound
    for words in (["verify", "--deep"], ["regenerate", "--id", "3"], ["points", "--id", "3", "--virtual"]):
        extra = [str(there.parent / "p.ply")] if words[0] == "points" else []
        with pytest.raises(SystemExit, match="0"):
            main([words[0], str(there), *extra, *words[1:], "--network", str(own), "--quiet"])


def test_another_of_that_name_is_refused(there: Path, tmp_path: Path) -> None:
    own = write_depth_network(tmp_path / "own.onnx", size=32)
    with pytest.raises(FigureGroundError, match=r"made by another network: .*own.onnx has other content"):
        open_dataset(there, virtual=True, networks=own)
    assert any("own.onnx has other content" in line for line in verify(there, networks=own).unchecked)


def test_a_dataset_that_does_not_say_which_network_made_it_is_not_rendered(there: Path, tmp_path: Path) -> None:
    _without_a_record(there, tmp_path / "user")
    with pytest.raises(FigureGroundError, match="nothing says by which network"):
        open_dataset(there, virtual=True, networks=tmp_path / "user/own.onnx")


def test_layers_that_need_no_network_need_no_word(tmp_path: Path) -> None:
    write_floor_photos(tmp_path, 2, 2)
    write_depth_network(tmp_path / "grey.onnx", size=96)
    recipe = ground_recipe(tmp_path, depth={"source": "layered", "model": "grey.onnx"}, placement={"per_pair": 1})
    assert open_dataset(build(recipe, tmp_path / "out"), virtual=True)[0].depth is not None


def test_a_name_is_looked_for_among_those_that_were_named(tmp_path: Path) -> None:
    root, named = tmp_path / "root", as_named([tmp_path / "a/m.onnx", "b/m.onnx", tmp_path / "c/n.onnx"])
    assert network_path("x/n.onnx", root, named, "k") == tmp_path / "c/n.onnx"
    assert network_path("..\\x\\n.onnx", root, named, "k") == tmp_path / "c/n.onnx"
    assert network_path("../a/m.onnx", root, named, "k") == tmp_path / "a/m.onnx"
    with pytest.raises(FigureGroundError, match=r"several networks called m.onnx"):
        network_path("x/m.onnx", root, named, "k")
    for text in ("x/other.onnx", "/etc/passwd", "n.onnx/..", "", "."):
        with pytest.raises(FigureGroundError, match="followed only if you name it"):
            network_path(text, root, named, "k")
    assert network_path("x/other.onnx", root, None, "k") == root / "x/other.onnx"
    assert as_named("m.onnx") == as_named(["m.onnx"]) == (Path("m.onnx"),)


def test_what_the_environment_says_is_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETWORK_OF_MINE", "/somewhere/n.onnx")
    named = as_named(tmp_path / "n.onnx")
    assert network_path("$NETWORK_OF_MINE", tmp_path, named, "k") == tmp_path / "n.onnx"


def test_an_error_does_not_say_what_the_environment_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe from elsewhere may name any variable, a key as well."""
    monkeypatch.setenv("A_KEY", "hidden-value")
    for text in ("$A_KEY", "${A_KEY}/net.onnx", "nets/$A_KEY"):
        with pytest.raises(FigureGroundError) as caught:
            network_path(text, tmp_path, (), "depth.model")
        assert "hidden-value" not in str(caught.value)
        assert "A_KEY" in str(caught.value)
