"""Whether more than one note sounds: partials between the harmonics of the one that is heard."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.listening.demodulation import demodulate
from instrument.units import FRAME_RATE

PERIODS = 10.0
"""Of the analysis window: it keeps a harmonic out of what lies a fifth of the way to the next."""

PLACES = tuple(np.arange(0.25, 0.76, 0.125).tolist())
"""Of what lies between two harmonics, in harmonic numbers."""

HIGHEST_HZ, MOST_HARMONICS = 5_000.0, 12
STRIDE = 5


def second_tone_db(audio: Float32, sample_rate: int, f0_hz: Float64) -> float:
    """How loud the strongest partials between the harmonics of a note are, against these.

    Noise lies between all of them alike and partials of a second tone at single places, which is
    why the median place is taken off; the tail that a note before leaves in a room fades, which is
    why the median frame counts. An octave or a twelfth above has no partials of its own and isn't
    seen.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames], 250 a second.

    Returns:
        In dB; −100 at the least.
    """
    track = f0_hz[::STRIDE]
    pitch_hz = float(np.median(track))
    orders = int(np.clip(HIGHEST_HZ // pitch_hz, 2, MOST_HARMONICS))
    seconds = PERIODS / pitch_hz
    rate = FRAME_RATE // STRIDE

    def powers(first: float, count: int) -> Float64:
        found = demodulate(audio, sample_rate, track, rate, count, seconds, first)
        return np.asarray(np.median(np.abs(found) ** 2, axis=0))

    sines = powers(1.0, orders).sum()
    between = np.array([powers(place, orders) for place in PLACES]).T  # [orders, places]
    tones = np.maximum(between - np.median(between, axis=1, keepdims=True), 0.0).max(axis=1).sum()
    return float(10.0 * np.log10(max(tones / max(sines, 1e-20), 1e-10)))
