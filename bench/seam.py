"""Can a small network tell the outlines of pasted figures from those of real people?

    python bench/seam.py PEOPLE [--source CHECKOUT/src] [--set look.wrap=[0,0] ...] [--size 144 220]

PEOPLE holds photos NAME.jpg of people with masks NAME.png.  Pasted outlines come from datasets that figureground (of
another CHECKOUT, where one is named) builds of these very photos, as foregrounds by their masks and as backgrounds;
real ones from the photos themselves, framed and stored as those backgrounds are.  So both show people of the same kind
in the same places, as large, resized alike, in JPEGs alike.

A network of about 10,000 parameters learns patches of 16 x 16 px on two thirds of the photos; the area under its ROC
curve is told on the rest: 0.5 where it can tell nothing.  Patches lie on the mask's outline, up to 3 px off it either
way, since a drawn mask is off, too; away from the frame, from feet, and in pasted ones from the background's person.
Real against real, two halves of the photos, says what chance does.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from figureground import open_dataset
from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import Mask, Picture
from figureground.dataset.names import CATALOG
from figureground.ingest.catalog import load_catalog
from figureground.ingest.framing import framed

SIDE, PATCHES, JITTER = 16, 24, 3
ROUNDS, BATCH, SEEDS = 16, 128, 3
FEET = 0.15  # of a figure's height, its lowest part
_RECIPE = """\
name = "seam"
size = [{width}, {height}]
seed = {seed}
[backgrounds]
path = "photos"
people = "do not ask"
[foregrounds]
path = "photos"
height = [0.75, 0.92]
poses = ["standing", "seated", "half-length", "airborne", "group", "cropped", "object"]
[placement]
mode = "uniform"
per_pair = 1
mirror = "none"
min_visible = 0.7
samples = {samples}
[depth]
source = "none"
"""


def outline(mask: Mask, keep_out: Mask) -> NDArray[np.int64]:
    """Return the (y, x) of a mask's outermost px that lie away from the frame, from feet and from `keep_out`."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    edge = mask & ~inner
    rows = np.flatnonzero(mask.any(1))
    if not rows.size:
        return np.zeros((0, 2), np.int64)
    edge[round(rows[-1] - FEET * (rows[-1] - rows[0])) :] = False
    near = SIDE // 2 + JITTER + 1
    edge[:near] = edge[-near:] = edge[:, :near] = edge[:, -near:] = False
    places = np.argwhere(edge)
    free = [not keep_out[y - near : y + near, x - near : x + near].any() for y, x in places]
    return places[free]


def patches(picture: Picture, mask: Mask, keep_out: Mask, dice: np.random.Generator) -> list[Bytes]:
    """Return up to PATCHES patches along a mask's outline."""
    places = outline(mask, keep_out)
    chosen = dice.permutation(len(places))[:PATCHES]
    found = []
    for y, x in places[chosen] + dice.integers(-JITTER, JITTER + 1, (len(chosen), 2)):
        found.append(picture[y - SIDE // 2 : y + SIDE // 2, x - SIDE // 2 : x + SIDE // 2])
    return found


def stored(picture: Picture, quality: int, subsampling: str) -> Picture:
    """Return a picture as it comes back from a JPEG."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality, subsampling=subsampling)
    with Image.open(out) as read:
        return np.asarray(read)


def framed_mask(path: Path, canvas: Canvas) -> Mask:
    """Return the mask beside a photo, framed as the photo is."""
    with Image.open(path.with_suffix(".png")) as mask:
        grey = np.asarray(mask.convert("L"))
    return np.asarray(framed(np.dstack([grey] * 3), canvas, "cover")[..., 0] >= 128)


def real(photos: Sequence[Path], canvas: Canvas, seed: int) -> list[Bytes]:
    """Return patches of the photos' own outlines."""
    dice, found = np.random.default_rng(seed), []
    for path in photos:
        with Image.open(path) as photo:
            picture = framed(np.asarray(photo.convert("RGB")), canvas, "cover")
        mask = framed_mask(path, canvas)
        picture = stored(stored(picture, 95, "4:4:4"), 90, "4:2:0")
        found += patches(picture, mask, np.zeros_like(mask), dice)
    return found


def pasted(photos: Sequence[Path], canvas: Canvas, source: Path, settings: Sequence[str]) -> list[Bytes]:
    """Return patches of outlines that a figureground pasted of these photos into each other."""
    dice, found = np.random.default_rng(1), []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "photos").mkdir()
        for path in photos:
            for suffix, name in ((".jpg", path.name), (".png", f"{path.stem}_mask.png")):
                (root / "photos" / name).symlink_to(path.with_suffix(suffix).absolute())
        text = _RECIPE.format(width=canvas.width, height=canvas.height, seed=1, samples=2 * len(photos))
        (root / "recipe.toml").write_text(text)
        command = [sys.executable, "-m", "figureground", "build", "recipe.toml", "out", "--workers", "1"]
        command += [part for setting in settings for part in ("--set", setting)]
        environment = os.environ | {"PYTHONPATH": str(source)}
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
        catalog = load_catalog(FolderStore(root / "out").below(CATALOG))
        sources = {one.id: Path(one.source).stem for one in catalog.backgrounds}
        stems = {path.stem: path for path in photos}
        for sample in open_dataset(root / "out"):
            path = stems[sources[sample.record.background]]
            if sample.mask is None:
                raise ValueError("a sample without a mask")
            found += patches(sample.image, sample.mask, framed_mask(path, canvas), dice)
    return found


def network() -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 24), (24, 24)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.AvgPool2d(2)]
    return nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 1))


def area_under_curve(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: how often a pasted patch scores higher than a real one."""
    ranks = scores.argsort().argsort() + 1.0
    positive = int(labels.sum())
    below = ranks[labels].sum() - positive * (positive + 1) / 2
    return float(below / (positive * (len(labels) - positive)))


def told_apart(train: tuple[list[Bytes], list[Bytes]], test: tuple[list[Bytes], list[Bytes]]) -> list[float]:
    """Return the areas under the curve, a training each, of (one kind, the other), as many of either."""
    found = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        dice = np.random.default_rng(seed)
        x, y = _even(train, dice)
        model, order = network(), np.arange(len(x))
        optimiser = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1e-2)
        steps = ROUNDS * (len(x) // BATCH)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
        for _ in range(ROUNDS):
            dice.shuffle(order)
            for k in range(len(x) // BATCH):
                chosen = order[k * BATCH : (k + 1) * BATCH]
                batch = x[chosen].flip(3) if dice.random() < 0.5 else x[chosen]
                loss = nn.functional.binary_cross_entropy_with_logits(model(batch)[:, 0], y[chosen])
                optimiser.zero_grad()
                torch.autograd.backward([loss])
                optimiser.step()
                rate.step()
        model.eval()
        x, y = _even(test, dice)
        with torch.no_grad():
            scores = model(x)[:, 0].double().numpy()
        found.append(area_under_curve(scores, y.numpy() > 0.5))
    return found


def _even(kinds: tuple[list[Bytes], list[Bytes]], dice: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    count = min(map(len, kinds))
    chosen = [np.stack(kind)[dice.permutation(len(kind))[:count]] for kind in kinds]
    values = np.concatenate(chosen).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    return torch.from_numpy(values), torch.from_numpy(np.repeat([0.0, 1.0], count).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path)
    parser.add_argument("--source", type=Path, default=Path(__file__).parents[1] / "src")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--size", type=int, nargs=2, default=(144, 220), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--photos", type=int, default=180)
    parser.add_argument("--skip", type=int, default=0, help="photos, so that others are used")
    parser.add_argument("--control", action="store_true", help="real against real")
    args = parser.parse_args()
    torch.set_num_threads(1)
    everything = sorted(args.people.glob("*.jpg"))
    order = np.random.default_rng(0).permutation(len(everything))[args.skip : args.skip + args.photos]
    photos = [everything[i] for i in order]
    cut = 2 * len(photos) // 3
    canvas = Canvas(args.size[1], args.size[0])
    halves = photos[:cut], photos[cut:]
    if args.control:
        pairs = [(real(half[::2], canvas, 1), real(half[1::2], canvas, 1)) for half in halves]
    else:
        source = args.source.absolute()
        pairs = [(real(half, canvas, 1), pasted(half, canvas, source, args.settings)) for half in halves]
    counts = ", ".join(f"{len(a)} + {len(b)}" for a, b in pairs)
    found = told_apart(pairs[0], pairs[1])
    size = sum(value.numel() for value in network().parameters())
    print(f"{counts} patches, {size} parameters: AUC {np.mean(found):.3f} ({min(found):.3f} to {max(found):.3f})")


if __name__ == "__main__":
    main()
