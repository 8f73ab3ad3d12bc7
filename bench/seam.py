"""Can a small network tell the outlines of pasted figures from those of real people?

    python bench/seam.py PEOPLE [--source CHECKOUT/src] [--set look.wrap=[0,0] ...] [--size 144 220]

PEOPLE holds photos NAME.jpg of people with masks NAME.png.  Pasted outlines come from datasets that figureground (of
another CHECKOUT, where one is named) builds of these very photos, as foregrounds by their masks and as backgrounds.
Each pasted patch has a real twin: the same point of the same figure's outline in its own photo, which is resized once,
to the scale at which the figure is pasted, and stored as often in JPEGs.  So both kinds show the same parts of the same
people, as large, by the same masks; what may tell them is the seam, and the ground behind.

A network of about 10,000 parameters learns patches of 16 x 16 px on two thirds of the photos; the area under its ROC
curve is told on the rest: 0.5 where it can tell nothing.  Patches lie on the mask's outline, up to 3 px off it either
way, since a drawn mask is off, too; away from the frame, from feet, and in pasted ones from the background's person.
Real against real says what chance does: twins of some people against those of others, divided anew for each training.
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
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from figureground import Sample, open_dataset
from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import Mask, Picture
from figureground.dataset.names import CATALOG
from figureground.image.masks import FAINT, tight_box
from figureground.ingest.catalog import load_catalog
from figureground.ingest.framing import framed

SIDE, PATCHES, JITTER = 16, 24, 3
ROUNDS, BATCH, SEEDS = 16, 128, 3
FEET = 0.15  # of a figure's height, its lowest part
# of the frame's height: figures larger than that are drawn, since cut-outs are prepared for the largest, and by default
# that is 1.3; but they are much larger than what the backgrounds show, and not looked at
LARGEST = 0.95
_RECIPE = """\
name = "seam"
size = [{width}, {height}]
seed = {seed}
[backgrounds]
path = "photos"
people = "do not ask"
[foregrounds]
path = "photos"
height = [0.75, 1.3]
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

Kinds = tuple[Sequence[Bytes], Sequence[Bytes]]


class Pair(NamedTuple):
    """A patch of a pasted figure's outline, and one of the same point of it in its own photo; uint8 (16, 16, 3)."""

    person: str
    real: Bytes
    pasted: Bytes


def shuffled(people: Path, skip: int, count: int) -> tuple[list[Path], list[Path]]:
    """Return two thirds of `count` photos of a folder, to learn from, and the others; the first `skip` are left out."""
    everything = sorted(people.glob("*.jpg"))
    photos = [everything[i] for i in np.random.default_rng(0).permutation(len(everything))[skip : skip + count]]
    return photos[: 2 * len(photos) // 3], photos[2 * len(photos) // 3 :]


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


def patch(picture: Picture, place: NDArray[np.int64], dice: np.random.Generator) -> Bytes:
    """Return a patch around a (y, x), up to JITTER px off it."""
    y, x = place + dice.integers(-JITTER, JITTER + 1, 2)
    return picture[y - SIDE // 2 : y + SIDE // 2, x - SIDE // 2 : x + SIDE // 2]


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


def at_scale(path: Path, scale: float) -> tuple[Picture, NDArray[np.float64]]:
    """Return a photo at a scale, as samples are stored, and the (y, x) there of the corner of its figure's box."""
    with Image.open(path) as photo, Image.open(path.with_suffix(".png")) as mask:
        size = round(photo.width * scale), round(photo.height * scale)
        picture = np.asarray(photo.convert("RGB").resize(size, Image.Resampling.LANCZOS))
        box = tight_box(np.asarray(mask.convert("L")) >= FAINT)
    if box is None:
        raise ValueError(f"{path}: an empty mask")
    return stored(stored(picture, 95, "4:4:4"), 90, "4:2:0"), np.array([box[1], box[0]]) * scale


def pairs(sample: Sample, own: Path, keep_out: Mask, dice: np.random.Generator) -> list[Pair]:
    """Return up to PATCHES patches along a pasted figure's outline, each with its twin.

    `own`: the figure's photo; `keep_out`: where the background shows somebody.
    """
    if sample.mask is None:
        raise ValueError("a sample without a mask")
    figure, near = sample.record.figures[0], SIDE // 2 + JITTER + 1
    picture, corner = at_scale(own, figure.scale)
    moved = np.rint(corner - (figure.y, figure.x)).astype(np.int64)
    places = outline(sample.mask, keep_out)
    twins = places + moved
    inside = ((twins >= near) & (twins <= np.array(picture.shape[:2]) - near)).all(1)
    chosen = dice.permutation(np.flatnonzero(inside))[:PATCHES]
    return [Pair(own.stem, patch(picture, twins[i], dice), patch(sample.image, places[i], dice)) for i in chosen]


def pasted(photos: Sequence[Path], canvas: Canvas, source: Path, settings: Sequence[str]) -> list[Pair]:
    """Return patches of outlines that a figureground pasted of these photos into each other, with their twins."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "photos").mkdir()
        for path in photos:
            for suffix, name in ((".jpg", path.name), (".png", f"{path.stem}_mask.png")):
                (root / "photos" / name).symlink_to(path.with_suffix(suffix).absolute())
        text = _RECIPE.format(width=canvas.width, height=canvas.height, seed=1, samples=4 * len(photos))
        (root / "recipe.toml").write_text(text)
        command = [sys.executable, "-m", "figureground", "build", "recipe.toml", "out", "--workers", "1"]
        command += [part for setting in settings for part in ("--set", setting)]
        environment = os.environ | {"PYTHONPATH": str(source)}
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
        return pairs_of(root / "out", photos, canvas)


def pairs_of(dataset: Path, photos: Sequence[Path], canvas: Canvas) -> list[Pair]:
    """Return the patches of a dataset of these photos, with their twins."""
    dice, found = np.random.default_rng(1), []
    catalog = load_catalog(FolderStore(dataset).below(CATALOG))
    stems = {path.stem: path for path in photos}
    sources = {one.id: stems[Path(one.source).stem] for one in catalog.backgrounds}
    sources |= {one.id: stems[Path(one.source).stem] for one in catalog.foregrounds}
    for sample in open_dataset(dataset):
        record = sample.record
        if record.figures[0].height > LARGEST * canvas.height:
            continue
        keep_out = framed_mask(sources[record.background], canvas)
        found += pairs(sample, sources[record.figures[0].foreground], keep_out, dice)
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


def told_apart(train: Kinds, test: Kinds, seed: int) -> float:
    """Return the area under the curve of one training on (one kind, the other), as many of either."""
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
    return area_under_curve(scores, y.numpy() > 0.5)


def _even(kinds: Kinds, dice: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    count = min(map(len, kinds))
    chosen = [np.stack(kind)[dice.permutation(len(kind))[:count]] for kind in kinds]
    values = np.concatenate(chosen).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    return torch.from_numpy(values), torch.from_numpy(np.repeat([0.0, 1.0], count).astype(np.float32))


def halves(found: Sequence[Pair], seed: int) -> Kinds:
    """Return the real patches of half of the people, and those of the others."""
    people = sorted({pair.person for pair in found})
    some = set(np.random.default_rng(seed).permutation(people)[::2].tolist())
    return [p.real for p in found if p.person in some], [p.real for p in found if p.person not in some]


def report(train: Sequence[Pair], test: Sequence[Pair]) -> None:
    """Print how well pasted patches and real ones are told apart, and real ones from real ones."""
    size = sum(value.numel() for value in network().parameters())
    print(f"{len(train)} + {len(test)} pairs of patches, {size} parameters")
    one, other = (([p.real for p in found], [p.pasted for p in found]) for found in (train, test))
    seeds = range(SEEDS)
    for name, areas in (
        ("pasted against real", [told_apart(one, other, seed) for seed in seeds]),
        ("real against real", [told_apart(halves(train, seed), halves(test, seed), seed) for seed in seeds]),
    ):
        print(f"{name}: AUC {np.mean(areas):.3f} ({min(areas):.3f} to {max(areas):.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path)
    parser.add_argument("--source", type=Path, default=Path(__file__).parents[1] / "src")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--size", type=int, nargs=2, default=(144, 220), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--photos", type=int, default=180)
    parser.add_argument("--skip", type=int, default=0, help="photos, so that others are used")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = shuffled(args.people, args.skip, args.photos)
    canvas = Canvas(args.size[1], args.size[0])
    source = args.source.absolute()
    report(*(pasted(part, canvas, source, args.settings) for part in parts))


if __name__ == "__main__":
    main()
