"""Demodulation gives back the amplitudes and phases that a sound was made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.listening.demodulation import demodulate, phase_cycles
from instrument.units import FRAME_RATE

RATE = 48_000
WINDOW_SECONDS = 0.025
INNER = slice(5, -5)


def sines(f0_hz: Float64, amplitudes: list[float], phases: list[float], samples: int) -> Float32:
    """Σ aₖ·cos(2πkφ + pₖ) for a track of 250 frames a second."""
    cycles = phase_cycles(f0_hz, samples, RATE, FRAME_RATE)
    orders = np.arange(1, len(amplitudes) + 1)[:, np.newaxis]
    angle = 2.0 * np.pi * orders * cycles + np.array(phases)[:, np.newaxis]
    audio: Float64 = (np.array(amplitudes)[:, np.newaxis] * np.cos(angle)).sum(axis=0)
    return audio.astype(np.float32)


def track(f0_hz: float, vibrato_cents: float, frames: int) -> Float64:
    cents = vibrato_cents * np.sin(2.0 * np.pi * 6.0 * np.arange(frames) / FRAME_RATE)
    return np.asarray(f0_hz * 2.0 ** (cents / 1200.0), np.float64)


@settings(max_examples=25, deadline=None)
@given(
    f0_hz=st.floats(196.0, 1500.0),
    vibrato_cents=st.floats(0.0, 50.0),
    amplitudes=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8),
    phase=st.floats(-3.0, 3.0),
)
def test_amplitudes_and_phases_come_back(
    f0_hz: float, vibrato_cents: float, amplitudes: list[float], phase: float
) -> None:
    f0 = track(f0_hz, vibrato_cents, 51)
    phases = [phase / order for order in range(1, len(amplitudes) + 1)]
    audio = sines(f0, amplitudes, phases, 9_600)
    found = demodulate(audio, RATE, f0, FRAME_RATE, len(amplitudes), WINDOW_SECONDS)
    assert found.shape == (51, len(amplitudes))
    expected = np.array(amplitudes) * np.exp(1j * np.array(phases))
    np.testing.assert_allclose(found[INNER], np.tile(expected, (41, 1)), atol=0.02)


def test_harmonics_that_are_not_there_are_silent() -> None:
    f0 = track(440.0, 30.0, 51)
    audio = sines(f0, [1.0, 0.0, 0.5], [0.0, 0.0, 0.0], 9_600)
    found = np.abs(demodulate(audio, RATE, f0, FRAME_RATE, 6, WINDOW_SECONDS))
    assert found[INNER][:, [1, 3, 4, 5]].max() < 1e-3


def test_between_the_harmonics_there_is_nothing() -> None:
    f0 = track(440.0, 0.0, 51)
    audio = sines(f0, [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], 9_600)
    gaps = demodulate(audio, RATE, f0, FRAME_RATE, 4, WINDOW_SECONDS, first_order=0.5)
    assert np.abs(gaps[INNER]).max() < 1e-2


def test_a_sine_half_way_between_harmonics_is_found_there() -> None:
    audio = sines(track(660.0, 0.0, 51), [0.3], [0.0], 9_600)
    gaps = demodulate(
        audio, RATE, track(440.0, 0.0, 51), FRAME_RATE, 2, WINDOW_SECONDS, first_order=0.5
    )
    np.testing.assert_allclose(np.abs(gaps[INNER][:, 1]), 0.3, atol=1e-3)


def test_sound_is_placed_at_its_frame() -> None:
    f0 = track(440.0, 0.0, 51)
    audio = sines(f0, [1.0], [0.0], 9_600)
    audio[4_800:] = 0.0
    level = np.abs(demodulate(audio, RATE, f0, FRAME_RATE, 1, WINDOW_SECONDS))[:, 0]
    assert level[25] == pytest.approx(0.5, abs=0.02)
    assert level[21] == pytest.approx(1.0, abs=0.02)
    assert level[29:].max() < 0.02


def test_before_and_after_the_sound_there_is_silence(
    violin_note: Callable[..., tuple[Float32, Float64]],
) -> None:
    audio, f0 = violin_note(69, 0.2, silence=0.0)
    longer = np.append(f0, np.full(20, f0[-1]))
    level = np.abs(demodulate(audio, RATE, longer, FRAME_RATE, 3, WINDOW_SECONDS))
    assert level[len(f0) + 4 :].max() == 0.0
