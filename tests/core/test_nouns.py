import itertools

from hypothesis import given
from hypothesis import strategies as st

from figureground.core.nouns import (
    far_to_near,
)
from tests.plan.sights import card


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5]), st.integers(0, 20), st.integers(1, 20)), max_size=6))
def test_the_order_runs_from_far_to_near(found: list[tuple[float, int, int]]) -> None:
    figures = [card(0, y, 5, height, q) for q, y, height in found]
    order = far_to_near(figures)
    assert sorted(order) == list(range(len(figures)))
    for i, j in itertools.pairwise(order):
        assert figures[i].inverse_depth <= figures[j].inverse_depth
        if figures[i].inverse_depth == figures[j].inverse_depth:
            assert figures[i].y + figures[i].height <= figures[j].y + figures[j].height
