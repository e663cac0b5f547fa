"""How long a bench measures."""

from __future__ import annotations

from instrument.bench.effort import QUICK, Effort


def test_a_quick_bench_does_no_more_of_anything() -> None:
    usual = Effort()
    for name in ("rounds", "repeats", "blocks", "notes", "processes", "seconds"):
        assert getattr(QUICK, name) <= getattr(usual, name), name
    for name in ("sample_rates", "block_sizes", "voices"):
        assert set(getattr(QUICK, name)) <= set(getattr(usual, name)), name
    assert usual != QUICK


def test_rounds_are_enough_to_differ() -> None:
    for effort in (QUICK, Effort()):
        assert min(effort.rounds, effort.processes) >= 2


def test_fewer_voices_are_tried_before_more() -> None:
    for effort in (QUICK, Effort()):
        assert list(effort.voices) == sorted(set(effort.voices))
