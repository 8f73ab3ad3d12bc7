"""The commands about networks: models, depth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from figureground.cli.app import Settings, Told, Workers, app
from figureground.cli.console import dataset_facts, dataset_text, for_terminal, plural
from figureground.core.errors import FigureGroundError

if TYPE_CHECKING:
    from figureground.core.card import Card
    from figureground.core.recipe import Recipe

Model = Annotated[
    str, Parameter(help="A name from `figureground models`, or a path to .onnx, .h5 or a folder; none means small.")
]
CardOption = Annotated[str, Parameter(help="The network's card: a TOML file, or a name from `figureground models`.")]
Device = Annotated[str, Parameter(help="cpu | cuda | tensorrt | coreml | directml | openvino")]
Upsampling = Annotated[str, Parameter(help="DenseDepth's: aligned | half_pixel (as in 2020)")]


@Parameter(name="*")
@dataclass(frozen=True)
class NetworkOptions:
    """Which depth network, and how it is run."""

    model: Model = ""
    card: CardOption = ""
    device: Device = "cpu"
    upsampling: Upsampling = "aligned"
    settings: Settings = ()

    def recipe(self, encoding: str = "") -> Recipe:
        """Return a recipe whose depth section is what the flags say; --set depth.key=value gives the rarer knobs."""
        from figureground.core.recipe_toml import parse
        from figureground.networks.registry import SHIPPED

        flags = {"source": "network", "model": self.model or SHIPPED, "card": self.card}
        flags |= {"device": self.device, "upsampling": self.upsampling}
        if encoding:
            flags["encoding"] = encoding
        settings = [*(f"depth.{key}={value}" for key, value in flags.items()), *self.settings]
        return parse("", "the command line", Path(), settings)


THE_SHIPPED = NetworkOptions()


@app.command(
    help_epilogue="Examples:\n  figureground depth photos --out maps\n"
    "  figureground depth out --model fastdepth.onnx --out out-fastdepth\n"
)
def depth(
    target: Annotated[Path, Parameter(help="A finished dataset, a folder of pictures, or one picture.")],
    /,
    *,
    network: NetworkOptions = THE_SHIPPED,
    out: Annotated[Path | None, Parameter(help="A new folder; for a dataset, none means in place.")] = None,
    encoding: Annotated[str, Parameter(help="png16; datasets: png8, jpeg8; pictures: npy (float32)")] = "png16",
    size: Annotated[str, Parameter(help="Pictures only: image | native (the network's own)")] = "image",
    workers: Workers = 0,
    console: Told,
) -> None:
    """Make or replace the depth of a finished dataset, or write depth maps for pictures.

    Part by part (picture by picture); the same command again goes on where it was stopped.  Without --model it is the
    network that ships, but for a dataset in place, whose depth only a network that is named replaces.
    """
    from figureground.core.engines import choose

    engine = choose("auto", workers)
    if (target / "build.json").is_file():
        from figureground.dataset.opening import open_dataset
        from figureground.make.redepth import redo_dataset

        if out is None and not network.model:
            raise FigureGroundError(
                "this would replace the dataset's depth in place, and no network is named",
                str(target),
                "name it: --model small is the one that ships; or give a new folder with --out",
            )
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
        raise FigureGroundError("pictures need --out", str(target), "name a folder for the maps")
    with console.progress() as progress:
        made = depth_of_folder(
            target, out, depth_model(recipe), running_of(recipe.depth), engine, progress, encoding, size
        )
    lines = [
        f"{plural(made.written, 'map')} written, {made.kept} there already, {len(made.set_aside)} set aside: {out}"
    ]
    lines += [f"  set aside: {line}" for line in for_terminal(made.set_aside)]
    lines += [f"  passed over: {folder}, a dataset" for folder in made.datasets]
    console.tell({"path": out, **asdict(made)}, "\n".join(lines), asked=False)


@app.command(help_epilogue="Example:\n  figureground models\n  figureground models get depth-anything-v2-small\n")
def models(
    action: Annotated[str, Parameter(help="list | get")] = "list",
    name: Annotated[str, Parameter(help="With get: the network's name.")] = "",
    /,
    *,
    console: Told,
) -> None:
    """List the networks that are known by name: licence, cost, and where their weights are; get one's weights."""
    from figureground.core.files import WEIGHTS
    from figureground.networks.cards import CARDS
    from figureground.networks.registry import SHIPPED, shipped_card

    if action == "get":
        from figureground.networks.hub import get

        if name == SHIPPED:
            path = WEIGHTS / "depth-small.onnx"
            text = f"{SHIPPED} ships with figureground and is the default: nothing to get\n{path}"
            console.tell({"path": path, "card": asdict(shipped_card())}, text)
            return
        card = CARDS.get(name)
        if card is not None and not card.commercial:
            console.note(f"note: {name} is licensed {card.licence}: no commercial use, of its depth maps either")
        path = get(name)
        console.tell({"path": path, "card": asdict(CARDS[name])}, str(path))
        return
    if action != "list":
        raise FigureGroundError(f"unknown action {action!r}", "models", "list or get NAME")
    cards = (shipped_card(), *CARDS.values())
    facts = {
        "networks": [{**asdict(card), "weights": _weights(card)} for card in cards],
        "cutout_networks": [{"name": SHIPPED, "weights": "ships", "path": WEIGHTS / "cutout-small.onnx"}],
    }
    console.tell(facts, _listed(cards))


_LEGEND = """\
weights: "ships" is in the package; "here" was got; "get" is downloaded by `figureground models get NAME`; "by hand" is
a file that you get from its authors, and name by its path (docs/models.md).  tested: whether we have run the real ones.

Cut-out networks: "small" ships and is the default; any other is a path to an ONNX file of U-2-Net's form, such as
u2netp (foregrounds.network, docs/cutouts.md)."""


def _listed(cards: tuple[Card, ...]) -> str:
    rows = [("depth network", "depth", "weights", "tested", "licence of the weights", "cost")]
    for card in cards:
        licence = card.licence + ("" if card.commercial else " (non-commercial)")
        depth = card.output + (", needs focal" if card.needs_focal else "")
        tested = "yes" if card.run_by_us else "no"
        rows.append((card.name, depth, _weights(card), tested, licence, card.cost or "-"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", _LEGEND])


def _weights(card: Card) -> str:
    """Return where a network's weights are: "ships", "here", "get" or "by hand"."""
    from figureground.networks.hub import is_on_the_hub
    from figureground.networks.registry import SHIPPED, is_here

    if card.name == SHIPPED:
        return "ships"
    if is_here(card):
        return "here"
    return "get" if is_on_the_hub(card) else "by hand"
