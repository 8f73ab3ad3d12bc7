"""`figureground import WHAT`: what others labelled or made, taken in.  Loaded when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from figureground.cli.app import OutFolder, Told, Workers, flag
from figureground.cli.console import Console, plural
from figureground.core.nouns import DEFAULT_CLASS
from figureground.imports.cutouts import LEAST_SIDE, SET_ASIDE, Imported, cutouts_of
from figureground.imports.frames import Imported as Frames
from figureground.imports.labelled import Labels

LeastSide = Annotated[int, Parameter(name="--min-side", help="Instances whose longer side has fewer px are set aside.")]

imports = App(name="import", help="Take in what others labelled, or made.", help_format="plaintext")


@imports.command(help_epilogue="Example:\n  figureground import coco instances_val2017.json --images val2017 cutouts\n")
def coco(
    annotations: Annotated[Path, Parameter(help="A JSON file of COCO or LVIS instances.")],
    out: OutFolder,
    /,
    *,
    images: Annotated[Path, Parameter(help="The folder that the file names of pictures start from.")],
    min_side: LeastSide = LEAST_SIDE,
    workers: Workers = 0,
    console: Told,
) -> None:
    """Cut the instances of COCO's labels out of their pictures: a transparent PNG of each, a folder a class."""
    from figureground.imports.coco import coco_labels

    _cut(coco_labels(annotations), images, out, min_side, workers, console)


@imports.command(help_epilogue="Example:\n  figureground import yolo data/data.yaml cutouts\n")
def yolo(
    data: Annotated[Path, Parameter(help="A data.yaml whose label files have outlines (YOLO segment).")],
    out: OutFolder,
    /,
    *,
    root: Annotated[
        Path | None, Parameter(help="The data set's folder; none means the one that data.yaml lies in.")
    ] = None,
    min_side: LeastSide = LEAST_SIDE,
    workers: Workers = 0,
    console: Told,
) -> None:
    """Cut the instances of YOLO's labels out of their pictures: a transparent PNG of each, a folder a class."""
    from figureground.imports.yolo import yolo_labels

    folder = root or data.parent
    _cut(yolo_labels(data, folder), folder, out, min_side, workers, console)


@imports.command(name="2020", help_epilogue="Example:\n  figureground import 2020 zips out\n")
def layout2020(
    folder: Annotated[Path, Parameter(help="The folder with labels.txt, and its zips or what they hold.")],
    out: OutFolder,
    /,
    *,
    class_name: Annotated[str, Parameter(name="--class", help="What the foregrounds show.")] = DEFAULT_CLASS,
    nearer: Annotated[bool, flag("Larger depth codes are nearer, where no depth.csv says what they mean.")] = False,
    console: Told,
) -> None:
    """Make a dataset of one in the 2020 layout: it is read, verified and exported as others, and not made again."""
    from figureground.imports.layout2020 import FARTHER, NEARER, import_2020

    with console.progress() as progress:
        found = import_2020(
            folder, out, class_name=class_name, direction=NEARER if nearer else FARTHER, progress=progress
        )
    lines = [f"{found.path}: {plural(found.samples, 'sample')}"]
    if found.between:
        share = found.between / found.pixels
        lines.append(f"  masks: {found.between:,} px ({share:.2%}) were neither black nor white, and are now either")
    if found.stretched:
        lines.append("  depth: relative, stretched in each picture: no depth.csv says more")
    console.tell(vars(found), "\n".join(lines))


@imports.command(help_epilogue="Example:\n  figureground import blenderproc output rooms\n")
def blenderproc(
    folder: Annotated[Path, Parameter(help="The folder of .hdf5 frames; a sub-folder a scene.")],
    out: OutFolder,
    /,
    *,
    console: Told,
) -> None:
    """Make backgrounds with known depth of frames that BlenderProc rendered (write_hdf5: colors and depth)."""
    from figureground.imports.blenderproc import import_blenderproc

    with console.progress() as progress:
        found = import_blenderproc(folder, out, progress=progress)
    _tell_frames(found, out, console)


@imports.command(help_epilogue="Example:\n  figureground import hypersim downloads rooms\n")
def hypersim(
    folder: Annotated[Path, Parameter(help="The folder of Hypersim's scenes, ai_001_001 and so on.")],
    out: OutFolder,
    /,
    *,
    console: Told,
) -> None:
    """Make backgrounds with known, planar depth of Hypersim's scenes as they are downloaded."""
    from figureground.imports.hypersim import import_hypersim

    with console.progress() as progress:
        found = import_hypersim(folder, out, progress=progress)
    _tell_frames(found, out, console)


def _tell_frames(found: Frames, out: Path, console: Console) -> None:
    lines = [f"{plural(found.frames, 'frame')}; {sum(found.set_aside.values()):,} set aside"]
    lines += [f"  {count:,}: {reason}" for reason, count in found.set_aside.items()]
    photos, depth = _quoted(out / "photos"), _quoted(out / "depth")
    recipe = f"[[backgrounds]]\npath = {photos}\ndepth = {depth}\ndepth_per_unit = 1000\ndepth_invalid = 0"
    lines += [f"list: {out / SET_ASIDE}", "in a recipe:", recipe]
    console.tell({**vars(found), "recipe": recipe}, "\n".join(lines))


def _cut(labels: Labels, images: Path, out: Path, least: int, workers: int, console: Console) -> None:
    from figureground.core.engines import choose

    engine = choose("auto", workers)
    with console.progress() as progress:
        found = cutouts_of(labels, images, out, least=least, engine=engine, progress=progress)
    facts: dict[str, Any] = {"path": out, "cutouts": found.cutouts, "set_aside": found.set_aside}
    facts["recipe"] = snippet(out)
    console.tell(facts, _text(found))


def snippet(out: Path) -> str:
    """Return the lines of a recipe that use a folder of cut-outs."""
    return f'[[foregrounds]]\npath = {_quoted(out)}\nclass = "folder"\ncutout = "alpha"'


def _quoted(path: Path) -> str:
    """Return a path as TOML has it."""
    return '"' + path.absolute().as_posix().replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(found: Imported) -> str:
    made, aside = sum(found.cutouts.values()), sum(found.set_aside.values())
    classes = ", ".join(f"{count:,} {name}" for name, count in found.cutouts.items())
    lines = [f"{plural(made, 'cut-out')} ({classes}); {plural(aside, 'instance')} set aside"]
    lines += [f"  {count:,}: {reason}" for reason, count in found.set_aside.items()]
    lines += [f"list: {found.path / SET_ASIDE}", "in a recipe:", snippet(found.path)]
    return "\n".join(lines)
