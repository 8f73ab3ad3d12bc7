"""The way in: `main` runs a command and tells whatever ends it."""

from __future__ import annotations

import io
import os
import sys

from cyclopts import CycloptsError

from figureground.cli import build, look, networks, read  # noqa: F401  their commands register themselves
from figureground.cli.app import app
from figureground.cli.console import Console
from figureground.core.errors import FigureGroundError
from figureground.core.progress import on_terminal


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.  Errors end here: three lines on stderr, or with --json an object on stdout."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show ends no run
    try:
        app.meta(tokens)
    except BrokenPipeError:  # whoever read stdout has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more
        sys.exit(0)
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in tokens and not isinstance(error, CycloptsError | KeyboardInterrupt):
            raise
        if isinstance(error, KeyboardInterrupt) and on_terminal():
            print(file=sys.stderr)  # after the ^C that the terminal shows
        code, problem = explained(error)
        Console(json="--json" in tokens).fail(problem)
        sys.exit(code)


def explained(error: BaseException) -> tuple[int, FigureGroundError]:
    """Return the exit code of whatever ended a command, and how it is told: what, where, what to do."""
    if isinstance(error, FigureGroundError):
        return 1, error
    if isinstance(error, KeyboardInterrupt):
        return 130, FigureGroundError("stopped", remedy="finished parts are kept; the same command goes on from there")
    if isinstance(error, CycloptsError):
        command = " ".join(("figureground", *(error.command_chain or ())))
        return 2, FigureGroundError(" ".join(str(error).split()), command, f"{command} --help")
    return 70, FigureGroundError(
        f"{type(error).__name__}: {error}",
        "a place that nobody foresaw",
        "run again with --debug and report what it prints",
    )
