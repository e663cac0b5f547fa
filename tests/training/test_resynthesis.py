"""Resynthesis: the timbre graph follows pitch and loudness, and distances are what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.models import Instrument
from instrument.types import Float32, Float64
from training.loudness import loudness_db
from training.resynthesis import log_spectral_distance, resynthesise

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


def test_resynthesis_has_the_pitch_and_loudness_asked_for(tiny: Instrument) -> None:
    f0_hz = np.full(200, 440.0)
    wanted = np.linspace(-40.0, -20.0, 200, dtype=np.float32)
    audio = resynthesise(tiny, f0_hz, wanted, RATE)
    assert len(audio) == 199 * 192
    heard = loudness_db(audio, RATE, 250)[10:-10]
    assert np.mean(np.abs(heard - wanted[10 : 10 + len(heard)])) < 1.5
    assert np.array_equal(audio, resynthesise(tiny, f0_hz, wanted, RATE))
