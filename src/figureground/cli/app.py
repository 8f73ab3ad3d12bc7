"""The command line's frame: the App, what all commands share, and the flags that each of them has.

A command is a function in build.py, look.py, read.py or networks.py: it calls the library and tells the Console what
came back.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from cyclopts import App, Group, Parameter, Token

from figureground import __version__
from figureground.cli.console import Console, logging_to_stderr
from figureground.core.addresses import is_address, protocol_of, required_address, without_secrets
from figureground.core.errors import FigureGroundError

HELP = """\
Turn photos of backgrounds and of foregrounds into a dataset for monocular depth and segmentation.

Exit codes: 0 done; 1 an error that you can mend; 2 wrong arguments; 70 a fault in figureground; 130 stopped by Ctrl-C;
143 by SIGTERM.
"""
EXAMPLES = """\
Examples:
  figureground demo demo               draw scenes, build a dataset of them
  figureground init mine               write mine/recipe.toml; edit its paths
  figureground check mine/recipe.toml  what is used, what is set aside, and why
  figureground preview mine/recipe.toml   photos and some samples, as pictures
  figureground build mine/recipe.toml out --dry-run   counts, bytes, time
  figureground build mine/recipe.toml out             build, or finish
  figureground info out --json         for a machine
  figureground export 2020 out zips    five zips, or fewer, and labels.txt
  figureground points out --id 0 room.ply   a sample as a cloud of points
  figureground cutout photos cut       transparent PNGs of a folder of photos
  figureground models                  depth networks by name
"""
EVERYWHERE = Group("Every command", sort_key=8)
OTHER = Group("Other", sort_key=9)

app = App(
    name="figureground",
    help=HELP,
    help_epilogue=EXAMPLES,
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
    print_error=False,
    exit_on_error=False,  # `main` tells them
)
app.meta.suppress_keyboard_interrupt = False
app["--help"].group = app["--version"].group = OTHER


def flag(text: str, **more: Any) -> Parameter:
    """Return what describes a switch: `--name` alone, without a negative form."""
    return Parameter(help=text, negative="", show_default=False, **more)


RecipeFile = Annotated[Path, Parameter(help="The recipe, a TOML file.")]


def _place(kind: Any, tokens: Sequence[Token]) -> Any:
    """Return what a user means: an address of object storage as text, anything else as a path."""
    found = [required_address(t.value) if is_address(t.value) else Path(t.value) for t in tokens]
    return tuple(found) if get_origin(kind) is tuple else found[0]


def _folder(kind: Any, tokens: Sequence[Token]) -> Path:
    if is_address(tokens[0].value):
        raise FigureGroundError("this is written to a folder alone", protocol_of(tokens[0].value) + "://", "name one")
    return Path(tokens[0].value)


DatasetPlace = Annotated[
    Path | str, Parameter(help="A finished dataset: its folder, or s3://BUCKET/NAME.", converter=_place)
]
DatasetPlaces = Annotated[
    tuple[Path | str, ...],
    Parameter(help="The folders or addresses of all shards (build --shard).", negative="", converter=_place),
]
OutPlace = Annotated[
    Path | str, Parameter(help="Where it goes: a new or empty folder, or s3://BUCKET/NAME.", converter=_place)
]
OutFolder = Annotated[Path, Parameter(help="Where it goes: a new or empty folder.", converter=_folder)]
Settings = Annotated[
    tuple[str, ...],
    Parameter(name="--set", negative="", show_default=False, help="Lay section.key=value over the recipe; repeatable."),
]
NoCache = Annotated[
    bool,
    flag("Keep no prepared photos, and use none: else they are in .figureground-cache beside the recipe."),
]
Networks = Annotated[
    tuple[Path, ...],
    Parameter(
        name="--network",
        negative="",
        show_default=False,
        help="A network that may be loaded though the dataset's own recipe names it by a path; repeatable.",
    ),
]
Workers = Annotated[int, Parameter(help="Worker processes; 0 means one a core.")]
Told = Annotated[Console, Parameter(parse=False)]  # given by `launch`, not by the user
Shell = Literal["bash", "zsh", "fish", "powershell"]


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    quiet: Annotated[
        bool, flag("No progress and no messages: errors and what was asked for only.", group=EVERYWHERE)
    ] = False,
    json: Annotated[
        bool,
        flag(
            'One JSON object on stdout: the result, or {"error": {"what", "where", "remedy"}}; progress on stderr.',
            group=EVERYWHERE,
        ),
    ] = False,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Parameter(help="What is logged on stderr (logger figureground).", group=EVERYWHERE),
    ] = "warning",
    debug: Annotated[bool, flag("Show an error's traceback.", group=EVERYWHERE)] = False,
) -> Any:
    """Take the flags that every command has, then call the command."""
    logging_to_stderr("error" if quiet and log_level == "warning" else log_level)
    logging.getLogger(__name__).debug(
        "figureground %s, Python %s, %s: %s",
        __version__,
        platform.python_version(),
        platform.platform(),
        without_secrets(tokens),
    )
    command, bound, unparsed = app.parse_args(tokens)
    return command(*bound.args, **bound.kwargs, **dict.fromkeys(unparsed, Console(quiet, json)))


@app.command(name="--install-completion", group=OTHER, help_epilogue="Example:\n  figureground --install-completion\n")
def install_completion(
    *,
    shell: Annotated[Shell | None, Parameter(help="None means the one in use.")] = None,
    output: Annotated[
        Path | None, Parameter(help="The script's file; none means where the shell looks for it.")
    ] = None,
    startup: Annotated[bool, Parameter(help="Whether the shell's start-up file is made to load it.")] = True,
    console: Told,
) -> None:
    """Install completion of commands and flags for your shell."""
    from cyclopts.completion.detect import ShellDetectionError

    try:
        path = app.install_completion(shell=shell, output=output, add_to_startup=startup)
    except ShellDetectionError:
        remedy = f"name it: --shell {'|'.join(get_args(Shell))}"
        raise FigureGroundError("which shell this is cannot be seen", "--install-completion", remedy) from None
    except OSError as error:
        raise FigureGroundError(
            f"cannot write: {error.strerror}", str(error.filename), "name another file with --output"
        ) from None
    console.tell({"path": path}, f"{path}: open a new shell to use it", asked=False)
