"""Pitches that an instrument never heard: the sound of the nearest one that it did, stretched.

What a network says of pitches beyond those it learned from is anybody's guess: it gave keys far
below them twenty decibels too much of their fundamental. So it is asked for the nearest pitch, and
the spectral envelope stays where it is, as the body of an instrument does, while harmonics move
through it. The loudness that was asked for is kept.
"""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.units import a_weighting

MARGIN_SEMITONES = 1.0
"""So far beyond the lowest and the highest training note its vibrato may go."""

LEAST_POWER = 1e-20

LOWEST_HEARD_HZ = 16.0
MOST_RUMBLE = 1.5
"""Of what sounds below that, all harmonics have so many times their power at most, unweighted."""


def trained_pitch(pitch_range: list[int]) -> tuple[float, float]:
    """The lowest and the highest pitch, MIDI, at which the timbre is asked for.

    Args:
        pitch_range: Lowest and highest MIDI note of the training notes.
    """
    return pitch_range[0] - MARGIN_SEMITONES, pitch_range[1] + MARGIN_SEMITONES


def stretched(amps: Float32, trained_hz: Float64, f0_hz: Float64, sample_rate: int) -> Float32:
    """The harmonics of a fundamental within the spectral envelope of another.

    The envelope goes linearly from harmonic to harmonic, from 0 at 0 Hz on. The A-weighted power of
    all harmonics (IEC 61672-1) stays as it was; none is left at or above half the sample rate.

    Args:
        amps: [N, K], linear amplitudes of harmonics 1…K of ``trained_hz``.
        trained_hz: [N], fundamentals.
        f0_hz: [N], the fundamentals that sound.
        sample_rate: Samples a second.

    Returns:
        [N, K], of harmonics 1…K of ``f0_hz``; nothing where no harmonic can be heard.
    """
    count, numbers = amps.shape[1], np.arange(1, amps.shape[1] + 1)
    envelope = np.pad(amps.astype(np.float64), ((0, 0), (1, 2)))
    place = np.minimum(numbers * (f0_hz / trained_hz)[:, None], count + 1.0)
    below = place.astype(np.int64)
    low, high = (np.take_along_axis(envelope, at, axis=1) for at in (below, below + 1))
    moved = low + (place - below) * (high - low)
    heard_hz = numbers * f0_hz[:, None]
    moved[heard_hz >= sample_rate / 2] = 0.0
    wanted = np.sum(a_weighting(numbers * trained_hz[:, None]) * envelope[:, 1:-2] ** 2, axis=1)
    found = np.sum(a_weighting(heard_hz) * moved**2, axis=1)
    gain = np.sqrt(wanted / np.maximum(found, LEAST_POWER)) * (found > LEAST_POWER)
    # What nobody hears would have to be ever louder, and rumble.
    plain = np.sum(moved**2, axis=1) / np.maximum(
        np.sum(envelope[:, 1:-2] ** 2, axis=1), LEAST_POWER
    )
    rumble_gain = np.sqrt(MOST_RUMBLE / np.maximum(plain, LEAST_POWER))
    gain = np.where(f0_hz < LOWEST_HEARD_HZ, np.minimum(gain, rumble_gain), gain)
    sounding: Float32 = (gain[:, None] * moved).astype(np.float32)
    return sounding
