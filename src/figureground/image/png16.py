"""PNGs of 16 bits whose bytes hang on no library, and in which a picture takes over what it shares with another.

docs/depth-png.md says how.  A row is cut in pieces of 32 pixels, whose bits hang on its pixels, their neighbours to the
left and above, and the code alone; so where two pictures share a code, pieces are equal where pixels are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core.arrays import Bools, Bytes, Ints
from figureground.image import deflate, png_file
from figureground.image.deflate import END, FEWEST_RUN, LONGEST_RUN, RUN_SYMBOLS, RUNS, SYMBOLS, Code, Words, strung

VERSION = 2  # of the bytes that values are coded in; 1 was zlib's

Codes = NDArray[np.uint16]
_PIECE = LONGEST_RUN  # pixels; the last of a row may be shorter
_ADLER = 65521


@dataclass(frozen=True)
class Box:
    """Some of the rows, top to bottom, and of the pieces of each, first to last; the last ones excluded."""

    top: int
    bottom: int
    first: int
    last: int

    @property
    def args(self) -> tuple[int, int, int, int]:
        return self.top, self.bottom, self.first, self.last

    @staticmethod
    def of(shape: tuple[int, ...]) -> Box:
        """Return the box of a whole picture."""
        return Box(0, shape[0], 0, -(-shape[1] // _PIECE))


NOTHING = Box(0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces in code, row by row.

    `words`: the bits of all, each piece from a new word on; `bits`: uint16, how many each has; `sums`: uint32
    (pieces, 2), of the filtered bytes of each, and of those times how many bytes of it come from there on.
    """

    words: Words
    bits: NDArray[np.uint16]
    sums: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Kept:
    """A picture that others share most pixels with, uint16 (height, width), and its pieces in its own code."""

    values: Codes
    code: Code
    pieces: Pieces

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        pieces = self.pieces
        return self.values.nbytes + pieces.words.nbytes + pieces.bits.nbytes + pieces.sums.nbytes


def encode(values: Codes) -> bytes:
    """Return the PNG of (height, width) values, neither of which is 0."""
    return _file(values, _whole(values))


def kept(values: Codes) -> Kept:
    """Return what is kept of a picture for `encode_changed`."""
    return _whole(values)


def encode_changed(values: Codes, base: Kept, changed: tuple[slice, slice]) -> bytes:
    """Return the PNG, in the base's code, of values that differ from the base's in the box `changed` at most.

    `changed`: (rows, columns); what lies outside is not looked at.  Bytes hang on values and the base's code alone.
    """
    values = np.ascontiguousarray(values)
    box = _pieces_of_box(values.shape, _differing(values, base.values, changed))
    fresh = _pieces(values, base.code, box)
    return _file(values, base, fresh, box)


def _whole(values: Codes) -> Kept:
    values = np.ascontiguousarray(values)
    code = deflate.code_of(_counts(values))
    return Kept(values, code, _pieces(values, code, Box.of(values.shape)))


def _differing(values: Codes, base: Codes, changed: tuple[slice, slice]) -> tuple[int, int, int, int]:
    """Return the (top, bottom, left, right) of what differs in a box; 0s where nothing does.

    A shadow changes no depth, so that may be less than the box.
    """
    (top, bottom, _), (left, right, _) = (
        place.indices(side) for place, side in zip(changed, values.shape, strict=True)
    )
    if native.kernel is not None:
        found: tuple[int, int, int, int] = native.kernel.png_differing(values, base, top, bottom, left, right)
        return found
    differs = values[top:bottom, left:right] != base[top:bottom, left:right]
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not rows.size:
        return 0, 0, 0, 0
    return top + int(rows[0]), top + int(rows[-1]) + 1, left + int(columns[0]), left + int(columns[-1]) + 1


def _pieces_of_box(shape: tuple[int, ...], box: tuple[int, int, int, int]) -> Box:
    """Return the pieces whose bits hang on pixels of a box.

    A pixel is the neighbour of those below and to the right; whether these are like the ones to their left is seen one
    further.
    """
    top, bottom, left, right = box
    if top >= bottom:
        return NOTHING
    height, width = shape
    return Box(top, min(bottom + 1, height), left // _PIECE, -(-min(right + 2, width) // _PIECE))


def _filtered(values: Codes, box: Box) -> tuple[Bytes, int]:
    """Return the filtered pixels of some pieces, uint8 (rows, columns, 2), with the one to their left where there is
    one; and how many, 0 or 1, that is."""
    start = min(box.first, 1)
    left, right = box.first * _PIECE - start, min(box.last * _PIECE, values.shape[1])
    above, before = min(box.top, 1), min(left, 1)
    around = values[box.top - above : box.bottom, left - before : right]
    as_stored = around.astype(">u2").view(np.uint8).reshape(*around.shape, 2)
    lines = png_file.predicted(as_stored)[above:, 1:]
    return np.ascontiguousarray(lines.reshape(len(lines), -1, 2)[:, before:]), start


def _runs(pixels: Bytes, start: int) -> tuple[Bools, Ints]:
    """Return of the filtered pixels of some pieces, but `start` at the left, whether each has a code of its own, and
    how long the run is that begins there, else 0."""
    steps = pixels.view(np.uint16)[..., 0]
    same = np.zeros(steps.shape, np.bool_)
    same[:, 1:] = steps[:, 1:] == steps[:, :-1]
    begins = np.ones(steps.shape, np.bool_)
    begins[:, 1:] = same[:, 1:] != same[:, :-1]
    begins[:, start::_PIECE] = True
    same, begins = same[:, start:], begins[:, start:]
    places = np.flatnonzero(begins)
    length = np.diff(places, append=begins.size)
    run = same.ravel()[places] & (length >= FEWEST_RUN)
    alone = np.repeat(~run, length).reshape(begins.shape)
    lengths = np.zeros(begins.size, np.int64)
    lengths[places[run]] = length[run]
    return alone, lengths.reshape(begins.shape)


def _counts(values: Codes) -> Ints:
    """Return how often each symbol comes in a picture, int64."""
    if native.kernel is not None:
        return np.frombuffer(native.kernel.png_counts(values), np.int64)
    pixels, start = _filtered(values, Box.of(values.shape))
    alone, lengths = _runs(pixels, start)
    counts = np.bincount(pixels.view(np.uint16).ravel()[alone.ravel()].view(np.uint8), minlength=SYMBOLS)
    counts += np.bincount(RUN_SYMBOLS[lengths[lengths > 0]], minlength=SYMBOLS)
    counts[png_file.PAETH] += len(values)
    counts[END] += 1
    return counts


def _pieces(values: Codes, code: Code, box: Box) -> Pieces:
    """Return some pieces of a picture in code."""
    if native.kernel is not None:
        words, bits, sums = native.kernel.png_pieces(values, code.tokens, *box.args)
        return Pieces(
            np.frombuffer(words, np.uint64),
            np.frombuffer(bits, np.uint16),
            np.frombuffer(sums, np.uint32).reshape(-1, 2),
        )
    if box == NOTHING:
        return Pieces(np.zeros(0, np.uint64), np.zeros(0, np.uint16), np.zeros((0, 2), np.uint32))
    pixels, start = _filtered(values, box)
    alone, lengths = _runs(pixels, start)
    return _in_code(pixels[:, start:], alone, lengths, code, box.first == 0)


def _in_code(pixels: Bytes, alone: Bools, lengths: Ints, code: Code, named: bool) -> Pieces:
    """Return pieces of filtered pixels (rows, width, 2); `named`: each row begins with the name of its filter."""
    width = pixels.shape[1]
    high, low = (code.tokens.take(np.ascontiguousarray(pixels[..., k])) for k in range(2))
    sizes = high & 31
    tokens = ((low >> 5 << sizes) | high >> 5).astype(np.uint64) << 5 | sizes + (low & 31)
    if not alone.all():
        tokens = np.where(alone, tokens, code.tokens[RUNS + lengths])
    bits, many = tokens >> 5, (tokens & 31).astype(np.int64)
    if named:
        name = int(code.tokens[png_file.PAETH])
        bits[:, 0] = bits[:, 0] << (name & 31) | name >> 5
        many[:, 0] += name & 31
    starts = np.arange(0, width, _PIECE)
    each = np.add.reduceat(many, starts, axis=1)
    words = (each + 63) // 64
    begin = 64 * (np.cumsum(words) - words.ravel()).reshape(each.shape)
    at = np.cumsum(many, axis=1) - many
    at += np.repeat(begin - at[:, starts], np.diff(starts, append=width), axis=1)
    told = many.ravel() > 0
    strung_up = strung(bits.astype(np.uint64).ravel()[told], many.ravel()[told], at.ravel()[told])
    return Pieces(strung_up, each.ravel().astype(np.uint16), _sums(pixels, starts, named))


def _sums(pixels: Bytes, starts: Ints, named: bool) -> NDArray[np.uint32]:
    """Return the `sums` of pieces that begin at these columns."""
    width = pixels.shape[1]
    ends = np.append(starts[1:], width)
    after = 2 * (np.repeat(ends, ends - starts) - np.arange(width))  # bytes of the piece from each pixel on
    high, low = pixels[..., 0].astype(np.int64), pixels[..., 1].astype(np.int64)
    plain = np.add.reduceat(high + low, starts, axis=1)
    weighted = np.add.reduceat(high * after + low * (after - 1), starts, axis=1)
    if named:
        plain[:, 0] += png_file.PAETH
        weighted[:, 0] += png_file.PAETH * (1 + 2 * ends[0])
    return np.stack([plain.ravel(), weighted.ravel()], axis=1).astype(np.uint32)


def _file(values: Codes, base: Kept, fresh: Pieces | None = None, box: Box = NOTHING) -> bytes:
    """Return the file of a base's pieces, but for the fresh ones of a box."""
    if fresh is None:
        fresh = Pieces(base.pieces.words[:0], base.pieces.bits[:0], base.pieces.sums[:0])
    if native.kernel is not None:
        code, pieces = base.code, base.pieces
        data = native.kernel.png_data(
            values.shape,
            (code.header, code.header_bits, int(code.tokens[END])),
            (pieces.words, pieces.bits, pieces.sums),
            (fresh.words, fresh.bits, fresh.sums),
            box.args,
        )
        return b"".join([png_file.begun(values), data, png_file.END])
    return png_file.file(values, _stream(values.shape, base, fresh, box))


def _stream(shape: tuple[int, ...], base: Kept, fresh: Pieces, box: Box) -> bytes:
    """Return the zlib stream of a base's pieces, but for the fresh ones of a box."""
    height, width = shape
    across = -(-width // _PIECE)
    kept_words = (base.pieces.bits.astype(np.int64) + 63) // 64
    fresh_words = (fresh.bits.astype(np.int64) + 63) // 64
    place = slice(box.top, box.bottom), slice(box.first, box.last)
    inside = box.bottom - box.top, box.last - box.first

    def merged(kept: NDArray[np.integer], of_fresh: NDArray[np.integer]) -> Ints:
        whole = kept.astype(np.int64).reshape(height, across)
        whole[place] = of_fresh.reshape(inside)
        return whole.ravel()

    starts = merged(np.cumsum(kept_words) - kept_words, base.pieces.words.size + np.cumsum(fresh_words) - fresh_words)
    bits = merged(base.pieces.bits, fresh.bits)
    words = (bits + 63) // 64
    ends = np.cumsum(words)
    order = np.repeat(starts - (ends - words), words) + np.arange(ends[-1])
    values = np.concatenate([base.pieces.words, fresh.words])[order]
    sizes = np.full(values.size, 64)
    sizes[ends - 1] = bits - 64 * (words - 1)
    header = base.code.header
    of_header = np.full(header.size, 64)
    of_header[-1] = base.code.header_bits - 64 * (header.size - 1)
    end = int(base.code.tokens[END])
    sizes = np.concatenate([of_header, sizes, [end & 31]])
    stream = strung(np.concatenate([header, values, np.array([end >> 5], np.uint64)]), sizes)
    plain, weighted = (merged(base.pieces.sums[:, k], fresh.sums[:, k]) for k in range(2))
    return stream.astype("<u8").tobytes()[: (int(sizes.sum()) + 7) // 8] + struct.pack(
        ">I", _adler32(plain, weighted, height, width)
    )


def _adler32(plain: Ints, weighted: Ints, height: int, width: int) -> int:
    """Return the checksum of all pieces, from the sums of each."""
    sizes = np.full((height, -(-width // _PIECE)), 2 * _PIECE)
    sizes[:, -1] -= 2 * (sizes.shape[1] * _PIECE - width)
    sizes[:, 0] += 1
    before = 1 + np.cumsum(plain) - plain
    second = int(((before % _ADLER * sizes.ravel() + weighted) % _ADLER).sum()) % _ADLER
    return second << 16 | int(1 + plain.sum()) % _ADLER
