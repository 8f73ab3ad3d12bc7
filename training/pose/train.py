"""Train the head: python -m training.pose.train PEOPLE OUT, where PEOPLE holds NAME.png, masks of people who stand."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from figureground.networks.pose import FILE, POSES, read_head, run
from training.pose.data import drawn, read_masks, samples
from training.pose.net import PoseNet, whole_numbers

Samples = tuple[NDArray[np.uint8], NDArray[np.int64]]  # miniatures, and the numbers of their poses
_BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=Path, help="a folder of masks NAME.png")
    parser.add_argument("out", type=Path, help="a folder for the head and its log")
    parser.add_argument("--without", nargs="*", default=[], help="names of masks to leave out, as of pictures to test")
    parser.add_argument("--figures", type=int, default=2000, help="drawn masks of each pose")
    parser.add_argument("--samples", type=int, default=40000)
    parser.add_argument("--epochs", type=int, default=16)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    learnt, held = gathered(asked)
    net = trained(learnt, held, asked.epochs, asked.out / "log.jsonl")
    arrays = whole_numbers(net)
    with (asked.out / FILE).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    head = read_head(arrays)
    found = np.array([int(run(head, picture).argmax()) for picture in held[0]])
    with (asked.out / "log.jsonl").open("a", encoding="utf-8") as log:
        print(json.dumps({"in whole numbers": _right(found, held[1])}), file=log)


def gathered(asked: argparse.Namespace) -> tuple[Samples, Samples]:
    """Return samples to learn from and, of every seventh person and of other drawn ones, samples to judge by."""
    kept = asked.out / "samples.npz"
    if not kept.is_file():
        photos = read_masks(asked.people, set(asked.without))
        held_photos = photos[::7]
        learnt = [mask for n, mask in enumerate(photos) if n % 7]
        train = samples(1, learnt, drawn(1, asked.figures), asked.samples)
        held = samples(2, held_photos, drawn(2, asked.figures // 8), 3000)
        np.savez_compressed(kept, x=train[0], y=train[1], held=held[0], truth=held[1])
    with np.load(kept, allow_pickle=False) as found:
        return (found["x"], found["y"]), (found["held"], found["truth"])


def trained(learnt: Samples, held: Samples, epochs: int, log: Path) -> PoseNet:
    """Return a net that has seen the pictures so many times."""
    torch.manual_seed(0)
    net, order = PoseNet(), np.random.default_rng(0)
    batches = len(learnt[0]) // _BATCH
    adam = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-3)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, 6e-3, total_steps=epochs * batches)
    with log.open("w", encoding="utf-8") as told:
        for epoch in range(epochs):
            net.train()
            rows = order.permutation(len(learnt[0]))[: batches * _BATCH].reshape(batches, _BATCH)
            losses = [_step(net, adam, pace, learnt[0][some], learnt[1][some]) for some in rows]
            net.eval()
            with torch.no_grad():
                found = net(_pictures(held[0])).argmax(1).numpy()
            line = {"epoch": epoch, "loss": round(sum(losses) / batches, 4), **_right(found, held[1])}
            print(json.dumps(line), file=told, flush=True)
    return net


def _step(net: PoseNet, adam: Any, pace: Any, pictures: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    loss: Any = torch.nn.functional.cross_entropy(
        net(_pictures(pictures)), torch.from_numpy(labels), label_smoothing=0.05
    )
    adam.zero_grad()
    loss.backward()
    adam.step()
    pace.step()
    return float(loss.detach())


def _pictures(miniatures: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(miniatures).float()[:, None] / 255


def _right(found: NDArray[np.int64], truth: NDArray[np.int64]) -> dict[str, float]:
    return {pose: round(float((found == n)[truth == n].mean()), 3) for n, pose in enumerate(POSES)}


if __name__ == "__main__":
    main()
