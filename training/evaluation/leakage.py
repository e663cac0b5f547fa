"""Leakage: how far the knobs, which shape a note, move its pitch and its level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float64
from instrument.listening.loudness import loudness_db
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE, midi_to_hz
from training.evaluation.playback import (
    RATE,
    PlaybackSettings,
    follow_pitch,
    play,
    separate_notes,
    stretch,
)

POSITIONS = (0.0, 0.5, 1.0)
VELOCITY = 80


@dataclass(frozen=True)
class Leakage:
    """The steady parts of notes with one knob turned and the others left alone.

    Attributes:
        knobs: Names of the latent axes.
        keys: MIDI notes.
        cents: [knobs, 3, keys], median pitch from the key, at the knob's positions 0, ½ and 1.
        level_db: [knobs, 3, keys], median loudness.
    """

    knobs: Sequence[str]
    keys: Sequence[int]
    cents: Float64
    level_db: Float64

    def metrics(self) -> dict[str, float]:
        """The furthest that any knob moves any key: ``knob_leak_cents`` and ``knob_leak_db``."""
        if not self.cents.size:
            return {}
        return {
            "knob_leak_cents": float(np.ptp(self.cents, axis=1).max()),
            "knob_leak_db": float(np.ptp(self.level_db, axis=1).max()),
        }


def turn_knobs(
    instrument: Instrument, settings: PlaybackSettings, step: Callable[[], None]
) -> Leakage:
    """Play some keys with every knob turned down, half-way and up.

    Args:
        instrument: What plays.
        settings: The keys, and the length and steady part of the notes.
        step: Called after each knob.
    """
    names = [axis.name for axis in instrument.spec.axes]
    notes = separate_notes(
        [(key, VELOCITY, settings.note_seconds) for key in settings.knob_keys],
        settings.gap_seconds,
    )
    shape = (len(names), len(POSITIONS), len(notes))
    cents, level_db = np.zeros(shape), np.zeros(shape)
    for knob, name in enumerate(names):
        step()
        for place, position in enumerate(POSITIONS):
            audio = play(instrument, notes, knobs={name: position})
            for row, note in enumerate(notes):
                steady = stretch(audio, RATE, note.start + settings.steady_seconds, note.end)
                cents[knob, place, row] = np.median(follow_pitch(steady, RATE, note.key))
                loudness = loudness_db(steady, RATE, FRAME_RATE, midi_to_hz(note.key))
                level_db[knob, place, row] = np.median(loudness)
    return Leakage(names, list(settings.knob_keys), cents, level_db)
