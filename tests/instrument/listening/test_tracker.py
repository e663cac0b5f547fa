"""A note's pitch is found without knowing which it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError
from instrument.listening.loudness import loudness_db
from instrument.listening.tracker import find_key, track
from instrument.units import FRAME_RATE

pytest.importorskip("swift_f0")
pytest.importorskip("soxr")

ViolinNote = Callable[..., tuple[Float32, Float64]]

RATE = 48_000
INNER = slice(20, -20)


@pytest.mark.parametrize(
    "midi", [21, 24, 28, 30, 31, 36, 43, 55, 62, 69, 76, 83, 90, 95, 99, 103, 108]
)
def test_the_key_is_found_over_the_whole_range(violin_note: ViolinNote, midi: int) -> None:
    audio, _ = violin_note(midi + 0.2, 0.6, vibrato_cents=20.0, noise_db=-60.0)
    assert find_key(audio, RATE) == midi


def test_a_weak_fundamental_is_no_octave(violin_note: ViolinNote) -> None:
    audio, _ = violin_note(56, 0.6, fundamental_db=-25.0, noise_db=-60.0)
    assert find_key(audio, RATE) == 56


@pytest.mark.parametrize("level_db", [-70.0, -40.0, 0.0])
def test_quiet_recordings_are_heard_as_loud_ones(violin_note: ViolinNote, level_db: float) -> None:
    audio, _ = violin_note(76, 0.6, level_db=level_db, noise_db=level_db - 40.0)
    assert find_key(audio, RATE) == 76


def test_the_pitch_is_followed_well_enough_to_be_refined(violin_note: ViolinNote) -> None:
    audio, true_hz = violin_note(74, 0.8, vibrato_cents=30.0, silence=0.0)
    f0_hz, periodicity = track(audio, RATE, 74)
    assert f0_hz.shape == periodicity.shape == loudness_db(audio, RATE, FRAME_RATE).shape
    assert np.abs(1200.0 * np.log2(f0_hz / true_hz))[INNER].max() < 50.0
    assert periodicity[INNER].min() > 0.5


@pytest.mark.parametrize("sound", ["silence", "noise"])
def test_what_has_no_pitch_is_refused(sound: str) -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    with pytest.raises(RecordingError):
        find_key(0.0 * noise if sound == "silence" else 0.1 * noise, RATE)
