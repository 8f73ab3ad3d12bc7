"""The code in the report that loads the dataset.  It is run by the tests as it stands there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from figureground.core.canvas import Canvas
from figureground.core.layers import LAYERS

_FIGUREGROUND = """\
from figureground import open_dataset

dataset = open_dataset({folder})
sample = dataset[0]                # any index, also negative; decodes only this sample
image = sample.image               # uint8 ({height}, {width}, 3), RGB
mask = sample.mask                 # bool ({height}, {width}), True = figure
{extra}{depth}record = sample.record             # its metadata: key, split, boxes, areas, ...
"""

_FIGUREGROUND_DEPTH = """\
depth = sample.depth.values        # float32 ({height}, {width}), {unit}, {direction}, NaN = no value
"""

_TORCH = """\
import torch
from figureground import open_dataset
from torch.utils.data import DataLoader, Dataset


class Composites(Dataset):
    def __init__(self, folder, split):
        self.samples = open_dataset(folder).select(split=split)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        sample = self.samples[i]
        image = torch.tensor(sample.image).permute(2, 0, 1).float() / 255
        mask = torch.tensor(sample.mask)[None].float()
{depth}        return {returned}


train = Composites({folder}, "train")
loader = DataLoader(train, batch_size=4, shuffle=True)
{batch} = next(iter(loader))
"""

_TORCH_DEPTH = """\
        depth = torch.tensor(sample.depth.values)[None]
        valid = torch.isfinite(depth)  # take the loss here only
        depth = torch.nan_to_num(depth)
"""

_PLAIN = """\
import io
import json
import zipfile

import numpy as np
from PIL import Image

with zipfile.ZipFile({part}) as part:
    records = [json.loads(line) for line in part.read("metadata.jsonl").splitlines()]
    record = records[0]

    def picture(layer):
        return Image.open(io.BytesIO(part.read(record[layer + "_file_name"])))

    image = np.asarray(picture("image"))                    # uint8 (h, w, 3), RGB
    mask = np.asarray(picture("mask").convert("L")) >= 128  # bool (h, w)
{extra}{depth}"""

_PLAIN_DEPTH = """\
    codes = np.asarray(picture("depth"))
    depth = record["depth_offset"] + record["depth_scale"] * codes.astype(np.float64)
    if record["depth_invalid"] is not None:
        depth[codes == record["depth_invalid"]] = np.nan    # no value
"""


@dataclass(frozen=True)
class Snippet:
    """A piece of Python and what stands above it."""

    title: str
    code: str


def snippets(
    folder: str, part: str, canvas: Canvas, depth: tuple[str, str] | None, layers: Iterable[str] = ()
) -> list[Snippet]:
    """Return the ways to load a dataset, to be run from the folder that holds it.

    `folder` is the dataset folder's name, `part` a part's file in it, `depth` its (unit, direction) or None,
    `layers` those that a sample has.
    """
    sides = {"height": canvas.height, "width": canvas.width}
    with_unit = _FIGUREGROUND_DEPTH.format(**sides, unit=depth[0], direction=depth[1]) if depth else ""
    grey = [layer for layer in layers if LAYERS[layer].coder == "grey"]
    shape = f"({canvas.height}, {canvas.width})"
    own = "".join(f"{f'{layer} = sample.{layer}':<34} # uint8 {shape}\n" for layer in grey)
    plain = "".join(f"    {layer} = np.asarray(picture({json.dumps(layer)}))\n" for layer in grey)
    one, batch = "image, mask", "images, masks"
    if depth:
        one, batch = f"{one}, depth, valid", f"{batch}, depths, valids"
    place = json.dumps(folder)
    torch = _TORCH.format(folder=place, depth=_TORCH_DEPTH if depth else "", returned=one, batch=batch)
    return [
        Snippet("Python, with figureground", _FIGUREGROUND.format(folder=place, **sides, depth=with_unit, extra=own)),
        Snippet("PyTorch, in batches", torch),
        Snippet(
            "Python without figureground: zipfile, Pillow, NumPy",
            _PLAIN.format(part=json.dumps(f"{folder}/{part}"), depth=_PLAIN_DEPTH if depth else "", extra=plain),
        ),
    ]
