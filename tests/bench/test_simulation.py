"""The simulated build keeps the laws of a real one: nothing is made from nothing, and nothing is forgotten."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulated import HOUR, PIECE, Costs, Storage, World, part_seconds, puts
from bench.simulation import simulate

FREE = Storage(latency_s=0.0, puts_per_s=math.inf, gets_per_s=math.inf, machine_bytes_per_s=math.inf)
FREE = replace(FREE, bytes_per_s=math.inf)
BARE = Costs(seconds=1.0, spread=0.0, finish_s=0.0, look_s=0.0, note_s=0.0, start_s=0.0, gap_s=0.0, labels_bytes=0.0)
BARE = replace(BARE, finish_questions=0.0, labels_questions=0.0)

worlds = st.builds(
    World,
    samples=st.integers(1, 120),
    part_size=st.integers(1, 9),
    machines=st.integers(1, 6),
    workers=st.integers(1, 4),
    costs=st.builds(Costs, seconds=st.floats(0.1, 50), spread=st.floats(0, 1), start_s=st.floats(0, 20)),
    storage=st.builds(
        Storage,
        latency_s=st.floats(0, 0.5),
        puts_per_s=st.floats(1, 4000),
        machine_bytes_per_s=st.floats(1e4, 1e9),
        side_by_side=st.integers(1, 64),
    ),
    mean_life_h=st.one_of(st.just(math.inf), st.floats(0.05, 2)),
    return_s=st.floats(0, 200),
    pool=st.booleans(),
    straggling=st.floats(0, 0.5),
    slow_machines=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_each_part_is_made_and_all_work_is_accounted_for(world: World) -> None:
    result = simulate(world)
    kept = np.delete(np.arange(world.parts), result.given_up)
    assert (result.times_made >= 1).all()
    assert result.times_made.sum() == world.parts - len(result.given_up) + result.losses
    if not world.slow_machines:
        assert result.work_s == pytest.approx(part_seconds(world)[kept].sum())
    spent = result.make_s * world.machines * world.workers
    assert result.work_s + result.lost_s + result.write_s <= spent * (1 + 1e-9) or world.pool
    assert all(0 <= share <= 1 + 1e-9 for share in result.use.values()), result.use
    if math.isinf(world.mean_life_h):
        assert (result.losses, result.lost_s, result.given_up) == (0, 0.0, [])


@settings(max_examples=25, deadline=None)
@given(worlds)
def test_a_seed_gives_one_result(world: World) -> None:
    one, other = simulate(world), simulate(world)
    assert one.times_made.tolist() == other.times_made.tolist()
    assert (one.seconds, one.work_s, one.lost_s, one.questions) == (
        other.seconds,
        other.work_s,
        other.lost_s,
        other.questions,
    )


def test_another_seed_gives_another_result() -> None:
    world = World(samples=4000, part_size=100)
    assert simulate(world).seconds != simulate(replace(world, seed=1)).seconds


def test_one_worker_takes_the_sum_of_its_parts() -> None:
    world = World(samples=95, part_size=10, workers=1, costs=BARE, storage=FREE)
    result = simulate(world)
    assert (result.begin_s, result.finish_s) == (0.0, 0.0)
    assert result.make_s == pytest.approx(95.0)
    assert result.use["the workers"] == pytest.approx(1.0)


def test_what_a_part_costs_beside_its_work_adds_up_on_one_worker() -> None:
    costs = replace(BARE, gap_s=0.5, start_s=7.0, bytes=1e6, sidecar_bytes=0.0)
    storage = replace(FREE, latency_s=0.25, machine_bytes_per_s=1e7, side_by_side=1000)
    world = World(samples=40, part_size=10, workers=1, costs=costs, storage=storage)
    each = 10.0 + 0.5 + 1.0 + 3 * 0.25  # work, gap, ten MB at 10 MB/s, an answer each to labels, sidecar and zip
    result = simulate(world)
    assert result.make_s == pytest.approx(7.0 + 4 * each, abs=0.01)
    assert result.work_s == pytest.approx(40.0)
    assert result.write_s == pytest.approx(4 * (each - 10.0))


@settings(max_examples=25, deadline=None)
@given(worlds)
def test_without_failures_the_makespan_keeps_grahams_bounds(world: World) -> None:
    world = replace(world, mean_life_h=math.inf, slow_machines=0.0, storage=FREE, pool=False)
    world = replace(world, costs=replace(world.costs, start_s=0.0, gap_s=0.0, note_s=0.0))
    seconds, workers = part_seconds(world), world.machines * world.workers
    ideal, longest = seconds.sum() / workers, seconds.max()
    assert max(ideal, longest) <= simulate(world).make_s * (1 + 1e-9)
    assert simulate(world).make_s <= (ideal + (1 - 1 / workers) * longest) * (1 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(worlds, st.integers(1, 4))
def test_more_machines_are_never_slower(world: World, more: int) -> None:
    world = replace(world, mean_life_h=math.inf, slow_machines=0.0, pool=False)
    world = replace(world, storage=replace(world.storage, puts_per_s=1e9, machine_bytes_per_s=1e12, bytes_per_s=1e15))
    world = replace(world, costs=replace(world.costs, note_s=0.0))
    assert simulate(replace(world, machines=world.machines + more)).make_s <= simulate(world).make_s + 1e-4


def test_a_machine_that_ends_costs_its_parts_in_flight_alone() -> None:
    """Four workers on two machines, parts of 10 s; the first machine ends after 15 s and is back after 20."""
    world = World(
        samples=80, part_size=10, machines=2, workers=2, costs=BARE, storage=FREE, ends=(15.0,), return_s=20.0
    )
    result = simulate(world)
    assert result.losses == 2
    assert result.lost_s == pytest.approx(10.0)
    assert result.times_made.tolist() == [1, 1, 1, 1, 2, 2, 1, 1]
    assert result.make_s == pytest.approx(30.0)


def test_a_worker_that_is_lost_from_a_pool_lets_its_parts_be_made_one_by_one() -> None:
    """Two workers: two parts in hand and two at hand are made alone, each with a start; then a new pool starts."""
    costs = replace(BARE, start_s=1.0)
    world = World(samples=80, part_size=10, workers=2, costs=costs, storage=FREE, ends=(16.0,), pool=True)
    result = simulate(world)
    assert result.losses == 2
    assert result.lost_s == pytest.approx(10.0)
    assert result.make_s == pytest.approx(16 + 4 * (1 + 10) + 1 + 10)
    assert (result.times_made >= 1).all()


def test_a_part_that_loses_its_worker_too_often_is_given_up_and_the_others_made() -> None:
    world = World(samples=30, part_size=10, workers=1, costs=BARE, storage=FREE, return_s=0.0, most_losses=3)
    result = simulate(replace(world, ends=tuple(float(k) for k in range(1, 4))))
    assert result.given_up == [0]
    assert result.times_made.tolist() == [3, 1, 1]


def test_the_driver_takes_no_more_note_than_it_can() -> None:
    """A hundred parts of a second on a hundred workers, of which the driver takes 0.5 s each to take note."""
    costs, storage = replace(BARE, note_questions=5.0), replace(FREE, latency_s=0.1, side_by_side=1)
    world = World(samples=1000, part_size=1, machines=10, workers=10, costs=costs, storage=storage)
    result = simulate(world)
    assert result.make_s == pytest.approx(1000 * 0.5, rel=0.02)
    assert result.bottleneck == "the driver beside the parts"
    assert simulate(replace(world, storage=replace(storage, side_by_side=100))).make_s < 20


def test_storage_takes_no_more_questions_and_bytes_than_it_can() -> None:
    costs = replace(BARE, seconds=0.001, bytes=1000.0, sidecar_bytes=0.0, note_questions=0.0)
    world = World(samples=1000, part_size=1, machines=4, workers=8, costs=costs)
    assert simulate(replace(world, storage=replace(FREE, puts_per_s=20.0))).make_s == pytest.approx(150, rel=0.01)
    assert simulate(replace(world, storage=replace(FREE, bytes_per_s=1e4))).make_s == pytest.approx(100, rel=0.01)
    wire = simulate(replace(world, storage=replace(FREE, machine_bytes_per_s=1e4)))
    assert wire.make_s == pytest.approx(25, rel=0.05)
    assert wire.bottleneck == "a machine's network"


def test_a_build_that_goes_on_makes_what_is_missing() -> None:
    world = World(samples=1000, part_size=10, workers=2, costs=BARE, storage=FREE, done=0.75)
    world = replace(world, costs=replace(BARE, hashed_bytes_per_s=math.inf))
    result = simulate(world)
    assert result.make_s == pytest.approx(125.0, abs=10)
    assert result.times_made.sum() == 25


def test_large_objects_are_written_in_pieces() -> None:
    assert puts(2 * PIECE) == (1, 1)
    assert puts(2 * PIECE + 1) == (5, 3)
    assert puts(10 * PIECE) == (12, 5)


def test_failures_come_as_often_as_they_should() -> None:
    """Twenty machines, each lost every 5 h: each end costs one part."""
    costs = replace(BARE, seconds=HOUR / 100)
    world = World(samples=20_000, part_size=10, machines=20, workers=1, costs=costs, storage=FREE)
    result = simulate(replace(world, mean_life_h=5.0, return_s=0.0, most_losses=1000))
    expected = 20 * result.make_s / HOUR / 5
    assert abs(result.losses - expected) < 5 * math.sqrt(expected)


def test_what_the_driver_does_alone_is_the_bottleneck_where_it_takes_longest() -> None:
    world = World(samples=100, part_size=1, machines=9, costs=replace(BARE, finish_questions=99.0))
    assert simulate(world).bottleneck == "the driver after the parts"
    world = replace(world, costs=replace(BARE, look_questions=99.0), done=0.99)
    assert simulate(world).bottleneck == "the driver before the parts"
