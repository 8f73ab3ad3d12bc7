"""Downloads, by a stand-in for the hub."""

import json
from pathlib import Path
from typing import Any

import pytest

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.networks import hub, registry, weights
from figureground.networks.cards import CARDS
from tests.builders import scene_photo, write_depth_network


def downloading(content: bytes) -> Any:
    def fetch(repo_id: str, revision: str | None, local_dir: str, allow_patterns: list[str]) -> None:
        path = Path(local_dir) / allow_patterns[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return fetch


def test_a_named_network_is_got_once_and_checked_ever_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    name = "depth-anything-v2-small"
    with pytest.raises(FigureGroundError, match="are not here") as caught:
        registry.resolve(name, "", tmp_path)
    assert caught.value.remedy == f"figureground models get {name}"
    content = write_depth_network(tmp_path / "grey.onnx", size=518).read_bytes()
    folder = hub.get(name, downloading(content))
    assert json.loads((folder / weights.SOURCE).read_text())["repository"] == "onnx-community/depth-anything-v2-small"
    model = registry.resolve(name, "", tmp_path)
    assert model.card is CARDS[name]
    assert registry.open_network(model).estimate(scene_photo(0, 60, 60)).direction == "larger is nearer"
    model.path.write_bytes(content + b"changed")
    with pytest.raises(FigureGroundError, match="not the ones that were got"):
        registry.resolve(name, "", tmp_path)


def test_a_download_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    card = CARDS["depth-anything-v2-small"]
    monkeypatch.setitem(CARDS, card.name, Card(**{**vars(card), "sha256": "0" * 64}))
    with pytest.raises(FigureGroundError, match="not what the card pins"):
        hub.get(card.name, downloading(write_depth_network(tmp_path / "grey.onnx").read_bytes()))
    assert not (tmp_path / card.name / weights.SOURCE).exists()


def test_nothing_is_downloaded_offline_or_under_a_wrong_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: Any) -> None:
        raise AssertionError("downloaded")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name, what in (
        ("depth-anything-v2-small", "HF_HUB_OFFLINE"),
        ("nothing", "unknown network"),
        ("densedepth-nyu", "no hub repository"),
        ("da3-mono-large", "file's name"),
    ):
        with pytest.raises(FigureGroundError, match=what):
            hub.get(name, never)


def test_a_download_without_weights_is_no_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns that match no file of a repository are no error of the hub's."""
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for name in ("depth-anything-v2-small", "glpn-nyu"):
        with pytest.raises(FigureGroundError, match="the repository has no"):
            hub.get(name, lambda **_: None)
        assert not (tmp_path / name / weights.SOURCE).exists()


def test_a_failed_download_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(**_: Any) -> None:
        raise TimeoutError("no answer\nmore")

    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(FigureGroundError, match="the download failed: no answer") as caught:
        hub.get("depth-anything-v2-small", fetch)
    assert "more" not in caught.value.what
    assert caught.value.where == CARDS["depth-anything-v2-small"].repository
