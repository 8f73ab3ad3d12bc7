"""Of a network with depth, floor and camera, make the one that ships beside depth-small: floor and camera alone.

    python -m training.depth.strip work/depth-small.onnx work/room-small.onnx

What only the depth needs is left out: its head, the filter that moves its edges, and the decoder of the mirrored look.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnx
from onnx.utils import Extractor

GIVEN, MADE = "picture", ("floor", "camera")


def without_depth(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the part of a network that gives floor and camera."""
    made = Extractor(model).extract_model([GIVEN], list(MADE))
    onnx.checker.check_model(made)
    return made


def strip(path: Path, to: Path) -> None:
    """Write the floor-and-camera part of an ONNX file."""
    to.write_bytes(without_depth(onnx.load(str(path))).SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("to", type=Path)
    args = parser.parse_args()
    strip(args.network, args.to)


if __name__ == "__main__":
    main()
