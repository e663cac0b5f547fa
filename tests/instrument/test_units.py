"""Units: each conversion at known points, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.units import (
    controller_gain,
    db_to_gain,
    gain_to_db,
    hz_to_midi,
    midi_to_hz,
    pan_gains,
)

CONTROLLER = st.integers(0, 127)


@pytest.mark.parametrize(
    ("midi", "hz"), [(69.0, 440.0), (57.0, 220.0), (60.0, 261.6256), (55.0, 195.9977)]
)
def test_equal_temperament(midi: float, hz: float) -> None:
    assert midi_to_hz(midi) == pytest.approx(hz, rel=1e-6)
    assert hz_to_midi(hz) == pytest.approx(midi, abs=1e-5)


@given(st.floats(-20.0, 140.0))
def test_pitch_there_and_back(midi: float) -> None:
    assert hz_to_midi(midi_to_hz(midi)) == pytest.approx(midi, abs=1e-9)


@pytest.mark.parametrize(("db", "gain"), [(0.0, 1.0), (20.0, 10.0), (-6.0206, 0.5)])
def test_decibels(db: float, gain: float) -> None:
    assert db_to_gain(db) == pytest.approx(gain, rel=1e-5)
    assert gain_to_db(gain) == pytest.approx(db, abs=1e-4)
    assert gain_to_db(-gain) == gain_to_db(gain)


def test_silence_has_a_level() -> None:
    np.testing.assert_array_equal(gain_to_db(np.zeros(2)), [-200.0, -200.0])


def test_a_controller_follows_the_general_midi_curve() -> None:
    assert controller_gain(127) == 1.0
    assert controller_gain(0) == 0.0
    assert gain_to_db(controller_gain(64)) == pytest.approx(40.0 * np.log10(64 / 127))


@given(CONTROLLER, CONTROLLER)
def test_panning_keeps_the_power_and_the_order(one: int, other: int) -> None:
    left, right = pan_gains(one)
    assert left**2 + right**2 == pytest.approx(1.0)
    if one <= other:
        assert pan_gains(other)[0] <= left
        assert pan_gains(other)[1] >= right


@pytest.mark.parametrize(
    ("value", "left", "right"),
    [(0, 1.0, 0.0), (1, 1.0, 0.0), (64, 0.5**0.5, 0.5**0.5), (127, 0, 1)],
)
def test_panning_at_its_marks(value: int, left: float, right: float) -> None:
    assert pan_gains(value) == pytest.approx((left, right), abs=1e-12)
