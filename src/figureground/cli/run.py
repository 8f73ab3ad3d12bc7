"""The way in: `main` runs a command and tells whatever ends it."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from cyclopts import CycloptsError
from cyclopts.exceptions import UnknownOptionError

from figureground.cli import build, evaluate, look, networks, read, verify  # noqa: F401  their commands register themselves
from figureground.cli.app import app
from figureground.cli.console import Console
from figureground.core.errors import FigureGroundError
from figureground.core.progress import on_terminal
from figureground.core.stops import TerminatedError, heeded


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.  Errors end here: three lines on stderr, or with --json an object on stdout."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show ends no run
    with heeded():  # around the end as well: a second Ctrl-C cuts no message in two
        _run(tokens)


def _run(tokens: list[str]) -> None:
    try:
        app.meta(tokens)
    except BrokenPipeError:  # whoever read stdout has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more
        sys.exit(0)
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in tokens and not isinstance(error, CycloptsError | KeyboardInterrupt):
            raise
        code, problem = explained(error, tokens)
        with contextlib.suppress(OSError):  # nobody may read it any more: the exit code stays what it is
            if isinstance(error, KeyboardInterrupt) and on_terminal():
                print(file=sys.stderr)  # after the ^C that the terminal shows
            Console(json="--json" in tokens).fail(problem)
        sys.exit(code)


def explained(error: BaseException, tokens: Sequence[str] = ()) -> tuple[int, FigureGroundError]:
    """Return the exit code of whatever ended a command, and how it is told: what, where, what to do."""
    if isinstance(error, FigureGroundError):
        return 1, error
    if isinstance(error, KeyboardInterrupt):
        kept = str(error) or "what is finished is kept; the same command goes on from there"
        number = error.number if isinstance(error, TerminatedError) else signal.SIGINT
        return 128 + number, FigureGroundError("stopped", remedy=kept)
    if isinstance(error, CycloptsError):
        command = " ".join(("figureground", *(error.command_chain or ())))
        if remedy := _in_one_word(tokens):
            return 2, FigureGroundError("a setting is one word", command, remedy)
        if isinstance(error, UnknownOptionError) and (ways := _as_setting(tokens, error)):
            return 2, FigureGroundError("a key of the recipe is no option", command, f"write {ways}")
        return 2, FigureGroundError(" ".join(str(error).split()), command, f"{command} --help")
    return 70, FigureGroundError(
        f"{type(error).__name__}: {error}",
        "a place that nobody foresaw",
        "run again with --debug and report what it prints",
    )


def _as_setting(tokens: Sequence[str], error: UnknownOptionError) -> str:
    """Return how a recipe's key that was given as an option is set; "" where it is none."""
    from figureground.core.recipe_settings import as_setting

    option = (error.token.keyword or error.token.value).partition("=")[0]
    words = list(itertools.dropwhile(lambda token: token.partition("=")[0] != option, tokens))
    value = words[0].partition("=")[2] if words else ""
    return as_setting(option, value or "".join(words[1:2]))


def _in_one_word(tokens: Sequence[str]) -> str:
    """Return how a setting in several words, like `--set size 512` or `--set size=[640, 480]`, is written as one; ""
    where there is none."""
    for n, word in enumerate(tokens[:-1]):
        words = list(itertools.takewhile(lambda token: not token.startswith("-"), tokens[n + 1 :]))
        if word != "--set" or len(words) < 2:
            continue
        first, *more = words
        if first.count("[") > first.count("]"):
            end = next((i for i, token in enumerate(more) if "]" in token), len(more) - 1)
            return f"write --set {shlex.quote(''.join([first, *more[: end + 1]]))}"
        if first.endswith("=") or "=" not in first:
            value = next((text for text in (word.lstrip("=") for word in more) if text), "VALUE")
            return f"write --set {shlex.quote(first.rstrip('=') + '=' + value)}"
    return ""
