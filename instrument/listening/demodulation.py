"""Harmonic demodulation: the complex amplitude of each harmonic of a note with known pitch.

Every harmonic is shifted to 0 Hz by the phase of the fundamental and averaged through a window, as
in the sinusoidal analyses of Serra & Smith (1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.dsp import jit
from instrument.dsp.jit import compiled_parallel

Complex128 = NDArray[np.complex128]


def phase_cycles(
    f0_hz: Float32 | Float64, samples: int, sample_rate: int, frame_rate: int
) -> Float64:
    """Phase of the fundamental, in cycles, at each sample; the pitch is linear between frames."""
    at_sample = np.arange(samples) * (frame_rate / sample_rate)
    return np.cumsum(np.interp(at_sample, np.arange(len(f0_hz)), f0_hz) / sample_rate)


@compiled_parallel
def _demodulate(
    audio: Float64,
    phase: Float64,
    centres: NDArray[np.int64],
    window: Float64,
    first: float,
    orders: int,
) -> Complex128:
    half = len(window) // 2
    result = np.zeros((len(centres), orders), dtype=np.complex128)
    for frame in jit.prange(len(centres)):  # numba's, which isn't imported before it compiles
        for tap in range(len(window)):
            sample = centres[frame] - half + tap
            if sample < 0 or sample >= len(audio):
                continue
            x = audio[sample] * window[tap]
            angle = 2.0 * np.pi * phase[sample]
            turn = complex(np.cos(angle), -np.sin(angle))
            rotor = complex(np.cos(first * angle), -np.sin(first * angle))
            for order in range(orders):
                result[frame, order] += x * rotor
                rotor *= turn
    return result


def analysis_window(seconds: float, sample_rate: int) -> Float64:
    """Hann window of an odd number of samples, scaled so that a sine of amplitude a gives a."""
    length = 2 * round(seconds * sample_rate / 2) + 1
    window: Float64 = np.hanning(length + 2)[1:-1]
    scaled: Float64 = window * (2.0 / window.sum())
    return scaled


def demodulate(
    audio: Float32,
    sample_rate: int,
    f0_hz: Float32 | Float64,
    frame_rate: int,
    harmonics: int,
    window_seconds: float,
    first_order: float = 1.0,
) -> Complex128:
    """Complex amplitude of each harmonic at each frame.

    Args:
        audio: [samples], mono.
        sample_rate: Of the audio, in Hz.
        f0_hz: [frames].
        frame_rate: Frames a second; frame i is centred on second i / frame_rate.
        harmonics: How many, from the fundamental on.
        window_seconds: Length of the Hann window; at least three periods for clean harmonics.
        first_order: Of the lowest; from ½ on it measures what lies between the harmonics.

    Returns:
        [frames, harmonics]; the magnitude is the amplitude of the sine, the angle its phase
        against the fundamental's own.
    """
    window = analysis_window(window_seconds, sample_rate)
    centres = np.round(np.arange(len(f0_hz)) * sample_rate / frame_rate).astype(np.int64)
    phase = phase_cycles(f0_hz, len(audio), sample_rate, frame_rate)
    result: Complex128 = _demodulate(
        np.asarray(audio, np.float64), phase, centres, window, first_order, harmonics
    )
    return result
