"""Whose depth map is whose: by paths first, then by how paths end, and never by guessing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.ingest.depth_pairs import NO_MAP, Named, is_marked, paired


def pairs(photos: list[str], maps: list[str]) -> list[str]:
    """Return the map of each photo; "-" where it has none and "?" where that is not clear."""
    found = paired([Named(one, one) for one in photos], maps)
    return [maps[one] if isinstance(one, int) else "-" if one == NO_MAP else "?" for one in found]


@pytest.mark.parametrize(
    ("photos", "maps", "expected"),
    [
        (["a.jpg", "b.jpg"], ["a.png", "b.npy"], ["a.png", "b.npy"]),
        (["a/0000.jpg", "b/0000.jpg"], ["a/0000.png", "b/0000.png"], ["a/0000.png", "b/0000.png"]),
        (["a/0000.jpg", "b/0000.jpg"], ["b/0000.png"], ["-", "b/0000.png"]),
        (["a/0000.jpg", "b/0000.jpg"], ["0000.png"], ["?", "?"]),
        (["b/0000.jpg"], ["a/0000.png", "c/0000.png"], ["?"]),
        (["b/0000.jpg"], ["deep/down/0000.png"], ["deep/down/0000.png"]),
        (["x/room.jpg"], ["x/room_depth.png"], ["x/room_depth.png"]),
        (["room.jpg"], ["room-depth.PNG"], ["room-depth.PNG"]),
        (["room.jpg"], ["room.depth.npy"], ["room.depth.npy"]),
        (["room.jpg"], ["room.depth.png", "room.png"], ["?"]),
        (["room.jpg"], ["room.npy", "room.png"], ["?"]),
        (["ROOM.JPG"], ["room.png"], ["room.png"]),
        (["Room.jpg", "room.jpg"], ["room.png"], ["-", "room.png"]),
        (["ROOM.jpg", "Room.jpg"], ["room.png"], ["?", "?"]),
        (["a.jpg", "a.png"], ["a.npy"], ["?", "?"]),
        ([unicodedata.normalize("NFD", "küche.jpg")], [unicodedata.normalize("NFC", "küche.png")], ["küche.png"]),
        (
            ["s/color/0.jpg", "t/color/0.jpg"],
            ["s/depth/0.png", "t/depth/0.png"],
            ["s/depth/0.png", "t/depth/0.png"],
        ),
        (["seq/frame-000.color.png"], ["seq/frame-000.depth.png"], ["seq/frame-000.depth.png"]),
        (["rgb_1.jpg"], ["rgb_1_depth_map.png"], ["rgb_1_depth_map.png"]),
        (["depth.jpg"], ["depth.png"], ["depth.png"]),
        (["a.jpg"], [], ["-"]),
        (["a.jpg", "a.png"], ["a.jpg.depth.png", "a.png.depth.png"], ["a.jpg.depth.png", "a.png.depth.png"]),
        (["a.jpg", "a.png"], ["a.jpg.depth.png"], ["a.jpg.depth.png", "-"]),
        (["v1.2.jpg", "v1.3.jpg"], ["v1.2.png", "v1.3.png"], ["v1.2.png", "v1.3.png"]),
    ],
)
def test_maps_are_found_by_path_and_never_guessed(photos: list[str], maps: list[str], expected: list[str]) -> None:
    expected = [maps[0]] if expected == ["küche.png"] else expected
    assert pairs(photos, maps) == expected


def test_sources_that_share_a_folder_are_told_apart_by_their_own_names() -> None:
    photos = [Named("0.jpg", "x/rooms/0.jpg"), Named("0.jpg", "x/streets/0.jpg")]
    assert paired(photos, ["streets/0.png", "rooms/0.png"]) == [1, 0]


def test_what_is_not_clear_is_named() -> None:
    (two,) = paired([Named("b/0.jpg", "b/0.jpg")], ["a/0.png", "c/0.png"])
    assert str(two).startswith("it is not clear which depth map is its own: a/0.png or c/0.png; keep one, or lay both")
    one, other = paired([Named("a/0.jpg", "a/0.jpg"), Named("b/0.jpg", "b/0.jpg")], ["0.png"])
    assert one == other
    assert str(one).startswith("2 photos would share the depth map 0.png (a/0.jpg, b/0.jpg): give each one of its own")


def test_names_say_what_is_a_map() -> None:
    assert [is_marked(name) for name in ("a_depth.png", "a.depth.png", "x/a-Depth.tif", "a.png", "depth.png")] == [
        *(True, True, True),
        *(False, False),
    ]


_NAMES = st.lists(st.sampled_from(["a/1", "b/1", "a/2", "1", "A/1", "c/a/1", "b/2"]), unique=True, max_size=6)


@given(_NAMES, _NAMES)
def test_no_map_is_given_twice_and_order_does_not_matter(photos: list[str], maps: list[str]) -> None:
    found = pairs([f"{one}.jpg" for one in photos], [f"{one}.png" for one in maps])
    given_away = [one for one in found if one not in "-?"]
    assert len(given_away) == len(set(given_away))
    turned = pairs([f"{one}.jpg" for one in photos[::-1]], [f"{one}.png" for one in maps[::-1]])
    assert turned[::-1] == found
    for photo, one in zip(photos, found, strict=True):
        if photo in maps:  # a map of the very path is its own, or nobody's
            assert one in (f"{photo}.png", "?")
