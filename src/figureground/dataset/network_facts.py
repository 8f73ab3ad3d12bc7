"""What a dataset says of its depth network, and what of a network is another than it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from figureground.core.card import DECISIVE
from figureground.core.job import DepthModel
from figureground.core.typed import typed
from figureground.networks.weights import difference


def network_json(model: DepthModel) -> dict[str, Any]:
    """Return what build.json says of a depth network."""
    files = [{"file": file.name, "sha256": file.sha256} for file in model.files]
    return {"file": model.path.name, "sha256": model.sha256, "files": files, "card": asdict(model.card)}


def network_changes(was: dict[str, Any], model: DepthModel) -> list[str]:
    """Return what of a depth network is another than `network_json` said of one: its files, and keys of its card."""
    try:
        files = typed(
            tuple[Mapping[str, str], ...], was.get("files") or [{key: was[key] for key in ("file", "sha256")}]
        )
        old, card = [(one["file"], one["sha256"]) for one in files], typed(Mapping[str, Any], was.get("card", {}))
    except (KeyError, ValueError):
        return ["the network that the dataset speaks of is none"]
    changes = [f"of the depth network {line}" for line in difference(old, [(f.name, f.sha256) for f in model.files])]
    now = network_json(model)["card"]
    keys = [key for key, usual in DECISIVE.items() if card.get(key, _plain(usual)) != _plain(now[key])]
    return changes + [f"the depth network's card has another {key}" for key in keys]


def _plain(value: Any) -> Any:
    """Return a card's value as it comes back from JSON: lists for tuples."""
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
