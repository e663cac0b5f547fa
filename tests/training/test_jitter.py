"""What the envelope network leaves out is measured."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from training.features import FRAMES, FeatureCache
from training.jitter import measure_jitter
from training.latent_map import training_latents
from training.networks.envelope import ConditionalVAE


def test_noise_that_no_network_decodes_is_found_in_each_note(
    synthetic_cache: FeatureCache, tiny_networks: tuple[ConditionalVAE, object]
) -> None:
    network = tiny_networks[0]
    latents = training_latents(network, synthetic_cache)
    noise = np.random.default_rng(0).standard_normal((len(synthetic_cache.window_cents), FRAMES))
    shaken = dataclasses.replace(
        synthetic_cache,
        window_cents=(synthetic_cache.window_cents + 2.0 * noise).astype(np.float32),
    )
    before = measure_jitter(network, synthetic_cache, latents.windows, latents.mean)
    after = measure_jitter(network, shaken, latents.windows, latents.mean)
    added = np.sqrt(after.strength[:, 0] ** 2 - before.strength[:, 0] ** 2)
    assert np.median(added) == pytest.approx(2.0, rel=0.1)
    np.testing.assert_allclose(after.strength[:, 1], before.strength[:, 1])


def test_spectra_are_relative_amplitudes_up_to_half_the_frame_rate(
    synthetic_cache: FeatureCache, tiny_networks: tuple[ConditionalVAE, object]
) -> None:
    latents = training_latents(tiny_networks[0], synthetic_cache)
    found = measure_jitter(tiny_networks[0], synthetic_cache, latents.windows, latents.mean)
    for spectrum in (found.spectra.cents, found.spectra.db):
        assert len(spectrum) == 33
        assert sum(amplitude**2 for amplitude in spectrum) == pytest.approx(1.0, abs=1e-3)
