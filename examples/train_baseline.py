"""Train a small U-Net: mask and depth from the composite alone.  Prints how good it is on each of the four splits.

    python3 examples/train_baseline.py DATASET --out FOLDER

With torch.  DATASET is a finished dataset with depth in metres and all four splits; with --virtual its samples are
rendered as they are read.  A CPU suffices; --device cuda takes a GPU.  The same command again goes on where it stopped,
and ends in the same weights on the same machine.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from figureground import DepthMap, FigureGroundError
from figureground.core.record import SPLITS
from figureground.evaluate.boundaries import boundary_recall
from figureground.evaluate.cutouts import boundary_f
from figureground.evaluate.intervals import mean_interval
from figureground.evaluate.metrics import errors, iou, repaired
from figureground.image.colourmap import depth_scale
from figureground.torch import (
    ColourJitter,
    CompositeDataset,
    Flip,
    RandomResizedCrop,
    Resize,
    ResumableSampler,
    Transform,
    collate,
)

WIDTHS = (8, 24, 48, 96)  # channels at each halving of the size
MEASURES = ("mask IoU", "boundary F", "AbsRel", "δ1", "RMSE, m", "depth boundary recall")
Row = dict[str, float]


class UNet(nn.Module):
    """Pictures (n, 3, h, w) over 0..1, sides multiples of 8 -> mask logits and log depth in m, each (n, 1, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        given = (3, *WIDTHS)
        self.down = nn.ModuleList(block(a, b) for a, b in zip(given, WIDTHS, strict=False))
        self.up = nn.ModuleList(block(WIDTHS[k] + WIDTHS[k - 1], WIDTHS[k - 1]) for k in range(len(WIDTHS) - 1, 0, -1))
        self.head = nn.Conv2d(WIDTHS[0], 2, 1)
        if self.head.bias is not None:
            nn.init.constant_(self.head.bias[1:], 1.0)  # e metres: where an untrained network starts

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x, skips = pictures * 2 - 1, []
        for k, level in enumerate(self.down):
            x = level(functional.max_pool2d(x, 2) if k else x)
            skips.append(x)
        for level, skip in zip(self.up, skips[-2::-1], strict=True):
            x = level(torch.cat([functional.interpolate(x, scale_factor=2, mode="nearest"), skip], 1))
        made = self.head(x)
        return made[:, :1], made[:, 1:]


def block(given: int, made: int) -> nn.Sequential:
    """Return two convolutions.  Normalised by groups: a picture's answer does not hang on its batch."""
    layers: list[nn.Module] = []
    for channels in (given, made):
        layers += [nn.Conv2d(channels, made, 3, padding=1, bias=False), nn.GroupNorm(8, made), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def loss_of(net: UNet, batch: dict[str, Any]) -> Tensor:
    """Return cross-entropy and Dice of the mask, and the mean error of log depth where depth is known."""
    logits, log_depth = net(batch["image"])
    mask, valid = batch["mask"].float(), batch["depth_valid"].float()
    share = logits.sigmoid()
    dice = 1 - (2 * (share * mask).sum((1, 2, 3)) + 1) / (share.sum((1, 2, 3)) + mask.sum((1, 2, 3)) + 1)
    truth = torch.log(batch["depth"].clamp(min=0.1))
    wrong = ((log_depth - truth).abs() * valid).sum() / valid.sum().clamp(min=1)
    return functional.binary_cross_entropy_with_logits(logits, mask) + dice.mean() + wrong


def on(device: str, batch: dict[str, Any]) -> dict[str, Any]:
    return {k: v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for k, v in batch.items()}


def train(net: UNet, data: CompositeDataset, args: argparse.Namespace) -> None:
    """Take the steps that are missing; the checkpoint is written whole or not at all."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=0.01)
    sampler, step, checkpoint = ResumableSampler(len(data), args.seed), 0, args.out / "checkpoint.pt"
    if checkpoint.is_file():
        state = torch.load(checkpoint, map_location=args.device, weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        sampler.load_state_dict(state["sampler"])
        step = state["step"]
    loader = DataLoader(
        data,
        args.batch,
        sampler=sampler,
        num_workers=args.workers,
        persistent_workers=args.workers > 0,
        drop_last=True,
        pin_memory=args.device != "cpu",
    )
    began, losses = time.perf_counter(), []
    while step < min(args.steps, args.stop_at or args.steps):
        for taken, batch in enumerate(loader, 1):
            for group in optimiser.param_groups:
                group["lr"] = (
                    args.rate * min(1, (step + 1) / 50) * (0.51 + 0.49 * math.cos(math.pi * step / args.steps))
                )
            loss = loss_of(net, on(args.device, batch))
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward([loss])
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            step += 1
            losses.append(loss.item())
            last = step in (args.steps, args.stop_at)
            if last or step % args.every == 0:
                said = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
                torch.save(said | {"sampler": sampler.state_dict(taken * args.batch)}, args.out / "checkpoint.partial")
                (args.out / "checkpoint.partial").replace(checkpoint)
                seconds = time.perf_counter() - began
                print(f"step {step} of {args.steps}: loss {np.mean(losses):.3f}, {seconds:.0f} s", flush=True)
                losses.clear()
            if last:
                break
        else:
            sampler.set_epoch(sampler.epoch + 1)


def spread(data: CompositeDataset, count: int, batch: int) -> Iterator[dict[str, Any]]:
    """Yield batches of `count` samples at most, spread evenly over the data."""
    numbers = np.linspace(0, len(data) - 1, min(count, len(data))).round().astype(int).tolist()
    for k in range(0, len(numbers), batch):
        yield collate(data.__getitems__(numbers[k : k + batch]))


def scores(shares: Any, depth_m: Any, batch: dict[str, Any]) -> list[Row]:
    """Return the measures of estimates (n, 1, h, w), picture by picture; NaN where one is not defined."""
    rows = []
    for k in range(len(shares)):
        found, mask = shares[k, 0] >= 0.5, batch["mask"][k, 0].numpy()
        truth = np.where(batch["depth_valid"][k, 0], batch["depth"][k, 0], np.nan)
        row = {"mask IoU": iou(found, mask), "boundary F": boundary_f(found, mask)}
        if np.isfinite(truth).any():
            wrong = errors(depth_m[k, 0], truth)
            row |= {"AbsRel": wrong.abs_rel, "δ1": wrong.delta1, "RMSE, m": wrong.rmse_m}
        rows.append(row | {"depth boundary recall": boundary_recall(repaired(depth_m[k, 0]), mask)})
    return rows


@torch.no_grad()
def estimated(net: UNet, batch: dict[str, Any], device: str) -> tuple[Any, Any]:
    """Return what the network says of a batch: mask, 0..1, and depth, m, both (n, 1, h, w)."""
    logits, log_depth = net(batch["image"].to(device))
    return logits.sigmoid().cpu().numpy(), log_depth.exp().cpu().numpy()


def average(data: CompositeDataset, args: argparse.Namespace) -> tuple[Any, Any]:
    """Return the mean mask and the mean depth of training pictures, (1, h, w): what to beat without looking."""
    batches = list(spread(data, args.judge, args.batch))
    valid = torch.cat([batch["depth_valid"] for batch in batches])
    depth = torch.cat([batch["depth"] for batch in batches])
    mask = torch.cat([batch["mask"] for batch in batches]).float().mean(0)
    return mask.numpy(), (depth.sum(0) / valid.sum(0).clamp(min=1)).clamp(min=0.1).numpy()


def table(title: str, rows: dict[str, list[Row]]) -> str:
    """Return the means of each split as a Markdown table, with half the width of their 95 % intervals."""
    lines = [f"| {title} | pictures | " + " | ".join(MEASURES) + " |", "|---|" + "--:|" * (1 + len(MEASURES))]
    for split, found in rows.items():
        means = [mean_interval([row.get(name, math.nan) for row in found]) for name in MEASURES]
        cells = [f"{m.mean:.3f} ± {(m.high - m.low) / 2:.3f}" for m in means]
        lines.append(f"| {split} | {len(found)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def strip(net: UNet, splits: dict[str, CompositeDataset], args: argparse.Namespace) -> Image.Image:
    """Return a row a split of two samples: picture, mask and depth as they are, mask and depth as estimated."""
    lines = []
    for data in splits.values():
        batch = next(spread(data, 2, 2))
        shares, depth_m = estimated(net, batch, args.device)
        tiles = []
        for k in range(len(shares)):
            tiles.append((batch["image"][k].permute(1, 2, 0).numpy() * 255).astype(np.uint8))
            truth = np.where(batch["depth_valid"][k, 0], batch["depth"][k, 0], np.nan).astype(np.float32)
            maps = [DepthMap(values, "m", "larger is farther") for values in (truth, depth_m[k, 0])]
            scale = depth_scale(maps[:1])
            for mask, depth in zip((batch["mask"][k, 0].numpy(), shares[k, 0]), maps, strict=True):
                tiles.append(np.repeat((mask * 255).astype(np.uint8)[..., None], 3, 2))
                tiles.append(np.asarray(Image.fromarray(scale.picture(depth)).convert("RGB")) if scale else tiles[-1])
        lines.append(np.hstack(tiles))
    wide = max(line.shape[1] for line in lines)
    return Image.fromarray(np.vstack([np.pad(line, ((0, 4), (0, wide - line.shape[1]), (0, 0))) for line in lines]))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint, scores and a picture of some samples")
    parser.add_argument("--virtual", action="store_true", help="render samples as they are read")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps")
    parser.add_argument("--workers", type=int, default=0, help="processes that load samples")
    parser.add_argument("--side", type=int, default=96, help="px of the network's pictures, a multiple of 8")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--stop-at", type=int, default=0, help="stop early at this step, as an interruption would")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--judge", type=int, default=200, help="samples of each split, at most")
    args = parser.parse_args(given)

    args.out.mkdir(parents=True, exist_ok=True)
    augment: list[Transform] = [RandomResizedCrop(args.side, args.side, area=(0.7, 1.0)), Flip(), ColourJitter()]
    layers, common = ["mask", "depth"], {"virtual": args.virtual, "seed": args.seed}
    data = CompositeDataset(args.dataset, layers, "train", augment, **common)
    splits = {s: CompositeDataset(args.dataset, layers, s, [Resize(args.side, args.side)], **common) for s in SPLITS}
    splits = {split: samples for split, samples in splits.items() if len(samples)}
    if len(data) < args.batch or data[0]["depth_unit"] != "m":
        raise FigureGroundError(
            f"{len(data)} samples to train on, depth in {data[0]['depth_unit'] if len(data) else 'nothing'}",
            args.dataset,
            "a dataset with a batch to train on and depth in metres",
        )
    torch.manual_seed(args.seed)
    net = UNet().to(args.device)
    train(net, data, args)
    net.eval()
    mean_mask, mean_depth = average(splits["train"], args)
    ours: dict[str, list[Row]] = {}
    theirs: dict[str, list[Row]] = {}
    for split, samples in splits.items():
        for batch in spread(samples, args.judge, args.batch):
            n = len(batch["index"])
            ours.setdefault(split, []).extend(scores(*estimated(net, batch, args.device), batch))
            theirs.setdefault(split, []).extend(scores(np.stack([mean_mask] * n), np.stack([mean_depth] * n), batch))
    print(table("the network", ours), table("the mean of training", theirs), sep="\n\n")
    (args.out / "scores.json").write_text(json.dumps({"network": ours, "mean": theirs}), encoding="utf-8")
    strip(net, splits, args).save(args.out / "samples.png")


if __name__ == "__main__":
    main()
