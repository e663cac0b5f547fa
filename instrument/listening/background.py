"""What a recording holds beside its note: an offset, and noise that goes on all the time."""

from __future__ import annotations

import math

import numpy as np

from instrument.arrays import Float32
from instrument.listening.loudness import FLOOR_DB, a_weighting_db

STRETCH_FRAMES = 25
STEADY_DB = 4.0  # between the faintest and the loudest frame of a stretch of background
BELOW_DB = 10.0  # the loudest part of the note
PEAKS, PEAKS_SHARE = 20, 0.5
"""Where so many bins of 10 Hz hold so much of the power there is a tone, which noise is not."""


def without_offset(audio: Float32) -> Float32:
    """Samples whose mean is zero: an offset sounds at both ends of a recording."""
    return audio - np.float32(audio.mean(dtype=np.float64))


def background_db(audio: Float32, sample_rate: int, loudness_db: Float32, frame_rate: int) -> float:
    """Loudness of the noise in the stretches of 100 ms in which nothing else sounds.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        loudness_db: [frames], of it.
        frame_rate: Frames a second.

    Returns:
        In dB, the median of those stretches; −∞ if there are none.
    """
    size = STRETCH_FRAMES * sample_rate // frame_rate
    count = min(len(audio) // size, len(loudness_db) // STRETCH_FRAMES)
    if count == 0:
        return -math.inf
    stretches = loudness_db[: count * STRETCH_FRAMES].reshape(count, STRETCH_FRAMES)
    level = stretches.mean(axis=1)
    steady = np.ptp(stretches, axis=1) < STEADY_DB
    quiet = (level > FLOOR_DB + 1.0) & (level < np.percentile(loudness_db, 98) - BELOW_DB)
    where = np.flatnonzero(steady & quiet)
    sound = audio[: count * size].reshape(count, size)[where] * np.hanning(size)
    frequencies_hz = np.fft.rfftfreq(size, 1.0 / sample_rate).astype(np.float64)
    weighting = 10.0 ** (a_weighting_db(frequencies_hz) / 10.0)
    power = np.sort(np.abs(np.fft.rfft(sound, axis=1)) ** 2 * weighting, axis=1)
    noise = power[:, -PEAKS:].sum(axis=1) < PEAKS_SHARE * power.sum(axis=1)
    found = level[where[noise]]
    return float(np.median(found)) if len(found) else -math.inf
