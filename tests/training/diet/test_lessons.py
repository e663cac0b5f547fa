"""Lessons: what an instrument is asked, and what it answers."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.model.graphs import Instrument
from instrument.units import hz_to_midi
from training.diet.lessons import (
    BEYOND_SEMITONES,
    LESSON_FRAMES,
    SILENT_DB,
    Lessons,
    curves_of,
    draw_lessons,
    draw_points,
)


def test_notes_have_any_pitch_and_loudness_beside_training_notes(tiny: Instrument) -> None:
    points = draw_points(tiny, 200, np.random.default_rng(0))
    low, high = tiny.spec.pitch_range
    assert points.latent.shape == (200, tiny.spec.envelope_size.latent)
    assert low - BEYOND_SEMITONES <= points.pitch.min() < low + 5
    assert high - 5 < points.pitch.max() <= high + BEYOND_SEMITONES
    assert points.loudness.min() < 0.1
    assert points.loudness.max() > 0.9


def test_voices_play_one_note_and_are_silent_or_go_on_to_another(tiny: Instrument) -> None:
    f0_hz, loudness_db = draw_lessons(tiny, 40, np.random.default_rng(1))
    assert f0_hz.shape == loudness_db.shape == (40, LESSON_FRAMES)
    assert np.isfinite(f0_hz).all()
    silent = loudness_db[:, -1] == SILENT_DB
    assert 0 < silent.sum() < 40
    moved = np.abs(hz_to_midi(f0_hz[:, -1]) - hz_to_midi(f0_hz[:, 0]))
    assert np.median(moved[~silent]) > np.median(moved[silent])


def test_answers_are_the_instruments(tiny: Instrument, lessons: Lessons) -> None:
    batch = lessons.batch()
    assert len(lessons) == 6
    state = tiny.new_state(6)
    controls, _ = tiny.timbre.run(batch["f0_hz"].numpy(), batch["loudness_db"].numpy(), state)
    tones = 20.0 * np.log10(controls.amplitude[..., None] * controls.harmonics + 1e-7)
    np.testing.assert_allclose(batch["harmonics_db"].numpy(), tones, atol=0.1)
    np.testing.assert_allclose(
        batch["noise_db"].numpy(), 20.0 * np.log10(controls.noise + 1e-7), atol=0.1
    )


def test_the_seed_says_which_lessons_there_are(tiny: Instrument, lessons: Lessons) -> None:
    np.testing.assert_array_equal(Lessons(tiny, 6, seed=3).f0_hz, lessons.f0_hz)
    assert not np.array_equal(Lessons(tiny, 6, seed=4).f0_hz, lessons.f0_hz)


@pytest.mark.parametrize("loudness", [0.0, 0.3, 1.0])
def test_curves_are_without_the_level_that_was_asked_for(tiny: Instrument, loudness: float) -> None:
    points = draw_points(tiny, 5, np.random.default_rng(2))
    points = points._replace(loudness=np.full(5, loudness, np.float32))
    level_db = curves_of(tiny, points)[:, 1, 25:400].mean(1)
    np.testing.assert_allclose(level_db.numpy(), 0.0, atol=0.02)
