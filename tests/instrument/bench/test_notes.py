"""Notes sound at their own sample, whatever the size of the blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.bench.effort import Effort
from instrument.bench.metrics import Row, Section
from instrument.bench.notes import measure_notes, note_times
from instrument.errors import ArcoError
from instrument.model.graphs import Instrument


@settings(max_examples=20)
@given(block=st.integers(1, 2048), seed=st.integers(0, 2**32 - 1))
def test_a_note_sounds_one_sample_after_its_own(tiny: Instrument, block: int, seed: int) -> None:
    """A note's first sample is the beginning of its fade, a zero."""
    delays, _ = note_times(tiny, block, 3, seed)
    np.testing.assert_array_equal(delays, 1.0)


def test_every_size_of_block_has_the_same_delay_and_no_jitter(
    tiny: Instrument, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    section = measure_notes(tiny, effort)
    assert [row.labels for row in section.rows] == [{"block": b} for b in effort.block_sizes]
    for row in section.rows:
        assert row.metrics["delay"].rounds == (1.0,) * effort.rounds
        assert row.metrics["jitter"].rounds == (0.0,) * effort.rounds
        costs = Row(row.labels, {n: f for n, f in row.metrics.items() if f.unit == "µs"})
        assert list(costs.metrics) == ["median", "p99", "p99.9", "max"]
        assert_measured(Section("Costs", (costs,)), effort.rounds)
    assert section.notes[0].startswith(f"{effort.notes} notes at random samples")


def test_a_note_is_loud_later_than_it_is_audible(tiny: Instrument) -> None:
    first, audible, loud = (
        note_times(tiny, 64, 20, 0, threshold)[0] for threshold in (0.0, 1e-4, 1e-3)
    )
    assert (first == 1.0).all()
    assert (audible > first).all()
    assert (loud > audible).all()


def test_a_note_that_makes_no_sound_is_not_waited_for(tiny: Instrument) -> None:
    with pytest.raises(ArcoError, match=r"tiny: key \d+ with velocity \d+ makes no sound"):
        note_times(tiny, 128, 1, 0, audible=100.0)
