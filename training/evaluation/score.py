"""Scores as evaluation reads them: which notes sound alone, and where pitch bend takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float64
from instrument.midi.controllers import SUSTAIN, ChannelState
from instrument.midi.events import ControlChange, NoteOff, NoteOn, PitchBend, TimedEvent

SHORTEST_NOTE_SECONDS = 0.3
ATTACK_SECONDS = 0.1
SCORED_KEYS = range(55, 97)


@dataclass(frozen=True)
class ScoreNote:
    """One note of a score; times in seconds. ``off`` is its note-off, ``end`` the pedal's too."""

    channel: int
    key: int
    velocity: int
    onset: float
    off: float
    end: float


def score_notes(events: Sequence[TimedEvent], duration_seconds: float) -> list[ScoreNote]:
    """The notes of a score, by onset; a note that is never ended ends with the score."""
    notes: list[ScoreNote] = []
    held: dict[tuple[int, int], list[NoteOn]] = {}
    onsets: dict[int, float] = {}
    pedal: dict[int, float] = {}  # since when it is down
    ringing: dict[int, list[tuple[NoteOn, float]]] = {}

    def finish(event: NoteOn, off: float, end: float) -> None:
        onset = onsets.pop(id(event))
        notes.append(ScoreNote(event.channel, event.key, event.velocity, onset, off, end))

    for timed in events:
        now, event = timed.seconds, timed.event
        if isinstance(event, NoteOn):
            held.setdefault((event.channel, event.key), []).append(event)
            onsets[id(event)] = now
        elif isinstance(event, NoteOff) and held.get((event.channel, event.key)):
            ended = held[event.channel, event.key].pop(0)
            if event.channel in pedal:
                ringing.setdefault(event.channel, []).append((ended, now))
            else:
                finish(ended, now, now)
        elif isinstance(event, ControlChange) and event.controller == SUSTAIN:
            if event.value >= 64:
                pedal.setdefault(event.channel, now)
            elif pedal.pop(event.channel, None) is not None:
                for ended, off in ringing.pop(event.channel, []):
                    finish(ended, off, now)
    for ended, off in (pair for pairs in ringing.values() for pair in pairs):
        finish(ended, off, duration_seconds)
    for event in (event for events in held.values() for event in events):
        finish(event, duration_seconds, duration_seconds)
    return sorted(notes, key=lambda note: note.onset)


def lone_notes(notes: Sequence[ScoreNote]) -> list[ScoreNote]:
    """Notes of at least 0.3 s, MIDI 55 to 96, with no other sounding once 0.1 s has gone by."""
    return [
        note
        for note in notes
        if note.off - note.onset >= SHORTEST_NOTE_SECONDS
        and note.key in SCORED_KEYS
        and not any(
            other is not note and other.onset < note.off and other.end > note.onset + ATTACK_SECONDS
            for other in notes
        )
    ]


def bends(events: Sequence[TimedEvent], channel: int) -> tuple[Float64, Float64]:
    """Pitch bend of a channel: from which second on, and how many semitones, [bends] each."""
    state = ChannelState()
    times, semitones = [-1.0], [0.0]
    for timed in events:
        if not isinstance(timed.event, ControlChange | PitchBend):
            continue
        state.change(timed.event)
        bend = state.channels[channel].bend_semitones()
        if bend != semitones[-1]:
            times.append(timed.seconds)
            semitones.append(bend)
    return np.array(times), np.array(semitones)
