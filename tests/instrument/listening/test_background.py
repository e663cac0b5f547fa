"""What sounds all the time doesn't move a note."""

from __future__ import annotations

import math

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.listening.background import background_db, without_offset
from instrument.listening.loudness import loudness_db
from instrument.listening.note import Analysis, analyse
from instrument.listening.segmentation import Segments
from tests.bowed_note import bowed_note

RATE, FRAMES = 48_000, 250


def hiss(samples: int, level_db: float) -> Float32:
    noise = np.random.default_rng(1).standard_normal(samples)
    return np.asarray(10.0 ** (level_db / 20.0) * noise, np.float32)


def background(audio: Float32) -> float:
    return background_db(audio, RATE, loudness_db(audio, RATE, FRAMES), FRAMES)


def analysed(audio: Float32, midi: int) -> Analysis:
    """With a tracker that knows the pitch."""
    return analyse(
        audio,
        midi,
        RATE,
        lambda cut, rate, _midi: (
            np.full(1 + len(cut) * FRAMES // rate, 440.0 * 2 ** ((midi - 69) / 12), np.float32),
            np.full(1 + len(cut) * FRAMES // rate, 0.9, np.float32),
        ),
    )


def segments(audio: Float32, midi: int) -> Segments:
    """In frames of the note's cut, whose lead is 25 of them."""
    return analysed(audio, midi).segments


@pytest.mark.parametrize("midi", [48, 69, 90])
@pytest.mark.parametrize("level_db", [-20.0, -30.0])
@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_hiss_and_an_offset_move_neither_onset_nor_release(
    midi: int, level_db: float, offset: float
) -> None:
    """The end is where the release meets the hiss, which is not much sooner."""
    audio, _ = bowed_note(midi, 0.8, level_db=level_db, silence=0.4, noise_db=-120.0)
    clean = segments(audio, midi)
    noisy = segments(audio + hiss(len(audio), -50.0) + np.float32(offset), midi)
    assert noisy.onset == clean.onset == 25
    assert noisy.release == pytest.approx(clean.release, abs=2)
    assert clean.end - (24 if level_db < -25.0 else 14) <= noisy.end <= clean.end


@pytest.mark.parametrize("offset", [-0.1, 0.1])
def test_an_offset_alone_moves_nothing_at_all(offset: float) -> None:
    audio, _ = bowed_note(69, 0.8, silence=0.4, noise_db=-120.0)
    assert segments(audio + np.float32(offset), 69) == segments(audio, 69)
    assert without_offset(audio + np.float32(offset)).mean() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("level_db", [-70.0, -50.0])
def test_hiss_is_measured_beside_a_note(level_db: float) -> None:
    audio, _ = bowed_note(69, 0.8, silence=0.4, noise_db=-120.0)
    noise = hiss(len(audio), level_db)
    alone = float(np.median(loudness_db(noise, RATE, FRAMES)))
    assert background(audio + noise) == pytest.approx(alone, abs=0.5)


def test_a_recording_without_noise_has_no_background() -> None:
    assert background(bowed_note(69, 0.8, noise_db=-160.0)[0]) == -math.inf
    assert background(bowed_note(69, 0.8, silence=0.0)[0]) == -math.inf
    assert background(np.zeros(100, np.float32)) == -math.inf


def test_a_soft_beginning_is_no_background() -> None:
    audio, _ = bowed_note(69, 1.0, silence=0.0)
    assert background(np.concatenate([0.03 * audio, audio])) == -math.inf
