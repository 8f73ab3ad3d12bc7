"""Of a network with depth, floor and camera, make the two that ship: depth alone, and floor and camera alone.

    python -m training.depth.strip work/network.onnx work

What a network's answers do not need is left out: of the room's the head of the depth, the filter that moves its edges
and the decoder of the mirrored look; of the depth's the heads of floor and camera.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx.utils import Extractor

GIVEN = "picture"
SHIPPED = {"depth-small.onnx": ("depth",), "room-small.onnx": ("floor", "camera")}


def only(model: onnx.ModelProto, made: Sequence[str]) -> onnx.ModelProto:
    """Return the part of a network that gives these outputs."""
    part = Extractor(model).extract_model([GIVEN], list(made))
    onnx.checker.check_model(part)
    return part


def strip(path: Path, folder: Path) -> None:
    """Write what ships of an ONNX file into a folder."""
    model = onnx.load(str(path))
    for name, made in SHIPPED.items():
        (folder / name).write_bytes(only(model, made).SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    strip(args.network, args.folder)


if __name__ == "__main__":
    main()
