"""Getting the weights of networks by name; the only place that uses the internet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256, user_cache, write_whole
from figureground.networks import runtimes
from figureground.networks.cards import CARDS
from figureground.networks.registry import SOURCE, folder_sha256


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
