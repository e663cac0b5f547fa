"""Joins: steps of pitch and level are measured in the audio, and a click is heard."""

from __future__ import annotations

import numpy as np
import pytest

from instrument import Note
from instrument.arrays import Float32, Float64
from instrument.model.graphs import Instrument
from instrument.units import midi_to_hz
from training.evaluation.joins import measure_join, periods_hz, play_joins, spectral_flux
from training.evaluation.playback import PlaybackSettings

RATE = 48_000
BEFORE, AFTER = Note(0.1, 0.6, 69), Note(0.7, 0.6, 76)


def _line(
    glide_seconds: float = 0.036, step_db: float = 0.0, click: float = 0.0, noise: float = 1e-4
) -> Float32:
    """Two notes a fifth apart, 1.4 s, joined at 0.7 s by half a cosine."""
    seconds = np.arange(round(1.4 * RATE)) / RATE
    turn = 0.5 - 0.5 * np.cos(np.pi * np.clip((seconds - 0.7) / glide_seconds, 0.0, 1.0))
    phase = 2.0 * np.pi * np.cumsum(np.asarray(midi_to_hz(69 + 7 * turn), np.float64)) / RATE
    orders = np.arange(1, 8)[:, None]
    audio: Float64 = 0.1 * np.sum(np.sin(orders * phase) / orders**2, axis=0)
    audio *= np.where(seconds < 0.7, 1.0, 10.0 ** (step_db / 20.0))
    audio += noise * np.random.default_rng(1).normal(size=len(audio))
    audio[round(0.71 * RATE)] += click
    return audio.astype(np.float32)


def test_pitch_is_followed_through_a_glide() -> None:
    track = periods_hz(_line(), RATE, 415.0, 700.0)
    assert track[50:160] == pytest.approx(440.0, rel=1e-3)
    assert track[190:320] == pytest.approx(659.26, rel=1e-3)


@pytest.mark.parametrize("glide_seconds", [0.036, 0.072])
def test_the_step_of_pitch_is_that_of_the_glide(glide_seconds: float) -> None:
    join = measure_join(_line(glide_seconds), RATE, BEFORE, AFTER, 1.0)
    assert join.step_cents == pytest.approx(700.0 * np.pi / 2.0 * 0.004 / glide_seconds, rel=0.1)
    assert join.semitones == 7
    assert join.step_db < 1.0


def test_a_jump_is_a_larger_step_than_a_glide() -> None:
    assert measure_join(_line(0.001), RATE, BEFORE, AFTER, 1.0).step_cents > 250.0


def test_a_step_of_level_is_measured() -> None:
    steps = [
        measure_join(_line(step_db=db), RATE, BEFORE, AFTER, 1.0).step_db for db in (0.0, 6.0, 12.0)
    ]
    assert steps[0] < 1.0
    assert 1.5 < steps[1] < steps[2]


def test_a_click_stands_out_and_a_glide_does_not() -> None:
    assert measure_join(_line(), RATE, BEFORE, AFTER, 1.0).flux_ratio < 1.5
    assert measure_join(_line(click=0.05), RATE, BEFORE, AFTER, 1.0).flux_ratio > 3.0


def test_flux_shows_when_a_click_was() -> None:
    seconds, flux = spectral_flux(_line(click=0.05), RATE)
    assert seconds[np.argmax(flux)] == pytest.approx(0.71, abs=0.003)


def test_lines_of_an_instrument_are_slurred(tiny: Instrument, few: PlaybackSettings) -> None:
    steps: list[int] = []
    lines = play_joins(tiny, few, lambda: steps.append(1))
    assert len(steps) == few.takes * len(few.line_keys)
    assert [[join.semitones for join in take] for take in lines.takes] == [[7, -7]] * few.takes
    metrics = lines.metrics()
    assert metrics["join_step_db"] < 4.0
    assert 50.0 < metrics["join_step_cents"] < 750.0  # a finger goes down at once
    assert lines.measured().shape == (2 * few.takes, 5)
