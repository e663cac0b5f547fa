"""Refining a pitch track: from some tens of cents to a fraction of one.

Trackers look through windows of 64 ms and more and jitter by a few cents. Once the pitch is known
to some tens of cents, the phase of the first harmonics gives it through a window of 24 ms, or of
four periods of a low note, so that vibrato keeps its extent.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.listening.demodulation import demodulate
from instrument.units import hz_to_midi, midi_to_hz

OCTAVE_TOLERANCE_SEMITONES = 1.0
ODD_HARMONICS_RATIO = 4.0  # 6 dB
ODD_HARMONICS_PERIODS = 6.0  # of the window that tells them from what lies between
EVEN_HARMONICS_RATIO = 100.0
REFINING_HARMONICS = 8
REFINING_WINDOW_SECONDS = 0.024
REFINING_PERIODS = 4.0  # with less, neighbouring harmonics beat and are heard as vibrato
HIGH_HZ = 3200.0
"""Above it a tracker may err by so many Hz that between frames a second harmonic turns too far."""


def refine_f0(
    audio: Float32,
    sample_rate: int,
    f0_hz: Float32,
    frame_rate: int,
    iterations: int | None = None,
    harmonics: int = REFINING_HARMONICS,
) -> Float64:
    """Refine a pitch track by the instantaneous frequency of its first harmonics.

    Each harmonic k is shifted to 0 Hz by the phase of the track; how fast its own phase still turns
    is k times the error of the track. The harmonics are averaged by k²·|a|², the inverse variance
    of each one's estimate. Corrections of more than half a semitone are not believed.

    Jitter that is quicker than the window stays. Where it would be more than 2 cents, below 166 Hz
    (the window is longer) and above 3200 Hz (the tracker is less sure), it is smoothed away first.

    Args:
        audio: [samples], mono.
        sample_rate: Of the audio, in Hz.
        f0_hz: [frames], right to about 50 cents.
        frame_rate: Frames a second.
        iterations: How often the track is refined: by default 2, or 3 after smoothing.
        harmonics: The most that are listened to. Of fewer, a track may be further off.

    Returns:
        [frames], in Hz.
    """
    track = np.asarray(f0_hz, dtype=np.float64)
    pitch_hz = max(float(np.median(track)), 1.0)
    most = 1 if pitch_hz > HIGH_HZ else harmonics
    count = int(np.clip(0.45 * sample_rate // pitch_hz, 1, most))
    orders = np.arange(1, count + 1)
    seconds = max(REFINING_WINDOW_SECONDS, REFINING_PERIODS / pitch_hz)
    smooth = seconds > REFINING_WINDOW_SECONDS or pitch_hz > HIGH_HZ
    if smooth:
        track = _smoothed(track, seconds * frame_rate)
    for _ in range(iterations or (3 if smooth else 2)):
        gains = demodulate(audio, sample_rate, track, frame_rate, count, seconds)
        turn = np.angle(gains[2:] * gains[:-2].conj())
        weight = orders**2 * np.abs(gains[1:-1]) ** 2
        error_hz = (weight * turn / orders).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-20)
        error_hz *= frame_rate / (2.0 * 2.0 * np.pi)
        error_hz = np.pad(error_hz, 1, mode="edge")
        trusted = np.abs(error_hz) < track * (2.0 ** (0.5 / 12.0) - 1.0)
        track = track + np.where(trusted, error_hz, 0.0)
    return track


def _smoothed(f0_hz: Float64, frames: float) -> Float64:
    """A track, its logarithm averaged by a Hann window of so many frames.

    Frames that are more than a semitone from the median around them hardly move the others.
    """
    half = int(frames // 2)
    window = np.hanning(2 * half + 3)[1:-1]
    octaves = np.log2(f0_hz)
    around = sliding_window_view(np.pad(octaves, half, mode="edge"), len(window))
    median = np.median(around, axis=1)
    clipped = np.clip(octaves, median - 1.0 / 12.0, median + 1.0 / 12.0)
    padded = np.pad(clipped, half, mode="edge")
    return np.exp2(np.convolve(padded, window / window.sum(), mode="valid"))


def lower_octave(
    audio: Float32, sample_rate: int, f0_hz: Float32, frame_rate: int, expected_midi: float
) -> Float32:
    """Bring frames that were heard an octave too high down to the labelled pitch.

    On the lowest strings the second harmonic outweighs the first by far, and trackers take it
    for the fundamental. The label is believed if the odd harmonics, which only the lower pitch has,
    stand out from what lies between the harmonics. Frames whose window reaches beyond the audio
    don't decide, if there are others: its edges lie between the harmonics, too.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames], as tracked.
        frame_rate: Frames a second.
        expected_midi: The labelled pitch.

    Returns:
        [frames], in Hz.
    """
    above = np.abs(hz_to_midi(f0_hz) - expected_midi - 12.0) < OCTAVE_TOLERANCE_SEMITONES
    if not above.any():
        return f0_hz
    lowered = np.where(above, f0_hz / 2.0, f0_hz)
    edge = math.ceil(ODD_HARMONICS_PERIODS / midi_to_hz(expected_midi) * frame_rate)
    inside = above.copy()
    inside[:edge] = inside[max(edge, len(inside) - edge) :] = False
    judged = inside if inside.any() else above
    odd, _, between = _powers(audio, sample_rate, lowered, frame_rate, expected_midi, judged)
    return lowered if odd > ODD_HARMONICS_RATIO * between else f0_hz


def is_octave_below(
    audio: Float32, sample_rate: int, f0_hz: Float32 | Float64, frame_rate: int, midi: float
) -> bool:
    """Whether a note that was heard at a pitch sounds an octave above it.

    It does if the odd harmonics of the pitch, which the higher note doesn't have, are 20 dB weaker
    than the even ones. On a violin's lowest notes they are up to 13 dB weaker.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        f0_hz: [frames], as tracked.
        frame_rate: Frames a second.
        midi: The pitch in question.
    """
    there = np.abs(hz_to_midi(f0_hz) - midi) < OCTAVE_TOLERANCE_SEMITONES
    if not there.any():
        return False
    odd, even, _ = _powers(audio, sample_rate, f0_hz, frame_rate, midi, there)
    return odd * EVEN_HARMONICS_RATIO < even


def _powers(
    audio: Float32,
    sample_rate: int,
    f0_hz: Float32 | Float64,
    frame_rate: int,
    midi: float,
    frames: NDArray[np.bool],
) -> tuple[float, float, float]:
    """Power of odd harmonics, of even ones, and of what lies between, in some of the frames."""
    expected_hz = midi_to_hz(midi)
    near = np.where(
        np.abs(hz_to_midi(f0_hz) - midi) < OCTAVE_TOLERANCE_SEMITONES, f0_hz, expected_hz
    )
    seconds = ODD_HARMONICS_PERIODS / expected_hz
    sines = demodulate(audio, sample_rate, near, frame_rate, 9, seconds)[frames]
    gaps = demodulate(audio, sample_rate, near, frame_rate, 9, seconds, first_order=0.5)[frames]
    odd, even, between = sines[:, 0::2], sines[:, 1::2], gaps[:, 0::2]
    return (
        float(np.sum(np.abs(odd) ** 2)),
        float(np.sum(np.abs(even) ** 2)),
        float(np.sum(np.abs(between) ** 2)),
    )
