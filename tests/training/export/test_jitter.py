"""What the envelope network leaves out is measured."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrument.units import FRAME_RATE
from training.data.features import FeatureCache
from training.export.jitter import FAST_HZ, bands, measure_jitter
from training.export.latent_map import training_latents
from training.networks.envelope import ConditionalVAE


def shaken(cache: FeatureCache, cents: float, db: float) -> FeatureCache:
    """The same with white noise of so much r.m.s. on every curve."""
    noise = np.random.default_rng(0).standard_normal((2, *cache.window_cents.shape))
    return dataclasses.replace(
        cache,
        window_cents=(cache.window_cents + cents * noise[0]).astype(np.float32),
        window_db=(cache.window_db + db * noise[1]).astype(np.float32),
    )


def test_noise_that_no_network_decodes_is_found_in_each_note(
    synthetic_cache: FeatureCache, tiny_networks: tuple[ConditionalVAE, object]
) -> None:
    network = tiny_networks[0]
    latents = training_latents(network, synthetic_cache)
    noisy = shaken(synthetic_cache, cents=2.0, db=0.0)
    before = measure_jitter(network, synthetic_cache, latents.windows, latents.mean)
    after = measure_jitter(network, noisy, latents.windows, latents.mean)
    added = np.median(np.sqrt(after.strength[:, 0] ** 2 - before.strength[:, 0] ** 2), axis=0)
    assert np.hypot(*added) == pytest.approx(2.0, rel=0.1)
    slow_share = FAST_HZ / (FRAME_RATE / 2.0)  # of the power of white noise
    assert added[0] == pytest.approx(2.0 * np.sqrt(slow_share), rel=0.3)
    np.testing.assert_allclose(after.strength[:, 1], before.strength[:, 1])


def test_spectra_are_relative_amplitudes_up_to_half_the_frame_rate(
    synthetic_cache: FeatureCache, tiny_networks: tuple[ConditionalVAE, object]
) -> None:
    latents = training_latents(tiny_networks[0], synthetic_cache)
    noisy = shaken(synthetic_cache, cents=2.0, db=1.0)
    found = measure_jitter(tiny_networks[0], noisy, latents.windows, latents.mean)
    hz = np.linspace(0.0, FRAME_RATE / 2.0, 33)
    for slow, fast in (found.spectra.cents, found.spectra.db):
        for spectrum in (slow, fast):
            assert len(spectrum) == 33
            assert sum(amplitude**2 for amplitude in spectrum) == pytest.approx(1.0, abs=1e-3)
        assert np.square(slow)[hz > 2.0 * FAST_HZ].sum() < 0.02
        assert np.square(fast)[hz < 0.5 * FAST_HZ].sum() < 0.1


def test_what_is_slow_and_what_is_fast_are_all_there_is() -> None:
    seconds = np.arange(300) / FRAME_RATE
    vibrato, tremble = np.sin(2.0 * np.pi * 5.5 * seconds), np.sin(2.0 * np.pi * 25.0 * seconds)
    (parts,) = bands((vibrato + tremble)[None])
    np.testing.assert_allclose(parts.sum(axis=0), vibrato + tremble, atol=1e-9)
    np.testing.assert_allclose(parts[0, 50:-50], vibrato[50:-50], atol=0.05)
