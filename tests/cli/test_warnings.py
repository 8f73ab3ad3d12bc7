"""What is probably wrong with photos is told, and not five hundred times."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from figureground.cli.console import catalog_text
from figureground.cli.run import main
from figureground.core.recipe_toml import to_toml
from tests.builders import small_recipe, write_photos

SCALE = "the camera would stand {} m above the floor: looks like {} codes a metre; set depth_per_unit = {}"


def facts(*warnings: tuple[str, str]) -> dict[str, object]:
    told = [{"source": source, "reason": reason} for source, reason in warnings]
    return {
        "backgrounds": 1,
        "foregrounds": 1,
        "classes": {},
        "poses": {},
        "set_aside": [],
        "notes": [],
        "warnings": told,
    }


def test_one_warning_of_many_photos_is_one_line() -> None:
    many = [(f"r{i}.jpg", SCALE.format(7 + i / 10, 5000, 5000)) for i in range(500)]
    other = [("x.jpg", SCALE.format(0.36, 256, 256)), ("y.jpg", SCALE.format(0.4, 256, 256))]
    lines = [line for line in catalog_text(facts(*many, *other)).splitlines() if "WARNING" in line]
    assert lines == [
        f"  WARNING: 500 photos (r0.jpg, r1.jpg, r2.jpg ...): {many[0][1]}",
        f"  WARNING: x.jpg, y.jpg: {other[0][1]}",
    ]


def test_check_tells_warnings_and_json_holds_every_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photos(tmp_path, 5, 1)
    for i in range(5):
        (tmp_path / f"depth/room{i}.png").unlink()
        np.save(tmp_path / f"depth/room{i}.npy", np.full((96, 120), 2.0, np.float32))
    recipe = small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"})
    (tmp_path / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    with pytest.raises(SystemExit, match="0"):
        main(["check", str(tmp_path / "recipe.toml"), "--workers", "1"])
    said = capsys.readouterr().out
    assert said.count("WARNING") == 1
    assert "WARNING: 5 photos (rooms/room0.png, rooms/room1.png, rooms/room2.png ...): its depth map has one" in said
    with pytest.raises(SystemExit, match="0"):
        main(["check", str(tmp_path / "recipe.toml"), "--workers", "1", "--json"])
    assert len(json.loads(capsys.readouterr().out)["warnings"]) == 5
