"""The meter: how loud it was since the last question, whatever the size of the blocks."""

from __future__ import annotations

import numpy as np
import pytest

from instrument.arrays import Float32
from instrument.dsp.limiter import LimiterState, limit
from instrument.dsp.meter import SILENCE_DB, Levels, Meter, answer, levels, measure

RATE = 48_000
LIMITER = LimiterState.empty(RATE)


def play(meter: Meter, audio: Float32, block: int = 128, limited: float = 0.0) -> None:
    """Play [2, n]."""
    for first in range(0, audio.shape[1], block):
        answer(meter)
        left, right = audio[:, first : first + block]
        measure(meter, left, right, limited)


def asked(meter: Meter) -> Levels:
    """The levels since the last time, once a further block was played."""
    levels(meter, LIMITER)
    answer(meter)
    found = levels(meter, LIMITER)
    assert found is not None
    return found


@pytest.mark.parametrize("block", [1, 128, 1000])
def test_peak_and_rms_of_both_channels(block: int) -> None:
    seconds = np.arange(RATE // 10) / RATE
    sine = np.sin(2.0 * np.pi * 440.0 * seconds)
    meter = Meter.empty()
    play(meter, np.array([0.5 * sine, -0.05 * sine], np.float32), block)
    found = asked(meter)
    assert found == pytest.approx((-6.02, -26.02, -9.03, -29.03, 0.0), abs=0.05)


def test_each_answer_counts_from_the_one_before() -> None:
    meter, loud = Meter.empty(), np.full((2, 128), 0.5, np.float32)
    play(meter, loud)
    assert asked(meter).peak_left == pytest.approx(-6.02, abs=0.01)
    play(meter, 0.1 * loud)
    assert asked(meter).peak_left == pytest.approx(-26.02, abs=0.01)
    play(meter, 0.0 * loud)
    assert asked(meter) == Levels()
    assert Levels().peak_left == SILENCE_DB


def test_without_a_new_block_there_is_no_answer() -> None:
    meter = Meter.empty()
    assert levels(meter, LIMITER) == Levels()
    assert levels(meter, LIMITER) is None


def test_what_the_limiter_takes_away_is_told() -> None:
    limiter, meter = LimiterState.empty(RATE), Meter.empty()
    left = np.full(256, 2.0, np.float32)
    limit(limiter, left, right := left.copy())
    play(meter, np.array([left, right]), limited=float(limiter.peak[0]))
    found = asked(meter)
    assert found.limited == pytest.approx(6.02 - found.peak_left, abs=0.01)
    assert found.peak_left < 0.0
