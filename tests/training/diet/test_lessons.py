"""Lessons: what an instrument is asked, and what it answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.model.graphs import Instrument
from instrument.units import hz_to_midi
from training.data.features import FeatureCache
from training.diet.lessons import (
    BEYOND_SEMITONES,
    LESSON_FRAMES,
    SILENT_DB,
    Lessons,
    curves_of,
    draw_lessons,
    draw_points,
    recorded_lessons,
)


def test_notes_have_any_pitch_and_loudness_beside_training_notes(tiny: Instrument) -> None:
    points = draw_points(tiny, 200, np.random.default_rng(0))
    low, high = tiny.spec.pitch_range
    assert points.latent.shape == (200, tiny.spec.envelope_size.latent)
    assert low - BEYOND_SEMITONES <= points.pitch.min() < low + 5
    assert high - 5 < points.pitch.max() <= high + BEYOND_SEMITONES
    assert points.loudness.min() < 0.1
    assert points.loudness.max() > 0.9


def test_notes_may_be_about_as_high_and_as_loud_as_training_notes(tiny: Instrument) -> None:
    points = draw_points(tiny, 100, np.random.default_rng(0), own=1.0)
    taught = np.array([(point.midi, point.loudness) for point in tiny.spec.map])
    found = np.stack([points.pitch, points.loudness], axis=1)
    away = np.abs(found[:, None] - taught) - (0.5, 0.05)
    assert (away.max(2).min(1) <= 1e-5).all()


def test_voices_play_one_note_and_are_silent_or_go_on(tiny: Instrument) -> None:
    f0_hz, loudness_db = draw_lessons(tiny, 60, np.random.default_rng(1))
    assert f0_hz.shape == loudness_db.shape == (60, LESSON_FRAMES)
    assert np.isfinite(f0_hz).all()
    silent = loudness_db[:, -1] < SILENT_DB + 10
    assert 0 < silent.sum() < 60
    moved = np.abs(hz_to_midi(f0_hz[:, -1]) - hz_to_midi(f0_hz[:, 0]))
    assert np.median(moved[~silent]) > np.median(moved[silent])


def test_half_of_the_notes_begin_as_recordings_do(tiny: Instrument) -> None:
    f0_hz, loudness_db = draw_lessons(tiny, 200, np.random.default_rng(3))
    led_in = (f0_hz[:, 0] == f0_hz[:, 1]) & (np.ptp(f0_hz, axis=1) > 1.0)
    assert 50 < led_in.sum() < 100  # of three quarters of the lessons
    assert loudness_db[led_in, 0].max() < -60.0


def test_some_lessons_are_training_recordings(tiny: Instrument, features: FeatureCache) -> None:
    assert len(Lessons(tiny, 20, 0, features)) == 20
    f0_hz, loudness_db = recorded_lessons(features, 40, np.random.default_rng(0))
    assert f0_hz.shape == loudness_db.shape == (40, LESSON_FRAMES)
    taught = [features.frames(r) for r in np.flatnonzero(features.fitted).tolist()]
    begins = np.array([features.loudness_db[frames][:100] for frames in taught])
    away_db = loudness_db[:, None, :100] - begins
    assert (np.ptp(away_db, axis=2).min(1) < 1e-3).all()
    assert 1.0 < np.std(away_db[np.arange(40), np.ptp(away_db, axis=2).argmin(1), 0]) < 3.0


def test_sweeps_reach_beyond_the_softest_and_the_loudest_note(tiny: Instrument) -> None:
    f0_hz, loudness_db = draw_lessons(tiny, 200, np.random.default_rng(2))
    steady = np.ptp(f0_hz, axis=1) < 1e-3 * f0_hz[:, 0]
    assert 10 < steady.sum() < 60  # every eighth
    swept = loudness_db[steady]
    levels = tiny.spec.loudness_db
    assert min(levels) - 15.0 <= swept.min() < min(levels)
    assert max(levels) < swept.max() <= max(levels) + 5.0
    assert np.abs(np.diff(swept)).max() > 0.0


def test_the_seed_says_which_lessons_there_are(tiny: Instrument, lessons: Lessons) -> None:
    assert len(lessons) == 6
    np.testing.assert_array_equal(Lessons(tiny, 6, seed=3).f0_hz, lessons.f0_hz)
    assert not np.array_equal(Lessons(tiny, 6, seed=4).f0_hz, lessons.f0_hz)


@pytest.mark.parametrize("loudness", [0.0, 0.3, 1.0])
def test_curves_are_without_the_level_that_was_asked_for(tiny: Instrument, loudness: float) -> None:
    points = draw_points(tiny, 5, np.random.default_rng(2))
    points = points._replace(loudness=np.full(5, loudness, np.float32))
    level_db = curves_of(tiny, points)[:, 1, 25:400].mean(1)
    np.testing.assert_allclose(level_db.numpy(), 0.0, atol=0.02)


def test_there_are_recordings_to_learn_from(features: FeatureCache) -> None:
    none = dataclasses.replace(features, held_out=np.ones_like(features.held_out))
    with pytest.raises(UsageError, match="no notes to train on"):
        recorded_lessons(none, 1, np.random.default_rng(0))
