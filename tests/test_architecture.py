"""The house keeps its shape: folders by stage, imports one way, small functions, modes resolved at the door."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import figureground

SOURCE = Path(figureground.__file__).parent
# each may import what stands before it; what stands in one tuple knows nothing of each other
ORDER: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("native",),
    ("image", "testing"),
    ("geometry", "networks"),
    ("plan", "resolve"),
    ("ingest",),
    ("render",),
    ("samples",),
    ("dataset",),
    ("formats", "evaluate", "torch"),
    ("report",),
    ("make", "drawn"),
    ("imports",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
FILES = sorted(SOURCE.rglob("*.py"))

# no files, no clock, no other process: the same arguments give the same answer
PURE = {
    *("core/arrays", "core/camera", "core/canvas", "core/card", "core/job", "core/layers", "core/nouns", "core/random"),
    *("core/units", "core/room", "core/inner_names", "core/typed"),
    *("ingest/depth_files", "ingest/depth_meaning", "ingest/depth_pairs", "ingest/plausible", "ingest/turned"),
    *(
        "core/recipe",
        "core/recipe_forms",
        "core/record",
        "core/errors",
        "core/packed",
        "core/recipe_values",
        "core/texts",
    ),
    *("image/", "geometry/", "plan/", "render/composite", "render/harmonise", "render/seamless"),
    *("ingest/doubt", "ingest/own_size", "ingest/bystanders", "render/view"),
    *("render/shadows", "render/tone", "ingest/rims", "ingest/bodies", "ingest/edges", "ingest/pose", "ingest/shown"),
    *("ingest/appearance", "ingest/cleaning", "ingest/copies", "ingest/cutout", "ingest/duplicates", "ingest/labels"),
    *(
        "ingest/mask_values",
        "ingest/same_picture",
        "ingest/straight",
        "ingest/framing",
        "ingest/matting",
        "ingest/stance",
    ),
    *(
        "ingest/damage",
        "ingest/jpeg",
        "ingest/lens",
        "ingest/levels",
        "ingest/outcome",
        "ingest/prepare",
        "ingest/relief",
        "ingest/srgb",
        "samples/codec",
        "samples/count",
        "samples/stats",
        "samples/sums",
        "samples/tally",
    ),
    *("samples/checks", "samples/records", "samples/sample", "evaluate/metrics", "networks/tensors"),
    *("evaluate/boundaries", "evaluate/framings", "evaluate/intervals"),
    *("evaluate/probe_table", "evaluate/probes", "evaluate/seams", "evaluate/seen"),
    *("networks/feeds", "networks/onnx_file", "samples/lacking", "make/made_names"),
    *("core/damage", "make/differences", "make/inner_checks"),
    *("imports/outlines", "imports/safe_names", "imports/labelled"),
    *("core/features", "make/card_inputs"),
    "native",  # it looks at the environment once, and gives the same answers with and without
}
WORLD = {"os", "shutil", "time", "socket", "tempfile", "subprocess", "multiprocessing", "glob", "fcntl", "secrets"}
# the only ones that find, open or write files by their path: stores, photos and depth maps, networks' weights, recipes
HANDS = {
    *("core/files", "core/store", "core/folder_store", "core/folder_lock", "core/object_store", "core/block_cache"),
    *("core/recipe_toml", "core/short_folder", "cli/build", "drawn/demo"),
    *("ingest/finding", "ingest/cache", "ingest/credits", "ingest/depth_maps"),
    *("evaluate/masked", "evaluate/pairs"),
    "ingest/review",
    *("networks/cards", "networks/registry", "networks/hub", "networks/densedepth", "networks/runtimes"),
    "networks/weights",
}


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return the nodes of a file's tree, the module first."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """Hold the trees no longer than these tests ask for them: they are many objects."""
    yield
    nodes_of.cache_clear()


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").as_posix()


def imports(path: Path, lazy: bool = True) -> Iterator[str]:
    """Yield the modules of the package that a file imports, dotted, without the package's name."""
    found = nodes_of(path)
    for node in found if lazy else ast.iter_child_nodes(found[0]):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "figureground":
            inner = node.module.partition(".")[2]
            for alias in node.names:
                dotted = f"{inner}.{alias.name}".lstrip(".")
                module = SOURCE / dotted.replace(".", "/")
                yield dotted if module.with_suffix(".py").is_file() or module.is_dir() else inner


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef):
                yield f"{name_of(path)}.{node.name}", node


def arguments(node: ast.FunctionDef) -> list[ast.arg]:
    own = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [argument for argument in own if argument.arg not in ("self", "cls")]


def test_every_folder_has_its_place() -> None:
    entries = {p.stem for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert entries - {"__init__"} == set(LEVEL)
    assert sum(p.suffix == ".py" for p in SOURCE.iterdir()) <= 6


def test_folders_import_one_way() -> None:
    for path in FILES:
        own = name_of(path).partition("/")[0]
        for module in imports(path):
            other = module.partition(".")[0]
            if own != "__init__" and other and other != own and other in LEVEL:
                assert LEVEL[other] < LEVEL[own], f"{name_of(path)} imports {module}"


def test_inside_a_folder_imports_have_no_cycle() -> None:
    graph = {name_of(path).replace("/", "."): set(imports(path)) for path in FILES}

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for module in graph.get(waiting.pop(), ()):
                if module not in seen:
                    seen.add(module)
                    waiting.append(module)
        return seen

    assert [module for module in graph if module in reach(module)] == []


def test_pure_modules_touch_nothing_outside() -> None:
    """And import nothing that does, but for what is imported inside a function."""
    pure = [path for path in FILES if name_of(path) in PURE or f"{name_of(path).partition('/')[0]}/" in PURE]
    assert len(pure) > 30
    for path in pure:
        nodes = nodes_of(path)
        outside = {a.name.partition(".")[0] for n in nodes if isinstance(n, ast.Import) for a in n.names}
        outside |= {n.module.partition(".")[0] for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
        assert not outside & WORLD, f"{name_of(path)}: {outside & WORLD}"
        for module in imports(path, lazy=False):
            name = module.replace(".", "/")
            assert name in PURE or f"{name.partition('/')[0]}/" in PURE, f"{name_of(path)} imports {module}"


def test_paths_stay_with_the_stores_and_where_users_files_are_found() -> None:
    """Everything that a dataset reads and writes goes through its store."""
    methods = {"write_bytes", "write_text", "read_bytes", "mkdir", "unlink", "rmdir", "rglob", "iterdir", "touch"}
    for path in FILES:
        if name_of(path) in HANDS or name_of(path) == "testing":
            continue
        nodes = nodes_of(path)
        used = {n.attr for n in nodes if isinstance(n, ast.Attribute)} & methods
        if "photos.read_bytes" in ast.unparse(nodes[0]):
            used -= {"read_bytes"}
        assert not used, f"{name_of(path)}: {used}"
        names = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
        assert not names & {"fcntl", "glob", "shutil", "tempfile"}, name_of(path)


def test_functions_are_small() -> None:
    found = list(functions())
    assert len(found) > 500
    assert [name for name, node in found if len(arguments(node)) > 8] == []
    assert [name for name, node in found if (node.end_lineno or 0) - node.lineno >= 60] == []


def test_few_functions_take_the_whole_recipe() -> None:
    whole = {
        name
        for name, node in functions()
        for argument in arguments(node)
        if argument.annotation is not None and ast.unparse(argument.annotation) == "Recipe"
    }
    assert len(whole) <= 20, sorted(whole)


def test_modes_are_compared_at_the_door_alone() -> None:
    """What a text of the recipe means is worked out once, in resolve.py."""
    modes = {"mode", "source", "clip", "mirror", "no_floor"}
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.Compare) and name_of(path) != "resolve":
                texts = any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.walk(node))
                chains = [n for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr in modes]
                named = [n for n in chains if ast.unparse(n.value) not in ("picture", "image")]
                assert not (texts and named), f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"


def test_broad_excepts_stand_at_borders_alone() -> None:
    """Of a job, of the command line, and of the libraries that run networks or speak to storage, whose errors share no
    class."""
    broad = []
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.ExceptHandler):
                kinds = (
                    {"BaseException"}
                    if node.type is None
                    else {n.strip("()") for n in ast.unparse(node.type).split(", ")}
                )
                if kinds & {"Exception", "BaseException"}:
                    broad.append(name_of(path))
    assert sorted(broad) == ["cli/run", "core/attempts", "core/filesystems", "networks/runtimes"]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from figureground.cli import main\ntry:\n main(['--help'])\nexcept SystemExit:\n pass\n"
        "heavy = {'numpy', 'PIL', 'onnxruntime', 'jinja2', 'torch', 'ray', 'fsspec', 's3fs', 'asyncio'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_reading_needs_no_network_runtime() -> None:
    code = (
        "import sys, figureground; figureground.open_dataset\n"
        "assert not {'onnxruntime', 'jinja2', 'cyclopts', 'rich', 'fsspec', 's3fs'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_public_names_exist_and_no_folder_hides_one() -> None:
    """A sub-package that bears a public name would replace it in the package once somebody imported it."""
    assert figureground.__all__ == sorted(figureground.__all__)
    assert 10 <= len(figureground.__all__) <= 16
    before = [getattr(figureground, name) for name in figureground.__all__]
    without_torch = importlib.util.find_spec("torch") is None
    for path in FILES:
        if path.name != "__main__.py" and not (without_torch and name_of(path).startswith("torch/")):
            importlib.import_module("figureground." + name_of(path).replace("/", ".").removesuffix(".__init__"))
    for name, thing in zip(figureground.__all__, before, strict=True):
        assert getattr(figureground, name) is thing, name
        assert thing.__module__.startswith("figureground")
    assert set(figureground.__all__) <= set(dir(figureground))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        figureground.nothing  # noqa: B018


def test_pictures_are_opened_by_named_formats() -> None:
    """Pillow tries every format that it knows otherwise, and starts Ghostscript for an EPS, whatever its name is."""
    for path in FILES:
        nodes = nodes_of(path)
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        opens = [call for call in calls if ast.unparse(call.func) == "Image.open"]
        assert not [call for call in opens if "formats" not in {word.arg for word in call.keywords}], name_of(path)
        from_pillow = {
            alias.name
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.module in ("PIL", "PIL.Image")
            for alias in node.names
        }
        assert "open" not in from_pillow, name_of(path)
    openers = {name_of(path) for path in FILES if "JpegImageFile(" in path.read_text(encoding="utf-8")}
    assert openers == {"ingest/jpeg"}


def test_no_pickle_and_no_shell() -> None:
    for path in FILES:
        nodes = nodes_of(path)
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        assert not names & {"pickle", "subprocess", "shelve", "marshal"}, path
        calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        assert not calls & {"eval", "exec", "os.system"}, path
