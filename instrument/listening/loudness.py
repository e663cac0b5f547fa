"""A-weighted loudness, as in DDSP (Engel et al. 2020; Hantrakul et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from instrument.arrays import Float32, Float64
from instrument.units import a_weighting

WINDOW_SECONDS = 0.0213  # 1022 samples at 48 kHz: four periods of the lowest violin note
LOW_HZ = 150.0
"""Below it the window is too short: its power pulses with the period, and its spectrum smears."""

PERIODS, SHORTEST_MEAN_SECONDS = 2.0, 1.0 / 60.0
"""Of the mean that low pitches get instead; 1/60 s is as short as the window is in effect."""

SETTLING_SECONDS = 0.25  # of the filter: what it does at an end may not come back at the other
FLOOR_DB = -100.0


def a_weighting_db(frequency_hz: Float64) -> Float64:
    """The A-weighting curve, IEC 61672-1, in dB (0 dB at 1 kHz); −80 dB at the least."""
    weighting_db: Float64 = 10.0 * np.log10(np.maximum(a_weighting(frequency_hz), 1e-8))
    return weighting_db


def loudness_db(
    audio: Float32, sample_rate: int, frame_rate: int, pitch_hz: float | None = None
) -> Float32:
    """Loudness of each frame: its A-weighted power, in dB.

    It is that of a Hann-windowed spectrum. Below 150 Hz it is that of the filtered sound, averaged
    by a Hann window of two periods, whose transform is zero at the pitch and all its multiples.

    A 1 kHz sine of amplitude 1 has about −3 dB.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        frame_rate: Frames a second; frame i is centred on second i / frame_rate.
        pitch_hz: Of the note; if it isn't known, it is taken to be above 150 Hz.

    Returns:
        [1 + samples·frame_rate // sample_rate], in dB, −100 at the least.
    """
    if pitch_hz is None or pitch_hz >= LOW_HZ:
        power = _power_of_spectra(audio, sample_rate, frame_rate)
    else:
        power = _mean_power(audio, sample_rate, frame_rate, pitch_hz)
    return np.maximum(10.0 * np.log10(power + 1e-12), FLOOR_DB).astype(np.float32)


def _framed(samples: Float64, sample_rate: int, frame_rate: int, size: int) -> Iterator[Float64]:
    """The ``size`` samples around each frame, [some frames, size] at a time."""
    frames = 1 + len(samples) * frame_rate // sample_rate
    windows = sliding_window_view(np.pad(samples, (size // 2, size)), size)
    starts = np.round(np.arange(frames) * sample_rate / frame_rate).astype(np.int64)
    for chunk in np.array_split(starts, 1 + frames // 512):
        yield windows[chunk]


def _power_of_spectra(audio: Float32, sample_rate: int, frame_rate: int) -> Float64:
    size = 2 * round(WINDOW_SECONDS * sample_rate / 2)
    window = np.hanning(size + 1)[:-1]
    frequencies_hz = np.fft.rfftfreq(size, 1.0 / sample_rate).astype(np.float64)
    weighting = 10.0 ** (a_weighting_db(frequencies_hz) / 10.0)
    # Parseval: the sum over all bins of a windowed frame, over size·Σ window², is its mean power.
    weighting *= 2.0 / (size * np.sum(window**2))
    power = [
        (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2) @ weighting
        for frames in _framed(np.asarray(audio, np.float64), sample_rate, frame_rate, size)
    ]
    return np.concatenate(power)


def _mean_power(audio: Float32, sample_rate: int, frame_rate: int, pitch_hz: float) -> Float64:
    length = len(audio) + round(SETTLING_SECONDS * sample_rate)
    length = 1 << (length - 1).bit_length()
    frequencies_hz = np.fft.rfftfreq(length, 1.0 / sample_rate).astype(np.float64)
    gain = 10.0 ** (a_weighting_db(frequencies_hz) / 20.0)
    weighted = np.fft.irfft(np.fft.rfft(audio, length) * gain, length)[: len(audio)]
    seconds = max(SHORTEST_MEAN_SECONDS, PERIODS / pitch_hz)
    size = 2 * round(seconds * sample_rate / 2) + 1
    window = np.hanning(size + 2)[1:-1]
    window /= window.sum()
    power = [frames @ window for frames in _framed(weighted**2, sample_rate, frame_rate, size)]
    return np.concatenate(power)
