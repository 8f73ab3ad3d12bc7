"""Train the cut-out network: photos -> checkpoint, log.jsonl, curve.png, ONNX.

    python training/train_cutout.py OUT --photos SHARED --imagenet efficientnet-lite0.pth
    python training/train_cutout.py OUT --photos SHARED --resume            # go on after a stop
    python training/train_cutout.py OUT --steps 10 --sides 64 --batch 2      # smoke run on drawn pictures

One process, one thread.  The pictures of step n depend on (seed, n) alone, so a resumed run ends in the same weights.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import cutout_data
import cutout_toy
from curve import draw
from cutout_loss import loss_of, scores
from cutout_net import Alpha, CutoutNet
from cutout_sampler import Sampler
from encoder import load_imagenet
from export_onnx import export

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WARM_UP = 60  # steps


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


def as_input(pictures: cutout_data.Pixels) -> Tensor:
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


def held_out(stock: cutout_data.Stock, side: int) -> tuple[cutout_data.Pixels, cutout_data.Pixels]:
    """Return what chooses checkpoints: windows of held-out photos, and composites of held-out people."""
    photos = stock.held_photos or stock.photos
    held = cutout_data.Stock(
        photos=photos, people=stock.held_people or stock.people, rooms=stock.held_rooms or stock.rooms
    )
    sampler = Sampler(held, seed=20201)
    count = min(2 * len(photos), 72)
    return sampler.batch(0, count, side)


@torch.no_grad()
def measure(net: CutoutNet, pictures: cutout_data.Pixels, alphas: cutout_data.Pixels) -> dict[str, float]:
    """Return mean IoU and boundary F-measure on the held-out pictures."""
    net.eval()
    found = [
        scores(torch.sigmoid(net(as_input(p[None]))[0])[0, 0].numpy(), a) for p, a in zip(pictures, alphas, strict=True)
    ]
    net.train()
    return {"iou": float(np.mean([s[0] for s in found])), "edge": float(np.mean([s[1] for s in found]))}


def averaged(net: CutoutNet, mean: dict[str, Tensor], decay: float) -> None:
    """Move the running average of the weights towards the weights."""
    for name, value in net.state_dict().items():
        if value.dtype.is_floating_point:
            mean[name].lerp_(value, 1 - decay)
        else:
            mean[name].copy_(value)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def train(options: Options) -> Path:
    """Run, or go on with, a training; return the checkpoint's path.  Writes everything into `options.out`."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    stock = cutout_data.load(options.photos) if options.photos else cutout_toy.stock(options.seed)
    net = CutoutNet()
    if options.imagenet:
        load_imagenet(net.encoder, options.imagenet)
    if options.start:
        net.load_state_dict(torch.load(options.start, weights_only=True)["mean"])
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    groups = [
        {"params": list(net.encoder.parameters()), "rate": options.rate * options.encoder_rate},
        {"params": [p for n, p in net.named_parameters() if not n.startswith("encoder.")], "rate": options.rate},
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, weight_decay=1e-3)
    checkpoint, first, seconds = options.out / "checkpoint.pt", 0, 0.0
    if options.resume and checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        mean = state["mean"]
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["step"], state["seconds"]
    sampler = Sampler(stock, options.seed)
    valid = held_out(stock, side_at(options.steps, options))
    log = (options.out / "log.jsonl").open("a" if first else "w")

    def note(**what: object) -> None:
        log.write(json.dumps(what) + "\n")
        log.flush()

    counts = {name: len(value) for name, value in vars(stock).items()}
    note(options={k: str(v) for k, v in asdict(options).items()}, stock=counts, excluded=stock.excluded)
    net.train()
    began, losses = time.perf_counter(), []
    last = options.stop_at or options.steps
    for step in range(first, last):
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * rate_at(step, options)
        pictures, alphas = sampler.batch(step * options.batch, options.batch, side_at(step, options))
        target = torch.from_numpy(alphas.astype(np.float32) / 255)[:, None]
        fine, coarse = net(as_input(pictures).contiguous(memory_format=torch.channels_last))
        loss = loss_of(fine, coarse, target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        averaged(net, mean, min(options.decay, (1 + step) / (10 + step)))
        losses.append(loss.item())
        if (step + 1) % 25 == 0 or step + 1 == last:
            spent = seconds + time.perf_counter() - began
            note(step=step + 1, loss=float(np.mean(losses)), rate=rate_at(step, options), seconds=round(spent, 1))
            losses = []
        if (step + 1) % options.every == 0 or step + 1 == last:
            judged = CutoutNet()
            judged.load_state_dict(mean)
            note(step=step + 1, **measure(judged, *valid))
            spent = seconds + time.perf_counter() - began
            state = {"net": net.state_dict(), "mean": mean, "optimizer": optimizer.state_dict(), "step": step + 1}
            save(checkpoint, {**state, "seconds": spent})
            draw(options.out / "log.jsonl", options.out / "curve.png")
    log.close()
    final = CutoutNet()
    final.load_state_dict(mean)
    export(Alpha(final), options.export_side, options.out / "cutout-small.onnx", "input", "alpha")
    return checkpoint


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
