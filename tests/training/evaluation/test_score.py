"""Scores: which notes sound alone, and where pitch bend takes them."""

from __future__ import annotations

import pytest

from instrument.midi.events import (
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    PitchBend,
    TimedEvent,
)
from training.evaluation.score import ScoreNote, bends, lone_notes, score_notes


def timed(*events: tuple[float, Event]) -> list[TimedEvent]:
    return [TimedEvent(seconds, event) for seconds, event in events]


def test_a_note_rings_while_the_pedal_is_down() -> None:
    events = timed(
        (0.0, NoteOn(0, 60, 80)),
        (0.2, ControlChange(0, 64, 127)),
        (0.5, NoteOff(0, 60)),
        (0.6, NoteOn(1, 62, 80)),
        (0.9, NoteOff(1, 62)),
        (1.5, ControlChange(0, 64, 0)),
    )
    assert score_notes(events, 2.0) == [
        ScoreNote(0, 60, 80, 0.0, 0.5, 1.5),
        ScoreNote(1, 62, 80, 0.6, 0.9, 0.9),
    ]


def test_repeated_notes_end_in_their_order_and_open_ones_with_the_score() -> None:
    events = timed(
        (0.0, NoteOn(0, 60, 80)),
        (0.1, NoteOn(0, 60, 90)),
        (0.4, NoteOff(0, 60)),
        (0.5, NoteOff(0, 72)),
    )
    assert score_notes(events, 3.0) == [
        ScoreNote(0, 60, 80, 0.0, 0.4, 0.4),
        ScoreNote(0, 60, 90, 0.1, 3.0, 3.0),
    ]


def lone(key: int, onset: float, off: float, end: float | None = None) -> ScoreNote:
    return ScoreNote(0, key, 80, onset, off, off if end is None else end)


@pytest.mark.parametrize(
    ("notes", "measured"),
    [
        ([lone(60, 0.0, 0.5)], [60]),
        ([lone(60, 0.0, 0.29)], []),
        ([lone(54, 0.0, 1.0), lone(97, 1.0, 2.0), lone(96, 2.0, 3.0)], [96]),
        ([lone(60, 0.0, 0.5), lone(64, 0.0, 0.5)], []),
        ([lone(60, 0.0, 0.55), lone(62, 0.5, 1.0)], [62]),
        ([lone(60, 0.0, 0.5, end=0.8), lone(62, 0.5, 1.0)], [60]),
    ],
    ids=["alone", "short", "out of range", "chord", "slurred", "pedal"],
)
def test_only_notes_that_sound_alone_are_measured(
    notes: list[ScoreNote], measured: list[int]
) -> None:
    assert [note.key for note in lone_notes(notes)] == measured


def test_bend_range_is_the_channels_own() -> None:
    events = timed(
        (0.0, PitchBend(0, 4096)),
        (1.0, ControlChange(0, 101, 0)),
        (1.0, ControlChange(0, 100, 0)),
        (1.0, ControlChange(0, 6, 12)),
        (2.0, PitchBend(0, -8192)),
        (2.5, PitchBend(1, 8191)),
        (3.0, ControlChange(0, 100, 127)),
        (3.0, ControlChange(0, 6, 1)),
    )
    times, semitones = bends(events, 0)
    assert dict(zip(times.tolist(), semitones.tolist(), strict=True)) == {
        -1.0: 0.0,
        0.0: 1.0,
        1.0: 6.0,
        2.0: -12.0,
    }
