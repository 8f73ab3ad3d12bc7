"""Getting the weights of networks by name; the only place that uses the internet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.core.files import user_cache, write_whole
from figureground.networks import runtimes
from figureground.networks.cards import CARDS
from figureground.networks.registry import SHIPPED
from figureground.networks.weights import SOURCE, weights_of

_COMMAND = "models get"


def get(name: str, fetch: Callable[..., Any] | None = None) -> Path:
    """Download a named network (extra `hub`) and return its folder.  The only place that uses a network.

    HF_HUB_OFFLINE is honoured.  `fetch`: huggingface_hub's `snapshot_download`, or what stands in for it.  Raises
    FigureGroundError for an unknown name, one that is no hub repository, a failed download, or a hash that differs
    from the card's.
    """
    card = _on_the_hub(name)
    fetch = fetch or runtimes.library("huggingface_hub", "hub", _COMMAND).snapshot_download
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "TRUE", "YES", "ON"):
        raise FigureGroundError("HF_HUB_OFFLINE is set: nothing is downloaded", _COMMAND, "unset it, or copy the files")
    folder = user_cache() / name
    beside = [f"{card.file}_data*", f"{card.file}.data*"]  # where large networks keep their weights
    patterns = [card.file, *beside] if card.file else ["*.json", "*.safetensors"]
    with runtimes.runtime_errors(
        "the download failed", card.repository, "check the connection and the repository's terms"
    ):
        fetch(repo_id=card.repository, revision=card.revision or None, local_dir=str(folder), allow_patterns=patterns)
    about = {"repository": card.repository, "revision": card.revision, "sha256": _checked_sha256(card, folder)}
    write_whole(folder / SOURCE, json.dumps({**about, "licence": card.licence}, indent=1).encode())
    return folder


def _on_the_hub(name: str) -> Card:
    """Return the card of a network that can be downloaded by name."""
    if name not in CARDS:
        there = ", ".join(card.name for card in CARDS.values() if is_on_the_hub(card))
        what = f"unknown network {name!r}" if name else "which network?"
        raise FigureGroundError(what, _COMMAND, f"one of {there}; {SHIPPED} ships and needs no getting")
    card = CARDS[name]
    if not card.repository:
        raise FigureGroundError(
            f"{name} is no hub repository",
            _COMMAND,
            "get the file from its authors and set depth.model to its path (docs/models.md)",
        )
    if card.runtime == "onnx" and not card.file:
        raise FigureGroundError(
            f"the file's name in {card.repository} is not known",
            _COMMAND,
            "download it by hand; set depth.model to its path and depth.card to this name",
        )
    return card


def is_on_the_hub(card: Card) -> bool:
    """Tell whether a network can be downloaded by name."""
    return bool(card.repository) and (card.runtime != "onnx" or bool(card.file))


def _checked_sha256(card: Card, folder: Path) -> str:
    """Return the sha256 of what was downloaded.  A download that matches no file succeeds, so look."""
    path = folder / card.file if card.file else folder
    if not (path.is_file() if card.file else any(folder.glob("*.safetensors"))):
        raise FigureGroundError(
            f"the repository has no {card.file or '*.safetensors'}",
            card.repository,
            "download its weights by hand; set depth.model to their path and depth.card to this name",
        )
    digest = weights_of(path).sha256
    if card.sha256 and digest != card.sha256:
        raise FigureGroundError(
            "what was downloaded is not what the card pins",
            f"{path}: sha256 {digest}",
            f"expected {card.sha256}; do not use it",
        )
    return digest
