"""Spectra measured from recordings: harmonic amplitudes and the noise between them.

Demodulation at the known pitch gives every harmonic; demodulation half-way between the harmonics
gives the density of the noise there. The timbre network is first fitted to these, which costs a
hundredth of the spectral loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from instrument.arrays import Float32, Float64
from instrument.listening.demodulation import analysis_window, demodulate
from instrument.units import UNIFORM_NOISE_POWER

PERIODS = 5.0  # a Hann window of five periods keeps a harmonic out of the one beside it
GAP_PERIODS = 10.0  # the noise half-way between them is faint: clear of both takes ten
SHORTEST_WINDOW_SECONDS = 0.016
NOISE_SMOOTHING_FRAMES = 9
FLOOR_DB = -140.0
MEASURED_BY = (PERIODS, GAP_PERIODS, SHORTEST_WINDOW_SECONDS, NOISE_SMOOTHING_FRAMES)
"""What spectra depend on beside the sound: kept ones are measured anew when it changes."""


@dataclass(frozen=True)
class Spectra:
    """Measured spectra of one note.

    Attributes:
        harmonics_db: [frames, harmonics], amplitude of each sine; the floor above Nyquist.
        noise_db: [frames, bands], magnitude of the noise filter, from 0 Hz to Nyquist.
    """

    harmonics_db: Float32
    noise_db: Float32


def _decibels(power: Float64) -> Float32:
    return np.maximum(10.0 * np.log10(np.maximum(power, 1e-20)), FLOOR_DB).astype(np.float32)


def measure_spectra(
    audio: Float32,
    sample_rate: int,
    f0_hz: Float64,
    frame_rate: int,
    harmonics: int,
    noise_bands: int,
) -> Spectra:
    """Measure harmonics and noise of a note.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames].
        frame_rate: Frames a second.
        harmonics: How many harmonics to measure.
        noise_bands: How many noise bands, equally spaced.
    """
    nyquist = sample_rate / 2.0
    lowest, highest = float(f0_hz.min()), float(f0_hz.max())
    below = max(1, min(harmonics, int(nyquist / highest)))
    seconds, gap_seconds = (
        max(SHORTEST_WINDOW_SECONDS, periods / lowest) for periods in (PERIODS, GAP_PERIODS)
    )
    sines = demodulate(audio, sample_rate, f0_hz, frame_rate, below, seconds)
    gaps = demodulate(audio, sample_rate, f0_hz, frame_rate, below, gap_seconds, first_order=0.5)

    window = analysis_window(gap_seconds, sample_rate)
    variance = np.abs(gaps) ** 2 / np.sum(window**2)
    variance = uniform_filter1d(variance, NOISE_SMOOTHING_FRAMES, axis=0)
    bands_hz = np.linspace(0.0, nyquist, noise_bands)
    gaps_hz = (np.arange(below) + 0.5) * float(np.median(f0_hz))
    noise = np.array([np.interp(bands_hz, gaps_hz, row) for row in variance])

    harmonics_db = np.full((len(f0_hz), harmonics), FLOOR_DB, dtype=np.float32)
    harmonics_db[:, :below] = _decibels(np.abs(sines) ** 2)
    return Spectra(harmonics_db, _decibels(noise / UNIFORM_NOISE_POWER))
