"""What a diet's timbre is taught for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from training.diet.objective import Spectra, distances

RATE = 48_000
F0_HZ, LOUDNESS_DB = torch.full((1, 3), 400.0), torch.full((1, 3), -20.0)


def spectra(*gains: float, noise: float = 1e-3) -> Spectra:
    """Three frames of some harmonics of 400 Hz and white noise."""
    tones = torch.zeros(1, 3, 40)
    tones[..., : len(gains)] = torch.tensor(gains)
    return Spectra(tones, torch.full((1, 3, 65), noise))


def told(found: Spectra, wanted: Spectra, loudness_db: Tensor = LOUDNESS_DB) -> dict[str, float]:
    """Distances as numbers."""
    each = distances(found, wanted, F0_HZ, loudness_db, RATE)
    return {name: float(value) for name, value in each.items()}


def test_the_same_is_at_no_distance() -> None:
    assert told(spectra(0.1, 0.05), spectra(0.1, 0.05)) == pytest.approx(
        dict.fromkeys(("loss", "harmonics_db", "noise_db", "brightness", "balance_db"), 0.0),
        abs=1e-5,
    )


def test_brightness_is_how_far_the_centroid_moves_in_octaves() -> None:
    found = told(spectra(0.0, 0.1), spectra(0.1))
    assert found["brightness"] == pytest.approx(1.0)
    assert told(spectra(0.1, 0.1), spectra(0.1))["brightness"] == pytest.approx(math.log2(1.5))


def test_balance_is_harmonics_against_noise_in_db() -> None:
    found = told(spectra(0.2, noise=1e-3), spectra(0.1, noise=1e-3))
    assert found["balance_db"] == pytest.approx(6.02, abs=0.01)
    assert found["noise_db"] == pytest.approx(0.0, abs=1e-4)
    same = told(spectra(0.2, noise=2e-3), spectra(0.1, noise=1e-3))
    assert same["balance_db"] == pytest.approx(0.0, abs=1e-3)
    assert same["noise_db"] == pytest.approx(6.02, abs=0.01)


def test_what_is_above_12_khz_makes_nothing_brighter() -> None:
    high = [0.1] + [0.0] * 30 + [0.1]  # order 32 of 400 Hz
    assert told(spectra(*high), spectra(0.1))["brightness"] == pytest.approx(0.0, abs=1e-5)


def test_silence_teaches_nothing() -> None:
    silent = torch.tensor([[-20.0, -90.0, -90.0]])
    wanted = spectra(0.1)
    wanted.tones[:, 1:] = torch.rand(2, 40)
    assert told(spectra(0.1), wanted, silent)["loss"] == pytest.approx(0.0, abs=1e-5)
