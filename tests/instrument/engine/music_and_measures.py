"""What the tests of the engine play, and how they measure what is heard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.engine.engine import Engine
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.midi.layouts import layout_of
from instrument.midi.meanings import Meanings
from instrument.units import gain_to_db, midi_to_hz

RATE = 48_000
HOP = 192
ON, OFF = NoteOn(0, 69, 100), NoteOff(0, 69)
EXPRESSIVE, STRAIGHT = 1, 2
Play = Callable[..., Float32]


def level_db(mono: Float32, window: int = 480) -> Float64:
    """R.m.s. level of windows, [windows]; silence is −200 dB."""
    whole = mono[: len(mono) // window * window].astype(np.float64)
    power = np.mean(whole.reshape(-1, window) ** 2, axis=1)
    return np.asarray(gain_to_db(np.sqrt(power)), np.float64)


def cents(mono: Float32, key: float, sample_rate: int = RATE) -> Float64:
    """Pitch of the fundamental against a key, sample by sample: its phase, demodulated."""
    hz = float(midi_to_hz(key))
    base = mono * np.exp(-2j * np.pi * hz * np.arange(len(mono)) / sample_rate)
    window = np.hanning(4 * round(sample_rate / hz))
    slow = np.convolve(base, window / window.sum(), "same")
    drift_hz = np.gradient(np.unwrap(np.angle(slow))) * sample_rate / (2.0 * np.pi)
    return 1200.0 * np.log2(np.maximum(1.0 + drift_hz / hz, 1e-3))


def click_db(mono: Float32, sample: int) -> float:
    """Peak above 10 kHz in the 15 ms from a sample on, against the peak of the whole."""
    place = np.arange(-48, 49)
    low = 2 * 10_000 / RATE * np.sinc(2 * 10_000 / RATE * place)
    high = ((place == 0) - low) * np.hanning(99)[1:-1]
    around = mono[max(sample - 144, 0) : sample + 720].astype(np.float64)
    heard = np.abs(np.convolve(around, high, "valid")).max()
    return float(gain_to_db(heard / np.abs(mono).max()))


SMOOTH_DB = -50.0
"""The steady noise of the tiny instrument lies at −53; a note cut off gives −35."""


RICH: list[tuple[float, Event]] = [
    (0.0, ControlChange(0, 1, 90)),
    (0.0, NoteOn(0, 67, 90)),
    (0.05, NoteOn(0, 71, 60)),
    (0.0501, NoteOn(1, 62, 110)),
    (0.06, PitchBend(1, 3000)),
    (0.08, ControlChange(0, 64, 127)),
    (0.1, NoteOff(0, 67)),
    (0.11, ProgramChange(0, 1)),
    (0.12, NoteOn(0, 79, 127)),
    (0.12, ControlChange(0, 10, 20)),
    (0.15, ControlChange(0, 64, 0)),
    (0.2, NoteOff(1, 62)),
    (0.22, NoteOn(1, 64, 100)),
    (0.25, ControlChange(0, 123, 0)),
    (0.3, ControlChange(1, 120, 0)),
]


CHANNELS, KEYS = st.integers(0, 2) | st.integers(0, 15), st.integers(55, 79) | st.integers(0, 127)
VALUES = st.sampled_from([0, 1, 63, 64, 127]) | st.integers(0, 127)
MAPPED = [*Meanings(layout_of(None)).setters]
CONTROLLERS = st.sampled_from(MAPPED) | st.integers(0, 127)
PLACES = st.just(()) | st.lists(st.floats(-4, 4), min_size=16, max_size=16).map(tuple)
ANY_EVENT = st.one_of(
    st.builds(NoteOn, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(NoteOff, CHANNELS, KEYS, VALUES),
    st.builds(ControlChange, CHANNELS, CONTROLLERS, VALUES),
    st.builds(PitchBend, CHANNELS, st.integers(-8192, 8191)),
    st.builds(ProgramChange, CHANNELS, st.integers(0, 127)),
    st.builds(ChannelPressure, CHANNELS, VALUES),
    st.builds(KeyPressure, CHANNELS, KEYS, VALUES),
    st.builds(Latent, CHANNELS, PLACES),
)


def parameter(channel: int, number: int, value: int) -> list[Event]:
    """Set a registered parameter."""
    pairs = ((101, 0), (100, number), (6, value))
    return [ControlChange(channel, controller, data) for controller, data in pairs]


ZONES = st.builds(parameter, st.sampled_from([0, 15]), st.just(6), st.integers(0, 15))
MOMENTS = st.integers(0, 6000) | st.sampled_from([0, HOP, 5 * HOP, 5 * HOP + 1, 6 * HOP - 1])
BURSTS = st.tuples(MOMENTS, st.lists(ANY_EVENT, min_size=1, max_size=6) | ZONES)


@st.composite
def any_music(draw: st.DrawFn) -> list[tuple[int, Event]]:
    """Bursts of events at samples 0…6000."""
    bursts = draw(st.lists(BURSTS, min_size=1, max_size=12))
    return [(sample, event) for sample, events in bursts for event in events]


def lateness(engine: Engine) -> tuple[int, int]:
    """How many frames and how many notes came late."""
    state = engine.synth.state
    return int(state.late_frames[0]), int(state.late_notes[0])


def steady(play: Play, *events: Event, preset: int = STRAIGHT) -> Float32:
    """A note after events, [2, 1 s], from when it has settled."""
    placed = [(0.0, event) for event in events]
    return play([*placed, (0.0, ON)], 1.5, preset=preset)[:, RATE // 2 :]
