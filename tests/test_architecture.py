"""Imports go values <- pure <- world <- together <- cli, and heavy ones stay inside the functions that need them."""

import ast
import subprocess
import sys
from pathlib import Path

import figureground

SOURCE = Path(figureground.__file__).parent
GROUPS = {
    "values": {"errors", "sample", "recipe", "draws"},
    "pure": {
        "plan",
        "composite",
        "matte",
        "depth",
        "codec",
        "png",
        "stats",
        "labels",
        "metrics",
        "scenes",
        "ground",
        "standing",
        "occlusion",
        "look",
        "rle",
        "frame",
        "checks",
    },
    "world": {
        "files",
        "photos",
        "catalog",
        "parts",
        "cards",
        "runtimes",
        "densedepth",
        "networks",
        "models",
        "engines",
    },
    "together": {
        *("prepare", "ingest", "workshop", "pipeline", "finish", "dataset", "demo"),
        "stage",
        "known_depth",
        *("redepth", "estimate", "evaluate", "evaluate_cutouts", "export", "report"),
    },
    "cli": {"cli", "cli_depth", "console", "__main__"},
}
LEVEL = {name: level for level, names in enumerate(GROUPS.values()) for name in names}


def imports(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("figureground"):
            inner = node.module.split(".")[1:2]
            found |= set(inner) if inner else {alias.name for alias in node.names}
    return found


def test_every_module_is_in_a_group() -> None:
    modules = {
        p.stem if p.suffix else p.name for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()
    }
    assert modules - {"__init__"} == set(LEVEL)


def test_imports_go_one_way() -> None:
    for path in SOURCE.rglob("*.py"):
        own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for name in imports(path) & set(LEVEL):
            assert LEVEL[name] <= LEVEL[own], f"{own} ({path.name}) imports {name}"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from figureground.cli import main\ntry:\n main(['--help'])\nexcept SystemExit:\n pass\n"
        "heavy = {'numpy', 'PIL', 'onnxruntime', 'jinja2', 'torch', 'ray'} & set(sys.modules)\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_reading_needs_no_network_runtime() -> None:
    code = "import sys, figureground.dataset; assert not {'onnxruntime', 'jinja2', 'cyclopts'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_public_names_exist_and_are_sorted() -> None:
    assert figureground.__all__ == sorted(figureground.__all__)
    for name in figureground.__all__:
        assert getattr(figureground, name).__module__.startswith("figureground")


def test_no_pickle_and_no_shell() -> None:
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not names & {"pickle", "subprocess", "shelve", "marshal"}, path
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not calls & {"eval", "exec", "os.system"}, path
