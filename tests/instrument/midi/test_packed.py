"""Events in a few bytes each are a sequence like any other."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from instrument.midi.events import NO_NOTE, ControlChange, Event, NoteOff, NoteOn, TimedEvent
from instrument.midi.messages import encode, pack
from instrument.midi.packed import ScoreEvents, TrackEvents
from instrument.midi.score import read_score
from tests.instrument.midi.score_files import ONE_NOTE, number, smf

EVENTS: list[Event] = [NoteOn(0, 69, 100), ControlChange(0, 7, 90), NoteOff(0, 69), NoteOff(0, 70)]
TIMED = tuple(TimedEvent(seconds, event) for seconds, event in enumerate(EVENTS))
NOTES = [3, NO_NOTE, 3, NO_NOTE]
BYTES_AN_EVENT = 64


def score_events(notes: list[int] | None = None) -> ScoreEvents:
    messages = np.array([pack(encode(event)) for event in EVENTS], np.uint32)
    numbers = None if notes is None else np.array(notes, np.int32)
    return ScoreEvents(np.arange(4.0), messages, numbers)


def test_they_are_those_that_were_put_in() -> None:
    assert score_events() == TIMED == tuple(score_events())
    assert score_events()[-1] == TIMED[-1]
    assert len(score_events()) == 4
    assert score_events()[1:3] == TIMED[1:3]
    assert score_events() != TIMED[:3]
    assert score_events() != 4
    assert TrackEvents(enumerate(EVENTS)) == list(enumerate(EVENTS))
    assert TrackEvents(enumerate(EVENTS))[2:] == tuple(enumerate(EVENTS))[2:]


@pytest.mark.parametrize("index", [4, -5])
def test_there_is_none_behind_the_last(index: int) -> None:
    with pytest.raises(IndexError):
        score_events()[index]


def test_notes_know_their_numbers_if_any_does() -> None:
    for part in (score_events(NOTES), score_events(NOTES)[:]):
        ons_and_offs = [t.event for t in part if isinstance(t.event, NoteOn | NoteOff)]
        assert [event.note for event in ons_and_offs] == [3, 3, NO_NOTE]
    for timed in score_events():
        assert getattr(timed.event, "note", None) is None


@pytest.mark.parametrize("ticks", [0, 1])
@pytest.mark.parametrize("tracks", [1, 3])
def test_a_file_of_controllers_takes_few_bytes_an_event(
    tmp_path: Path, ticks: int, tracks: int
) -> None:
    count = 18_000
    controllers = (number(ticks) + b"\xb0\x07\x40") * (count // tracks)
    path = tmp_path / "song.mid"
    path.write_bytes(smf(*(ONE_NOTE + controllers + ONE_NOTE for _ in range(tracks))))
    read_score(path)  # what is imported and kept doesn't count
    tracemalloc.start()
    try:
        events = read_score(path).events
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(events) >= count
    assert peak < BYTES_AN_EVENT * len(events)
