"""Random calls of the kernel's functions: mostly near what they take, with sizes, strides and kinds that do not fit.

What is wrong is refused with ValueError, TypeError, BufferError, OverflowError or MemoryError; anything else is a
finding, and so is a crash, which sanitizers make of each byte that lies outside of an array.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Drawn = np.random.Generator
REFUSALS = (ValueError, TypeError, BufferError, OverflowError, MemoryError)
# what each argument is: "kind:sides" of an array, a letter being one size throughout a call; "n" a number, "f" a float,
# "n4", "f5" tuples of so many; other words: what `_WORDS` draws
SIGNATURES: dict[str, list[str]] = {
    "box_blur": ["f4:hw3", "n"],
    "crc32": ["u1:h", "n"],
    "deflate_code": ["i8:="],
    "png_counts": ["u2:hw"],
    "png_unfiltered": ["u1:hd", "u2:hw"],
    "png_differing": ["u2:HW", "u2:HW", "box"],
    "png_pieces": ["u2:HW", "tokens", "pieces"],
    "png_data": ["png"],
    "promising": ["places", "heights", "wanted", "turns", "u2:HW", "depth", "f4:k2", "f4:MN", "n"],
    "resize": ["u1:hkw", "i4:s", "u1:kMN"],
    "paste": ["u1:HW3", "u1:HW", "u1:hw3", "u1:hw", "n", "n"],
    "cover": ["u1:kHW", "u1:HW", "u1:hw", "n", "n", "n"],
    "owners": ["u1:kHW", "u1:HW"],
    "straight": ["u1:4hw", "u1:hw4"],
    "coloured": ["u1:hw4", "f4:@"],
    "grained": ["u1:hw4", "f4:hh", "f", "n", "n", "u1:hw4"],
    "pieces": ["?:hw", "i4:hw"],
    "without_crumbs": ["?:hw", "f"],
    "window_sums": ["?:hw", "n", "u1:hw"],
    "rle": ["?:hw", "n", "n", "n", "n"],
    "tent": ["u1:hw", "i8:h", "i8:h"],
    "soles": ["i8:w", "u1:w", "n", "n", "n", "u1:hW"],
    "lowest": ["u1:hw", "n", "i8:w"],
    "spread": ["u1:hw", "i8:k3", "n", "u1:hw"],
    "thrown": ["u1:hw", "f8:H", "f8:W", "f4", "f5", "f5", "f8:HW"],
    "finer": ["f8:hw", "n", "u1:hw"],
    "weighed": ["u1:hw", "u1:HW3", "u1:hw|", "n", "n"],
    "darken": ["u1:HW3", "u1:hw", "u1:hw", "u1:hw|", "n", "n"],
    "layer": ["u2:HW", "?:HW", "n4", "u2:*|", "u1:hw|", "n", "n"],
    "changed_codes": ["u2:hw", "u2:hw", "i8:+"],
    "view": ["u1:hw", "?:hw", "n"],
    "tight_box": ["?:hw"],
    "nearer": ["f4:hw", "?:hw", "f", "?:hw"],
    "heat": ["?:HW", "i8:h", "i8:w", "i8:ab"],
    "changed_sums": ["u1:hw3", "u1:hw3"],
    "jpeg_begin": ["u1:HW3", "n", "n", "n"],
    "jpeg_changed": ["jpeg", "u1:HW3", "u1:HW3", "box", "n"],
}
_ODD = (-1, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**62), 2**63 - 1, 2**70, 255, 256, 65536)
_ODD_FLOATS = (0.0, -1.0, 1e300, -1e300, 1e-300, float("nan"), float("inf"), -float("inf"), 0.3)


def _number(drawn: Drawn) -> int:
    return int(drawn.choice(_ODD[:4])) if drawn.random() < 0.05 else _near(drawn)


def _near(drawn: Drawn) -> int:
    return _ODD[int(drawn.integers(len(_ODD)))] if drawn.random() < 0.1 else int(drawn.integers(-1, 9))


def _float(drawn: Drawn) -> float:
    return float(drawn.choice(_ODD_FLOATS)) if drawn.random() < 0.2 else float(drawn.normal() * 10)


def _array(drawn: Drawn, kind: str, shape: tuple[int, ...]) -> Any:
    """Return an array of these sides, or of others, of its kind or another, in memory exactly as large as it needs."""
    if drawn.random() < 0.05:
        kind = str(drawn.choice(["u1", "?", "u2", "i4", "i8", "f4", "f8", "c16", "S3"]))
    if drawn.random() < 0.08:
        shape = tuple(max(0, side + int(drawn.integers(-2, 3))) for side in shape)
    if drawn.random() < 0.03:
        shape = (*shape, 1) if drawn.random() < 0.5 else shape[1:]
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    values = drawn.integers(0, 256, size, np.uint8)
    if kind in ("i8", "i4") and drawn.random() < 0.8:
        found = drawn.integers(0, 9, shape).astype(kind)
        found = np.sort(found, axis=None).reshape(shape) if drawn.random() < 0.5 else found
    elif kind == "f8" and drawn.random() < 0.8:
        found = drawn.random(shape) * 255
    elif kind == "f4" and drawn.random() < 0.8:
        found = drawn.random(shape, np.float32) * np.float32(drawn.choice([1, 255]))
    elif kind == "?" or drawn.random() < 0.3:
        found = (values.view(kind) if kind != "?" else values > 99).reshape(shape)
        found = np.where(drawn.random(shape) < 0.5, found, np.zeros((), kind)).astype(kind)
    else:
        found = values.view(kind).reshape(shape)
    way = drawn.random() if found.ndim else 1.0
    if way < 0.1:
        return found[::-1] if way < 0.05 else found[..., ::-1]
    if way < 0.15:
        return np.repeat(found, 2, 0)[::2]
    if way < 0.17:
        found.flags.writeable = False
    elif way < 0.19:
        return np.broadcast_to(found[:1], found.shape) if found.ndim and found.shape[0] else found
    elif way < 0.2:
        return found.tobytes()
    return found


def arguments(drawn: Drawn, kernel: ModuleType, name: str) -> list[Any]:
    """Return what a function is called with."""
    most = 9 if drawn.random() < 0.95 else 70
    sides = {letter: int(drawn.integers(0, most)) for letter in "hwHWkp"}
    sides |= {"a": max(0, sides["h"] - 1), "b": max(0, sides["w"] - 1), "d": 1 + 2 * sides["w"]}
    sides |= {"p": sides["h"] * sides["w"], "2": 2, "3": 3, "4": 4, "*": 256, "+": 1024, "=": 277, "@": 2187}
    sides["s"] = 1 if name == "promising" else 1 + 2 * int(drawn.integers(0, 3))
    sides |= {"M": sides["H"] + 1 + sides["s"], "N": sides["W"] + 1 + sides["s"]}
    found: list[Any] = []
    for what in SIGNATURES[name]:
        kind, _, letters = what.partition(":")
        if drawn.random() < 0.01:
            found.append([None, "text", b"bytes", object(), 1.5, ()][int(drawn.integers(6))])
        elif what == "n":
            found.append(_number(drawn))
        elif what == "f":
            found.append(_float(drawn))
        elif what == "n4":
            box = (0, sides["h"], 0, sides["w"]) if drawn.random() < 0.7 else tuple(_number(drawn) for _ in range(4))
            found.append(box)
        elif what in ("f4", "f5"):
            found.append(tuple(_float(drawn) for _ in range(int(what[1]))))
        elif what in _WORDS:
            found += _WORDS[what](drawn, kernel, sides)
        elif letters.endswith("|") and drawn.random() < 0.4:
            found.append(None)
        else:
            found.append(_array(drawn, kind, tuple(sides[letter] for letter in letters.rstrip("|"))))
    return found


Sides = dict[str, int]


def _box(drawn: Drawn, height: int, width: int) -> list[int]:
    """Return the four ends of a box that mostly lies in so many rows and columns."""
    ends = [sorted(drawn.integers(0, side + 1, 2).tolist()) for side in (height, width)]
    return [*ends[0], *ends[1]] if drawn.random() < 0.8 else [_number(drawn) for _ in range(4)]


def _begun(drawn: Drawn, kernel: ModuleType, sides: Sides) -> list[Any]:
    """Return the blocks of a JPEG's background, as `jpeg_changed` takes them."""
    picture = drawn.integers(0, 256, (sides["H"], sides["W"], 3), np.uint8)
    across, down = (int(n) for n in drawn.integers(1, 3, 2))
    try:
        return [kernel.jpeg_begin(picture, int(drawn.integers(1, 101)), across, down)[0]]
    except REFUSALS:
        return [None]


_PIECE, _TOKENS, _RUNS, _WIDEST = 32, 290, 257, 67  # of native/png.h, and px of a picture of three pieces


def _tokens(drawn: Drawn) -> Any:
    """Return tokens as long as they may be, or not."""
    most = np.where(np.arange(_TOKENS) < _RUNS, 16, 20)
    lengths = drawn.integers(0, most) if drawn.random() < 0.9 else drawn.integers(0, 32, _TOKENS)
    return (lengths | drawn.integers(0, 2**27, _TOKENS) << 5).astype(np.uint32)


def _across(sides: Sides) -> int:
    return -(-sides["W"] // _PIECE)


def _coded(drawn: Drawn, kernel: ModuleType, sides: Sides) -> list[Any]:
    """Return the arguments of `png_data`: pieces that `png_pieces` made and a box, some of them changed."""
    sides = sides | {"H": int(drawn.integers(1, 6)), "W": int(drawn.integers(1, _WIDEST))}
    height, across, tokens = sides["H"], _across(sides), _tokens(drawn)
    box, all_of_it = _box(drawn, height, across), [0, height, 0, across]
    try:
        base, fresh = (
            _pieces_of(kernel.png_pieces(drawn.integers(0, 9, (height, sides["W"])).astype(np.uint16), tokens, *part))
            for part in (all_of_it, box)
        )
    except REFUSALS:
        base = fresh = (_array(drawn, "u8", (3,)), _array(drawn, "u2", (3,)), _array(drawn, "u4", (3, 2)))
    header = _array(drawn, "u8", (3,))
    bits = int(drawn.integers(0, 193)) if drawn.random() < 0.8 else _number(drawn) % 2**31
    end = int(drawn.integers(0, 2**32))
    if drawn.random() < 0.2:
        parts = [*fresh]
        parts[int(drawn.integers(3))] = _array(drawn, "u2", (sides["k"],))
        fresh = tuple(parts)
    shape = (height, sides["W"]) if drawn.random() < 0.9 else (_number(drawn), _number(drawn))
    return [shape, (header, bits, end), base, fresh, tuple(box)]


def _pieces_of(made: tuple[bytes, bytes, bytes]) -> tuple[Any, ...]:
    words, bits, sums = (np.frombuffer(one, kind) for one, kind in zip(made, ("u8", "u2", "u4"), strict=True))
    return words, bits, sums.reshape(-1, 2)


def _places(drawn: Drawn, sides: Sides) -> Any:
    """Return places on a canvas and below it, rarely beside it."""
    if drawn.random() < 0.1:
        return _array(drawn, "i8", (sides["h"], 2))
    most = [max(1, sides["W"]), sides["H"] + 3 if drawn.random() < 0.9 else 2**63 - 1]
    return drawn.integers(0, most, (sides["h"], 2))


def _floats(drawn: Drawn, *usual: float) -> tuple[float, ...]:
    """Return floats near to the usual ones, or any."""
    return tuple(one + drawn.normal() * 0.1 if drawn.random() < 0.9 else _float(drawn) for one in usual)


def _heights(drawn: Drawn) -> tuple[float, ...]:
    """Return how tall figures look: by a camera over a plane, or by a horizon alone."""
    rule = _floats(drawn, 8, 8, 4, -4, 0, 1, 0.2, 1.4)
    return rule if drawn.random() < 0.5 else (0.0, *rule[1:])


_WORDS: dict[str, Callable[[Drawn, ModuleType, Sides], list[Any]]] = {
    "box": lambda drawn, kernel, sides: _box(drawn, sides["H"], sides["W"]),
    "jpeg": _begun,
    "tokens": lambda drawn, kernel, sides: [_tokens(drawn)],
    "pieces": lambda drawn, kernel, sides: _box(drawn, sides["H"], _across(sides)),
    "png": _coded,
    "places": lambda drawn, kernel, sides: [_places(drawn, sides)],
    "heights": lambda drawn, kernel, sides: [_heights(drawn)],
    "wanted": lambda drawn, kernel, sides: [_floats(drawn, 4, 8, 1.7, 1, 0.5, 1, 0, 99, -9, 0.5)],
    "turns": lambda drawn, kernel, sides: [drawn.integers(0, drawn.choice([32, 256]), 2, np.uint8).tobytes()],
    "depth": lambda drawn, kernel, sides: [
        _floats(drawn, 0.01, 0.1, float(drawn.integers(0, 3)), 0, 0.1, 0.1, 0.9, 1.05, 0.3, 0.1)
    ],
}


def attempt(kernel: ModuleType, name: str, seed: int) -> bool:
    """Call a function with what a seed draws; return whether it took it."""
    drawn = np.random.default_rng(seed)
    given = arguments(drawn, kernel, name)
    try:
        getattr(kernel, name)(*given)
    except REFUSALS:
        return False
    return True


def functions(kernel: ModuleType) -> list[str]:
    return [name for name in dir(kernel) if not name.startswith("_")]
