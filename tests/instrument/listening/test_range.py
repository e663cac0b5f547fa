"""From the lowest key of a piano to the highest, pitch and loudness are heard as they are."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from instrument.listening.demodulation import phase_cycles
from instrument.listening.loudness import a_weighting_db, loudness_db
from instrument.listening.note import HIGHEST_MIDI, LOWEST_MIDI, analyse
from instrument.listening.pitch import refine_f0
from instrument.units import FRAME_RATE, midi_to_hz

RATE = 48_000
SECONDS = 0.6
HARMONICS, LOUDEST = 40, 0.2
INNER = slice(30, -30)
SEAMS = 28, 50, 52, 53, 103, 104
"""Keys beside those where windows grow, or what is measured changes: at 41, 150, 166, 3200 Hz."""

KEYS = sorted({*range(LOWEST_MIDI, HIGHEST_MIDI + 1, 3), *SEAMS})
ONLY_A_SINE = 99.0
NOTHING_HEARD = np.zeros(0, np.float32), np.zeros(0, np.float32)


def tone(midi: int, vibrato_cents: float, slope: float = 1.0) -> tuple[Float32, Float64, Float64]:
    """A tone of harmonics k^−slope, its f0_hz and its A-weighted level in dB, at each frame."""
    time = np.arange(1 + round(SECONDS * FRAME_RATE)) / FRAME_RATE
    cents = vibrato_cents * np.sin(2.0 * np.pi * 5.5 * time)
    f0_hz = np.asarray(midi_to_hz(midi + cents / 100.0), np.float64)
    orders = np.arange(1, HARMONICS + 1)
    orders = orders[orders * f0_hz.max() < 0.45 * RATE]
    amplitudes = LOUDEST * orders.astype(np.float64) ** -slope
    cycles = phase_cycles(f0_hz, round(SECONDS * RATE), RATE, FRAME_RATE)
    begins = np.random.default_rng(midi).uniform(size=len(orders))
    audio = np.cos(2.0 * np.pi * (np.outer(cycles, orders) + begins)) @ amplitudes
    weights = 10.0 ** (a_weighting_db(np.outer(f0_hz, orders)) / 10.0)
    return audio.astype(np.float32), f0_hz, 10.0 * np.log10(weights @ (amplitudes**2 / 2.0))


def as_a_tracker_hears(f0_hz: Float64, midi: int) -> Float32:
    """A track blurred by a window of 64 ms or more, with an offset and a slow wobble."""
    window = np.hanning(18 if midi >= 52 else 34 if midi >= 28 else 66)[1:-1]
    window /= window.sum()
    wobble = 12.0 * np.random.default_rng(0).standard_normal(len(f0_hz))
    cents = 10.0 + np.convolve(wobble, window, mode="same")
    half = len(window) // 2
    padded = np.pad(np.log2(f0_hz), half, mode="edge")
    blurred = np.convolve(padded, window, mode="same")[half:-half]
    return np.exp2(blurred + cents / 1200.0).astype(np.float32)


@pytest.mark.parametrize("vibrato_cents", [0.0, 25.0])
@pytest.mark.parametrize("midi", KEYS)
def test_the_pitch_is_right_to_2_cents_over_the_whole_range(
    midi: int, vibrato_cents: float
) -> None:
    audio, f0_hz, _ = tone(midi, vibrato_cents)
    refined = refine_f0(audio, RATE, as_a_tracker_hears(f0_hz, midi), FRAME_RATE)
    within = 2.0 if midi >= 28 else 4.0  # below a bass, vibrato is nearly as quick as the window
    assert np.abs(1200.0 * np.log2(refined / f0_hz))[INNER].max() < within


@pytest.mark.parametrize(("slope", "within_db"), [(1.0, 0.1), (ONLY_A_SINE, 0.3)])
@pytest.mark.parametrize("midi", KEYS)
def test_the_loudness_is_as_it_is_over_the_whole_range(
    midi: int, slope: float, within_db: float
) -> None:
    audio, _, level_db = tone(midi, 25.0, slope)
    heard = loudness_db(audio, RATE, FRAME_RATE, midi_to_hz(midi))
    assert np.abs(heard - level_db)[INNER].max() < within_db


@pytest.mark.parametrize("midi", [51, 55, 60, 84, 108])
def test_above_150_hz_the_pitch_changes_nothing(midi: int) -> None:
    audio, _, _ = tone(midi, 25.0)
    knowing = loudness_db(audio, RATE, FRAME_RATE, midi_to_hz(midi))
    np.testing.assert_array_equal(knowing, loudness_db(audio, RATE, FRAME_RATE))


@pytest.mark.parametrize("midi", [0, LOWEST_MIDI - 1, HIGHEST_MIDI + 1, 127])
def test_other_keys_are_refused_before_anything_is_heard(midi: int) -> None:
    audio, _, _ = tone(69, 0.0)
    with pytest.raises(RecordingError, match=r"\(21\).*\(108\)"):
        analyse(audio, midi, RATE, lambda *_: NOTHING_HEARD)
