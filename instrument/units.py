"""Units: MIDI pitch and Hz, cents, decibels and gain, controllers and proportions."""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import NDArray

A4_HZ = 440.0
A4_MIDI = 69.0

FRAME_RATE = 250
"""Control frames a second: of envelopes, of what the networks compute and of what is measured."""

UNIFORM_NOISE_POWER = 1.0 / 3.0
"""Mean power of the white noise between −1 and 1 that the noise filters shape."""

FloatArray = NDArray[np.float32] | NDArray[np.float64]


@overload
def midi_to_hz(midi: float) -> float: ...
@overload
def midi_to_hz(midi: FloatArray) -> FloatArray: ...
def midi_to_hz(midi: float | FloatArray) -> float | FloatArray:
    """Frequency in Hz of a (fractional) MIDI note number in equal temperament, A4 = 440 Hz."""
    return A4_HZ * 2.0 ** ((midi - A4_MIDI) / 12.0)


@overload
def hz_to_midi(hz: float) -> float: ...
@overload
def hz_to_midi(hz: FloatArray) -> FloatArray: ...
def hz_to_midi(hz: float | FloatArray) -> float | FloatArray:
    """Fractional MIDI note number of a frequency in Hz (> 0)."""
    return A4_MIDI + 12.0 * np.log2(np.asarray(hz) / A4_HZ)


@overload
def db_to_gain(db: float) -> float: ...
@overload
def db_to_gain(db: FloatArray) -> FloatArray: ...
def db_to_gain(db: float | FloatArray) -> float | FloatArray:
    """Linear amplitude of a level in dB."""
    return 10.0 ** (db / 20.0)


@overload
def gain_to_db(gain: float) -> float: ...
@overload
def gain_to_db(gain: FloatArray) -> FloatArray: ...
def gain_to_db(gain: float | FloatArray) -> float | FloatArray:
    """Level in dB of a linear amplitude; silence is −200 dB."""
    return 20.0 * np.log10(np.maximum(np.abs(gain), 1e-10))


def a_weighting(hz: FloatArray) -> FloatArray:
    """What A-weighting multiplies power by (IEC 61672-1): 1 at 1 kHz, 0 at 0 Hz."""
    squared = hz**2
    low = (squared + 20.6**2) ** 2 * (squared + 107.7**2) * (squared + 737.9**2)
    high = (squared + 12194.0**2) ** 2
    weighting: FloatArray = 10.0**0.2 * 12194.0**4 * squared**4 / (low * high)
    return weighting


def controller_gain(value: int) -> float:
    """Gain of a volume or expression controller, 0…127.

    The General MIDI curve, 40·log₁₀(value / 127) dB (MMA RP-002).
    """
    return (value / 127.0) ** 2


def pan_gains(value: int) -> tuple[float, float]:
    """Left and right gain of a pan controller, 0…127, with constant power (MMA RP-036).

    1 and 0 are both hard left and 64 is the centre, where both gains are √½.
    """
    angle = max(0, value - 1) / 126.0 * math.pi / 2.0
    return math.cos(angle), math.sin(angle)


NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def note_name(midi: int, sharp: str = "#") -> str:
    """Name of a MIDI note number, 0…127, with sharps: 60 is C4 and 58 is A#3.

    Args:
        midi: The note number.
        sharp: The sign for a sharp: `#`, `♯`, or `s` for names of files.
    """
    octave, pitch_class = divmod(midi, 12)
    return f"{NOTE_NAMES[pitch_class].replace('#', sharp)}{octave - 1}"
