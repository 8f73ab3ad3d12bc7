"""Networks by name: which weights a recipe means, where they lie, and getting them when asked to.

Nothing is downloaded but by `hub.get`.  What was got lies in `user_cache()`/NAME, with `source.json` saying the
revision and the sha256 of every file; both are checked again when a card pins them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.core.files import WEIGHTS, file_sha256, user_cache, user_path
from figureground.core.job import AS_ITS_CARD_SAYS, DepthModel, Job, Running
from figureground.networks import runtimes
from figureground.networks.cards import CARDS, find_card, read_card
from figureground.networks.depth import DepthNetwork

SOURCE = "source.json"
SHIPPED = "small"  # the depth network in the package


def resolve(model: str, card: str, root: Path) -> DepthModel:
    """Return the network that a name or a path stands for.

    A built-in name is that network, whatever lies in `root`: a file or folder of that name there is "./NAME".  Raises
    FigureGroundError when the file, its card, or a named network's weights are missing or not what was pinned.
    """
    if model == SHIPPED:
        path = WEIGHTS / "depth-small.onnx"
        return DepthModel(path, file_sha256(path), read_card(path.with_suffix(".card.toml")))
    if model in CARDS:
        return _named(CARDS[model], root)
    path = user_path(model, root)
    if not path.exists():
        raise FigureGroundError(
            "no such depth network",
            f"depth.model = {model!r} ({path})",
            "a path from the recipe's folder, or a name from `figureground models`",
        )
    if path.is_dir() and not card:
        raise FigureGroundError("a folder of weights needs depth.card", str(path), f"one of {', '.join(CARDS)}")
    return DepthModel(path, weights_sha256(path), find_card(path, card, root))


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
    digest, expected = weights_sha256(path), card.sha256 or got
    if digest != expected:
        raise FigureGroundError(
            f"the weights of {card.name} are not the ones that were got",
            f"{path}: sha256 {digest}, expected {expected}",
            f"delete {folder} and run: figureground models get {card.name}",
        )
    return DepthModel(path, digest, card)


def _sha256_when_got(folder: Path) -> str:
    """Return the sha256 that `hub.get` noted in a folder; "" where it noted none that can be read."""
    try:
        return str(json.loads((folder / SOURCE).read_bytes())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def weights_sha256(path: Path) -> str:
    """Return the sha256 of weights: of a file, or over a folder's files."""
    return folder_sha256(path) if path.is_dir() else file_sha256(path)


def folder_sha256(folder: Path) -> str:
    """Return a sha256 over the names and contents of a folder's files, `source.json` and hidden ones left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.name != SOURCE and not any(part.startswith(".") for part in inside.parts):
            total.update(f"{inside.as_posix()}\0{file_sha256(path)}\n".encode())
    return total.hexdigest()


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
    except FigureGroundError as error:
        raise FigureGroundError(
            f"the depth network cannot run on a canvas of {canvas}: {error.what}",
            str(model.path),
            "take a square size, or a network that takes other shapes; multiple = 0 in its card makes its input square",
        ) from None


def open_network(model: DepthModel, how: Running = AS_ITS_CARD_SAYS) -> DepthNetwork:
    """Return the network ready to run.  Raises FigureGroundError for a runtime that is missing or does not fit."""
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
        run = runtimes.openvino(path, how.device)
    elif runtime == "onnx" and path.is_file():
        run = runtimes.onnx(path, how.device)
    else:
        raise FigureGroundError(
            f"{card.name} cannot be run with {runtime}",
            str(path),
            "onnx and openvino take .onnx files, transformers a folder",
        )
    return DepthNetwork(card, run, str(path), how.focal)
