import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from figureground.core import random
from figureground.core.nouns import Figure, Scene
from figureground.core.random import content_index
from figureground.core.recipe_toml import from_mapping
from figureground.plan.split import Split, held_out, split, together
from figureground.resolve import placing_of
from tests.plan.sights import catalog_of


def test_held_out_photos_are_as_many_as_asked_and_hang_on_content() -> None:
    shas = [f"{i * 7919:064x}" for i in range(40)]
    held = held_out(1, "background", shas, 0.25)
    assert len(held) == 10
    shuffled = shas[::-1]
    assert {shuffled[i] for i in held_out(1, "background", shuffled, 0.25)} == {shas[i] for i in held}
    assert len(held_out(1, "background", shas[:1], 0.9)) == 0  # something is left to train on


def test_a_scene_is_new_in_what_any_of_it_is_new_in() -> None:
    known, new = (Figure(number, 0, 0, 9, 9, False) for number in (3, 5))
    kept = Split(frozenset({1}), frozenset({5}))
    for background, figures, expected in (
        (0, (known,), "train"),
        (1, (known,), "new_background"),
        (0, (new,), "new_foreground"),
        (0, (known, new), "new_foreground"),
        (1, (known, new), "new_both"),
    ):
        assert kept.of(Scene(0, background, 0, False, figures)) == expected


def test_a_scene_without_figures_is_of_the_split_whose_turn_it_was() -> None:
    """Else what trains would hang on who found a place, and could not be told by a number alone."""
    kept = Split(frozenset({1}), frozenset({5}))
    for turn, expected in (((0, 3), "train"), ((1, 3), "new_background"), ((0, 5), "new_foreground")):
        assert kept.of(Scene(0, turn[0], 0, False, (), turn)) == expected


def test_what_is_kept_out_follows_from_the_rules() -> None:
    catalog = catalog_of(10, [(20, 10)] * 20)
    placing = placing_of(from_mapping({"seed": 4, "split": {"backgrounds": 0.3, "foregrounds": 0.2}}))
    backgrounds = [photo.source_sha256 for photo in catalog.backgrounds]
    foregrounds = [photo.source_sha256 for photo in catalog.foregrounds]
    found = split(placing, catalog)
    assert found.backgrounds == held_out(4, "background", backgrounds, 0.3)
    assert found.foregrounds == held_out(4, "foreground", foregrounds, 0.2)
    assert (len(found.backgrounds), len(found.foregrounds)) == (3, 4)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.floats(0, 0.9), st.integers(0, 99), st.booleans())
def test_photos_of_one_group_share_a_split(owners: list[int], fraction: float, seed: int, loose: bool) -> None:
    """A group of "" is none."""
    shas = [f"{i * 7919 + 1:064x}"[::-1] for i in range(len(owners))]
    groups = [f"house {n}" if n or not loose else "" for n in owners]
    held = held_out(seed, "foreground", shas, fraction, groups)
    for name in set(groups) - {""}:
        members = {i for i, group in enumerate(groups) if group == name}
        assert members <= held or not members & held
    wanted = min(round(fraction * len(shas)), len(shas) - 1)
    assert len(held) < len(shas)
    units = [[i] for i, group in enumerate(groups) if not group]
    units += [[i for i, group in enumerate(groups) if group == name] for name in set(groups) - {""}]
    assert len(held) <= max(wanted, min(map(len, units)))
    if wanted and len(units) > 1:
        assert held
    order = sorted(range(len(shas)), key=lambda i: (i * 31) % 101)
    again = held_out(seed, "foreground", [shas[i] for i in order], fraction, [groups[i] for i in order])
    if len({len(unit) for unit in units}) == 1:
        assert {order[i] for i in again} == held


@given(st.integers(1, 30), st.floats(0, 0.9), st.integers(0, 99))
def test_without_groups_the_split_is_what_it_was(photos: int, fraction: float, seed: int) -> None:
    shas = [f"{i * 7919 + 1:064x}"[::-1] for i in range(photos)]
    ranks = [int(random.bits(seed, content_index(sha), "split background")) for sha in shas]
    wanted = min(round(fraction * photos), photos - 1)
    expected = sorted(range(photos), key=lambda i: (ranks[i], shas[i]))[:wanted]
    assert held_out(seed, "background", shas, fraction) == set(expected)
    assert held_out(seed, "background", shas, fraction, [""] * photos) == set(expected)


def test_twins_bring_their_groups_together() -> None:
    """Whatever the order; and without twins every photo goes by its group alone."""
    (photo, *_) = catalog_of(1, [(20, 10)]).foregrounds
    about = [("house", ""), ("", "t1"), ("garden", "t1"), ("street", ""), ("", ""), ("house", "t2"), ("garden", "t2")]
    photos = [dataclasses.replace(photo, group=group, twins=twins) for group, twins in about]
    assert together(photos) == ["garden", "garden", "garden", "street", "", "garden", "garden"]
    assert together(photos[::-1]) == together(photos)[::-1]
    assert together([dataclasses.replace(one, twins="") for one in photos]) == [group for group, _ in about]
    assert together([dataclasses.replace(photo, twins="t")] * 2) == ["twins t"] * 2
