"""The more a training note is like a note, the more often it is chosen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float64
from instrument.dsp.choosing import (
    NEARBY_LOUDNESS,
    NEARBY_SEMITONES,
    NEARBY_VIBRATO_CENTS,
    Chooser,
)

MIDI = np.array([60.0, 62.0, 65.0, 70.0, 80.0])
LOUDNESS = np.array([0.5, 0.4, 0.9, 0.5, 0.1])
VIBRATO_CENTS = np.array([10.0, 12.0, 0.0, 20.0, 11.0])
STEEPNESS = 0.5
WITHOUT_CHANCE = 0.5 / 1e-3**2


def shares(key: float, loudness: float, vibrato_cents: float = math.nan) -> Float64:
    """How often each should be chosen."""
    far = ((MIDI - key) / NEARBY_SEMITONES) ** 2 + ((LOUDNESS - loudness) / NEARBY_LOUDNESS) ** 2
    if not math.isnan(vibrato_cents):
        far += ((VIBRATO_CENTS - vibrato_cents) / NEARBY_VIBRATO_CENTS) ** 2
    likely = np.exp(STEEPNESS * (far.min() - far))
    return np.asarray(likely / likely.sum())


@pytest.fixture(scope="module")
def chooser() -> Chooser:
    return Chooser(MIDI, LOUDNESS, VIBRATO_CENTS)


@given(
    key=st.floats(50.0, 90.0),
    loudness=st.floats(0.0, 1.0),
    vibrato_cents=st.floats(0.0, 30.0) | st.just(math.nan),
    part=st.floats(0.0, 1.0, exclude_max=True),
)
def test_it_is_the_one_in_whose_share_the_draw_falls(
    chooser: Chooser, key: float, loudness: float, vibrato_cents: float, part: float
) -> None:
    chosen = chooser(key, loudness, vibrato_cents, STEEPNESS, part)
    ends = np.cumsum(shares(key, loudness, vibrato_cents))
    assert (ends[chosen - 1] if chosen else 0.0) <= part + 1e-6
    assert part <= ends[chosen] + 1e-6


@given(key=st.floats(0.0, 127.0), part=st.floats(1e-9, 1.0, exclude_max=True))
def test_without_chance_it_is_the_one_that_is_most_alike(
    chooser: Chooser, key: float, part: float
) -> None:
    first, second, *_ = np.sort(shares(key, 0.5))[::-1]
    if second < 0.99 * first:
        alike = int(np.argmax(shares(key, 0.5)))
        assert chooser(key, 0.5, math.nan, WITHOUT_CHANCE, part) == alike


def test_one_alone_is_chosen() -> None:
    alone = Chooser(MIDI[:1], LOUDNESS[:1], VIBRATO_CENTS[:1])
    assert alone(20.0, 0.0, 5.0, STEEPNESS, 0.9) == 0
