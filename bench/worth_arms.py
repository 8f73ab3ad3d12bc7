"""The datasets that `bench/worth.py` compares: each adds one thing to the one before.

    python -m bench.worth_arms PHOTOS OUT [--samples 2500] [--rgbd RGBD]

PHOTOS is what `bench/worth_photos.py` wrote.  OUT gets a dataset an arm, without parts (`build --catalog-only`), whose
samples are rendered as they are read:

- `paste`: people who stand, at random, whole and inside the frame, their look as it was;
- `looks`: the same with colour, sharpness, noise and edge matched to the background;
- `ground`: the same, standing on the floor, with shadows, as large as perspective says;
- `cut`: and people whom the frame, or the photo that they are from, cuts off;
- `several`: and one to three of them in a picture.

With RGBD, a folder of NAME.jpg and NAME.depth.png, `sensed` as well: the people kept aside, standing in frames whose
depth a sensor measured.  That is no arm but a test of depth.

Heights are asked for so that those that come out are near each other; `bench/worth.py` then draws samples alike.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from figureground import FigureGroundError, build
from figureground.core.recipe_toml import from_mapping

SIZE, SEED = 160, 0
ARMS = ("paste", "looks", "ground", "cut", "several")
_PLAIN = {key: [0.0, 0.0] for key in ("shadow", "cast", "colour", "sharpness", "noise", "feather")}
_RANDOM_HEIGHTS = [0.3, 1.0]  # of the frame; where perspective says how tall they are, any that the recipe allows
_SENSED_SAMPLES = 400


def arm(name: str, photos: Path, samples: int) -> dict[str, Any]:
    """Return the recipe of an arm, as its TOML file would have it."""
    rank = ARMS.index(name)
    whole: dict[str, Any] = {"path": [str(photos / "people")], "poses": ["standing"]}
    placement: dict[str, Any] = {"mode": "ground", "samples": samples}
    people = [whole]
    if rank < ARMS.index("ground"):
        whole["height"] = _RANDOM_HEIGHTS
        placement["mode"] = "uniform"
    if rank < ARMS.index("cut"):
        placement["min_visible"] = 1.0
    else:
        people.append({"path": [str(photos / "half")], "poses": ["half-length"]})
    if rank >= ARMS.index("several"):
        placement["figures"] = [1, 3]
    recipe = _recipe(name, [{"path": [str(photos / "rooms")]}], people, placement)
    if rank < ARMS.index("looks"):
        recipe["look"] = _PLAIN
    if placement["mode"] == "uniform":
        recipe["depth"] = {"source": "none"}
    return recipe


def sensed(photos: Path, rgbd: Path) -> dict[str, Any]:
    """Return the recipe of the test of depth: people kept aside, in frames with sensor depth."""
    rooms = {"path": [str(rgbd / "*.jpg")], "depth": str(rgbd), "people": "do not ask"}
    people = [{"path": [str(photos / "held")], "poses": ["standing"]}]
    return _recipe("sensed", [rooms], people, {"mode": "ground", "samples": _SENSED_SAMPLES})


def _recipe(name: str, rooms: list[Any], people: list[Any], placement: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "seed": SEED,
        "size": SIZE,
        "backgrounds": rooms,
        "foregrounds": people,
        "placement": placement,
        "split": {"backgrounds": 0.0, "foregrounds": 0.0},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, default=2500)
    parser.add_argument("--rgbd", type=Path)
    chosen = parser.parse_args()
    photos = chosen.photos.resolve()
    recipes = {name: arm(name, photos, chosen.samples) for name in ARMS}
    if chosen.rgbd:
        recipes["sensed"] = sensed(photos, chosen.rgbd.resolve())
    for name, recipe in sorted(recipes.items(), key=lambda one: one[0] != "sensed"):
        try:
            build(from_mapping(recipe), chosen.out / name, catalog_only=True)
        except FigureGroundError as error:
            raise SystemExit(f"{name}: {error}") from None
        print(name, flush=True)


if __name__ == "__main__":
    main()
