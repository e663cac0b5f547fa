"""What was written into the rings between the control thread and the audio callback."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.frames import Frames, Onsets
from instrument.units import gain_to_db, hz_to_midi


class Trace(NamedTuple):
    """All slots [V] at the end of a hop, as in ``Frames``; where nothing sounds NaN or what was.

    Attributes:
        voice: [V], number of the voice, 0 for none.
        midi: [V], pitch.
        level_db: [V], of all harmonics.
        f0_hz, amps, noise, gain: [V, …].
    """

    voice: Int64
    midi: Float64
    level_db: Float64
    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32


class OnsetTrace(NamedTuple):
    """The first sample of a voice: where it is, and its controls there."""

    hop: int
    inside: int
    slot: int
    f0_hz: float
    midi: float
    amps: Float32
    gain: Float32


def trace(frames: Frames, hop: int) -> Trace:
    """A copy of the frame of a hop."""
    row = hop % len(frames.voice)
    voice, f0_hz, amps = frames.voice[row].copy(), frames.f0_hz[row].copy(), frames.amps[row].copy()
    sounds = voice > 0
    with np.errstate(divide="ignore"):
        midi = np.asarray(hz_to_midi(f0_hz), np.float64)
        level_db = np.asarray(gain_to_db(amps.sum(axis=1, dtype=np.float64)), np.float64)
    return Trace(
        voice,
        np.where(sounds, midi, np.nan),
        np.where(sounds, level_db, np.nan),
        f0_hz,
        amps,
        frames.noise[row].copy(),
        frames.gain[row].copy(),
    )


def trace_onset(onsets: Onsets, number: int) -> OnsetTrace:
    """A copy of what was written of the voice of this number, counted from 1."""
    item = (number - 1) % len(onsets.hop)
    f0_hz = float(onsets.f0_hz[item])
    return OnsetTrace(
        int(onsets.hop[item]),
        int(onsets.inside[item]),
        int(onsets.slot[item]),
        f0_hz,
        float(hz_to_midi(f0_hz)),
        onsets.amps[item].copy(),
        onsets.gain[item].copy(),
    )
