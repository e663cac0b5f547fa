"""A-weighted loudness, as in DDSP (Engel et al. 2020; Hantrakul et al. 2019)."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from instrument.arrays import Float32, Float64

WINDOW_SECONDS = 0.0213  # 1022 samples at 48 kHz: four periods of the lowest violin note
FLOOR_DB = -100.0


def a_weighting_db(frequency_hz: Float64) -> Float64:
    """The A-weighting curve, IEC 61672-1, in dB (0 dB at 1 kHz); −80 dB at the least."""
    squared = np.maximum(frequency_hz, 1e-3) ** 2
    response = (12194.0**2 * squared**2) / (
        (squared + 20.6**2)
        * np.sqrt((squared + 107.7**2) * (squared + 737.9**2))
        * (squared + 12194.0**2)
    )
    return np.maximum(20.0 * np.log10(np.maximum(response, 1e-10)) + 2.0, -80.0)


def loudness_db(audio: Float32, sample_rate: int, frame_rate: int) -> Float32:
    """Loudness of each frame: the A-weighted power of a Hann-windowed spectrum, in dB.

    A 1 kHz sine of amplitude 1 has about −3 dB.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        frame_rate: Frames a second; frame i is centred on second i / frame_rate.

    Returns:
        [1 + samples·frame_rate // sample_rate], in dB, −100 at the least.
    """
    size = 2 * round(WINDOW_SECONDS * sample_rate / 2)
    window = np.hanning(size + 1)[:-1]
    frequencies_hz = np.fft.rfftfreq(size, 1.0 / sample_rate).astype(np.float64)
    weighting = 10.0 ** (a_weighting_db(frequencies_hz) / 10.0)
    # Parseval: the sum over all bins of a windowed frame, over size·Σ window², is its mean power.
    weighting *= 2.0 / (size * np.sum(window**2))
    frames = 1 + len(audio) * frame_rate // sample_rate
    padded = np.pad(np.asarray(audio, np.float64), (size // 2, size))
    starts = np.round(np.arange(frames) * sample_rate / frame_rate).astype(np.int64)
    windows = sliding_window_view(padded, size)
    power = np.empty(frames)
    for chunk in np.array_split(np.arange(frames), 1 + frames // 512):
        spectrum = np.fft.rfft(windows[starts[chunk]] * window, axis=1)
        power[chunk] = (np.abs(spectrum) ** 2) @ weighting
    return np.maximum(10.0 * np.log10(power + 1e-12), FLOOR_DB).astype(np.float32)
