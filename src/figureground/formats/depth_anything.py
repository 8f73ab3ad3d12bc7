"""What Depth Anything V2 fine-tunes on for metric depth (metric_depth/dataset/vkitti2.py, kitti.py and train.py of
DepthAnything/Depth-Anything-V2).

    SPLIT/images/000000007.jpg   SPLIT/depth/000000007.png    16 bits, 0 = no value
    SPLIT.txt                    a line a sample: paths of image and depth, with one space between
    depth.json                   what depth codes mean, and the greatest depth of each split; written last

`train.py --dataset vkitti` reads the training list by VKITTI2, which divides codes by 100, and the other by KITTI,
which divides them by 256: so depth is in centimetres in `train`, and in 256ths of a metre in the other splits, unless
`per_metre` says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from figureground.core.errors import FigureGroundError
from figureground.core.options import option
from figureground.core.record import SPLITS, Record
from figureground.formats.format import Format, Prepared, Work
from figureground.formats.members import depth_png, metres
from figureground.formats.metric3d import prefixed
from figureground.formats.pairs import a_file_a_split, put_depth_meaning, require_pairs, written

VKITTI2, KITTI = 100, 256  # codes a metre of the loaders that train.py uses for training and for validation
MOST = 65535


@dataclass(frozen=True)
class Options:
    """`per_metre`: None for what the project's own loaders divide by."""

    prefix: str = option("", "What the paths in the lists begin with, like data/mine; left out: nothing.")
    per_metre: int | None = option(
        None, "Depth codes a metre, for a loader of your own; left out: 100 in train and 256 elsewhere, as theirs."
    )


def prepare(work: Work, options: Options) -> Prepared:
    """Check what can be refused.  Raises FigureGroundError for samples without depth in metres, and for a prefix with a
    space, at which the loader splits a line."""
    require_pairs(work)
    if options.per_metre is not None and not 1 <= options.per_metre <= MOST:
        raise FigureGroundError(
            f"depth cannot have {options.per_metre} codes a metre", "--per-metre", "1000 is millimetres"
        )
    prefix = prefixed(options.prefix, " \n\r")
    steps = {split: options.per_metre or (VKITTI2 if split == SPLITS[0] else KITTI) for split in work.by_split()}
    return Prepared(options, lambda: _write(work, prefix, steps))


def _write(work: Work, prefix: str, steps: dict[str, int]) -> None:
    greatest = dict.fromkeys(steps, 0.0)

    def encode(data: bytes, record: Record) -> bytes:
        depth = metres(data, record)
        if np.isfinite(depth).any():
            greatest[record.split] = max(greatest[record.split], float(np.nanmax(depth)))
        return depth_png(depth, steps[record.split])

    with a_file_a_split(work, "{}.txt") as lists:
        for pair in written(work, encode):
            lists[pair.record.split].write(f"{prefix}{pair.image} {prefix}{pair.depth}\n".encode())
    put_depth_meaning(work, steps, greatest_metres={split: round(most, 3) for split, most in greatest.items()})


FORMAT = Format(
    "depth-anything",
    "Pairs of picture and depth with a list a split, as Depth Anything V2 fine-tunes on.",
    Options,
    prepare,
)
