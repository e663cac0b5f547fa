"""What is rendered to see how fast that is: a line and a chorale, made by rule."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import mido

from instrument.bench.soundfont import VIOLIN

SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2)
TONIC = 67
NOTE_SECONDS = 0.5
CHORD = (55, 59, 62, 67, 71, 74, 79, 83)
CHORD_SECONDS = 2.0
TICKS_PER_SECOND = 960  # mido's 480 a beat, at its 120 beats a minute


def write_line(path: Path, seconds: float) -> None:
    """A scale up and down, each note to the next, for at least so many seconds."""
    count = ceil(seconds / NOTE_SECONDS)
    _write(path, [[TONIC + SCALE[note % len(SCALE)]] for note in range(count)], NOTE_SECONDS)


def write_eight_voices(path: Path, seconds: float) -> None:
    """Chords of eight notes, a little higher or lower each time, for at least so many seconds."""
    count = ceil(seconds / CHORD_SECONDS)
    _write(path, [[key + chord % 3 for key in CHORD] for chord in range(count)], CHORD_SECONDS)


def write_note(path: Path) -> None:
    """One note of a second."""
    _write(path, [[69]], 1.0)


def _write(path: Path, chords: list[list[int]], seconds: float) -> None:
    """A MIDI file of one track, in which each chord ends where the next begins."""
    track = mido.MidiTrack([mido.Message("program_change", program=VIOLIN)])
    ticks = round(seconds * TICKS_PER_SECOND)
    for chord in chords:
        for key in chord:
            track.append(mido.Message("note_on", note=key, velocity=80))
        for number, key in enumerate(chord):
            track.append(mido.Message("note_off", note=key, time=0 if number else ticks))
    file = mido.MidiFile(type=0)
    file.tracks.append(track)
    file.save(path)
