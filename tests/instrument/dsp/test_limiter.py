"""The limiter: nothing above the ceiling, nothing changed below the knee."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from instrument.arrays import Float32
from instrument.dsp.limiter import HOLD_SECONDS, KNEE_DB, LimiterState, limit

RATE = 48000
CEILING = 10.0 ** (-0.3 / 20.0)
KNEE = 10.0 ** ((-0.3 - KNEE_DB) / 20.0)

any_blocks = hnp.arrays(
    np.float32,
    st.tuples(st.just(2), st.integers(1, 300)),
    elements=st.one_of(
        st.floats(-4.0, 4.0, width=32), st.floats(width=32, allow_nan=True, allow_infinity=True)
    ),
)


def limited(block: Float32, ceiling_db: float = -0.3) -> Float32:
    heard = block.copy()
    limit(LimiterState.empty(RATE, ceiling_db), *heard)
    return heard


def stereo_sine(gain: float, hz: float = 440.0, seconds: float = 1.0) -> Float32:
    wave = gain * np.sin(2.0 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, 0.5 * wave]).astype(np.float32)


@settings(deadline=None)
@given(block=any_blocks, ceiling_db=st.floats(-12.0, 0.0))
def test_nothing_exceeds_the_ceiling(block: Float32, ceiling_db: float) -> None:
    heard = limited(block, ceiling_db)
    assert np.all(np.abs(heard.astype(np.float64)) <= 10.0 ** (ceiling_db / 20.0))


@settings(deadline=None)
@given(block=hnp.arrays(np.float32, (2, 200), elements=st.floats(-0.6875, 0.6875, width=32)))
def test_below_the_knee_every_bit_passes(block: Float32) -> None:
    assert limited(block).tobytes() == block.tobytes()


@settings(deadline=None)
@given(block=any_blocks, cuts=st.lists(st.integers(0, 300), max_size=5))
def test_block_size_changes_no_bit(block: Float32, cuts: list[int]) -> None:
    limiter = LimiterState.empty(RATE)
    parts = [part.copy() for part in np.split(block, sorted(cuts), axis=1)]
    for part in parts:
        limit(limiter, *part)
    assert np.concatenate(parts, axis=1).tobytes() == limited(block).tobytes()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_broken_samples_are_silent_and_forgotten(broken: float) -> None:
    block = stereo_sine(0.5)
    broken_block = block.copy()
    broken_block[0, 1000] = broken
    heard = limited(broken_block)
    block[0, 1000] = 0.0
    assert np.array_equal(heard, block)


def test_it_recovers_from_a_peak() -> None:
    block = stereo_sine(0.6)
    block[:, 100] = 30000.0
    assert np.array_equal(limited(block)[:, RATE // 2 :], block[:, RATE // 2 :])


@pytest.mark.parametrize("gain", [0.75, 1.0, 2.0, 8.0])
@pytest.mark.parametrize("hz", [196.0, 440.0, 3000.0])
def test_attack_and_release_do_not_click(gain: float, hz: float) -> None:
    loud, soft = stereo_sine(gain, hz), stereo_sine(0.3, hz)
    block = np.concatenate([soft, loud, soft], axis=1)
    steepest = gain * 2.0 * np.pi * hz / RATE
    assert np.max(np.abs(np.diff(limited(block), axis=1))) < 1.01 * steepest


@pytest.mark.parametrize("gain", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("hz", [196.0, 440.0, 3000.0])
def test_a_steady_tone_stays_pure(gain: float, hz: float) -> None:
    steady = limited(stereo_sine(gain, hz, 2.0))[0, RATE:].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)))) ** 2
    tone = int(hz)
    within = spectrum[tone - 3 : tone + 4].sum()
    assert within / (spectrum.sum() - within) > 1e5


def test_both_channels_share_one_gain() -> None:
    block = stereo_sine(2.0)
    heard = limited(block)
    assert heard[1] == pytest.approx(heard[0] / 2.0, abs=1e-6)


def test_louder_in_is_louder_out() -> None:
    levels = np.arange(0.5, 8.0, 0.01)
    heard = [limited(np.full((2, 1), level, np.float32))[0, 0] for level in levels]
    assert np.all(np.diff(heard) > 0.0)
    assert KNEE < heard[-1] < CEILING


def test_a_peak_is_held_longer_than_half_a_period_of_the_lowest_note() -> None:
    assert HOLD_SECONDS > 0.5 / 196.0
