"""Another network's depth for a finished dataset, and its export in the layout of 2020."""

from pathlib import Path

import numpy as np

import figureground
from figureground.core.engines import choose
from figureground.core.progress import silent
from figureground.core.recipe import DepthOptions
from figureground.make.redepth import redo_dataset

# "small" ships; a path or a name from `figureground models` is another.  Images and masks are copied.
options = DepthOptions(source="network", model="small")
redo_dataset(Path("out-floor"), Path("out-network"), options, Path(), choose("serial", 1), silent)

layered, network = (figureground.open_dataset(name) for name in ("out-floor", "out-network"))
shifts = []
for known, guessed in zip(layered, network, strict=True):
    outside = ~known.mask
    shifts.append(np.nanmedian(np.abs(known.depth.values - guessed.depth.values)[outside]))
print(f"off the figures the network is wrong by {np.median(shifts):.2f} {network[0].record.depths['depth'].unit}")

figureground.export(network, "2020", "zips", parts=1, mask="jpeg", depth="jpeg8")
for path in sorted(Path("zips").iterdir()):
    print(path)
print(Path("zips/labels.txt").read_text(encoding="utf-8").splitlines()[0])
