"""One spectrum: what can't be carried, what was never heard, what controllers and bows tilt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.spectrum import BRIGHTER, DARKER, brighten, limit, stretch, tilt
from instrument.units import a_weighting

RATE, HARMONICS = 48_000, 40
NUMBERS = np.arange(1, HARMONICS + 1)
LOGARITHMS = np.stack([NUMBERS, np.log(NUMBERS)]).astype(np.float32)
BRIGHT = (1.0 / NUMBERS).astype(np.float32)


def limited(weights: Float32, f0_hz: float, rate: int = RATE, amplitude: float = 1.0) -> Float32:
    amps = weights.copy()
    limit(amps, amplitude, f0_hz, rate / 2)
    return amps


def stretched(amps: Float32, trained_hz: float, f0_hz: float, rate: int = RATE) -> Float32:
    found = np.full_like(amps, np.nan)
    stretch(found, amps, trained_hz, f0_hz, rate / 2)
    return found


def brightened(amps: Float32, octaves: float) -> Float32:
    found = amps.copy()
    brighten(found, LOGARITHMS, octaves)
    return found


def tilted(amps: Float32, f0_hz: float, brightness: float) -> Float32:
    found = amps.copy()
    tilt(found, LOGARITHMS, f0_hz, brightness)
    return found


def centroid(amps: Float32) -> Float64:
    return np.asarray(np.log2((amps * NUMBERS).sum(axis=-1) / amps.sum(axis=-1)))


def a_weighted(amps: Float32, f0_hz: float) -> float:
    """A-weighted power of harmonics."""
    hz = f0_hz * np.arange(1, len(amps) + 1)
    return float(np.sum(a_weighting(hz) * amps.astype(np.float64) ** 2))


# --- What a sample rate can carry -----------------------------------------------------------------


@settings(deadline=None)
@given(
    f0_hz=st.floats(20.0, 30_000.0),
    amplitude=st.floats(0.01, 2.0),
    rate=st.sampled_from([44_100, 48_000]),
)
def test_harmonics_below_nyquist_share_the_whole(f0_hz: float, amplitude: float, rate: int) -> None:
    weights = np.random.default_rng(0).random(100, np.float32) + np.float32(0.01)
    kept = limited(weights, f0_hz, rate, amplitude)
    assert np.all((kept > 0.0) == (f0_hz * np.arange(1, 101) < rate / 2))
    assert kept.sum() == pytest.approx(amplitude if f0_hz < rate / 2 else 0.0, abs=1e-5)


def test_silence_stays_silent() -> None:
    assert not limited(0.0 * BRIGHT, 100.0).any()


# --- Pitches that no network has heard ------------------------------------------------------------


def test_the_pitch_that_was_heard_is_left_as_it_is() -> None:
    assert stretched(BRIGHT, 196.0, 196.0) == pytest.approx(BRIGHT, rel=1e-6)


@given(f0_hz=st.floats(16.0, 185.0) | st.floats(3300.0, 12_600.0))
def test_the_loudness_is_kept(f0_hz: float) -> None:
    trained_hz = 185.0 if f0_hz < 200.0 else 3300.0
    audible = limited(BRIGHT, trained_hz)
    heard = stretched(audible, trained_hz, f0_hz)
    assert a_weighted(heard, f0_hz) == pytest.approx(a_weighted(audible, trained_hz), rel=1e-4)
    assert np.isfinite(heard).all()
    assert heard.min() >= 0.0


def test_an_octave_lower_every_second_harmonic_lies_where_one_was() -> None:
    heard = stretched(BRIGHT[:20], 200.0, 100.0)
    assert heard[1::2] / heard[1] == pytest.approx(BRIGHT[:10], rel=1e-5)
    assert heard[0] == pytest.approx(heard[1] / 2, rel=1e-5)


def test_an_octave_higher_every_harmonic_is_as_the_one_there() -> None:
    heard = stretched(BRIGHT, 200.0, 400.0)
    assert heard[:20] / heard[0] == pytest.approx(BRIGHT[1::2] / BRIGHT[1], rel=1e-5)
    assert not heard[20:].any()


@pytest.mark.parametrize("f0_hz", [5000.0, 11_900.0, 12_500.0, 20_000.0])
def test_nothing_is_left_above_half_the_sample_rate(f0_hz: float) -> None:
    heard = stretched(BRIGHT, 3000.0, f0_hz)
    assert not heard[f0_hz * NUMBERS >= RATE / 2].any()
    assert 0.0 < heard.max() < 10.0


def test_what_cannot_be_heard_at_all_is_silent() -> None:
    assert not stretched(BRIGHT, 3000.0, 12_500.0, rate=22_050).any()
    assert not stretched(0.0 * BRIGHT, 3000.0, 12_500.0).any()


def test_what_nobody_hears_does_not_rumble() -> None:
    power = np.square(stretched(BRIGHT, 185.0, 1.0)).sum()
    assert power <= 1.6 * np.square(BRIGHT).sum()


# --- Brightness -----------------------------------------------------------------------------------


@given(
    octaves=st.floats(-2.0, 2.0),
    steepness=st.floats(0.0, 4.0),
    audible=st.integers(0, HARMONICS),
)
def test_a_brighter_stroke_keeps_the_power_and_silent_harmonics_silent(
    octaves: float, steepness: float, audible: int
) -> None:
    amps = (NUMBERS**-steepness).astype(np.float32)
    amps[audible:] = 0.0
    found = brightened(amps, octaves)
    assert np.square(found).sum() == pytest.approx(np.square(amps).sum(), rel=1e-4)
    assert not found[audible:].any()
    if audible > 1:
        assert (centroid(found) - centroid(amps)) * np.sign(octaves) >= -1e-6


def test_a_stroke_is_as_much_brighter_as_was_asked() -> None:
    assert centroid(brightened(BRIGHT, 0.2)) - centroid(BRIGHT) == pytest.approx(0.2, abs=0.02)


@given(brightness=st.floats(-1.0, 1.0), f0_hz=st.floats(50.0, 4000.0))
def test_a_controller_tilts_and_leaves_a_note_as_loud(brightness: float, f0_hz: float) -> None:
    found = tilted(BRIGHT, f0_hz, brightness)
    assert a_weighted(found, f0_hz) == pytest.approx(a_weighted(BRIGHT, f0_hz), rel=1e-4)
    slope = np.polyfit(LOGARITHMS[1], np.log(found / BRIGHT), 1)[0]
    wanted = brightness * (BRIGHTER if brightness > 0.0 else DARKER)
    assert slope == pytest.approx(wanted, abs=1e-4)


def test_a_controller_in_its_middle_changes_no_bit() -> None:
    np.testing.assert_array_equal(tilted(BRIGHT, 440.0, 0.0), BRIGHT)
