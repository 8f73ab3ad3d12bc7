import io
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from figureground.core import progress
from figureground.core.progress import silent, watched
from tests.cli.terminal import on_terminal

PROGRAM = """
import sys
from figureground.core.progress import watched
with watched(None) as show:
    for done in range(41):
        show("[samples]", done, 40)
        print("." * 4000, file=sys.stderr)
assert not {"IPython", "numpy"} & set(sys.modules)
print("rich" in sys.modules)
"""


class Notebook:
    """Stands in for IPython in a kernel: keeps what was displayed, and how its one line was updated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kernel: object) -> None:
        self.shown: list[str] = []
        self.updates: list[str] = []
        shell = SimpleNamespace(kernel=kernel) if kernel else SimpleNamespace()
        ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
        vars(ipython).update(get_ipython=lambda: shell, display=display)
        vars(display).update(display=self.display)
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert raw
        assert display_id
        self.shown.append(data["text/plain"])
        return SimpleNamespace(update=lambda data, raw: self.updates.append(data["text/plain"]))


def test_a_progress_that_was_given_is_the_one_used() -> None:
    heard = []
    with watched(lambda *words: heard.append(words)) as show:
        show("photos", 1, 2)
    assert heard == [("photos", 1, 2)]


def test_a_terminal_gets_bars_and_prints_go_above_them() -> None:
    out, seen = on_terminal([sys.executable, "-c", PROGRAM])
    assert out == b"True\n"
    assert b"[samples]" in seen
    assert b"40/40" in seen
    assert "━".encode() in seen


def test_a_pipe_gets_nothing_and_costs_no_import() -> None:
    program = PROGRAM.replace('print("." * 4000, file=sys.stderr)', "pass")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"False\n", b"")


@pytest.mark.parametrize("stderr", [None, "closed"])
def test_no_stderr_is_no_terminal(stderr: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream if stderr else None)
    with watched(None) as show:
        assert show is silent


def test_a_notebook_gets_one_line_that_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch, kernel=object())
    clock = iter([10.0, 10.1, 12.0, 12.1, 14.0, 15.0])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with watched(None) as show:
        show("samples", 100, 400)  # a build that is taken up again
        show("samples", 110, 400)  # too soon after the first
        show("samples", 200, 400)
        show("samples", 400, 400)  # the last is never held back
        show("labels", 0, 3)
        show("labels", 3, 3)
    assert notebook.shown == ["samples 100/400 (25%)"]
    assert notebook.updates == [
        "samples 200/400 (50%), 50/s, 4 s left",
        "samples 400/400 (100%), 143/s",
        "labels 0/3 (0%)",
        "labels 3/3 (100%), 3/s",
    ]


def test_ipython_on_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch, kernel=None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with watched(None) as show:
        assert show is silent
    assert not notebook.shown
