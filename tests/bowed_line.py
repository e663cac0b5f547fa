"""Lines of known notes, as of a bowed string: slurred, bowed again, after rests, slid into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from instrument.arrays import Float32
from instrument.joins import Join
from instrument.units import db_to_gain, midi_to_hz

RATE = 48_000
FALL_SECONDS, RISE_SECONDS, GLIDE_SECONDS = 0.02, 0.03, 0.015
SILENCE_DB = -100.0


@dataclass(frozen=True)
class Played:
    """A note of a line.

    Attributes:
        midi: Its pitch.
        seconds: Until the next one begins.
        join: How the one before leads into it; none after a rest, of which ``rest`` seconds are
            taken from that one.
        dip_db: Of a new bow.
        also: A second note beside it.
    """

    midi: float
    seconds: float = 0.4
    join: Join | None = Join.BOW
    dip_db: float = 12.0
    rest: float = 0.15
    also: float | None = None


def onsets(notes: Sequence[Played], lead: float = 0.2) -> list[float]:
    """When each note begins, in seconds."""
    return list(accumulate((note.seconds for note in notes[:-1]), initial=lead))


def bowed_line(
    notes: Sequence[Played],
    *,
    level_db: float = -20.0,
    vibrato_cents: float = 0.0,
    noise_db: float = -65.0,
    lead: float = 0.2,
    seed: int = 0,
) -> Float32:
    """A line: harmonics that fall by 6 dB an octave, and white noise; at 48 kHz.

    Args:
        notes: In order; the first one begins from silence.
        level_db: r.m.s. level of the harmonics.
        vibrato_cents: To each side, 5.5 Hz.
        noise_db: r.m.s. level of the noise.
        lead: Seconds of silence on both sides.
        seed: Of the noise.
    """
    begins = [*onsets(notes, lead), lead + sum(note.seconds for note in notes)]
    seconds = np.arange(round((begins[-1] + lead) * RATE)) / RATE
    corners: list[tuple[float, float]] = [(begins[0], SILENCE_DB)]
    for number, (note, begin) in enumerate(zip(notes, begins, strict=False)):
        before = corners[-1][0] + 1e-4
        if number == 0:
            corners.append((begin + RISE_SECONDS, 0.0))
        elif note.join is None:
            corners += [(begin - note.rest, 0.0), (begin - note.rest + 0.08, SILENCE_DB)]
            corners += [(begin - 1e-3, SILENCE_DB), (begin, -40.0), (begin + RISE_SECONDS, 0.0)]
        elif note.join.bowed:
            corners += [(max(before, begin - FALL_SECONDS), 0.0), (begin, -note.dip_db)]
            corners.append((begin + RISE_SECONDS, 0.0))
    corners += [(begins[-1], 0.0), (begins[-1] + 0.1, SILENCE_DB)]
    envelope = db_to_gain(level_db + np.interp(seconds, *np.array(corners).T))

    def voice(keys: Sequence[float]) -> Float32:
        edges = [(begins[0], keys[0])]
        for note, key, begin in zip(notes[1:], keys[1:], begins[1:], strict=False):
            glide = 0.1 if note.join is Join.PORTAMENTO else GLIDE_SECONDS
            edges += [(begin - glide / 2.0, edges[-1][1]), (begin + glide / 2.0, key)]
        midi = np.interp(seconds, *np.array(edges).T)
        midi += vibrato_cents / 100.0 * np.sin(2.0 * np.pi * 5.5 * seconds)
        phase = 2.0 * np.pi * np.cumsum(np.asarray(midi_to_hz(midi))) / RATE
        orders = np.arange(1, int(min(12, 0.45 * RATE // midi_to_hz(midi.max()))) + 1)
        amplitude = np.sqrt(2.0 / np.sum(1.0 / orders**2)) / orders
        tone = sum(a * np.sin(order * phase) for a, order in zip(amplitude, orders, strict=True))
        return np.asarray(tone, np.float32)

    sound = voice([note.midi for note in notes])
    if any(note.also is not None for note in notes):
        doubled = voice([note.midi if note.also is None else note.also for note in notes])
        edges = np.searchsorted(seconds, begins)
        for note, begin, end in zip(notes, edges, edges[1:], strict=False):
            if note.also is not None:
                sound[begin:end] = (sound[begin:end] + doubled[begin:end]) / np.sqrt(2.0)
    noise = db_to_gain(noise_db) * np.random.default_rng(seed).standard_normal(len(seconds))
    return np.asarray(envelope * sound + noise, np.float32)
