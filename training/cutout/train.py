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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.common.encoder import MEAN, STD, load_imagenet
from training.common.export import export
from training.common.run import Course, State, begin, note, resume_or_begin
from training.common.run import train as train_along
from training.cutout import augment, toy
from training.cutout.data import Pixels, Stock, load
from training.cutout.loss import loss_of, scores
from training.cutout.net import OUTPUTS, Alphas, CutoutNet
from training.cutout.sampler import Drawn, Sampler
from training.cutout.warm import start_from

WARM_UP = 60  # steps
CLIP = 5.0  # the longest gradient
FIRST_LOOKS = 1 << 40  # number of the first picture that a start from a file is measured on
SOMEBODY = 0.01  # share of a picture from which what is called a person counts as one


@dataclass(frozen=True)
class Options:
    """What a run is made of."""

    out: Path
    photos: Path | None = None
    taught: Path | None = None
    trinkets: Path | None = None
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
    if step < WARM_UP:
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


@dataclass(frozen=True)
class HeldOut:
    """Pictures that choose between checkpoints: of people, of things, and of empty rooms, each (pictures, alphas)."""

    people: tuple[Pixels, Pixels]
    things: tuple[Pixels, Pixels]
    rooms: Pixels


def held_out(stock: Stock, side: int) -> HeldOut:
    """Return held-out photos and composites of people, held-out things in held-out rooms, and these rooms."""
    photos, rooms = stock.held_photos or stock.photos, stock.held_rooms or stock.rooms
    people = Sampler(Stock(photos=photos, people=stock.held_people or stock.people, rooms=rooms), seed=20201)
    shown = [people.draw(k, side, ("real", "composed")[k % 2]) for k in range(min(2 * len(photos), 72))]
    objects = stock.held_objects or stock.people
    bare = Sampler(Stock(photos=photos, rooms=rooms), seed=20202)
    things = []
    for k, thing in enumerate(objects):
        rng = np.random.default_rng([20203, k])
        ground = Drawn(bare.ground(rng, 1.0, side), np.zeros((side, side, 2), np.uint8), (True, True))
        things.append(bare.with_another(rng, ground, 1.0, thing, person=False))
    empty = [augment.squeeze(room, (0, 0, room.shape[1], room.shape[0]), side) for room in rooms[:48]]
    return HeldOut(stacked(shown), stacked(things), np.stack(empty))


def stacked(drawn: Sequence[Drawn]) -> tuple[Pixels, Pixels]:
    """Return pictures and alphas of some drawn ones."""
    return np.stack([d.rgb for d in drawn]), np.stack([d.alphas for d in drawn])


@torch.no_grad()
def measure(net: CutoutNet, held: HeldOut) -> dict[str, float]:
    """Return IoU and boundary F of people and of things, IoU of the person output, and the share of rooms with one."""
    net.eval()

    def asked(pictures: Pixels) -> list[NDArray[np.float32]]:
        return [torch.sigmoid(net(as_input(p[None]))[0])[0].numpy() for p in pictures]

    found = {}
    for name, (pictures, alphas) in (("", held.people), ("things_", held.things)):
        answers = asked(pictures)
        rows = [scores(answer[0], alpha[..., 0]) for answer, alpha in zip(answers, alphas, strict=True)]
        found[f"{name}iou"], found[f"{name}edge"] = (float(np.mean(column)) for column in zip(*rows, strict=True))
        if not name:
            same = [scores(answer[1], alpha[..., 1])[0] for answer, alpha in zip(answers, alphas, strict=True)]
            found["person_iou"] = float(np.mean(same))
        else:
            found["person_in_things"] = float(np.mean([(answer[1] >= 0.5).mean() >= SOMEBODY for answer in answers]))
    found["person_in_rooms"] = float(np.mean([(answer[1] >= 0.5).mean() >= SOMEBODY for answer in asked(held.rooms)]))
    return found


def untrained(options: Options, sampler: Sampler) -> State[CutoutNet]:
    """Return a network before its first step: its encoder from ImageNet, or all of it from an exported file."""
    torch.manual_seed(options.seed)
    net = CutoutNet()
    if options.imagenet:
        load_imagenet(net.encoder, options.imagenet)
    if options.start:
        start_from(net, options.start, as_input(sampler.batch(FIRST_LOOKS, 32, side_at(0, options))[0]))
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
        pictures, alphas, known = sampler.batch(step * options.batch, options.batch, side_at(step, options))
        target = torch.from_numpy(np.ascontiguousarray(alphas.transpose(0, 3, 1, 2)).astype(np.float32) / 255)
        state.net.train()
        fine, coarse = state.net(as_input(pictures).contiguous(memory_format=torch.channels_last))
        kept = min(options.decay, (1 + step) / (10 + step))
        loss = loss_of(fine, coarse, target, torch.from_numpy(known.astype(np.float32)))
        return state.descend(loss, CLIP, kept)

    return take


def train(options: Options) -> Path:
    """Run, or go on with, a training; return the checkpoint's path.  Writes everything into `options.out`."""
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    course = Course(options.out, options.stop_at or options.steps, options.every)
    stock = load(options.photos, options.taught, options.trinkets) if options.photos else toy.stock(options.seed)
    sampler = Sampler(stock, options.seed)
    state = untrained(options, sampler)
    state.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    resume_or_begin(course, state, options.resume)
    counts = {name: len(value) for name, value in vars(stock).items()}
    made_of = {k: str(v) for k, v in asdict(options).items()}
    note(course.log, {"options": made_of, "stock": counts, "excluded": stock.excluded})
    held = held_out(stock, side_at(options.steps, options))
    train_along(course, state, stepper(options, sampler), lambda net: measure(net, held))
    export(Alphas(state.average), options.export_side, options.out / "cutout-small.onnx", "input", *OUTPUTS)
    return course.checkpoint


def main() -> None:
    """Read the command line."""
    defaults = Options(Path())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("photos", "taught", "trinkets", "imagenet", "start"):
        parser.add_argument(f"--{name}", type=Path)
    for name, value in asdict(defaults).items():
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--resume", action="store_true")
    train(Options(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
