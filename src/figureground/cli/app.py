"""The command line: parse, call, print."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Group, Parameter

from figureground import __version__
from figureground.cli.console import ProgressBars, print_catalog, print_dataset, print_estimate
from figureground.core.errors import FigureGroundError

EXAMPLES = """\
Examples:
  figureground demo demo                  draw scenes and build a dataset of them
  figureground init mine                  write mine/recipe.toml; edit its paths
  figureground check mine/recipe.toml     what is used, what is set aside, and why
  figureground build mine/recipe.toml out --dry-run    counts, bytes, time
  figureground build mine/recipe.toml out              build, or finish
  figureground export 2020 out zips       five zips and labels.txt
  figureground models                     depth networks by name
Every command takes --help, and --debug for a traceback.
"""

app = App(
    name="figureground",
    help="Turn photos of backgrounds and of foregrounds into a dataset for monocular depth and segmentation.",
    help_epilogue=EXAMPLES,
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
app["--help"].group = app["--version"].group = Group("Other", sort_key=9)

RecipeFile = Annotated[Path, Parameter(help="The recipe, a TOML file.")]
DatasetFolder = Annotated[Path, Parameter(help="The folder of a finished dataset.")]
OutFolder = Annotated[Path, Parameter(help="Where it goes: a new or empty folder.")]
Settings = Annotated[
    tuple[str, ...],
    Parameter(name="--set", negative="", show_default=False, help="Lay section.key=value over the recipe; repeatable."),
]
Workers = Annotated[int, Parameter(help="Worker processes; 0 means one a core.")]


def _flag(text: str) -> Any:
    return Parameter(help=text, negative="", show_default=False)


@app.command(help_epilogue="Example:\n  figureground demo demo\n")
def demo(
    out: OutFolder,
    /,
    *,
    backgrounds: Annotated[int, Parameter(help="How many rooms are drawn.")] = 8,
    people: Annotated[int, Parameter(help="How many people are drawn.")] = 8,
    workers: Workers = 0,
) -> None:
    """Draw rooms and people, and build a small dataset from them, with exact depth and a report.

    Needs no photos, no network weights and no internet.
    """
    from figureground.core.engines import choose
    from figureground.drawn.demo import write_photos

    with ProgressBars() as progress:
        recipe = write_photos(out, backgrounds, people, choose("auto", workers), progress)
    _build(recipe, out / "dataset", (), workers)


@app.command(help_epilogue="Example:\n  figureground init mine --preset eva4\n")
def init(
    folder: Annotated[Path, Parameter(help="Where recipe.toml is written.")],
    /,
    *,
    preset: Annotated[str, Parameter(help="default | ground | eva4")] = "default",
) -> None:
    """Write a commented recipe.toml to start from.

    Presets: default (figures placed anywhere, depth by a network on each composite); ground (figures that stand on the
    floor, with layered depth); eva4 (the numbers of the 2020 student dataset).
    """
    from figureground.core.recipe import PRESETS
    from figureground.core.recipe_toml import from_mapping, to_toml

    if preset not in PRESETS:
        raise FigureGroundError(f"unknown preset {preset!r}", "--preset", f"one of {', '.join(PRESETS)}")
    start = {"backgrounds": {"path": "photos/backgrounds"}, "foregrounds": {"path": "photos/people"}}
    text = to_toml(from_mapping({**start, **PRESETS[preset]}), comments=True)
    path = folder / "recipe.toml"
    if path.exists():
        raise FigureGroundError("there is a recipe already", str(path), "edit it, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(path), "choose another folder") from None
    print(f"{path}: put your photos where it says, or edit the paths; then `figureground check {path}`")


@app.command(help_epilogue="Example:\n  figureground check mine/recipe.toml\n")
def check(recipe: RecipeFile, /, *, settings: Settings = (), workers: Workers = 0) -> None:
    """Prepare the photos in memory and show which are used, and which are set aside and why.  Writes nothing."""
    from figureground.core.engines import choose
    from figureground.core.recipe_toml import load_recipe
    from figureground.core.store import MemoryStore
    from figureground.ingest.ingest import ingest

    loaded = load_recipe(recipe, settings)
    with ProgressBars() as progress:
        catalog = ingest(loaded, choose("auto", workers), MemoryStore(), progress)
    print_catalog(catalog, everything=True)


@app.command(help_epilogue="Example:\n  figureground build mine/recipe.toml out --set placement.samples=20000\n")
def build(
    recipe: RecipeFile,
    out: Annotated[Path, Parameter(help="The dataset's folder.")],
    /,
    *,
    settings: Settings = (),
    workers: Workers = 0,
    engine: Annotated[str, Parameter(help="auto | serial | processes")] = "auto",
    dry_run: Annotated[bool, _flag("Print counts, bytes, time and the cost of depth; write nothing.")] = False,
    strict: Annotated[bool, _flag("End at the first photo that cannot be used.")] = False,
    fresh: Annotated[bool, _flag("Discard parts made under another recipe or from other photos.")] = False,
    catalog_only: Annotated[bool, _flag("Prepare the photos and stop: samples are then rendered when read.")] = False,
) -> None:
    """Build a dataset from a recipe.  The same command again finishes what is missing."""
    from figureground.core.recipe_toml import load_recipe

    if not dry_run:
        _build(recipe, out, settings, workers, engine, strict, fresh, catalog_only)
        return
    from figureground.core.engines import choose
    from figureground.make.build import dry_run as estimate

    with ProgressBars() as progress:
        cost, catalog = estimate(load_recipe(recipe, settings), engine=choose(engine, workers), progress=progress)
    print_catalog(catalog)
    print_estimate(cost, workers)


@app.command(help_epilogue="Example:\n  figureground report out\n")
def report(dataset: DatasetFolder, /) -> None:
    """Write the dataset's report.html anew."""
    from figureground.dataset.stored import open_dataset
    from figureground.report import write_report

    print(write_report(open_dataset(dataset)))


@app.command(help_epilogue="Example:\n  figureground info out\n")
def info(dataset: DatasetFolder, /) -> None:
    """Print what a finished dataset holds."""
    from figureground.dataset.stored import open_dataset

    data = open_dataset(dataset)
    print_dataset(data)


@app.command(help_epilogue="Example:\n  figureground export 2020 out zips --mask jpeg\n")
def export(
    format: Annotated[str, Parameter(help="2020: zips with Fg-Bg, Fg-Bg-Mask and Depth folders, and labels.txt.")],
    dataset: DatasetFolder,
    out: OutFolder,
    /,
    *,
    parts: Annotated[int, Parameter(help="How many zips.")] = 5,
    mask: Annotated[str, Parameter(help="png: exact | jpeg: as in 2020")] = "png",
    depth: Annotated[str, Parameter(help="stored: as it is | jpeg8: stretched per image, as in 2020")] = "stored",
) -> None:
    """Write a finished dataset in another layout."""
    from figureground.dataset.stored import open_dataset
    from figureground.formats import EXPORTS

    if format not in EXPORTS:
        raise FigureGroundError(f"unknown export format {format!r}", "export", f"one of {', '.join(EXPORTS)}")
    with ProgressBars() as progress:
        EXPORTS[format](open_dataset(dataset), out, parts=parts, mask=mask, depth=depth, progress=progress)
    print(out)


def _build(
    recipe: Path,
    out: Path,
    settings: tuple[str, ...],
    workers: int,
    engine: str = "auto",
    strict: bool = False,
    fresh: bool = False,
    catalog_only: bool = False,
) -> None:
    from figureground.core.engines import choose
    from figureground.core.recipe_toml import load_recipe
    from figureground.dataset.stored import open_dataset
    from figureground.make.build import build as run

    with ProgressBars() as progress:
        run(
            load_recipe(recipe, settings),
            out,
            engine=choose(engine, workers),
            strict=strict,
            fresh=fresh,
            catalog_only=catalog_only,
            progress=progress,
        )
    if catalog_only:
        virtual = open_dataset(out, virtual=True)
        print_catalog(virtual.catalog)
        print(f"{len(virtual):,} samples, rendered when they are read: open_dataset({str(out)!r}, virtual=True)")
        return
    data = open_dataset(out)
    print_catalog(data.catalog)
    print_dataset(data)
    print(f"report: {out / 'report.html'}")


def _register() -> None:
    """Add the commands that live in other modules."""
    from figureground.cli import networks  # noqa: F401


def main(arguments: list[str] | None = None) -> None:
    """Run the command line.  A FigureGroundError prints its three lines and exits with 1; --debug shows tracebacks."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in tokens
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show ends no run
    _register()
    tokens = [word for word in tokens if word != "--debug"]
    try:
        app(tokens)
    except FigureGroundError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nstopped; finished parts are kept, and the same command goes on from there", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        print(
            f"error: {type(error).__name__}: {error}\n  where: a place that nobody foresaw\n"
            "  to do: run again with --debug and report what it prints",
            file=sys.stderr,
        )
        sys.exit(70)


if __name__ == "__main__":
    main()
