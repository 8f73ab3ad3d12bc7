"""An epoch's order is a function of seed and epoch, shared out among ranks, and it goes on where it stopped."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest

pytest.importorskip("torch", reason="the extra [torch] is not installed")

from hypothesis import given
from hypothesis import strategies as st

from figureground import FigureGroundError
from figureground.torch import ResumableSampler
from figureground.torch.draws import Asked, epoch_of


def test_each_number_once_in_an_order_of_seed_and_epoch() -> None:
    orders = {(seed, epoch): tuple(ResumableSampler(50, seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert all(sorted(order) == list(range(50)) for order in orders.values())
    assert len(set(orders.values())) == 9
    assert tuple(ResumableSampler(50, 2, 1)) == orders[2, 1]
    # the order is a promise: a training that goes on under another version goes on in it
    assert list(ResumableSampler(8, seed=0)) == [7, 6, 1, 2, 5, 3, 4, 0]


@given(st.integers(0, 40), st.integers(1, 5), st.data())
def test_ranks_share_what_is_left(n: int, world: int, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, n))
    order = list(ResumableSampler(n, 3, 1))
    ranks = [ResumableSampler(n, 3, 1, start, rank=rank, world=world) for rank in range(world)]
    shares = [list(rank) for rank in ranks]
    assert {len(share) for share in shares} == {len(ranks[0])}
    dealt = [share[k] for k in range(len(ranks[0])) for share in shares]
    assert dealt[: n - start] == order[start:]
    assert len(dealt) - (n - start) < world  # as few as can be are taken again
    assert set(dealt) == set(order[start:])


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 4), st.data())
def test_a_stopped_epoch_goes_on_with_the_rest(n: int, world: int, later: int, draw: st.DataObject) -> None:
    """Twice, and on another number of ranks."""
    one = ResumableSampler(n, 5, 2, world=world)
    taken = draw.draw(st.integers(0, len(one)))
    again = ResumableSampler(n, world=later)
    again.load_state_dict(one.state_dict(taken))
    more = draw.draw(st.integers(0, len(again)))
    last = ResumableSampler(n)
    last.load_state_dict(again.state_dict(more))
    order = list(ResumableSampler(n, 5, 2))
    assert list(last) == order[min(n, min(n, taken * world) + more * later) :]
    last.set_epoch(3)
    assert list(last) == list(ResumableSampler(n, 5, 3))


def test_an_epoch_is_no_list_of_objects() -> None:
    """Ranks of large datasets hold eight bytes for each of their own numbers."""
    tracemalloc.start()
    numbers = iter(ResumableSampler(400_000, 1, world=4))
    first = next(numbers)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000_000
    assert most < 40 * 400_000
    assert [first, *numbers] == list(ResumableSampler(400_000, 1))[::4]


def test_numbers_say_their_epoch_wherever_they_go() -> None:
    number = next(iter(ResumableSampler(4, epoch=7)))
    there = pickle.loads(pickle.dumps(number))  # noqa: S301
    assert (there, epoch_of(there)) == (number, 7)
    assert there == int(number)
    assert [10, 11, 12, 13][Asked(2, 5)] == 12
    assert epoch_of(3) == 0


def test_what_makes_no_order_is_refused() -> None:
    for wrong in ({"rank": 2, "world": 2}, {"start": 5}, {"epoch": -1}):
        with pytest.raises(FigureGroundError):
            ResumableSampler(4, **wrong)  # type: ignore[arg-type]
    with pytest.raises(FigureGroundError, match="state is of 5 samples"):
        ResumableSampler(4).load_state_dict(ResumableSampler(5).state_dict(1))
