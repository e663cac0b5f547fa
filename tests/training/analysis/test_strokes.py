"""Attacks of new bows are measured in lines whose noise and brightness are known."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.units import FRAME_RATE, midi_to_hz
from training.analysis.lines import Contour
from training.analysis.strokes import BowAttack, bow_attacks

RATE = 48_000
HOP = RATE // FRAME_RATE
NOTE_FRAMES, NOTES = 125, 6
DIP_FRAMES, DIP_DB = 6, 9.0
KEYS = (69, 72)


def since_turn() -> Float64:
    """Frames since the nearest turn of the bow, below 0 before it, [samples]."""
    at = np.arange(NOTES * NOTE_FRAMES * HOP) / HOP
    nearest = np.clip(np.round(at / NOTE_FRAMES), 1, NOTES - 1)
    return np.asarray(at - nearest * NOTE_FRAMES)


def line(noise_db: float, octaves: float) -> tuple[Float32, Contour]:
    """Notes of half a second with dips between them, in which noise and brightness grow."""
    rng = np.random.default_rng(0)
    turn = since_turn()
    near = np.exp(-((np.maximum(turn, 0.0) / 10.0) ** 2)) * (turn > -8.0)
    midi = np.repeat([float(KEYS[i % 2]) for i in range(NOTES)], NOTE_FRAMES)
    phase = 2.0 * np.pi * np.cumsum(np.repeat(midi_to_hz(midi), HOP)) / RATE
    dip = 10.0 ** (-DIP_DB * np.exp(-((turn / DIP_FRAMES) ** 2)) / 20.0)
    number = np.arange(1, 16)
    tilted = number ** (-1.0 + octaves * near[:, None])
    tone = np.sum(tilted * np.sin(phase[:, None] * number), axis=1) / tilted.sum(axis=1)
    noise = 0.006 * rng.normal(size=len(turn)) * 10.0 ** (noise_db * near / 20.0)
    audio = (0.2 * dip * tone + noise).astype(np.float32)
    level = loudness_db(audio, RATE, FRAME_RATE).astype(np.float64)[: len(midi)]
    return audio, Contour(midi, np.ones(len(midi)), level, FRAME_RATE)


def attacks(noise_db: float = 0.0, octaves: float = 0.0) -> list[BowAttack]:
    audio, contour = line(noise_db, octaves)
    found = list(bow_attacks(audio, RATE, contour))
    assert len(found) == NOTES - 1
    return found


@pytest.mark.parametrize("noise_db", [0.0, 6.0, 10.0])
def test_the_noise_of_a_new_bow(noise_db: float) -> None:
    found = attacks(noise_db)
    assert np.median([each.noise_db for each in found]) == pytest.approx(noise_db, abs=1.5)
    assert np.median([each.chance_db for each in found]) == pytest.approx(0.0, abs=1.5)


def test_the_brightness_of_a_new_bow() -> None:
    plain, bright = (
        float(np.median([each.brightness for each in attacks(octaves=tilt)])) for tilt in (0.0, 0.5)
    )
    assert abs(plain) < 0.15
    assert bright - plain > 0.2


def test_notes_too_short_to_have_a_sustain_say_nothing() -> None:
    audio, contour = line(6.0, 0.0)
    short = Contour(contour.midi[:150], contour.confidence[:150], contour.level_db[:150], 250)
    assert not list(bow_attacks(audio[: 150 * HOP], RATE, short))
