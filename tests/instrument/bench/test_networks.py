"""What the two networks cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from instrument.bench.effort import Effort
from instrument.bench.metrics import Section
from instrument.bench.networks import ENVELOPES, RUNS, measure_envelopes, measure_timbre, timbre_run
from instrument.model.graphs import Instrument


def test_envelopes_are_measured_one_by_one_and_together(
    tiny: Instrument, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    section = measure_envelopes(tiny, effort)
    assert [row.labels for row in section.rows] == [{"notes": notes} for notes in ENVELOPES]
    assert_measured(section, effort.rounds)


def test_the_timbre_is_measured_as_it_is_run_live_and_offline(
    tiny: Instrument, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    section = measure_timbre(tiny, effort)
    assert [tuple(row.labels.values()) for row in section.rows] == list(RUNS)
    assert {(1, 1), (1, 32)} <= set(RUNS)
    assert_measured(section, effort.rounds)


def test_a_run_computes_as_many_voices_and_frames_as_it_says(tiny: Instrument) -> None:
    done: Any = timbre_run(tiny, 3, 5)()
    controls, state = done
    assert controls.amplitude.shape[:2] == (3, 5)
    assert state.shape == tiny.new_state(3).shape
