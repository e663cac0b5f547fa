"""A synthetic bowed note of known pitch, level and segments."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.units import FRAME_RATE, db_to_gain, midi_to_hz

RATE = 48_000
ATTACK_SECONDS = 0.04
RELEASE_SECONDS = 0.09


def bowed_note(
    midi: float,
    seconds: float = 0.8,
    *,
    level_db: float = -20.0,
    vibrato_cents: float = 0.0,
    vibrato_hz: float = 5.5,
    fundamental_db: float = 0.0,
    noise_db: float = -80.0,
    silence: float = 0.1,
    seed: int = 0,
) -> tuple[Float32, Float64]:
    """A bowed note: harmonics that fall by 6 dB an octave, and white noise.

    Args:
        midi: nominal pitch.
        seconds: from onset to release.
        level_db: r.m.s. level of the harmonics in the sustain.
        vibrato_cents: extent to each side.
        vibrato_hz: rate.
        fundamental_db: gain of the first harmonic against its place in the series.
        noise_db: r.m.s. level of the noise in the sustain.
        silence: seconds of it on both sides; with none, the note is all sustain.
        seed: of the noise.

    Returns:
        audio [samples] at 48 kHz, and the true f0_hz [1 + samples·250 // 48000].
    """
    lead = round(silence * RATE)
    ring = round(2 * RELEASE_SECONDS * RATE) if silence else 0
    samples = lead + round(seconds * RATE) + ring + lead

    def f0_hz_at(time: Float64) -> Float64:
        cents = vibrato_cents * np.sin(2.0 * np.pi * vibrato_hz * time)
        return np.asarray(midi_to_hz(midi + cents / 100.0), np.float64)

    time = np.arange(samples) / RATE
    phase = 2.0 * np.pi * np.cumsum(f0_hz_at(time)) / RATE
    count = int(min(12, 0.45 * RATE // midi_to_hz(midi + vibrato_cents / 100.0)))
    amplitude = 1.0 / np.arange(1, count + 1)
    amplitude[0] *= db_to_gain(fundamental_db)
    amplitude *= db_to_gain(level_db) / np.sqrt(np.sum(amplitude**2) / 2.0)
    audio = sum(a * np.sin(order * phase) for order, a in enumerate(amplitude, start=1))
    audio += db_to_gain(noise_db) * np.random.default_rng(seed).standard_normal(samples)
    if silence:
        since_onset = time - silence
        since_release = since_onset - seconds
        shape = np.clip(since_onset / ATTACK_SECONDS, 0.0, 1.0)
        shape *= np.exp(-np.maximum(since_release, 0.0) / (RELEASE_SECONDS / 3.0))
        audio *= shape
    frame_time = np.arange(1 + samples * FRAME_RATE // RATE) / FRAME_RATE
    return audio.astype(np.float32), f0_hz_at(frame_time)
