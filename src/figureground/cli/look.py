"""The commands that show photos before anything is built of them: cutout, preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from figureground.cli.app import NoCache, RecipeFile, Settings, Told, Workers, app, flag
from figureground.cli.console import catalog_facts, catalog_text, for_terminal, plural

if TYPE_CHECKING:
    from figureground.core.job import Cutting
    from figureground.make.folder_cutouts import Row


@Parameter(name="*")
@dataclass(frozen=True)
class CutoutOptions:
    """How photos are cut out, and what is written of them."""

    method: Annotated[str, Parameter(help="auto | alpha | key | network, as foregrounds.cutout of a recipe")] = "auto"
    network: Annotated[str, Parameter(help="small (it ships), or the ONNX file of a salient-object network.")] = "small"
    subject: Annotated[Literal["anything", "people"], Parameter(help="Cut out what stands out, or people alone.")] = (
        "anything"
    )
    what: Annotated[Literal["rgba", "alpha"], Parameter(help="The figure with transparency, or its matte.")] = "rgba"
    trim: Annotated[bool, flag("Crop to the figure; cutouts.csv says where it was.")] = False
    workers: Workers = 0

    def cutting(self) -> Cutting:
        """Return how photos are cut out, as a recipe that says so has it."""
        from figureground.core.recipe_toml import parse
        from figureground.resolve import inputs_of

        asked = {"cutout": self.method, "network": self.network, "subject": self.subject}
        settings = [f"foregrounds.{knob}={value}" for knob, value in asked.items()]
        return inputs_of(parse("", "the command line", Path(), settings)).foregrounds[0].cutting


_DEFAULTS = CutoutOptions()


@app.command(
    help_epilogue="Example:\n  figureground cutout photos cut\n  figureground cutout anna.jpg anna.png --trim\n"
)
def cutout(
    photos: Annotated[Path, Parameter(help="A folder of photos, or one photo.")],
    out: Annotated[Path, Parameter(help="A folder for the cut-outs; for one photo also a .png file.")],
    /,
    *,
    options: CutoutOptions = _DEFAULTS,
    console: Told,
) -> None:
    """Cut the figures out of photos: a transparent PNG of each, at its own size and under its own name.

    Beside them cutouts.csv and cutouts.jpg list and show all of them, the doubtful ones and those set aside first.
    Photos are not changed.  The same command again goes on where it was stopped.
    """
    from figureground.core.engines import choose
    from figureground.make.folder_cutouts import LIST, SHEET, Form, cutouts_of_folder

    form, engine = Form(options.what == "alpha", options.trim), choose("auto", options.workers)
    with console.progress() as progress:
        rows = cutouts_of_folder(photos, out, options.cutting(), form, engine, progress)
    facts: dict[str, Any] = {"path": out, "photos": [asdict(row) for row in rows]}
    text = _cutouts_text(rows)
    if not out.is_file():
        facts |= {"list": out / LIST, "sheet": out / SHEET}
        text += f"\nlist: {out / LIST}\nsheet: {out / SHEET}"
    console.tell(facts, text)


def _cutouts_text(rows: Sequence[Row]) -> str:
    """Return how many photos were cut out, which are doubtful, and which are set aside."""
    told = [(row.state, *for_terminal((row.file, row.cutout, row.doubt))) for row in rows]
    aside = [row for row in told if row[0] == "set aside"]
    doubtful = [row for row in told if row[3] and row not in aside]
    head = f"{plural(len(rows) - len(aside), 'cut-out')}, {len(doubtful):,} of them doubtful; "
    lines = [head + f"{plural(len(aside), 'photo')} set aside"]
    lines += [f"  set aside: {file}: {doubt}" for _, file, _, doubt in aside]
    lines += [f"  doubtful: {cut}: {doubt}" for _, _, cut, doubt in doubtful]
    return "\n".join(lines)


@app.command(help_epilogue="Example:\n  figureground preview mine/recipe.toml --samples 20\n")
def preview(
    recipe: RecipeFile,
    /,
    *,
    samples: Annotated[int, Parameter(help="How many composites, spread over all.")] = 12,
    out: Annotated[
        Path | None, Parameter(help="The folder of the pictures; none means RECIPE-preview beside the recipe.")
    ] = None,
    settings: Settings = (),
    workers: Workers = 0,
    no_cache: NoCache = False,
    console: Told,
) -> None:
    """Show what a recipe would make, before anything is built: its photos as they are prepared, and some composites.

    Writes preview.html, the same pictures as JPEG sheets, and review.csv, in which photos can be marked to be left out.
    """
    from figureground.core.engines import choose
    from figureground.core.recipe_toml import load_recipe
    from figureground.make.preview import folder_of
    from figureground.make.preview import preview as make
    from figureground.resolve import resolve

    job, folder = resolve(load_recipe(recipe, settings, cache=not no_cache)), out or folder_of(recipe)
    with console.progress() as progress:
        catalog, files = make(job, folder, samples, choose("auto", workers), progress)
    used = catalog_facts(catalog)
    text = "\n".join([catalog_text(used, everything=True), *(f"  {folder / name}" for name in files)])
    console.tell({"path": folder, "files": files, "catalog": used}, text)
