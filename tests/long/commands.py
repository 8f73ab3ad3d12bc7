"""The commands that are killed: what they are given, and what they leave.

A new command is a new row of COMMANDS.  `python -m tests.long.commands FOLDER` writes all that they are given.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A command line as it is given in the folder that `write_inputs` makes.

    `workers`: whether it has worker processes.  `anew`: what a user must remove before the next run, because the
    command does not take up what it left.  `varies`: files of which no two runs give the same bytes.
    """

    arguments: str
    workers: bool = False
    anew: tuple[str, ...] = ()
    varies: tuple[str, ...] = ()


COMMANDS: dict[str, Command] = {
    "build, serial": Command("build flat.toml out --workers 1"),
    "build, workers": Command("build flat.toml out --workers 2", workers=True),
    "build, ground": Command("build ground.toml out --workers 1"),
    "build, ground, workers": Command("build ground.toml out --workers 2", workers=True),
    "build, network": Command("build network.toml out --workers 1"),
    "build, networks, workers": Command("build cut.toml out --workers 2", workers=True),
    "build, no cache": Command("build flat.toml out --workers 1 --no-cache"),
    "build, catalog": Command("build ground.toml out --workers 1 --catalog-only"),
    "build, grown": Command("build more.toml done --workers 1"),
    "build, fresh": Command("build ground.toml done --workers 1 --fresh"),
    "build, photos gone": Command("build fewer.toml done --workers 1 --fresh"),
    "demo": Command("demo demo --backgrounds 1 --people 1 --workers 1"),
    "init": Command("init mine --all", anew=("mine",)),
    "check": Command("check ground.toml --workers 1"),
    "check, sheets, workers": Command("check ground.toml --out sheets --workers 2", workers=True),
    "preview": Command("preview ground.toml --samples 2 --workers 1"),
    "cutout": Command("cutout people cut --workers 1"),
    "cutout, workers": Command("cutout people cut --trim --workers 2", workers=True),
    "depth, photos": Command("depth rooms --out maps --model grey.onnx --workers 1"),
    "depth, photos, workers": Command(
        "depth rooms --out maps --model grey.onnx --encoding npy --workers 2", workers=True
    ),
    "depth, dataset": Command("depth done --out again --model grey.onnx --workers 1"),
    "depth, dataset, workers": Command("depth done --out again --model grey.onnx --workers 2", workers=True),
    "depth, in place": Command("depth done --model grey.onnx --workers 1"),
    "report": Command("report done"),
    "export": Command("export 2020 done zips --parts 1"),
    "export, coco": Command("export coco deep coco --amodal --panoptic"),
    "export, folder": Command("export folder deep folders --amodal"),
    "export, webdataset": Command("export webdataset deep tars --per-file 3"),
    "export, hdf5": Command("export hdf5 deep files"),
    "import, coco, workers": Command(
        "import coco labelled/labels.json --images labelled cuts --workers 2", workers=True
    ),
    "import, 2020": Command("import 2020 layout2020 taken"),
    "build, shard, workers": Command("build flat.toml share --shard 2/2 --workers 2", workers=True),
    "merge": Command("merge first second --out whole"),
    "verify, deep, workers": Command("verify done --deep --workers 2", workers=True),
    "verify, repair": Command("verify broken --repair --workers 1"),
    "regenerate": Command("regenerate done --id 3 --out third"),
    "points": Command("points deep --id 1 sample.ply"),
    "evaluate-depth": Command("evaluate-depth --model grey.onnx --pairs pairs --out page.html", varies=("page.html",)),
    "evaluate-cutouts": Command("evaluate-cutouts --photos rooms --masks masks --out page.html", varies=("page.html",)),
}


def write_inputs(folder: Path) -> None:
    """Write photos, a network, recipes and two finished datasets of 10 samples: `done`, and `deep` with depth."""
    import numpy as np
    from PIL import Image

    from figureground.core.recipe_toml import to_toml
    from figureground.formats import export
    from figureground.make.build import build, build_shard
    from figureground.make.shard import Shard
    from tests.builders import ground_recipe, scene_photo, small_recipe, write_depth_network, write_floor_photos
    from tests.imports.labelled import write_people

    folder.mkdir(parents=True, exist_ok=True)
    write_floor_photos(folder, 2, 2)
    for name in ("pairs", "masks"):
        (folder / name).mkdir()
    for i in range(2):
        Image.fromarray(scene_photo(i)).save(folder / f"pairs/{i}.jpg")
        Image.fromarray(np.tile(np.arange(1000, 3400, 20, dtype=np.uint16), (96, 1))).save(
            folder / f"pairs/{i}.depth.png"
        )
        mask = np.zeros((120, 150), np.uint8)
        mask[30:90, 40:110] = 255
        Image.fromarray(mask).save(folder / f"masks/room{i}.png")
    write_depth_network(folder / "grey.onnx")
    write_people(folder / "labelled")
    flat = {"parts": {"size": 3}, "placement": {"per_pair": 4, "samples": 10}}
    network = {"source": "network", "model": "grey.onnx"}
    recipes = {
        "flat": small_recipe(folder, **flat),
        "more": small_recipe(folder, **{**flat, "placement": {"per_pair": 4, "samples": 16}}),
        "fewer": small_recipe(
            folder, **{**flat, "placement": {"per_pair": 4}}, backgrounds={"path": "rooms/room0.png"}
        ),
        "network": small_recipe(folder, **flat, depth=network),
        "cut": small_recipe(folder, **flat, depth=network, foregrounds={"cutout": "auto"}),
        "ground": ground_recipe(folder, **flat),
    }
    for name, recipe in recipes.items():
        (folder / f"{name}.toml").write_text(to_toml(recipe))
    export(build(folder / "flat.toml", folder / "done"), "2020", folder / "layout2020", parts=1)
    build(folder / "ground.toml", folder / "deep")
    for number, share in ((1, "first"), (2, "second")):
        build_shard(folder / "flat.toml", folder / share, Shard(number, 2))
    broken = build(folder / "flat.toml", folder / "broken")
    (broken / "labels.csv").write_text("lost")
    (broken / "parts/part-00001.zip").unlink()


if __name__ == "__main__":
    write_inputs(Path(sys.argv[1]))
