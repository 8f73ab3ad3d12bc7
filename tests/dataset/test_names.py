"""The public names, in a process of their own."""

import subprocess
import sys

import pytest

import figureground

IMPORT_ALL = """
import importlib, pkgutil
for found in pkgutil.walk_packages(figureground.__path__, "figureground."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""
TWICE = """
names = figureground.__all__
first = {name: getattr(figureground, name) for name in names}
"""
AGAIN = """
for name in names:
    found = getattr(figureground, name)
    assert found is first[name], (name, found)
    assert callable(found), (name, found)
    assert found.__name__ == name, (name, found)
    assert name in dir(figureground), name
"""


def run(code: str) -> None:
    ran = subprocess.run([sys.executable, "-c", f"import figureground\n{code}"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "code",
    [TWICE + AGAIN, TWICE + IMPORT_ALL + AGAIN, IMPORT_ALL + TWICE + AGAIN],
    ids=["twice", "then all modules", "after all modules"],
)
def test_no_module_shadows_a_public_name(code: str) -> None:
    run(code)


@pytest.mark.parametrize("name", figureground.__all__)
def test_each_name_works_alone_and_twice(name: str) -> None:
    run(f"from figureground import {name}\nassert {name} is figureground.{name} is getattr(figureground, {name!r})")


def test_build_stays_a_function() -> None:
    run(
        "import figureground.make.build\n"
        "assert callable(figureground.build)\n"
        "figureground.open_dataset, figureground.dry_run\n"
        "import figureground.dataset.opening, figureground.make.cost, figureground.cli.build\n"
        "assert callable(figureground.build) and figureground.build is figureground.make.build.build\n"
        "assert figureground.build.__module__ == 'figureground.make.build'"
    )


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'bulid'"):
        _ = figureground.bulid
