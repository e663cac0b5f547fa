"""The filtered noise: the generator, the filter and the seam between hops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from instrument.arrays import Float32, Float64
from instrument.dsp.noise import (
    NoiseScratch,
    add_noise,
    half_responses,
    impulse_response_matrix,
    note_noise,
    white_noise,
)

RATE = 48000
BANDS = 65
TAPS = 2 * (BANDS - 1)


class Noise:
    """A stream of filtered noise."""

    def __init__(self, sample_rate: int = RATE, seed: int = 1, bands: int = BANDS) -> None:
        self.state = np.array([seed], np.uint64)
        self.matrix = half_responses(bands, sample_rate, RATE)
        self.tail = np.zeros(2 * bands - 3, np.float32)

    def render(self, magnitudes: Float32, length: int, start: int = 0) -> Float32:
        out = np.zeros(length, np.float32)
        scratch = NoiseScratch.of(len(magnitudes), length)
        for each in scratch:
            each[:] = np.nan
        add_noise(self.state, magnitudes[None], self.matrix, self.tail, scratch, start, length, out)
        return out


def draw(seed: int, count: int) -> Float32:
    out = np.zeros(count, np.float32)
    white_noise(np.array([seed], np.uint64), out)
    return out


def test_every_note_has_a_stretch_of_the_noise_to_itself() -> None:
    """Of one long sequence: the next note's begins 2²⁸ samples later, the next channel's 2⁶⁰."""
    notes = [(seed, channel, number) for seed in (0, 1) for channel in (0, 15) for number in (0, 9)]
    heard = np.array([draw(note_noise(*note), 2000) for note in notes])
    between = np.corrcoef(heard) - np.eye(len(notes))
    assert np.abs(between).max() < 0.1
    assert note_noise(3, 2, 1) == note_noise(3, 2, 1)
    step = (note_noise(7, 4, 8) - note_noise(7, 4, 7)) % (1 << 64)
    assert step == (0x9E3779B97F4A7C15 << 28) % (1 << 64)


def smooth_magnitudes(bands: int = BANDS) -> Float32:
    """A bow's noise, roughly: a broad hill that falls to both sides."""
    place = np.linspace(0.0, 1.0, bands)
    return (0.1 + np.exp(-(((place - 0.3) / 0.2) ** 2))).astype(np.float32)


def response(matrix: Float32, magnitudes: Float32, at_hz: Float64, sample_rate: int) -> Float64:
    _, gain = signal.freqz((matrix @ magnitudes).astype(np.float64), worN=at_hz, fs=sample_rate)
    magnitude: Float64 = np.abs(gain)
    return magnitude


def test_white_noise_is_uniform_and_uncorrelated() -> None:
    noise = draw(7, 200_000).astype(np.float64)
    assert noise.min() >= -1.0
    assert noise.max() < 1.0
    assert noise.mean() == pytest.approx(0.0, abs=0.006)
    assert noise.var() == pytest.approx(1.0 / 3.0, abs=0.004)
    counts, _ = np.histogram(noise, bins=20, range=(-1.0, 1.0))
    assert counts == pytest.approx(np.full(20, 10_000), rel=0.05)
    lags = [np.mean(noise[lag:] * noise[:-lag]) for lag in range(1, 200)]
    assert np.max(np.abs(lags)) < 0.004


@settings(deadline=None)
@given(seed=st.integers(0, 2**64 - 1), parts=st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_white_noise_goes_on_where_it_stopped(seed: int, parts: list[int]) -> None:
    state = np.array([seed], np.uint64)
    drawn = [np.zeros(part, np.float32) for part in parts]
    for part in drawn:
        white_noise(state, part)
    assert np.array_equal(np.concatenate(drawn), draw(seed, sum(parts)))


def test_seeds_give_other_noise() -> None:
    a, b = draw(1, 10_000), draw(2, 10_000)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.04


def test_flat_magnitudes_are_a_delay_of_half_the_taps() -> None:
    impulse = impulse_response_matrix(BANDS, RATE, RATE) @ np.ones(BANDS, np.float32)
    wanted = np.zeros(TAPS)
    wanted[TAPS // 2] = 1.0
    assert impulse == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("sample_rate", [44100, 48000, 96000])
def test_the_filter_follows_the_magnitudes_in_hz(sample_rate: int) -> None:
    magnitudes = smooth_magnitudes()
    at_hz = np.linspace(0.0, 20000.0, 200)
    matrix = impulse_response_matrix(BANDS, sample_rate, RATE)
    gain = response(matrix, magnitudes, at_hz, sample_rate) / np.sqrt(sample_rate / RATE)
    wanted = np.interp(at_hz, np.linspace(0.0, RATE / 2, BANDS), magnitudes)
    assert matrix.shape == (TAPS, BANDS)
    assert np.max(np.abs(20.0 * np.log10(gain / wanted))) < 1.5


def test_nothing_sounds_above_the_training_nyquist() -> None:
    matrix = impulse_response_matrix(BANDS, 96000, RATE)
    gain = response(matrix, np.ones(BANDS, np.float32), np.linspace(26000.0, 48000.0, 50), 96000)
    assert np.max(gain) < 0.02


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_power_per_hz_is_the_same_at_every_sample_rate(sample_rate: int) -> None:
    noise = Noise(sample_rate)
    magnitudes = smooth_magnitudes()
    heard = np.concatenate([noise.render(magnitudes, 192) for _ in range(4000)])
    at_hz, density = map(np.asarray, signal.welch(heard, sample_rate, nperseg=512))
    wanted = np.interp(at_hz, np.linspace(0.0, RATE / 2, BANDS), magnitudes) ** 2
    wanted *= (1.0 / 3.0) / (RATE / 2)
    audible = (at_hz > 300.0) & (at_hz < 20000.0)
    assert np.max(np.abs(10.0 * np.log10(density[audible] / wanted[audible]))) < 1.0


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    bands=st.sampled_from([2, 3, 17, 33, 40, BANDS, 130]),
)
def test_hops_of_one_filter_are_one_convolution(lengths: list[int], bands: int) -> None:
    noise = Noise(seed=9, bands=bands)
    magnitudes = smooth_magnitudes(bands)
    heard = np.concatenate([noise.render(magnitudes, length) for length in lengths])
    white = draw(9, sum(lengths)).astype(np.float64)
    whole = np.convolve(white, impulse_response_matrix(bands, RATE, RATE) @ magnitudes)
    assert heard == pytest.approx(whole[: len(heard)], abs=2e-6)
    assert noise.tail == pytest.approx(whole[len(heard) :], abs=2e-6)


def test_noise_before_the_start_stays_silent() -> None:
    heard = Noise().render(smooth_magnitudes(), 192, start=100)
    assert not heard[:100].any()
    assert heard[110:].any()


def test_the_tail_outlives_the_magnitudes() -> None:
    noise = Noise()
    noise.render(np.ones(BANDS, np.float32), 192)
    after = noise.render(np.zeros(BANDS, np.float32), 192)
    assert after[: TAPS // 2].any()
    assert not after[TAPS:].any()
