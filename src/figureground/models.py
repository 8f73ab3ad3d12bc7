"""Networks in ONNX files and their cards: what goes in, what comes out, in which unit.

A card is read from TOML (`MODEL.card.toml` beside the file, or a file that the recipe names), or known by the weights'
sha256.  Nothing about a network is guessed: without a card it is refused.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.errors import FigureGroundError
from figureground.sample import Alpha, DepthMap, DepthUnit, Direction, Picture

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# output kind -> unit after scaling, and what a larger value means
KINDS: dict[str, tuple[DepthUnit, Direction]] = {
    "metric": ("m", "larger is farther"),
    "inverse": ("1/m", "larger is nearer"),
    "relative-depth": ("relative", "larger is farther"),
    "relative-inverse": ("relative", "larger is nearer"),
}


@dataclass(frozen=True)
class DepthCard:
    """What must be known of a depth network to use it.

    `input_size`: the square side in px that it was made for.  Input is RGB/255, minus `mean`, over `std`, NCHW float32.
    `output`: metric | inverse | relative-depth | relative-inverse.  `unit_scale`: output times this is metres (metric)
    or 1/metres (inverse).  `valid`: smallest and largest output, after scaling, that means anything.
    """

    name: str
    input_size: int
    output: str
    unit_scale: float = 1.0
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    valid: tuple[float, ...] = (0.0, 1000.0)
    licence: str = "unknown"
    figures_from: str = ""


CARDS: dict[str, DepthCard] = {
    "fastdepth-nyu": DepthCard(
        "fastdepth-nyu",
        224,
        "metric",
        valid=(0.1, 20.0),
        licence="MIT",
        figures_from="Wofk et al. 2019, FastDepth; input RGB 0..1, output metres, checked on NYU frames",
    ),
}
KNOWN_WEIGHTS: dict[str, str] = {
    "7e47e1d823a0e6632d17a7ed74b052b7a41a8d606e648d31616cf6c4b6455c0f": "fastdepth-nyu",
}


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_card(model: Path, card: str, root: Path) -> DepthCard:
    """Return the card for a weight file.  Raises FigureGroundError when there is none or it is wrong."""
    if card in CARDS:
        return CARDS[card]
    if card:
        return read_card(root / Path(card).expanduser())
    beside = model.with_suffix(".card.toml")
    if beside.is_file():
        return read_card(beside)
    known = KNOWN_WEIGHTS.get(file_sha256(model))
    if known:
        return CARDS[known]
    raise FigureGroundError(
        "this depth network has no card, so its unit is not known",
        str(model),
        f"write {beside.name} beside it (see docs/depth.md), or set depth.card to one of {', '.join(CARDS)}",
    )


def read_card(path: Path) -> DepthCard:
    """Read a card from TOML: the fields of DepthCard, of which name, input_size and output are required."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FigureGroundError("no such card", str(path), f"a TOML file, or one of {', '.join(CARDS)}") from None
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"the card cannot be read: {error}", str(path), "see docs/depth.md for its form"
        ) from None
    known = {f.name for f in fields(DepthCard)}
    unknown, missing = set(table) - known, {"name", "input_size", "output"} - set(table)
    if unknown or missing:
        text = "unknown: " + ", ".join(sorted(unknown)) if unknown else "missing: " + ", ".join(sorted(missing))
        raise FigureGroundError(f"the card has wrong keys; {text}", str(path), f"keys: {', '.join(sorted(known))}")
    if table["output"] not in KINDS:
        raise FigureGroundError(
            f"output = {table['output']!r} is no kind of depth", str(path), f"one of {', '.join(KINDS)}"
        )
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return DepthCard(**values)


def session(path: Path, purpose: str) -> Any:
    """Return an onnxruntime session with one thread.  Raises FigureGroundError for a missing or unreadable file."""
    if not path.is_file():
        raise FigureGroundError(
            f"no such {purpose} network", str(path), "check the path; it starts from the recipe's folder"
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class
        first = str(error).strip().splitlines()[0][:150]
        raise FigureGroundError(
            f"the {purpose} network cannot be loaded: {first}", str(path), "give a valid ONNX file"
        ) from None


def _tensor(picture: Picture, size: int, mean: tuple[float, ...], std: tuple[float, ...]) -> NDArray[np.float32]:
    """Return float32 (1, 3, size, size): resized, 0..1, normalised."""
    if picture.shape[:2] != (size, size):
        picture = np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))
    values: NDArray[np.float32] = picture.astype(np.float32) / np.float32(255)
    values = np.divide(values - np.array(mean, np.float32), np.array(std, np.float32), dtype=np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)


def _resize(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    if values.shape == (height, width):
        return values
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR))


DepthNetwork = Callable[[Picture], DepthMap]


def depth_network(path: Path, card: DepthCard) -> DepthNetwork:
    """Return a function from a picture to its depth at the picture's size.

    It raises FigureGroundError when the network's output is not one finite map, so that bad depth is never written.
    """
    run = session(path, "depth")
    name = run.get_inputs()[0].name
    unit, direction = KINDS[card.output]
    low, high = card.valid

    def estimate(picture: Picture) -> DepthMap:
        try:
            output = run.run(None, {name: _tensor(picture, card.input_size, card.mean, card.std)})[0]
        except Exception as error:  # onnxruntime's errors share no base class
            first = str(error).strip().splitlines()[0][:150]
            raise FigureGroundError(
                f"the depth network refused its input: {first}",
                str(path),
                f"does it take [1, 3, {card.input_size}, {card.input_size}]? mend the card",
            ) from None
        values = np.squeeze(output).astype(np.float32) * np.float32(card.unit_scale)
        if values.ndim != 2:
            raise FigureGroundError(
                f"the depth network's output has shape {output.shape}", str(path), "one map a picture"
            )
        if not np.isfinite(values).all():
            raise FigureGroundError(
                "the depth network's output has NaN or infinite values",
                str(path),
                "nothing was written; try another runtime or precision",
            )
        if unit != "relative":
            values = np.clip(values, low, high)
        return DepthMap(_resize(values, *picture.shape[:2]), unit, direction)

    return estimate


@functools.lru_cache(maxsize=2)
def cutout_network(path: Path) -> Callable[[Picture], Alpha]:
    """Return a function from a picture to its soft alpha, by a salient-object network of U-2-Net's form.

    Input: [1, 3, side, side], ImageNet mean and std after division by the picture's maximum; first output: [1, 1, side,
    side] in 0..1.  The network is asked twice: about the whole picture, then about the figure's surroundings, which
    gives small figures a finer edge.
    """
    run = session(path, "cut-out")
    given = run.get_inputs()[0]
    side = given.shape[-1] if isinstance(given.shape[-1], int) else 320

    def once(picture: Picture) -> NDArray[np.float32]:
        top = max(int(picture.max()), 1) / 255
        std = tuple(s * top for s in IMAGENET_STD)
        mean = tuple(m * top for m in IMAGENET_MEAN)
        output = run.run([run.get_outputs()[0].name], {given.name: _tensor(picture, side, mean, std)})[0]
        return np.clip(_resize(np.squeeze(output).astype(np.float32), *picture.shape[:2]), 0, 1)

    def estimate(picture: Picture) -> Alpha:
        alpha = once(picture)
        rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
        if rows.size:
            pad = round(0.15 * max(rows[-1] - rows[0], columns[-1] - columns[0])) + 8
            y0, y1 = max(rows[0] - pad, 0), rows[-1] + 1 + pad
            x0, x1 = max(columns[0] - pad, 0), columns[-1] + 1 + pad
            crop = picture[y0:y1, x0:x1]
            if crop.shape[0] * crop.shape[1] < 0.7 * alpha.size:
                fine = np.zeros_like(alpha)
                fine[y0:y1, x0:x1] = once(crop)
                alpha = fine
        return np.rint(255 * alpha).astype(np.uint8)

    return estimate
