"""Steps of the pitch: high harmonics don't sweep, they come back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.engine.glides import KEPT, SWEEP_HZ, Glides, softened

HARMONICS, FRAMES = 40, 24
VOICE = np.arange(1)


def soften(glides: Glides, f0_hz: Float64, amps: Float32) -> None:
    moved = glides.moved(VOICE, f0_hz)
    if moved is not None:
        softened(amps, f0_hz, moved)


def played(f0_hz: Float64, parts: tuple[int, ...] = ()) -> Float32:
    """Harmonics of amplitude 1 at such pitches, computed in one run or in several, [T, K]."""
    glides = Glides(1)
    glides.begin(VOICE)
    amps = np.ones((1, len(f0_hz), HARMONICS), np.float32)
    ends = (0, *parts, len(f0_hz))
    for begin, end in pairwise(ends):
        soften(glides, f0_hz[None, begin:end], amps[:, begin:end])
    return np.asarray(amps[0])


def step(hz: float, at: int = 4) -> Float64:
    """A step from 440 Hz."""
    return np.where(np.arange(FRAMES) < at, 440.0, 440.0 + hz)


def test_harmonics_that_move_too_far_are_softened_and_come_back() -> None:
    gain = played(step(100.0))
    assert (gain[:4] == 1.0).all()
    assert gain[4, round(SWEEP_HZ / 100.0) - 1] == pytest.approx(0.5)
    assert gain[4, 0] > 0.999
    assert (np.diff(gain[4:, 30]) >= 0.0).all()
    assert gain[-1].min() > 0.95
    assert (gain[4 + 8, 10] / gain[4, 10]) > 1.0 / KEPT


def test_vibrato_and_a_held_pitch_change_nothing() -> None:
    cents = 60.0 * np.sin(2.0 * np.pi * 6.0 * np.arange(FRAMES) / 250.0)
    for f0_hz in (440.0 * 2.0 ** (cents / 1200.0), step(0.0)):
        assert (played(f0_hz) == 1.0).all()


def test_a_voice_begins_without_a_step() -> None:
    glides = Glides(1)
    for hz in (220.0, 880.0):
        glides.begin(VOICE)
        amps = np.ones((1, 2, HARMONICS), np.float32)
        soften(glides, np.full((1, 2), hz), amps)
        assert (amps == 1.0).all()


@given(
    hz=st.floats(-200.0, 800.0),
    parts=st.lists(st.integers(1, FRAMES - 1), unique=True).map(lambda x: tuple(sorted(x))),
)
def test_frames_are_the_same_in_one_run_and_in_several(hz: float, parts: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(played(step(hz)), played(step(hz), parts))
