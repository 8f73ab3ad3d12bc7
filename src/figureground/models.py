"""Networks by name: which weights a recipe means, where they lie, and getting them when asked to.

Nothing is downloaded but by `get`.  What was got lies in `user_cache()`/NAME, with `source.json` saying the
revision and the sha256 of every file; both are checked again when a card pins them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from figureground import runtimes
from figureground.cards import CARDS, Card, find_card, read_card
from figureground.errors import FigureGroundError
from figureground.files import WEIGHTS, file_sha256, user_cache, user_path, write_whole
from figureground.networks import DepthNetwork
from figureground.recipe import Recipe

SOURCE = "source.json"
SHIPPED = "small"  # the depth network in the package


@dataclass(frozen=True)
class DepthModel:
    """A depth network as a recipe names it: weights (a file, or a folder for transformers), their sha256, the card."""

    path: Path
    sha256: str
    card: Card


def resolve(model: str, card: str, root: Path) -> DepthModel:
    """Return the network that a name or a path stands for.

    Raises FigureGroundError when the file, its card, or a named network's weights are missing or not what was pinned.
    """
    if model == SHIPPED and not (root / model).exists():
        path = WEIGHTS / "depth-small.onnx"
        return DepthModel(path, file_sha256(path), read_card(path.with_suffix(".card.toml")))
    if model in CARDS and not (root / model).exists():
        return _named(CARDS[model])
    path = user_path(model, root)
    if not path.exists():
        raise FigureGroundError(
            "no such depth network",
            f"depth.model = {model!r} ({path})",
            "a path from the recipe's folder, or a name from `figureground models`",
        )
    if path.is_dir():
        if card not in CARDS and not card:
            raise FigureGroundError("a folder of weights needs depth.card", str(path), f"one of {', '.join(CARDS)}")
        return DepthModel(path, folder_sha256(path), find_card(path, card, root))
    return DepthModel(path, file_sha256(path), find_card(path, card, root))


def shipped_card() -> Card:
    """Return the card of the depth network in the package, under the name that recipes call it by."""
    return dataclasses.replace(read_card(WEIGHTS / "depth-small.card.toml"), name=SHIPPED)


def _named(card: Card) -> DepthModel:
    folder = user_cache() / card.name
    path = folder / card.file if card.file else folder
    if not card.repository:
        raise FigureGroundError(
            f"the weights of {card.name} are not on the hub",
            f"depth.model = {card.name!r}",
            "get the file from its authors and set depth.model to its path (docs/models.md)",
        )
    if not (folder / SOURCE).is_file() or not path.exists():
        raise FigureGroundError(
            f"the weights of {card.name} are not here", str(folder), f"figureground models get {card.name}"
        )
    digest = file_sha256(path) if path.is_file() else folder_sha256(path)
    source = json.loads((folder / SOURCE).read_bytes())
    expected = card.sha256 or source["sha256"]
    if digest != expected:
        raise FigureGroundError(
            f"the weights of {card.name} are not the ones that were got",
            f"{path}: sha256 {digest}, expected {expected}",
            f"delete {folder} and run: figureground models get {card.name}",
        )
    return DepthModel(path, digest, card)


def folder_sha256(folder: Path) -> str:
    """Return a sha256 over the names and contents of a folder's files, `source.json` and hidden ones left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.name != SOURCE and not any(part.startswith(".") for part in inside.parts):
            total.update(f"{inside.as_posix()}\0{file_sha256(path)}\n".encode())
    return total.hexdigest()


def get(name: str, fetch: Callable[..., Any] | None = None) -> Path:
    """Download a named network (extra `hub`) and return its folder.  The only place that uses a network.

    HF_HUB_OFFLINE is honoured.  Raises FigureGroundError for an unknown name, one that is no hub repository, a failed
    download, or a hash that differs from the card's.
    """
    if name not in CARDS:
        raise FigureGroundError(f"unknown network {name!r}", "models get", f"one of {', '.join(CARDS)}")
    card = CARDS[name]
    if not card.repository:
        raise FigureGroundError(
            f"{name} is no hub repository",
            "models get",
            "get the file from its authors and set depth.model to its path (docs/models.md)",
        )
    if card.runtime == "onnx" and not card.file:
        raise FigureGroundError(
            f"the file's name in {card.repository} is not known",
            "models get",
            "download it by hand; set depth.model to its path and depth.card to this name",
        )
    if fetch is None:
        try:
            from huggingface_hub import snapshot_download
        except ImportError:
            raise runtimes.missing("hub", "models get") from None
        fetch = snapshot_download
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "TRUE", "YES", "ON"):
        raise FigureGroundError(
            "HF_HUB_OFFLINE is set: nothing is downloaded", "models get", "unset it, or copy the files"
        )
    folder = user_cache() / name
    patterns = [card.file, card.file + "_data"] if card.file else ["*.json", "*.safetensors"]
    try:
        fetch(repo_id=card.repository, revision=card.revision or None, local_dir=str(folder), allow_patterns=patterns)
    except Exception as error:  # huggingface_hub raises its own, requests', and OSError
        raise FigureGroundError(
            f"the download failed: {runtimes.first_line(error)}",
            card.repository,
            "check the connection and the repository's terms",
        ) from None
    path = folder / card.file if card.file else folder
    digest = file_sha256(path) if path.is_file() else folder_sha256(path)
    if card.sha256 and digest != card.sha256:
        raise FigureGroundError(
            "what was downloaded is not what the card pins",
            f"{path}: sha256 {digest}",
            f"expected {card.sha256}; do not use it",
        )
    about = {"repository": card.repository, "revision": card.revision, "sha256": digest, "licence": card.licence}
    write_whole(folder / SOURCE, json.dumps(about, indent=1).encode())
    return folder


@dataclass(frozen=True)
class Running:
    """How a network is to be run.  `runtime` "" is the card's; `focal` is focal length / picture width."""

    runtime: str = ""
    device: str = "cpu"
    upsampling: Literal["aligned", "half_pixel"] = "aligned"
    leaky: Literal["auto", "one", "two"] = "auto"
    precision: str = "float32"
    focal: float = 0.0


def open_network(model: DepthModel, how: Running = Running()) -> DepthNetwork:
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
        from figureground.densedepth import cached_onnx

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


def recipe_model(recipe: Recipe) -> DepthModel:
    """Return the recipe's depth network.  Raises FigureGroundError when none is named, or a file is missing."""
    if not recipe.depth.model:
        raise FigureGroundError(
            "depth.model names no network",
            f'recipe: depth.source = "{recipe.depth.source}"',
            'set depth.model = "small" or "path/to/network.onnx", or depth.source = "none"',
        )
    return resolve(recipe.depth.model, recipe.depth.card, recipe.root)


def running(recipe: Recipe) -> Running:
    """Return how the recipe wants its network run."""
    depth = recipe.depth
    runtime = "" if depth.runtime == "auto" else depth.runtime
    upsampling: Literal["aligned", "half_pixel"] = "half_pixel" if depth.upsampling == "half_pixel" else "aligned"
    leaky: Literal["auto", "one", "two"] = {"one": "one", "two": "two"}.get(depth.leaky, "auto")  # type: ignore[assignment]
    return Running(runtime, depth.device, upsampling, leaky, depth.precision, depth.focal)
