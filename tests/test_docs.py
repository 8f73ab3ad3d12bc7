"""The documentation's commands and code run, its links lead somewhere, and what it says of the code is so."""

import dataclasses
import functools
import gc
import importlib
import importlib.util
import itertools
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from figureground import build
from figureground.cli.run import main
from figureground.core.layers import LAYERS
from figureground.core.recipe_toml import from_mapping, parse, to_toml
from figureground.core.record import described
from figureground.drawn import render_person, render_room
from tests.builders import small_recipe, write_photos
from tests.test_architecture import LEVEL, ORDER

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/figureground"
README = ROOT / "README.md"
PAGES = [
    README,
    *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if "__" not in path.name)
FOLDERS = sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and not path.name.startswith("_"))
TORCH = importlib.util.find_spec("torch") is not None
# a dataset keeps its parts open until it is collected, which `collected` sees to within the test
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Specifying null_placement:FutureWarning"),  # by datasets, of pyarrow
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Return the command lines of a page's sh blocks, without comments, split at &&."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(part) for line in lines for part in re.sub(r"(^|\s)#.*", "", line).split("&&") if part.strip()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos where the README says to put them: as many people as the export has zips."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("backgrounds", "people"):
        (folder / "mine/photos" / name).mkdir(parents=True)
    for i in range(2):
        Image.fromarray(render_room(i, 160).rgb).save(folder / f"mine/photos/backgrounds/room {i}.jpg")
    for i in range(5):
        Image.fromarray(render_person(i, 200)).save(folder / f"mine/photos/people/person {i}.png")
    return folder


@pytest.mark.usefixtures("one_core")
def test_the_readmes_commands_run(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, as they are written, in a folder with photos where the README says to put them."""
    monkeypatch.chdir(desk)
    ran = []
    for command in commands(README):
        if command[0] != "figureground":
            continue
        with pytest.raises(SystemExit) as caught:
            main(command[1:])
        assert not caught.value.code, command
        ran.append(command[1])
    assert ran == ["init", "check", "preview", "build", "build", "info", "verify", "export", "cutout"]
    assert (desk / "zips/labels.txt").read_text().count("\n") == 40


def test_the_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_photos(tmp_path)
    build(small_recipe(tmp_path, depth={"source": "layered"}, backgrounds={"depth": "depth"}), tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    for page in PAGES:
        for code in blocks(page, "python"):
            if "torch" in code and not TORCH:
                continue
            exec(compile(code, str(page), "exec"), {})  # noqa: S102
            assert capsys.readouterr().out, f"{page.name} prints nothing"


def test_other_commands_exist() -> None:
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
                for word in command[1:]:
                    assert not word.startswith("examples/") or (ROOT / word).is_file(), word


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, in place or named at its end."""
    return re.findall(r"\]\(([^)#]+)\)", read(page)) + re.findall(r"^\[[\w-]+\]: (\S+)$", read(page), re.MULTILINE)


def test_links_lead_to_files() -> None:
    """Links within the docs are relative; the README's name the repository, since a package page shows it too."""
    named = set(re.findall(r"^\[([\w-]+)\]: ", read(README), re.MULTILINE))
    assert set(re.findall(r"\]\[([\w-]+)\]", read(README))) == named
    for page in PAGES:
        for target in links(page):
            if page == README:
                home = PROJECT["urls"]["Homepage"]
                kind, path = re.fullmatch(rf"{home}/(blob|raw)/main/(.+)", target).groups()  # type: ignore[union-attr]
                assert (ROOT / path).is_file(), target
                assert (kind == "raw") == path.endswith(".jpg"), target
            else:
                assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_every_page_of_the_docs_is_reached() -> None:
    targets = {Path(target).name for page in PAGES for target in links(page)}
    for page in PAGES:
        assert page == README or page.name in targets, page


def test_the_recipe_page_is_the_recipe() -> None:
    (toml,) = blocks(ROOT / "docs/recipe.md", "toml")
    paths = {"backgrounds": {"path": "photos/backgrounds"}, "foregrounds": {"path": "photos/people"}}
    assert toml == to_toml(from_mapping(paths), comments=True)
    assert parse(toml) == from_mapping(paths)


def table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [
        head,
        "|".join(["", *["---"] * (head.count("|") - 1), ""]),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def test_the_tables_of_the_format_are_those_of_the_code() -> None:
    page = read(ROOT / "docs/format.md")
    fields = table("| field | meaning |", [(f"`{name}`", meaning) for name, meaning in described()])
    rows = [
        (f"`{layer.name}`", f"`{layer.folder}/`", layer.dtype, "yes" if layer.lossless else "no", layer.meaning)
        for layer in LAYERS.values()
    ]
    layers = table("| layer | folder | read as | exact | what |", rows)
    assert fields in page, f"docs/format.md should say:\n{fields}"
    assert layers in page, f"docs/format.md should say:\n{layers}"


@functools.cache
def the_map() -> dict[str, str]:
    """Return what the README's map says of each folder."""
    (block,) = re.findall(r"^```\n(src/figureground/\n.*?)^```", read(README), re.MULTILINE | re.DOTALL)
    rows: dict[str, str] = {}
    name = ""
    for line in block.splitlines()[1:]:
        if found := re.match(r"  (\w+)/ ", line):
            name = found.group(1)
        rows[name] = rows.get(name, "") + line + "\n"
    return rows


def test_the_map_names_every_folder_and_module() -> None:
    """But the parts of the drawing and of the report, which only their own folder knows."""
    assert set(FOLDERS) - {"weights"} <= set(the_map())
    for module in MODULES:
        folder, _, name = module.rpartition("/")
        if folder not in ("drawn", "report"):
            assert re.search(rf"\b{name}\b", the_map()[folder] if folder else read(README)), module


def test_the_map_names_no_module_that_is_not_there() -> None:
    for folder, row in the_map().items():
        for name in re.findall(r"[\w.]+\.py\b", row):
            assert (SOURCE / folder / name).is_file() or (SOURCE / name).is_file(), f"{folder}/{name}"


REFERENCE = re.compile(r"`((?:\w+/)*\w+\.(?:py|toml))(?::([\w.]+))?`")


def references(page: Path) -> list[tuple[str, str]]:
    """Return the (file, name) pairs of a page that lie in the package, as `core/record.py:Record.to_row`."""
    found = REFERENCE.findall(read(page))
    inside = {*FOLDERS, "resolve.py", "testing.py"}
    return [(file, name) for file, name in found if file.split("/")[0] in inside]


def has(module: ModuleType, name: str) -> bool:
    """Tell whether a module has a name, or a class of it a field or method."""
    value: Any = module
    for piece in name.split("."):
        if dataclasses.is_dataclass(value) and piece in {field.name for field in dataclasses.fields(value)}:
            return True
        if not hasattr(value, piece):
            return False
        value = getattr(value, piece)
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_docs_name_code_that_exists(page: Path) -> None:
    for file, name in references(page):
        assert (SOURCE / file).is_file(), f"{page.name}: {file}"
        if name and (TORCH or not file.startswith("torch/")):
            module = importlib.import_module("figureground." + file.removesuffix(".py").replace("/", "."))
            assert has(module, name), f"{page.name}: {file}:{name}"


def test_the_glossary_is_sorted_and_says_where() -> None:
    rows = [row.split(" | ") for row in read(ROOT / "docs/glossary.md").splitlines() if row.startswith("| ")][1:]
    words = [row[0].removeprefix("| ") for row in rows]
    assert words == sorted(words, key=str.lower)
    assert len(words) == len(set(words)) > 50
    assert len(references(ROOT / "docs/glossary.md")) == len(words)


def test_the_order_of_the_folders_is_the_one_that_is_tested() -> None:
    page = read(ROOT / "docs/architecture.md").split("\n| new |")[0]
    lines = [tuple(re.findall(r"`(\w+)`", line)) for line in re.findall(r"^\| (`.+?`) \| ", page, re.MULTILINE)]
    assert lines == [tuple(name for name in names if not name.startswith("__")) for names in ORDER[:-1]]
    here = [name for name in the_map() if name in itertools.chain(*ORDER)]
    assert here == sorted(here, key=LEVEL.__getitem__), "the README's map has another order"


def test_the_picture_is_one_file() -> None:
    picture = read(ROOT / "docs/architecture.svg")
    assert "href" not in picture
    assert "<script" not in picture
    for word in FOLDERS:
        if word in ("plan", "render", "samples", "ingest", "dataset", "formats"):
            assert f"{word}/" in picture, word


def test_every_dependency_is_justified() -> None:
    page = read(ROOT / "docs/dependencies.md")
    for line in [*PROJECT["dependencies"], *itertools.chain(*PROJECT["optional-dependencies"].values())]:
        assert re.match(r"[\w-]+", line).group() in page, line  # type: ignore[union-attr]


def test_the_citation_is_of_this_version() -> None:
    text = read(ROOT / "CITATION.cff")
    for line in ("cff-version: 1.2.0", f"version: {PROJECT['version']}", f"license: {PROJECT['license']}"):
        assert f"\n{line}\n" in f"\n{text}", line
    assert PROJECT["urls"]["Homepage"] in text
    assert f"## {PROJECT['version']}" in read(ROOT / "CHANGELOG.md")
