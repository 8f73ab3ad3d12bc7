"""JPEG data decoded to its last block, or refused.

libjpeg fills blocks that are missing with grey, and Pillow keeps its warning to itself.  So the data is fed piece by
piece, each as far as the next marker, with a few bytes after it that are no part of the file.  A decoder that has all
its blocks passes over them, as over any bytes before a marker.  One that lacks blocks takes them for data, and waits
for more: they are ones, which no Huffman code consists of, so every block needs at least 17 of them.  The pixels are
those that Pillow gives; nothing is decoded twice.
"""

from __future__ import annotations

import bisect
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image, JpegImagePlugin

from figureground.core.errors import SetAsideError

_ONES = b"\xff\x00"  # a byte of ones, as it stands in data
_AFTER = 9 * _ONES  # no decoder reads ahead further than 8 bytes
_END = b"\xff\xd9"
_EOI, _SOS, _DRI = 0xD9, 0xDA, 0xDD
_RST = range(0xD0, 0xD8)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
_NO_SENSE = "damaged or cut off: a JPEG whose header cannot be understood"
_PART_MISSING = "damaged or cut off: a part of the JPEG's data is missing"
_MOST_SCANS = 500  # each of them costs as much as a picture
_MOST_COEFFICIENTS = 320_000_000  # 640 MB: libjpeg keeps all of them where a picture comes in several scans


class Decoder(Protocol):
    """What Pillow decodes with: `decode` returns how many bytes it used, or -1 and an error code (0: done)."""

    def decode(self, data: bytes) -> tuple[int, int]: ...


@dataclass(frozen=True)
class Frame:
    """What a picture's frame header says.  `factors`: horizontal and vertical sampling of each component."""

    code: int
    height: int
    width: int
    factors: dict[int, tuple[int, int]]

    def blocks(self, components: tuple[int, ...]) -> int:
        """Return how many units of coding (MCUs) a scan of some components has."""
        across = max(h for h, _ in self.factors.values())
        down = max(v for _, v in self.factors.values())
        h, v = self.factors[components[0]] if len(components) == 1 else (1, 1)
        if len(components) == 1:  # not interleaved: the blocks of this component, however it is sampled
            return _up(_up(self.width * h, across), 8) * _up(_up(self.height * v, down), 8)
        return _up(self.width, 8 * across) * _up(self.height, 8 * down)

    def coefficients(self) -> int:
        """Return about how many coefficients the picture has."""
        most = max(h for h, _ in self.factors.values()) * max(v for _, v in self.factors.values())
        return self.width * self.height * sum(h * v for h, v in self.factors.values()) // most


@dataclass(frozen=True)
class Layout:
    """Where the pieces of coded data end in a file, and where its picture ends (at the end marker)."""

    frame: Frame
    pieces: tuple[int, ...]
    end: int
    scans: int


def _up(number: int, by: int) -> int:
    return -(-number // by)


def opened(data: bytes) -> JpegImagePlugin.JpegImageFile:
    """Return a JPEG file's picture, not yet decoded: of several in one file (MPO), the first.

    However many pixels it has: a JPEG may be decoded reduced.  Raises SetAsideError, and what else Pillow raises.
    """
    try:
        return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except SyntaxError:  # as where the height stands behind the data (a DNL marker), which libjpeg does not read
        raise SetAsideError(_NO_SENSE) from None


def layout(data: bytes) -> Layout:
    """Return where what is in a JPEG file; thumbnails inside its segments and whatever follows its end do not count.

    Raises SetAsideError where its end marker, a restart marker or a scan is missing.
    """
    frame: Frame | None = None
    interval, scans = 0, 0
    pieces: list[int] = []
    sent: dict[tuple[int, int], int] = {}  # precision (Al) of each (component, coefficient) so far
    markers = _markers(data)
    for code, at, body in _segments(data, markers):
        if code in _FRAMES and frame is None:
            frame = _frame(code, body)
        elif code == _DRI and len(body) >= 2:
            interval = int.from_bytes(body[:2], "big")
        elif code == _SOS and frame is not None:
            scans += 1
            if scans > _MOST_SCANS:
                raise SetAsideError("damaged or cut off: a JPEG with more scans than any has")
            components = _scan(frame, body, sent)
            ends = _pieces(data, markers, at)
            _require_restarts([code for _, code in ends[:-1]], frame.blocks(components), interval)
            pieces += [end for end, _ in ends]
        elif code == _EOI:
            if frame is None or not pieces:
                raise SetAsideError("damaged or cut off: a JPEG without picture data")
            _require_all_scans(frame, sent)
            return Layout(frame, tuple(pieces), at, scans)
    raise SetAsideError("damaged or cut off: the JPEG's end marker is missing")


def _markers(data: bytes) -> list[int]:
    """Return where markers stand, in coded data or outside: 255 before neither 0 nor 255."""
    values = np.frombuffer(data, np.uint8)
    found: list[int] = np.flatnonzero((values[:-1] == 255) & (values[1:] != 0) & (values[1:] != 255)).tolist()
    return found


def _segments(data: bytes, markers: list[int]) -> Iterator[tuple[int, int, bytes]]:
    """Yield (code, where it ends, body) of each marker outside coded data; of the end marker, where it starts."""
    at = 2
    while (n := bisect.bisect_left(markers, at)) < len(markers):
        code, at = data[markers[n] + 1], markers[n] + 2
        if code == _EOI:
            yield code, markers[n], b""
            return
        if code == 1 or code in _RST or code == 0xD8:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + length]
        at += max(length, 2)
        yield code, at, body
        if code == _SOS:
            at = _pieces(data, markers, at)[-1][0]


def _frame(code: int, body: bytes) -> Frame:
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    parts = [body[i : i + 3] for i in range(6, len(body) - 2, 3)]
    factors = {part[0]: (part[1] >> 4, part[1] & 15) for part in parts}
    if not factors or not width or not height or any(not h or not v for h, v in factors.values()):
        raise SetAsideError(_NO_SENSE)
    return Frame(code, height, width, factors)


def _scan(frame: Frame, body: bytes, sent: dict[tuple[int, int], int]) -> tuple[int, ...]:
    """Return the components of a scan, and note what precision it brings of which coefficients."""
    count = body[0] if body else 0
    components = tuple(body[1 : 1 + 2 * count : 2])
    if not components or len(body) < 4 + 2 * count or not set(components) <= set(frame.factors):
        raise SetAsideError(_NO_SENSE)
    first, last, precision = body[1 + 2 * count], min(body[2 + 2 * count], 63), body[3 + 2 * count]
    if frame.code not in _PROGRESSIVE:
        sent |= {(component, 0): 0 for component in components}
    else:
        for component in components:
            for coefficient in range(first, last + 1):
                before = sent.get((component, coefficient), 0)
                if precision >> 4 and before != precision >> 4:
                    raise SetAsideError("damaged or cut off: one of the JPEG's scans is missing")
                sent[component, coefficient] = precision & 15
    return components


def _pieces(data: bytes, markers: list[int], at: int) -> list[tuple[int, int]]:
    """Return (where it ends, the marker there) of the pieces of a scan's data from `at` on; 0 for no marker."""
    ends = []
    for n in range(bisect.bisect_left(markers, at), len(markers)):
        end = markers[n]
        ends.append((end, data[end + 1]))
        if data[end + 1] not in _RST:
            return ends
    return [*ends, (len(data), 0)]


def _require_restarts(restarts: list[int], blocks: int, interval: int) -> None:
    """Raise SetAsideError where a restart marker is missing, and with it whole intervals."""
    if interval:
        wanted = _up(blocks, interval) - 1
        if len(restarts) < wanted or any(code != _RST[n % 8] for n, code in enumerate(restarts)):
            raise SetAsideError(_PART_MISSING)


def _require_all_scans(frame: Frame, sent: dict[tuple[int, int], int]) -> None:
    """Raise SetAsideError where a component never came, or a progressive picture lacks the scans with its detail."""
    coefficients = 64 if frame.code in _PROGRESSIVE else 1
    if any(sent.get((component, n), 1) for component in frame.factors for n in range(coefficients)):
        raise SetAsideError("damaged or cut off: the JPEG's last scans are missing")


def load(picture: JpegImagePlugin.JpegImageFile, data: bytes) -> tuple[str, ...]:
    """Decode an opened JPEG's pixels, as `picture.load()` does, and return what was odd.

    `data`: its file.  Raises SetAsideError where data is missing, OSError where it cannot be decoded.
    """
    plan = layout(data)
    if plan.scans > 1 and plan.frame.coefficients() > _MOST_COEFFICIENTS:
        raise SetAsideError(
            f"{plan.frame.width} x {plan.frame.height} px in several scans (a progressive JPEG), which needs too much "
            "memory: save it as a baseline JPEG"
        )
    picture.load_prepare()
    name, extents, _, how = picture.tile[0]
    picture.tile = []
    # as ImageFile.Parser does it, which knows no reduced decoding
    decoder = Image._getdecoder(picture.mode, name, how, picture.decoderconfig)
    decoder.setimage(picture.im, extents)
    try:
        if plan.frame.code not in _HUFFMAN:  # an arithmetic coder may leave out its last bytes
            if _feed(decoder, data[: plan.end] + _END) is not None:
                raise SetAsideError(_PART_MISSING)
            return ()
        return _feed_pieces(decoder, data, plan)
    finally:
        decoder.cleanup()


def _feed_pieces(decoder: Decoder, data: bytes, plan: Layout) -> tuple[str, ...]:
    rest, at = b"", 0
    if len(plan.pieces) == 1 and (early := plan.pieces[0] - _spare(plan.pieces[0])) > 0:
        left = _feed(decoder, data[:early])
        if left is None:
            return ("its data goes on after the end of its picture: look whether it is damaged",)
        rest, at = left, early
    for end in plan.pieces:
        # a starved decoder may have use for just what there was, but not for each of these
        for more in (data[at:end] + _AFTER, _ONES, _ONES):
            left = _feed(decoder, rest + more)
            if left is None:
                return ()
            if left:
                raise SetAsideError(_PART_MISSING)
            rest = b""
        at = end
    if _feed(decoder, data[at : plan.end] + _END) is not None:
        raise SetAsideError(_PART_MISSING)
    return ()


def _spare(length: int) -> int:
    """Return how many bytes at the end of a file no picture should be able to do without."""
    return max(512, length // 32)


def _feed(decoder: Decoder, data: bytes) -> bytes | None:
    """Return what the decoder left of some data, None where its picture is done."""
    used, error = decoder.decode(data)
    if used >= 0:
        return data[used:]
    if error < 0:
        raise OSError("the JPEG's data cannot be decoded")
    return None
