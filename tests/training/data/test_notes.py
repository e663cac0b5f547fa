"""One note: cut to itself, with its pitch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.units import midi_to_hz
from training.data.notes import PrepareSettings, analyse

ViolinNote = Callable[..., tuple[Float32, Float64]]

RATE = 48_000
SETTINGS = PrepareSettings()


def test_a_note_is_cut_to_itself_with_its_pitch_and_segments(violin_note: ViolinNote) -> None:
    audio, _ = violin_note(69.1, 0.7, silence=0.5, vibrato_cents=20.0)
    note = analyse(audio, 69, SETTINGS)
    assert note.tuning_cents == pytest.approx(10.0, abs=3.0)
    assert note.segments.onset == pytest.approx(25, abs=3)  # 0.1 s of lead
    sounding = note.segments.release - note.segments.onset
    assert sounding == pytest.approx(0.7 * 250, abs=16)
    cents = 1200.0 * np.log2(note.f0_hz / 440.0)
    sustain = cents[note.segments.onset + 15 : note.segments.release - 5]
    assert np.abs(sustain - 10.0).max() == pytest.approx(20.0, abs=2.0)
    assert len(note.f0_hz) == len(note.loudness_db) == 1 + len(note.audio) * 250 // RATE


@pytest.mark.parametrize("midi", [28, 36, 48])
def test_low_notes_have_the_pitch_and_the_level_that_they_have(
    violin_note: ViolinNote, midi: int
) -> None:
    audio, _ = violin_note(midi + 0.1, 1.0, silence=0.4, vibrato_cents=15.0)
    note = analyse(audio, midi, SETTINGS)
    assert note.tuning_cents == pytest.approx(10.0, abs=1.5)
    assert note.segments.onset == pytest.approx(25, abs=8)
    sustain = slice(note.segments.onset + 35, note.segments.release - 25)
    cents = 1200.0 * np.log2(note.f0_hz[sustain] / midi_to_hz(midi))
    assert np.abs(cents - 10.0).max() == pytest.approx(15.0, abs=2.0)
    assert np.ptp(note.loudness_db[sustain]) < 0.5


def test_pitch_is_held_through_the_silence_around_a_note(violin_note: ViolinNote) -> None:
    audio, _ = violin_note(69, 0.5, silence=0.3)
    note = analyse(audio, 69, SETTINGS)
    np.testing.assert_allclose(1200.0 * np.log2(note.f0_hz / 440.0), 0.0, atol=10.0)


def test_a_weak_fundamental_does_not_make_the_pitch_wrong(violin_note: ViolinNote) -> None:
    audio, _ = violin_note(55, 0.5, fundamental_db=-30.0, noise_db=-70.0)
    assert analyse(audio, 55, SETTINGS).tuning_cents == pytest.approx(0.0, abs=2.0)
