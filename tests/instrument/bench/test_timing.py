"""Timing: repetitions, rounds that take turns, and a process that nothing disturbs."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.bench.timing import (
    WARM_UP,
    Quantiles,
    quantile_metrics,
    rounds_of,
    times_us,
    undisturbed,
)


@pytest.mark.parametrize("repeats", [1, 7, 100])
def test_every_repetition_has_a_time(repeats: int) -> None:
    done: list[int] = []
    times = times_us(lambda: done.append(sum(range(100))), repeats)
    assert times.shape == (repeats,)
    assert len(done) == repeats
    assert (times > 0.0).all()


def test_times_are_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = iter([0, 1_000, 3_500, 1_003_500])
    clock = SimpleNamespace(perf_counter_ns=lambda: next(stamps))
    monkeypatch.setattr("instrument.bench.timing.time", clock)
    np.testing.assert_array_equal(times_us(lambda: None, 3), [1.0, 2.5, 1000.0])


@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=50))
def test_quantiles_grow_up_to_the_longest_time(times: list[float]) -> None:
    found = Quantiles.of(np.array(times))
    assert list(found) == sorted(found)
    assert found.max == max(times)
    assert found.median == pytest.approx(np.median(times))


def test_quantiles_are_those_of_a_thousand_times() -> None:
    rng = np.random.default_rng(0)
    times = rng.permutation(np.arange(1001.0))
    assert Quantiles.of(times) == pytest.approx((500.0, 990.0, 999.0, 1000.0))


def test_metrics_have_the_quantiles_of_each_round() -> None:
    metrics = quantile_metrics([Quantiles(1.0, 2.0, 3.0, 4.0), Quantiles(5.0, 6.0, 7.0, 8.0)])
    assert {name: metric.rounds for name, metric in metrics.items()} == {
        "median": (1.0, 5.0),
        "p99": (2.0, 6.0),
        "p99.9": (3.0, 7.0),
        "max": (4.0, 8.0),
    }
    assert {(metric.unit, metric.better) for metric in metrics.values()} == {("µs", "lower")}


def test_works_take_turns_after_they_have_warmed_up() -> None:
    done: list[str] = []
    works = {name: lambda name=name: done.append(name) for name in ("a", "b")}
    found = rounds_of(works, rounds=3, repeats=2)
    assert done == [*["a"] * WARM_UP, *["b"] * WARM_UP, *["a", "a", "b", "b"] * 3]
    assert {name: len(rounds) for name, rounds in found.items()} == {"a": 3, "b": 3}


def cores() -> set[int]:
    return os.sched_getaffinity(0) if sys.platform == "linux" else set()


@pytest.fixture(params=[True, False], ids=["collecting", "not collecting"])
def collecting(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether Python's collector is awake at first."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_an_undisturbed_process_keeps_to_one_core_and_does_not_collect(collecting: bool) -> None:
    before = cores()
    with undisturbed():
        assert not gc.isenabled()
        if before:
            assert len(cores()) == 1
    assert gc.isenabled() == collecting
    assert cores() == before


def test_an_error_leaves_the_process_as_it_was(collecting: bool) -> None:
    before = cores()
    with pytest.raises(KeyError), undisturbed():
        raise KeyError
    assert gc.isenabled() == collecting
    assert cores() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose")
def test_a_system_that_refuses_leaves_the_collector_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_process: int, chosen: set[int]) -> None:
        if len(chosen) == 1:
            raise PermissionError

    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with pytest.raises(PermissionError), undisturbed():
        pass
    assert gc.isenabled()
