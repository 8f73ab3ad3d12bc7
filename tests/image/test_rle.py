from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bools
from figureground.image import rle


@st.composite
def masks(draw: st.DrawFn) -> Bools:
    """Noise, blobs and long runs: run lengths of one to several characters, that grow and shrink."""
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if draw(st.booleans()):
        return np.asarray(rng.random((height, width)) < draw(st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0])))
    mask = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 4))):
        y, x = rng.integers(0, height), rng.integers(0, width)
        mask[y : y + rng.integers(1, 40), x : x + rng.integers(1, 40)] ^= True
    return mask


def slow_encode(mask: Bools) -> str:
    """COCO's rleToString over its rleEncode, step by step."""
    runs, value, count = [], False, 0
    for x in range(mask.shape[1]):
        for y in range(mask.shape[0]):
            if bool(mask[y, x]) != value:
                runs.append(count)
                value, count = not value, 0
            count += 1
    runs.append(count)
    text = ""
    for i in range(len(runs)):
        number = runs[i] - (runs[i - 2] if i > 2 else 0)
        more = True
        while more:
            piece = number & 0x1F
            number >>= 5
            more = (number != -1) if piece & 0x10 else (number != 0)
            text += chr((piece | 0x20 if more else piece) + 48)
    return text


@settings(max_examples=200)
@given(masks())
def test_decode_of_encode_is_the_mask(mask: Bools) -> None:
    found = rle.decode(rle.encode(mask), mask.shape)
    assert found.dtype == bool
    assert np.array_equal(found, mask)
    assert np.array_equal(rle.decode(rle.encode(mask[:, ::-1].T), mask.T.shape), mask[:, ::-1].T)  # any memory order


@settings(max_examples=200)
@given(masks())
def test_encode_is_cocos_own(mask: Bools) -> None:
    assert rle.encode(mask) == slow_encode(mask)


@settings(max_examples=100)
@given(masks(), *(st.integers(0, 7) for _ in range(4)))
def test_a_part_of_a_frame_is_encoded_as_the_frame_is(mask: Bools, top: int, left: int, below: int, right: int) -> None:
    frame = np.pad(mask, ((top, below), (left, right)))
    assert rle.encode(mask, frame.shape, (top, left)) == rle.encode(frame)


def test_known_codes() -> None:
    """By hand: 6 pixels of 0; 0 of 0 and 6 of 1; runs 1, 1, 4 down the columns."""
    assert rle.encode(np.zeros((2, 3), bool)) == "6"
    assert rle.encode(np.ones((2, 3), bool)) == "06"
    assert rle.encode(np.array([[0, 0, 0], [1, 0, 0]], bool)) == "114"
    assert rle.encode(np.zeros((8, 8), bool)) == "P2"  # 64 = 2 * 32: a first piece 0 with "more", then 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pycocotools against numpy 2
@settings(max_examples=100)
@given(masks())
def test_pycocotools_agrees(mask: Bools) -> None:
    coco: Any = pytest.importorskip("pycocotools.mask")
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert rle.encode(mask) == theirs["counts"].decode("ascii")
    assert np.array_equal(coco.decode({"size": list(mask.shape), "counts": rle.encode(mask)}), mask)


@pytest.mark.parametrize(
    ("counts", "shape"),
    [
        ("", (2, 3)),  # says nothing of six pixels
        ("5", (2, 3)),
        ("7", (2, 3)),
        ("6", (3, 3)),
        ("15N2", (2, 3)),  # a run of -2
        ("11N6", (2, 3)),
        ("6P", (2, 3)),  # ends in the middle of a number
        ("6PP", (2, 3)),
        ("6 ", (2, 3)),  # no character of the code
        ("6\n", (2, 3)),
        ("f3é", (2, 3)),
        ("z" * 400, (2, 3)),
    ],
)
def test_malformed_text_is_refused(counts: str, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        rle.decode(counts, shape)


@settings(max_examples=300)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=130), max_size=12))
def test_any_text_is_a_mask_or_refused(counts: str) -> None:
    """Whatever is read as a mask of this shape is what would have been written for it, or an odd way to write it."""
    try:
        mask = rle.decode(counts, (4, 5))
    except ValueError:
        return
    assert mask.shape == (4, 5)
    assert np.array_equal(rle.decode(rle.encode(mask), (4, 5)), mask)
