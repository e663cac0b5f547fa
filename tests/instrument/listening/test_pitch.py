"""The pitch track, refined to a fraction of a cent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.listening.pitch import lower_octave, refine_f0
from instrument.units import FRAME_RATE, midi_to_hz

ViolinNote = Callable[..., tuple[Float32, Float64]]

RATE = 48_000
INNER = slice(10, -10)  # frames whose windows lie wholly inside the sound


def cents_between(f0_hz: Float32 | Float64, true_hz: Float64) -> Float64:
    return 1200.0 * np.log2(np.asarray(f0_hz, np.float64) / true_hz)


def extent(f0_hz: Float64) -> float:
    """Extent in cents of a vibrato, from whole turns of it."""
    return float(np.sqrt(2.0) * np.std(1200.0 * np.log2(f0_hz)))


@settings(max_examples=20, deadline=None)
@given(
    midi=st.floats(55.0, 100.0),
    vibrato_cents=st.floats(0.0, 40.0),
    vibrato_hz=st.floats(4.0, 7.0),
    error_cents=st.floats(-25.0, 25.0),
)
def test_refining_ends_at_the_true_pitch_wherever_it_begins(
    violin_note: ViolinNote,
    midi: float,
    vibrato_cents: float,
    vibrato_hz: float,
    error_cents: float,
) -> None:
    audio, true_hz = violin_note(
        midi, 0.3, vibrato_cents=vibrato_cents, vibrato_hz=vibrato_hz, silence=0.0
    )
    mistaken = (true_hz * 2.0 ** (error_cents / 1200.0)).astype(np.float32)
    refined = refine_f0(audio, RATE, mistaken, FRAME_RATE)
    assert np.abs(cents_between(refined, true_hz)[INNER]).max() < 1.0


def test_harmonics_help_to_hear_through_the_noise_of_the_bow(violin_note: ViolinNote) -> None:
    audio, true_hz = violin_note(60, 0.8, noise_db=-45.0, silence=0.0)
    refined = refine_f0(audio, RATE, true_hz.astype(np.float32), FRAME_RATE)
    error = cents_between(refined, true_hz)[INNER]
    assert np.sqrt(np.mean(error**2)) < 0.25


def test_where_there_is_only_noise_the_track_hardly_moves() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32)
    track = np.full(126, 110.0)
    refined = refine_f0(noise, RATE, track.astype(np.float32), FRAME_RATE, iterations=1)
    assert np.abs(cents_between(refined, track)).max() <= 50.0


def test_an_octave_error_on_a_weak_fundamental_is_folded_down(violin_note: ViolinNote) -> None:
    audio, true_hz = violin_note(55, 0.4, fundamental_db=-25.0, noise_db=-70.0, silence=0.0)
    heard = (2.0 * true_hz).astype(np.float32)
    heard[:20] = true_hz[:20]
    folded = lower_octave(audio, RATE, heard, FRAME_RATE, 55)
    np.testing.assert_allclose(folded, true_hz, rtol=1e-6)


def test_octave_errors_at_the_edges_do_not_hide_those_inside() -> None:
    """The second harmonic is 20 dB above the odd ones, and the audio begins at full level."""
    cycles = midi_to_hz(60) * np.arange(round(0.8 * RATE)) / RATE
    odd = sum(np.sin(2.0 * np.pi * order * cycles) for order in (1, 3, 5))
    audio = (0.1 * (np.sin(4.0 * np.pi * cycles) + 0.1 * odd)).astype(np.float32)
    true_hz = np.full(201, midi_to_hz(60), np.float32)
    heard = true_hz.copy()
    heard[[0, 90, -1]] *= 2.0
    np.testing.assert_allclose(lower_octave(audio, RATE, heard, FRAME_RATE, 60), true_hz)


@pytest.mark.parametrize("vibrato_cents", [0.0, 30.0])
def test_a_note_that_is_truly_an_octave_higher_stays_there(
    violin_note: ViolinNote, vibrato_cents: float
) -> None:
    audio, true_hz = violin_note(67, 0.4, vibrato_cents=vibrato_cents, noise_db=-60.0, silence=0.0)
    heard = true_hz.astype(np.float32)
    np.testing.assert_array_equal(lower_octave(audio, RATE, heard, FRAME_RATE, 55), heard)
