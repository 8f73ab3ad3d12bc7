"""Without torch the import says what to install; without something else it does not say torch."""

from __future__ import annotations

import subprocess
import sys

import pytest


def without(module: str, code: str) -> str:
    """Return what code prints where a module is not there, which Python is told by None in its place."""
    lines = f"import sys; sys.modules[{module!r}] = None\n{code}"
    return subprocess.run([sys.executable, "-c", lines], check=True, capture_output=True, text=True).stdout


def test_without_torch_the_import_says_what_to_install() -> None:
    """As an ImportError, which `try: import` catches, and as the error that users meet."""
    said = without(
        "torch",
        "from figureground import FigureGroundError\n"
        "try:\n    import figureground.torch.sampler\n"
        "except ImportError as error:\n    print(isinstance(error, FigureGroundError), error)",
    )
    assert said.startswith("True figureground.torch needs PyTorch")
    assert "pip install 'figureground[torch]'" in said


def test_another_module_that_is_missing_is_not_called_torch() -> None:
    pytest.importorskip("torch", reason="the extra [torch] is not installed")
    said = without("PIL", "try:\n    import figureground.torch\nexcept ImportError as error:\n    print(error)")
    assert said.startswith("import of PIL halted")
