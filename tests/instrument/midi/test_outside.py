"""Notes outside an instrument's range: left out, folded into it, or played, as was chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import UsageError
from instrument.midi.controllers import PORTAMENTO_FROM
from instrument.midi.events import ControlChange, Event, KeyPressure, NoteOff, NoteOn, TimedEvent
from instrument.midi.messages import encode, pack
from instrument.midi.outside import in_range
from instrument.midi.packed import ScoreEvents
from instrument.midi.score import Score
from instrument.midi.take import Take
from instrument.settings import EngineSettings, Outside

LOWEST, HIGHEST = 55, 103
PEDAL = ControlChange(0, 64, 127)


def score(*keys: int) -> Score:
    """Notes one after another, each pressed while it is down; from each is slid."""
    events: list[Event] = [PEDAL]
    for key in keys:
        events += [NoteOn(0, key, 80), KeyPressure(0, key, 50), NoteOff(0, key)]
        events += [ControlChange(0, PORTAMENTO_FROM, key)]
    timed = tuple(TimedEvent(0.1 * place, event) for place, event in enumerate(events))
    return Score(timed, 10.0, len(keys))


def keys(played: Score, kind: type[NoteOn | NoteOff | KeyPressure]) -> list[int]:
    return [timed.event.key for timed in played.events if isinstance(timed.event, kind)]


def slid_from(played: Score) -> list[int]:
    changes = [timed.event for timed in played.events if isinstance(timed.event, ControlChange)]
    return [change.value for change in changes if change.controller == PORTAMENTO_FROM]


@pytest.mark.parametrize(
    ("outside", "played", "skipped"),
    [
        (Outside.PLAY, [24, 42, 43, 54, 55, 103, 104, 127], 0),
        (Outside.SKIP, [55, 103], 6),
        (Outside.FOLD, [60, 66, 55, 66, 55, 103, 92, 103], 0),
        (None, [43, 54, 55, 103, 104, 127], 2),
    ],
)
def test_what_is_done_is_done_to_all_events_of_a_key(
    outside: Outside | None, played: list[int], skipped: int
) -> None:
    given_score = score(24, 42, 43, 54, 55, 103, 104, 127)
    found = in_range(given_score, LOWEST, HIGHEST, outside)
    assert (found.outside, found.skipped) == (6, skipped)
    assert found.score.notes == len(played)
    for kind in (NoteOn, NoteOff, KeyPressure):
        assert keys(found.score, kind) == played
    assert slid_from(found.score) == played
    assert found.score.events[0].event == PEDAL
    seconds = [timed.seconds for timed in found.score.events]
    assert seconds == sorted(seconds)
    assert found.score.duration_seconds == given_score.duration_seconds


@pytest.mark.parametrize("outside", [None, *Outside])
def test_a_file_is_as_a_score_of_a_program(outside: Outside | None) -> None:
    """Its events are packed."""
    plain = score(24, 42, 43, 54, 69, 104, 127)
    seconds = np.array([timed.seconds for timed in plain.events])
    messages = np.array([pack(encode(timed.event)) for timed in plain.events], np.uint32)
    packed = replace(plain, events=ScoreEvents(seconds, messages, None))
    found = in_range(packed, LOWEST, HIGHEST, outside)
    assert isinstance(found.score.events, ScoreEvents)
    assert found.score.events == in_range(plain, LOWEST, HIGHEST, outside).score.events


@pytest.mark.parametrize("outside", [None, *Outside])
def test_a_score_within_the_range_is_left_as_it_is(outside: Outside | None) -> None:
    given_score = score(55, 69, 103)
    found = in_range(given_score, LOWEST, HIGHEST, outside)
    assert found.score is given_score
    assert (found.outside, found.skipped) == (0, 0)


@pytest.mark.parametrize("outside", [None, *Outside])
def test_a_take_is_played_as_it_was(outside: Outside | None) -> None:
    take = replace(score(24, 69), take=Take(EngineSettings(), samples=1000))
    found = in_range(take, LOWEST, HIGHEST, outside)
    assert found.score is take
    assert (found.outside, found.skipped) == (1, 0)


def test_skipping_all_notes_is_refused() -> None:
    with pytest.raises(UsageError, match="all 2 notes lie outside"):
        in_range(score(24, 110), LOWEST, HIGHEST, Outside.SKIP)


def test_a_score_of_low_notes_alone_is_played() -> None:
    found = in_range(score(24, 30), LOWEST, HIGHEST, None)
    assert keys(found.score, NoteOn) == [24, 30]
    assert (found.outside, found.skipped) == (2, 0)


def test_keys_of_a_take_that_are_switches_are_no_notes() -> None:
    take = replace(score(24, 69, 24, 104), take=Take(EngineSettings(), samples=1000))
    assert in_range(take, LOWEST, HIGHEST, None, switches={24}).outside == 1


def test_a_note_keeps_its_number_when_it_is_folded() -> None:
    """So that two notes that fold onto one key end each by itself."""
    events = (NoteOn(0, 48, 80, 0), NoteOn(0, 60, 80, 1), NoteOff(0, 60, note=1))
    timed = tuple(TimedEvent(0.0, event) for event in events)
    folded = in_range(Score(timed, 1.0, 2), LOWEST, HIGHEST, Outside.FOLD).score
    assert [timed.event.note for timed in folded.events] == [0, 1, 1]  # type: ignore[union-attr]


@given(
    st.lists(st.integers(0, 127), min_size=1, max_size=20), st.integers(0, 100), st.integers(11, 60)
)
def test_fold_keeps_the_note_s_name_and_leaves_none_outside(
    given_keys: list[int], lowest: int, semitones: int
) -> None:
    highest = lowest + semitones
    found = in_range(score(*given_keys), lowest, highest, Outside.FOLD)
    folded = keys(found.score, NoteOn)
    assert all(lowest <= key <= highest for key in folded)
    assert [key % 12 for key in folded] == [key % 12 for key in given_keys]
