"""Spectra of voices: steps of the pitch don't sweep, and each lies where it is read."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import DDSPControls, Float32, Float64
from instrument.dsp.frames import Frames, Onsets
from instrument.dsp.spectra import CONTROLS, Finisher, Moments, Spectra
from instrument.dsp.spectrum import KEPT, SWEEP_HZ, movement

RATE = 48_000
HARMONICS, BANDS, FRAMES = 40, 9, 24


# --- Steps of the pitch ---------------------------------------------------------------------------


class Voices:
    """Two voices that play through rings long enough for all that is asked of them."""

    def __init__(self, rate: int = RATE, frames: int = FRAMES) -> None:
        self.frames = Frames.empty(frames, 2, HARMONICS, BANDS)
        self.onsets = Onsets.empty(4, HARMONICS)
        self.finisher = Finisher(Spectra.of(self.frames, self.onsets, rate))

    def play(self, moments: Float64, first: int = 0, *, fresh: bool = False) -> None:
        """Flat spectra, of amplitude 1 for each harmonic, from a row of the ring on."""
        _, voices, frames = moments.shape
        rows = np.arange(first, first + frames)[None].repeat(voices, axis=0)
        at = np.arange(rows.size).reshape(rows.shape)
        flat = DDSPControls(
            np.full(rows.shape, HARMONICS, np.float32),
            np.full((*rows.shape, HARMONICS), 1.0 / HARMONICS, np.float32),
            np.ones((*rows.shape, BANDS), np.float32),
        )
        self.finisher(np.arange(voices), at, rows, moments, flat, fresh=fresh)


def moments_of(f0_hz: Float64, **others: Float64 | float) -> Float64:
    moments = np.zeros((CONTROLS, *f0_hz.shape))
    for name, values in ({"f0_hz": f0_hz, "trained_hz": f0_hz} | others).items():
        getattr(Moments(*moments), name)[:] = values
    return moments


def played(f0_hz: Float64, parts: tuple[int, ...] = ()) -> Float32:
    """Harmonics of amplitude 1 at such pitches, computed in one run or in several, [T, K]."""
    voices = Voices(rate=10**6)
    for begin, end in pairwise((0, *parts, len(f0_hz))):
        voices.play(moments_of(f0_hz[None, begin:end]), begin)
    return voices.frames.amps[:, 0]


def step(hz: float, at: int = 4) -> Float64:
    """A step from 440 Hz."""
    return np.where(np.arange(FRAMES) < at, 440.0, 440.0 + hz)


def test_harmonics_that_move_too_far_are_softened_and_come_back() -> None:
    gain = played(step(100.0))
    np.testing.assert_allclose(gain[:4], 1.0, rtol=1e-6)
    assert gain[4, round(SWEEP_HZ / 100.0) - 1] == pytest.approx(0.5, rel=1e-5)
    assert gain[4, 0] > 0.999
    assert (np.diff(gain[4:, 30]) >= 0.0).all()
    assert gain[-1].min() > 0.95
    assert (gain[4 + 8, 10] / gain[4, 10]) > 1.0 / KEPT


def test_vibrato_and_a_held_pitch_change_nothing() -> None:
    cents = 60.0 * np.sin(2.0 * np.pi * 6.0 * np.arange(FRAMES) / 250.0)
    still = played(step(0.0))
    np.testing.assert_array_equal(still, np.broadcast_to(still[0], still.shape))
    np.testing.assert_allclose(played(440.0 * 2.0 ** (cents / 1200.0)), 1.0, rtol=1e-6)


def test_a_voice_begins_without_a_step() -> None:
    voices = Voices(rate=10**6)
    for hz in (220.0, 880.0):
        voices.play(moments_of(np.full((1, 2), hz)), fresh=True)
        np.testing.assert_allclose(voices.frames.amps[:2, 0], 1.0, rtol=1e-6)
    assert movement(np.nan, 0.0, 440.0) == 0.0


@given(
    hz=st.floats(-200.0, 800.0),
    parts=st.lists(st.integers(1, FRAMES - 1), unique=True).map(lambda x: tuple(sorted(x))),
)
def test_frames_are_the_same_in_one_run_and_in_several(hz: float, parts: tuple[int, ...]) -> None:
    np.testing.assert_array_equal(played(step(hz)), played(step(hz), parts))


# --- All of it, in the rings ----------------------------------------------------------------------


def test_a_stroke_dips_the_harmonics_and_lets_the_noise_be_louder() -> None:
    voices = Voices()
    f0_hz = np.full((2, 3), 300.0)
    of_one = np.array([[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]])
    voices.play(moments_of(f0_hz, filled_db=of_one, noise_db=of_one / 3.0))
    amps, noise = voices.frames.amps[:3], voices.frames.noise[:3]
    assert amps[1, 0] / amps[0, 0] == pytest.approx(10.0 ** (-9.0 / 20.0), rel=1e-5)
    assert noise[1, 0] / noise[0, 0] == pytest.approx(10.0 ** (3.0 / 20.0), rel=1e-5)
    for ring in (amps, noise):
        np.testing.assert_array_equal(ring[:, 1], np.broadcast_to(ring[0, 0], ring[:, 1].shape))


def test_a_voice_that_begins_lies_in_both_rings() -> None:
    voices = Voices()
    moments = moments_of(
        np.array([[300.0, 301.0, 302.0]]), left=0.5, right=np.array([[0.1, 0.2, 0.3]])
    )
    flat = DDSPControls(
        np.ones((1, 3), np.float32),
        np.full((1, 3, HARMONICS), 1.0 / HARMONICS, np.float32),
        np.ones((1, 3, BANDS), np.float32),
    )
    rows = np.array([[-1 - 2, 5, 6]])
    voices.finisher(np.array([1]), np.arange(3)[None], rows, moments, flat, fresh=True)
    assert voices.onsets.f0_hz[2] == 300.0
    assert voices.onsets.gain[2] == pytest.approx([0.5, 0.1])
    assert voices.frames.f0_hz[5:7, 1].tolist() == [301.0, 302.0]
    assert voices.frames.gain[6, 1] == pytest.approx([0.5, 0.3])
    assert voices.onsets.amps[2] == pytest.approx(np.full(HARMONICS, 1.0 / HARMONICS))
    written = np.flatnonzero(np.abs(voices.frames.noise).sum(axis=(1, 2)))
    assert written.tolist() == [5, 6]
    assert not voices.frames.amps[:, 0].any()


def test_moments_are_found_wherever_they_lie_among_others() -> None:
    together, apart = Voices(), Voices()
    f0_hz = np.random.default_rng(0).uniform(200.0, 900.0, (2, 8))
    together.play(moments_of(f0_hz))
    order = np.random.default_rng(1).permutation(f0_hz.size)
    where = np.argsort(order).reshape(f0_hz.shape)
    rows = np.broadcast_to(np.arange(8), f0_hz.shape).ravel()[order]
    flat = DDSPControls(
        np.full(f0_hz.shape, HARMONICS, np.float32),
        np.full((*f0_hz.shape, HARMONICS), 1.0 / HARMONICS, np.float32),
        np.ones((*f0_hz.shape, BANDS), np.float32),
    )
    moments = moments_of(f0_hz.ravel()[order])
    apart.finisher(np.arange(2), where, rows, moments, flat, fresh=False)
    np.testing.assert_array_equal(together.frames.amps, apart.frames.amps)
    np.testing.assert_array_equal(together.frames.f0_hz, apart.frames.f0_hz)
