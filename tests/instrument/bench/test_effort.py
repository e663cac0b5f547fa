"""How long a bench measures."""

from __future__ import annotations

from instrument.bench.effort import QUICK, Effort
from instrument.bench.live.flood import flood_seconds
from instrument.bench.live.measure import live_seconds
from instrument.bench.live.pointer import pointer_seconds


def test_a_quick_bench_does_no_more_of_anything() -> None:
    usual = Effort()
    numbers = "rounds", "repeats", "blocks", "notes", "processes", "seconds"
    for name in (*numbers, "live_notes", "flooded_notes", "moves"):
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


def test_a_quick_live_bench_takes_two_minutes() -> None:
    playing = live_seconds(QUICK.live_notes) + flood_seconds(QUICK.flooded_notes)
    assert playing + pointer_seconds(QUICK.moves) < 120.0
