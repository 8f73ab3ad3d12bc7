"""What Marigold trains on (src/dataset/base_depth_dataset.py and hypersim_dataset.py of prs-eth/Marigold).

    SPLIT/images/000000007.jpg   SPLIT/depth/000000007.png    16 bits, millimetres, 0 = no value
    SPLIT.txt                    a line a sample: image and depth, relative to this folder, with a space between
    depth.json                   what depth codes mean; written last

Its class HypersimDepthDataset, "hypersim_depth" in a dataset's YAML, reads such depth as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from figureground.formats.format import Format, Prepared, Work
from figureground.formats.members import PER_METRE, millimetres
from figureground.formats.pairs import a_file_a_split, put_depth_meaning, require_pairs, written


@dataclass(frozen=True)
class Options:
    """It has none."""


def prepare(work: Work, options: Options) -> Prepared:
    """Check what can be refused.  Raises FigureGroundError for samples without depth in metres."""
    require_pairs(work)
    return Prepared(options, lambda: _write(work))


def _write(work: Work) -> None:
    with a_file_a_split(work, "{}.txt") as lists:
        for pair in written(work, millimetres):
            lists[pair.record.split].write(f"{pair.image} {pair.depth}\n".encode())
    put_depth_meaning(work, dict.fromkeys(lists, PER_METRE))


FORMAT = Format("marigold", "Pairs of picture and depth with a list a split, as Marigold trains on.", Options, prepare)
