"""Listening: pitch, loudness and gestures are measured as they are in the audio."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from training.evaluation.playback import (
    PlaybackSettings,
    follow_pitch,
    track_pitch,
    velocity_metrics,
)

RATE = 48_000


@pytest.mark.parametrize("midi", [55, 81, 95])
def test_measured_pitch_follows_vibrato(
    midi: int, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, f0_hz = violin_note(midi, vibrato_cents=20.0, silence=0.0)
    track = track_pitch(audio, RATE, midi)
    expected = 1200.0 * np.log2(f0_hz / (440.0 * 2.0 ** ((midi - 69) / 12.0)))
    inside = slice(10, -10)
    error = track.cents[inside] - expected[: len(track.cents)][inside]
    assert np.abs(error).max() < 2.0
    assert track.unvoiced == 0.0


@pytest.mark.parametrize("midi", [55, 81, 95])
def test_a_known_pitch_is_followed_through_vibrato_without_a_tracker(
    midi: int, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, f0_hz = violin_note(midi, vibrato_cents=35.0, fundamental_db=-15.0, silence=0.0)
    expected = 1200.0 * np.log2(f0_hz / (440.0 * 2.0 ** ((midi - 69) / 12.0)))
    inside = slice(10, -10)
    heard = follow_pitch(audio, RATE, midi)[: len(expected)]
    assert np.abs(heard - expected)[inside].max() < 0.5


def test_an_octave_is_not_forgiven(violin_note: Callable[..., tuple[Float32, Float64]]) -> None:
    audio, _ = violin_note(81, silence=0.0)
    assert np.median(track_pitch(audio, RATE, 69).cents) == pytest.approx(1200.0, abs=5.0)


@pytest.mark.parametrize(("low", "high"), [(36, 76), (60, 101), (84, 96), (60, 60)])
def test_an_instrument_is_asked_for_keys_of_its_range(low: int, high: int) -> None:
    asked = PlaybackSettings().within(low, high)
    for keys in (asked.keys, asked.sweep_keys, asked.line_keys, asked.knob_keys):
        assert len(keys) > 0
        assert all(low <= key <= high for key in keys)
        assert len(set(keys)) == len(keys)
    assert len(asked.keys) == min(42, 1 + high - low)


def test_an_instrument_that_has_all_keys_is_asked_for_them() -> None:
    assert PlaybackSettings().within(55, 103) == PlaybackSettings()


def test_velocity_that_changes_nothing_ranks_zero() -> None:
    flat = velocity_metrics(np.full((2, 3), -20.0), (10, 64, 127))
    assert flat == {"velocity_rank": 0.0, "velocity_range_db": 0.0}
    rising = velocity_metrics(np.array([[-40.0, -30.0, -12.0], [-41.0, -20.0, -11.0]]), (1, 2, 3))
    assert rising["velocity_rank"] == pytest.approx(1.0)
    assert rising["velocity_range_db"] == pytest.approx(29.0)
    falling = velocity_metrics(np.array([[-12.0, -40.0]]), (10, 127))
    assert falling["velocity_rank"] == pytest.approx(-1.0)
