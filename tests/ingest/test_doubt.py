import numpy as np

from figureground.core.nouns import Alpha
from figureground.ingest.doubt import doubts_of


def squares(*sides: int, level: int = 255) -> Alpha:
    """Return squares of some sides, side by side on 200 x 400 px."""
    alpha = np.zeros((200, 400), np.uint8)
    x = 4
    for side in sides:
        alpha[4 : 4 + side, x : x + side] = level
        x += side + 4
    return alpha


def test_a_clear_cut_out_leaves_no_doubt() -> None:
    assert doubts_of(squares(120), True) == ([], [])
    assert doubts_of(squares(120, 20), True) == ([], [])  # a bag, a shadow: small beside the figure


def test_what_is_doubtful() -> None:
    wrong, odd = doubts_of(squares(120, level=180), True)
    assert wrong == ["unsure cut-out: half-transparent pixels are 100% of the figure"]
    assert odd == []
    assert doubts_of(squares(120, 60), True)[1] == ["in 2 separate pieces: several figures, or one cut apart"]
    assert doubts_of(squares(10), True)[1] == ["tiny: 0.1% of the photo is figure"]
    assert doubts_of(np.full((100, 100), 255, np.uint8), True)[1] == ["nearly the whole photo is figure: 100%"]


def test_a_photos_own_alpha_is_what_its_maker_meant() -> None:
    """A veil is soft all over, and a cut-out is often cropped to its figure."""
    assert doubts_of(squares(120, level=180), False) == ([], [])
    assert doubts_of(np.full((100, 100), 255, np.uint8), False) == ([], [])
    assert doubts_of(squares(120, 60), False)[1] != []
