"""The tone of a note: how loud, how bright and how noisy its sustain is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.listening.demodulation import analysis_window, demodulate
from instrument.listening.frames import ATTACK_FRAMES
from instrument.listening.loudness import loudness_db
from instrument.units import FRAME_RATE

SHORTEST_SUSTAIN_FRAMES = 25
LONGEST_SUSTAIN_FRAMES = 500
BRIGHTEST_HZ = 12_000.0  # harmonics above are below the noise of most recordings
PERIODS = 10.0  # a Hann window of ten periods keeps a harmonic 55 dB out of the gap beside it
SHORTEST_WINDOW_SECONDS = 0.016


@dataclass(frozen=True)
class Tone:
    """The sustain of one note.

    Attributes:
        midi: Its key.
        level_db: Median loudness, dB(A).
        centroid_octaves: Centroid of the harmonics, in octaves above the fundamental.
        harmonic_to_noise_db: Power of the harmonics against that of the noise between them.
    """

    midi: int
    level_db: float
    centroid_octaves: float
    harmonic_to_noise_db: float


def measure_tone(
    audio: Float32, sample_rate: int, f0_hz: Float64, midi: int, onset: int, release: int
) -> Tone | None:
    """Measure the sustain of a note; None if it has less than a tenth of a second of it.

    Harmonics are measured by demodulation at the pitch of the note, noise half-way between them.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames].
        midi: Its key.
        onset: Frame at which the note begins.
        release: Frame at which its sustain ends.
    """
    first = onset + ATTACK_FRAMES
    last = min(release, first + LONGEST_SUSTAIN_FRAMES, len(f0_hz))
    if last - first < SHORTEST_SUSTAIN_FRAMES:
        return None
    hop = sample_rate // FRAME_RATE
    sound, pitch_hz = audio[first * hop : last * hop], f0_hz[first:last]
    fundamental_hz = float(np.median(pitch_hz))
    count = max(2, int(BRIGHTEST_HZ / fundamental_hz))
    seconds = max(SHORTEST_WINDOW_SECONDS, PERIODS / fundamental_hz)
    inside = slice(int(seconds * FRAME_RATE / 2) + 1, -int(seconds * FRAME_RATE / 2) - 1)
    harmonics, gaps = (
        np.mean(
            np.abs(
                demodulate(sound, sample_rate, pitch_hz, FRAME_RATE, count, seconds, order)[inside]
            )
            ** 2,
            axis=0,
        )
        for order in (1.0, 1.5)
    )
    # White noise of variance v gives v·Σ window² in a gap, and v·2·f0 / rate of it lies there.
    density = (
        2.0 * fundamental_hz / (sample_rate * np.sum(analysis_window(seconds, sample_rate) ** 2))
    )
    amplitude = np.sqrt(harmonics)
    centroid = np.sum(np.arange(1, count + 1) * amplitude) / max(np.sum(amplitude), 1e-12)
    ratio = (np.sum(harmonics) / 2.0) / max(float(np.sum(gaps)) * density, 1e-20)
    return Tone(
        midi=midi,
        level_db=float(np.median(loudness_db(sound, sample_rate, FRAME_RATE, fundamental_hz))),
        centroid_octaves=float(np.log2(max(centroid, 1.0))),
        harmonic_to_noise_db=float(10.0 * np.log10(max(ratio, 1e-10))),
    )
