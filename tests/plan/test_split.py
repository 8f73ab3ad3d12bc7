from figureground.core.nouns import Figure, Scene
from figureground.core.recipe_toml import from_mapping
from figureground.plan.split import Split, held_out, split
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


def test_what_is_kept_out_follows_from_the_rules() -> None:
    catalog = catalog_of(10, [(20, 10)] * 20)
    placing = placing_of(from_mapping({"seed": 4, "split": {"backgrounds": 0.3, "foregrounds": 0.2}}))
    backgrounds = [photo.source_sha256 for photo in catalog.backgrounds]
    foregrounds = [photo.source_sha256 for photo in catalog.foregrounds]
    found = split(placing, catalog)
    assert found.backgrounds == held_out(4, "background", backgrounds, 0.3)
    assert found.foregrounds == held_out(4, "foreground", foregrounds, 0.2)
    assert (len(found.backgrounds), len(found.foregrounds)) == (3, 4)
