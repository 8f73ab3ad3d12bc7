"""How deep a build is: from the command down to the blending of pixels it takes few calls."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import figureground
from figureground.cli import main
from figureground.core.recipe_toml import to_toml
from figureground.render import composite
from tests.builders import small_recipe, write_photos

PACKAGE = Path(figureground.__file__).parent


class SeenEnoughError(BaseException):
    """Ends a build from within, as Ctrl-C does."""


def frames() -> list[tuple[str, str]]:
    """Return (file, function) of every frame of the package on the stack, the outermost first."""
    found = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            found.append((path.relative_to(PACKAGE).as_posix(), frame.f_code.co_name))
        frame = frame.f_back
    return found[::-1]


def test_at_most_seven_calls_from_the_command_to_the_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path)
    (tmp_path / "recipe.toml").write_text(to_toml(small_recipe(tmp_path)))
    stacks: list[list[tuple[str, str]]] = []

    def paste(*_: Any) -> None:
        stacks.append([*frames(), ("render/composite.py", "_paste")])
        raise SeenEnoughError

    monkeypatch.setattr(composite, "_paste", paste)  # which blends in numpy, or has the kernel do it
    with pytest.raises(SeenEnoughError):
        main(["build", str(tmp_path / "recipe.toml"), str(tmp_path / "out"), "--engine", "serial"])
    (stack,) = stacks
    command = stack.index(("cli/build.py", "build"))
    below = stack[command + 1 :]
    assert below[-1] == ("render/composite.py", "_paste")
    assert len(below) <= 7, below
    assert not list((tmp_path / "out").rglob("*.partial"))  # what was begun is taken back
