"""Resynthesis: the timbre graph follows pitch and loudness, and distances are what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.model.graphs import Instrument
from training.analysis.spectra import measure_spectra
from training.evaluation.resynthesis import copy_spectra, log_spectral_distance, resynthesise

RATE = 48_000


@pytest.mark.parametrize("gain_db", [-6.0, 10.0])
def test_spectral_distance_of_a_gain_is_the_gain(
    gain_db: float, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, _ = violin_note(69, noise_db=-40.0, silence=0.0)
    louder = (audio * 10.0 ** (gain_db / 20.0)).astype(np.float32)
    assert log_spectral_distance(louder, audio) == pytest.approx(abs(gain_db), rel=0.005)
    assert log_spectral_distance(audio, audio) == 0.0


def test_silence_is_at_no_distance_from_itself() -> None:
    silence = np.zeros(RATE // 4, np.float32)
    assert log_spectral_distance(silence, silence) == 0.0


def test_a_copy_has_the_harmonics_of_what_is_copied(
    tiny: Instrument, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    audio, f0_hz = violin_note(69, vibrato_cents=20.0, noise_db=-60.0, silence=0.0)
    copy = copy_spectra(tiny, audio, f0_hz, RATE)
    assert len(copy) == (len(f0_hz) - 1) * RATE // 250
    network = resynthesise(tiny, f0_hz, loudness_db(audio, RATE, 250), RATE)
    length = min(map(len, (audio, copy, network)))
    near, far = (log_spectral_distance(x[:length], audio[:length]) for x in (copy, network))
    assert near < 0.7 * far
    level, wanted = (
        np.median(measure_spectra(x[:length], RATE, f0_hz, 250, 8, 17).harmonics_db, axis=0)
        for x in (copy, audio)
    )
    np.testing.assert_allclose(level, wanted, atol=0.5)


def test_resynthesis_has_the_pitch_and_loudness_asked_for(tiny: Instrument) -> None:
    f0_hz = np.full(200, 440.0)
    wanted = np.linspace(-40.0, -20.0, 200, dtype=np.float32)
    audio = resynthesise(tiny, f0_hz, wanted, RATE)
    assert len(audio) == 199 * 192
    heard = loudness_db(audio, RATE, 250)[10:-10]
    assert np.mean(np.abs(heard - wanted[10 : 10 + len(heard)])) < 1.5
    assert np.array_equal(audio, resynthesise(tiny, f0_hz, wanted, RATE))
