"""Held notes: a loop is found, and what never returns isn't taken for one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from instrument.arrays import Float64
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.evaluation.held import (
    HeldNotes,
    autocorrelation,
    hold_notes,
    largest_repetition,
    long_bows,
    slow_curves,
)
from training.evaluation.playback import PlaybackSettings


def _wander(seconds: float, seed: int, period: float | None = None) -> Float64:
    """Slow noise of standard deviation 1; it comes back after a period if there is one."""
    rng = np.random.default_rng(seed)
    length = round((period or seconds) * FRAME_RATE)
    curve = gaussian_filter1d(rng.normal(size=length), 20.0, mode="wrap")
    whole: Float64 = np.resize(curve / curve.std(), round(seconds * FRAME_RATE))
    return whole


def _held(period: float | None, seed: int) -> Float64:
    seconds = np.arange(12 * FRAME_RATE) / FRAME_RATE
    extent = 15.0 + 3.0 * _wander(12.0, seed, period)
    cents = 4.0 * _wander(12.0, seed + 1, period) + extent * np.sin(2.0 * np.pi * 5.6 * seconds)
    return slow_curves(cents, -20.0 + _wander(12.0, seed + 2, period))


@pytest.mark.parametrize("period", [1.5, 2.6])
def test_a_loop_is_found_in_every_curve(period: float) -> None:
    for curve in _held(period, seed=1):
        height, seconds = largest_repetition(autocorrelation(curve))
        assert height > 0.9
        assert seconds / period == pytest.approx(round(seconds / period), abs=0.02)


def test_the_autocorrelation_is_pearsons_of_what_overlaps() -> None:
    curve = np.cumsum(np.random.default_rng(0).normal(size=700))
    found = autocorrelation(curve)
    expected = [np.corrcoef(curve[: len(curve) - lag], curve[lag:])[0, 1] for lag in range(351)]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert not autocorrelation(np.ones(700)).any()


def test_steady_vibrato_is_not_a_loop() -> None:
    peaks = [
        largest_repetition(autocorrelation(curve))[0]
        for seed in (1, 11, 21)
        for curve in _held(None, seed)
    ]
    assert np.median(peaks) < 0.6


def test_notes_that_share_a_period_have_it_in_common() -> None:
    looped = HeldNotes([_held(1.5, seed) for seed in (1, 11)], []).metrics()
    free = HeldNotes([_held(None, seed) for seed in (1, 11)], []).metrics()
    assert looped["generated_common_repetition"] > 0.9
    assert free["generated_common_repetition"] < 0.6
    assert looped["generated_common_repetition_seconds"] % 1.5 == pytest.approx(0.0, abs=0.05)


def test_notes_are_compared_over_the_length_of_their_bows() -> None:
    notes = HeldNotes([_held(None, 1)], [_held(None, 2)[:, :2200]])
    assert [note.shape for note in notes.alike()] == [(3, 2200)]
    twice = HeldNotes([*notes.played, *notes.played], notes.recorded)
    assert [note.shape for note in twice.alike()] == [(3, 2200), (3, 2200)]
    assert {"generated_pitch_repetition", "recorded_loudness_repetition"} <= notes.metrics().keys()


def test_a_curve_that_stands_still_repeats_nothing() -> None:
    assert largest_repetition(autocorrelation(np.zeros(3000))) == (0.0, 0.0)


def test_long_bows_are_those_of_eight_seconds(synthetic_cache: FeatureCache) -> None:
    release = synthetic_cache.release.copy()
    release[[3, 7]] = 2000, 1999
    assert long_bows(dataclasses.replace(synthetic_cache, release=release), 5) == [3]


@pytest.mark.slow
def test_an_instrument_holds_notes_without_any_bows(
    synthetic_cache: FeatureCache, tiny: Instrument, few: PlaybackSettings
) -> None:
    held = hold_notes(synthetic_cache, tiny, few, lambda: None)
    assert held.recorded == []
    assert [note.shape[0] for note in held.played] == [3] * few.takes
    assert not np.allclose(held.played[0], held.played[1])
    assert held.played[0].shape[1] == pytest.approx(few.held_seconds * FRAME_RATE, abs=80)
    assert held.metrics().keys() == {
        "generated_common_repetition",
        "generated_common_repetition_seconds",
    }
