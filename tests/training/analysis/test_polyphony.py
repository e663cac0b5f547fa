"""A second note is heard between the harmonics of the first, and noise isn't one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from training.analysis.polyphony import second_tone_db

RATE = 48_000
ViolinNote = Callable[..., tuple[Float32, Float64]]


@pytest.mark.parametrize("key", [55, 69, 84, 95])
@pytest.mark.parametrize("noise_db", [-70.0, -40.0])
def test_a_note_alone_has_no_second_tone(
    violin_note: ViolinNote, key: int, noise_db: float
) -> None:
    audio, f0_hz = violin_note(key, 0.4, vibrato_cents=25.0, noise_db=noise_db, silence=0.0)
    assert second_tone_db(audio, RATE, f0_hz) < -20.0


@pytest.mark.parametrize("key", [55, 69, 84])
@pytest.mark.parametrize("interval", [-12, -7, -4, 3, 4, 5, 7, 9])
def test_a_double_stop_has_one_as_loud_as_it_is(
    violin_note: ViolinNote, key: int, interval: int
) -> None:
    audio, f0_hz = violin_note(key, 0.4, vibrato_cents=20.0, silence=0.0)
    other, _ = violin_note(key + interval, 0.4, vibrato_cents=10.0, vibrato_hz=5.0, silence=0.0)
    loud, faint = (second_tone_db(audio + gain * other, RATE, f0_hz) for gain in (1.0, 0.25))
    assert loud > -6.0
    assert loud - faint == pytest.approx(12.0, abs=2.5)


def test_silence_has_none() -> None:
    assert second_tone_db(np.zeros(RATE, np.float32), RATE, np.full(251, 440.0)) == -100.0
