"""Each event of a take gets a sample at which its order is kept."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn, PitchBend
from tests.instrument.midi.take_events import A_OFF, A_ON, Played, few_keys, stamped


@given(st.lists(st.tuples(st.integers(0, 4), few_keys), max_size=40))
def test_samples_never_fall_and_no_event_is_early(events: Played) -> None:
    played = stamped(events)
    assert all(before <= after for (before, _), (after, _) in pairwise(played))
    assert all(sample >= wanted for (sample, _), (wanted, _) in zip(played, events, strict=True))


def test_a_note_off_behind_a_note_on_goes_to_the_next_sample_and_what_follows_with_it() -> None:
    pedal = ControlChange(0, 64, 127)
    events: Played = [(5, A_ON), (5, pedal), (5, A_OFF), (5, pedal), (6, A_ON), (6, A_OFF)]
    assert [sample for sample, _ in stamped(events)] == [5, 5, 6, 6, 6, 7]


def test_the_end_of_an_older_note_stays_at_its_sample() -> None:
    assert [sample for sample, _ in stamped([(5, A_ON), (6, A_OFF)])] == [5, 6]


@pytest.mark.parametrize(
    "instant",
    [
        [A_ON, NoteOn(0, 72, 90), NoteOn(1, 60, 90)],  # a chord
        [A_OFF, NoteOff(0, 72), A_ON],  # and its end
        [A_ON, NoteOff(1, 69)],  # on another channel
        [A_ON, ControlChange(0, 64, 0), PitchBend(0, 1), A_ON],
    ],
)
def test_what_keeps_its_order_stays_at_one_sample(instant: list[Event]) -> None:
    assert [sample for sample, _ in stamped([(5, event) for event in instant])] == [5] * len(
        instant
    )
