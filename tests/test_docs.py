"""The documentation's commands and code run, its links lead somewhere, and its recipe is the recipe."""

import itertools
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from figureground import build
from figureground.cli import main
from figureground.core.recipe_toml import from_mapping, parse, to_toml
from tests.builders import figure_cutout, scene_photo, small_recipe, write_photos

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Return the command lines of a page's sh blocks, without comments, split at &&."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(part) for line in lines for part in re.sub(r"(^|\s)#.*", "", line).split("&&") if part.strip()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos where the README says to put them."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("backgrounds", "people"):
        (folder / "mine/photos" / name).mkdir(parents=True)
    for i in range(5):
        Image.fromarray(scene_photo(i, 240, 300)).save(folder / f"mine/photos/backgrounds/room {i}.jpg")
        Image.fromarray(figure_cutout(i, 300, 120)).save(folder / f"mine/photos/people/person {i}.png")
    return folder


def test_the_readmes_commands_run(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, in a folder with photos where the README says to put them."""
    monkeypatch.chdir(desk)
    ran = []
    for command in commands(ROOT / "README.md"):
        if command[0] != "figureground":
            continue
        with pytest.raises(SystemExit) as caught:
            main(command[1:])
        assert not caught.value.code, command
        ran.append(command[1])
    assert ran == ["init", "check", "build", "build", "info", "export"]
    assert (desk / "zips/labels.txt").read_text().count("\n") == 200


def test_the_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_photos(tmp_path)
    build(small_recipe(tmp_path, depth={"source": "layered"}, backgrounds={"depth": "depth"}), tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    for page in PAGES:
        for code in blocks(page, "python"):
            exec(compile(code, str(page), "exec"), {})  # noqa: S102
            assert capsys.readouterr().out, f"{page.name} prints nothing"


def test_other_commands_exist(tmp_path: Path) -> None:
    for page in PAGES:
        for command in commands(page):
            if command[0] == "make":
                subprocess.run(["make", "-n", *command[1:]], cwd=ROOT, check=True, capture_output=True)
            elif command[0] == "figureground":
                with pytest.raises(SystemExit) as caught:
                    main([command[1], "--help"])
                assert not caught.value.code
            else:
                assert command[0].startswith((".venv/bin/", "python3")), command


def test_links_lead_to_files() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_the_recipe_page_is_the_recipe() -> None:
    (toml,) = blocks(ROOT / "docs/recipe.md", "toml")
    paths = {"backgrounds": {"path": "photos/backgrounds"}, "foregrounds": {"path": "photos/people"}}
    assert toml == to_toml(from_mapping(paths), comments=True)
    assert parse(toml) == from_mapping(paths)


def test_the_map_names_every_module() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    source = ROOT / "src/figureground"
    for path in source.iterdir():
        if path.suffix == ".py" and not path.name.startswith("__"):
            assert path.name in readme, path.name
        elif (path / "__init__.py").is_file():
            assert f"{path.name}/" in readme, path.name


def test_every_dependency_is_justified() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    page = (ROOT / "docs/dependencies.md").read_text()
    for line in [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]:
        assert re.match(r"[\w-]+", line).group() in page, line  # type: ignore[union-attr]
