"""Networks by name: which weights a recipe means, where they lie, and getting them when asked to.

Nothing is downloaded but by `hub.get`.  What was got lies in `user_cache()`/NAME, with `source.json` saying the
revision and the sha256 over all files; both are checked again when a card pins them.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.core.files import WEIGHTS, user_cache
from figureground.core.job import AS_ITS_CARD_SAYS, DepthModel, Job, Running
from figureground.networks import runtimes
from figureground.networks.cards import CARDS, find_card, read_card
from figureground.networks.depth import DepthNetwork
from figureground.networks.named import Named, network_path
from figureground.networks.weights import SOURCE, require_same, weights_of

SHIPPED = "small"  # the depth network in the package


def resolve(model: str, card: str, root: Path, named: Named = None) -> DepthModel:
    """Return the network that a name or a path stands for.

    A built-in name is that network, whatever lies in `root`: a file or folder of that name there is "./NAME".  `named`:
    whether a path is followed (`network_path`).  Raises FigureGroundError when the file, its card, or a named network's
    weights are missing or not what was pinned.
    """
    if model == SHIPPED:
        path = WEIGHTS / "depth-small.onnx"
        return _model(path, read_card(path.with_suffix(".card.toml")))
    if model in CARDS:
        return _named(CARDS[model], root)
    path = network_path(model, root, named, "depth.model")
    if not (path.is_file() or path.is_dir()):
        raise FigureGroundError("no such depth network", f"depth.model = {model!r} ({path})", _instead(path))
    if path.is_dir() and not card:
        raise FigureGroundError("a folder of weights needs depth.card", str(path), f"one of {', '.join(CARDS)}")
    return _model(path, find_card(path, card, root, named))


def _model(path: Path, card: Card) -> DepthModel:
    found = weights_of(path)
    return DepthModel(path, found.sha256, card, found.files)


def _instead(path: Path) -> str:
    """Return what to do where a file of weights is not there."""
    if path.suffix.lower() in (".h5", ".hdf5"):
        return (
            f"DenseDepth's nyu.h5 (165 MB) comes from its authors, github.com/ialhashim/DenseDepth: put it at {path}; "
            f"or take the network that ships: --set depth.model={SHIPPED}"
        )
    return "a path from the recipe's folder, or a name from `figureground models`; small is the one that ships"


def is_known(name: str) -> bool:
    """Tell whether a name is a built-in network's, which wins over a file of that name."""
    return name == SHIPPED or name in CARDS


def shipped_card() -> Card:
    """Return the card of the depth network in the package, under the name that recipes call it by."""
    return dataclasses.replace(read_card(WEIGHTS / "depth-small.card.toml"), name=SHIPPED)


def _named(card: Card, root: Path) -> DepthModel:
    """Return a network whose weights were got, as they were got."""
    folder = user_cache() / card.name
    path = folder / card.file if card.file else folder
    or_that = f'; or depth.model = "./{card.name}" for what lies in {root}' if (root / card.name).exists() else ""
    if not card.repository:
        raise FigureGroundError(
            f"the weights of {card.name} are not on the hub",
            f"depth.model = {card.name!r}",
            f"get the file from its authors and set depth.model to its path (docs/models.md){or_that}",
        )
    got = _sha256_when_got(folder)
    if not got or not path.exists():
        raise FigureGroundError(
            f"the weights of {card.name} are not here", str(folder), f"figureground models get {card.name}{or_that}"
        )
    expected = card.sha256 or got
    try:
        model = _model(path, card)
        problem = "" if model.sha256 == expected else f"sha256 {model.sha256}, expected {expected}"
    except FigureGroundError as error:  # one of its files is missing, or none of an ONNX network's
        problem = error.what
    if problem:
        raise FigureGroundError(
            f"the weights of {card.name} are not the ones that were got",
            f"{path}: {problem}",
            f"delete {folder} and run: figureground models get {card.name}",
        )
    return model


def is_here(card: Card) -> bool:
    """Tell whether a named network's weights were got."""
    folder = user_cache() / card.name
    return bool(card.repository and _sha256_when_got(folder)) and (folder / card.file).exists()


def _sha256_when_got(folder: Path) -> str:
    """Return the sha256 that `hub.get` noted in a folder; "" where it noted none that can be read."""
    try:
        return str(json.loads((folder / SOURCE).read_bytes())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def require_canvas(job: Job) -> None:
    """Raise FigureGroundError where a job's network cannot run on pictures of its canvas's shape.

    Only networks that keep a picture's shape may refuse one; such a network is run once, on a pattern.
    """
    model, canvas = job.depth.model, job.canvas
    if model is None or not model.card.multiple or canvas.width == canvas.height:
        return
    pattern = (np.arange(canvas.height * canvas.width * 3) % 251).astype(np.uint8).reshape(1, *canvas.shape, 3)
    network = open_network(model, job.depth.running)
    try:
        network(pattern, native=True)
    except NoDepthError:
        return  # it runs; what it sees in a pattern does not matter
    except FigureGroundError as error:
        raise FigureGroundError(
            f"the depth network cannot run on a canvas of {canvas}: {error.what}",
            str(model.path),
            "take a square size, or a network that takes other shapes; multiple = 0 in its card makes its input square",
        ) from None


def open_network(model: DepthModel, how: Running = AS_ITS_CARD_SAYS) -> DepthNetwork:
    """Return the network ready to run.

    Raises FigureGroundError for a runtime that is missing or does not fit, and where the network's files are no longer
    those of the model: they are looked at before they are loaded and after.
    """
    require_same(model.path, model.files)
    opened = _opened(model, how)
    require_same(model.path, model.files)
    return opened


def _opened(model: DepthModel, how: Running) -> DepthNetwork:
    card, path = model.card, model.path
    runtime = how.runtime or card.runtime
    if card.needs_focal and not how.focal:
        raise FigureGroundError(
            f"{card.name} needs the camera's focal length to give metres",
            "depth.focal is 0",
            "set depth.focal to focal length / picture width (a phone's main camera: about 0.75)",
        )
    if card.runtime == "densedepth":
        from figureground.networks.densedepth import cached_onnx

        if path.suffix.lower() != ".onnx":
            path = cached_onnx(path, upsampling=how.upsampling, leaky=how.leaky)
        runtime = "onnx" if runtime == "densedepth" else runtime
    if runtime == "transformers":
        run = runtimes.transformers(path, how.device, how.precision)
    elif runtime == "openvino":
        run = runtimes.openvino(path, how.device, card)
    elif runtime == "onnx" and path.is_file():
        run = runtimes.onnx(path, how.device, card)
    else:
        raise FigureGroundError(
            f"{card.name} cannot be run with {runtime}",
            str(path),
            "onnx and openvino take .onnx files, transformers a folder",
        )
    return DepthNetwork(card, run, str(path), how.focal)
