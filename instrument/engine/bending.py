"""Bends that are heard a hop sooner than what the timbre is computed for."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float64
from instrument.dsp.frames import Frames
from instrument.units import midi_to_hz

MOST_SEMITONES = 2.0
"""Of a bend that are heard sooner, at most: the highest harmonics would alias."""

LOWEST_HZ, HIGHEST_HZ = float(midi_to_hz(0.0)), float(midi_to_hz(127.0))


def bend(frames: Frames, hop: int, semitones: Float64) -> None:
    """Bend voices farther in a hop that begins, whose frame is written.

    Args:
        frames: Where it is.
        hop: Which.
        semitones: [slots], by how much.
    """
    slots = np.flatnonzero(semitones)
    if slots.size:
        into = hop % len(frames.voice), slots
        most = np.clip(semitones[slots], -MOST_SEMITONES, MOST_SEMITONES)
        frames.f0_hz[into] = np.clip(
            frames.f0_hz[into] * 2.0 ** (most / 12.0), LOWEST_HZ, HIGHEST_HZ
        )
