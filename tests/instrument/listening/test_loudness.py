"""Loudness: A-weighted as the standard has it, in dB, at the right frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32
from instrument.listening.loudness import FLOOR_DB, a_weighting_db, loudness_db
from instrument.units import FRAME_RATE

RATE = 48_000
INNER = slice(4, -4)

# IEC 61672-1, table 3
A_WEIGHTING = {
    63.0: -26.2,
    100.0: -19.1,
    200.0: -10.9,
    500.0: -3.2,
    1_000.0: 0.0,
    2_000.0: 1.2,
    4_000.0: 1.0,
    8_000.0: -1.1,
    10_000.0: -2.5,
    16_000.0: -6.6,
}


def sine(hz: float, amplitude: float = 1.0, seconds: float = 0.2, rate: int = RATE) -> Float32:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2.0 * np.pi * hz * time)).astype(np.float32)


@pytest.mark.parametrize(("hz", "weight_db"), A_WEIGHTING.items())
def test_the_weighting_is_that_of_the_standard(hz: float, weight_db: float) -> None:
    assert a_weighting_db(np.array([hz]))[0] == pytest.approx(weight_db, abs=0.2)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_full_scale_sine_of_1_khz_has_minus_3_db(rate: int) -> None:
    loudness = loudness_db(sine(1_000.0, rate=rate), rate, FRAME_RATE)
    np.testing.assert_allclose(loudness[INNER], -3.01, atol=0.1)


@pytest.mark.parametrize("hz", [200.0, 500.0, 2_000.0, 4_000.0, 10_000.0])
def test_a_sine_is_weighted_by_its_frequency(hz: float) -> None:
    loudness = loudness_db(sine(hz), RATE, FRAME_RATE)
    np.testing.assert_allclose(loudness[INNER], A_WEIGHTING[hz] - 3.01, atol=0.4)


def test_a_sum_of_sines_has_the_sum_of_their_powers() -> None:
    both = loudness_db(sine(1_000.0) + sine(3_000.0, 0.5), RATE, FRAME_RATE)
    power = [10.0 ** (loudness_db(sine(1_000.0), RATE, FRAME_RATE) / 10.0)]
    power += [10.0 ** (loudness_db(sine(3_000.0, 0.5), RATE, FRAME_RATE) / 10.0)]
    np.testing.assert_allclose(both[INNER], 10.0 * np.log10(sum(power))[INNER], atol=0.1)


@settings(max_examples=20, deadline=None)
@given(gain_db=st.floats(-60.0, 20.0))
def test_loudness_goes_with_the_gain(gain_db: float) -> None:
    quiet = loudness_db(sine(440.0, 0.1), RATE, FRAME_RATE)
    gained = loudness_db(sine(440.0, 0.1 * 10.0 ** (gain_db / 20.0)), RATE, FRAME_RATE)
    np.testing.assert_allclose((gained - quiet)[INNER], gain_db, atol=0.05)


def test_silence_is_at_the_floor() -> None:
    np.testing.assert_array_equal(
        loudness_db(np.zeros(4_800, np.float32), RATE, FRAME_RATE), FLOOR_DB
    )


@settings(max_examples=20, deadline=None)
@given(samples=st.integers(1, 20_000), rate=st.sampled_from([16_000, 44_100, 48_000]))
def test_there_is_a_frame_every_4_ms_and_one_at_the_beginning(samples: int, rate: int) -> None:
    loudness = loudness_db(np.ones(samples, np.float32), rate, FRAME_RATE)
    assert loudness.shape == (1 + samples * FRAME_RATE // rate,)
    assert np.isfinite(loudness).all()


def test_a_click_is_loudest_at_its_own_frame() -> None:
    audio = np.zeros(9_600, np.float32)
    audio[20 * RATE // FRAME_RATE] = 1.0
    assert int(np.argmax(loudness_db(audio, RATE, FRAME_RATE))) == 20
