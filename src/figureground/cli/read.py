"""The commands that read a finished dataset: info, report, export, points; and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from figureground.cli.app import DatasetPlace, Networks, Told, app, flag
from figureground.cli.console import dataset_facts, dataset_text


@app.command(help_epilogue="Example:\n  figureground info out\n")
def info(dataset: DatasetPlace, /, *, console: Told) -> None:
    """Print what a finished dataset holds."""
    from figureground.dataset.opening import open_dataset

    facts = dataset_facts(open_dataset(dataset))
    console.tell(facts, dataset_text(facts))


@app.command(help_epilogue="Example:\n  figureground report out\n")
def report(dataset: DatasetPlace, /, *, console: Told) -> None:
    """Write the dataset's report.html anew."""
    from figureground.dataset.opening import open_dataset
    from figureground.make.finish import note_files
    from figureground.report import rewrite_report

    data = open_dataset(dataset)
    path = rewrite_report(data)
    note_files(data.store, ["report.html"])
    console.tell({"report": path}, str(path), asked=False)


app.command(
    "figureground.cli.exports:exports",
    name="export",
    help="Write a finished dataset in another layout: `figureground export` lists them.",
)


app.command(
    "figureground.cli.imports:imports",
    name="import",
    help="Take in what others labelled or made: `figureground import` lists what.",
)


@app.command(help_epilogue="Example:\n  figureground points out --id 7 sample.ply\n")
def points(
    dataset: DatasetPlace,
    out: Annotated[Path, Parameter(help="The file to write, a binary PLY.")],
    /,
    *,
    id: Annotated[str, Parameter(help="Which sample: its number, or its key.")],
    virtual: Annotated[bool, flag("Render the sample instead of reading it; needs no parts.")] = False,
    network: Networks = (),
    console: Told,
) -> None:
    """Write a sample as a cloud of coloured points, in metres, for MeshLab, CloudCompare or Blender."""
    from figureground.dataset.opening import open_dataset
    from figureground.formats.ply import write_ply

    data = open_dataset(dataset, virtual=True, networks=network) if virtual else open_dataset(dataset)
    sample = data.called(id)
    cloud = sample.points()
    write_ply(cloud, out)
    camera = sample.record.camera
    facts = {"path": out, "key": sample.record.key, "points": len(cloud.xyz), "camera": vars(camera)}
    focal = f"focal length {camera.fx:.0f} px ({camera.focal_from})"
    console.tell(facts, f"{out}: {len(cloud.xyz):,} points of {sample.record.key}; {focal}", asked=False)
