"""The commands that measure networks: evaluate-depth, evaluate-cutouts, evaluate-people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from figureground.cli.app import Told, app
from figureground.cli.networks import THE_SHIPPED, NetworkOptions
from figureground.core.errors import FigureGroundError
from figureground.core.files import sweep_beside

if TYPE_CHECKING:
    from figureground.core.progress import Progress
    from figureground.core.steps import Tick
    from figureground.evaluate.cutouts import Cut, Method, Subjects
    from figureground.evaluate.masked import MaskedPhoto
    from figureground.networks.depth import DepthNetwork

_PAGES, _SHEETS = (".html", ".htm"), (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


@app.command(
    help_epilogue="Examples:\n  figureground evaluate-depth --model fastdepth.onnx --pairs rgbd\n"
    "  figureground evaluate-depth --against fastdepth.onnx --photos people --masks people_masks\n"
)
def evaluate_depth(
    *,
    network: NetworkOptions = THE_SHIPPED,
    against: Annotated[
        tuple[str, ...], Parameter(help="A further network, as --model names it; may be given again.")
    ] = (),
    pairs: Annotated[
        Path | None, Parameter(help="Folder of NAME.jpg with NAME.depth.png (16-bit millimetres) or .npy.")
    ] = None,
    masks: Annotated[
        Path | None, Parameter(help="Folder of masks with the photos' stems: is depth sharp at figures' outlines?")
    ] = None,
    photos: Annotated[
        Path | None, Parameter(help="With --masks: photos without depth; none means those of --pairs.")
    ] = None,
    out: Annotated[Path | None, Parameter(help="Write a page with input, truth, estimate and error here.")] = None,
    console: Told,
) -> None:
    """Measure depth networks against sensor depth (AbsRel, RMSE, log10, delta1, boundary F1), or masks' outlines.

    Metric, and after alignment.  Every mean has its 95 % interval, and further networks their paired difference.
    """
    from figureground.evaluate.depth import evaluate
    from figureground.evaluate.depth_table import named, paired, table, to_json
    from figureground.evaluate.outlines import outlines, outlines_json, outlines_table
    from figureground.evaluate.pairs import read_pairs
    from figureground.report.evaluation import write_evaluation

    if out is not None:
        _writable(out)
        if pairs is None:
            raise FigureGroundError("the page shows photos with sensor depth", "--out", "give --pairs, or no --out")
    networks = _depth_networks(network, against)
    found = read_pairs(pairs) if pairs is not None else []
    masked = _masked(photos, masks, [pair.photo for pair in found])
    with console.progress() as progress:
        made = [
            evaluate(one.estimate, found, name=name, progress=_named(progress, name))
            for name, one in networks.items()
            if found
        ]
        edges = {
            name: outlines(one.estimate, masked, _told(progress, f"outlines, {name}", len(masked)))
            for name, one in networks.items()
            if masked
        }
    facts: dict[str, Any] = {}
    texts = []
    if made:
        first, *others = made
        facts = to_json(first)
        facts["against"] = [{**to_json(one), "minus_first": named(paired(one, first))} for one in others]
        texts.append(table(first, *others))
        if out is not None:
            write_evaluation(first, out, others, edges)
    if edges:
        facts["outlines"] = outlines_json(edges)
        texts.append(outlines_table(edges))
    console.tell({**facts, "page": out}, _and_file("\n\n".join(texts), out))


def _masked(photos: Path | None, masks: Path | None, of_pairs: list[Path]) -> list[MaskedPhoto]:
    """Return the photos whose outlines are looked at; none without masks.  Raises FigureGroundError."""
    from figureground.evaluate.masked import masked_photos
    from figureground.ingest.photos import find

    if photos is None and not of_pairs:
        remedy = "give --pairs, or --photos and --masks"
        raise FigureGroundError("there is nothing to measure against", "evaluate-depth", remedy)
    if masks is None:
        if photos is not None:
            raise FigureGroundError("photos without masks show nothing", str(photos), "give --masks as well")
        return []
    found = of_pairs if photos is None else find([str(photos)], Path(), "--photos")
    return masked_photos(found, masks)


def _depth_networks(network: NetworkOptions, against: tuple[str, ...]) -> dict[str, DepthNetwork]:
    """Return name -> network, in the order in which they were given.  Raises FigureGroundError."""
    from figureground.networks.registry import SHIPPED, open_network
    from figureground.resolve import depth_model, running_of

    _require_each_once((network.model or SHIPPED, *against))
    opened: dict[str, DepthNetwork] = {}
    for options in (network, *(replace(network, model=model, card="") for model in against)):
        recipe = options.recipe()
        one = open_network(depth_model(recipe), running_of(recipe.depth))
        opened[_new_name(one.card.name, options.model, opened)] = one
    return opened


@Parameter(name="*")
@dataclass(frozen=True)
class Source:
    """Which pictures are cut out: photos with drawn masks, or cut-outs pasted on rooms."""

    photos: Annotated[Path | None, Parameter(help="Folder of photos of people or things.")] = None
    masks: Annotated[Path | None, Parameter(help="Folder of drawn masks with the photos' stems.")] = None
    cutouts: Annotated[Path | None, Parameter(help="Instead: folder of cut-outs with transparency (RGBA) ...")] = None
    rooms: Annotated[Path | None, Parameter(help="... and folder of photos that they are pasted on.")] = None
    samples: Annotated[int, Parameter(help="How many are pasted.")] = 100
    seed: Annotated[int, Parameter(help="Another seed pastes them elsewhere.")] = 0

    def pictures(self) -> Subjects:
        """Return the pictures with their true masks.  Raises FigureGroundError where it is not told which."""
        from figureground.evaluate.cutouts import read_pictures
        from figureground.evaluate.pasted import pasted

        given = [folder is not None for folder in (self.photos, self.masks, self.cutouts, self.rooms)]
        if self.photos is not None and self.masks is not None and not any(given[2:]):
            return read_pictures(self.photos, self.masks)
        if self.cutouts is not None and self.rooms is not None and not any(given[:2]):
            return pasted(self.cutouts, self.rooms, self.samples, self.seed)
        raise FigureGroundError(
            "it is not told which pictures to cut out",
            "evaluate-cutouts",
            "give --photos and --masks, or --cutouts and --rooms",
        )


_NONE = Source()


@app.command(
    help_epilogue="Examples:\n  figureground evaluate-cutouts --photos people --masks people_masks --out page.html\n"
    "  figureground evaluate-cutouts --cutouts things --rooms rooms --samples 200\n"
)
def evaluate_cutouts(
    *,
    source: Source = _NONE,
    network: Annotated[tuple[str, ...], Parameter(help="small, or an ONNX file; may be given again.")] = ("small",),
    out: Annotated[
        Path | None, Parameter(help="Write a page (.html) or a contact sheet (.png or .jpg) here, worst first.")
    ] = None,
    console: Told,
) -> None:
    """Measure cut-out networks, and colour keying beside them, against exact masks: IoU, boundary F, time.

    The masks are drawn, or those of cut-outs pasted on rooms.  Every mean has its 95 % interval; each further network,
    and keying, its paired difference to the first.
    """
    from figureground.evaluate.cutout_table import table, to_json
    from figureground.evaluate.cutouts import cut_all

    if out is not None:
        _writable(out)
        _is_page(out)
    methods = _methods(network)
    pictures = source.pictures()
    results = {}
    with console.progress() as progress:
        for name, method in methods.items():
            results[name] = cut_all(method, pictures, _told(progress, name, len(pictures)))
    files: dict[str, Path | None] = {"page": None, "sheet": None}
    if out is not None:
        _write_cuts(results, out)
        files["page" if _is_page(out) else "sheet"] = out
    console.tell({**to_json(results), **files}, _and_file(table(results), out))


@app.command(
    help_epilogue="Example:\n  figureground evaluate-people --photos people --masks people_masks --empty rooms\n"
)
def evaluate_people(
    *,
    source: Source = _NONE,
    empty: Annotated[Path | None, Parameter(help="Folder of photos without anybody.")] = None,
    network: Annotated[str, Parameter(help="small, or an ONNX file with an output called person.")] = "small",
    console: Told,
) -> None:
    """Measure how often a network sees the people in pictures, and people where nobody is.

    Photos with masks, or cut-outs of people pasted on rooms; and photos without anybody, seen as backgrounds are.
    """
    from figureground.evaluate.people import read_empty, table, to_json, with_people, without_people
    from figureground.networks.cutout import cutout_network, cutout_weights

    there: Subjects = source.pictures() if source != _NONE or empty is None else []
    nobody = read_empty(empty) if empty is not None else []
    path = cutout_weights(network, Path())
    if path is None:
        raise FigureGroundError("no network is named", "--network", "small, or a path")
    asked = cutout_network(path)
    if not asked.tells_people:
        raise FigureGroundError("the network tells no people", path.name, "give one with an output called person")
    with console.progress() as progress:
        found = with_people(asked, there, _told(progress, "with people", len(there)))
        wrong = without_people(asked, nobody, _told(progress, "without people", len(nobody)))
    console.tell(to_json(found, wrong), table(path.stem, found, wrong))


def _methods(networks: tuple[str, ...]) -> dict[str, Method]:
    """Return name -> method, in the order in which they were given.  Raises FigureGroundError."""
    from figureground.evaluate.cutouts import keyed
    from figureground.networks.cutout import cutout_network, cutout_weights

    _require_each_once(networks)
    methods: dict[str, Method] = {}
    for given in networks:
        path = cutout_weights(given, Path())
        if path is not None:
            methods[_new_name(path.stem, given, methods)] = cutout_network(path)
    return {**methods, "colour key": keyed}


def _write_cuts(results: dict[str, list[Cut]], out: Path) -> None:
    from PIL import Image

    from figureground.report.cutout_page import write_cutout_page
    from figureground.report.cutouts import cutouts_sheet

    if _is_page(out):
        write_cutout_page(results, out)
    else:
        Image.fromarray(cutouts_sheet(results)).save(out)


def _require_each_once(networks: tuple[str, ...]) -> None:
    """Raise FigureGroundError where a network would be compared with itself."""
    for number, name in enumerate(networks):
        if name in networks[:number]:
            raise FigureGroundError("a network is given twice", name, "give it once")


def _new_name(name: str, given: str, taken: Collection[str]) -> str:
    """Return a network's name, or what it was given as where another has that name."""
    return name if name not in taken else given


def _is_page(out: Path) -> bool:
    """Tell whether a file is to be a page, by its suffix, or a contact sheet.  Raises FigureGroundError for others."""
    suffix = out.suffix.lower()
    if suffix not in (*_PAGES, *_SHEETS):
        raise FigureGroundError(
            "neither a page nor a picture, by its name", str(out), ".html for a page, .png or .jpg for a contact sheet"
        )
    return suffix in _PAGES


def _writable(out: Path) -> None:
    """Raise FigureGroundError where nothing could be written, before anything is measured for it."""
    if not out.parent.is_dir():
        raise FigureGroundError("no such folder to write to", str(out.parent), "make it, or check the spelling")
    sweep_beside(out)


def _and_file(text: str, out: Path | None) -> str:
    return text if out is None else f"{text}\n{out}"


def _named(progress: Progress, name: str) -> Progress:
    return lambda step, done, total: progress(f"{step}, {name}", done, total)


def _told(progress: Progress, step: str, total: int) -> Tick:
    return lambda done: progress(step, done, total)
