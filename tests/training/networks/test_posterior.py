"""What the encoder answers: a normal distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.networks.posterior import Posterior


def test_samples_are_of_the_posterior() -> None:
    torch.manual_seed(0)
    posterior = Posterior(torch.full((20_000, 1), 2.0), torch.full((20_000, 1), -1.0))
    sample = posterior.sample()
    assert float(sample.mean()) == pytest.approx(2.0, abs=0.02)
    assert float(sample.std()) == pytest.approx(np.exp(-0.5), abs=0.02)


def test_a_latent_dimension_that_never_changes_is_not_active() -> None:
    mean = torch.tensor([[0.0, 1.0, 0.0], [0.01, -1.0, 0.4]])
    assert Posterior(mean, torch.zeros(2, 3)).active() == 2
