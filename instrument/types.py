"""The structs that cross the borders between the rooms of the runtime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

# --- MIDI events; channels count from 0 -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A key goes down: key 0…127, velocity 1…127."""

    channel: int
    key: int
    velocity: int


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A key comes up: key 0…127, release velocity 0…127."""

    channel: int
    key: int
    velocity: int = 64


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A controller moves: controller and value 0…127."""

    channel: int
    controller: int
    value: int


@dataclass(frozen=True, slots=True)
class PitchBend:
    """The pitch wheel moves: value −8192…8191."""

    channel: int
    value: int


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """A program is chosen: program 0…127."""

    channel: int
    program: int


@dataclass(frozen=True, slots=True)
class ChannelPressure:
    """The keys of a channel are pressed: value 0…127."""

    channel: int
    value: int


@dataclass(frozen=True, slots=True)
class KeyPressure:
    """One key that is down is pressed: key and value 0…127."""

    channel: int
    key: int
    value: int


Event = NoteOn | NoteOff | ControlChange | PitchBend | ProgramChange | ChannelPressure | KeyPressure


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event of a score, `seconds` from its beginning."""

    seconds: float
    event: Event


# --- What the models take and give ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Envelope:
    """The curves of one note, 250 frames a second.

    Attributes:
        cents: [frames], deviation from the nominal pitch.
        loudness_db: [frames], A-weighted loudness in dB.
    """

    cents: Float32
    loudness_db: Float32


@dataclass(frozen=True, slots=True)
class DDSPControls:
    """What the synthesisers need for T frames of V voices.

    Attributes:
        amplitude: [V, T], the sum of all harmonic amplitudes, linear.
        harmonics: [V, T, K], distribution over harmonics 1…K; rows sum to 1.
        noise: [V, T, N], magnitudes of the noise filter at N frequencies from 0 Hz to the training
            Nyquist frequency, linear.
    """

    amplitude: Float32
    harmonics: Float32
    noise: Float32
