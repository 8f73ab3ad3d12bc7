"""Train the cut-out network: photos -> checkpoint, log.jsonl, curve.svg, ONNX.

    python -m training.cutout.train OUT --photos SHARED --imagenet efficientnet-lite0.pth
    python -m training.cutout.train OUT --photos SHARED --resume            # go on after a stop
    python -m training.cutout.train OUT --steps 10 --sides 64 --batch 2      # smoke run on drawn pictures

From the repository's root.  One process, one thread.  The pictures of step n depend on (seed, n) alone, so a resumed
run ends in the same weights.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.common.encoder import MEAN, STD, load_imagenet
from training.common.export import export
from training.common.run import Course, State, begin, note, resume_or_begin
from training.common.run import train as train_along
from training.cutout import toy
from training.cutout.data import Pixels, Stock, load
from training.cutout.loss import loss_of, scores
from training.cutout.net import Alpha, CutoutNet
from training.cutout.sampler import Sampler

WARM_UP = 60  # steps
CLIP = 5.0  # the longest gradient


@dataclass(frozen=True)
class Options:
    """What a run is made of."""

    out: Path
    photos: Path | None = None
    imagenet: Path | None = None
    start: Path | None = None
    steps: int = 1500
    batch: int = 12
    sides: str = "192:0.4,256:0.8,320:1"
    rate: float = 1.5e-3
    encoder_rate: float = 0.25
    last_rate: float = 0.02
    decay: float = 0.997
    seed: int = 1
    every: int = 250
    resume: bool = False
    stop_at: int = 0
    export_side: int = 288


def as_input(pictures: Pixels) -> Tensor:
    """Return uint8 [n, s, s, 3] as the network takes it: divided by its own maximum, ImageNet mean and std."""
    top = np.maximum(pictures.max((1, 2, 3)), 1).astype(np.float32)
    values = (pictures / top[:, None, None, None] - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return torch.from_numpy(values.astype(np.float32).transpose(0, 3, 1, 2))


def rate_at(step: int, options: Options) -> float:
    """Return the factor on the learning rates: a short climb, then half a cosine down to `last_rate`."""
    if step < WARM_UP and not options.start:
        return (step + 1) / WARM_UP
    done = step / max(options.steps, 1)
    return options.last_rate + (1 - options.last_rate) * 0.5 * (1 + math.cos(math.pi * done))


def side_at(step: int, options: Options) -> int:
    """Return the side of a step's pictures: `sides` says up to which share of the run each lasts."""
    for part in options.sides.split(","):
        side, _, until = part.partition(":")
        if step < float(until or 1) * options.steps:
            break
    return int(side)


def held_out(stock: Stock, side: int) -> tuple[Pixels, Pixels]:
    """Return what chooses checkpoints: windows of held-out photos, and composites of held-out people."""
    photos = stock.held_photos or stock.photos
    held = Stock(photos=photos, people=stock.held_people or stock.people, rooms=stock.held_rooms or stock.rooms)
    sampler = Sampler(held, seed=20201)
    count = min(2 * len(photos), 72)
    return sampler.batch(0, count, side)


@torch.no_grad()
def measure(net: CutoutNet, pictures: Pixels, alphas: Pixels) -> dict[str, float]:
    """Return mean IoU and boundary F-measure on the held-out pictures."""
    net.eval()
    found = [
        scores(torch.sigmoid(net(as_input(p[None]))[0])[0, 0].numpy(), a) for p, a in zip(pictures, alphas, strict=True)
    ]
    return {"iou": float(np.mean([s[0] for s in found])), "edge": float(np.mean([s[1] for s in found]))}


def untrained(options: Options) -> State[CutoutNet]:
    """Return a network before its first step: its encoder from ImageNet, or all of it from an earlier run's average."""
    torch.manual_seed(options.seed)
    net = CutoutNet()
    if options.imagenet:
        load_imagenet(net.encoder, options.imagenet)
    if options.start:
        net.load_state_dict(torch.load(options.start, weights_only=True)["average"])
    groups = [
        {"params": list(net.encoder.parameters()), "rate": options.rate * options.encoder_rate},
        {"params": [p for n, p in net.named_parameters() if not n.startswith("encoder.")], "rate": options.rate},
    ]
    return begin(net, groups, options.rate, decay=1e-3)


def stepper(options: Options, sampler: Sampler) -> Callable[[State[CutoutNet]], float]:
    """Return what takes one step on the pictures that are due, and returns its loss."""

    def take(state: State[CutoutNet]) -> float:
        step = state.step
        for group in state.optimiser.param_groups:
            group["lr"] = group["rate"] * rate_at(step, options)
        pictures, alphas = sampler.batch(step * options.batch, options.batch, side_at(step, options))
        target = torch.from_numpy(alphas.astype(np.float32) / 255)[:, None]
        state.net.train()
        fine, coarse = state.net(as_input(pictures).contiguous(memory_format=torch.channels_last))
        kept = min(options.decay, (1 + step) / (10 + step))
        return state.descend(loss_of(fine, coarse, target), CLIP, kept)

    return take


def train(options: Options) -> Path:
    """Run, or go on with, a training; return the checkpoint's path.  Writes everything into `options.out`."""
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    course = Course(options.out, options.stop_at or options.steps, options.every)
    stock = load(options.photos) if options.photos else toy.stock(options.seed)
    state = untrained(options)
    state.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    resume_or_begin(course, state, options.resume)
    counts = {name: len(value) for name, value in vars(stock).items()}
    made_of = {k: str(v) for k, v in asdict(options).items()}
    note(course.log, {"options": made_of, "stock": counts, "excluded": stock.excluded})
    pictures, alphas = held_out(stock, side_at(options.steps, options))
    take_step = stepper(options, Sampler(stock, options.seed))
    train_along(course, state, take_step, lambda net: measure(net, pictures, alphas))
    export(Alpha(state.average), options.export_side, options.out / "cutout-small.onnx", "input", "alpha")
    return course.checkpoint


def main() -> None:
    """Read the command line."""
    defaults = Options(Path())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("photos", "imagenet", "start"):
        parser.add_argument(f"--{name}", type=Path)
    for name, value in asdict(defaults).items():
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--resume", action="store_true")
    train(Options(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
