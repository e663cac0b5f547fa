"""Arco's networks make their controls as `ddsp` does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from instrument.dsp.spectrum import limit
from peers.magenta import Magenta
from tests.reference.comparison import RATE
from training.networks.timbre import TimbreDecoder, TimbreSettings, exp_sigmoid

pytestmark = pytest.mark.reference


def test_the_nonlinearity_of_the_networks_is_the_same(magenta: Magenta) -> None:
    x = np.linspace(-20.0, 20.0, 1001, dtype=np.float32)
    theirs = magenta.core.exp_sigmoid(x).numpy()
    np.testing.assert_allclose(exp_sigmoid(torch.from_numpy(x)).numpy(), theirs, rtol=2e-6)


def test_the_same_harmonics_lie_above_nyquist_and_the_others_share_the_whole(
    magenta: Magenta,
) -> None:
    """A harmonic right at half the sample rate is gone too, and a row may have none left."""
    at_nyquist = RATE / 2 / np.array([1.0, 16.0, 50.0])
    f0_hz = np.concatenate([np.geomspace(100.0, 30_000.0, 60), at_nyquist])
    weights = np.random.default_rng(0).random((len(f0_hz), 100), np.float32)
    ours = weights.copy()
    for amps, hz in zip(ours, f0_hz, strict=True):
        limit(amps, 1.0, hz, RATE / 2)
    theirs = magenta.core.normalize_harmonics(weights[None], f0_hz[None, :, None], RATE).numpy()[0]
    np.testing.assert_array_equal(ours == 0.0, theirs == 0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_decoder_makes_its_harmonics_as_the_harmonic_synth_does(magenta: Magenta) -> None:
    """From the last layer on. The amplitude isn't compared: Arco computes it from the loudness."""
    torch.manual_seed(0)
    decoder = TimbreDecoder(TimbreSettings(hidden=16))
    last_layer: list[torch.Tensor] = []
    decoder.after.register_forward_hook(
        lambda _, __, shaped: last_layer.append(decoder.harmonic_head(shaped))
    )
    f0_hz = torch.linspace(200.0, 2000.0, 50)[None]
    with torch.no_grad():
        _, ours, _, _ = decoder(f0_hz, torch.full_like(f0_hz, -30.0), torch.zeros(1, 16))
    synth = magenta.synths.Harmonic(sample_rate=RATE)
    controls = synth.get_controls(
        np.zeros((1, 50, 1), np.float32), last_layer[0].numpy(), f0_hz[..., None].numpy()
    )
    theirs = controls["harmonic_distribution"].numpy()
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-5)
