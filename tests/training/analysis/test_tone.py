"""The tone of a note: brightness and noise are measured as they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from training.analysis.tone import measure_tone

RATE = 48_000
Note = Callable[..., tuple[Float32, Float64]]


@pytest.mark.parametrize("midi", [57, 81])
def test_noise_is_measured_against_the_harmonics(midi: int, violin_note: Note) -> None:
    ratios = []
    for noise_db in (-50.0, -40.0):
        audio, f0_hz = violin_note(midi, level_db=-20.0, vibrato_cents=15.0, noise_db=noise_db)
        tone = measure_tone(audio, RATE, f0_hz, midi, 25, 220)
        assert tone is not None
        ratios.append(tone.harmonic_to_noise_db)
    # Of the noise, only what lies below 12 kHz counts: half of it.
    assert ratios == pytest.approx([33.0, 23.0], abs=1.5)


def test_the_centroid_is_that_of_the_harmonics(violin_note: Note) -> None:
    audio, f0_hz = violin_note(69)
    tone = measure_tone(audio, RATE, f0_hz, 69, 25, 220)
    assert tone is not None
    expected = 12.0 / np.sum(1.0 / np.arange(1, 13))  # amplitudes are 1/k
    assert tone.centroid_octaves == pytest.approx(np.log2(expected), abs=0.03)
    audible = loudness_db(audio, RATE, 250)[75:220]
    assert tone.level_db == pytest.approx(float(np.median(audible)), abs=0.2)


def test_a_short_note_has_no_sustain(violin_note: Note) -> None:
    audio, f0_hz = violin_note(69, 0.25)
    assert measure_tone(audio, RATE, f0_hz, 69, 25, 88) is None
