"""The commands about networks: models, depth, evaluate-depth, evaluate-cutouts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from figureground.cli.app import Settings, Told, Workers, app
from figureground.cli.console import dataset_facts, dataset_text, for_terminal
from figureground.core.errors import FigureGroundError

if TYPE_CHECKING:
    from figureground.core.card import Card
    from figureground.core.recipe import Recipe
    from figureground.evaluate.cutouts import Cut, Method

Model = Annotated[str, Parameter(help="A name from `figureground models`, or a path to .onnx, .h5 or a folder.")]
CardOption = Annotated[str, Parameter(help="The network's card: a TOML file, or a name from `figureground models`.")]
Device = Annotated[str, Parameter(help="cpu | cuda | tensorrt | coreml | directml | openvino")]
Upsampling = Annotated[str, Parameter(help="DenseDepth's: aligned | half_pixel (as in 2020)")]


@Parameter(name="*")
@dataclass(frozen=True)
class NetworkOptions:
    """Which depth network, and how it is run."""

    model: Model
    card: CardOption = ""
    device: Device = "cpu"
    upsampling: Upsampling = "aligned"
    settings: Settings = ()

    def recipe(self, encoding: str = "") -> Recipe:
        """Return a recipe whose depth section is what the flags say; --set depth.key=value gives the rarer knobs."""
        from figureground.core.recipe_toml import parse

        flags = {"source": "network", "model": self.model, "card": self.card}
        flags |= {"device": self.device, "upsampling": self.upsampling}
        if encoding:
            flags["encoding"] = encoding
        settings = [*(f"depth.{key}={value}" for key, value in flags.items()), *self.settings]
        return parse("", "the command line", Path(), settings)


@app.command(help_epilogue="Example:\n  figureground depth out --model fastdepth.onnx --out out-fastdepth\n")
def depth(
    target: Annotated[Path, Parameter(help="A finished dataset, or a folder of pictures.")],
    /,
    *,
    network: NetworkOptions,
    out: Annotated[Path | None, Parameter(help="A new folder; for a dataset, none means in place.")] = None,
    encoding: Annotated[str, Parameter(help="png16; datasets: png8, jpeg8; folders: npy (float32)")] = "png16",
    size: Annotated[str, Parameter(help="Folders only: image | native (the network's own)")] = "image",
    workers: Workers = 0,
    console: Told,
) -> None:
    """Make or replace the depth of a finished dataset, or write depth maps for a folder of pictures.

    Part by part (picture by picture); the same command again goes on where it was stopped.
    """
    from figureground.core.engines import choose

    engine = choose("auto", workers)
    if (target / "build.json").is_file():
        from figureground.dataset.opening import open_dataset
        from figureground.make.redepth import redo_dataset

        recipe = network.recipe(encoding)
        with console.progress() as progress:
            done = redo_dataset(target, out or target, recipe.depth, Path(), engine, progress)
        facts = dataset_facts(open_dataset(done))
        console.tell(facts, dataset_text(facts), asked=False)
        return
    from figureground.make.folder_depth import depth_of_folder
    from figureground.resolve import depth_model, running_of

    recipe = network.recipe()
    if out is None:
        raise FigureGroundError("a folder of pictures needs --out", str(target), "name a folder for the maps")
    with console.progress() as progress:
        aside = depth_of_folder(
            target, out, depth_model(recipe), running_of(recipe.depth), engine, progress, encoding, size
        )
    text = "\n".join(f"  set aside: {line}" for line in for_terminal(aside))
    console.tell({"path": out, "set_aside": aside}, text, asked=False)


@app.command(help_epilogue="Example:\n  figureground models\n  figureground models get depth-anything-v2-small\n")
def models(
    action: Annotated[str, Parameter(help="list | get")] = "list",
    name: Annotated[str, Parameter(help="With get: the network's name.")] = "",
    /,
    *,
    console: Told,
) -> None:
    """List the depth networks that are known by name, with licence and cost; get one's weights."""
    from figureground.networks.cards import CARDS
    from figureground.networks.registry import shipped_card

    if action == "get":
        from figureground.networks.hub import get

        card = CARDS.get(name)
        if card is not None and not card.commercial:
            console.note(f"note: {name} is licensed {card.licence}: no commercial use, of its depth maps either")
        path = get(name)
        console.tell({"path": path, "card": asdict(CARDS[name])}, str(path))
        return
    if action != "list":
        raise FigureGroundError(f"unknown action {action!r}", "models", "list or get NAME")
    cards = (shipped_card(), *CARDS.values())
    console.tell({"networks": [asdict(card) for card in cards]}, _listed(cards))


@app.command(help_epilogue="Example:\n  figureground evaluate-depth --model fastdepth.onnx --pairs rgbd\n")
def evaluate_depth(
    *,
    network: NetworkOptions,
    pairs: Annotated[Path, Parameter(help="Folder of NAME.jpg with NAME.depth.png (16-bit millimetres) or .npy.")],
    out: Annotated[Path | None, Parameter(help="Write a page with input, truth, estimate and error here.")] = None,
    console: Told,
) -> None:
    """Measure a depth network against sensor depth: AbsRel, RMSE, log10, delta1; metric, and after alignment."""
    from figureground.evaluate.depth import evaluate, table, to_json
    from figureground.evaluate.pairs import read_pairs
    from figureground.networks.registry import open_network
    from figureground.report.evaluation import write_evaluation
    from figureground.resolve import depth_model, running_of

    recipe = network.recipe()
    opened = open_network(depth_model(recipe), running_of(recipe.depth))
    with console.progress() as progress:
        result = evaluate(opened.estimate, read_pairs(pairs), name=opened.card.name, progress=progress)
    if out is not None:
        write_evaluation(result, out)
    console.tell({**to_json(result), "page": out}, _and_file(table(result), out))


@app.command(help_epilogue="Example:\n  figureground evaluate-cutouts --photos people --masks people_masks\n")
def evaluate_cutouts(
    *,
    photos: Annotated[Path, Parameter(help="Folder of photos of people or things.")],
    masks: Annotated[Path, Parameter(help="Folder of drawn masks with the photos' stems.")],
    network: Annotated[tuple[str, ...], Parameter(help="small, or an ONNX file; may be given again.")] = ("small",),
    out: Annotated[Path | None, Parameter(help="Write a contact sheet here, worst first (.png or .jpg).")] = None,
    console: Told,
) -> None:
    """Measure cut-out networks, and colour keying beside them, against drawn masks: IoU, boundary F, time."""
    from figureground.evaluate import cutouts
    from figureground.networks.cutout import cutout_network, cutout_weights

    pictures = cutouts.read_pictures(photos, masks)
    methods: dict[str, Method] = {}
    for name in network:
        path = cutout_weights(name, Path())
        if path is not None:
            methods[path.stem] = cutout_network(path)
    methods["colour key"] = cutouts.keyed
    results = {}
    with console.progress() as progress:
        for done, (name, method) in enumerate(methods.items()):
            progress("methods", done, len(methods))
            results[name] = cutouts.cut_all(method, pictures)
        progress("methods", len(methods), len(methods))
    if out is not None:
        from PIL import Image

        from figureground.report.cutouts import cutouts_sheet

        Image.fromarray(cutouts_sheet(results)).save(out)
    facts = {"pictures": len(pictures), "methods": {name: _cut_facts(cuts) for name, cuts in results.items()}}
    console.tell({**facts, "sheet": out}, _and_file(cutouts.table(results), out))


def _listed(cards: tuple[Card, ...]) -> str:
    rows = [("name", "depth", "licence", "cost", "run here")]
    for card in cards:
        licence = card.licence + ("" if card.commercial else " (non-commercial)")
        rows.append((card.name, card.output, licence, card.cost or "-", "yes" if card.run_by_us else "no"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", "'run here': whether this project has run the real weights; see docs/models.md"])


def _and_file(text: str, out: Path | None) -> str:
    return text if out is None else f"{text}\n{out}"


def _cut_facts(cuts: list[Cut]) -> dict[str, Any]:
    """Return a method's means over the pictures, and its numbers for each of them."""
    rows: list[dict[str, Any]] = [
        {
            "name": cut.name,
            "found": cut.alpha is not None,
            "iou": cut.iou,
            "boundary_f": cut.boundary_f,
            "softness": cut.softness,
            "seconds": cut.seconds,
        }
        for cut in cuts
    ]
    means = {key: sum(row[key] for row in rows) / len(rows) for key in ("iou", "boundary_f", "seconds")}
    return {"mean": means, "rows": rows}
