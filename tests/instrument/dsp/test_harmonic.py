"""The harmonic synthesiser against the textbook sum of sines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.arrays import Float32, Float64
from instrument.dsp.harmonic import HARMONIC_SCRATCH, add_harmonics

RATE = 48000
LENGTH = 192


def sum_of_sines(
    phase: float, f0_hz: tuple[float, float], amps: Float32, start: int, length: int = LENGTH
) -> Float64:
    """The samples of a hop in float64, sine by sine; `amps` is [2, K]."""
    place = np.arange(start, length)
    f0 = f0_hz[0] + (f0_hz[1] - f0_hz[0]) * place / length
    cycles = phase + np.concatenate(([0.0], np.cumsum(f0 / RATE)[:-1]))
    first, last = amps.astype(np.float64)[:, :, np.newaxis]
    amplitude = first + (last - first) * place / length
    number = np.arange(1, amps.shape[1] + 1)[:, np.newaxis]
    total: Float64 = (amplitude * np.sin(2.0 * np.pi * number * (cycles % 1.0))).sum(axis=0)
    return total


def render(
    phase: float, f0_hz: tuple[float, float], amps: Float32, start: int = 0, length: int = LENGTH
) -> tuple[Float32, float]:
    out = np.zeros(length, np.float32)
    scratch = np.full((HARMONIC_SCRATCH, length), np.nan, np.float32)
    middle_hz = f0_hz[0] + (f0_hz[1] - f0_hz[0]) * (length // 2) / length
    path = f0_hz[0], middle_hz, f0_hz[1]
    end = add_harmonics(phase, *path, amps[0], amps[1], RATE, start, length, out, scratch)
    return out, end


def random_amps(harmonics: int, seed: int = 0) -> Float32:
    return (np.random.default_rng(seed).random((2, harmonics)) / harmonics).astype(np.float32)


def snr_db(heard: Float32, wanted: Float64) -> float:
    return float(10.0 * np.log10(np.sum(wanted**2) / np.sum((heard - wanted) ** 2)))


@settings(deadline=None)
@given(
    f0_hz=st.floats(40.0, 4000.0),
    glide=st.floats(0.9, 1.1),
    phase=st.floats(0.0, 1.0, exclude_max=True),
    harmonics=st.integers(1, 160),
    start=st.integers(0, LENGTH - 16),
    seed=st.integers(0, 1000),
)
def test_it_is_the_sum_of_sines(
    f0_hz: float, glide: float, phase: float, harmonics: int, start: int, seed: int
) -> None:
    amps = random_amps(harmonics, seed)
    heard, _ = render(phase, (f0_hz, f0_hz * glide), amps, start)
    wanted = sum_of_sines(phase, (f0_hz, f0_hz * glide), amps, start)
    error = np.max(np.abs(heard[start:] - wanted))
    assert error < 5e-7 * max(1.0, float(np.max(np.abs(wanted))))


@pytest.mark.parametrize("f0_hz", [40.0, 196.0, 440.0, 1318.5, 4000.0])
@pytest.mark.parametrize("phase", [0.0, 1e-9, 0.25, 0.5, 0.99999])
def test_signal_to_noise_ratio_is_that_of_float32(f0_hz: float, phase: float) -> None:
    amps = random_amps(128)
    heard, _ = render(phase, (f0_hz, f0_hz * 1.01), amps)
    assert snr_db(heard, sum_of_sines(phase, (f0_hz, f0_hz * 1.01), amps, 0)) > 110.0


@pytest.mark.parametrize("length", [LENGTH, 177])
@pytest.mark.parametrize("start", [0, 50, 120])
def test_the_frequency_goes_by_way_of_the_middle(start: int, length: int) -> None:
    amps, middle = random_amps(20), length // 2
    out, scratch = np.zeros(length, np.float32), np.zeros((HARMONIC_SCRATCH, length), np.float32)
    end = add_harmonics(
        0.25, 300.0, 330.0, 340.0, amps[0], amps[1], RATE, start, length, out, scratch
    )
    f0_hz = np.interp(np.arange(length), [0, middle, length], [300.0, 330.0, 340.0])
    steps = np.append(0.0, np.cumsum(f0_hz[start:] / RATE))
    wave = np.sin(2.0 * np.pi * np.arange(1, 21)[:, None] * (0.25 + steps[:-1]))
    place = np.arange(start, length) / length
    wanted = ((amps[0, :, None] + (amps[1] - amps[0])[:, None] * place) * wave).sum(axis=0)
    assert snr_db(out[start:], wanted) > 120.0
    assert end == pytest.approx((0.25 + steps[-1]) % 1.0, abs=1e-9)


def test_hops_join_without_a_seam() -> None:
    amps = random_amps(60)
    f0_hz = np.linspace(200.0, 260.0, 51)
    phase, heard, wanted, exact = 0.0, [], [], 0.0
    for hop in range(50):
        ends = (float(f0_hz[hop]), float(f0_hz[hop + 1]))
        out, phase = render(phase, ends, amps)
        heard.append(out)
        wanted.append(sum_of_sines(exact, ends, amps, 0))
        place = np.arange(LENGTH)
        exact += float(np.sum(ends[0] + (ends[1] - ends[0]) * place / LENGTH) / RATE)
    assert snr_db(np.concatenate(heard), np.concatenate(wanted)) > 120.0
    assert phase == pytest.approx(exact % 1.0, abs=1e-9)


def test_only_samples_from_the_start_on_are_added_to() -> None:
    amps = random_amps(10)
    out = np.ones(LENGTH, np.float32)
    scratch = np.zeros((HARMONIC_SCRATCH, LENGTH), np.float32)
    add_harmonics(0.0, 440.0, 440.0, 440.0, amps[0], amps[1], RATE, 100, LENGTH, out, scratch)
    assert np.all(out[:101] == 1.0)
    assert np.all(out[101:105] > 1.0)


def test_silence_keeps_the_phase_moving() -> None:
    silent = np.zeros((2, 100), np.float32)
    out, end = render(0.25, (300.0, 310.0), silent)
    assert not out.any()
    assert end == render(0.25, (300.0, 310.0), random_amps(100))[1]


def test_nothing_aliases() -> None:
    f0_hz, seconds = 1370.0, 1
    audible = (f0_hz * np.arange(1, 101) < RATE / 2).astype(np.float32)
    amps = np.repeat(audible[None] / audible.sum(), 2, axis=0)
    phase, hops = 0.0, []
    for _ in range(250 * seconds):
        out, phase = render(phase, (f0_hz, f0_hz), amps)
        hops.append(out)
    spectrum = np.abs(np.fft.rfft(np.concatenate(hops))) ** 2
    partials = np.arange(int(f0_hz), RATE // 2, int(f0_hz))
    within = spectrum[partials].sum()
    spectrum[partials] = 0.0
    assert spectrum.sum() < 1e-12 * within
