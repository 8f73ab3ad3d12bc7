"""What every training here has: a state that can be saved, a step down the loss, a log that goes on after a stop."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from training.common.curve import draw_curve

N = TypeVar("N", bound=nn.Module)

_LOGGED = 25  # steps a line of the log
_HELD = ("net", "average", "optimiser")


@dataclass
class State(Generic[N]):
    """What a checkpoint holds: a network, the running average of its weights, its optimiser, steps and seconds so far.

    The average is what is judged and shipped.
    """

    net: N
    average: N
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        """Write the checkpoint whole or not at all."""
        partial = path.with_suffix(".partial")
        held = {name: getattr(self, name).state_dict() for name in _HELD}
        torch.save({**held, "step": self.step, "seconds": self.seconds}, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go back to a checkpoint of a network of the same shape."""
        held = torch.load(path, map_location="cpu", weights_only=True)
        for name in _HELD:
            getattr(self, name).load_state_dict(held[name])
        self.step, self.seconds = held["step"], held["seconds"]

    def descend(self, loss: Tensor, clip: float, kept: float) -> float:
        """Take one step down a loss, gradients no longer than `clip`; the average keeps the share `kept` of itself.

        Returns the loss before the step.
        """
        self.optimiser.zero_grad()
        torch.autograd.backward([loss])
        torch.nn.utils.clip_grad_norm_([p for p in self.net.parameters() if p.requires_grad], clip)
        self.optimiser.step()
        self.step += 1
        with torch.no_grad():
            average = self.average.state_dict()
            for name, value in self.net.state_dict().items():
                if value.is_floating_point():
                    average[name].lerp_(value, 1 - kept)
        return float(loss.detach())


def begin(net: N, groups: Sequence[dict[str, Any]], rate: float, decay: float) -> State[N]:
    """Return the state of a network before its first step: AdamW over groups of its parameters."""
    return State(net, copy.deepcopy(net), torch.optim.AdamW(list(groups), rate, weight_decay=decay))


def note(log: Path, what: dict[str, object]) -> None:
    """Add one line to a log."""
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


@dataclass(frozen=True)
class Course:
    """Where a training writes (log.jsonl, curve.svg, checkpoint.pt), where it ends, and how often it is judged."""

    folder: Path
    end: int
    every: int

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"


def resume_or_begin(course: Course, state: State[N], resume: bool) -> None:
    """Go on from the course's checkpoint if that is wanted and there is one; otherwise take away an earlier log."""
    if resume and course.checkpoint.is_file():
        state.load(course.checkpoint)
    else:
        course.log.unlink(missing_ok=True)


def train(
    course: Course, state: State[N], take_step: Callable[[State[N]], float], judge: Callable[[N], dict[str, float]]
) -> None:
    """Train to the course's end; every `every` steps and at the end write scores, the curve and the checkpoint.

    `take_step` returns the loss, `judge` the scores of the averaged network.  Raises FloatingPointError when the loss
    is no number.
    """
    begun, losses = time.perf_counter() - state.seconds, []
    while state.step < course.end:
        losses.append(take_step(state))
        if not np.isfinite(losses[-1]):
            raise FloatingPointError(f"the loss of step {state.step} is {losses[-1]}")
        due = state.step % course.every == 0 or state.step == course.end
        if not due and state.step % _LOGGED:
            continue
        state.seconds = time.perf_counter() - begun
        line: dict[str, object] = {"step": state.step, "loss": float(np.mean(losses))}
        line["seconds"] = round(state.seconds, 1)
        losses = []
        note(course.log, line | (judge(state.average) if due else {}))
        if due:
            state.save(course.checkpoint)
            draw_curve(course.log, course.folder / "curve.svg")
