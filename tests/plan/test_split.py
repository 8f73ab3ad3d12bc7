from figureground.plan.split import held_out


def test_held_out_photos_are_as_many_as_asked_and_hang_on_content() -> None:
    shas = [f"{i * 7919:064x}" for i in range(40)]
    held = held_out(1, "background", shas, 0.25)
    assert len(held) == 10
    shuffled = shas[::-1]
    assert {shuffled[i] for i in held_out(1, "background", shuffled, 0.25)} == {shas[i] for i in held}
    assert len(held_out(1, "background", shas[:1], 0.9)) == 0  # something is left to train on
