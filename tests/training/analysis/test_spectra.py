"""Measured spectra: known harmonics and known noise come back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from instrument.arrays import Float32, Float64
from training.analysis.spectra import FLOOR_DB, measure_spectra
from training.networks.synth import filtered_noise, harmonic

RATE = 48_000
HOP = 192
BANDS = 65
FRAMES = 126
INNER = slice(10, -10)


def sound(
    midi: float, harmonics_db: list[float], noise_db: Float64, vibrato_cents: float = 0.0
) -> tuple[Float32, Float64]:
    """Audio of harmonics and a noise filter of known levels, and its f0_hz."""
    cents = vibrato_cents * np.sin(2.0 * np.pi * 5.5 * np.arange(FRAMES) / 250.0)
    f0_hz = 440.0 * 2.0 ** ((midi - 69.0 + cents / 100.0) / 12.0)
    amplitudes = torch.tensor([10.0 ** (db / 20.0) for db in harmonics_db])
    tone = harmonic(
        torch.from_numpy(f0_hz)[None],
        torch.ones(1, FRAMES),
        amplitudes.expand(1, FRAMES, len(harmonics_db)),
        RATE,
    )
    torch.manual_seed(1)
    magnitudes = torch.from_numpy(10.0 ** (noise_db / 20.0)).float()
    hiss = filtered_noise(magnitudes.expand(1, FRAMES - 1, BANDS), HOP)
    return (tone + hiss)[0].numpy(), np.asarray(f0_hz, np.float64)


@pytest.mark.parametrize("midi", [55, 69, 88])
@pytest.mark.parametrize("vibrato_cents", [0.0, 30.0])
def test_known_harmonics_come_back_within_half_a_db(midi: int, vibrato_cents: float) -> None:
    harmonics_db = [-20.0, -26.0, -23.0, -40.0, -32.0, -45.0, -38.0]
    audio, f0_hz = sound(midi, harmonics_db, np.full(BANDS, -75.0), vibrato_cents)
    found = measure_spectra(audio, RATE, f0_hz, 250, 7, BANDS)
    assert found.harmonics_db.shape == (FRAMES, 7)
    measured = found.harmonics_db[INNER].mean(axis=0)
    np.testing.assert_allclose(measured, harmonics_db, atol=0.5)


@pytest.mark.parametrize("midi", [55, 76])
@pytest.mark.parametrize("slope_db", [0.0, -20.0])
def test_a_known_noise_comes_back_within_2_db(midi: int, slope_db: float) -> None:
    noise_db = np.linspace(-50.0, -50.0 + slope_db, BANDS)
    audio, f0_hz = sound(midi, [-20.0, -26.0, -30.0], noise_db)
    found = measure_spectra(audio, RATE, f0_hz, 250, 100, BANDS)
    assert found.noise_db.shape == (FRAMES, BANDS)
    power = 10.0 ** (found.noise_db[INNER].astype(np.float64) / 10.0)
    measured = 10.0 * np.log10(power.mean(axis=0))
    bands_hz = np.linspace(0.0, RATE / 2.0, BANDS)
    # Beside strong harmonics their window leaks, and above the hundredth nothing is measured.
    clear = (bands_hz > 5.0 * f0_hz[0]) & (bands_hz < min(99.0 * f0_hz[0], 23_000.0))
    error = (measured - noise_db)[clear]
    assert np.abs(error).max() < 2.0
    assert abs(error.mean()) < 0.5


def test_faint_noise_between_strong_harmonics_comes_back_within_2_db() -> None:
    audio, f0_hz = sound(67, [-20.0] * 40, np.full(BANDS, -58.0))
    found = measure_spectra(audio, RATE, f0_hz, 250, 40, BANDS)
    power = 10.0 ** (found.noise_db[INNER].astype(np.float64) / 10.0)
    measured = 10.0 * np.log10(power.mean(axis=0))
    between = np.linspace(0.0, RATE / 2.0, BANDS) < 38.0 * f0_hz[0]
    np.testing.assert_allclose(measured[between], -58.0, atol=2.0)


def test_above_nyquist_there_is_nothing(
    violin_note: Callable[..., tuple[Float32, Float64]],
) -> None:
    audio, f0_hz = violin_note(96, 0.3, silence=0.0)
    found = measure_spectra(audio, RATE, f0_hz, 250, 30, BANDS)
    audible = int(RATE / 2.0 / f0_hz.max())
    assert (found.harmonics_db[:, audible:] == FLOOR_DB).all()
    assert (found.harmonics_db[:, : audible - 1] > FLOOR_DB).all()


def test_silence_is_at_the_floor() -> None:
    found = measure_spectra(np.zeros(9_600, np.float32), RATE, np.full(51, 440.0), 250, 20, BANDS)
    assert (found.harmonics_db == FLOOR_DB).all()
    assert (found.noise_db < -130.0).all()
