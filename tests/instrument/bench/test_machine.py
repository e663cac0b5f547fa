"""What the machine is, and how calm it was."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from instrument import __version__
from instrument.bench.machine import PACKAGES, SPINS, Watch, machine


def test_a_machine_is_described_by_facts() -> None:
    facts = machine()
    assert facts["arco"] == __version__
    assert facts["cores"] in range(1, (os.cpu_count() or 1) + 1)
    assert facts["python"] == sys.version.split()[0]
    assert {name: facts[name] for name in PACKAGES} == {name: version(name) for name in PACKAGES}
    for name in ("processor", "memory", "system"):
        assert str(facts[name]).strip(), name


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose")
def test_the_cores_are_those_that_it_may_run_on() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        assert machine()["cores"] == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert machine()["cores"] == len(allowed)


def test_the_noise_of_a_machine_is_finite_and_within_its_range() -> None:
    watch = Watch()
    watch.look()
    noise = watch.noise()
    assert all(map(math.isfinite, noise))
    assert noise.spin >= 1.0
    assert 0.0 <= noise.steal <= 1.0
    assert noise.load >= 0.0


def made_up_times(monkeypatch: pytest.MonkeyPatch, *times: tuple[float, float]) -> None:
    """Let the processors' times be these, one after another."""
    told: Iterator[tuple[float, float]] = iter(times)
    monkeypatch.setattr("instrument.bench.machine._processor_times", lambda: next(told))


@pytest.mark.parametrize(
    ("after", "steal"),
    [
        ((2000.0, 140.0), 0.09),
        ((1000.0, 50.0), 0.0),  # no time has passed, or nobody counts it
        ((2000.0, 20.0), 0.0),  # it ran backwards, as the kernel's counts may
        ((1010.0, 90.0), 1.0),
        ((990.0, 60.0), 0.0),
    ],
)
def test_what_the_host_took_away_is_a_share_of_the_time(
    after: tuple[float, float], steal: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_times(monkeypatch, (1000.0, 50.0), after)
    assert Watch().noise().steal == pytest.approx(steal)


@pytest.mark.parametrize(("slow", "spin"), [(1 / 20, 1.0), (1 / 5, 3.0)])
def test_it_counts_if_at_least_one_in_ten_loops_was_slower(
    slow: float, spin: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [3e-5 if i % round(1 / slow) == 0 else 1e-5 for i in range(2 * SPINS)]
    stamps = iter([stamp for taken in seconds for stamp in (0.0, taken)])
    clock = SimpleNamespace(perf_counter=lambda: next(stamps))
    monkeypatch.setattr("instrument.bench.machine.time", clock)
    assert Watch().noise().spin == pytest.approx(spin)
