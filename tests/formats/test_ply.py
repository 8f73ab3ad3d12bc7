"""PLY files, read back by a slow parser that knows only the format's description."""

import struct
from pathlib import Path

import numpy as np
import pytest

from figureground.core.camera import Points
from figureground.core.errors import FigureGroundError
from figureground.formats.ply import encode, write_ply

SIZES = {"float": "f", "uchar": "B", "int": "i", "double": "d"}


def read_ply(data: bytes) -> list[dict[str, float]]:
    """Return the vertices of a binary little-endian PLY, one value at a time."""
    lines: list[str] = []
    rest = data
    while not lines or lines[-1] != "end_header":
        line, _, rest = rest.partition(b"\n")
        lines.append(line.decode("ascii"))
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    (count,) = (int(line.split()[2]) for line in lines if line.startswith("element "))
    properties = [line.split()[1:] for line in lines if line.startswith("property ")]
    found = []
    for _ in range(count):
        vertex = {}
        for kind, name in properties:
            size = struct.calcsize("<" + SIZES[kind])
            (vertex[name],) = struct.unpack("<" + SIZES[kind], rest[:size])
            rest = rest[size:]
        found.append(vertex)
    assert rest == b""
    return found


def cloud(n: int) -> Points:
    rng = np.random.default_rng(n)
    return Points(rng.normal(0, 3, (n, 3)), rng.integers(0, 256, (n, 3), dtype=np.uint8))


@pytest.mark.parametrize("n", [0, 1, 10, 257])  # a count whose bytes look like a line end too
def test_points_are_read_back(n: int) -> None:
    points = cloud(n)
    found = read_ply(encode(points))
    assert len(found) == n
    for vertex, xyz, rgb in zip(found, points.xyz.astype(np.float32), points.rgb, strict=True):
        assert [vertex[axis] for axis in "xyz"] == xyz.tolist()
        assert [vertex[name] for name in ("red", "green", "blue")] == rgb.tolist()


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_ply(cloud(9), tmp_path / "new/cloud.ply")
    assert (tmp_path / "new/cloud.ply").read_bytes() == encode(cloud(9))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["cloud.ply"]
    with pytest.raises(FigureGroundError, match="cannot write"):
        write_ply(cloud(9), tmp_path / "new")
    with pytest.raises(FigureGroundError, match="cannot write"):
        write_ply(cloud(9), tmp_path / "new/cloud.ply/under.ply")
